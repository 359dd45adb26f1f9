// Configurations of TRL, Axolotl and LLaMA-Factory that say what a recipe says. Internal header of the engine.
#pragma once

#include "core/train/settings.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fettle::engine {

enum class HeldOutRows { None, Some };

// Names inside the bundle and texts. steps: of the run. base: folder of the model, relative to the bundle or absolute.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> bundleConfigs(const train::Recipe &recipe, const std::string &base, const std::string &runName,
                                                                             const nlohmann::ordered_json &expected, HeldOutRows heldOut, std::int64_t steps);

} // namespace fettle::engine
