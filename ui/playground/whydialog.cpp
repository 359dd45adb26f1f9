// See whydialog.h.
#include "ui/playground/whydialog.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QHeaderView>
#include <QStackedWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kWhyWidth = 820, kWhyHeight = 460;
constexpr std::size_t kNearest = 10;
constexpr int kRecordRole = Qt::UserRole;

} // namespace

WhyDialog::WhyDialog(const PageContext &context, std::string adapter, const QString &columnName, data::Record conversation, QWidget *parent)
    : QDialog(parent), m_context(context), m_adapter(std::move(adapter)), m_columnName(columnName), m_conversation(std::move(conversation))
{
    setupLayout();
    connect(&m_context.bridge, &Bridge::jobChanged, this, &WhyDialog::showProgress);
    ask();
}

WhyDialog::~WhyDialog()
{
    m_context.bridge.cancel(m_job);
}

void WhyDialog::setupLayout()
{
    setWindowTitle(tr("Why did it say that?"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    rows->setSpacing(kStep3);
    TextLabel *what = mutedLabel(tr("The rows that %1 learnt and that it finds most like this question and its answer. Near rows are a hint where an answer comes from, not a proof.").arg(m_columnName));
    what->setWordWrap(true);
    rows->addWidget(what);
    m_rows = plainTable("nearRows", {tr("Alike"), tr("Question"), tr("Answer that was learnt"), tr("Record")}, tr("Nearest training rows"),
                        tr("Nearest first. 100 %: the same to the model; 0 %: no more alike than any two rows. Enter or a double click opens the record."));
    for (int section = 0; section < 4; ++section)
        m_rows->header()->setSectionResizeMode(section, section == 1 || section == 2 ? QHeaderView::Stretch : QHeaderView::Interactive);
    m_rows->header()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_rows->headerItem()->setTextAlignment(0, Qt::AlignRight | Qt::AlignVCenter);
    m_rows->setColumnWidth(0, qRound(72 * textScale()));
    m_rows->setColumnWidth(3, qRound(150 * textScale()));
    connect(m_rows, &QTreeWidget::itemActivated, this, &WhyDialog::openRecord);
    connect(m_rows, &QTreeWidget::itemSelectionChanged, this, [this] { m_open->setEnabled(!m_rows->selectedItems().isEmpty()); });
    m_views = new QStackedWidget;
    m_views->addWidget(makeMessage());
    m_views->addWidget(m_rows);
    rows->addWidget(m_views, 1);
    auto *foot = new QHBoxLayout;
    foot->setSpacing(kStep2);
    m_open = new Button(tr("Open the record"), QStringLiteral("database"), tr("Shows the row on the Data page, where it can be corrected."));
    m_open->setObjectName(QStringLiteral("openNearRow"));
    m_open->setEnabled(false);
    connect(m_open, &QPushButton::clicked, this, &WhyDialog::openRecord);
    foot->addWidget(m_open);
    foot->addStretch(1);
    auto *close = primaryButton(tr("Close"), {}, tr("Closes this window. An index that is being built is given up."));
    close->setObjectName(QStringLiteral("closeWhy"));
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    foot->addWidget(close);
    rows->addLayout(foot);
    resize(kWhyWidth, kWhyHeight);
}

QWidget *WhyDialog::makeMessage()
{
    auto *pane = new QWidget;
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(0, kStep4, 0, kStep4);
    rows->setSpacing(kStep3);
    m_message = new TextLabel(tr("Looking..."));
    m_message->setObjectName(QStringLiteral("whyMessage"));
    m_message->setWordWrap(true);
    rows->addWidget(m_message);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    m_build = new Button(tr("Build the index"), QStringLiteral("layers"), tr("The model reads every training row of the run once. The index is kept with the run."));
    m_build->setObjectName(QStringLiteral("buildIndex"));
    connect(m_build, &QPushButton::clicked, this, &WhyDialog::build);
    m_cancel = new Button(tr("Cancel"), {}, tr("Stops the index; nothing of it is kept."));
    m_cancel->setObjectName(QStringLiteral("cancelIndex"));
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_context.bridge.cancel(m_job); });
    line->addWidget(m_build);
    line->addWidget(m_cancel);
    line->addStretch(1);
    rows->addLayout(line);
    m_progress = new ProgressLine;
    rows->addWidget(m_progress);
    m_progressText = smallLabel({});
    rows->addWidget(m_progressText);
    rows->addStretch(1);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_build, m_cancel, m_progress, m_progressText})
        widget->hide();
    return pane;
}

void WhyDialog::ask()
{
    m_views->setCurrentIndex(Message);
    m_job = m_context.bridge.nearestRows(m_adapter, m_conversation, kNearest, this, [this](Result<std::vector<engine::NearRow>> rows) {
        m_job = 0;
        if (rows)
            showRows(*rows);
        else
            showProblem(rows.error());
    });
}

void WhyDialog::build()
{
    m_build->hide();
    m_cancel->show();
    m_progress->show();
    m_progress->setShare(-1);
    m_progressText->show();
    m_progressText->setText(tr("Waiting for its turn"));
    m_message->setText(tr("The model reads the training rows."));
    m_cancel->setFocus();
    m_job = m_context.bridge.indexRows(m_adapter, this, [this](Result<std::int64_t> rows) {
        m_job = 0;
        for (QWidget *widget : std::initializer_list<QWidget *>{m_cancel, m_progress, m_progressText})
            widget->hide();
        if (rows)
            ask();
        else
            showProblem(rows.error());
    });
}

void WhyDialog::showProgress()
{
    const JobInfo &job = m_context.bridge.currentJob();
    if (m_job == 0 || job.id != m_job || !m_progress->isVisible())
        return;
    m_progress->setShare(job.share);
    m_progressText->setText(QStringList({job.detail, timeLeftText(job.secondsLeft)}).join(QStringLiteral("  ")).trimmed());
}

void WhyDialog::showProblem(const Error &error)
{
    const bool canBuild = error.code == ErrorCode::NotFound || error.code == ErrorCode::BadInput || error.code == ErrorCode::Cancelled;
    m_message->setText(error.code == ErrorCode::Cancelled ? tr("The index was given up.") : QString::fromStdString(error.message + " " + error.hint));
    m_build->setVisible(canBuild);
    if (canBuild)
        m_build->setFocus();
    m_views->setCurrentIndex(Message);
}

void WhyDialog::showRows(const std::vector<engine::NearRow> &rows)
{
    m_rows->clear();
    for (const engine::NearRow &row : rows) {
        const QString question = QString::fromStdString(row.question), answer = QString::fromStdString(row.answer);
        auto *item = new QTreeWidgetItem({tr("%1 %").arg(qRound(std::max(0.0, row.similarity) * 100)), question.simplified(), answer.simplified(),
                                          row.isChanged ? tr("%1, changed since").arg(row.record.value) : QString::number(row.record.value)});
        item->setData(0, kRecordRole, static_cast<qint64>(row.record.value));
        alignRight(*item, 0, 0);
        item->setToolTip(1, question);
        item->setToolTip(2, answer);
        m_rows->addTopLevelItem(item);
    }
    m_views->setCurrentIndex(Rows);
    if (m_rows->topLevelItemCount() > 0)
        m_rows->setCurrentItem(m_rows->topLevelItem(0));
    m_rows->setFocus();
}

void WhyDialog::openRecord()
{
    const QTreeWidgetItem *item = m_rows->currentItem();
    if (item == nullptr)
        return;
    const QString target = QStringLiteral("record %1").arg(item->data(0, kRecordRole).toLongLong());
    accept();
    m_context.openPage(QStringLiteral("data"), target);
}

} // namespace fettle::ui
