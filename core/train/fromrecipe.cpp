#include "core/train/fromrecipe.h"

#include <algorithm>
#include <cmath>

namespace fettle::train {

BatchSettings batchSettings(const Recipe &recipe)
{
    BatchSettings settings;
    settings.rowsPerStep = recipe.integer("rowsPerStep") * recipe.integer("gradientAccumulation");
    settings.tokensPerMicroBatch = recipe.integer("tokensPerMicroBatch");
    settings.isPacked = recipe.boolean("packing");
    settings.isShuffled = recipe.text("sampler") != "sequential";
    settings.seed = static_cast<std::uint64_t>(recipe.integer("seed"));
    return settings;
}

std::int64_t totalSteps(const Recipe &recipe, std::int64_t stepsPerEpoch)
{
    if (const std::int64_t steps = recipe.integer("maxSteps"); steps > 0)
        return steps;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(recipe.real("epochs") * static_cast<double>(stepsPerEpoch))));
}

Schedule scheduleOf(const Recipe &recipe, std::int64_t steps)
{
    Schedule schedule;
    schedule.kind = scheduleFromName(recipe.text("schedule"));
    schedule.learningRate = recipe.real("learningRate");
    schedule.totalSteps = steps;
    schedule.warmupSteps = warmupStepsOf(recipe.real("warmup"), steps);
    return schedule;
}

} // namespace fettle::train
