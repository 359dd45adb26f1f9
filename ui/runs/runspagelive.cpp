// What arrives from a run that works, and what the user asks of runs. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/frame/dialogs.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/ledgerview.h"
#include "ui/runs/probedialog.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/words.h"

#include <QDateTime>
#include <QStackedWidget>
#include <QTableView>

namespace fettle::ui {

namespace {

using engine::RunState;

constexpr std::size_t kMostLive = 20'000; // far more than a second of steps

} // namespace

bool RunsPage::isShownActive() const
{
    return m_shown.isValid() && bridge().isRunActive() && bridge().activeRun() == m_shown;
}

bool RunsPage::isShownResumable() const
{
    const engine::RunInfo *run = shownInfo();
    return run && !isShownActive() && isRunResumable(run->state) && (run->state != RunState::Cancelled || newestCheckpoint().has_value());
}

void RunsPage::rememberState(const engine::RunInfo &run)
{
    std::vector<SeenState> &seen = m_seen[run.id];
    if (seen.empty() || seen.back().state != run.state)
        seen.push_back({run.state, run.step, QDateTime::currentDateTime(), {}});
}

void RunsPage::stateChanged(const engine::RunInfo &run)
{
    const bool isNew = m_model->rowOf(run.id) < 0;
    rememberState(run);
    if (run.id == m_asked)
        m_asked = {};
    if (run.state == RunState::Preparing || run.state == RunState::Running) {
        m_closedBars.erase(run.id);
        m_failures.erase(run.id);
    }
    if (run.id != m_liveRun) {
        m_liveRun = run.id;
        m_live.clear();
    }
    m_model->updateRun(run);
    m_hasList = true;
    showStack();
    if (isNew && !m_wanted.isValid())
        m_list->choose(run.id); // it was just started: this is what one wants to see
    if (run.id != m_shown)
        return;
    m_curves.steps = run.steps;
    if (run.state == RunState::Running) { // a resumed run may have gone back to its checkpoint
        m_live.clear();
        m_reloads = 0;
        readCurves();
    }
    m_chart->refresh();
    showParts();
}

void RunsPage::metricsAppended(RunId run, const std::vector<engine::MetricPoint> &points, double secondsLeft)
{
    if (points.empty())
        return;
    if (run != m_liveRun) {
        m_liveRun = run;
        m_live.clear();
    }
    if (!m_live.empty() && m_live.back().step >= points.front().step)
        m_live.clear();
    m_live.insert(m_live.end(), points.begin(), points.end());
    if (m_live.size() > 2 * kMostLive)
        m_live.erase(m_live.begin(), m_live.end() - std::ptrdiff_t(kMostLive));
    if (const engine::RunInfo *known = m_model->find(run)) {
        engine::RunInfo info = *known;
        const engine::MetricPoint &last = points.back();
        info.step = last.step;
        info.epoch = last.epoch;
        info.trainLoss = last.loss;
        info.tokens = last.tokens;
        info.seconds = last.seconds;
        m_model->setSecondsLeft(run, secondsLeft);
        m_model->updateRun(info);
    }
    if (run != m_shown || m_isLoading)
        return; // curvesRead takes them from m_live
    const std::int64_t last = m_curves.points.empty() ? 0 : m_curves.points.back().step;
    appendPoints(m_curves, points);
    if (points.front().step > last + 1 && !m_gapTimer.isActive() && m_reloads++ < kMostReloads)
        m_gapTimer.start();
    m_chart->refresh();
}

void RunsPage::evaluated(RunId run, const engine::EvalPoint &point)
{
    if (const engine::RunInfo *known = m_model->find(run)) {
        engine::RunInfo info = *known;
        info.evalLoss = point.loss;
        m_model->updateRun(info);
    }
    m_hasMissed = m_hasMissed || (run == m_shown && m_isLoading);
    if (run != m_shown || m_isLoading)
        return;
    appendEval(m_curves, point);
    m_chart->refresh();
    showParts();
}

void RunsPage::generalMeasured(RunId run, const engine::GeneralPoint &point)
{
    m_hasMissed = m_hasMissed || (run == m_shown && m_isLoading);
    if (run != m_shown || m_isLoading)
        return;
    appendGeneral(m_curves, point);
    m_chart->refresh();
    showParts();
}

void RunsPage::checkpointed(RunId run, const engine::CheckpointInfo &checkpoint)
{
    m_hasMissed = m_hasMissed || (run == m_shown && m_isLoading);
    if (run != m_shown || m_isLoading)
        return;
    putCheckpoint(m_curves, checkpoint);
    m_chart->refresh();
    showParts();
    readGroups(); // losses are written with the checkpoint
    if (m_views->currentWidget() == m_ledger)
        m_ledger->showRun(run);
    m_checkpointTimer.start();
}

void RunsPage::noticed(RunId run, const QString &text)
{
    std::vector<SeenState> &seen = m_seen[run];
    seen.push_back({seen.empty() ? RunState::Preparing : seen.back().state, seen.empty() ? 0 : seen.back().step, QDateTime::currentDateTime(), text});
    if (run == m_shown)
        showParts();
    if (run == m_epochsAsked) {
        m_epochsAsked = {};
        context().showMessage({MessageTone::Info, text, {}, {}, {}, {}});
    }
}

void RunsPage::runEnded(const engine::RunInfo &run)
{
    m_asked = {};
    if (run.id.isValid()) {
        rememberState(run);
        m_model->updateRun(run);
    }
    showStack();
    if (run.id == m_shown && run.id.isValid()) {
        readCurves();
        readTags();
    }
    showParts();
}

QString RunsPage::resumeText() const
{
    const auto newest = newestCheckpoint();
    return newest ? tr("Resume from step %1").arg(countText(*newest)) : tr("Begin again");
}

void RunsPage::updateActions()
{
    const engine::RunInfo *run = shownInfo();
    const bool isActive = isShownActive();
    const RunState state = run ? run->state : RunState::Idle;
    const bool isAsked = m_asked.isValid() && m_asked == m_shown;
    const QString noRun = tr("No run is shown.");
    const QString notActive = tr("This run is not learning now.");
    const QString asked = tr("It ends after this step.");
    const bool isOpen = isActive && (state == RunState::Preparing || state == RunState::Running) && !isAsked;
    setActionPossible(m_pause, isOpen, !run ? noRun : isActive ? asked : notActive);
    setActionPossible(m_stop, isActive && state != RunState::Stopping && (!isAsked || state == RunState::Pausing), !run ? noRun : isActive ? asked : notActive);
    setActionPossible(m_saveNow, isOpen, !run ? noRun : isActive ? asked : notActive);
    const QString noEpochs = whyNotEpochs();
    setActionPossible(m_changeEpochs, noEpochs.isEmpty(), noEpochs);
    m_pause->setVisible(!run || isActive);
    m_stop->setVisible(!run || isActive);

    const bool isResumable = isShownResumable();
    m_resume->setVisible(isResumable);
    m_resume->setText(isResumable ? resumeText() : tr("Resume"));
    m_resume->setShortcut(isResumable && state == RunState::Paused ? QKeySequence(Qt::Key_Space) : QKeySequence());
    setActionPossible(m_resume, isResumable && !m_isLoading && !isAsked && !bridge().isRunActive(),
                      !run                    ? noRun
                      : !isResumable          ? tr("There is nothing to resume.")
                      : bridge().isRunActive() ? tr("Another run is learning. Pause or stop it first.")
                                               : tr("It is being prepared."));
    m_resumeButton->setVisible(isResumable && m_bars->count() == 0);

    const auto chosen = m_chart->chosenStep();
    const std::vector<std::int64_t> stops = stopsOf(m_curves);
    const bool isCheckpoint = hasCheckpoint(m_curves, chosen);
    const QString notKept = chosen ? tr("The checkpoint of this step was not kept.") : tr("There is no checkpoint to open.");
    setActionPossible(m_previous, chosen && !stops.empty() && *chosen > stops.front(), tr("There is no checkpoint before it."));
    setActionPossible(m_next, chosen && !stops.empty() && *chosen < stops.back(), tr("There is no checkpoint after it."));
    const bool isResult = run && !run->adapter.empty() && chosen && *chosen == run->resultStep.value_or(run->step);
    setActionPossible(m_makeResult, isCheckpoint && !isActive && !isRunWorking(state) && !isResult,
                      isResult ? tr("It is the result of the run.") : !isCheckpoint ? notKept : tr("The run is at work: its result comes at the end."));
    setActionPossible(m_label, run != nullptr, noRun);
    setActionPossible(m_compare, m_model->rowCount() > 1 && !isComparing(), isComparing() ? tr("Runs are compared already.") : tr("There is no other run."));
    setActionPossible(m_archive, run && !isActive && !isRunWorking(state), run ? tr("Stop the run first.") : noRun);
    m_archive->setText(run && run->isArchived ? tr("Take back from the archive") : tr("Archive"));
    setActionPossible(m_showLedger, run != nullptr, noRun);
    setActionPossible(m_choosePrompts, bridge().project() != nullptr, tr("No project is open."));
    const bool hasPlayground = context().windowAction(QStringLiteral("page-playground")) != nullptr;
    m_openPlayground->setVisible(hasPlayground);
    setActionPossible(m_openPlayground, hasPlayground && isCheckpoint, notKept);
    setActionPossible(m_addNote, !m_curves.points.empty(), tr("There is no step yet."));
    setActionPossible(m_savePicture, !m_curves.points.empty(), tr("There is no step yet."));
    setActionPossible(m_saveEvents, !m_curves.points.empty(), tr("There is no step yet."));
    setActionPossible(m_saveReport, !m_curves.points.empty(), tr("There is no step yet."));
    setActionPossible(m_saveNumbers, !m_curves.points.empty(), tr("There is no step yet."));
    setActionPossible(m_openTrash, bridge().project() != nullptr, tr("No project is open."));
    setActionPossible(m_trash, run && !isActive && !isRunWorking(state), run ? tr("Stop the run first.") : noRun);
}

void RunsPage::pauseShown()
{
    if (!isShownActive())
        return;
    m_asked = m_shown;
    bridge().pauseRun();
    updateActions();
}

void RunsPage::resumeShown()
{
    m_asked = m_shown;
    bridge().resumeRun(m_shown, {});
    updateActions();
    showBar();
}

void RunsPage::stopShown()
{
    const engine::RunInfo *run = shownInfo();
    if (!run || !isShownActive())
        return;
    const RunId id = run->id;
    const int answer = context().dialogs.ask(
        this, {tr("Stop %1?").arg(QString::fromStdString(run->name)),
               tr("Keep: the adapter as it is after this step becomes the result of the run.\n"
                  "Discard: its checkpoints are deleted; only the curves stay."),
               {tr("Stop and keep"), tr("Stop and discard"), tr("Go on")}});
    // The run may have ended while the question stood there.
    if (answer == 2 || m_shown != id || !isShownActive())
        return;
    m_asked = id;
    bridge().stopRun(answer == 0 ? engine::RunControl::Wish::StopAndKeep : engine::RunControl::Wish::StopAndDiscard);
    updateActions();
}

void RunsPage::openInPlayground()
{
    if (const auto step = m_chart->chosenStep())
        context().openPage(QStringLiteral("playground"), QStringLiteral("run %1 %2").arg(m_shown.value).arg(*step));
}

void RunsPage::showLedger(bool isShown)
{
    if (isShown)
        m_ledger->showRun(m_shown);
    m_views->setCurrentWidget(isShown ? static_cast<QWidget *>(m_ledger) : m_splitter);
    m_ledgerButton->setChecked(isShown);
    if (isShown)
        m_ledger->table().setFocus();
    else
        m_chart->loss().setFocus();
}

void RunsPage::makeResult()
{
    const auto step = m_chart->chosenStep();
    if (!step)
        return;
    bridge().write<engine::RunInfo>(
        Touched::Runs, this, [run = m_shown, step = *step](ProjectApi &project, const JobContext &) { return project.makeResult(run, step); },
        [this](Result<engine::RunInfo> run) {
            if (run)
                context().showMessage({MessageTone::Info, tr("The checkpoint of step %1 is the result of %2 now.").arg(countText(run->resultStep.value_or(0)), QString::fromStdString(run->name)), {}, {}, {}, {}});
            else
                context().showMessage(messageOf(run.error()));
        });
}

void RunsPage::choosePrompts()
{
    if (!bridge().project())
        return;
    ProbeDialog dialog(data::probeChoiceFrom(bridge().project()->setting(data::kProbeSetting).value_or(std::string())), this);
    if (dialog.exec() != QDialog::Accepted)
        return;
    bridge().write<void>(Touched::Settings, nullptr, [text = data::probeChoiceText(dialog.choice())](ProjectApi &project, const JobContext &) { return project.setSetting(data::kProbeSetting, text); }, {});
}

} // namespace fettle::ui
