// GGUF metadata (key names: ggml's gguf.md and llama.cpp's constants) to ModelConfig. Biases, tying and rotary divisors follow from
// which tensors are there.
#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/model/configchecks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace fettle::model {

namespace {

// The decimal number that a person wrote before it became fp32: 1e-5 instead of 9.99999974737875e-06.
double decimalOf(double stored)
{
    char text[64];
    const auto written = std::to_chars(text, text + sizeof text, static_cast<float>(stored));
    double value = stored;
    std::from_chars(text, written.ptr, value);
    return value;
}

Result<std::vector<float>> factorsFromGguf(const io::Gguf &gguf, const char *name)
{
    std::vector<float> factors;
    auto entry = gguf.require(name);
    if (!entry)
        return passError(entry);
    if ((*entry)->values() < 1 || (*entry)->values() > 4096)
        return fail(ErrorCode::BadInput, tr("{}: tensor {} has the shape {}.", gguf.path().string(), name, io::shapeText((*entry)->shape)));
    factors.resize(static_cast<std::size_t>((*entry)->values()));
    if (auto decoded = io::decodeToFloat(**entry, factors); !decoded)
        return passError(decoded);
    return factors;
}

// Phi-3 with a stretched context: both sets of factors are tensors.
Result<RopeScaling> longRopeFromGguf(const io::Gguf &gguf, const std::string &prefix)
{
    RopeScaling scaling;
    scaling.kind = RopeScalingKind::LongRope;
    auto shortFactors = factorsFromGguf(gguf, "rope_factors_short.weight");
    if (!shortFactors)
        return passError(shortFactors);
    auto longFactors = factorsFromGguf(gguf, "rope_factors_long.weight");
    if (!longFactors)
        return passError(longFactors);
    auto original = gguf.requireInteger(prefix + "rope.scaling.original_context_length");
    if (!original)
        return passError(original);
    scaling.shortFactors = std::move(*shortFactors);
    scaling.longFactors = std::move(*longFactors);
    scaling.originalContext = *original;
    scaling.longContext = gguf.integer(prefix + "context_length").value_or(*original);
    const double stretch = *original > 1 ? static_cast<double>(scaling.longContext) / static_cast<double>(*original) : 1.0;
    const double usual = stretch > 1.0 ? std::sqrt(1.0 + std::log(stretch) / std::log(static_cast<double>(*original))) : 1.0;
    // The file holds fp32; the reference computes the same value itself.
    const double stored = gguf.number(prefix + "rope.scaling.attn_factor").value_or(usual);
    scaling.attentionFactor = std::abs(stored - usual) < 1e-6 ? usual : stored;
    return scaling;
}

Result<RopeScaling> scalingFromGguf(const io::Gguf &gguf, const std::string &prefix)
{
    if (prefix == "phi3." && gguf.find("rope_factors_short.weight"))
        return longRopeFromGguf(gguf, prefix);
    RopeScaling scaling;
    const auto type = gguf.string(prefix + "rope.scaling.type").value_or("none");
    if (type == "linear") {
        scaling.kind = RopeScalingKind::Linear;
        scaling.factor = decimalOf(gguf.number(prefix + "rope.scaling.factor").value_or(1.0));
    } else if (type != "none" && type != "default") {
        return fail(ErrorCode::BadInput, tr("{}: the rotary scaling \"{}\" is not supported.", gguf.path().string(), type.substr(0, 40)),
                    tr("Use a model without this feature, for example SmolLM2, Llama 3.2 or Qwen 2.5."));
    }
    return scaling;
}

Result<std::vector<float>> divisorsFromGguf(const io::Gguf &gguf)
{
    std::vector<float> divisors;
    const io::TensorEntry *entry = gguf.find("rope_freqs.weight");
    if (!entry)
        return divisors;
    if (entry->values() < 1 || entry->values() > 4096)
        return fail(ErrorCode::BadInput, tr("{}: tensor rope_freqs.weight has the shape {}.", gguf.path().string(), io::shapeText(entry->shape)));
    divisors.resize(static_cast<std::size_t>(entry->values()));
    if (auto decoded = io::decodeToFloat(*entry, divisors); !decoded)
        return passError(decoded);
    return divisors;
}

// Windows, soft limits and layers without positions: what llama.cpp knows by the architecture's name stands here, not in the file.
Result<> readTraits(const io::Gguf &gguf, const std::string &prefix, ModelConfig &config)
{
    const std::int64_t window = gguf.integer(prefix + "attention.sliding_window").value_or(0);
    const bool hasLayers = config.layers > 0 && config.layers <= 1000;
    const auto slideAllBut = [&](std::int64_t pattern) {
        config.slidingWindow = window;
        for (std::int64_t layer = 0; window > 0 && hasLayers && layer < config.layers; ++layer)
            config.slidingLayers.push_back((layer + 1) % pattern != 0);
    };
    switch (config.family) {
    case Family::Llama:
    case Family::Mistral:
        config.slidingWindow = window;
        // A window makes it a Mistral: only that config can say so to transformers.
        if (window > 0) {
            config.family = Family::Mistral;
            config.modelType = "mistral";
        }
        break;
    case Family::Phi3: config.slidingWindow = window; break;
    case Family::Gpt2: // the activations are not in the file: those of the models that have these names
        config.activation = Activation::GeluTanh;
        break;
    case Family::GptNeoX:
        config.activation = Activation::Gelu;
        config.isParallel = gguf.boolean(prefix + "use_parallel_residual").value_or(true);
        break;
    case Family::Gemma2: slideAllBut(2); break;
    case Family::Gemma3: slideAllBut(6); break;
    case Family::SmolLm3:
        for (std::int64_t layer = 0; hasLayers && layer < config.layers; ++layer)
            config.unrotatedLayers.push_back((layer + 1) % 4 == 0);
        [[fallthrough]];
    case Family::Qwen2:
    case Family::Qwen3:
    case Family::Olmo2:
        if (window > 0) { // of OLMo 3, for one, which has the architecture name of OLMo 2
            return fail(ErrorCode::BadInput, tr("{}: a sliding window in a model of type \"{}\" is not supported.", gguf.path().string(), config.modelType),
                        tr("Use the Hugging Face folder of this model, or another model."));
        }
        break;
    }
    if (config.family == Family::Gemma2 || config.family == Family::Gemma3) {
        config.activation = Activation::GeluTanh;
        // The 27B models scale by the width of a head as the embeddings are cut into heads.
        const bool isLargest = config.layers == (config.family == Family::Gemma2 ? 46 : 62) && config.heads > 0;
        config.queryScale = 1.0 / std::sqrt(static_cast<double>(isLargest ? config.width / config.heads : config.headSize));
        config.attentionSoftcap = gguf.number(prefix + "attn_logit_softcapping").value_or(config.family == Family::Gemma2 ? 50.0 : 0.0);
        config.finalSoftcap = gguf.number(prefix + "final_logit_softcapping").value_or(config.family == Family::Gemma2 ? 30.0 : 0.0);
    }
    if (config.family == Family::Gemma3)
        config.localRopeTheta = decimalOf(gguf.number(prefix + "rope.freq_base_swa").value_or(10000.0));
    return {};
}

} // namespace

Result<ModelConfig> configFromGguf(const io::Gguf &gguf)
{
    const std::string source = gguf.path().string();
    ModelConfig config;
    auto architecture = gguf.requireString("general.architecture");
    if (!architecture)
        return passError(architecture);
    if (gguf.string("general.type").value_or("model") == "adapter") {
        return fail(ErrorCode::BadInput, tr("{} is an adapter, not a model.", source), tr("Choose the base model here."));
    }
    // llama.cpp stores Mistral as "llama", and Gemma 3 without pictures under the name of the one with them.
    auto family = familyFromType(*architecture, source);
    if (!family)
        return passError(family);
    config.family = *family;
    config.modelType = *family == Family::Gemma3 ? "gemma3_text" : *family == Family::GptNeoX ? "gpt_neox" : *architecture;
    const std::string prefix = *architecture + ".";
    if (gguf.integer(prefix + "expert_count").value_or(0) > 0) {
        return fail(ErrorCode::BadInput, tr("{}: the model is a mixture of experts, which cannot be used yet.", source),
                    tr("Use a model that is no mixture of experts, for example SmolLM2, Llama 3.2 or Qwen 2.5."));
    }

    struct Field {
        const char *name;
        std::int64_t *target;
    };
    for (const Field &field : {Field{"embedding_length", &config.width}, Field{"block_count", &config.layers},
                               Field{"attention.head_count", &config.heads}, Field{"feed_forward_length", &config.intermediate}}) {
        auto value = gguf.requireInteger(prefix + field.name);
        if (!value)
            return passError(value);
        *field.target = *value;
    }
    if (config.heads < 1)
        return fail(ErrorCode::BadInput, tr("{}: key \"{}attention.head_count\" is {}.", source, prefix, config.heads), tr("Download the file again."));
    config.keyValueHeads = gguf.integer(prefix + "attention.head_count_kv").value_or(config.heads);
    config.headSize = gguf.integer(prefix + "attention.key_length").value_or(config.width / config.heads);
    const std::int64_t valueSize = gguf.integer(prefix + "attention.value_length").value_or(config.headSize);
    const std::int64_t rotated = gguf.integer(prefix + "rope.dimension_count").value_or(config.headSize);
    const bool canRotatePart = *family == Family::Phi3 || *family == Family::GptNeoX;
    if (canRotatePart && rotated != config.headSize)
        config.rotatedSize = rotated;
    if (valueSize != config.headSize || rotated < 2 || (!canRotatePart && rotated != config.headSize)) {
        return fail(ErrorCode::BadInput, tr("{}: heads with keys of {}, values of {} and {} rotated elements are not supported.", source,
                                                     config.headSize, valueSize, rotated), tr("Use a model without this feature, for example SmolLM2, Llama 3.2 or Qwen 2.5."));
    }
    config.context = gguf.integer(prefix + "context_length").value_or(2048);
    const bool hasLayerNorm = *family == Family::Gpt2 || *family == Family::GptNeoX;
    config.rmsEpsilon = decimalOf(gguf.number(prefix + (hasLayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon")).value_or(hasLayerNorm ? 1e-5 : 1e-6));
    config.ropeTheta = decimalOf(gguf.number(prefix + "rope.freq_base").value_or(10000.0));
    if (auto read = readTraits(gguf, prefix, config); !read)
        return passError(read);
    config.architecture = architectureOf(config.family);

    auto scaling = scalingFromGguf(gguf, prefix);
    if (!scaling)
        return passError(scaling);
    config.ropeScaling = *scaling;
    auto divisors = divisorsFromGguf(gguf);
    if (!divisors)
        return passError(divisors);
    config.ropeDivisors = *divisors;

    auto embedding = gguf.require("token_embd.weight");
    if (!embedding)
        return passError(embedding);
    config.vocabulary = (*embedding)->rows();
    config.isTied = gguf.find("output.weight") == nullptr;
    config.hasQkvBias = gguf.find("blk.0.attn_q.bias") != nullptr || gguf.find("blk.0.attn_qkv.bias") != nullptr;
    config.hasOutputBias = gguf.find("blk.0.attn_output.bias") != nullptr;
    config.hasMlpBias = gguf.find("blk.0.ffn_gate.bias") != nullptr;
    applyFamily(config);
    config.beginToken = gguf.integer("tokenizer.ggml.bos_token_id").value_or(-1);
    if (const auto end = gguf.integer("tokenizer.ggml.eos_token_id"))
        config.endTokens.push_back(*end);
    if (auto checked = checkConfig(config, source); !checked)
        return passError(checked);
    return config;
}

} // namespace fettle::model
