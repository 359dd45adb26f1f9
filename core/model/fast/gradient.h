// Gradients of weights that are trained themselves, added to their .grad(). No sum depends on the number of threads.
#pragma once

#include "core/torch.h"

#include <cstdint>
#include <span>
#include <vector>

namespace fettle::model::fast {

// The values of tensor.grad(), which is created (zero) where it is missing.
[[nodiscard]] float *gradientOf(const at::Tensor &tensor);

// Rows of several groups of columns, one group behind the other, that share a norm: the heads of q, or the whole stream as one group.
struct NormRows {
    const float *dOut = nullptr; // [rows, groups * width], dOutStride apart
    const float *x = nullptr;
    const float *r = nullptr;    // [rows, groups], 1 / rms
    std::int64_t dOutStride = 0, xStride = 0, rStride = 0;
    std::int64_t rows = 0, groups = 1;
};
// weight [width] of a norm with out = x * r * weight: sum over rows and groups of dOut * x * r.
void addNormGradient(const at::Tensor &weight, const NormRows &rows);
// bias [width]: scale * the sum over the rows of dY [rows, width].
void addBiasGradient(const at::Tensor &bias, const float *dY, std::int64_t rows, float scale = 1.0f);
// gradient [width] += the sum over the rows of d * x, each with its own stride.
void addProductSums(float *gradient, const float *d, std::int64_t strideD, const float *x, std::int64_t strideX, std::int64_t rows, std::int64_t width);
// embedding [V, C]: row i of dX [ids, C], times scale, is added to row ids[i]; ids below 0 are passed over.
void addEmbeddingGradient(const at::Tensor &embedding, std::span<const std::int64_t> ids, const float *dX, float scale);

// Tensors that came out of a graph (factors of a map, prefixes, virtual tokens): their gradients are collected while the pass goes down, and sent
// through the graph once, at its end.
class GraphGradients {
public:
    // Zeros of the source's shape to add to; undefined when it wants no gradient.
    [[nodiscard]] at::Tensor of(const at::Tensor &source);
    // To .grad() of what lies behind the sources.
    void send();

private:
    std::vector<at::Tensor> m_sources, m_gradients;
};

} // namespace fettle::model::fast
