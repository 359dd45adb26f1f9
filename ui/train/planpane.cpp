#include "ui/train/planpane.h"

#include "ui/theme/tokens.h"
#include "ui/train/batchpreview.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

// A small square in the colour of a kind of token, for the legend.
class Swatch : public QWidget {
public:
    explicit Swatch(bool isTrained) : m_isTrained(isTrained) { setFixedSize(14, 12); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), m_isTrained ? tokens().trainedFill : tokens().surface2);
        if (m_isTrained)
            painter.fillRect(0, height() - 2, width(), 2, tokens().trainedLine);
    }

private:
    bool m_isTrained;
};

TextLabel *wrapped(TextLabel *label)
{
    label->setWordWrap(true);
    return label;
}

} // namespace

PlanPane::PlanPane(QWidget *parent) : QWidget(parent)
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(1, 0, 0, 0);
    outer->setSpacing(0);
    m_body = new QWidget;
    auto *column = new QVBoxLayout(m_body);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    column->setSpacing(kStep3);
    column->addWidget(sectionLabel(tr("Before the start")));
    auto *verdict = new QHBoxLayout;
    verdict->setSpacing(kStep2);
    m_verdictIcon = new IconLabel(QStringLiteral("clock"), Ink::Muted, kIconLarge);
    m_verdict = titleLabel(tr("Reading the records"));
    verdict->addWidget(m_verdictIcon);
    verdict->addWidget(m_verdict, 1);
    column->addLayout(verdict);
    m_hint = wrapped(mutedLabel({}));
    m_hint->hide();
    column->addWidget(m_hint);
    m_problems = new QWidget;
    m_problemRows = new QVBoxLayout(m_problems);
    m_problemRows->setContentsMargins(0, 0, 0, 0);
    m_problemRows->setSpacing(kStep2);
    m_problems->hide();
    column->addWidget(m_problems);
    column->addWidget(new Separator);
    m_facts = new QGridLayout;
    m_facts->setHorizontalSpacing(kStep3);
    m_facts->setVerticalSpacing(kStep2);
    m_facts->setColumnStretch(2, 1);
    column->addLayout(m_facts);
    column->addWidget(new Separator);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2 - 2);
    m_batchHead = strongLabel(tr("First step"));
    head->addWidget(m_batchHead);
    head->addStretch(1);
    head->addWidget(new Swatch(false));
    head->addWidget(smallLabel(tr("context")));
    head->addSpacing(kStep2);
    head->addWidget(new Swatch(true));
    head->addWidget(smallLabel(tr("trained")));
    column->addLayout(head);
    m_preview = new BatchPreview;
    column->addWidget(m_preview);
    m_batchFoot = wrapped(smallLabel({}));
    column->addWidget(m_batchFoot);
    column->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(m_body);
    outer->addWidget(scroll, 1);
    outer->addWidget(new Separator);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    foot->setSpacing(kStep3);
    m_reason = wrapped(smallLabel({}));
    foot->addWidget(m_reason, 1);
    m_start = primaryButton(tr("Start run"), QStringLiteral("play"), tr("Freezes the records as they are now and starts to train."));
    m_start->setObjectName(QStringLiteral("startRun"));
    m_start->setHeight(kButtonLarge);
    m_start->setKeyHint(tr("Ctrl Enter"));
    m_start->setEnabled(false);
    connect(m_start, &QPushButton::clicked, this, &PlanPane::startWanted);
    foot->addWidget(m_start);
    outer->addLayout(foot);
    const QStringList names = {tr("Learnt from"), tr("Held out"), tr("Steps"), tr("Tokens"), tr("Trained"), tr("Result")};
    for (int i = 0; i < names.size(); ++i)
        setFact(i, names[i], QStringLiteral("–"), {});
}

void PlanPane::setFact(int row, const QString &name, const QString &value, const QString &note)
{
    const auto put = [&](int column, TextLabel *label, Qt::Alignment alignment) {
        if (auto *item = m_facts->itemAtPosition(row, column)) {
            static_cast<TextLabel *>(item->widget())->setText(label->text());
            delete label;
        } else {
            label->setAlignment(alignment | Qt::AlignVCenter);
            m_facts->addWidget(label, row, column);
        }
    };
    put(0, new TextLabel(name), Qt::AlignLeft);
    put(1, strongLabel(value), Qt::AlignRight);
    put(2, mutedLabel(note), Qt::AlignLeft);
}

void PlanPane::setVerdict(const QString &icon, int ink, const QString &text)
{
    m_verdictIcon->setIcon(icon, static_cast<Ink>(ink));
    m_verdict->setText(text);
}

void PlanPane::showPlanning()
{
    m_canStart = false;
    setVerdict(QStringLiteral("clock"), static_cast<int>(Ink::Muted), tr("Reading the records"));
    m_hint->hide();
    m_reason->setText(tr("The records are being counted."));
    updateStart();
}

void PlanPane::showPlan(const engine::TrainPlan &plan)
{
    bool isBlocked = false;
    for (const auto &problem : plan.problems)
        isBlocked = isBlocked || problem.isBlocking;
    m_canStart = !isBlocked && plan.steps > 0;
    if (!m_canStart)
        setVerdict(QStringLiteral("circle-x"), static_cast<int>(Ink::Bad), tr("Cannot start yet"));
    else if (plan.problems.empty())
        setVerdict(QStringLiteral("circle-check"), static_cast<int>(Ink::Good), tr("Ready"));
    else
        setVerdict(QStringLiteral("circle-check"), static_cast<int>(Ink::Good), tr("Ready, with %n remark(s)", nullptr, static_cast<int>(plan.problems.size())));
    m_hint->hide();
    m_reason->setText(m_canStart ? QString() : tr("Something above has to be settled first."));
    showProblems(plan.problems);

    const qint64 left = plan.droppedRows;
    setFact(0, tr("Learnt from"), countText(plan.trainRows), left > 0 ? tr("records; %1 have nothing left to learn").arg(countText(left)) : tr("records"));
    setFact(1, tr("Held out"), countText(plan.heldOutRows), tr("records measure what was understood"));
    setFact(2, tr("Steps"), countText(plan.steps), tr("%1 per epoch").arg(countText(plan.stepsPerEpoch)));
    setFact(3, tr("Tokens"), countText(plan.tokens), tr("in one epoch, %1 of them learnt").arg(countText(plan.trainedTokens)));
    setFact(4, tr("Trained"), largeCountText(static_cast<double>(plan.trainableParameters)), tr("numbers; the base stays untouched"));
    setFact(5, tr("Result"), bytesText(plan.resultBytes), tr("as a PEFT adapter"));
    m_preview->setPlan(plan);
    m_batchHead->setText(tr("First step"));
    m_batchFoot->setText(tr("%1 records side by side in %n row(s): %2 of %3 places filled, %4 tokens trained. No record sees its neighbour.", nullptr, m_preview->rows())
                             .arg(countText(m_preview->records()), countText(m_preview->filled()),
                                  countText(plan.rowCapacity * m_preview->rows()), countText(m_preview->trained())));
    updateStart();
}

void PlanPane::showError(const Error &error)
{
    m_canStart = false;
    setVerdict(QStringLiteral("circle-x"), static_cast<int>(Ink::Bad), tr("Cannot start yet"));
    showProblems({});
    m_hint->setText(QString::fromStdString(error.message + (error.hint.empty() ? "" : " " + error.hint)));
    m_hint->show();
    m_reason->setText(tr("Something above has to be settled first."));
    updateStart();
}

void PlanPane::showProblems(const std::vector<engine::TrainPlan::Problem> &problems)
{
    while (QLayoutItem *item = m_problemRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const auto &problem : problems) {
        auto *line = new QWidget;
        auto *row = new QHBoxLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(kStep2);
        row->addWidget(new IconLabel(problem.isBlocking ? QStringLiteral("circle-x") : QStringLiteral("triangle-alert"), problem.isBlocking ? Ink::Bad : Ink::Warning), 0, Qt::AlignTop);
        row->addWidget(wrapped(new TextLabel(QString::fromStdString(problem.text))), 1);
        if (!problem.fixSetting.empty()) {
            auto *fix = new Button(QString::fromStdString(problem.fixLabel), {}, tr("Changes the setting, so that this is settled."));
            const QString setting = QString::fromStdString(problem.fixSetting);
            fix->setObjectName(QStringLiteral("fix-") + QString::fromStdString(problem.code));
            connect(fix, &QPushButton::clicked, this, [this, setting] { emit fixWanted(setting); });
            row->addWidget(fix, 0, Qt::AlignTop);
        }
        m_problemRows->addWidget(line);
    }
    m_problems->setVisible(!problems.empty());
}

void PlanPane::setStart(const QString &text, bool isQueued)
{
    m_start->setText(text);
    m_start->setIconName(isQueued ? QStringLiteral("list-plus") : QStringLiteral("play"));
    m_start->setToolTip(isQueued ? tr("Waits until the run that is active has ended, then trains.") : tr("Freezes the records as they are now and starts to train."));
}

void PlanPane::updateStart()
{
    m_start->setEnabled(m_canStart);
}

void PlanPane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, 0, 1, height(), tokens().border);
}

} // namespace fettle::ui
