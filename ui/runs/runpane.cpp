// See runpane.h.
#include "ui/runs/runpane.h"

#include "ui/runs/losschart.h"

#include <QHBoxLayout>
#include <QStackedWidget>
#include <QTabBar>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

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
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Settings")), tr("What the run was made of, and what differs from the default."));
    m_tabs->setTabToolTip(m_tabs->addTab(tr("Log")), tr("What happened, newest first."));
    line->addWidget(m_tabs);
    line->addStretch(1);
    column->addWidget(head);
    m_answers = new AnswerPane(actions);
    m_checkpoints = new CheckpointPane(chart, {actions.previous, actions.next, actions.openInPlayground});
    m_settings = new RunSettings;
    m_log = new RunLogView;
    m_stack = new QStackedWidget;
    for (QWidget *widget : std::initializer_list<QWidget *>{m_answers, m_checkpoints, m_settings, m_log})
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
    fillCurrent();
}

void RunPane::setChosen(std::optional<std::int64_t> step)
{
    m_checkpoints->setChosen(step);
    m_answers->setChosen(step, hasCheckpoint(m_chart.curves(), step));
}

void RunPane::fillCurrent()
{
    if (!m_run.id.isValid() || m_stack->currentWidget() == m_answers)
        return; // answers come by setProbes and setChosen
    // Only what is in view: a run changes many times a second.
    if (m_stack->currentWidget() == m_checkpoints)
        m_checkpoints->refresh();
    else if (m_stack->currentWidget() == m_settings)
        m_settings->show(m_run);
    else
        m_log->show(runLogEntries(m_run, m_chart.curves(), m_seen));
}

} // namespace fettle::ui
