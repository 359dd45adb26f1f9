// Between the loop and its listeners: reports go to the recorder, wishes of the user to the loop, and Pausing and Stopping are announced
// as soon as a wish is seen. Internal header of the engine.
#pragma once

#include "core/engine/runrecorder.h"

#include <stop_token>

namespace fettle::engine {

// All arguments must outlive the hooks. control may be null.
[[nodiscard]] train::TrainerHooks hooksFor(RunRecorder &recorder, const RunControl *control, std::stop_token stop);

} // namespace fettle::engine
