// See runpane.h.
#include "ui/runs/runpane.h"

#include "ui/runs/losschart.h"
#include "ui/runs/runwords.h"
#include "ui/theme/icons.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QResizeEvent>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

#include <array>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kDoctorTab = 2;
constexpr std::size_t kReadAtOnce = 20'000; // steps that the doctor reads in a few milliseconds

struct RunTab { QString name, icon, help; };

// In the order of the widgets below them.
std::array<RunTab, 5> runTabs()
{
    return {{{RunPane::tr("Answers"), QStringLiteral("message-square"), RunPane::tr("What the run answered at the chosen step, beside the base model.")},
             {RunPane::tr("Checkpoints"), QStringLiteral("save"), RunPane::tr("Saved states of the run, each can answer in the playground.")},
             {RunPane::tr("Doctor"), QStringLiteral("stethoscope"), RunPane::tr("What looks wrong with the run, and what to do about it.")},
             {RunPane::tr("Settings"), QStringLiteral("sliders-horizontal"), RunPane::tr("What the run was made of, and what differs from the default.")},
             {RunPane::tr("Log"), QStringLiteral("list"), RunPane::tr("What happened, newest first.")}}};
}

} // namespace

RunPane::RunPane(const LossChart &chart, const AnswerPane::Actions &actions, QWidget *parent)
    : Pane(Surface::Page, {}, parent), m_chart(chart)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *head = new Pane(Surface::Page, Qt::BottomEdge);
    auto *line = new QHBoxLayout(head);
    line->setContentsMargins(kPaneSide, 4, 0, 1); // a tab ends with room of its own
    setupTabs();
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
        nameTabs();
        fillCurrent();
    });
}

void RunPane::setupTabs()
{
    m_tabs = new QTabBar;
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setAccessibleName(tr("What is shown of the run"));
    for (const RunTab &tab : runTabs())
        m_tabs->setTabToolTip(m_tabs->addTab(tab.name), tab.help);
}

// Where there is no room for all names, those that are not chosen stand back for their icons.
void RunPane::nameTabs()
{
    const auto tabs = runTabs();
    for (int i = 0; i < m_tabs->count(); ++i) {
        const QString number = i == kDoctorTab ? m_findings : QString();
        m_tabs->setTabText(i, number.isEmpty() ? tabs[std::size_t(i)].name : tr("%1 %2").arg(tabs[std::size_t(i)].name, number));
        m_tabs->setTabIcon(i, {});
        m_tabs->setAccessibleTabName(i, m_tabs->tabText(i));
    }
    if (m_tabs->sizeHint().width() <= width() - kPaneSide)
        return;
    for (int i = 0; i < m_tabs->count(); ++i) {
        if (i == m_tabs->currentIndex())
            continue;
        m_tabs->setTabText(i, i == kDoctorTab ? m_findings : QString());
        m_tabs->setTabIcon(i, icon(tabs[std::size_t(i)].icon, Ink::Muted));
    }
}

void RunPane::resizeEvent(QResizeEvent *event)
{
    Pane::resizeEvent(event);
    if (event->size().width() != event->oldSize().width())
        nameTabs();
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
    const QString findings = count == 0 ? QString() : countText(qint64(count));
    if (findings == m_findings)
        return;
    m_findings = findings;
    nameTabs();
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
