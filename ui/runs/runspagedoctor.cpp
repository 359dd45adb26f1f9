// What the buttons of the doctor's findings do. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/chartpane.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runwords.h"

#include <QComboBox>

namespace fettle::ui {

void RunsPage::showEvidence(const RunFinding &finding)
{
    m_chart->curveChoice().setCurrentIndex(int(finding.isOfTags ? CurveChoice::TrainByTag : CurveChoice::WholeRun));
    m_chart->loss().showAll();
    m_chart->loss().setEvidence(LossChart::Lost{std::int64_t(finding.from), std::int64_t(finding.to)});
}

void RunsPage::cure(const RunFinding &finding)
{
    switch (finding.cure) {
    case Cure::None: break;
    case Cure::MakeResult:
        m_chart->choose(finding.cureValue.toLongLong());
        m_makeResult->trigger();
        break;
    case Cure::TrainAgain: context().openPage(QStringLiteral("train"), QStringLiteral("again %1 %2").arg(m_shown.value).arg(finding.cureValue)); break;
    case Cure::ShowRecords: context().openPage(QStringLiteral("data"), QStringLiteral("find ") + finding.cureValue); break;
    }
}

// Reads the run again: a copy of its steps would hold the window up, and the doctor does not need the newest.
void RunsPage::examine()
{
    const engine::RunInfo *info = shownInfo();
    if (!info)
        return;
    bridge().readSlowly<Diagnosis>(
        this,
        [run = *info, tags = m_curves.tags](const ProjectApi *project, const JobContext &) -> Result<Diagnosis> {
            auto curves = project ? curvesOf(*project, run.id) : Result<RunCurves>();
            if (!curves)
                return passError(curves);
            curves->steps = run.steps;
            curves->tags = tags;
            return diagnosisOf(*curves, run);
        },
        [this, run = m_shown](Result<Diagnosis> diagnosis) {
            if (run != m_shown)
                return;
            if (diagnosis)
                m_pane->setDiagnosis(std::move(*diagnosis));
            else
                context().showMessage(messageOf(diagnosis.error()));
        },
        "runs page doctor");
}

// A large ledger takes its time: the curves do not wait for it.
void RunsPage::readTags()
{
    const engine::RunInfo *info = shownInfo();
    if (!info || isRunWorking(info->state))
        return; // the doctor asks at the end
    bridge().readSlowly<engine::LossGroups>(
        this,
        [run = m_shown](const ProjectApi *project, const JobContext &) -> Result<engine::LossGroups> {
            return project ? groupsOf(*project, run, engine::LedgerPart::Train, engine::GroupBy::Tag) : Result<engine::LossGroups>();
        },
        [this, run = m_shown](Result<engine::LossGroups> groups) {
            if (!groups || run != m_shown)
                return;
            m_curves.tags = std::move(groups->groups);
            showParts();
        },
        "runs page tags");
}

} // namespace fettle::ui
