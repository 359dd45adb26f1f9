// What the settings of a recipe mean for the parts of the loop: rows of a step, number of steps, learning rates, optimiser.
#pragma once

#include "core/train/batches.h"
#include "core/train/schedule.h"
#include "core/train/settings.h"

#include <cstdint>

namespace fettle::train {

// The effective batch size is rowsPerStep times gradientAccumulation.
[[nodiscard]] BatchSettings batchSettings(const Recipe &recipe);
// Optimiser steps of a run: maxSteps, else epochs times steps per epoch, rounded up.
[[nodiscard]] std::int64_t totalSteps(const Recipe &recipe, std::int64_t stepsPerEpoch);
[[nodiscard]] Schedule scheduleOf(const Recipe &recipe, std::int64_t steps);

} // namespace fettle::train
