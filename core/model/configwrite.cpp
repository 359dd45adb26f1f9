// ModelConfig to config.json, in the words that transformers 4.40 and later read.
#include "core/model/configgpt.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace fettle::model {

namespace {

using nlohmann::json;

json orNull(double value) { return value > 0 ? json(value) : json(nullptr); }

json scalingToJson(const RopeScaling &scaling)
{
    switch (scaling.kind) {
    case RopeScalingKind::None: break;
    case RopeScalingKind::Linear: return {{"rope_type", "linear"}, {"factor", scaling.factor}};
    case RopeScalingKind::Llama3:
        return {{"rope_type", "llama3"},
                {"factor", scaling.factor},
                {"low_freq_factor", scaling.lowFrequencyFactor},
                {"high_freq_factor", scaling.highFrequencyFactor},
                {"original_max_position_embeddings", scaling.originalContext}};
    case RopeScalingKind::LongRope:
        return {{"type", "longrope"}, {"short_factor", scaling.shortFactors}, {"long_factor", scaling.longFactors}};
    }
    return nullptr;
}

void addWindows(json &object, const ModelConfig &config)
{
    if (config.family == Family::Llama || config.family == Family::Olmo2)
        return;
    object["sliding_window"] = config.slidingWindow > 0 ? json(config.slidingWindow) : json(nullptr);
    if (config.family == Family::Mistral || config.family == Family::Phi3)
        return;
    json kinds = json::array();
    std::int64_t firstSliding = config.layers;
    for (std::int64_t layer = config.layers - 1; layer >= 0; --layer) {
        const bool isSliding = config.windowOf(layer) > 0;
        kinds.insert(kinds.begin(), isSliding ? "sliding_attention" : "full_attention");
        if (isSliding)
            firstSliding = layer;
    }
    object["layer_types"] = kinds;
    if (config.family == Family::Qwen2 || config.family == Family::Qwen3 || config.family == Family::SmolLm3)
        object["use_sliding_window"] = config.slidingWindow > 0;
    if (config.family == Family::Qwen2 || config.family == Family::Qwen3)
        object["max_window_layers"] = firstSliding;
}

void addTraits(json &object, const ModelConfig &config)
{
    switch (config.family) {
    case Family::Llama:
        object["attention_bias"] = config.hasQkvBias;
        object["mlp_bias"] = config.hasMlpBias;
        break;
    case Family::SmolLm3: {
        object["attention_bias"] = config.hasQkvBias;
        object["mlp_bias"] = config.hasMlpBias;
        json rotated = json::array();
        for (std::int64_t layer = 0; layer < config.layers; ++layer)
            rotated.push_back(config.isRotated(layer) ? 1 : 0);
        object["no_rope_layers"] = rotated;
        break;
    }
    case Family::Qwen3:
    case Family::Olmo2: object["attention_bias"] = config.hasQkvBias; break;
    case Family::Gemma2:
    case Family::Gemma3:
        object["attention_bias"] = config.hasQkvBias;
        object["hidden_activation"] = object["hidden_act"];
        object["query_pre_attn_scalar"] = std::llround(1.0 / (config.attentionScale() * config.attentionScale())); // transformers takes whole numbers only
        object["attn_logit_softcapping"] = orNull(config.attentionSoftcap);
        object["final_logit_softcapping"] = orNull(config.finalSoftcap);
        if (config.family == Family::Gemma3)
            object["rope_local_base_freq"] = config.localRopeTheta;
        break;
    case Family::Phi3:
        object["partial_rotary_factor"] = static_cast<double>(config.rotated()) / static_cast<double>(config.headSize);
        // Some ids for padding are outside small vocabularies; transformers checks this one.
        object["pad_token_id"] = config.endTokens.empty() ? json(nullptr) : json(config.endTokens.front());
        if (config.ropeScaling.kind == RopeScalingKind::LongRope) {
            object["max_position_embeddings"] = config.ropeScaling.longContext;
            object["original_max_position_embeddings"] = config.ropeScaling.originalContext;
        }
        break;
    case Family::Mistral:
    case Family::Qwen2:
    case Family::Gpt2:
    case Family::GptNeoX: break;
    }
    // Only these classes have a default that may be outside a small vocabulary.
    if (config.family == Family::SmolLm3 || config.family == Family::Olmo2)
        object["pad_token_id"] = config.endTokens.empty() ? json(nullptr) : json(config.endTokens.front());
}

} // namespace

json configToJson(const ModelConfig &config)
{
    json object = isGpt(config.family) ? gptConfigToJson(config) : json{
        {"model_type", config.modelType},
        {"vocab_size", config.vocabulary},
        {"hidden_size", config.width},
        {"intermediate_size", config.intermediate},
        {"num_hidden_layers", config.layers},
        {"num_attention_heads", config.heads},
        {"num_key_value_heads", config.keyValueHeads},
        {"head_dim", config.headSize},
        {"hidden_act", config.activation == Activation::GeluTanh ? "gelu_pytorch_tanh" : "silu"},
        {"max_position_embeddings", config.context},
        {"rms_norm_eps", config.rmsEpsilon},
        {"rope_theta", config.ropeTheta},
        {"rope_scaling", scalingToJson(config.ropeScaling)},
        {"tie_word_embeddings", config.isTied},
        {"torch_dtype", "float32"},
    };
    object["architectures"] = json::array({config.architecture});
    if (!isGpt(config.family)) {
        addWindows(object, config);
        addTraits(object, config);
    } else if (config.ropeScaling.kind != RopeScalingKind::None) {
        object["rope_scaling"] = scalingToJson(config.ropeScaling);
    }
    if (config.beginToken >= 0)
        object["bos_token_id"] = config.beginToken;
    if (config.endTokens.size() == 1)
        object["eos_token_id"] = config.endTokens.front();
    else if (!config.endTokens.empty())
        object["eos_token_id"] = config.endTokens;
    return object;
}

} // namespace fettle::model
