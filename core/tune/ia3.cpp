#include "core/tune/ia3.h"

#include "core/base/words.h"
#include "core/tune/peftconfig.h"
#include "core/tune/targets.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::tune {

using model::LinearMap;

namespace {

// As PEFT: a list names a module or the end of its path behind a dot; a feed-forward name is compared with the end of the path alone.
Result<bool> isNamed(const std::vector<std::string> &names, const std::string &pattern, std::string_view path)
{
    if (!pattern.empty())
        return fullMatch(pattern, path);
    return std::any_of(names.begin(), names.end(), [&](const std::string &name) { return name == path || path.ends_with("." + name); });
}

Result<bool> isFeedForward(const Ia3Config &config, std::string_view path)
{
    if (!config.feedForwardPattern.empty())
        return fullMatch(config.feedForwardPattern, path);
    return std::any_of(config.feedForward.begin(), config.feedForward.end(), [&](const std::string &name) { return path.ends_with(name); });
}

struct GainPlace { std::int64_t layer; LinearMap map; bool isInput; std::int64_t size; };

Result<std::vector<GainPlace>> gainPlacesOf(const Ia3Config &config, const model::ModelConfig &model, const std::vector<std::int64_t> &layers)
{
    std::vector<GainPlace> places;
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
        if (!layers.empty() && std::find(layers.begin(), layers.end(), layer) == layers.end())
            continue;
        for (const LinearMap map : model::linearMaps(model)) {
            const std::string path = model::linearName(layer, map);
            auto isTargeted = isNamed(config.targets, config.targetPattern, path);
            if (!isTargeted)
                return passError(isTargeted);
            auto isInput = isFeedForward(config, path);
            if (!isInput)
                return passError(isInput);
            if (*isTargeted)
                places.push_back({layer, map, *isInput, *isInput ? model::inputSize(model, map) : model::outputSize(model, map)});
        }
    }
    if (places.empty()) {
        return fail(ErrorCode::Usage, tr("The model has no module that matches the targets ({}).",
                                                  config.targetPattern.empty() ? fmt::format("{}", fmt::join(config.targets, ", ")) : config.targetPattern),
                    tr("Use some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, and layers that exist."));
    }
    return places;
}

std::string nameOfFactors(std::int64_t layer, LinearMap map) { return fmt::format("base_model.model.{}.ia3_l", model::linearName(layer, map)); }

std::vector<std::int64_t> shapeOf(const GainPlace &place)
{
    return place.isInput ? std::vector<std::int64_t>{1, place.size} : std::vector<std::int64_t>{place.size, 1};
}

} // namespace

Result<std::int64_t> ia3Parameters(const Ia3Config &config, const model::ModelConfig &model, const std::vector<std::int64_t> &layers)
{
    auto places = gainPlacesOf(config, model, layers);
    if (!places)
        return passError(places);
    std::int64_t count = 0;
    for (const GainPlace &place : *places)
        count += place.size;
    return count;
}

Result<std::shared_ptr<Ia3Adapter>> Ia3Adapter::create(const model::ModelConfig &model, Ia3Config config, const std::vector<std::int64_t> &layers)
{
    auto places = gainPlacesOf(config, model, layers);
    if (!places)
        return passError(places);
    std::vector<Module> modules;
    for (const GainPlace &place : *places)
        modules.push_back({place.layer, place.map, place.isInput, at::ones(shapeOf(place), at::kFloat)});
    if (!layers.empty()) { // PEFT's IA3 has no choice of layers: the modules are written out
        config.targetPattern.clear();
        config.feedForwardPattern.clear();
        config.targets.clear();
        config.feedForward.clear();
        for (const GainPlace &place : *places) {
            config.targets.push_back(model::linearName(place.layer, place.map));
            if (place.isInput)
                config.feedForward.push_back(config.targets.back());
        }
    } else if (config.targetPattern.empty() && config.feedForwardPattern.empty()) { // PEFT wants them to be among the targets
        std::erase_if(config.feedForward, [&](const std::string &name) { return std::find(config.targets.begin(), config.targets.end(), name) == config.targets.end(); });
    }
    return std::shared_ptr<Ia3Adapter>(new Ia3Adapter(std::move(config), std::move(modules)));
}

std::vector<NamedParameter> Ia3Adapter::parameters() const
{
    std::vector<NamedParameter> list;
    for (const Module &module : m_modules)
        list.push_back({nameOfFactors(module.layer, module.map), module.factors});
    return list;
}

at::Tensor Ia3Adapter::factorsOf(const Module &module) const { return (module.factors.reshape({-1}) - 1.0) * strength() + 1.0; }

std::optional<model::Gain> Ia3Adapter::gain(std::int64_t layer, LinearMap map, const model::LinearWeight &) const
{
    for (const Module &module : m_modules) {
        if (!isSilent() && module.layer == layer && module.map == map)
            return model::Gain{factorsOf(module), module.isInput ? model::Gain::Place::Input : model::Gain::Place::Output};
    }
    return {};
}

at::Tensor Ia3Adapter::mergedTensor(const model::ModelWeights &weights, std::string_view name) const
{
    const at::NoGradGuard guard;
    const auto dot = name.rfind('.');
    const bool isBias = name.ends_with(".bias");
    for (const Module &module : m_modules) {
        if (strength() == 0.0 || model::linearName(module.layer, module.map) != name.substr(0, dot) || (isBias && module.isInput))
            continue;
        const at::Tensor factors = factorsOf(module), base = weights.tensor(name);
        return isBias || module.isInput ? base * factors : base * factors.unsqueeze(1);
    }
    return weights.tensor(name);
}

Result<> Ia3Adapter::save(const std::filesystem::path &folder) const
{
    const auto listOf = [](std::vector<std::string> names, const std::string &pattern) {
        std::sort(names.begin(), names.end());
        return pattern.empty() ? nlohmann::json(names) : nlohmann::json(pattern);
    };
    nlohmann::json config = commonPeftConfig("IA3", m_config.baseModel);
    config["fan_in_fan_out"] = std::any_of(m_modules.begin(), m_modules.end(),
                                           [](const Module &module) { return model::linearName(0, module.map).starts_with("transformer.h."); });
    config["feedforward_modules"] = listOf(m_config.feedForward, m_config.feedForwardPattern);
    config["init_ia3_weights"] = true;
    config["modules_to_save"] = nullptr;
    config["target_modules"] = listOf(m_config.targets, m_config.targetPattern);
    return writePeftFolder(folder, config, parameters());
}

Result<Ia3Config> Ia3Adapter::readConfig(const std::filesystem::path &folder)
{
    auto file = readPeftConfigFile(folder, "IA3", {"fan_in_fan_out", "feedforward_modules", "init_ia3_weights", "target_modules"});
    if (!file)
        return passError(file);
    Ia3Config config;
    config.baseModel = file->baseModel;
    for (const auto &[field, names, pattern] : {std::tuple{"target_modules", &config.targets, &config.targetPattern},
                                                std::tuple{"feedforward_modules", &config.feedForward, &config.feedForwardPattern}}) {
        auto read = namesOrPattern(file->object, field, file->source);
        if (!read)
            return passError(read);
        *names = std::move(read->names);
        *pattern = std::move(read->pattern);
    }
    return config;
}

Result<std::shared_ptr<Ia3Adapter>> Ia3Adapter::load(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto config = readConfig(folder);
    if (!config)
        return passError(config);
    auto places = gainPlacesOf(*config, model, {});
    if (!places)
        return passError(places);
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected;
    for (const GainPlace &place : *places)
        expected.emplace_back(nameOfFactors(place.layer, place.map), shapeOf(place));
    auto tensors = readPeftTensors(folder, expected);
    if (!tensors)
        return passError(tensors);
    std::vector<Module> modules;
    for (std::size_t i = 0; i < places->size(); ++i)
        modules.push_back({(*places)[i].layer, (*places)[i].map, (*places)[i].isInput, (*tensors)[i]});
    return std::shared_ptr<Ia3Adapter>(new Ia3Adapter(std::move(*config), std::move(modules)));
}

} // namespace fettle::tune
