// Causal attention within documents for training: forward, and backward from the kept logarithms of the softmax sums. Works on blocks of
// query rows, so that only the visible half of the scores is computed and no [T, T] matrix exists. Every (document, key head) pair is one
// task on one thread; results do not depend on which thread takes it.
#pragma once

#include <cstdint>
#include <span>

namespace fettle::model::fast {

struct AttentionShape {
    std::int64_t heads = 0, keyValueHeads = 0, headSize = 0;
    std::int64_t window = 0;                 // 0: all keys before
    float scale = 0;                         // of the scores
    std::span<const std::int64_t> borders;   // as PackedBatch
    // Keys and values in front of every document, not rotated, [P, K D]; only without a window.
    std::int64_t prefixTokens = 0;
    const float *prefixKeys = nullptr, *prefixValues = nullptr;
    [[nodiscard]] std::int64_t queryWidth() const { return heads * headSize; }
    [[nodiscard]] std::int64_t rowWidth() const { return (heads + 2 * keyValueHeads) * headSize; }
};

// qkv [N, (H + 2K) D] (rotated), out [N, H D], logSums [N, H].
void attentionForward(const AttentionShape &shape, const float *qkv, float *out, float *logSums);
// dOut [N, H D] -> dQkv [N, (H + 2K) D], which is overwritten; what belongs to the prefix is added to its gradients, [P, K D], where they are given.
void attentionBackward(const AttentionShape &shape, const float *qkv, const float *out, const float *logSums, const float *dOut, float *dQkv,
                       float *dPrefixKeys = nullptr, float *dPrefixValues = nullptr);

} // namespace fettle::model::fast
