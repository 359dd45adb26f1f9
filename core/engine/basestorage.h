// How much room the base of a run takes as its recipe keeps it in memory. Internal header of the engine.
#pragma once

#include "core/engine/trainingdata.h"

#include <cstdint>

namespace fettle::engine {

// Bytes of the weights in memory. Reads no values. Errors: those of the files and of the recipe.
[[nodiscard]] Result<std::int64_t> weightBytes(const StartPoint &start);

} // namespace fettle::engine
