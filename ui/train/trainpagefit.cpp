// The measured answer to "does it fit?" on the Train page: on demand, and before each start that does not wait behind another run.
#include "ui/train/trainpage.h"

#include "ui/train/fitview.h"
#include "ui/train/planpane.h"
#include "ui/widgets/words.h"

#include <QDateTime>

namespace fettle::ui {

// Of the settings as they are: a change ends the measurement.
void TrainPage::measureFit()
{
    if (m_fitJob != 0 || m_plan->state() != PlanPane::State::Ready)
        return;
    const bool isBehind = bridge().isRunActive() || bridge().currentJob().kind != JobInfo::Kind::None;
    m_plan->fit()->showWaiting(isBehind ? tr("Waits until the present work has ended") : tr("Loading the model"));
    m_fitJob = bridge().measureFit(request(), this, [this, number = m_planNumber](const Result<engine::FitResult> &fit) {
        if (number == m_planNumber)
            showFit(fit);
    });
}

void TrainPage::showFitProgress()
{
    const JobInfo &job = bridge().currentJob();
    if (m_fitJob != 0 && job.id == m_fitJob && !job.detail.isEmpty())
        m_plan->fit()->showProgress(job.detail, job.share, job.secondsLeft);
}

void TrainPage::showFit(const Result<engine::FitResult> &fit)
{
    m_fitJob = 0;
    m_measuredNumber = m_planNumber;
    m_isFitting = fit && fit->fits();
    const bool isCancelled = !fit && fit.error().code == ErrorCode::Cancelled;
    if (fit)
        m_plan->fit()->showFit(*fit, QDateTime::currentDateTime().toString(QStringLiteral("HH:mm")));
    else if (isCancelled)
        m_plan->fit()->showNothing();
    else
        m_plan->fit()->showFailure(fit.error());
    const bool isStartWanted = std::exchange(m_isStartWanted, false);
    updateStart();
    if (m_isFitting && isStartWanted)
        start();
    else if (!m_isFitting)
        m_plan->showReason(isCancelled ? tr("The next start does not measure.") : tr("A step that does not fit is read again in smaller parts; the run may still end early."));
}

void TrainPage::cancelFit()
{
    if (m_fitJob != 0)
        bridge().cancel(m_fitJob);
}

// Settings, data or model are others now.
void TrainPage::forgetFit()
{
    cancelFit();
    m_fitJob = 0;
    m_measuredNumber = -1;
    m_plan->fit()->showNothing();
    m_plan->fit()->setPossible(false);
}

void TrainPage::useSuggestion(const QStringList &settings)
{
    for (const QString &setting : settings)
        applyFix(setting);
    m_isFitWanted = true; // measured again as soon as the plan is there
}

} // namespace fettle::ui
