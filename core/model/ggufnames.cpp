#include "core/model/ggufnames.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::model {

namespace {

struct NamePair {
    std::string_view gguf, reference;
};

struct MapPair {
    std::string_view gguf;
    LinearMap map;
};
constexpr std::array kMapNames = {
    MapPair{"attn_q", LinearMap::Query},      MapPair{"attn_k", LinearMap::Key},        MapPair{"attn_v", LinearMap::Value}, MapPair{"attn_qkv", LinearMap::QueryKeyValue},
    MapPair{"attn_output", LinearMap::Output}, MapPair{"ffn_gate", LinearMap::Gate},    MapPair{"ffn_up", LinearMap::Up},    MapPair{"ffn_down", LinearMap::Down},
};

struct NormPair {
    std::string_view gguf;
    Norm norm;
};
constexpr std::array kNormNames = {
    NormPair{"attn_norm", Norm::BeforeAttention},          NormPair{"attn_q_norm", Norm::Query}, NormPair{"attn_k_norm", Norm::Key},
    NormPair{"post_attention_norm", Norm::AfterAttention}, NormPair{"ffn_norm", Norm::BeforeMlp}, NormPair{"post_ffw_norm", Norm::AfterMlp},
};

// Rows of q and k are stored pair by pair where llama.cpp turns neighbours.
bool isInterleaved(const ModelConfig &config)
{
    return config.family == Family::Llama || config.family == Family::Mistral || config.family == Family::SmolLm3;
}

constexpr std::array kOuterNames = {
    NamePair{"token_embd", "model.embed_tokens"},
    NamePair{"output_norm", "model.norm"},
    NamePair{"output", "lm_head"},
};

constexpr std::string_view kLayers = "model.layers.";

// "ffn_up" of "mlp.up_proj" in a layer.
std::string_view partOf(std::string_view reference, const ModelConfig &config)
{
    for (const NormPair &pair : kNormNames) {
        if (normName(config, pair.norm) == reference)
            return pair.gguf;
    }
    for (const MapPair &pair : kMapNames) {
        const LinearMap map = config.isFused && pair.map == LinearMap::Up ? LinearMap::GateUp : pair.map;
        if (linearName(0, map).substr(kLayers.size() + 2) == reference)
            return pair.gguf;
    }
    return {};
}

} // namespace

std::string nameFromGguf(std::string_view ggufName, const ModelConfig &config)
{
    const auto dot = ggufName.rfind('.');
    if (dot == std::string_view::npos)
        return {};
    const std::string_view stem = ggufName.substr(0, dot), ending = ggufName.substr(dot);
    if (ending != ".weight" && ending != ".bias")
        return {};
    for (const NamePair &pair : kOuterNames) {
        if (pair.gguf == stem)
            return fmt::format("{}{}", pair.reference, ending);
    }
    if (!stem.starts_with("blk."))
        return {};
    const auto second = stem.find('.', 4);
    if (second == std::string_view::npos)
        return {};
    const std::string_view number = stem.substr(4, second - 4);
    if (number.empty() || number.size() > 6 || !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return {};
    const std::string_view part = stem.substr(second + 1);
    for (const NormPair &pair : kNormNames) {
        if (pair.gguf == part && !normName(config, pair.norm).empty())
            return fmt::format("model.layers.{}.{}{}", number, normName(config, pair.norm), ending);
    }
    for (const MapPair &pair : kMapNames) {
        if (pair.gguf != part)
            continue;
        std::string name = linearName(0, config.isFused && pair.map == LinearMap::Up ? LinearMap::GateUp : pair.map); // "model.layers.0.mlp.up_proj"
        return name.replace(std::string_view("model.layers.").size(), 1, number) + std::string(ending);
    }
    return {};
}

GgufPlace ggufPlaceOf(std::string_view name, const ModelConfig &config)
{
    GgufPlace place;
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos)
        return place;
    const std::string_view stem = name.substr(0, dot), ending = name.substr(dot);
    for (const NamePair &pair : kOuterNames) {
        if (pair.reference == stem)
            place.name = fmt::format("{}{}", pair.gguf, ending);
    }
    if (stem.starts_with(kLayers)) {
        const std::string_view inLayers = stem.substr(kLayers.size());
        const auto second = inLayers.find('.');
        if (second == std::string_view::npos)
            return place;
        const std::string_view part = partOf(inLayers.substr(second + 1), config);
        if (part.empty())
            return place;
        place.name = fmt::format("blk.{}.{}{}", inLayers.substr(0, second), part, ending);
        if (isInterleaved(config))
            place.interleavedHeads = part == "attn_q" ? config.heads : part == "attn_k" ? config.keyValueHeads : 0;
    }
    if (config.isNormOffset && name.ends_with("norm.weight"))
        place.offset = 1;
    return place;
}

} // namespace fettle::model
