// The decoder of Llama and its relatives, driven by ModelConfig, with LibTorch operators and autograd: the plain path and the reference of every
// faster one. Readable top to bottom in decoder.cpp.
//
//   ids -> embed -> [ norm -> q,k,v -> rotary -> attention -> o -> + -> norm -> down(act(gate) * up) -> + ] x L -> norm -> head
//
// Each layer has the norms that its family puts there: before a branch, behind it, on q and k. GPT-2 and GPT-NeoX: gptdecoder.cpp.
#pragma once

#include "core/model/recompute.h"
#include "core/model/sites.h"
#include "core/model/torcherror.h"
#include "core/model/weights.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fettle::model {

// Documents one behind the other, without padding. Attention never crosses a border; positions restart.
struct PackedBatch {
    at::Tensor ids;                    // [N] int64
    at::Tensor positions;              // [N] int64
    std::vector<std::int64_t> borders; // first rows of the documents and N at the end: {0, 37, 90} for two documents

    [[nodiscard]] std::int64_t tokens() const { return borders.empty() ? 0 : borders.back(); }
    [[nodiscard]] std::int64_t documents() const { return borders.empty() ? 0 : static_cast<std::int64_t>(borders.size()) - 1; }
};

// Positions count from 0 in each document.
[[nodiscard]] PackedBatch packDocuments(std::span<const std::span<const std::int32_t>> documents);
[[nodiscard]] PackedBatch packDocument(std::span<const std::int32_t> ids);
// Errors: BadInput when an id is outside the vocabulary, a border is out of order, or the batch is empty.
[[nodiscard]] Result<> checkBatch(const ModelConfig &config, const PackedBatch &batch);

// Final hidden states [N, C], after the last norm. Follows autograd; weights and sites must live until the way back is over. Throws c10::Error
// (callers catch at the module's edge), and Stopped between two layers, in the backward pass too.
[[nodiscard]] at::Tensor forwardHidden(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, const StopCheck &isStopped = {}, Kept kept = Kept::Everything);
// Logits [M, V] of hidden states [M, C].
[[nodiscard]] at::Tensor headLogits(const ModelWeights &weights, const at::Tensor &hidden, const HeadChange &change = {});
// forwardHidden and the head on chosen rows ([M] int64; undefined: all), without gradients, exceptions caught. Logits [M, V].
[[nodiscard]] Result<at::Tensor> computeLogits(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites,
                                               const at::Tensor &rows = {});

// The operations of a layer, for tests and for other paths.
[[nodiscard]] at::Tensor rmsNorm(const at::Tensor &x, const at::Tensor &weight, double epsilon); // x [N, C]
struct RopeTables { at::Tensor cosine, sine; }; // [N, rotated/2] each
[[nodiscard]] RopeTables ropeTables(const ModelConfig &config, const at::Tensor &positions, RopeKind kind = RopeKind::Global);
[[nodiscard]] at::Tensor applyRope(const at::Tensor &x, const RopeTables &tables); // x [N, heads, D]
// q [N, H, D], k and v [N, K, D]: causal attention within each document, [N, H, D].
struct AttentionRule {
    std::int64_t window = 0;     // 0: unlimited
    std::optional<double> scale; // nothing: 1 / sqrt(D)
    double softcap = 0;          // scores become c * tanh(scores / c); 0: unchanged
};
[[nodiscard]] at::Tensor documentAttention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, std::span<const std::int64_t> borders,
                                           const AttentionRule &rule, const PrefixKeyValues &prefix = {});

} // namespace fettle::model
