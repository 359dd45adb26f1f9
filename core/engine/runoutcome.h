// What came of a run in a few numbers, so that runs can be set side by side. Values in, values out; reads no project.
#pragma once

#include "core/engine/project.h"

namespace fettle::engine {

struct RunOutcome {
    std::optional<double> bestLoss, lastLoss;       // held out; none: never measured
    std::int64_t bestStep = 0, lastStep = 0;        // where they were measured
    std::optional<double> trainLoss;                // as the run reports it
    std::int64_t peakBytes = 0;                     // the most memory that it needed; 0: not measured
    std::optional<std::int64_t> trainedParameters;  // none: the base model is not here any more
};

// trainedParameters is left to the caller: it needs the base model.
[[nodiscard]] RunOutcome outcomeOf(const RunInfo &run, std::span<const MetricPoint> points, std::span<const EvalPoint> evals);

// The same questions with the same answers in the same order: losses measured on both can be compared.
[[nodiscard]] bool isSameContent(std::span<const data::Record> some, std::span<const data::Record> others);

} // namespace fettle::engine
