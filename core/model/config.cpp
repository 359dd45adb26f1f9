// What follows from a ModelConfig: names, sizes, rotary frequencies. No file formats in here.
#include "core/model/config.h"

#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace fettle::model {

std::int64_t ModelConfig::windowOf(std::int64_t layer) const
{
    return slidingLayers.empty() || slidingLayers[static_cast<std::size_t>(layer)] ? slidingWindow : 0;
}

double ModelConfig::attentionScale() const { return queryScale > 0 ? queryScale : 1.0 / std::sqrt(static_cast<double>(headSize)); }

std::int64_t ModelConfig::parameters() const
{
    const std::int64_t perNorm = hasLayerNorm ? 2 : 1; // weight and bias
    std::int64_t layer = 0;
    for (int norm = 0; norm < kNorms; ++norm)
        layer += perNorm * normSize(*this, static_cast<Norm>(norm));
    for (const LinearMap map : linearMaps(*this))
        layer += outputSize(*this, map) * (inputSize(*this, map) + (hasBias(*this, map) ? 1 : 0));
    return vocabulary * width * (isTied ? 1 : 2) + (hasPositionTable ? context * width : 0) + layers * layer + perNorm * width;
}

std::string layerPrefix(const ModelConfig &config, std::int64_t layer)
{
    switch (config.family) {
    case Family::Gpt2: return fmt::format("transformer.h.{}.", layer);
    case Family::GptNeoX: return fmt::format("gpt_neox.layers.{}.", layer);
    default: return fmt::format("model.layers.{}.", layer);
    }
}

std::string_view nameOf(const ModelConfig &config, OuterTensor tensor)
{
    const bool isGpt2 = config.family == Family::Gpt2, isNeox = config.family == Family::GptNeoX;
    switch (tensor) {
    case OuterTensor::Embedding: return isGpt2 ? "transformer.wte" : isNeox ? "gpt_neox.embed_in" : "model.embed_tokens";
    case OuterTensor::Positions: return "transformer.wpe";
    case OuterTensor::FinalNorm: return isGpt2 ? "transformer.ln_f" : isNeox ? "gpt_neox.final_layer_norm" : "model.norm";
    case OuterTensor::Head: return isNeox ? "embed_out" : "lm_head";
    }
    return {};
}

std::string_view normName(const ModelConfig &config, Norm norm)
{
    if (config.family == Family::Gpt2)
        return norm == Norm::BeforeAttention ? "ln_1" : norm == Norm::BeforeMlp ? "ln_2" : "";
    const bool isBefore = config.normPlaces != NormPlaces::After, isAfter = config.normPlaces != NormPlaces::Before;
    const bool isQueryKey = config.queryKeyNorm != QueryKeyNorm::None;
    switch (norm) {
    case Norm::BeforeAttention: return isBefore ? "input_layernorm" : "";
    case Norm::Query: return isQueryKey ? "self_attn.q_norm" : "";
    case Norm::Key: return isQueryKey ? "self_attn.k_norm" : "";
    case Norm::AfterAttention: return isAfter ? "post_attention_layernorm" : "";
    // Where a branch has a norm on one side only, the reference calls the one before the MLP "post attention".
    case Norm::BeforeMlp: return !isBefore ? "" : isAfter ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    case Norm::AfterMlp: return isAfter ? "post_feedforward_layernorm" : "";
    }
    return {};
}

std::int64_t normSize(const ModelConfig &config, Norm norm)
{
    if (normName(config, norm).empty())
        return 0;
    const bool isHead = config.queryKeyNorm == QueryKeyNorm::Head;
    if (norm == Norm::Query)
        return isHead ? config.headSize : config.queryWidth();
    if (norm == Norm::Key)
        return isHead ? config.headSize : config.keyValueWidth();
    return config.width;
}

std::span<const LinearMap> linearMaps(const ModelConfig &config)
{
    static constexpr std::array kSeparate = {LinearMap::Query, LinearMap::Key, LinearMap::Value, LinearMap::Output, LinearMap::Gate, LinearMap::Up, LinearMap::Down};
    static constexpr std::array kFused = {LinearMap::QueryKeyValue, LinearMap::Output, LinearMap::GateUp, LinearMap::Down};
    static constexpr std::array kGpt2 = {LinearMap::Gpt2QueryKeyValue, LinearMap::Gpt2Output, LinearMap::Gpt2Up, LinearMap::Gpt2Down};
    static constexpr std::array kNeox = {LinearMap::NeoxQueryKeyValue, LinearMap::NeoxOutput, LinearMap::NeoxUp, LinearMap::NeoxDown};
    if (config.family == Family::Gpt2)
        return kGpt2;
    if (config.family == Family::GptNeoX)
        return kNeox;
    return config.isFused ? std::span<const LinearMap>(kFused) : std::span<const LinearMap>(kSeparate);
}

LinearMap roleOf(LinearMap map)
{
    switch (map) {
    case LinearMap::Gpt2QueryKeyValue:
    case LinearMap::NeoxQueryKeyValue: return LinearMap::QueryKeyValue;
    case LinearMap::Gpt2Output:
    case LinearMap::NeoxOutput: return LinearMap::Output;
    case LinearMap::Gpt2Up:
    case LinearMap::NeoxUp: return LinearMap::Up;
    case LinearMap::Gpt2Down:
    case LinearMap::NeoxDown: return LinearMap::Down;
    default: return map;
    }
}

LinearMap mapFor(const ModelConfig &config, LinearMap role)
{
    for (const LinearMap map : linearMaps(config)) {
        if (roleOf(map) == role)
            return map;
    }
    return role;
}

bool hasBias(const ModelConfig &config, LinearMap map)
{
    switch (roleOf(map)) {
    case LinearMap::Query:
    case LinearMap::Key:
    case LinearMap::Value:
    case LinearMap::QueryKeyValue: return config.hasQkvBias;
    case LinearMap::Output: return config.hasOutputBias;
    case LinearMap::Gate:
    case LinearMap::Up:
    case LinearMap::GateUp:
    case LinearMap::Down: return config.hasMlpBias;
    default: return false;
    }
}

std::vector<float> ropeFrequencies(const ModelConfig &config, RopeKind kind)
{
    const std::int64_t pairs = config.rotated() / 2;
    std::vector<float> frequencies(static_cast<std::size_t>(pairs));
    const bool isLocal = kind == RopeKind::Local;
    const RopeScaling scaling = isLocal ? RopeScaling{} : config.ropeScaling;
    const auto theta = static_cast<float>(isLocal ? config.localRopeTheta : config.ropeTheta);
    for (std::int64_t i = 0; i < pairs; ++i) {
        // The reference computes 1 / theta^(2i/D) in fp32.
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.rotated());
        float frequency = 1.0f / std::pow(theta, exponent);
        switch (scaling.kind) {
        case RopeScalingKind::None: break;
        case RopeScalingKind::Linear: frequency /= static_cast<float>(scaling.factor); break;
        case RopeScalingKind::LongRope: {
            const std::vector<float> &factors = kind == RopeKind::Long ? scaling.longFactors : scaling.shortFactors;
            frequency = 1.0f / (factors[static_cast<std::size_t>(i)] * std::pow(theta, exponent));
            break;
        }
        case RopeScalingKind::Llama3: {
            const double waveLength = 2.0 * std::numbers::pi / static_cast<double>(frequency);
            const auto original = static_cast<double>(scaling.originalContext);
            if (waveLength > original / scaling.lowFrequencyFactor) {
                frequency = frequency / static_cast<float>(scaling.factor);
            } else if (waveLength >= original / scaling.highFrequencyFactor) {
                const double blend = (original / waveLength - scaling.lowFrequencyFactor)
                    / (scaling.highFrequencyFactor - scaling.lowFrequencyFactor);
                frequency = static_cast<float>((1.0 - blend) * frequency / scaling.factor + blend * frequency);
            }
            break;
        }
        }
        if (!config.ropeDivisors.empty() && !isLocal)
            frequency /= config.ropeDivisors[static_cast<std::size_t>(i)];
        frequencies[static_cast<std::size_t>(i)] = frequency;
    }
    return frequencies;
}

std::string_view nameOf(LinearMap map)
{
    switch (map) {
    case LinearMap::Query: return "q_proj";
    case LinearMap::Key: return "k_proj";
    case LinearMap::Value: return "v_proj";
    case LinearMap::Output: return "o_proj";
    case LinearMap::Gate: return "gate_proj";
    case LinearMap::Up: return "up_proj";
    case LinearMap::Down: return "down_proj";
    case LinearMap::QueryKeyValue: return "qkv_proj";
    case LinearMap::GateUp: return "gate_up_proj";
    case LinearMap::Gpt2QueryKeyValue: return "c_attn";
    case LinearMap::Gpt2Output:
    case LinearMap::Gpt2Down: return "c_proj";
    case LinearMap::Gpt2Up: return "c_fc";
    case LinearMap::NeoxQueryKeyValue: return "query_key_value";
    case LinearMap::NeoxOutput: return "dense";
    case LinearMap::NeoxUp: return "dense_h_to_4h";
    case LinearMap::NeoxDown: return "dense_4h_to_h";
    }
    return {};
}

std::string linearName(std::int64_t layer, LinearMap map)
{
    switch (map) {
    case LinearMap::Gpt2QueryKeyValue:
    case LinearMap::Gpt2Output: return fmt::format("transformer.h.{}.attn.{}", layer, nameOf(map));
    case LinearMap::Gpt2Up:
    case LinearMap::Gpt2Down: return fmt::format("transformer.h.{}.mlp.{}", layer, nameOf(map));
    case LinearMap::NeoxQueryKeyValue:
    case LinearMap::NeoxOutput: return fmt::format("gpt_neox.layers.{}.attention.{}", layer, nameOf(map));
    case LinearMap::NeoxUp:
    case LinearMap::NeoxDown: return fmt::format("gpt_neox.layers.{}.mlp.{}", layer, nameOf(map));
    default: break;
    }
    const bool isMlp = map == LinearMap::Gate || map == LinearMap::Up || map == LinearMap::Down || map == LinearMap::GateUp;
    return fmt::format("model.layers.{}.{}.{}", layer, isMlp ? "mlp" : "self_attn", nameOf(map));
}

std::int64_t inputSize(const ModelConfig &config, LinearMap map)
{
    const LinearMap role = roleOf(map);
    if (role == LinearMap::Output)
        return config.queryWidth();
    return role == LinearMap::Down ? config.intermediate : config.width;
}

std::int64_t outputSize(const ModelConfig &config, LinearMap map)
{
    switch (roleOf(map)) {
    case LinearMap::Query: return config.queryWidth();
    case LinearMap::Key:
    case LinearMap::Value: return config.keyValueWidth();
    case LinearMap::Gate:
    case LinearMap::Up: return config.intermediate;
    case LinearMap::QueryKeyValue: return config.queryWidth() + 2 * config.keyValueWidth();
    case LinearMap::GateUp: return 2 * config.intermediate;
    case LinearMap::Output:
    case LinearMap::Down: return config.width;
    default: return 0;
    }
}

Result<ModelConfig> readConfig(const std::filesystem::path &path)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        const auto file = path / "config.json";
        if (!std::filesystem::exists(file, ignored)) {
            return fail(ErrorCode::NotFound, tr("There is no config.json in {}.", path.string()),
                        tr("Choose the folder of a language model in Hugging Face form, or a GGUF file."));
        }
        return readConfig(file);
    }
    if (path.extension() == ".gguf") {
        auto gguf = io::Gguf::open(path);
        return gguf ? configFromGguf(*gguf) : passError(gguf);
    }
    auto json = io::readJsonFile(path);
    return json ? configFromJson(*json, path.string()) : passError(json);
}

} // namespace fettle::model
