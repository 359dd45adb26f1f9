// How the Runs page reads what belongs to the shown run: curves, checkpoints, answers, losses of parts of its data. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/chartpane.h"
#include "ui/runs/runpane.h"

#include <utility>

namespace fettle::ui {

Result<engine::LossGroups> groupsOf(const ProjectApi &project, RunId run, engine::LedgerPart part, engine::GroupBy by)
{
    const auto ledger = project.lossLedger(run);
    if (!ledger)
        return passError(ledger);
    auto rows = by == engine::GroupBy::Split ? Result<std::vector<engine::RecordRow>>() : project.recordRows(part == engine::LedgerPart::Train ? ledger->train.rows : ledger->heldOut.rows);
    if (!rows)
        return passError(rows);
    return engine::lossGroups(*ledger, *rows, part, by);
}

Result<RunCurves> curvesOf(const ProjectApi &project, RunId run)
{
    auto points = project.metrics(run, -1);
    if (!points)
        return passError(points);
    auto evals = project.evals(run);
    if (!evals)
        return passError(evals);
    auto checkpoints = project.checkpoints(run);
    if (!checkpoints)
        return passError(checkpoints);
    auto general = project.generalLosses(run);
    if (!general)
        return passError(general);
    auto notes = project.curveNotes(run);
    if (!notes)
        return passError(notes);
    RunCurves curves;
    curves.beginning = newBeginning();
    curves.points = std::move(*points);
    curves.evals = std::move(*evals);
    curves.checkpoints = std::move(*checkpoints);
    curves.general = std::move(*general);
    curves.notes = std::move(*notes);
    return curves;
}

void RunsPage::readCurves()
{
    if (!m_shown.isValid())
        return;
    m_isLoading = true;
    struct Read { RunCurves curves; RunSeries series; };
    bridge().read<Read>(
        this,
        [run = m_shown, series = RunSeries(m_chart->series().axis(), m_chart->series().smoothing())](const ProjectApi *project, const JobContext &) mutable -> Result<Read> {
            auto curves = project ? curvesOf(*project, run) : Result<RunCurves>();
            if (!curves)
                return passError(curves);
            series.follow(*curves);
            return Read{std::move(*curves), std::move(series)};
        },
        [this, run = m_shown](Result<Read> read) {
            if (run != m_shown)
                return;
            m_isLoading = false;
            if (read)
                curvesRead(run, std::move(read->curves), std::move(read->series));
            else
                context().showMessage(messageOf(read.error()));
        },
        "runs page curves");
}

void RunsPage::curvesRead(RunId run, RunCurves curves, RunSeries series)
{
    curves.steps = m_curves.steps;
    curves.answered = std::move(m_curves.answered);
    curves.tags = std::move(m_curves.tags);
    if (const engine::RunInfo *info = shownInfo())
        curves.steps = info->steps;
    // What was seen live and is not stored yet.
    if (run == m_liveRun) {
        std::vector<engine::MetricPoint> newer;
        const std::int64_t last = curves.points.empty() ? 0 : curves.points.back().step;
        for (const engine::MetricPoint &point : m_live) {
            if (point.step > last)
                newer.push_back(point);
        }
        appendPoints(curves, newer);
    }
    m_curves = std::move(curves);
    m_chart->adopt(std::move(series));
    if (isShownActive() && stepBeforeGap(m_curves) && m_reloads++ < kMostReloads)
        m_gapTimer.start();
    m_chart->refresh();
    if (m_wantedStep) {
        m_chart->choose(*m_wantedStep);
        m_wantedStep.reset();
    }
    m_wanted = {};
    showParts();
    if (std::exchange(m_hasMissed, false))
        readCurves();
}

void RunsPage::readCheckpoints()
{
    using Checkpoints = std::vector<engine::CheckpointInfo>;
    bridge().read<Checkpoints>(
        this,
        [run = m_shown](const ProjectApi *project, const JobContext &) -> Result<Checkpoints> {
            if (!project)
                return Checkpoints{};
            return project->checkpoints(run);
        },
        [this, run = m_shown](Result<Checkpoints> checkpoints) {
            if (!checkpoints || run != m_shown || m_isLoading)
                return;
            m_curves.checkpoints = std::move(*checkpoints);
            m_chart->refresh();
            m_pane->setChosen(m_chart->chosenStep()); // it may be no checkpoint any more
            showParts();
        },
        "runs page checkpoints");
}

void RunsPage::readProbes()
{
    bridge().read<data::RunProbes>(
        this,
        [run = m_shown](const ProjectApi *project, const JobContext &) -> Result<data::RunProbes> {
            if (!project)
                return data::RunProbes{};
            return project->probes(run);
        },
        [this, run = m_shown](Result<data::RunProbes> probes) {
            if (!probes || run != m_shown)
                return;
            m_curves.answered.clear();
            for (const data::ProbeAnswer &answer : probes->answers) {
                if (answer.step >= 0 && (m_curves.answered.empty() || m_curves.answered.back() != answer.step))
                    m_curves.answered.push_back(answer.step);
            }
            m_pane->answers().setProbes(std::move(*probes));
            m_chart->refresh();
            if (m_wantedStep && !m_isLoading) {
                m_chart->choose(*m_wantedStep);
                m_wantedStep.reset();
            }
            m_pane->setChosen(m_chart->chosenStep());
            updateActions();
        },
        "runs page probes");
}

void RunsPage::readGroups()
{
    const CurveChoice choice = m_chart->shownCurves();
    if (choice == CurveChoice::WholeRun || !m_shown.isValid())
        return;
    bridge().readSlowly<engine::LossGroups>(
        this,
        [run = m_shown, choice](const ProjectApi *project, const JobContext &) -> Result<engine::LossGroups> {
            if (!project)
                return engine::LossGroups{};
            return groupsOf(*project, run, partOf(choice), groupingOf(choice));
        },
        [this, run = m_shown, choice](Result<engine::LossGroups> groups) {
            if (run != m_shown)
                return;
            if (groups)
                m_chart->setGroups(std::move(*groups), choice);
            else
                context().showMessage(messageOf(groups.error()));
        },
        "runs page groups");
}

} // namespace fettle::ui
