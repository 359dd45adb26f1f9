// What a model is, as plain values: sizes, norms, rotary positions, attention, activation. Read from a Hugging Face config.json (both
// generations) or from GGUF metadata. Knows no tensor; families that the decoder does not cover are refused by name.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::model {

enum class Family { Llama, Mistral };
enum class Activation { Silu };

// Rotary positions: pair i of a head (elements i and i + D/2) turns by position * theta^(-2i/D), changed by the scaling.
// Linear divides every frequency by factor; Llama3 divides the slow ones only and blends in between (engine-facts 3).
enum class RopeScalingKind { None, Linear, Llama3 };
struct RopeScaling {
    RopeScalingKind kind = RopeScalingKind::None;
    double factor = 1.0;
    double lowFrequencyFactor = 1.0;   // Llama3
    double highFrequencyFactor = 4.0;  // Llama3
    std::int64_t originalContext = 0;  // Llama3: positions of the pre-training
    friend bool operator==(const RopeScaling &, const RopeScaling &) = default;
};

struct ModelConfig {
    Family family = Family::Llama;
    std::string architecture; // "LlamaForCausalLM"
    std::string modelType;    // "llama"
    std::int64_t vocabulary = 0;    // V
    std::int64_t width = 0;         // C
    std::int64_t layers = 0;        // L
    std::int64_t heads = 0;         // H
    std::int64_t keyValueHeads = 0; // K, divides H
    std::int64_t headSize = 0;      // D; H * D need not be C
    std::int64_t intermediate = 0;  // I
    std::int64_t context = 0;       // positions the model was made for
    double rmsEpsilon = 1e-6;
    double ropeTheta = 10000.0;
    RopeScaling ropeScaling;
    std::vector<float> ropeDivisors; // GGUF's rope_freqs.weight [D/2]: frequencies are divided by them; empty: none
    Activation activation = Activation::Silu;
    bool isTied = false;        // the head is the embedding matrix
    bool hasQkvBias = false;
    bool hasOutputBias = false; // o_proj
    bool hasMlpBias = false;
    std::int64_t slidingWindow = 0; // key j is seen by query i iff i - W < j <= i; 0: all keys before
    std::string storedType;         // as the file says: "float32", "bfloat16", ""
    std::vector<std::int64_t> endTokens; // eos_token_id (may be several)
    std::int64_t beginToken = -1;

    [[nodiscard]] std::int64_t queryWidth() const { return heads * headSize; }            // H * D
    [[nodiscard]] std::int64_t keyValueWidth() const { return keyValueHeads * headSize; } // K * D
    [[nodiscard]] std::int64_t parameters() const; // a tied head counts once
    friend bool operator==(const ModelConfig &, const ModelConfig &) = default;
};

// path: a Hugging Face folder, its config.json, or a .gguf file. Errors: NotFound, BadInput naming file, field and value.
[[nodiscard]] Result<ModelConfig> readConfig(const std::filesystem::path &path);
// source: how errors call the text.
[[nodiscard]] Result<ModelConfig> configFromJson(const nlohmann::json &json, std::string_view source);
[[nodiscard]] Result<ModelConfig> configFromGguf(const io::Gguf &gguf);
// What transformers (4.40 and later) reads back as the same model.
[[nodiscard]] nlohmann::json configToJson(const ModelConfig &config);

// Why the decoder cannot run a model of this type, with its name; no error for supported ones. modelType as in config.json ("qwen2",
// "mixtral") or GGUF's general.architecture.
[[nodiscard]] Result<Family> familyFromType(std::string_view modelType, std::string_view source);

// Angles per position of each pair, [D/2], fp32 like the reference.
[[nodiscard]] std::vector<float> ropeFrequencies(const ModelConfig &config);

// The linear maps of a layer, in the order in which they are applied, and their names in the reference's spelling.
enum class LinearMap : std::uint8_t { Query, Key, Value, Output, Gate, Up, Down };
inline constexpr int kLinearMaps = 7;
[[nodiscard]] std::string_view nameOf(LinearMap map);                  // "q_proj"
[[nodiscard]] std::string linearName(std::int64_t layer, LinearMap map); // "model.layers.3.self_attn.q_proj"
[[nodiscard]] std::int64_t inputSize(const ModelConfig &config, LinearMap map);
[[nodiscard]] std::int64_t outputSize(const ModelConfig &config, LinearMap map);

} // namespace fettle::model
