// One stacked matrix, frozen or trained itself, with the low-rank updates of its maps: y = x W^T + sum of s (dropout(x) A^T) B^T, forward and
// backward on raw memory. The A of all maps are one matrix, so that they cost one product.
#pragma once

#include "core/model/sites.h"
#include "core/model/weights.h"

#include <initializer_list>
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

struct Stack {
    const float *weight = nullptr; // [out, in]; none where it is stored:
    StoredRows stored;
    const float *bias = nullptr;   // [out] or none
    std::int64_t in = 0, out = 0;
    std::int64_t rank = 0;         // of all parts together
    bool hasDropout = false;
    std::vector<StackPart> parts;
    at::Tensor a;                  // [rank, in]
    at::Tensor trainedWeight, trainedBias; // weight and bias where they are trained; else undefined
};

[[nodiscard]] Stack makeStack(const LinearWeight &weight, const ModelConfig &config, const Sites &sites, std::int64_t layer,
                              std::initializer_list<LinearMap> maps);
[[nodiscard]] bool isTrained(const Stack &stack);

enum class Into { Overwrite, Add };
enum class WantInput { No, Yes };

// x [N, in] -> y [N, out]; t [N, rank] is kept for the backward pass. scratch [N, in] is used with dropout only.
void stackForward(const Stack &stack, std::int64_t tokens, const float *x, float *y, Into into, float *t, float *scratch);
// dY [N, out] -> dX [N, in]; gradients of A, B, weight and bias are added to their grad(). u [N, rank], dA [rank, in] and scratch [N, in] are work memory.
void stackBackward(const Stack &stack, std::int64_t tokens, const float *x, const float *t, const float *dY, float *dX, Into into, WantInput want,
                   float *u, float *dA, float *scratch);

} // namespace fettle::model::fast
