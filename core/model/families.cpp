// Which kinds of models exist, which of them the decoder runs, and what sets their layers apart.
#include "core/base/words.h"
#include "core/model/configchecks.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace fettle::model {

namespace {

struct KnownType {
    std::string_view type;
    std::string_view name;
    std::string_view reason; // empty: supported
    std::optional<Family> family = std::nullopt; // where supported
};

constexpr std::string_view kLater = "its layers differ from those of the families that can be";
constexpr std::string_view kExperts = "it is a mixture of experts";
constexpr std::string_view kVision = "it reads pictures or sound as well as text";
constexpr std::string_view kState = "it is built on state-space layers";
constexpr std::string_view kEncoder = "it is no decoder that writes text token by token";

// config.json's model_type and GGUF's general.architecture, which often agree.
constexpr std::array kKnownTypes = {
    KnownType{"llama", "Llama", "", Family::Llama},
    KnownType{"mistral", "Mistral", "", Family::Mistral},
    KnownType{"qwen2", "Qwen 2", "", Family::Qwen2},
    KnownType{"qwen3", "Qwen 3", "", Family::Qwen3},
    KnownType{"gemma", "Gemma", kLater},
    KnownType{"gemma2", "Gemma 2", "", Family::Gemma2},
    KnownType{"gemma3", "Gemma 3", "", Family::Gemma3},
    KnownType{"gemma3_text", "Gemma 3", "", Family::Gemma3},
    KnownType{"phi", "Phi", kLater},
    KnownType{"phi2", "Phi 2", kLater},
    KnownType{"phi3", "Phi 3", "", Family::Phi3},
    KnownType{"smollm3", "SmolLM 3", "", Family::SmolLm3},
    KnownType{"olmo", "OLMo", kLater},
    KnownType{"olmo2", "OLMo 2", "", Family::Olmo2},
    KnownType{"olmo3", "OLMo 3", kLater},
    KnownType{"qwen3_next", "Qwen 3 Next", kExperts},
    KnownType{"gemma3n", "Gemma 3n", kVision},
    KnownType{"gemma3n_text", "Gemma 3n", kLater},
    KnownType{"phimoe", "Phi 3.5 MoE", kExperts},
    KnownType{"phi4mm", "Phi 4 multimodal", kVision},
    KnownType{"qwen3_vl", "Qwen 3 VL", kVision},
    KnownType{"falcon_mamba", "Falcon Mamba", kState},
    KnownType{"falcon_h1", "Falcon H1", kState},
    KnownType{"gpt2", "GPT-2", "", Family::Gpt2},
    KnownType{"gpt_neox", "GPT-NeoX", "", Family::GptNeoX},
    KnownType{"gptneox", "GPT-NeoX", "", Family::GptNeoX},
    KnownType{"gptj", "GPT-J", kLater},
    KnownType{"falcon", "Falcon", kLater},
    KnownType{"cohere", "Command R", kLater},
    KnownType{"granite", "Granite", kLater},
    KnownType{"stablelm", "StableLM", kLater},
    KnownType{"ministral", "Ministral", kLater},
    KnownType{"starcoder2", "StarCoder 2", kLater},
    KnownType{"gpt_neo", "GPT-Neo", kLater},
    KnownType{"gpt_bigcode", "StarCoder", kLater},
    KnownType{"codegen", "CodeGen", kLater},
    KnownType{"opt", "OPT", kLater},
    KnownType{"bloom", "BLOOM", kLater},
    KnownType{"mpt", "MPT", kLater},
    KnownType{"glm", "GLM", kLater},
    KnownType{"glm4", "GLM 4", kLater},
    KnownType{"chatglm", "ChatGLM", kLater},
    KnownType{"exaone", "EXAONE", kLater},
    KnownType{"exaone4", "EXAONE 4", kLater},
    KnownType{"minicpm", "MiniCPM", kLater},
    KnownType{"internlm2", "InternLM 2", kLater},
    KnownType{"baichuan", "Baichuan", kLater},
    KnownType{"nemotron", "Nemotron", kLater},
    KnownType{"cohere2", "Command R7B", kLater},
    KnownType{"lfm2", "LFM 2", kLater},
    KnownType{"mixtral", "Mixtral", kExperts},
    KnownType{"dbrx", "DBRX", kExperts},
    KnownType{"granitemoe", "Granite MoE", kExperts},
    KnownType{"grok", "Grok", kExperts},
    KnownType{"glm4_moe", "GLM 4.5", kExperts},
    KnownType{"glm4moe", "GLM 4.5", kExperts},
    KnownType{"bailingmoe", "Ling", kExperts},
    KnownType{"kimi_k2", "Kimi K2", kExperts},
    KnownType{"minimax", "MiniMax", kExperts},
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
    KnownType{"rwkv6", "RWKV 6", kState},
    KnownType{"rwkv7", "RWKV 7", kState},
    KnownType{"recurrent_gemma", "RecurrentGemma", kState},
    KnownType{"granitemoehybrid", "Granite 4", kState},
    KnownType{"granitehybrid", "Granite 4", kState},
    KnownType{"nemotron_h", "Nemotron H", kState},
    KnownType{"zamba2", "Zamba 2", kState},
    KnownType{"bamba", "Bamba", kState},
    KnownType{"llava", "LLaVA", kVision},
    KnownType{"mllama", "Llama 3.2 Vision", kVision},
    KnownType{"llama4", "Llama 4", kVision},
    KnownType{"mistral3", "Mistral 3", kVision},
    KnownType{"qwen2_vl", "Qwen 2 VL", kVision},
    KnownType{"qwen2_5_vl", "Qwen 2.5 VL", kVision},
    KnownType{"idefics3", "SmolVLM", kVision},
    KnownType{"smolvlm", "SmolVLM 2", kVision},
    KnownType{"llava_next", "LLaVA", kVision},
    KnownType{"paligemma", "PaliGemma", kVision},
    KnownType{"pixtral", "Pixtral", kVision},
    KnownType{"phi3_v", "Phi 3 Vision", kVision},
    KnownType{"internvl", "InternVL", kVision},
    KnownType{"clip", "CLIP", kVision},
    KnownType{"bert", "BERT", kEncoder},
    KnownType{"distilbert", "DistilBERT", kEncoder},
    KnownType{"deberta-v2", "DeBERTa", kEncoder},
    KnownType{"xlm-roberta", "XLM-RoBERTa", kEncoder},
    KnownType{"modernbert", "ModernBERT", kEncoder},
    KnownType{"mt5", "mT5", kEncoder},
    KnownType{"bart", "BART", kEncoder},
    KnownType{"roberta", "RoBERTa", kEncoder},
    KnownType{"t5", "T5", kEncoder},
    KnownType{"whisper", "Whisper", kEncoder},
};

constexpr std::string_view kUseSupported =
    "Use a text model of another family, for example SmolLM2, Llama 3.2, Qwen 2.5 or Mistral 7B.";

} // namespace

std::string_view architectureOf(Family family)
{
    switch (family) {
    case Family::Llama: return "LlamaForCausalLM";
    case Family::Mistral: return "MistralForCausalLM";
    case Family::Qwen2: return "Qwen2ForCausalLM";
    case Family::Qwen3: return "Qwen3ForCausalLM";
    case Family::Gemma2: return "Gemma2ForCausalLM";
    case Family::Gemma3: return "Gemma3ForCausalLM";
    case Family::SmolLm3: return "SmolLM3ForCausalLM";
    case Family::Olmo2: return "Olmo2ForCausalLM";
    case Family::Phi3: return "Phi3ForCausalLM";
    case Family::Gpt2: return "GPT2LMHeadModel";
    case Family::GptNeoX: return "GPTNeoXForCausalLM";
    }
    return {};
}

Result<Family> familyFromType(std::string_view modelType, std::string_view source)
{
    for (const KnownType &known : kKnownTypes) {
        if (known.type == modelType) {
            if (known.family)
                return *known.family;
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

void applyFamily(ModelConfig &config)
{
    const bool isGemma = config.family == Family::Gemma2 || config.family == Family::Gemma3;
    if (config.family == Family::Qwen2)
        config.hasQkvBias = true;
    if (config.family == Family::Qwen3 || config.family == Family::Gemma3)
        config.queryKeyNorm = QueryKeyNorm::Head;
    if (isGemma) {
        config.isNormOffset = true;
        config.normPlaces = NormPlaces::Both;
        config.embeddingScale = static_cast<double>(std::sqrt(static_cast<float>(config.width)));
    }
    if (config.family == Family::Olmo2) {
        config.queryKeyNorm = QueryKeyNorm::Projection;
        config.normPlaces = NormPlaces::After;
    }
    const bool isGpt2 = config.family == Family::Gpt2, isNeox = config.family == Family::GptNeoX;
    config.isFused = config.family == Family::Phi3 || isGpt2 || isNeox;
    if (isGpt2 || isNeox) {
        config.hasLayerNorm = true;
        config.hasGate = false;
        config.hasMlpBias = true;
    }
    config.hasPositionTable = isGpt2;
    config.isFusedByHead = isNeox;
}

} // namespace fettle::model
