// One forward pass for several sequences at once: prompts in blocks and single tokens alike, base and adapters together, each weight read
// once for all of them. Works on buffers that are kept from step to step. A sequence's logits have the same bits whatever else is in the step.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/decodeweights.h"
#include "core/generate/kvcache.h"
#include "core/generate/matrixkernels.h"
#include "core/generate/workerpool.h"

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace fettle::generate {

struct SiteWork;
struct StepBuffers;

enum class WantedLogits { None, Last, All };

// The next tokens of one sequence; they are appended to its cache.
struct StepPart {
    KvCache *cache = nullptr;
    std::span<const TokenId> tokens; // -1 - i: virtual token i of the adapter, in a step of this part alone
    const DecodeAdapter *adapter = nullptr; // null: the base model
    float strength = 1.0f;
    WantedLogits wanted = WantedLogits::Last;
};

class DecodeStep {
public:
    DecodeStep(std::shared_ptr<const DecodeWeights> weights, WorkerPool &pool);
    ~DecodeStep();

    // Wanted logits, in the order of the parts and tokens, each row of vocabulary() values; valid until the next call.
    // Parts with the same adapter and strength should stand side by side. Ids must be in the vocabulary; positions beyond the model's
    // context are the caller's matter. Errors: OutOfMemory, Cancelled (asked for between layers): the caches keep their length.
    struct Logits {
        const float *values = nullptr;
        std::size_t stride = 0, rows = 0;
        [[nodiscard]] std::span<const float> row(std::size_t index, std::size_t vocabulary) const { return {values + index * stride, vocabulary}; }
    };
    [[nodiscard]] Result<Logits> run(std::span<const StepPart> parts, std::stop_token stop = {});

    // After a run: the hidden state of a row (of all parts' tokens, in order) behind the last layer and norm. target: [C].
    void finalHidden(std::size_t row, float *target) const;

private:
    struct Target {
        float *values;
        std::size_t stride;
        ProductMode mode;
    };
    [[nodiscard]] Result<> prepare(std::span<const StepPart> parts);
    void embed();
    // weight and bias of a norm; without weight: the stream as it is.
    void normAndPack(const std::vector<float> &weight, const std::vector<float> &bias);
    void normRow(const float *x, const std::vector<float> &weight, const std::vector<float> &bias, float *out) const;
    void splitFused(std::initializer_list<model::LinearMap> parts);
    void normHeads(std::size_t layer, std::size_t row);
    [[nodiscard]] Target outputOf(model::LinearMap map);
    [[nodiscard]] Result<> applyMaps(std::initializer_list<model::LinearMap> maps, std::size_t layer);
    [[nodiscard]] std::vector<const PackedMatrix *> matricesAfter(model::LinearMap map, std::size_t layer) const;
    void rotateAndStore(std::size_t layer);
    void attendAndPack(std::size_t layer);
    // What adapters put on the stream behind attention or the MLP.
    [[nodiscard]] Result<> finishBlock(std::size_t layer, DecodeAdapter::Place place);
    [[nodiscard]] Result<> runAttention(std::size_t layer);
    // The MLP up to the input of its last map: packed, and in `gate` where attention comes between.
    [[nodiscard]] Result<> runMlp(std::size_t layer);
    [[nodiscard]] Result<> runLayer(std::size_t layer);
    [[nodiscard]] Result<Logits> outputLogits();
    template <class Work>
    void forRowGroups(std::size_t rows, Work &&work);

    std::shared_ptr<const DecodeWeights> m_weights;
    WorkerPool &m_pool;
    std::unique_ptr<StepBuffers> m_buffers;
    std::unique_ptr<SiteWork> m_sites;
};

} // namespace fettle::generate
