// GGUF metadata (key names: ggml's gguf.md and llama.cpp's constants) to ModelConfig. Biases, tying and rotary divisors follow from
// which tensors are there.
#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/model/configchecks.h"

#include <charconv>
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

Result<RopeScaling> scalingFromGguf(const io::Gguf &gguf, const std::string &prefix)
{
    RopeScaling scaling;
    const auto type = gguf.string(prefix + "rope.scaling.type").value_or("none");
    if (type == "linear") {
        scaling.kind = RopeScalingKind::Linear;
        scaling.factor = decimalOf(gguf.number(prefix + "rope.scaling.factor").value_or(1.0));
    } else if (type != "none" && type != "default") {
        return fail(ErrorCode::BadInput, tr("{}: the rotary scaling \"{}\" is not supported.", gguf.path().string(), type.substr(0, 40)),
                    tr("Use a model of the Llama or Mistral family without this feature."));
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
    // llama.cpp stores Mistral as "llama".
    auto family = familyFromType(*architecture, source);
    if (!family)
        return passError(family);
    config.family = *family;
    config.modelType = *architecture;
    const std::string prefix = *architecture + ".";
    if (gguf.integer(prefix + "expert_count").value_or(0) > 0) {
        return fail(ErrorCode::BadInput, tr("{}: the model is a mixture of experts, which cannot be used yet.", source),
                    tr("Use a model of the Llama or Mistral family, for example SmolLM2, Llama 3.2 or Mistral 7B."));
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
    if (valueSize != config.headSize || rotated != config.headSize) {
        return fail(ErrorCode::BadInput, tr("{}: heads with keys of {}, values of {} and {} rotated elements are not supported.", source,
                                                     config.headSize, valueSize, rotated), tr("Use a model of the Llama or Mistral family without this feature."));
    }
    config.context = gguf.integer(prefix + "context_length").value_or(2048);
    config.rmsEpsilon = decimalOf(gguf.number(prefix + "attention.layer_norm_rms_epsilon").value_or(1e-6));
    config.ropeTheta = decimalOf(gguf.number(prefix + "rope.freq_base").value_or(10000.0));
    config.slidingWindow = gguf.integer(prefix + "attention.sliding_window").value_or(0);
    // A window makes it a Mistral: only that config can say so to transformers.
    if (config.slidingWindow > 0) {
        config.family = Family::Mistral;
        config.modelType = "mistral";
    }
    config.architecture = config.family == Family::Mistral ? "MistralForCausalLM" : "LlamaForCausalLM";

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
    config.hasQkvBias = gguf.find("blk.0.attn_q.bias") != nullptr;
    config.hasOutputBias = gguf.find("blk.0.attn_output.bias") != nullptr;
    config.hasMlpBias = gguf.find("blk.0.ffn_gate.bias") != nullptr;
    config.beginToken = gguf.integer("tokenizer.ggml.bos_token_id").value_or(-1);
    if (const auto end = gguf.integer("tokenizer.ggml.eos_token_id"))
        config.endTokens.push_back(*end);
    if (auto checked = checkConfig(config, source); !checked)
        return passError(checked);
    return config;
}

} // namespace fettle::model
