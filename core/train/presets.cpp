// The three presets: settings that are known to work, scaled with the number of rows.
//
// Quick is the sample project's trial (rank 16, learning rate 1e-3, five epochs over some 250 rows); the others use a
// gentler rate for longer, as the adapters of Axolotl and LLaMA-Factory do. Few rows need many epochs, many rows need few: what is held
// constant is roughly how many rows are read in all.
#include "core/base/words.h"
#include "core/train/settings.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::train {
namespace {

struct PresetNumbers {
    std::string_view name;
    double rowsRead; // rows times epochs that the preset aims at
    double fewestEpochs, mostEpochs;
    std::int64_t rank;
    double learningRate;
    const char *schedule;
    double warmup;
    double dropout;
};

constexpr PresetNumbers kPresets[] = {
    {"quick", 1250, 1, 5, 16, 1e-3, "linear", 0.05, 0.0},
    {"balanced", 4000, 2, 12, 16, 5e-4, "cosine", 0.05, 0.0},
    {"thorough", 12000, 3, 20, 32, 2e-4, "cosine", 0.05, 0.05},
};

// The presets' rates are those of LoRA. The fewer numbers a method trains, the larger the corrections that they take (engine-facts 1.7).
double rateFactor(std::string_view method)
{
    if (method == "full")
        return 0.1;
    if (method == "ia3")
        return 5;
    if (method == "prefix")
        return 10;
    return method == "prompt" ? 30 : 1;
}

} // namespace

Recipe presetRecipe(Preset preset, std::string_view method, std::int64_t trainRows)
{
    const PresetNumbers &numbers = kPresets[static_cast<std::size_t>(preset)];
    const double rows = static_cast<double>(std::max<std::int64_t>(trainRows, 1));
    Recipe recipe;
    recipe.method = std::string(method);
    recipe.values["epochs"] = std::clamp(std::round(numbers.rowsRead / rows), numbers.fewestEpochs, numbers.mostEpochs);
    recipe.values["learningRate"] = numbers.learningRate * rateFactor(method);
    recipe.values["schedule"] = std::string(numbers.schedule);
    recipe.values["warmup"] = numbers.warmup;
    // Fewer than 200 rows give too few corrections with eight rows a step.
    recipe.values["rowsPerStep"] = std::int64_t{rows < 200 ? 4 : rows < 5000 ? 8 : 16};
    if (method == "lora") {
        recipe.values["rank"] = numbers.rank;
        recipe.values["alpha"] = static_cast<double>(2 * numbers.rank);
    }
    if (method == "lora" || method == "bottleneck")
        recipe.values["dropout"] = numbers.dropout;
    return recipe;
}

Result<Preset> presetFromName(std::string_view name)
{
    for (std::size_t i = 0; i < std::size(kPresets); ++i) {
        if (kPresets[i].name == name)
            return static_cast<Preset>(i);
    }
    return fail(ErrorCode::Usage, tr("There is no preset \"{}\".", name), tr("Presets are quick, balanced, thorough."));
}

} // namespace fettle::train
