// The base model's own loss on every record of a project, before any run: computed on demand, kept with the text, shown as findings.
#pragma once

#include "core/data/autopsy.h"
#include "core/engine/training.h"

namespace fettle::engine {

// Measures what has no loss of this model yet and judges all of it anew. What was measured stays when it is cancelled.
// model: as resolveModel. Errors: those of the model and the project, BadInput (no record can be read by the model), Cancelled.
[[nodiscard]] Result<data::AutopsySummary> runAutopsy(Project &project, const std::string &model, const ComputeOptions &compute = {},
                                                      const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
