// See runcurves.h.
#include "ui/runs/runcurves.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace fettle::ui {

namespace {

constexpr int kMostEpochs = 10'000; // a recipe with more has its lines left out, they would cover the picture

} // namespace

std::uint64_t newBeginning()
{
    static std::atomic<std::uint64_t> newest = 0;
    return ++newest;
}

void appendPoints(RunCurves &curves, const std::vector<engine::MetricPoint> &points)
{
    for (const engine::MetricPoint &point : points) {
        if (!curves.points.empty() && curves.points.back().step >= point.step) {
            curves.points.erase(std::ranges::lower_bound(curves.points, point.step, {}, &engine::MetricPoint::step), curves.points.end());
            curves.beginning = newBeginning();
            std::erase_if(curves.evals, [&](const engine::EvalPoint &known) { return known.step >= point.step; });
            std::erase_if(curves.general, [&](const engine::GeneralPoint &known) { return known.step >= point.step; });
            std::erase_if(curves.checkpoints, [&](const engine::CheckpointInfo &known) { return known.step >= point.step; });
        }
        curves.points.push_back(point);
    }
}

void appendEval(RunCurves &curves, const engine::EvalPoint &point)
{
    std::erase_if(curves.evals, [&](const engine::EvalPoint &known) { return known.step >= point.step; });
    curves.evals.push_back(point);
}

void appendGeneral(RunCurves &curves, const engine::GeneralPoint &point)
{
    std::erase_if(curves.general, [&](const engine::GeneralPoint &known) { return known.step >= point.step; });
    curves.general.push_back(point);
}

std::optional<double> forgettingLimit(const RunCurves &curves)
{
    constexpr double kShare = 0.1, kLeast = 0.15; // nats
    if (curves.general.empty() || curves.general.front().step != 0)
        return {};
    const double before = curves.general.front().loss;
    return before + std::max(kLeast, kShare * before);
}

void putCheckpoint(RunCurves &curves, const engine::CheckpointInfo &checkpoint)
{
    std::erase_if(curves.checkpoints, [&](const engine::CheckpointInfo &known) { return known.step == checkpoint.step; });
    curves.checkpoints.push_back(checkpoint);
    std::ranges::sort(curves.checkpoints, {}, &engine::CheckpointInfo::step);
}

std::optional<std::int64_t> stepBeforeGap(const RunCurves &curves)
{
    std::int64_t before = 0;
    for (const engine::MetricPoint &point : curves.points) {
        if (point.step > before + 1)
            return before;
        before = point.step;
    }
    return {};
}

std::vector<EpochStart> epochStarts(const RunCurves &curves)
{
    std::vector<EpochStart> starts;
    if (curves.points.empty() || curves.points.back().epoch <= 0)
        return starts;
    const engine::MetricPoint &last = curves.points.back();
    const double stepsPerEpoch = double(last.step) / last.epoch;
    const double end = double(std::max(curves.steps, last.step));
    if (stepsPerEpoch <= 0 || end / stepsPerEpoch > kMostEpochs)
        return starts;
    for (int epoch = 2; double(epoch - 1) * stepsPerEpoch < end - 0.5; ++epoch)
        starts.push_back({double(epoch - 1) * stepsPerEpoch, epoch});
    return starts;
}

std::ptrdiff_t pointIndex(const RunCurves &curves, double step)
{
    const auto after = std::ranges::upper_bound(curves.points, step, {}, [](const engine::MetricPoint &point) { return double(point.step); });
    return after - curves.points.begin() - 1;
}

const engine::EvalPoint *evalAt(const RunCurves &curves, double step)
{
    const engine::EvalPoint *found = nullptr;
    for (const engine::EvalPoint &eval : curves.evals) {
        if (double(eval.step) <= step)
            found = &eval;
    }
    return found;
}

std::vector<std::int64_t> stopsOf(const RunCurves &curves)
{
    std::vector<std::int64_t> stops = curves.answered;
    for (const engine::CheckpointInfo &checkpoint : curves.checkpoints)
        stops.push_back(checkpoint.step);
    std::ranges::sort(stops);
    stops.erase(std::ranges::unique(stops).begin(), stops.end());
    return stops;
}

bool hasCheckpoint(const RunCurves &curves, std::optional<std::int64_t> step)
{
    return step && std::ranges::find(curves.checkpoints, *step, &engine::CheckpointInfo::step) != curves.checkpoints.end();
}

std::optional<std::int64_t> bestCheckpoint(const RunCurves &curves)
{
    const engine::CheckpointInfo *best = nullptr;
    for (const engine::CheckpointInfo &checkpoint : curves.checkpoints) {
        if (checkpoint.evalLoss && (!best || *checkpoint.evalLoss < *best->evalLoss))
            best = &checkpoint;
    }
    return best ? std::optional(best->step) : std::nullopt;
}

} // namespace fettle::ui
