// Curves of parts of the data in place of the loss of the whole run: by split, by tag, by length. Shares axis and cursor with the other
// charts. Knows no bridge; what it shows is given to it.
#pragma once

#include "core/engine/lossgroups.h"
#include "ui/runs/axisscale.h"

#include <QStringList>
#include <QWidget>

namespace fettle::ui {

class FlowLayout;
class LineToggle;
class OverlayChart;
class TextLabel;

// In the order of the control above the chart.
enum class CurveChoice { WholeRun, BySplit, HeldOutByTag, TrainByTag, HeldOutByLength, TrainByLength };
[[nodiscard]] QStringList curveChoiceNames();
[[nodiscard]] QString curveChoiceHelp(CurveChoice choice);
[[nodiscard]] engine::GroupBy groupingOf(CurveChoice choice); // not of WholeRun
[[nodiscard]] engine::LedgerPart partOf(CurveChoice choice);

class GroupPane : public QWidget {
    Q_OBJECT

public:
    // curves and scale must outlive the pane; refresh() after each change of them.
    GroupPane(const RunCurves &curves, const AxisScale &scale, QWidget *parent = nullptr);

    void setGroups(engine::LossGroups groups, CurveChoice choice);
    void setWaiting(); // they are being read
    void setPerplexity(bool isPerplexity);
    void refresh();
    void setCursor(std::optional<double> step);
    [[nodiscard]] OverlayChart &chart() { return *m_chart; }
    [[nodiscard]] const std::vector<LineToggle *> &legend() const { return m_legend; }

signals:
    void hovered(double step);
    void pointerLeft();

private:
    void showLegend();
    [[nodiscard]] QString nameOf(const engine::LossGroup &group) const;
    [[nodiscard]] double stepOf(const engine::LossGroup &group, std::size_t reading) const;

    const RunCurves &m_curves;
    const AxisScale &m_scale;
    engine::LossGroups m_groups;
    CurveChoice m_choice = CurveChoice::WholeRun;
    bool m_isPerplexity = false;
    FlowLayout *m_legendRow;
    std::vector<LineToggle *> m_legend;
    TextLabel *m_note;
    OverlayChart *m_chart;
};

} // namespace fettle::ui
