// The middle of the Runs page: tools, loss chart, scrubber, small charts; keeps their view, cursor and chosen checkpoint the same. Knows no
// bridge; reads the page's curves.
#pragma once

#include "ui/runs/axisscale.h"
#include "ui/runs/grouppane.h"
#include "ui/runs/losschart.h"
#include "ui/widgets/card.h"

class QComboBox;
class QHBoxLayout;
class QSlider;
class QStackedWidget;

namespace fettle::ui {

class Button;
class ChartLegend;
class Scrubber;
class Segmented;
class SmallChart;
class TextLabel;

class ChartPane : public Pane {
    Q_OBJECT

public:
    // curves must outlive the pane; refresh() after each change of them.
    explicit ChartPane(const RunCurves &curves, QWidget *parent = nullptr);

    void showRun(); // another run: whole view, newest checkpoint
    void refresh();
    // The series of a long run, made elsewhere with axis() and smoothing() of series(); before refresh(). What does not fit is made anew.
    void adopt(RunSeries series);
    [[nodiscard]] const RunSeries &series() const { return m_series; }
    void setLost(std::optional<LossChart::Lost> lost);
    void setNarrow(bool isNarrow);
    void choose(std::int64_t step);       // the checkpoint nearest to it
    void stepBy(int checkpoints);
    [[nodiscard]] std::optional<std::int64_t> chosenStep() const;
    [[nodiscard]] LossChart &loss() { return *m_loss; }
    [[nodiscard]] const LossChart &loss() const { return *m_loss; }
    [[nodiscard]] Scrubber &scrubber() { return *m_scrubber; }
    [[nodiscard]] QSlider &smoothing() { return *m_smoothing; }
    [[nodiscard]] Button &saveButton() { return *m_save; } // the page gives it a menu
    [[nodiscard]] Button &fullScreenButton() { return *m_fullScreen; }
    [[nodiscard]] QComboBox &axis() { return *m_axis; }
    // Curves of the whole run or of parts of its data. What is wished is read by the page.
    [[nodiscard]] QComboBox &curveChoice() { return *m_choice; }
    [[nodiscard]] CurveChoice shownCurves() const;
    [[nodiscard]] GroupPane &groups() { return *m_groups; }
    void setGroups(engine::LossGroups groups, CurveChoice choice); // passed over where another choice was made since
    [[nodiscard]] QWidget &shownChart();          // the large one, for a picture
    void drawShownChart(QPaintDevice &device);    // the same in vectors

signals:
    void fullScreenLeft(); // by a key, or its window was closed
    void checkpointChosen(std::optional<std::int64_t> step);
    void groupsWished(fettle::ui::CurveChoice choice);

protected:
    void showEvent(QShowEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void closeEvent(QCloseEvent *event) override;

private:
    void setupTools();
    void setupCharts();
    void connectCharts();
    void setCursor(std::optional<double> step);
    void refreshSmall();
    void smoothingMoved(int percent);

    void axisChosen(int index);
    void curvesChosen();
    void showView(double from, double to, int left, int right);

    const RunCurves &m_curves;
    RunSeries m_series;
    AxisScale m_scale;
    QComboBox *m_axis, *m_choice;
    Segmented *m_measure;
    ChartLegend *m_legend;
    TextLabel *m_smoothingName, *m_smoothingValue;
    QSlider *m_smoothing;
    Button *m_logAxis, *m_whole, *m_fullScreen, *m_save;
    QHBoxLayout *m_tools, *m_secondTools, *m_smallRow;
    QStackedWidget *m_charts; // the whole run or parts of the data
    LossChart *m_loss;
    GroupPane *m_groups;
    Scrubber *m_scrubber;
    std::vector<SmallChart *> m_small;
};

} // namespace fettle::ui
