// Compiled once for each instruction set by Highway (foreach_target); the best one of the processor is chosen at the first call.
#include "core/model/fast/kernels.h"

#include "core/base/simd.h"

#include <cmath>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/model/fast/kernels.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::model::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(D())); }

// 1 / (1 + exp(-x)); the clamp keeps exp finite.
HWY_INLINE V sigmoid(V x)
{
    const D d;
    const V e = hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0f)));
    return hn::Div(hn::Set(d, 1.0f), hn::Add(hn::Set(d, 1.0f), e));
}

float dotProduct(const float *a, const float *b, std::int64_t count)
{
    const D d;
    const std::int64_t step = lanes();
    V first = hn::Zero(d), second = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + 2 * step <= count; i += 2 * step) {
        first = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), first);
        second = hn::MulAdd(hn::LoadU(d, a + i + step), hn::LoadU(d, b + i + step), second);
    }
    for (; i + step <= count; i += step)
        first = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), first);
    float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second)));
    for (; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

void normScale(const float *x, const float *weight, float r, std::int64_t width, float *out)
{
    const D d;
    const V factor = hn::Set(d, r);
    std::int64_t i = 0;
    for (; i + lanes() <= width; i += lanes())
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), factor), hn::LoadU(d, weight + i)), d, out + i);
    for (; i < width; ++i)
        out[i] = x[i] * r * weight[i];
}

void normForwardRows(const float *x, const float *weight, float epsilon, std::int64_t rows, std::int64_t width, float *out, float *r)
{
    for (std::int64_t row = 0; row < rows; ++row, x += width, out += width) {
        r[row] = 1.0f / std::sqrt(dotProduct(x, x, width) / static_cast<float>(width) + epsilon);
        normScale(x, weight, r[row], width, out);
    }
}

void normAgainRows(const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *out)
{
    for (std::int64_t row = 0; row < rows; ++row)
        normScale(x + row * width, weight, r[row], width, out + row * width);
}

// With y = x r w: dx = r (w dy) - x r^3 / C * sum(x w dy).
void normBackwardRows(const float *dOut, const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *dx)
{
    const D d;
    for (std::int64_t row = 0; row < rows; ++row, dOut += width, x += width, dx += width) {
        V sums = hn::Zero(d);
        std::int64_t i = 0;
        for (; i + lanes() <= width; i += lanes())
            sums = hn::MulAdd(hn::Mul(hn::LoadU(d, dOut + i), hn::LoadU(d, weight + i)), hn::LoadU(d, x + i), sums);
        float sum = hn::GetLane(hn::SumOfLanes(d, sums));
        for (; i < width; ++i)
            sum += dOut[i] * weight[i] * x[i];
        const float scale = r[row], back = scale * scale * scale * sum / static_cast<float>(width);
        const V scales = hn::Set(d, scale), backs = hn::Set(d, back);
        for (i = 0; i + lanes() <= width; i += lanes()) {
            const V direct = hn::MulAdd(hn::Mul(hn::LoadU(d, dOut + i), hn::LoadU(d, weight + i)), scales, hn::LoadU(d, dx + i));
            hn::StoreU(hn::NegMulAdd(hn::LoadU(d, x + i), backs, direct), d, dx + i);
        }
        for (; i < width; ++i)
            dx[i] += dOut[i] * weight[i] * scale - x[i] * back;
    }
}

void ropeRows(float *x, std::int64_t stride, std::int64_t heads, std::int64_t headSize, std::int64_t rotated, const float *cosine, const float *sine,
              std::int64_t rows, Turn turn)
{
    const D d;
    const std::int64_t half = rotated / 2;
    const float sign = turn == Turn::Forward ? 1.0f : -1.0f;
    const V signs = hn::Set(d, sign);
    for (std::int64_t row = 0; row < rows; ++row, x += stride, cosine += half, sine += half) {
        for (std::int64_t head = 0; head < heads; ++head) {
            float *a = x + head * headSize, *b = a + half;
            std::int64_t i = 0;
            for (; i + lanes() <= half; i += lanes()) {
                const V c = hn::LoadU(d, cosine + i), s = hn::Mul(hn::LoadU(d, sine + i), signs);
                const V first = hn::LoadU(d, a + i), second = hn::LoadU(d, b + i);
                hn::StoreU(hn::NegMulAdd(second, s, hn::Mul(first, c)), d, a + i);
                hn::StoreU(hn::MulAdd(first, s, hn::Mul(second, c)), d, b + i);
            }
            for (; i < half; ++i) {
                const float c = cosine[i], s = sine[i] * sign, first = a[i], second = b[i];
                a[i] = first * c - second * s;
                b[i] = second * c + first * s;
            }
        }
    }
}

// What stands between gate and up: silu(x) = x s(x), gelu(x) = x s(2 u(x)) with u = sqrt(2 / pi) (x + 0.044715 x^3) and s the logistic curve.
struct Silu {
    static HWY_INLINE V steepness(V x) { return x; }
    static HWY_INLINE V slope(V) { return hn::Set(D(), 1.0f); }
    static float steepness(float x) { return x; }
    static float slope(float) { return 1.0f; }
};
constexpr float kGelu = 1.5957691216057308f, kGeluCube = 0.044715f; // 2 sqrt(2 / pi)
struct Gelu {
    static HWY_INLINE V steepness(V x)
    {
        const D d;
        return hn::Mul(hn::Mul(x, hn::Set(d, kGelu)), hn::MulAdd(hn::Mul(x, x), hn::Set(d, kGeluCube), hn::Set(d, 1.0f)));
    }
    static HWY_INLINE V slope(V x)
    {
        const D d;
        return hn::MulAdd(hn::Mul(x, x), hn::Set(d, 3.0f * kGelu * kGeluCube), hn::Set(d, kGelu));
    }
    static float steepness(float x) { return kGelu * x * (1.0f + kGeluCube * x * x); }
    static float slope(float x) { return kGelu + 3.0f * kGelu * kGeluCube * x * x; }
};

template <class Curve>
HWY_INLINE void gatedForward(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated)
{
    const D d;
    for (std::int64_t row = 0; row < rows; ++row, gateUp += 2 * width, activated += width) {
        std::int64_t i = 0;
        for (; i + lanes() <= width; i += lanes()) {
            const V gate = hn::LoadU(d, gateUp + i);
            hn::StoreU(hn::Mul(hn::Mul(gate, sigmoid(Curve::steepness(gate))), hn::LoadU(d, gateUp + width + i)), d, activated + i);
        }
        for (; i < width; ++i)
            activated[i] = gateUp[i] / (1.0f + std::exp(-Curve::steepness(gateUp[i]))) * gateUp[width + i];
    }
}

template <class Curve>
HWY_INLINE void gatedBackward(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width)
{
    const D d;
    const V one = hn::Set(d, 1.0f);
    for (std::int64_t row = 0; row < rows; ++row, gateUp += 2 * width, dActivated += width) {
        float *up = gateUp + width;
        std::int64_t i = 0;
        for (; i + lanes() <= width; i += lanes()) {
            const V g = hn::LoadU(d, gateUp + i), u = hn::LoadU(d, up + i), dy = hn::LoadU(d, dActivated + i);
            const V s = sigmoid(Curve::steepness(g)), value = hn::Mul(g, s);
            const V slope = hn::MulAdd(hn::Mul(value, Curve::slope(g)), hn::Sub(one, s), s); // s + g s (1 - s) * the slope inside
            hn::StoreU(hn::Mul(hn::Mul(dy, u), slope), d, gateUp + i);
            hn::StoreU(hn::Mul(dy, value), d, up + i);
        }
        for (; i < width; ++i) {
            const float g = gateUp[i], s = 1.0f / (1.0f + std::exp(-Curve::steepness(g))), dy = dActivated[i];
            gateUp[i] = dy * up[i] * s * (1.0f + g * Curve::slope(g) * (1.0f - s));
            up[i] = dy * g * s;
        }
    }
}

void swigluForwardRows(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated) { gatedForward<Silu>(gateUp, rows, width, activated); }
void swigluBackwardRows(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width) { gatedBackward<Silu>(gateUp, dActivated, rows, width); }
void gegluForwardRows(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated) { gatedForward<Gelu>(gateUp, rows, width, activated); }
void gegluBackwardRows(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width) { gatedBackward<Gelu>(gateUp, dActivated, rows, width); }

float largestOf(const float *values, std::int64_t count)
{
    const D d;
    float largest = values[0];
    std::int64_t i = 0;
    if (count >= lanes()) {
        V most = hn::LoadU(d, values);
        for (i = lanes(); i + lanes() <= count; i += lanes())
            most = hn::Max(most, hn::LoadU(d, values + i));
        largest = hn::GetLane(hn::MaxOfLanes(d, most));
    }
    for (; i < count; ++i)
        largest = values[i] > largest ? values[i] : largest;
    return largest;
}

// values = exp(scale * values - shift); returns their sum.
float exponentials(float *values, std::int64_t count, float scale, float shift)
{
    const D d;
    const V factor = hn::Set(d, scale), offset = hn::Set(d, shift);
    V sums = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + lanes() <= count; i += lanes()) {
        const V e = hn::Exp(d, hn::MulSub(hn::LoadU(d, values + i), factor, offset));
        hn::StoreU(e, d, values + i);
        sums = hn::Add(sums, e);
    }
    float sum = hn::GetLane(hn::SumOfLanes(d, sums));
    for (; i < count; ++i) {
        values[i] = std::exp(values[i] * scale - shift);
        sum += values[i];
    }
    return sum;
}

void multiply(float *values, std::int64_t count, float factor)
{
    const D d;
    const V factors = hn::Set(d, factor);
    std::int64_t i = 0;
    for (; i + lanes() <= count; i += lanes())
        hn::StoreU(hn::Mul(hn::LoadU(d, values + i), factors), d, values + i);
    for (; i < count; ++i)
        values[i] *= factor;
}

void clear(float *values, std::int64_t count)
{
    for (std::int64_t i = 0; i < count; ++i)
        values[i] = 0.0f;
}

float softmaxRow(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale)
{
    const float shift = largestOf(scores + begin, end - begin) * scale;
    const float sum = exponentials(scores + begin, end - begin, scale, shift);
    multiply(scores + begin, end - begin, 1.0f / sum);
    clear(scores, begin);
    clear(scores + end, count - end);
    return shift + std::log(sum);
}

void softmaxAgain(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float logSum)
{
    exponentials(scores + begin, end - begin, scale, logSum);
    clear(scores, begin);
    clear(scores + end, count - end);
}

void softmaxBackward(const float *p, float *dP, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float delta)
{
    const D d;
    const V factor = hn::Set(d, scale), offset = hn::Set(d, delta);
    std::int64_t i = begin;
    for (; i + lanes() <= end; i += lanes())
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, p + i), hn::Sub(hn::LoadU(d, dP + i), offset)), factor), d, dP + i);
    for (; i < end; ++i)
        dP[i] = p[i] * (dP[i] - delta) * scale;
    clear(dP, begin);
    clear(dP + end, count - end);
}

CrossEntropy crossEntropyRow(float *z, std::int64_t count, std::int64_t target, float gradientScale)
{
    const float largest = largestOf(z, count), atTarget = z[target];
    const float sum = exponentials(z, count, 1.0f, largest);
    if (gradientScale != 0.0f) {
        multiply(z, count, gradientScale / sum);
        z[target] -= gradientScale;
    }
    return {std::log(sum) + largest - atTarget, atTarget >= largest};
}

void addTo(float *y, const float *x, std::int64_t count)
{
    const D d;
    std::int64_t i = 0;
    for (; i + lanes() <= count; i += lanes())
        hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, y + i);
    for (; i < count; ++i)
        y[i] += x[i];
}

} // namespace fettle::model::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::model::fast {

HWY_EXPORT(dotProduct);
HWY_EXPORT(normForwardRows);
HWY_EXPORT(normAgainRows);
HWY_EXPORT(normBackwardRows);
HWY_EXPORT(ropeRows);
HWY_EXPORT(swigluForwardRows);
HWY_EXPORT(swigluBackwardRows);
HWY_EXPORT(gegluForwardRows);
HWY_EXPORT(gegluBackwardRows);
HWY_EXPORT(softmaxRow);
HWY_EXPORT(softmaxAgain);
HWY_EXPORT(softmaxBackward);
HWY_EXPORT(crossEntropyRow);
HWY_EXPORT(addTo);

float dot(const float *a, const float *b, std::int64_t count) { return HWY_DYNAMIC_DISPATCH(dotProduct)(a, b, count); }

void normForward(const float *x, const float *weight, float epsilon, std::int64_t rows, std::int64_t width, float *out, float *r)
{
    HWY_DYNAMIC_DISPATCH(normForwardRows)(x, weight, epsilon, rows, width, out, r);
}

void normAgain(const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *out)
{
    HWY_DYNAMIC_DISPATCH(normAgainRows)(x, weight, r, rows, width, out);
}

void normBackward(const float *dOut, const float *x, const float *weight, const float *r, std::int64_t rows, std::int64_t width, float *dx)
{
    HWY_DYNAMIC_DISPATCH(normBackwardRows)(dOut, x, weight, r, rows, width, dx);
}

void rope(float *x, std::int64_t stride, std::int64_t heads, std::int64_t headSize, std::int64_t rotated, const float *cosine, const float *sine, std::int64_t rows,
          Turn turn)
{
    HWY_DYNAMIC_DISPATCH(ropeRows)(x, stride, heads, headSize, rotated, cosine, sine, rows, turn);
}

void swigluForward(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated)
{
    HWY_DYNAMIC_DISPATCH(swigluForwardRows)(gateUp, rows, width, activated);
}

void swigluBackward(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width)
{
    HWY_DYNAMIC_DISPATCH(swigluBackwardRows)(gateUp, dActivated, rows, width);
}

void gegluForward(const float *gateUp, std::int64_t rows, std::int64_t width, float *activated)
{
    HWY_DYNAMIC_DISPATCH(gegluForwardRows)(gateUp, rows, width, activated);
}

void gegluBackward(float *gateUp, const float *dActivated, std::int64_t rows, std::int64_t width)
{
    HWY_DYNAMIC_DISPATCH(gegluBackwardRows)(gateUp, dActivated, rows, width);
}

float attentionSoftmax(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale)
{
    return HWY_DYNAMIC_DISPATCH(softmaxRow)(scores, begin, end, count, scale);
}

void attentionAgain(float *scores, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float logSum)
{
    HWY_DYNAMIC_DISPATCH(softmaxAgain)(scores, begin, end, count, scale, logSum);
}

void attentionBackward(const float *p, float *dP, std::int64_t begin, std::int64_t end, std::int64_t count, float scale, float delta)
{
    HWY_DYNAMIC_DISPATCH(softmaxBackward)(p, dP, begin, end, count, scale, delta);
}

CrossEntropy crossEntropy(float *z, std::int64_t count, std::int64_t target, float gradientScale)
{
    return HWY_DYNAMIC_DISPATCH(crossEntropyRow)(z, count, target, gradientScale);
}

void addRows(float *y, const float *x, std::int64_t count) { HWY_DYNAMIC_DISPATCH(addTo)(y, x, count); }

void addBias(float *y, std::int64_t stride, const float *bias, std::int64_t rows, std::int64_t width)
{
    for (std::int64_t row = 0; row < rows; ++row)
        HWY_DYNAMIC_DISPATCH(addTo)(y + row * stride, bias, width);
}

} // namespace fettle::model::fast
#endif
