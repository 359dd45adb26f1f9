// One stacked matrix, frozen or trained itself, with what the sites put at its maps, forward and backward on raw memory:
//   y = x W^T + sum of s (dropout(x) A^T) B^T, then factors of some outputs, or factors of x in front of it all.
// The A of all maps are one matrix, so that they cost one product.
#pragma once

#include "core/model/fast/gemm.h"
#include "core/model/fast/gradient.h"
#include "core/model/fast/workspace.h"
#include "core/model/sites.h"
#include "core/model/weights.h"

#include <optional>
#include <span>
#include <vector>

namespace fettle::model::fast {

// The share of one map (or one of several adapters at a map).
struct StackPart {
    LowRank update;
    std::int64_t column = 0;     // first column in y
    std::int64_t out = 0;
    std::int64_t rank = 0;
    std::int64_t rankColumn = 0; // first column in t
    at::Tensor scaledB;          // s B, [out, rank]
};

// Factors of the columns [column, column + count) of y, or of x.
struct StackGain {
    std::int64_t column = 0, count = 0;
    std::int64_t rawColumn = 0; // where those outputs are kept as they were before
    at::Tensor factors;
    at::Tensor gradient;        // of the factors; undefined when none is wanted
};

struct Stack {
    const float *weight = nullptr; // [out, in]; none where it is stored:
    StoredRows stored;
    const float *bias = nullptr;   // [out] or none
    std::int64_t in = 0, out = 0;
    std::size_t maps = 0;          // that are stored in it
    std::int64_t rank = 0;         // of all parts together
    bool hasDropout = false;
    Factors factors = Factors::Fp32; // of the products with weight where it is frozen
    std::vector<StackPart> parts;
    at::Tensor a;                  // [rank, in]
    at::Tensor trainedWeight, trainedBias; // weight and bias where they are trained; else undefined
    std::vector<StackGain> gains;  // of outputs
    bool isBiasBehind = false;     // the bias is added behind the factors
    std::optional<StackGain> inputGain;
    [[nodiscard]] StackNeeds needs() const;
};

[[nodiscard]] Stack makeStack(const LinearWeight &weight, const ModelConfig &config, const Sites &sites, std::int64_t layer, std::span<const LinearMap> maps,
                              GraphGradients &graph);
[[nodiscard]] bool isTrained(const Stack &stack);

enum class Into { Overwrite, Add }; // Add: only without factors of outputs
enum class WantInput { No, Yes };

// x [N, in] -> y [N, out]; saves are kept for the backward pass. scratch [N, in] is used with dropout or factors of x only.
void stackForward(const Stack &stack, std::int64_t tokens, const float *x, float *y, Into into, const StackSaves &saves, float *scratch);
// What a forward pass leaves of the low-rank updates alone: t.
void lowRankForward(const Stack &stack, std::int64_t tokens, const float *x, const StackSaves &saves, float *scratch);
// dY [N, out] -> dX [N, in], which may be written even when it is not wanted; gradients of A, B, weight, bias and factors are added to theirs.
// Where outputs have factors, dY is changed.
void stackBackward(const Stack &stack, std::int64_t tokens, const float *x, const StackSaves &saves, float *dY, float *dX, WantInput want, const StackWork &work);

} // namespace fettle::model::fast
