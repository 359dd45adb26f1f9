// What follows from a ModelConfig: names, sizes, rotary frequencies, limits; and which families exist. No file formats in here.
#include "core/model/config.h"

#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/model/configchecks.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace fettle::model {

namespace {

struct KnownType {
    std::string_view type;
    std::string_view name;
    std::string_view reason; // empty: supported
};

constexpr std::string_view kLater = "its layers differ from those of the Llama family";
constexpr std::string_view kExperts = "it is a mixture of experts";
constexpr std::string_view kVision = "it reads pictures or sound as well as text";
constexpr std::string_view kState = "it is built on state-space layers";
constexpr std::string_view kEncoder = "it is no decoder that writes text token by token";

// config.json's model_type and GGUF's general.architecture, which often agree.
constexpr std::array kKnownTypes = {
    KnownType{"llama", "Llama", ""},
    KnownType{"mistral", "Mistral", ""},
    KnownType{"qwen2", "Qwen 2", kLater},
    KnownType{"qwen3", "Qwen 3", kLater},
    KnownType{"gemma", "Gemma", kLater},
    KnownType{"gemma2", "Gemma 2", kLater},
    KnownType{"gemma3", "Gemma 3", kLater},
    KnownType{"gemma3_text", "Gemma 3", kLater},
    KnownType{"phi", "Phi", kLater},
    KnownType{"phi2", "Phi 2", kLater},
    KnownType{"phi3", "Phi 3", kLater},
    KnownType{"smollm3", "SmolLM 3", kLater},
    KnownType{"olmo", "OLMo", kLater},
    KnownType{"olmo2", "OLMo 2", kLater},
    KnownType{"gpt2", "GPT-2", kLater},
    KnownType{"gpt_neox", "GPT-NeoX", kLater},
    KnownType{"gptneox", "GPT-NeoX", kLater},
    KnownType{"gptj", "GPT-J", kLater},
    KnownType{"falcon", "Falcon", kLater},
    KnownType{"cohere", "Command R", kLater},
    KnownType{"granite", "Granite", kLater},
    KnownType{"stablelm", "StableLM", kLater},
    KnownType{"ministral", "Ministral", kLater},
    KnownType{"starcoder2", "StarCoder 2", kLater},
    KnownType{"mixtral", "Mixtral", kExperts},
    KnownType{"qwen2_moe", "Qwen 2 MoE", kExperts},
    KnownType{"qwen3_moe", "Qwen 3 MoE", kExperts},
    KnownType{"qwen2moe", "Qwen 2 MoE", kExperts},
    KnownType{"qwen3moe", "Qwen 3 MoE", kExperts},
    KnownType{"deepseek_v2", "DeepSeek V2", kExperts},
    KnownType{"deepseek_v3", "DeepSeek V3", kExperts},
    KnownType{"deepseek2", "DeepSeek", kExperts},
    KnownType{"gpt_oss", "gpt-oss", kExperts},
    KnownType{"gpt-oss", "gpt-oss", kExperts},
    KnownType{"olmoe", "OLMoE", kExperts},
    KnownType{"mamba", "Mamba", kState},
    KnownType{"mamba2", "Mamba 2", kState},
    KnownType{"jamba", "Jamba", kState},
    KnownType{"rwkv", "RWKV", kState},
    KnownType{"llava", "LLaVA", kVision},
    KnownType{"mllama", "Llama 3.2 Vision", kVision},
    KnownType{"llama4", "Llama 4", kVision},
    KnownType{"mistral3", "Mistral 3", kVision},
    KnownType{"qwen2_vl", "Qwen 2 VL", kVision},
    KnownType{"qwen2_5_vl", "Qwen 2.5 VL", kVision},
    KnownType{"idefics3", "SmolVLM", kVision},
    KnownType{"bert", "BERT", kEncoder},
    KnownType{"roberta", "RoBERTa", kEncoder},
    KnownType{"t5", "T5", kEncoder},
    KnownType{"whisper", "Whisper", kEncoder},
};

constexpr std::string_view kUseSupported =
    "Use a model of the Llama or Mistral family, for example SmolLM2, Llama 3.2 or Mistral 7B.";

} // namespace

Result<Family> familyFromType(std::string_view modelType, std::string_view source)
{
    if (modelType == "llama")
        return Family::Llama;
    if (modelType == "mistral")
        return Family::Mistral;
    for (const KnownType &known : kKnownTypes) {
        if (known.type == modelType) {
            return fail(ErrorCode::BadInput, tr("{}: {} models cannot be used yet: {}.", source, known.name, tr(known.reason)),
                        tr(kUseSupported), fmt::format("model type \"{}\"", modelType));
        }
    }
    if (modelType.empty()) {
        return fail(ErrorCode::BadInput, tr("{} does not say what kind of model it is (no \"model_type\").", source),
                    tr("Choose the folder of a language model in Hugging Face form, or a GGUF file."));
    }
    return fail(ErrorCode::BadInput, tr("{}: models of type \"{}\" are not known.", source, modelType.substr(0, 60)),
                tr(kUseSupported));
}

std::int64_t ModelConfig::parameters() const
{
    const std::int64_t qkv = queryWidth() + 2 * keyValueWidth();
    std::int64_t layer = 2 * width + qkv * width + width * queryWidth() + 3 * intermediate * width;
    if (hasQkvBias)
        layer += qkv;
    if (hasOutputBias)
        layer += width;
    if (hasMlpBias)
        layer += 2 * intermediate + width;
    return vocabulary * width * (isTied ? 1 : 2) + layers * layer + width;
}

std::vector<float> ropeFrequencies(const ModelConfig &config)
{
    const std::int64_t pairs = config.headSize / 2;
    std::vector<float> frequencies(static_cast<std::size_t>(pairs));
    const RopeScaling &scaling = config.ropeScaling;
    for (std::int64_t i = 0; i < pairs; ++i) {
        // The reference computes 1 / theta^(2i/D) in fp32.
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.headSize);
        float frequency = 1.0f / std::pow(static_cast<float>(config.ropeTheta), exponent);
        switch (scaling.kind) {
        case RopeScalingKind::None: break;
        case RopeScalingKind::Linear: frequency /= static_cast<float>(scaling.factor); break;
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
        if (!config.ropeDivisors.empty())
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
    }
    return {};
}

std::string linearName(std::int64_t layer, LinearMap map)
{
    const bool isMlp = map == LinearMap::Gate || map == LinearMap::Up || map == LinearMap::Down;
    return fmt::format("model.layers.{}.{}.{}", layer, isMlp ? "mlp" : "self_attn", nameOf(map));
}

std::int64_t inputSize(const ModelConfig &config, LinearMap map)
{
    if (map == LinearMap::Output)
        return config.queryWidth();
    return map == LinearMap::Down ? config.intermediate : config.width;
}

std::int64_t outputSize(const ModelConfig &config, LinearMap map)
{
    switch (map) {
    case LinearMap::Query: return config.queryWidth();
    case LinearMap::Key:
    case LinearMap::Value: return config.keyValueWidth();
    case LinearMap::Gate:
    case LinearMap::Up: return config.intermediate;
    case LinearMap::Output:
    case LinearMap::Down: return config.width;
    }
    return 0;
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

Result<> checkConfig(const ModelConfig &config, std::string_view source)
{
    struct Limit {
        std::string_view field;
        std::int64_t value, minimum, maximum;
    };
    const std::array limits = {
        Limit{"vocab_size", config.vocabulary, 1, 1 << 24},
        Limit{"hidden_size", config.width, 1, 1 << 17},
        Limit{"num_hidden_layers", config.layers, 1, 1000},
        Limit{"num_attention_heads", config.heads, 1, 1 << 12},
        Limit{"num_key_value_heads", config.keyValueHeads, 1, 1 << 12},
        Limit{"head_dim", config.headSize, 2, 1 << 12},
        Limit{"intermediate_size", config.intermediate, 1, 1 << 20},
        Limit{"max_position_embeddings", config.context, 1, std::int64_t{1} << 32},
        Limit{"sliding_window", config.slidingWindow, 0, std::int64_t{1} << 32},
    };
    const std::string hint = tr("The file is damaged or not the configuration of a language model. Download it again.");
    for (const Limit &limit : limits) {
        if (limit.value < limit.minimum || limit.value > limit.maximum) {
            return fail(ErrorCode::BadInput, tr("{}: \"{}\" is {}, which is not between {} and {}.", source, limit.field, limit.value,
                                                         limit.minimum, limit.maximum), hint);
        }
    }
    if (config.heads % config.keyValueHeads != 0) {
        return fail(ErrorCode::BadInput, tr("{}: {} attention heads cannot share {} key-value heads evenly.", source, config.heads,
                                                     config.keyValueHeads), hint);
    }
    if (config.headSize % 2 != 0)
        return fail(ErrorCode::BadInput, tr("{}: \"head_dim\" is {}, which is odd; rotary positions need pairs.", source, config.headSize), hint);
    const auto isPositive = [](double value) { return std::isfinite(value) && value > 0; };
    if (!std::isfinite(config.rmsEpsilon) || config.rmsEpsilon < 0 || config.rmsEpsilon > 1)
        return fail(ErrorCode::BadInput, tr("{}: \"rms_norm_eps\" is {}.", source, config.rmsEpsilon), hint);
    if (!isPositive(config.ropeTheta))
        return fail(ErrorCode::BadInput, tr("{}: \"rope_theta\" is {}.", source, config.ropeTheta), hint);
    const RopeScaling &scaling = config.ropeScaling;
    if (scaling.kind != RopeScalingKind::None && !isPositive(scaling.factor))
        return fail(ErrorCode::BadInput, tr("{}: the factor of the rope scaling is {}.", source, scaling.factor), hint);
    if (scaling.kind == RopeScalingKind::Llama3
        && (!isPositive(scaling.lowFrequencyFactor) || !isPositive(scaling.highFrequencyFactor)
            || scaling.highFrequencyFactor <= scaling.lowFrequencyFactor || scaling.originalContext < 1)) {
        return fail(ErrorCode::BadInput, tr("{}: the llama3 rope scaling has impossible values (low {}, high {}, original context {}).", source,
                                                     scaling.lowFrequencyFactor, scaling.highFrequencyFactor, scaling.originalContext), hint);
    }
    if (!config.ropeDivisors.empty()) {
        if (static_cast<std::int64_t>(config.ropeDivisors.size()) != config.headSize / 2)
            return fail(ErrorCode::BadInput, tr("{}: {} rotary divisors for heads of size {}.", source, config.ropeDivisors.size(), config.headSize), hint);
        for (const float divisor : config.ropeDivisors) {
            if (!isPositive(divisor))
                return fail(ErrorCode::BadInput, tr("{}: a rotary divisor is {}.", source, divisor), hint);
        }
    }
    return {};
}

} // namespace fettle::model
