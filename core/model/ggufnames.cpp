#include "core/model/ggufnames.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::model {

namespace {

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
    std::pair{std::string_view("token_embd"), OuterTensor::Embedding},
    std::pair{std::string_view("position_embd"), OuterTensor::Positions},
    std::pair{std::string_view("output_norm"), OuterTensor::FinalNorm},
    std::pair{std::string_view("output"), OuterTensor::Head},
};

// "model.layers."
std::string layersOf(const ModelConfig &config)
{
    std::string prefix = layerPrefix(config, 0);
    prefix.resize(prefix.size() - 2);
    return prefix;
}

// The map that stands under this GGUF name in this model; Phi-3 stores gate and up as "ffn_up".
LinearMap mapNamed(const MapPair &pair, const ModelConfig &config)
{
    return mapFor(config, config.isFused && config.hasGate && pair.map == LinearMap::Up ? LinearMap::GateUp : pair.map);
}

// "ffn_up" of "mlp.up_proj" in a layer.
std::string_view partOf(std::string_view reference, const ModelConfig &config)
{
    const std::size_t inLayer = layersOf(config).size() + 2;
    for (const NormPair &pair : kNormNames) {
        if (normName(config, pair.norm) == reference)
            return pair.gguf;
    }
    for (const MapPair &pair : kMapNames) {
        if (const std::string full = linearName(0, mapNamed(pair, config)); full.size() > inLayer && full.substr(inLayer) == reference)
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
    for (const auto &[gguf, tensor] : kOuterNames) {
        if (gguf == stem && (tensor != OuterTensor::Positions || config.hasPositionTable))
            return fmt::format("{}{}", nameOf(config, tensor), ending);
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
            return fmt::format("{}{}.{}{}", layersOf(config), number, normName(config, pair.norm), ending);
    }
    for (const MapPair &pair : kMapNames) {
        if (pair.gguf != part)
            continue;
        std::string name = linearName(0, mapNamed(pair, config)); // "model.layers.0.mlp.up_proj"
        return name.replace(layersOf(config).size(), 1, number) + std::string(ending);
    }
    return {};
}

std::int64_t GgufPlace::referenceRow(std::int64_t row, std::int64_t rows) const
{
    if (groupedHeads > 0) { // row (part, head, place) of the file is row (head, part, place) of the reference
        const std::int64_t size = rows / groupedHeads / 3, part = row / (groupedHeads * size), head = row / size % groupedHeads;
        return (head * 3 + part) * size + row % size;
    }
    if (interleavedHeads == 0)
        return row;
    // Where the file wants the rows (pair, half) of a head, the reference has (half, pair).
    const std::int64_t headRows = rows / interleavedHeads, pairs = headRows / 2, inHead = row % headRows;
    return row - inHead + inHead % 2 * pairs + inHead / 2;
}

GgufPlace ggufPlaceOf(std::string_view name, const ModelConfig &config)
{
    GgufPlace place;
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos)
        return place;
    const std::string_view stem = name.substr(0, dot), ending = name.substr(dot);
    for (const auto &[gguf, tensor] : kOuterNames) {
        if (nameOf(config, tensor) == stem)
            place.name = fmt::format("{}{}", gguf, ending);
    }
    if (const std::string layers = layersOf(config); stem.starts_with(layers)) {
        const std::string_view inLayers = stem.substr(layers.size());
        const auto second = inLayers.find('.');
        if (second == std::string_view::npos)
            return place;
        const std::string_view part = partOf(inLayers.substr(second + 1), config);
        if (part.empty())
            return place;
        place.name = fmt::format("blk.{}.{}{}", inLayers.substr(0, second), part, ending);
        if (isInterleaved(config))
            place.interleavedHeads = part == "attn_q" ? config.heads : part == "attn_k" ? config.keyValueHeads : 0;
        if (config.isFusedByHead && part == "attn_qkv")
            place.groupedHeads = config.heads;
    }
    if (config.isNormOffset && name.ends_with("norm.weight"))
        place.offset = 1;
    return place;
}

} // namespace fettle::model
