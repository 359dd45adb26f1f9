// Key names: ggml's gguf.md and llama.cpp's constants.
#include "core/export/ggufmetadata.h"

#include "core/base/words.h"
#include "core/text/ggufmetadata.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::exporting {

namespace {

using model::Family;

void addTensor(GgufDescription &description, const char *name, std::vector<float> values)
{
    description.values.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    const auto &kept = *description.values.back();
    description.extras.push_back({name, io::StorageType::F32, {static_cast<std::int64_t>(kept.size())}, {}, std::as_bytes(std::span(kept))});
}

// By how much the scaling of Llama 3 slows down each pair.
std::vector<float> divisorsOf(const model::ModelConfig &config)
{
    model::ModelConfig plain = config;
    plain.ropeScaling = {};
    plain.ropeDivisors.clear();
    const auto before = model::ropeFrequencies(plain), after = model::ropeFrequencies(config);
    std::vector<float> divisors;
    for (std::size_t i = 0; i < before.size(); ++i)
        divisors.push_back(before[i] / after[i]);
    return divisors;
}

void addRotary(GgufDescription &description, const model::ModelConfig &config, const std::string &prefix)
{
    auto &pairs = description.metadata;
    const model::RopeScaling &scaling = config.ropeScaling;
    pairs.emplace_back(prefix + "rope.dimension_count", static_cast<std::uint32_t>(config.rotated()));
    pairs.emplace_back(prefix + "rope.freq_base", static_cast<float>(config.ropeTheta));
    if (config.family == Family::Gemma3 && config.localRopeTheta > 0)
        pairs.emplace_back(prefix + "rope.freq_base_swa", static_cast<float>(config.localRopeTheta));
    switch (scaling.kind) {
    case model::RopeScalingKind::None:
        if (!config.ropeDivisors.empty())
            addTensor(description, "rope_freqs.weight", config.ropeDivisors);
        return;
    case model::RopeScalingKind::Linear:
        pairs.emplace_back(prefix + "rope.scaling.type", std::string("linear"));
        pairs.emplace_back(prefix + "rope.scaling.factor", static_cast<float>(scaling.factor));
        return;
    case model::RopeScalingKind::Llama3: return addTensor(description, "rope_freqs.weight", divisorsOf(config));
    case model::RopeScalingKind::LongRope:
        pairs.emplace_back(prefix + "rope.scaling.original_context_length", static_cast<std::uint32_t>(scaling.originalContext));
        pairs.emplace_back(prefix + "rope.scaling.attn_factor", static_cast<float>(scaling.attentionFactor));
        addTensor(description, "rope_factors_long.weight", scaling.longFactors);
        addTensor(description, "rope_factors_short.weight", scaling.shortFactors);
    }
}

void addSizes(std::vector<io::GgufPair> &pairs, const model::ModelConfig &config, const std::string &prefix)
{
    const auto add = [&](const char *key, std::int64_t value) { pairs.emplace_back(prefix + key, static_cast<std::uint32_t>(value)); };
    const bool isLong = config.ropeScaling.kind == model::RopeScalingKind::LongRope;
    add("vocab_size", config.vocabulary);
    add("context_length", isLong ? config.ropeScaling.longContext : config.context);
    add("embedding_length", config.width);
    add("block_count", config.layers);
    add("feed_forward_length", config.intermediate);
    add("attention.head_count", config.heads);
    add("attention.head_count_kv", config.keyValueHeads);
    add("attention.key_length", config.headSize);
    add("attention.value_length", config.headSize);
    pairs.emplace_back(prefix + (config.hasLayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), static_cast<float>(config.rmsEpsilon));
    if (config.family == Family::GptNeoX)
        pairs.emplace_back(prefix + "use_parallel_residual", config.isParallel);
    if (config.slidingWindow > 0)
        add("attention.sliding_window", config.slidingWindow);
    if (config.attentionSoftcap > 0)
        pairs.emplace_back(prefix + "attn_logit_softcapping", static_cast<float>(config.attentionSoftcap));
    if (config.finalSoftcap > 0)
        pairs.emplace_back(prefix + "final_logit_softcapping", static_cast<float>(config.finalSoftcap));
}

// What says how the weights are stored, or where the file was cut: true of the old file only.
bool isAboutStorage(std::string_view key)
{
    return key == "general.file_type" || key == "general.quantization_version" || key == "general.name" || key == "general.alignment" || key.starts_with("split.")
        || key.starts_with("quantize.");
}

Result<> copyFromGguf(GgufDescription &description, const std::filesystem::path &model)
{
    auto file = io::Gguf::open(model);
    if (!file)
        return passError(file);
    description.source = std::move(*file);
    for (const auto &[key, value] : description.source->metadata())
        if (key != "general.architecture" && !isAboutStorage(key))
            description.metadata.emplace_back(key, value);
    for (const char *name : {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
        if (const io::TensorEntry *entry = description.source->find(name))
            description.extras.push_back({name, entry->type, entry->shape, {}, entry->bytes});
    return {};
}

Result<> makeFromFolder(GgufDescription &description, const std::filesystem::path &model, const model::ModelConfig &config)
{
    const std::string prefix = ggufArchitecture(config) + ".";
    description.metadata.emplace_back("general.type", std::string("model"));
    addSizes(description.metadata, config, prefix);
    if (!config.hasPositionTable)
        addRotary(description, config, prefix);
    auto tokenizer = text::ggufTokenizerMetadata(model, config.vocabulary);
    if (!tokenizer)
        return passError(tokenizer);
    for (auto &pair : *tokenizer)
        description.metadata.push_back(std::move(pair));
    return {};
}

} // namespace

std::string ggufArchitecture(const model::ModelConfig &config)
{
    switch (config.family) {
    case Family::Llama:
    case Family::Mistral: return "llama";
    case Family::Qwen2: return "qwen2";
    case Family::Qwen3: return "qwen3";
    case Family::Gemma2: return "gemma2";
    case Family::Gemma3: return "gemma3";
    case Family::SmolLm3: return "smollm3";
    case Family::Olmo2: return "olmo2";
    case Family::Phi3: return "phi3";
    case Family::Gpt2: return "gpt2";
    case Family::GptNeoX: return "gptneox";
    }
    return "llama";
}

Result<GgufDescription> describeForGguf(const std::filesystem::path &model, const model::ModelConfig &config, std::uint32_t fileType, const std::string &name)
{
    GgufDescription description;
    auto &pairs = description.metadata;
    const bool isGguf = model.extension() == ".gguf";
    pairs.emplace_back("general.architecture", ggufArchitecture(config)); // the first key, by the format's rule
    if (auto made = isGguf ? copyFromGguf(description, model) : makeFromFolder(description, model, config); !made)
        return passError(made);
    if (isGguf) // as the file spells it: the copied keys begin with it
        pairs.front().second = description.source->string("general.architecture").value_or("llama");
    if (!name.empty())
        pairs.emplace_back("general.name", name);
    pairs.emplace_back("general.file_type", fileType);
    pairs.emplace_back("general.quantization_version", std::uint32_t{2});
    return description;
}

} // namespace fettle::exporting
