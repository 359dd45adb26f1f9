// What a model is, as plain values: sizes, norms, rotary positions, attention, activation. Read from a Hugging Face config.json (both
// generations) or from GGUF metadata. Knows no tensor; families that the decoder does not cover are refused by name.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::model {

enum class Family { Llama, Mistral, Qwen2, Qwen3, Gemma2, Gemma3, SmolLm3, Olmo2, Phi3, Gpt2, GptNeoX };
enum class Activation { Silu, GeluTanh, Gelu };

// Rotary positions: pair i of a head (elements i and i + D/2) turns by position * theta^(-2i/D), changed by the scaling.
// Linear divides every frequency by factor; Llama3 divides the slow ones only and blends in between (engine-facts 3). LongRope divides each
// by its own factor and makes cosine and sine longer; a text that is longer than the original context is turned by a second set of factors,
// from its first token on.
enum class RopeScalingKind { None, Linear, Llama3, LongRope };
struct RopeScaling {
    RopeScalingKind kind = RopeScalingKind::None;
    double factor = 1.0;
    double lowFrequencyFactor = 1.0;   // Llama3
    double highFrequencyFactor = 4.0;  // Llama3
    std::int64_t originalContext = 0;  // Llama3, LongRope: positions of the pre-training
    std::int64_t longContext = 0;      // LongRope: positions with the long factors
    double attentionFactor = 1.0;      // LongRope: of cosine and sine
    std::vector<float> shortFactors, longFactors; // LongRope, [rotated/2]
    friend bool operator==(const RopeScaling &, const RopeScaling &) = default;
};

// Which rotary table a layer uses: Gemma 3's sliding layers have their own base. Long: Global for texts beyond the original context (LongRope).
enum class RopeKind : std::uint8_t { Global, Local, Long };

// The norms of a layer. Before: on what a branch reads; After: on what it adds to the stream; Query, Key: on each head, or on all at once.
enum class Norm : std::uint8_t { BeforeAttention, Query, Key, AfterAttention, BeforeMlp, AfterMlp };
inline constexpr int kNorms = 6;
enum class NormPlaces : std::uint8_t { Before, After, Both };
enum class QueryKeyNorm : std::uint8_t { None, Head, Projection };

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
    double rmsEpsilon = 1e-6;       // of all norms
    double ropeTheta = 10000.0;
    RopeScaling ropeScaling;
    std::vector<float> ropeDivisors; // GGUF's rope_freqs.weight [D/2]: frequencies are divided by them; empty: none
    Activation activation = Activation::Silu;
    bool isTied = false;        // the head is the embedding matrix
    bool hasQkvBias = false;
    bool hasOutputBias = false; // o_proj
    bool hasMlpBias = false;
    bool isFused = false;      // one map for q, k and v and, where there is a gate, one for gate and up (Phi-3)
    bool isFusedByHead = false; // rows of that map: q, k and v of the first head, of the second ... (GPT-NeoX)
    bool hasGate = true;       // of the MLP; without: down(act(up x)) (GPT-2, GPT-NeoX)
    bool hasLayerNorm = false; // norms subtract the mean and add a bias (GPT-2, GPT-NeoX)
    bool hasPositionTable = false; // learned positions [context, C] are added to the embeddings, nothing rotates (GPT-2)
    bool isParallel = false;   // attention and MLP read the same stream (GPT-NeoX)
    NormPlaces normPlaces = NormPlaces::Before;
    QueryKeyNorm queryKeyNorm = QueryKeyNorm::None;
    bool isNormOffset = false; // norms multiply by 1 + weight (Gemma)
    std::int64_t rotatedSize = 0;  // elements of a head that turn, the first ones; 0: all D
    double localRopeTheta = 0;     // of sliding layers, without scaling; 0: the same as all
    std::int64_t slidingWindow = 0; // key j is seen by query i iff i - W < j <= i; 0: all keys before
    std::vector<bool> slidingLayers;   // [L]: which layers have the window; empty: all
    std::vector<bool> unrotatedLayers; // [L]: which layers know no positions; empty: none
    double queryScale = 0;         // of the attention scores; 0: 1 / sqrt(D)
    double attentionSoftcap = 0;   // scores become c * tanh(scores / c); 0: unchanged
    double finalSoftcap = 0;       // the same of logits
    double embeddingScale = 1;
    std::string storedType;         // as the file says: "float32", "bfloat16", ""
    std::vector<std::int64_t> endTokens; // eos_token_id (may be several)
    std::int64_t beginToken = -1;

    [[nodiscard]] std::int64_t queryWidth() const { return heads * headSize; }            // H * D
    [[nodiscard]] std::int64_t keyValueWidth() const { return keyValueHeads * headSize; } // K * D
    [[nodiscard]] std::int64_t rotated() const { return rotatedSize > 0 ? rotatedSize : headSize; }
    [[nodiscard]] std::int64_t windowOf(std::int64_t layer) const; // 0: all keys before
    [[nodiscard]] bool isRotated(std::int64_t layer) const
    {
        return !hasPositionTable && (unrotatedLayers.empty() || !unrotatedLayers[static_cast<std::size_t>(layer)]);
    }
    [[nodiscard]] RopeKind ropeOf(std::int64_t layer) const { return localRopeTheta > 0 && windowOf(layer) > 0 ? RopeKind::Local : RopeKind::Global; }
    // Whether a text of so many tokens, a prefix included, is turned by the long factors.
    [[nodiscard]] bool isLongText(std::int64_t tokens) const { return ropeScaling.kind == RopeScalingKind::LongRope && tokens > ropeScaling.originalContext; }
    [[nodiscard]] double attentionScale() const; // of the scores
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

// "Qwen2ForCausalLM": the class of transformers that runs models of this family.
[[nodiscard]] std::string_view architectureOf(Family family);
// Why the decoder cannot run a model of this type, with its name; no error for supported ones. modelType as in config.json ("qwen2",
// "mixtral") or GGUF's general.architecture.
[[nodiscard]] Result<Family> familyFromType(std::string_view modelType, std::string_view source);

// Angles per position of each pair, [rotated/2], fp32 like the reference.
[[nodiscard]] std::vector<float> ropeFrequencies(const ModelConfig &config, RopeKind kind = RopeKind::Global);

// "model.layers.3." and the names of what belongs to no layer, without ".weight", in the reference's spelling.
[[nodiscard]] std::string layerPrefix(const ModelConfig &config, std::int64_t layer);
enum class OuterTensor : std::uint8_t { Embedding, Positions, FinalNorm, Head };
[[nodiscard]] std::string_view nameOf(const ModelConfig &config, OuterTensor tensor);

// "input_layernorm", "self_attn.q_norm"; empty when the layers of this model have no such norm.
[[nodiscard]] std::string_view normName(const ModelConfig &config, Norm norm);
[[nodiscard]] std::int64_t normSize(const ModelConfig &config, Norm norm);

// The linear maps of a layer, in the order in which they are applied, and their names in the reference's spelling. GPT-2 and GPT-NeoX have
// maps of their own, because the name of a map says which module an adapter goes to.
enum class LinearMap : std::uint8_t {
    Query, Key, Value, Output, Gate, Up, Down, QueryKeyValue, GateUp,
    Gpt2QueryKeyValue, Gpt2Output, Gpt2Up, Gpt2Down,
    NeoxQueryKeyValue, NeoxOutput, NeoxUp, NeoxDown,
};
inline constexpr int kLinearMaps = 17;
// Those that a model has: the seven of most families, or the four of fused ones.
[[nodiscard]] std::span<const LinearMap> linearMaps(const ModelConfig &config);
// What a map does, in the words of most families: Gpt2Up is an Up. And back: the map that does it in this model.
[[nodiscard]] LinearMap roleOf(LinearMap map);
[[nodiscard]] LinearMap mapFor(const ModelConfig &config, LinearMap role);
[[nodiscard]] bool hasBias(const ModelConfig &config, LinearMap map);
[[nodiscard]] std::string_view nameOf(LinearMap map);                  // "q_proj"
[[nodiscard]] std::string linearName(std::int64_t layer, LinearMap map); // "model.layers.3.self_attn.q_proj"
[[nodiscard]] std::int64_t inputSize(const ModelConfig &config, LinearMap map);
[[nodiscard]] std::int64_t outputSize(const ModelConfig &config, LinearMap map);

} // namespace fettle::model
