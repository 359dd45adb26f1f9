// The settings that an adapter brings along when a run goes on from it: its rank, its places, its virtual tokens cannot be chosen any more.
// Internal header of the engine.
#pragma once

#include "core/model/config.h"
#include "core/train/settings.h"

#include <filesystem>
#include <string>
#include <vector>

namespace fettle::engine {

struct AdapterRecipe {
    train::Recipe recipe;             // with the adapter's own values
    std::vector<std::string> changed; // "rank 16 instead of 8": what was asked for otherwise
};
// folder: of an adapter of the recipe's method. Errors: BadInput naming file and setting (another kind of adapter, a setting that is not supported);
// Usage (a value that no recipe can hold).
[[nodiscard]] Result<AdapterRecipe> recipeOfAdapter(const train::Recipe &wanted, const std::filesystem::path &folder, const model::ModelConfig &model);

} // namespace fettle::engine
