#include "core/engine/recipefile.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"

namespace fettle::engine {

Result<train::Recipe> readRecipe(const std::filesystem::path &file)
{
    constexpr std::int64_t kLargest = 1 << 20;
    auto json = io::readJsonFile(file, {.maxBytes = kLargest});
    if (!json)
        return passError(json);
    auto recipe = train::recipeFromJson(*json);
    if (!recipe)
        return fail(recipe.error().code, tr("{} cannot be used: {}", file.filename().string(), recipe.error().message), recipe.error().hint);
    return recipe;
}

std::string recipeText(const train::Recipe &recipe) { return recipeToJson(recipe).dump(2) + "\n"; }

} // namespace fettle::engine
