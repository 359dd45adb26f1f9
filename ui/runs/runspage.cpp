// What the Runs page shows. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/chartpane.h"
#include "ui/runs/gaugestrip.h"
#include "ui/runs/ledgerview.h"
#include "ui/runs/queuepane.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QKeyEvent>
#include <QStackedWidget>

#include <utility>

namespace fettle::ui {

namespace {

constexpr int kCheckpointDelay = 400; // ms: the engine removes older checkpoints just after a new one
constexpr int kGapDelay = 1500;       // ms: points are stored once a second

} // namespace

RunsPage::RunsPage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    for (const auto &[timer, delay] : {std::pair(&m_checkpointTimer, kCheckpointDelay), std::pair(&m_gapTimer, kGapDelay)}) {
        timer->setSingleShot(true);
        timer->setInterval(delay);
    }
    connect(&m_checkpointTimer, &QTimer::timeout, this, &RunsPage::readCheckpoints);
    connect(&m_gapTimer, &QTimer::timeout, this, &RunsPage::readCurves);
    setupActions();
    setupLayout();
    connectBridge();
    updateActions();
    showStack();
}

void RunsPage::connectBridge()
{
    connect(&bridge(), &Bridge::runsChanged, this, &RunsPage::readRuns);
    connect(&bridge(), &Bridge::runStateChanged, this, &RunsPage::stateChanged);
    connect(&bridge(), &Bridge::metricsAppended, this, &RunsPage::metricsAppended);
    connect(&bridge(), &Bridge::evaluated, this, &RunsPage::evaluated);
    connect(&bridge(), &Bridge::generalMeasured, this, &RunsPage::generalMeasured);
    connect(&bridge(), &Bridge::checkpointed, this, &RunsPage::checkpointed);
    connect(&bridge(), &Bridge::probed, this, [this](RunId run) {
        if (run == m_shown)
            readProbes();
    });
    connect(&bridge(), &Bridge::runNoticed, this, &RunsPage::noticed);
    connect(&bridge(), &Bridge::runEnded, this, &RunsPage::runEnded);
    connect(&bridge(), &Bridge::errorOccurred, this, [this](const Error &error) {
        const engine::RunInfo &active = bridge().activeRunInfo();
        if (active.id.isValid() && active.state == engine::RunState::Failed)
            m_failures[active.id] = error;
    });
    connect(&bridge(), &Bridge::gaugesRead, this, &RunsPage::showGauges);
    connect(&bridge(), &Bridge::queueChanged, this, &RunsPage::showQueue);
    connect(&bridge(), &Bridge::jobChanged, this, [this] {
        showStack();
        showQueue();
        updateActions();
    });
}

void RunsPage::setProject()
{
    m_hasList = false;
    m_shown = m_wanted = m_asked = {};
    m_curves = {};
    m_seen.clear();
    m_failures.clear();
    m_closedBars.clear();
    m_model->setRuns({});
    m_chart->showRun();
    showBar();
    showStack();
    updateActions();
    readRuns();
    tellOfHeldRuns();
}

// What waited when the program ended does not begin by itself: the computer may be wanted for something else now.
void RunsPage::tellOfHeldRuns()
{
    showQueue();
    const int held = int(bridge().queue().size()) - bridge().queuedRuns();
    if (held == 0)
        return;
    Message message{MessageTone::Info, tr("%n run(s) waited when the program ended.", nullptr, held), tr("They are kept in the queue below the list of runs, and begin when you say so."), {}, tr("Start them"), {}};
    message.action = [this] { bridge().startHeldRuns(); };
    context().showMessage(message);
}

void RunsPage::onShown()
{
    adjustToWidth();
    readRuns();
}

void RunsPage::openTarget(const QString &target)
{
    const QStringList words = target.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    if (words.value(0) != QLatin1String("run"))
        return;
    m_wanted = RunId{words.value(1).toLongLong()};
    m_wantedStep = words.size() > 2 ? std::optional(words[2].toLongLong()) : std::nullopt;
    if (m_model->rowOf(m_wanted) < 0) {
        readRuns();
    } else if (m_wanted == m_shown && m_wantedStep && !m_isLoading) {
        m_chart->choose(*m_wantedStep);
        m_wantedStep.reset();
    } else {
        m_list->choose(m_wanted);
    }
}

const engine::RunInfo *RunsPage::shownInfo() const
{
    return m_model->find(m_shown);
}

std::optional<std::int64_t> RunsPage::newestCheckpoint() const
{
    return m_curves.checkpoints.empty() ? std::nullopt : std::optional(m_curves.checkpoints.back().step);
}

void RunsPage::readRuns()
{
    if (!bridge().project())
        return;
    using Runs = std::vector<engine::RunInfo>;
    bridge().read<Runs>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<Runs> {
            if (!project)
                return Runs{};
            return project->runs();
        },
        [this](Result<Runs> runs) {
            if (runs)
                runsRead(*runs);
            else
                context().showMessage(messageOf(runs.error()));
        },
        "runs page list");
}

void RunsPage::runsRead(const std::vector<engine::RunInfo> &runs)
{
    m_hasList = true;
    std::vector<engine::RunInfo> listed = runs;
    if (!m_showArchived->isChecked())
        std::erase_if(listed, [](const engine::RunInfo &run) { return run.isArchived; });
    if (listed.empty())
        listed = runs; // an empty list would look like an empty project
    const std::vector<RunId> compared = isComparing() ? m_list->selectedRuns() : std::vector<RunId>();
    m_model->setRuns(listed);
    showStack();
    RunId choice = m_shown;
    if (m_wanted.isValid() && m_model->rowOf(m_wanted) >= 0)
        choice = m_wanted;
    else if (m_model->rowOf(choice) < 0)
        choice = m_model->rowOf(bridge().activeRun()) >= 0 ? bridge().activeRun() : listed.empty() ? RunId{} : listed.back().id;
    if (!choice.isValid()) {
        m_shown = {};
        m_curves = {};
        m_chart->showRun();
        updateActions();
        return;
    }
    m_list->choose(choice); // tells showRun where it is another one
    if (compared.size() > 1 && std::ranges::find(compared, choice) != compared.end())
        m_list->select(compared); // a list that was made anew has forgotten them
    if (m_shown != choice)
        showRun(choice);
    else
        showParts();
}

void RunsPage::showRun(RunId run)
{
    if (run == m_shown)
        return;
    m_shown = run;
    m_asked = {};
    m_reloads = 0;
    m_curves = {};
    m_chart->loss().setEvidence({});
    if (const engine::RunInfo *info = shownInfo())
        m_curves.steps = info->steps;
    m_pane->answers().setProbes({});
    m_chart->showRun();
    showParts();
    if (m_views->currentWidget() == m_ledger)
        m_ledger->showRun(run);
    readCurves();
    readProbes();
    readTags();
}

void RunsPage::showStack()
{
    const bool isEmpty = m_model->rowCount() == 0;
    QWidget *wanted = !isEmpty ? m_work : m_hasList && (bridge().isRunActive() || bridge().queuedRuns() > 0) ? m_preparing : m_empty;
    if (m_stack->currentWidget() != wanted)
        m_stack->setCurrentWidget(wanted);
    if (wanted == m_preparing) {
        const JobInfo &job = bridge().currentJob();
        m_preparingDetail->setText(job.detail);
        m_preparingLine->setShare(job.share);
    }
}

// Of the machine while it works; the speed is that of the run at work, whichever is shown.
void RunsPage::showGauges(const engine::Gauges &gauges)
{
    const engine::RunInfo *active = bridge().isRunActive() ? m_model->find(bridge().activeRun()) : nullptr;
    m_gauges->setVisible(active != nullptr);
    if (active)
        m_gauges->setGauges(gaugesOf(gauges, {bridge().currentJob().tokensPerSecond, active->seconds > 0 ? double(active->tokens) / active->seconds : 0.0}));
}

// A run that starts at once is in the queue for a moment: it does not wait behind anything.
void RunsPage::showQueue()
{
    const bool isBusy = bridge().currentJob().kind != JobInfo::Kind::None;
    std::vector<QueuedRun> waiting = bridge().queue();
    if (!isBusy)
        std::erase_if(waiting, [](const QueuedRun &queued) { return !queued.isHeld; });
    m_queue->setRuns(waiting);
}

void RunsPage::showHead()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    m_head->setTitle(QString::fromStdString(run->name));
    QString facts = runFactsLine(*run);
    for (const std::string &tag : run->tags)
        facts += QStringLiteral(" · ") + QString::fromStdString(tag);
    m_head->setState(facts);
    m_head->setToolTip(QString::fromStdString(run->note));
    m_badge->setText(runStateText(run->state));
    m_badge->setIconName(runStateIcon(run->state));
    m_badge->setTone(runStateTone(run->state));
}

// Empty, or why the system may have ended the program: it does that without a word to the program that takes most of the memory.
QString RunsPage::wordsOfMemory() const
{
    constexpr double kNearlyAll = 0.8;
    const qint64 all = bridge().machine().memoryBytes, held = m_curves.points.empty() ? 0 : m_curves.points.back().peakBytes;
    if (all <= 0 || double(held) < kNearlyAll * double(all))
        return {};
    return tr("It held %1 of the computer's %2 of memory, so the system may have ended it. Close other programs, or start a run with fewer tokens per micro-batch.").arg(bytesText(held), bytesText(all));
}

void RunsPage::showBar()
{
    while (QLayoutItem *item = m_bars->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    const engine::RunInfo *run = shownInfo();
    const bool isFailed = run && run->state == engine::RunState::Failed;
    if (!run || m_isLoading || m_closedBars.contains(run->id) || (!isFailed && run->state != engine::RunState::Interrupted))
        return;
    const auto newest = newestCheckpoint();
    const std::int64_t last = m_curves.points.empty() ? run->step : m_curves.points.back().step;
    const QString name = QString::fromStdString(run->name);
    Message message;
    message.tone = isFailed ? MessageTone::Bad : MessageTone::Warning;
    QStringList remedy;
    if (isFailed) {
        const FailureWords words = failureWords(run->failure);
        const auto known = m_failures.find(run->id);
        message.what = tr("%1 stopped at step %2: %3").arg(name, countText(last), words.what);
        message.detail = known != m_failures.end() ? QString::fromStdString(known->second.detail) : QString();
        remedy.append(words.remedy);
    } else {
        const FailureWords words = failureWords(run->failure); // none where it could not be written down any more
        message.what = run->failure.empty() ? tr("%1 was cut off at step %2: the program or the computer ended.").arg(name, countText(last))
                                            : tr("%1 was cut off at step %2: %3").arg(name, countText(last), words.what);
        remedy.append(words.remedy);
        if (run->failure.empty())
            remedy.append(wordsOfMemory());
    }
    if (!newest)
        remedy.append(tr("There is no checkpoint yet, so it begins again."));
    else if (*newest < last)
        remedy.append(tr("Nothing before step %1 is lost; %n step(s) are repeated.", nullptr, int(last - *newest)).arg(countText(*newest)));
    else
        remedy.append(tr("Nothing is lost."));
    remedy.removeAll(QString());
    message.remedy = remedy.join(QLatin1Char(' '));
    if (m_resume->isEnabled()) {
        message.actionText = resumeText();
        message.action = [this] { m_resume->trigger(); };
    }
    auto *bar = new MessageBar(std::move(message));
    connect(bar, &MessageBar::closed, this, [this, id = run->id] {
        m_closedBars.insert(id);
        showParts();
    });
    m_bars->addWidget(bar);
}

void RunsPage::showParts()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    const bool isCut = run->state == engine::RunState::Failed || run->state == engine::RunState::Interrupted;
    const std::int64_t last = m_curves.points.empty() ? 0 : m_curves.points.back().step;
    m_chart->setLost(isCut && last > 0 ? std::optional(LossChart::Lost{newestCheckpoint().value_or(0), last}) : std::nullopt);
    showHead();
    updateActions();
    showBar();
    m_resumeButton->setVisible(m_resume->isVisible() && m_bars->count() == 0); // one of them is enough
    const auto seen = m_seen.find(run->id);
    m_pane->show(*run, seen == m_seen.end() ? std::vector<SeenState>{} : seen->second);
}

bool RunsPage::event(QEvent *event)
{
    // Space presses a button that has the keyboard; everywhere else in the page it pauses.
    if (event->type() == QEvent::ShortcutOverride) {
        const auto *key = static_cast<QKeyEvent *>(event);
        if (key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier && qobject_cast<QAbstractButton *>(focusWidget())) {
            event->accept();
            return true;
        }
    }
    return Page::event(event);
}

void RunsPage::resizeEvent(QResizeEvent *event)
{
    Page::resizeEvent(event);
    adjustToWidth();
}

} // namespace fettle::ui
