// The numbers of a run as its charts draw them: one series for each quantity, and the place of every step on the axis that they share.
// Follows the run step by step; for a long run the first time is as long as the run and belongs off the GUI thread. Knows no widget.
#pragma once

#include "ui/runs/axisscale.h"
#include "ui/runs/stepseries.h"

namespace fettle::ui {

class RunSeries {
public:
    // axis: what x counts. smoothing: weight of the smoothed loss, see Smoother.
    explicit RunSeries(RunAxis axis = RunAxis::Steps, double smoothing = 0);

    void follow(const RunCurves &curves); // takes what is new; everything anew where the curve was begun anew
    void setAxis(RunAxis axis, const RunCurves &curves);
    void setSmoothing(double weight);
    [[nodiscard]] RunAxis axis() const { return m_axis; }
    [[nodiscard]] double smoothing() const { return m_weight; }
    [[nodiscard]] std::size_t size() const { return loss.size(); }

    StepSeries x; // in units of the axis
    StepSeries loss, smooth, learningRate, gradNorm, accuracy, tokensPerSecond, peakBytes;

private:
    void clear();

    RunAxis m_axis;
    double m_weight;
    Smoother m_smoother;
    std::uint64_t m_beginning = 0; // of the curve that was followed
};

} // namespace fettle::ui
