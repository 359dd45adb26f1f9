// See overview.h.
#include "ui/home/overview.h"

#include "ui/frame/dialogs.h"
#include "ui/home/beforeafter.h"
#include "ui/home/projectspane.h"
#include "ui/home/resultstable.h"
#include "ui/home/stages.h"
#include "ui/home/waitslist.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QResizeEvent>
#include <QScrollArea>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kSideWidth = 408;
constexpr int kSideWidthNarrow = 272;
constexpr std::size_t kMostActivity = 7;

std::int64_t countOf(const engine::RecordCounts &counts, data::RecordStatus status)
{
    const auto found = counts.byStatus.find(status);
    return found == counts.byStatus.end() ? 0 : found->second;
}

} // namespace

Overview::Overview(const PageContext &context, QWidget *parent) : QWidget(parent), m_context(context)
{
    setupLayout();
    connectParts();
}

void Overview::setupLayout()
{
    auto *columns = new QHBoxLayout(this);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    auto *page = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(page);
    column->setContentsMargins(kPaneSide, kPaneSide, kPaneSide, kPaneSide);
    column->setSpacing(kPaneSide);
    m_stages = new StageRow;
    m_waits = new WaitsList;
    m_answers = new BeforeAfter(m_context.bridge);
    m_results = new ResultsTable;
    column->addWidget(m_stages);
    column->addWidget(m_waits);
    column->addWidget(m_answers);
    column->addWidget(m_results);
    column->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(page);
    columns->addWidget(scroll, 1);
    m_projects = new ProjectsPane(m_context.windowAction(QStringLiteral("newProject")), m_context.windowAction(QStringLiteral("openProject")),
                                  m_context.windowAction(QStringLiteral("startSample")));
    auto *side = new QScrollArea;
    side->setFrameShape(QFrame::NoFrame);
    side->setWidgetResizable(true);
    side->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    side->setWidget(m_projects);
    side->setFixedWidth(kSideWidth);
    side->setObjectName(QStringLiteral("side"));
    columns->addWidget(side);
}

void Overview::connectParts()
{
    connect(m_stages->data(), &StageView::linkClicked, this, [this] {
        const bool hasNew = countOf(m_facts.counts, data::RecordStatus::New) > 0;
        m_context.openPage(QStringLiteral("data"), hasNew ? QStringLiteral("status new") : QString());
    });
    connect(m_stages->train(), &StageView::linkClicked, this, [this] {
        if (m_context.bridge.isRunActive())
            m_context.openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(m_context.bridge.activeRun().value));
        else
            m_context.openPage(QStringLiteral("train"), {});
    });
    connect(m_stages->compare(), &StageView::linkClicked, this, [this] { m_context.openPage(QStringLiteral("playground"), {}); });
    connect(m_stages->handOver(), &StageView::linkClicked, this, &Overview::exportResult);
    connect(m_waits, &WaitsList::chosen, this, [this](const Waiting &row) {
        if (row.resume.isValid())
            m_context.bridge.resumeRun(row.resume, {});
        m_context.openPage(row.page, row.target);
    });
    connect(m_answers, &BeforeAfter::playgroundWanted, this,
            [this](const QString &question) { m_context.openPage(QStringLiteral("playground"), QStringLiteral("prompt ") + question); });
    connect(m_results, &ResultsTable::runChosen, this,
            [this](RunId run) { m_context.openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(run.value)); });
    connect(m_projects, &ProjectsPane::projectChosen, this, [this](const QString &folder) {
        const ProjectApi *open = m_context.bridge.project();
        if (!open || QString::fromStdString(open->folder().string()) != folder)
            m_context.bridge.openProject(std::filesystem::path(folder.toStdString()));
    });
}

void Overview::show(const HomeFacts &facts)
{
    m_facts = facts;
    showData();
    showTrain();
    showCompare();
    showHandOver();
    m_waits->show(waitingThings(facts));
    m_answers->show(newestResult(facts), facts.heldOut);
    const auto results = resultsByLoss(facts);
    m_results->show(results, facts.snapshot ? tr("%1 records, snapshot %2").arg(countText(facts.snapshot->heldOut)).arg(facts.snapshot->id.value)
                                            : QString());
    m_projects->showActivity(recentActivity(facts, kMostActivity));
}

void Overview::showProjects()
{
    const ProjectApi *open = m_context.bridge.project();
    m_projects->showProjects(open ? QString::fromStdString(open->folder().string()) : QString());
}

void Overview::showData()
{
    const std::int64_t all = m_facts.counts.all;
    const std::int64_t rejected = countOf(m_facts.counts, data::RecordStatus::Rejected);
    const std::int64_t fresh = countOf(m_facts.counts, data::RecordStatus::New) + countOf(m_facts.counts, data::RecordStatus::Edited);
    const std::int64_t approved = countOf(m_facts.counts, data::RecordStatus::Approved);
    Stage stage;
    if (all == 0) {
        stage.figure = tr("No records yet");
        stage.line = tr("Bring in pairs of question and right answer.");
        stage.link = tr("Import");
    } else {
        stage.figure = tr("%1 of %2").arg(countText(approved), countText(all - rejected));
        stage.line = fresh > 0 ? tr("records approved, %1 wait for review").arg(countText(fresh)) : tr("records approved, nothing waits for review");
        stage.share = all - rejected > 0 ? double(approved) / double(all - rejected) : -1;
        stage.link = fresh > 0 ? tr("Review %1 records").arg(countText(fresh)) : tr("Open the records");
    }
    m_stages->data()->show(stage);
}

void Overview::showTrain()
{
    Stage stage;
    stage.ink = Ink::Accent;
    const Bridge &bridge = m_context.bridge;
    const auto results = resultsByLoss(m_facts);
    if (bridge.isRunActive()) {
        const engine::RunInfo &run = bridge.activeRunInfo();
        const JobInfo &job = bridge.currentJob();
        const QString name = run.name.empty() ? tr("New run") : QString::fromStdString(run.name);
        stage.share = run.steps > 0 ? double(run.step) / double(run.steps) : -1;
        stage.figure = stage.share >= 0 ? tr("%1 at %2 %").arg(name).arg(int(stage.share * 100)) : name;
        QStringList line{run.method.empty() ? tr("Preparing") : methodText(run.method)};
        if (run.evalLoss)
            line.append(tr("held-out loss %1").arg(lossText(*run.evalLoss)));
        if (job.secondsLeft >= 0)
            line.append(timeLeftText(job.secondsLeft));
        stage.line = line.join(QStringLiteral(", "));
        stage.link = tr("Watch the run");
    } else if (m_facts.runs.empty()) {
        stage.figure = tr("No run yet");
        stage.line = m_facts.counts.all > 0 ? tr("A quick run takes minutes on this computer.") : tr("Records come first.");
        stage.link = tr("Set up a run");
    } else {
        const engine::RunInfo &last = m_facts.runs.back();
        stage.figure = tr("%1 %2").arg(QString::fromStdString(last.name), runStateText(last.state).toLower());
        stage.line = results.empty() ? methodText(last.method)
                                     : tr("%1; best held-out loss %2, %3")
                                           .arg(methodText(last.method), lossText(*results.front().evalLoss),
                                                QString::fromStdString(results.front().name).toLower());
        stage.share = last.steps > 0 ? double(last.step) / double(last.steps) : -1;
        stage.link = tr("Set up the next run");
    }
    m_stages->train()->show(stage);
}

void Overview::showCompare()
{
    Stage stage;
    if (const engine::RunInfo *run = newestResult(m_facts)) {
        stage.figure = tr("Base and %1").arg(QString::fromStdString(run->name).toLower());
        stage.line = tr("answer the same question side by side, with one seed");
        stage.link = tr("Ask them");
    } else {
        stage.figure = tr("Nothing to compare");
        stage.line = tr("A finished run answers here beside the base model.");
    }
    m_stages->compare()->show(stage);
}

void Overview::showHandOver()
{
    Stage stage;
    if (const engine::RunInfo *run = newestResult(m_facts)) {
        stage.figure = tr("%1 is ready").arg(QString::fromStdString(run->name));
        stage.line = tr("as an adapter in PEFT form, proved by a self-test after writing");
        stage.link = tr("Export...");
    } else {
        stage.figure = tr("No result yet");
        stage.line = tr("A finished run can be handed over to other programs.");
    }
    m_stages->handOver()->show(stage);
}

void Overview::showJob()
{
    showTrain();
}

void Overview::exportResult()
{
    const engine::RunInfo *run = newestResult(m_facts);
    if (!run)
        return;
    const QString name = QString::fromStdString(run->name).toLower().replace(QLatin1Char(' '), QLatin1Char('-'));
    const QString folder = m_context.dialogs.saveFile(this, tr("Folder for the adapter (it must not exist yet)"), name + QStringLiteral("-peft"));
    if (folder.isEmpty())
        return;
    engine::ExportRequest request;
    request.model = run->modelPath.empty() ? m_context.bridge.baseModel() : run->modelPath;
    request.adapter = std::to_string(run->id.value);
    request.target = "peft";
    request.folder = std::filesystem::path(folder.toStdString());
    m_context.bridge.exportAdapter(request, this, [this, folder](Result<engine::ExportResult> result) {
        if (!result) {
            m_context.showMessage(messageOf(result.error()));
            return;
        }
        const engine::SelfTest &test = result->selfTest;
        if (test.hasPassed)
            m_context.showMessage({MessageTone::Info, tr("Exported %1 to \"%2\".").arg(bytesText(result->bytes), folder),
                                   tr("Self-test passed on %n prompt(s): the reloaded file answers alike.", nullptr, test.prompts), {}, {}, {}});
        else
            m_context.showMessage({MessageTone::Warning, tr("The exported file in \"%1\" answers differently.").arg(folder),
                                   QString::fromStdString(test.cause), {}, {}, {}});
    });
}

void Overview::resizeEvent(QResizeEvent *event)
{
    const bool isNarrow = width() < kNarrowBelow - kRailWide;
    findChild<QScrollArea *>(QStringLiteral("side"))->setFixedWidth(isNarrow ? kSideWidthNarrow : kSideWidth);
    m_projects->setNarrow(isNarrow);
    QWidget::resizeEvent(event);
}

} // namespace fettle::ui
