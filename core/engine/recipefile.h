// Recipes as files that people save, send on and load: what `fettle train --recipe` reads.
#pragma once

#include "core/train/settings.h"

#include <filesystem>

namespace fettle::engine {

// Errors: NotFound, NoPermission, BadInput and Usage (what is no recipe, or names a setting that does not exist).
[[nodiscard]] Result<train::Recipe> readRecipe(const std::filesystem::path &file);
[[nodiscard]] std::string recipeText(const train::Recipe &recipe);

} // namespace fettle::engine
