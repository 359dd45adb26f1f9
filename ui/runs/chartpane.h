// The middle of the Runs page: tools, loss chart, scrubber, small charts; keeps their view, cursor and chosen checkpoint the same. Knows no
// bridge; reads the page's curves.
#pragma once

#include "ui/runs/axisscale.h"
#include "ui/runs/losschart.h"
#include "ui/widgets/card.h"

class QComboBox;
class QHBoxLayout;
class QSlider;

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
    [[nodiscard]] QComboBox &axis() { return *m_axis; }

signals:
    void checkpointChosen(std::optional<std::int64_t> step);

protected:
    void showEvent(QShowEvent *event) override;

private:
    void setupTools();
    void setupCharts();
    void connectCharts();
    void setCursor(std::optional<double> step);
    void refreshSmall();
    void smoothingMoved(int percent);

    void axisChosen(int index);

    const RunCurves &m_curves;
    AxisScale m_scale;
    QComboBox *m_axis;
    Segmented *m_measure;
    ChartLegend *m_legend;
    TextLabel *m_smoothingName, *m_smoothingValue;
    QSlider *m_smoothing;
    Button *m_logAxis, *m_whole, *m_save;
    QHBoxLayout *m_tools, *m_smallRow;
    LossChart *m_loss;
    Scrubber *m_scrubber;
    std::vector<SmallChart *> m_small;
};

} // namespace fettle::ui
