// The learning rate over the run. Same values as the schedules of transformers, step by step.
#pragma once

#include <cstdint>
#include <string_view>

namespace fettle::train {

enum class ScheduleKind { Linear, Cosine, Constant };

struct Schedule {
    ScheduleKind kind = ScheduleKind::Linear;
    double learningRate = 2e-4;     // the highest value
    std::int64_t warmupSteps = 0;
    std::int64_t totalSteps = 1;

    // The rate of optimiser step number step, from 0. With a warm-up, step 0 has rate 0.
    [[nodiscard]] double at(std::int64_t step) const;
};

[[nodiscard]] ScheduleKind scheduleFromName(std::string_view name); // "linear", "cosine", "constant"
// warmup below 1 is a share of the run (rounded up), from 1 on a number of steps; never more than totalSteps.
[[nodiscard]] std::int64_t warmupStepsOf(double warmup, std::int64_t totalSteps);

} // namespace fettle::train
