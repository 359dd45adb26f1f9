// The right side of the Runs page: tabs over answers, checkpoints, settings and log of the shown run. Knows no bridge.
#pragma once

#include "ui/runs/answerpane.h"
#include "ui/runs/checkpointpane.h"
#include "ui/runs/doctorpane.h"
#include "ui/runs/runlogpane.h"
#include "ui/runs/runsettings.h"
#include "ui/widgets/card.h"

class QStackedWidget;
class QTabBar;

namespace fettle::ui {

class RunPane : public Pane {
    Q_OBJECT

public:
    RunPane(const LossChart &chart, const AnswerPane::Actions &actions, QWidget *parent = nullptr);

    void show(const engine::RunInfo &run, const std::vector<SeenState> &seen); // what stands behind all three tabs changed
    using QWidget::show;
    void setChosen(std::optional<std::int64_t> step);
    void setDiagnosis(Diagnosis diagnosis); // of the shown run, as examinationWished asks
    [[nodiscard]] AnswerPane &answers() { return *m_answers; }
    [[nodiscard]] CheckpointPane &checkpoints() { return *m_checkpoints; }
    [[nodiscard]] DoctorPane &doctor() { return *m_doctor; }
    [[nodiscard]] RunLogPane &log() { return *m_log; }
    [[nodiscard]] QTabBar &tabs() { return *m_tabs; }

signals:
    void examinationWished(); // the run is too long for the doctor to read it here

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void setupTabs();
    void nameTabs();
    void fillCurrent();
    void examine();

    const LossChart &m_chart;
    engine::RunInfo m_run;
    std::size_t m_examinedPoints = 0, m_examinedEvals = 0, m_examinedTags = 0; // the doctor looks again when there are more
    RunId m_examinedRun;
    engine::RunState m_examinedState = engine::RunState::Idle;
    std::vector<SeenState> m_seen;
    QTabBar *m_tabs;
    QString m_findings; // their number, beside the doctor's name; empty: none
    QStackedWidget *m_stack;
    AnswerPane *m_answers;
    CheckpointPane *m_checkpoints;
    DoctorPane *m_doctor;
    RunSettings *m_settings;
    RunLogPane *m_log;
};

} // namespace fettle::ui
