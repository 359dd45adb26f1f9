// What the horizontal axis of the charts counts: steps, tokens, epochs or minutes, and the way from one to the other. Between two steps and
// beyond the last one it goes on in a straight line. Knows no widget.
#pragma once

#include "ui/runs/charttheme.h"
#include "ui/runs/runcurves.h"

namespace fettle::ui {

enum class RunAxis { Steps, Tokens, Epochs, Minutes };
[[nodiscard]] constexpr AxisCounts axisCounts(RunAxis axis) { return axis == RunAxis::Steps || axis == RunAxis::Tokens ? AxisCounts::Whole : AxisCounts::Parts; }

// Where a step lies on that axis.
[[nodiscard]] double axisValue(const engine::MetricPoint &point, RunAxis axis);

class AxisScale {
public:
    // curves must outlive the scale.
    explicit AxisScale(const RunCurves &curves) : m_curves(curves) {}

    void setAxis(RunAxis axis) { m_axis = axis; }
    [[nodiscard]] RunAxis axis() const { return m_axis; }
    [[nodiscard]] double toValue(double step) const;
    [[nodiscard]] double toStep(double value) const;

private:
    [[nodiscard]] double valueOf(const engine::MetricPoint &point) const { return axisValue(point, m_axis); }

    const RunCurves &m_curves;
    RunAxis m_axis = RunAxis::Steps;
};

} // namespace fettle::ui
