// transformers' config classes: "layer_types" where it is written, else each family's own rule.
#include "core/model/layerkinds.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"

#include <algorithm>

namespace fettle::model {

namespace {

using io::jsonField;
using nlohmann::json;

constexpr std::int64_t kMostLayers = 1000; // checkConfig refuses more

// A list with one entry for each layer; empty when it is not there.
Result<std::vector<bool>> layerList(const json &object, const char *field, std::string_view source, Result<bool> (*read)(const json &, std::string_view))
{
    std::vector<bool> layers;
    const auto found = object.find(field);
    if (found == object.end() || found->is_null())
        return layers;
    if (!found->is_array() || found->size() > static_cast<std::size_t>(kMostLayers))
        return fail(ErrorCode::BadInput, tr("{}: \"{}\" is not a list of layers.", source, field), tr("Download the file again."));
    for (const json &value : *found) {
        auto is = read(value, source);
        if (!is)
            return passError(is);
        layers.push_back(*is);
    }
    return layers;
}

Result<bool> isSliding(const json &value, std::string_view source)
{
    const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
    if (name == "sliding_attention")
        return true;
    if (name == "full_attention")
        return false;
    return fail(ErrorCode::BadInput, tr("{}: layers of the kind \"{}\" are not supported.", source, name.substr(0, 40)), tr("Use a model without this feature."));
}

Result<bool> isUnrotated(const json &value, std::string_view source)
{
    if (value.is_number_integer() || value.is_boolean())
        return value.is_boolean() ? !value.get<bool>() : value.get<std::int64_t>() == 0;
    return fail(ErrorCode::BadInput, tr("{}: \"no_rope_layers\" holds something that is neither 0 nor 1.", source), tr("Download the file again."));
}

// The window itself, 0 for none, and how many layers share a pattern.
struct WindowFields {
    std::int64_t window = 0, pattern = 0, firstSliding = 0;
};

Result<WindowFields> windowFields(const json &object, std::string_view source, const ModelConfig &config)
{
    const bool isAbsent = !object.contains("sliding_window");
    const bool isOptional = config.family == Family::Qwen2 || config.family == Family::Qwen3 || config.family == Family::SmolLm3;
    const bool hasDefault = config.family != Family::Phi3 && config.family != Family::SmolLm3;
    auto window = jsonField<std::int64_t>(object, "sliding_window", source, std::int64_t{isAbsent && hasDefault ? 4096 : 0});
    auto isUsed = jsonField<bool>(object, "use_sliding_window", source, !isOptional);
    auto pattern = jsonField<std::int64_t>(object, config.family == Family::SmolLm3 ? "no_rope_layer_interval" : "sliding_window_pattern", source,
                                           std::int64_t{config.family == Family::Gemma3 ? 6 : 4});
    auto first = jsonField<std::int64_t>(object, "max_window_layers", source, std::int64_t{28});
    if (!window)
        return passError(window);
    if (!isUsed)
        return passError(isUsed);
    if (!pattern)
        return passError(pattern);
    if (!first)
        return passError(first);
    if (*pattern < 1)
        return fail(ErrorCode::BadInput, tr("{}: a pattern repeats after {} layers.", source, *pattern), tr("Download the file again."));
    return WindowFields{isOptional && !*isUsed ? 0 : *window, *pattern, *first};
}

bool slidesByRule(const ModelConfig &config, const WindowFields &fields, std::int64_t layer)
{
    switch (config.family) {
    case Family::Qwen2:
    case Family::Qwen3: return layer >= fields.firstSliding;
    case Family::Gemma2: return layer % 2 == 0;
    case Family::Gemma3: return (layer + 1) % fields.pattern != 0;
    case Family::SmolLm3: return !config.isRotated(layer);
    default: return true;
    }
}

} // namespace

Result<> readLayerKinds(const json &object, std::string_view source, ModelConfig &config)
{
    if (config.family == Family::Llama || config.family == Family::Olmo2 || config.layers < 1 || config.layers > kMostLayers)
        return {};
    const auto fields = windowFields(object, source, config);
    if (!fields)
        return passError(fields);
    config.slidingWindow = fields->window;
    if (config.family == Family::SmolLm3) {
        auto unrotated = layerList(object, "no_rope_layers", source, isUnrotated);
        if (!unrotated)
            return passError(unrotated);
        for (std::int64_t layer = 0; unrotated->empty() && layer < config.layers; ++layer)
            config.unrotatedLayers.push_back((layer + 1) % fields->pattern == 0);
        if (!unrotated->empty())
            config.unrotatedLayers = std::move(*unrotated);
        if (static_cast<std::int64_t>(config.unrotatedLayers.size()) != config.layers)
            return fail(ErrorCode::BadInput, tr("{}: \"no_rope_layers\" does not name {} layers.", source, config.layers), tr("Download the file again."));
    }
    if (config.family == Family::Mistral || config.family == Family::Phi3 || config.slidingWindow == 0)
        return {};
    auto sliding = layerList(object, "layer_types", source, isSliding);
    if (!sliding)
        return passError(sliding);
    for (std::int64_t layer = 0; sliding->empty() && layer < config.layers; ++layer)
        config.slidingLayers.push_back(slidesByRule(config, *fields, layer));
    if (!sliding->empty())
        config.slidingLayers = std::move(*sliding);
    if (std::none_of(config.slidingLayers.begin(), config.slidingLayers.end(), [](bool is) { return is; })) {
        config.slidingWindow = 0;
        config.slidingLayers.clear();
    }
    return {};
}

} // namespace fettle::model
