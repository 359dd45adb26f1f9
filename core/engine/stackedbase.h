// The base with what was learnt written into it, as a model of its own inside the project: what a new adapter is stacked on.
#pragma once

#include "core/base/progress.h"
#include "core/engine/project.h"

#include <filesystem>
#include <stop_token>
#include <string>

namespace fettle::engine {

// adapter: as resolveAdapter. A model folder below PROJECT/bases in full precision, made and proved at the first call and found again later; the
// result of full fine-tuning is one already. Errors: NotFound; those of exportAdapter (a method that cannot be merged says so); Cancelled.
[[nodiscard]] Result<std::filesystem::path> mergedBase(const Project &project, const std::string &model, const std::string &adapter,
                                                       const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
