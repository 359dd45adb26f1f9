// What happens to rows of activations between the products: norms, rotary positions, SwiGLU, softmax, and a fingerprint of memory.
// Runs on whatever vector unit the processor has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fettle::generate {

// out[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i].
void rmsNorm(const float *x, const float *weight, std::size_t count, float epsilon, float *out);
// out[i] = (x[i] - mean) / sqrt(variance + epsilon) * weight[i] + bias[i].
void layerNorm(const float *x, const float *weight, const float *bias, std::size_t count, float epsilon, float *out);
// gate[i] = silu(gate[i]) * up[i].
void swiGlu(float *gate, const float *up, std::size_t count);
// gate[i] = gelu(gate[i]) * up[i], gelu by the formula with tanh.
void geGlu(float *gate, const float *up, std::size_t count);
// x[i] = gelu(x[i]): by the formula with tanh, or exactly.
void geluTanh(float *x, std::size_t count);
void gelu(float *x, std::size_t count);
// x[i] = silu(x[i]).
void silu(float *x, std::size_t count);
// x[i] = limit * tanh(x[i] / limit).
void softLimit(float *x, std::size_t count, float limit);
// Turns the pairs (i, i + half) of one head by the angles given as cosine and sine, [half] each.
void rotateHead(float *head, const float *cosine, const float *sine, std::size_t half);
// y[i] += factor * x[i].
void addScaled(float *y, const float *x, float factor, std::size_t count);
// out[i] = exp(x[i] - max) / sum. count > 0.
void softmax(const float *x, std::size_t count, float *out);
// out[i] = x[i], minus infinity where x[i] is no number.
void copyScores(const float *x, std::size_t count, float *out);
// x[i] /= divisor.
void divideBy(float *x, std::size_t count, float divisor);
// The largest value of each block of kMaximaBlock values (the last block may be smaller). No value may be NaN.
inline constexpr std::size_t kMaximaBlock = 256;
void blockMaxima(const float *x, std::size_t count, float *maxima);
// 64 bits that change when any bit of the memory changes (a sum of products over 32-bit words with weights that depend on the place).
// Finds changes as fast as memory can be read; it does not resist somebody who wants to deceive it.
[[nodiscard]] std::uint64_t fingerprint(std::span<const std::byte> bytes);

} // namespace fettle::generate
