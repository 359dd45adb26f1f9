#include "core/engine/runoutcome.h"

#include <algorithm>
#include <cmath>

namespace fettle::engine {

RunOutcome outcomeOf(const RunInfo &run, std::span<const MetricPoint> points, std::span<const EvalPoint> evals)
{
    RunOutcome outcome;
    outcome.trainLoss = run.trainLoss;
    for (const MetricPoint &point : points)
        outcome.peakBytes = std::max(outcome.peakBytes, point.peakBytes);
    for (const EvalPoint &eval : evals) {
        if (!std::isfinite(eval.loss))
            continue;
        if (!outcome.bestLoss || eval.loss < *outcome.bestLoss) {
            outcome.bestLoss = eval.loss;
            outcome.bestStep = eval.step;
        }
        outcome.lastLoss = eval.loss;
        outcome.lastStep = eval.step;
    }
    return outcome;
}

bool isSameContent(std::span<const data::Record> some, std::span<const data::Record> others)
{
    return std::ranges::equal(some, others, [](const data::Record &a, const data::Record &b) { return data::contentHash(a) == data::contentHash(b); });
}

} // namespace fettle::engine
