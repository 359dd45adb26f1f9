// The elementwise operations of a layer, forward and backward, vectorised for the processor at run time. One thread; callers split the
// rows. All matrices are row-major fp32. No sum depends on how the rows are split.
#pragma once

#include <cstdint>

namespace fettle::model::fast {

// out = x * r * weight with r = 1 / sqrt(mean(x^2) + epsilon); r [rows] is kept for the backward pass.
void normForward(const float *x, const float *weight, float epsilon, std::int64_t rows, std::int64_t width, float *out, float *r);
// The same with r known.
void normAgain(const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *out);
// dx += gradient of x for a gradient of out.
void normBackward(const float *dOut, const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *dx);

enum class Turn { Forward, Back };
// Rotary positions in place on `heads` heads of a row, on the first `rotated` elements of each; cosine and sine [rows, rotated / 2].
void rope(float *x, std::int64_t stride, std::int64_t heads, std::int64_t headSize, std::int64_t rotated, const float *cosine, const float *sine, std::int64_t rows,
          Turn turn);

// gateUp [rows, 2 * width]: activated = silu(gate) * up.
void swigluForward(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated);
// gateUp becomes its own gradient.
void swigluBackward(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width);
// The same with gelu, in the form with tanh, in place of silu.
void gegluForward(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated);
void gegluBackward(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width);

// One row of attention scores: softmax(scale * scores) over [begin, end), 0 elsewhere in [0, count). Returns log(sum(exp(scale * scores))).
float attentionSoftmax(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale);
// The same probabilities from the kept logarithm.
void attentionAgain(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float logSum);
// dScores = p * (dP - delta) * scale over [begin, end), 0 elsewhere; written over dP.
void attentionBackward(const float *p, float *dP, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float delta);
[[nodiscard]] float dot(const float *a, const float *b, std::int64_t count);

struct CrossEntropy {
    float loss = 0;
    bool isCorrect = false;
};
// z [count] logits. gradientScale 0: z is left as exponentials; else z becomes gradientScale * (softmax(z) - onehot(target)).
CrossEntropy crossEntropy(float *z, std::int64_t count, std::int64_t target, float gradientScale);

// y += x.
void addRows(float *y, const float *x, std::int64_t count);
void addBias(float *y, std::int64_t stride, const float *bias, std::int64_t rows, std::int64_t width);

} // namespace fettle::model::fast
