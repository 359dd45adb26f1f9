// See runpane.h.
#include "ui/runs/runpane.h"

#include "ui/runs/losschart.h"
#include "ui/runs/runwords.h"

#include <QHBoxLayout>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kDoctorTab = 2;
constexpr std::size_t kReadAtOnce = 20'000; // steps that the doctor reads in a few milliseconds

} // namespace

RunPane::RunPane(const LossChart &chart, const AnswerPane::Actions &actions, QWidget *parent)
    : Pane(Surface::Page, {}, parent), m_chart(chart)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *head = new Pane(Surface::Page, Qt::BottomEdge);
    auto *line = new QHBoxLayout(head);
    line->setContentsMargins(kPaneSide, 4, kPaneSide, 1);
    m_tabs = new QTabBar;
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("What is shown of the run"));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Answers")), tr("What the run answered at the chosen step, beside the base model."));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Checkpoints")), tr("Saved states of the run, each can answer in the playground."));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Doctor")), tr("What looks wrong with the run, and what to do about it."));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Settings")), tr("What the run was made of, and what differs from the default."));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Log")), tr("What happened, newest first."));
    line->addWidget(m_tabs);
    line->addStretch(1);
    column->addWidget(head);
    m_answers = new AnswerPane(actions);
    m_checkpoints = new CheckpointPane(chart, {actions.previous, actions.next, actions.openInPlayground});
    m_doctor = new DoctorPane;
    m_settings = new RunSettings;
    m_log = new RunLogPane;
    m_stack = new QStackedWidget;
    for (QWidget *widget : std::initializer_list<QWidget *>{m_answers, m_checkpoints, m_doctor, m_settings, m_log})
        m_stack->addWidget(widget);
    column->addWidget(m_stack, 1);
    connect(m_tabs, &QTabBar::currentChanged, this, [this](int index) {
        m_stack->setCurrentIndex(index);
        fillCurrent();
    });
}

void RunPane::show(const engine::RunInfo &run, const std::vector<SeenState> &seen)
{
    m_run = run;
    m_seen = seen;
    examine();
    fillCurrent();
}

void RunPane::setChosen(std::optional<std::int64_t> step)
{
    m_checkpoints->setChosen(step);
    m_answers->setChosen(step, hasCheckpoint(m_chart.curves(), step));
}

void RunPane::examine()
{
    const RunCurves &curves = m_chart.curves();
    const bool isLong = curves.points.size() > kReadAtOnce;
    const bool isSameRun = m_run.id == m_examinedRun;
    const bool isKnown = isSameRun && m_run.state == m_examinedState && (isLong || curves.evals.size() == m_examinedEvals) && curves.tags.size() == m_examinedTags;
    const bool isNearlySame = curves.points.size() >= m_examinedPoints && curves.points.size() < m_examinedPoints + std::max<std::size_t>(20, m_examinedPoints / 20);
    if (isKnown && isNearlySame && m_examinedPoints > 0)
        return; // a long run is not read again for every step
    m_examinedRun = m_run.id;
    m_examinedState = m_run.state;
    m_examinedEvals = curves.evals.size();
    m_examinedPoints = curves.points.size();
    m_examinedTags = curves.tags.size();
    if (!isLong) {
        setDiagnosis(diagnosisOf(curves, m_run));
        return;
    }
    if (!isSameRun) // those of the run before
        setDiagnosis({});
    m_doctor->showReading();
    emit examinationWished();
}

void RunPane::setDiagnosis(Diagnosis diagnosis)
{
    m_doctor->setDiagnosis(std::move(diagnosis), !m_chart.curves().points.empty());
    const auto count = m_doctor->findings().size();
    m_tabs->setTabText(kDoctorTab, count == 0 ? tr("Doctor") : tr("Doctor %1").arg(count));
}

void RunPane::fillCurrent()
{
    if (!m_run.id.isValid() || m_stack->currentWidget() == m_answers || m_stack->currentWidget() == m_doctor)
        return; // these come by setProbes, setChosen and examine
    // Only what is in view: a run changes many times a second.
    if (m_stack->currentWidget() == m_checkpoints)
        m_checkpoints->refresh();
    else if (m_stack->currentWidget() == m_settings)
        m_settings->show(m_run);
    else
        m_log->show(runLogEntries(m_run, m_chart.curves(), m_seen));
}

} // namespace fettle::ui
