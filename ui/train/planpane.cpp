#include "ui/train/planpane.h"

#include "ui/theme/tokens.h"
#include "ui/train/batchpreview.h"
#include "ui/train/fitview.h"
#include "ui/train/methodwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

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
    m_hint = wrapped(new TextLabel);
    m_hint->hide();
    column->addWidget(m_hint);
    m_problems = new QWidget;
    m_problemRows = new QVBoxLayout(m_problems);
    m_problemRows->setContentsMargins(0, 0, 0, 0);
    m_problemRows->setSpacing(kStep2);
    m_problems->hide();
    column->addWidget(m_problems);
    column->addWidget(new Separator);
    m_fit = new FitView;
    column->addWidget(m_fit);
    column->addWidget(new Separator);
    auto *facts = new QGridLayout;
    facts->setHorizontalSpacing(kStep3);
    facts->setVerticalSpacing(kStep2);
    facts->setColumnStretch(2, 1);
    for (const QString &name : {tr("Learnt from"), tr("Held out"), tr("Steps"), tr("Tokens"), tr("Trained"), tr("Result")})
        addFact(facts, name);
    column->addLayout(facts);
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
    scroll->setFocusPolicy(Qt::NoFocus);
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
}

void PlanPane::addFact(QGridLayout *grid, const QString &name)
{
    const int row = static_cast<int>(m_facts.size());
    Fact fact{strongLabel(QStringLiteral("–")), new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted)};
    fact.value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(new TextLabel(name), row, 0);
    grid->addWidget(fact.value, row, 1);
    grid->addWidget(fact.note, row, 2);
    m_facts.push_back(fact);
}

void PlanPane::setFact(int row, const QString &value, const QString &note)
{
    const Fact &fact = m_facts.at(static_cast<std::size_t>(row));
    fact.value->setText(value);
    fact.note->setText(note);
}

void PlanPane::setState(State state, const QString &reason)
{
    m_state = state;
    m_reason->setText(reason);
    // While the plan is made, a click is kept and acts as soon as the plan allows it: the click may well be what ended the typing.
    m_start->setEnabled(state != State::Blocked);
}

void PlanPane::setVerdict(const QString &icon, int ink, const QString &text)
{
    m_verdictIcon->setIcon(icon, static_cast<Ink>(ink));
    m_verdict->setText(text);
}

void PlanPane::showPlanning()
{
    setVerdict(QStringLiteral("clock"), static_cast<int>(Ink::Muted), tr("Reading the records"));
    m_hint->hide();
    setState(State::Planning, tr("The records are being counted."));
}

void PlanPane::showReason(const QString &reason)
{
    m_reason->setText(reason);
}

void PlanPane::showPlan(const engine::TrainPlan &plan, const std::string &method)
{
    const bool isBlocked = plan.steps <= 0 || std::ranges::any_of(plan.problems, &engine::TrainPlan::Problem::isBlocking);
    if (isBlocked)
        setVerdict(QStringLiteral("circle-x"), static_cast<int>(Ink::Bad), tr("Cannot start yet"));
    else if (plan.problems.empty())
        setVerdict(QStringLiteral("circle-check"), static_cast<int>(Ink::Good), tr("Ready"));
    else
        setVerdict(QStringLiteral("circle-check"), static_cast<int>(Ink::Good), tr("Ready, with %n remark(s)", nullptr, static_cast<int>(plan.problems.size())));
    m_hint->hide();
    showProblems(plan.problems);

    const MethodWords words = methodWords(method);
    const qint64 left = plan.droppedRows;
    setFact(0, countText(plan.trainRows), left > 0 ? tr("records; %1 have nothing left to learn").arg(countText(left)) : tr("records"));
    setFact(1, countText(plan.heldOutRows), tr("records to measure with"));
    setFact(2, countText(plan.steps), tr("%1 per epoch").arg(countText(plan.stepsPerEpoch)));
    setFact(3, countText(plan.tokens), tr("per epoch, %1 learnt").arg(countText(plan.trainedTokens)));
    setFact(4, largeCountText(static_cast<double>(plan.trainableParameters)), words.trained);
    setFact(5, bytesText(plan.resultBytes), words.result);
    m_preview->setPlan(plan);
    m_batchFoot->setText(m_preview->records() == 0
                             ? QString()
                             : tr("%1 records side by side in %n row(s): %2 of %3 places filled, %4 tokens trained. No record sees its neighbour.", nullptr, m_preview->rows())
                                   .arg(countText(m_preview->records()), countText(m_preview->filled()),
                                        countText(plan.rowCapacity * m_preview->rows()), countText(m_preview->trained())));
    setState(isBlocked ? State::Blocked : State::Ready, isBlocked ? tr("Something above has to be settled first.") : QString());
}

void PlanPane::showError(const Error &error)
{
    setVerdict(QStringLiteral("circle-x"), static_cast<int>(Ink::Bad), tr("Cannot start yet"));
    showProblems({});
    m_hint->setText(QString::fromStdString(error.message + (error.hint.empty() ? "" : " " + error.hint)));
    m_hint->show();
    for (std::size_t row = 0; row < m_facts.size(); ++row)
        setFact(static_cast<int>(row), QStringLiteral("–"));
    m_preview->setPlan({});
    m_batchFoot->setText({});
    setState(State::Blocked, tr("Something above has to be settled first."));
}

void PlanPane::showProblems(const std::vector<engine::TrainPlan::Problem> &problems)
{
    while (QLayoutItem *item = m_problemRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const auto &problem : problems) {
        auto *line = new QWidget;
        auto *row = new QGridLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(kStep2);
        row->setColumnStretch(1, 1);
        auto *mark = new IconLabel(problem.isBlocking ? QStringLiteral("circle-x") : QStringLiteral("triangle-alert"), problem.isBlocking ? Ink::Bad : Ink::Warning);
        auto *text = new TextLabel(QString::fromStdString(problem.text));
        mark->setFixedHeight(QFontMetrics(text->font()).height()); // stands on the first line
        row->addWidget(mark, 0, 0, Qt::AlignTop);
        row->addWidget(wrapped(text), 0, 1);
        if (!problem.fixSetting.empty()) {
            auto *fix = new Button(QString::fromStdString(problem.fixLabel), {}, tr("Changes the setting, so that this is settled."));
            const QString setting = QString::fromStdString(problem.fixSetting);
            fix->setObjectName(QStringLiteral("fix-") + QString::fromStdString(problem.code));
            connect(fix, &QPushButton::clicked, this, [this, setting] { emit fixWanted(setting); });
            row->addWidget(fix, 1, 1, Qt::AlignLeft);
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

void PlanPane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, 0, 1, height(), tokens().border);
}

} // namespace fettle::ui
