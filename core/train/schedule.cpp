#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fettle::train {

double Schedule::at(std::int64_t step) const
{
    const auto ratio = [](std::int64_t part, std::int64_t whole) {
        return static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(whole, 1));
    };
    if (step < warmupSteps)
        return learningRate * ratio(step, warmupSteps);
    switch (kind) {
    case ScheduleKind::Constant: return learningRate;
    case ScheduleKind::Linear: return learningRate * std::max(0.0, ratio(totalSteps - step, totalSteps - warmupSteps));
    case ScheduleKind::Cosine: {
        // The order of the factors is that of the reference, so that the doubles are equal to the last bit.
        const double progress = ratio(step - warmupSteps, totalSteps - warmupSteps);
        return learningRate * std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * 0.5 * 2.0 * progress)));
    }
    }
    return learningRate;
}

ScheduleKind scheduleFromName(std::string_view name)
{
    if (name == "cosine")
        return ScheduleKind::Cosine;
    return name == "constant" ? ScheduleKind::Constant : ScheduleKind::Linear;
}

std::int64_t warmupStepsOf(double warmup, std::int64_t totalSteps)
{
    const double steps = warmup < 1.0 ? std::ceil(static_cast<double>(totalSteps) * warmup) : std::floor(warmup);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(steps), 0, totalSteps);
}

} // namespace fettle::train
