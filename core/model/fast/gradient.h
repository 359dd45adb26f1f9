// Gradients of weights that are trained themselves, added to their .grad(). No sum depends on the number of threads.
#pragma once

#include "core/torch.h"

#include <cstdint>
#include <span>

namespace fettle::model::fast {

// The values of tensor.grad(), which is created (zero) where it is missing.
[[nodiscard]] float *gradientOf(const at::Tensor &tensor);

// weight [width] of a norm with out = x * r * weight: sum over the rows of dOut * x * r. dOut, x [rows, width], r [rows].
void addNormGradient(const at::Tensor &weight, const float *dOut, const float *x, const float *r, std::int64_t rows);
// bias [width]: sum over the rows of dY [rows, width].
void addBiasGradient(const at::Tensor &bias, const float *dY, std::int64_t rows);
// embedding [V, C]: row i of dX [ids, C] is added to row ids[i].
void addEmbeddingGradient(const at::Tensor &embedding, std::span<const std::int64_t> ids, const float *dX);

} // namespace fettle::model::fast
