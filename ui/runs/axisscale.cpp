// See axisscale.h.
#include "ui/runs/axisscale.h"

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr double kSecondsPerMinute = 60;

// y at x on the line through two points; the first y where they lie on one another.
double onLine(double x, double x0, double y0, double x1, double y1)
{
    return x1 > x0 ? y0 + (x - x0) / (x1 - x0) * (y1 - y0) : y0;
}

} // namespace

double axisValue(const engine::MetricPoint &point, RunAxis axis)
{
    switch (axis) {
    case RunAxis::Tokens: return double(point.tokens);
    case RunAxis::Epochs: return point.epoch;
    case RunAxis::Minutes: return point.seconds / kSecondsPerMinute;
    case RunAxis::Steps: break;
    }
    return double(point.step);
}

double AxisScale::toValue(double step) const
{
    const auto &points = m_curves.points;
    if (m_axis == RunAxis::Steps || points.empty() || step <= 0)
        return step;
    const auto after = std::ranges::lower_bound(points, step, {}, [](const engine::MetricPoint &point) { return double(point.step); });
    if (after == points.begin())
        return onLine(step, 0, 0, double(after->step), valueOf(*after));
    if (after == points.end()) // as fast as so far
        return valueOf(points.back()) * step / std::max(1.0, double(points.back().step));
    const auto before = std::prev(after);
    return onLine(step, double(before->step), valueOf(*before), double(after->step), valueOf(*after));
}

double AxisScale::toStep(double value) const
{
    const auto &points = m_curves.points;
    if (m_axis == RunAxis::Steps || points.empty() || value <= 0)
        return value;
    const auto after = std::ranges::lower_bound(points, value, {}, [this](const engine::MetricPoint &point) { return valueOf(point); });
    if (after == points.begin())
        return onLine(value, 0, 0, valueOf(*after), double(after->step));
    if (after == points.end())
        return value * double(points.back().step) / std::max(1e-12, valueOf(points.back()));
    const auto before = std::prev(after);
    return onLine(value, valueOf(*before), double(before->step), valueOf(*after), double(after->step));
}

} // namespace fettle::ui
