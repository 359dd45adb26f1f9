// An adapter as the decoding step reads it: at each map a low-rank update as packed matrices (fp32, or F16 where the model's own are quantised), and
// factors of its rows or columns.
#pragma once

#include "core/base/result.h"
#include "core/generate/packedmatrix.h"
#include "core/model/config.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fettle::tune {
class Adapter;
class BottleneckAdapter;
class Ia3Adapter;
class LoraAdapter;
}

namespace fettle::generate {

class DecodeWeights;
class KvCache;

class DecodeAdapter {
public:
    struct Module {
        PackedMatrix a; // [R, in]; empty: the map is not adapted
        PackedMatrix b; // [out, R]
        float scaling = 1.0f; // without the strength
        std::vector<float> gain;      // [out] factor of the map's own output, minus 1; empty: none
        bool isBiasGained = false;    // the factor goes for the bias too
        std::vector<float> inputGain; // [in] factor of what the map reads, minus 1; empty: none
    };

    // A small network on the residual stream: A(x) = scaling * Up(f(Down(x))).
    struct Bottleneck {
        PackedMatrix down, up; // [C / reduction, C], [C, C / reduction]; empty: none
        std::vector<float> downBias, upBias;
        float scaling = 1.0f; // without the strength
    };
    // At the embeddings or at the head: a matrix in place of the model's own, or a low-rank update of it.
    struct Outer {
        PackedMatrix whole;     // [V, C]; empty: the model's own
        PackedMatrix a, b;      // head: [R, C], [V, R]; embedding: [V, R], [C, R]; empty: none
        float scaling = 1.0f;   // without the strength
    };
    enum class BottleneckInput { Stream, Sum, Branch }; // before the block, behind it, or what the block adds
    enum class Place { AfterAttention, AfterMlp };

    // Copies the adapter's tensors as they are now; its strength is not taken over.
    // Errors: OutOfMemory, BadInput (shapes of another model, a method that cannot be sampled).
    [[nodiscard]] static Result<std::shared_ptr<DecodeAdapter>> create(const tune::Adapter &adapter, const DecodeWeights &weights);
    // Both at once, each with its strength, as one update of rank R1 + R2 whose strength is 1. Errors: OutOfMemory, BadInput (one of them
    // cannot be mixed, or they belong to different models).
    [[nodiscard]] static Result<std::shared_ptr<const DecodeAdapter>> mix(const DecodeAdapter &first, double firstStrength, const DecodeAdapter &second,
                                                                          double secondStrength);
    // Only what adds a low-rank update to the maps can be added to another.
    [[nodiscard]] bool canMix() const;
    ~DecodeAdapter();

    [[nodiscard]] const Module &module(std::size_t layer, model::LinearMap map) const { return m_modules[layer][static_cast<std::size_t>(map)]; }
    [[nodiscard]] Module &module(std::size_t layer, model::LinearMap map) { return m_modules[layer][static_cast<std::size_t>(map)]; }
    [[nodiscard]] const Bottleneck *bottleneck(std::size_t layer, Place place) const;
    [[nodiscard]] BottleneckInput bottleneckInput() const { return m_bottleneckInput; }
    [[nodiscard]] const Outer &embedding() const { return m_embedding; }
    [[nodiscard]] const Outer &head() const { return m_head; }
    [[nodiscard]] std::size_t largestRank() const { return m_largestRank; }
    // f of the bottlenecks, in place.
    void activate(float *values, std::size_t count) const;

    // Positions in front of every text: a prefix of keys and values, or virtual tokens. 0 for most adapters.
    [[nodiscard]] std::size_t startLength() const { return m_startLength; }
    // Embedding of virtual token i, [C].
    [[nodiscard]] const float *virtualToken(std::size_t i) const { return m_virtualTokens.data() + i * m_width; }
    // The cache of a text before its first token. null while startLength() is 0. Set by Generator::addAdapter.
    [[nodiscard]] const std::shared_ptr<const KvCache> &start() const { return m_start; }
    [[nodiscard]] bool hasVirtualTokens() const { return !m_virtualTokens.empty(); }
    void setStart(std::shared_ptr<const KvCache> start);
    // False where only 0 and 1 make sense as strength.
    [[nodiscard]] bool canScale() const { return m_startLength == 0 && m_embedding.whole.isEmpty() && m_head.whole.isEmpty(); }
    // The adapter's own hash (tune::Adapter::hash) of the tensors that lie in memory now. Quick while they have not changed since the last call.
    [[nodiscard]] std::string hash() const;

private:
    struct Origin;
    DecodeAdapter();
    [[nodiscard]] Result<> takeLora(const tune::LoraAdapter &adapter, const DecodeWeights &weights);
    [[nodiscard]] Result<> takeOuter(const tune::LoraAdapter &adapter, const model::ModelConfig &config);
    [[nodiscard]] static tl::unexpected<Error> doesNotFit(const std::string &name);
    [[nodiscard]] Result<> takeIa3(const tune::Ia3Adapter &adapter, const model::ModelConfig &config);
    [[nodiscard]] Result<> takeBottlenecks(const tune::BottleneckAdapter &adapter, const model::ModelConfig &config);
    [[nodiscard]] Result<> takePrefix(const tune::Adapter &adapter, const model::ModelConfig &config);
    [[nodiscard]] std::uint64_t fingerprintNow() const;
    std::vector<std::array<Module, model::kLinearMaps>> m_modules;
    std::vector<std::array<Bottleneck, 2>> m_bottlenecks; // [layer][place]; empty: none
    BottleneckInput m_bottleneckInput = BottleneckInput::Stream;
    Outer m_embedding, m_head;
    int m_activation = 0; // tune::Curve
    std::vector<float> m_virtualTokens; // [P, C]
    std::size_t m_width = 0, m_startLength = 0;
    std::shared_ptr<const KvCache> m_start;
    std::size_t m_largestRank = 0;
    std::unique_ptr<Origin> m_origin; // settings that the hash of a LoRA adapter needs besides the tensors
    std::uint64_t m_fingerprint = 0; // of the tensors as they were taken over
    std::string m_hash;
    mutable std::uint64_t m_changedFingerprint = 0; // of tensors that were changed since
    mutable std::string m_changedHash;
};

} // namespace fettle::generate
