// A run to be repeated elsewhere, on larger machines: its data, its recipe, ready configurations for the usual trainers, and the losses that show that
// the other trainer reads the data in the same way. Internal header of the engine.
#pragma once

#include "core/engine/delivery.h"

namespace fettle::engine {

// Errors: Usage (no run of a project), BadInput, NoPermission, DiskFull, Cancelled; the folder appears complete or not at all.
[[nodiscard]] Result<ExportResult> exportBundle(const ExportRequest &request, const Project *project, const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::engine
