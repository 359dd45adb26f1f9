// See runseries.h.
#include "ui/runs/runseries.h"

namespace fettle::ui {

RunSeries::RunSeries(RunAxis axis, double smoothing) : m_axis(axis), m_weight(smoothing), m_smoother(smoothing) {}

void RunSeries::clear()
{
    for (StepSeries *series : {&x, &loss, &smooth, &learningRate, &gradNorm, &accuracy, &tokensPerSecond, &peakBytes})
        series->clear();
    m_smoother = Smoother(m_weight);
}

void RunSeries::follow(const RunCurves &curves)
{
    if (curves.beginning != m_beginning || curves.points.size() < size())
        clear();
    m_beginning = curves.beginning;
    if (size() == 0) {
        for (StepSeries *series : {&x, &loss, &smooth, &learningRate, &gradNorm, &accuracy, &tokensPerSecond, &peakBytes})
            series->reserve(curves.points.size());
    }
    for (std::size_t i = size(); i < curves.points.size(); ++i) {
        const engine::MetricPoint &point = curves.points[i];
        x.append(axisValue(point, m_axis));
        loss.append(point.loss);
        smooth.append(m_smoother.next(point.loss));
        learningRate.append(point.learningRate);
        gradNorm.append(point.gradNorm);
        accuracy.append(point.accuracy);
        tokensPerSecond.append(point.tokensPerSecond);
        peakBytes.append(double(point.peakBytes));
    }
}

void RunSeries::setAxis(RunAxis axis, const RunCurves &curves)
{
    if (axis == m_axis)
        return;
    m_axis = axis;
    follow(curves);
    x.clear();
    for (const engine::MetricPoint &point : curves.points)
        x.append(axisValue(point, m_axis));
}

void RunSeries::setSmoothing(double weight)
{
    if (weight == m_weight)
        return;
    m_weight = weight;
    m_smoother = Smoother(weight);
    smooth.clear();
    for (std::size_t i = 0; i < loss.size(); ++i)
        smooth.append(m_smoother.next(loss[i]));
}

} // namespace fettle::ui
