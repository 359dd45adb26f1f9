#include "core/engine/adapterrecipe.h"

#include "core/base/words.h"
#include "core/engine/trainingdata.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace {

using train::Recipe;

std::string layersText(const std::vector<std::int64_t> &layers)
{
    return layers.empty() ? std::string("all") : fmt::format("{}", fmt::join(layers, ","));
}

template <class T>
std::string pairsText(const std::map<std::string, T> &pairs)
{
    std::vector<std::string> parts;
    for (const auto &[name, value] : pairs)
        parts.push_back(fmt::format("{}={}", name, value));
    return fmt::format("{}", fmt::join(parts, ","));
}

bool isSameModule(const tune::PlannedModule &a, const tune::PlannedModule &b) { return a.layer == b.layer && a.map == b.map; }

// Whether both go to the same maps: "all" and the list of all names do.
bool haveSamePlaces(const tune::LoraConfig &a, const tune::LoraConfig &b, const model::ModelConfig &model)
{
    const auto first = tune::planModules(model, a), second = tune::planModules(model, b);
    return first && second && std::ranges::equal(*first, *second, isSameModule);
}

Result<> fromLora(Recipe &recipe, const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto own = tune::readPeftConfig(folder);
    if (!own)
        return passError(own);
    const auto typed = loraConfig(recipe, model, {});
    recipe.values["rank"] = own->rank;
    recipe.values["alpha"] = own->alpha;
    recipe.values["rslora"] = own->isRankStabilised;
    recipe.values["dora"] = own->isDora;
    recipe.values["init"] = std::string("default"); // what began as PiSSA lies as plain LoRA in its file
    recipe.values["rankPattern"] = pairsText(own->rankPattern);
    recipe.values["alphaPattern"] = pairsText(own->alphaPattern);
    recipe.values["modulesToSave"] = own->savedModules.empty() ? std::string("none") : own->savedModules.size() > 1 ? std::string("embed_tokens,lm_head") : own->savedModules.front();
    if (typed && haveSamePlaces(*typed, *own, model))
        return {};
    const bool isAll = std::ranges::find(own->targets, tune::kAllLinear) != own->targets.end();
    recipe.values["targets"] = isAll || own->targets.empty() ? std::string("all") : fmt::format("{}", fmt::join(own->targets, ","));
    recipe.values["targetExpression"] = own->targetPattern;
    recipe.values["layers"] = layersText(own->layers);
    return {};
}

Result<> fromBottleneck(Recipe &recipe, const std::filesystem::path &folder, const model::ModelConfig &model)
{
    const auto own = tune::BottleneckAdapter::readConfig(folder);
    if (!own)
        return passError(own);
    recipe.values["kind"] = std::string(own->kind == tune::BottleneckKind::Double ? "double" : own->kind == tune::BottleneckKind::Parallel ? "parallel" : "sequential");
    recipe.values["reductionFactor"] = own->reductionFactor;
    recipe.values["activation"] = std::string(tune::nameOf(own->activation));
    recipe.values["scaling"] = own->scaling;
    std::vector<std::int64_t> layers;
    for (std::int64_t layer = 0; layer < model.layers && !own->leftOut.empty(); ++layer) {
        if (std::ranges::find(own->leftOut, layer) == own->leftOut.end())
            layers.push_back(layer);
    }
    auto typed = train::parseLayers(recipe.text("layers"));
    if (!typed || *typed != layers)
        recipe.values["layers"] = layersText(layers);
    return {};
}

Result<> fromIa3(Recipe &recipe, const std::filesystem::path &folder)
{
    const auto own = tune::Ia3Adapter::readConfig(folder);
    if (!own)
        return passError(own);
    if (own->targetPattern.empty() && own->feedForwardPattern.empty()) { // expressions have no place in a recipe of this method
        recipe.values["scaledModules"] = fmt::format("{}", fmt::join(own->targets, ","));
        if (!own->feedForward.empty()) // a recipe cannot say "none"
            recipe.values["inputScaled"] = fmt::format("{}", fmt::join(own->feedForward, ","));
    }
    return {};
}

Result<> fromSoftPrompt(Recipe &recipe, const std::filesystem::path &folder)
{
    if (recipe.method == "prompt") {
        const auto own = tune::PromptTuning::readConfig(folder);
        if (!own)
            return passError(own);
        recipe.values["virtualTokens"] = own->virtualTokens;
        return {};
    }
    const auto own = tune::PrefixTuning::readConfig(folder);
    if (!own)
        return passError(own);
    recipe.values["virtualTokens"] = own->virtualTokens;
    recipe.values["projection"] = own->hasProjection;
    recipe.values["projectionWidth"] = own->projectionWidth;
    return {};
}

std::string shown(const nlohmann::json &value)
{
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    return text.empty() ? tr("nothing") : text.substr(0, 60);
}

} // namespace

Result<AdapterRecipe> recipeOfAdapter(const Recipe &wanted, const std::filesystem::path &folder, const model::ModelConfig &model)
{
    AdapterRecipe made{wanted, {}};
    if (wanted.method == "full")
        return made;
    auto read = wanted.method == "lora"         ? fromLora(made.recipe, folder, model)
                : wanted.method == "bottleneck" ? fromBottleneck(made.recipe, folder, model)
                : wanted.method == "ia3"        ? fromIa3(made.recipe, folder)
                                                : fromSoftPrompt(made.recipe, folder);
    if (!read)
        return passError(read);
    if (auto valid = train::validate(made.recipe); !valid)
        return passError(valid);
    const auto before = train::recipeToJson(wanted), after = train::recipeToJson(made.recipe);
    for (const auto &[key, value] : after.items()) {
        if (before.contains(key) && before[key] != value)
            made.changed.push_back(tr("{} {} instead of {}", key, shown(value), shown(before[key])));
    }
    return made;
}

} // namespace fettle::engine
