#include "core/generate/vectorkernels.h"

#include "core/base/simd.h"

#include <cmath>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/generate/vectorkernels.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/generate/mathvectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::generate::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;
using FloatVector = hn::Vec<Floats>;
inline constexpr std::size_t kLanes = hn::MaxLanes(Floats());

void rmsNormHere(const float *x, const float *weight, std::size_t count, float epsilon, float *out)
{
    const Floats d;
    FloatVector sum = hn::Zero(d);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const FloatVector value = hn::LoadU(d, x + i);
        sum = hn::MulAdd(value, value, sum);
    }
    float total = hn::GetLane(hn::SumOfLanes(d, sum));
    for (std::size_t k = i; k < count; ++k)
        total += x[k] * x[k];
    const float scale = 1.0f / std::sqrt(total / static_cast<float>(count) + epsilon);
    const FloatVector scales = hn::Set(d, scale);
    for (i = 0; i + kLanes <= count; i += kLanes)
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), scales), hn::LoadU(d, weight + i)), d, out + i);
    for (; i < count; ++i)
        out[i] = x[i] * scale * weight[i];
}

void layerNormHere(const float *x, const float *weight, const float *bias, std::size_t count, float epsilon, float *out)
{
    const Floats d;
    FloatVector sum = hn::Zero(d);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        sum = hn::Add(sum, hn::LoadU(d, x + i));
    float total = hn::GetLane(hn::SumOfLanes(d, sum));
    for (; i < count; ++i)
        total += x[i];
    const float mean = total / static_cast<float>(count);
    const FloatVector means = hn::Set(d, mean);
    FloatVector squares = hn::Zero(d);
    for (i = 0; i + kLanes <= count; i += kLanes) {
        const FloatVector apart = hn::Sub(hn::LoadU(d, x + i), means);
        squares = hn::MulAdd(apart, apart, squares);
    }
    float spread = hn::GetLane(hn::SumOfLanes(d, squares));
    for (; i < count; ++i)
        spread += (x[i] - mean) * (x[i] - mean);
    const float scale = 1.0f / std::sqrt(spread / static_cast<float>(count) + epsilon);
    const FloatVector scales = hn::Set(d, scale);
    for (i = 0; i + kLanes <= count; i += kLanes) {
        const FloatVector normal = hn::Mul(hn::Sub(hn::LoadU(d, x + i), means), scales);
        hn::StoreU(hn::MulAdd(normal, hn::LoadU(d, weight + i), hn::LoadU(d, bias + i)), d, out + i);
    }
    for (; i < count; ++i)
        out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

HWY_INLINE FloatVector siluTimes(FloatVector gate, FloatVector up)
{
    const Floats d;
    const FloatVector one = hn::Set(d, 1.0f);
    return hn::Mul(hn::Div(gate, hn::Add(one, boundedExp(d, hn::Neg(gate)))), up);
}

// gelu(x) = x / 2 * (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2 / pi) * (x + 0.044715 x^3).
HWY_INLINE FloatVector geluTimes(FloatVector gate, FloatVector up)
{
    const Floats d;
    const FloatVector one = hn::Set(d, 1.0f), cube = hn::Mul(hn::Mul(gate, gate), gate);
    const FloatVector turned = hn::Mul(hn::MulAdd(cube, hn::Set(d, 0.044715f), gate), hn::Set(d, -1.5957691216057308f));
    return hn::Mul(hn::Div(gate, hn::Add(one, boundedExp(d, turned))), up);
}

template <class Function>
HWY_INLINE void gated(float *gate, const float *up, std::size_t count, Function function)
{
    const Floats d;
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(function(hn::LoadU(d, gate + i), hn::LoadU(d, up + i)), d, gate + i);
    if (i < count) {
        // The rest goes through full vectors too, so that a value does not depend on its place.
        HWY_ALIGN float restGate[kLanes] = {}, restUp[kLanes] = {};
        std::memcpy(restGate, gate + i, (count - i) * sizeof(float));
        std::memcpy(restUp, up + i, (count - i) * sizeof(float));
        hn::Store(function(hn::Load(d, restGate), hn::Load(d, restUp)), d, restGate);
        std::memcpy(gate + i, restGate, (count - i) * sizeof(float));
    }
}

void swiGluHere(float *gate, const float *up, std::size_t count)
{
    gated(gate, up, count, [](FloatVector g, FloatVector u) HWY_ATTR { return siluTimes(g, u); });
}

void geGluHere(float *gate, const float *up, std::size_t count)
{
    gated(gate, up, count, [](FloatVector g, FloatVector u) HWY_ATTR { return geluTimes(g, u); });
}

void geluTanhHere(float *x, std::size_t count)
{
    gated(x, x, count, [](FloatVector g, FloatVector) HWY_ATTR { return geluTimes(g, hn::Set(Floats(), 1.0f)); });
}

void siluHere(float *x, std::size_t count)
{
    gated(x, x, count, [](FloatVector g, FloatVector) HWY_ATTR { return siluTimes(g, hn::Set(Floats(), 1.0f)); });
}

void softLimitHere(float *x, std::size_t count, float limit)
{
    const Floats d;
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(softLimited(d, hn::LoadU(d, x + i), limit), d, x + i);
    for (; i < count; ++i)
        x[i] = limit * std::tanh(x[i] / limit);
}

void rotateHeadHere(float *head, const float *cosine, const float *sine, std::size_t half)
{
    const Floats d;
    std::size_t i = 0;
    for (; i + kLanes <= half; i += kLanes) {
        const FloatVector a = hn::LoadU(d, head + i), b = hn::LoadU(d, head + half + i);
        const FloatVector c = hn::LoadU(d, cosine + i), s = hn::LoadU(d, sine + i);
        hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, head + i);
        hn::StoreU(hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, head + half + i);
    }
    for (; i < half; ++i) {
        const float a = head[i], b = head[i + half];
        head[i] = a * cosine[i] - b * sine[i];
        head[i + half] = b * cosine[i] + a * sine[i];
    }
}

void addScaledHere(float *y, const float *x, float factor, std::size_t count)
{
    const Floats d;
    const FloatVector factors = hn::Set(d, factor);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i), factors, hn::LoadU(d, y + i)), d, y + i);
    for (; i < count; ++i)
        y[i] += factor * x[i];
}

void softmaxHere(const float *x, std::size_t count, float *out)
{
    const Floats d;
    float largest = x[0];
    FloatVector top = hn::Set(d, x[0]);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        top = hn::Max(top, hn::LoadU(d, x + i));
    largest = hn::GetLane(hn::MaxOfLanes(d, top));
    for (; i < count; ++i)
        largest = x[i] > largest ? x[i] : largest;
    const FloatVector shift = hn::Set(d, largest);
    double total = 0; // of up to 256,000 terms
    FloatVector sum = hn::Zero(d);
    for (i = 0; i + kLanes <= count; i += kLanes) {
        const FloatVector value = boundedExp(d, hn::Sub(hn::LoadU(d, x + i), shift));
        hn::StoreU(value, d, out + i);
        sum = hn::Add(sum, value);
        if (i % (256 * kLanes) == 0) { // short partial sums keep the rounding small
            total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
            sum = hn::Zero(d);
        }
    }
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
    for (; i < count; ++i) {
        out[i] = std::exp(x[i] - largest);
        total += static_cast<double>(out[i]);
    }
    const float inverse = static_cast<float>(1.0 / total);
    for (i = 0; i < count; ++i)
        out[i] *= inverse;
}

void copyScoresHere(const float *x, std::size_t count, float *out)
{
    const Floats d;
    const FloatVector never = hn::Set(d, -std::numeric_limits<float>::infinity());
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const FloatVector value = hn::LoadU(d, x + i);
        hn::StoreU(hn::IfThenElse(hn::Eq(value, value), value, never), d, out + i);
    }
    for (; i < count; ++i)
        out[i] = x[i] == x[i] ? x[i] : -std::numeric_limits<float>::infinity();
}

void divideByHere(float *x, std::size_t count, float divisor)
{
    const Floats d;
    const FloatVector divisors = hn::Set(d, divisor);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
        hn::StoreU(hn::Div(hn::LoadU(d, x + i), divisors), d, x + i);
    for (; i < count; ++i)
        x[i] /= divisor;
}

void blockMaximaHere(const float *x, std::size_t count, float *maxima)
{
    const Floats d;
    for (std::size_t begin = 0; begin < count; begin += kMaximaBlock) {
        const std::size_t end = begin + kMaximaBlock < count ? begin + kMaximaBlock : count;
        FloatVector top = hn::Set(d, x[begin]);
        std::size_t i = begin;
        for (; i + kLanes <= end; i += kLanes)
            top = hn::Max(top, hn::LoadU(d, x + i));
        float largest = hn::GetLane(hn::MaxOfLanes(d, top));
        for (; i < end; ++i)
            largest = x[i] > largest ? x[i] : largest;
        *maxima++ = largest;
    }
}

// Weight of word i: odd, different for neighbours. The word plus the weight before the product keeps words of zeros apart.
HWY_INLINE std::uint32_t wordWeight(std::size_t word)
{
    const std::uint32_t spread = 0x9E3779B9u * static_cast<std::uint32_t>(2 * word + 1);
    return spread ^ spread >> 15;
}

// Sum over whole groups of 16 words, so that the result does not depend on the width of the vectors.
std::uint64_t wordSum(const std::byte *bytes, std::size_t words)
{
#if HWY_TARGET == HWY_SCALAR
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < words; ++i) {
        std::uint32_t value;
        std::memcpy(&value, bytes + i * 4, 4);
        sum += static_cast<std::uint64_t>(value + wordWeight(i)) * (wordWeight(i) | 1);
    }
    return sum;
#else
    using Words32 = hn::CappedTag<std::uint32_t, 16>;
    const Words32 d32;
    const hn::RepartitionToWide<Words32> d64;
    constexpr std::size_t lanes = hn::MaxLanes(Words32());
    HWY_ALIGN std::uint32_t first[lanes];
    for (std::size_t i = 0; i < lanes; ++i)
        first[i] = 0x9E3779B9u * static_cast<std::uint32_t>(2 * i + 1);
    auto spread = hn::Load(d32, first);
    const auto spreadStep = hn::Set(d32, 0x9E3779B9u * static_cast<std::uint32_t>(2 * lanes));
    const auto one = hn::Set(d32, 1u);
    auto sum = hn::Zero(d64);
    for (std::size_t i = 0; i < words; i += lanes) {
        const auto weight = hn::Xor(spread, hn::ShiftRight<15>(spread));
        const auto value = hn::Add(hn::LoadU(d32, reinterpret_cast<const std::uint32_t *>(bytes) + i), weight);
        const auto factor = hn::Or(weight, one);
        sum = hn::Add(sum, hn::MulEven(value, factor));
        sum = hn::Add(sum, hn::MulEven(hn::BitCast(d32, hn::ShiftRight<32>(hn::BitCast(d64, value))),
                                       hn::BitCast(d32, hn::ShiftRight<32>(hn::BitCast(d64, factor)))));
        spread = hn::Add(spread, spreadStep);
    }
    // Added up as plain unsigned numbers: the intrinsic for it adds signed ones, for which an overflow is undefined.
    HWY_ALIGN std::uint64_t lanesOfSum[hn::MaxLanes(d64)];
    hn::Store(sum, d64, lanesOfSum);
    std::uint64_t total = 0;
    for (const std::uint64_t lane : lanesOfSum)
        total += lane;
    return total;
#endif
}

std::uint64_t fingerprintHere(const std::byte *bytes, std::size_t count)
{
    const std::size_t words = count / 64 * 16;
    std::uint64_t total = wordSum(bytes, words);
    for (std::size_t at = words * 4; at < count; ++at)
        total = (total ^ static_cast<std::uint64_t>(bytes[at])) * 0x100000001B3ull;
    return total ^ (static_cast<std::uint64_t>(count) * 0x9E3779B97F4A7C15ull);
}

} // namespace fettle::generate::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::generate {

HWY_EXPORT(rmsNormHere);
HWY_EXPORT(layerNormHere);
HWY_EXPORT(swiGluHere);
HWY_EXPORT(geGluHere);
HWY_EXPORT(geluTanhHere);
HWY_EXPORT(siluHere);
HWY_EXPORT(softLimitHere);
HWY_EXPORT(rotateHeadHere);
HWY_EXPORT(addScaledHere);
HWY_EXPORT(softmaxHere);
HWY_EXPORT(copyScoresHere);
HWY_EXPORT(divideByHere);
HWY_EXPORT(blockMaximaHere);
HWY_EXPORT(fingerprintHere);

void rmsNorm(const float *x, const float *weight, std::size_t count, float epsilon, float *out)
{
    HWY_DYNAMIC_DISPATCH(rmsNormHere)(x, weight, count, epsilon, out);
}
void layerNorm(const float *x, const float *weight, const float *bias, std::size_t count, float epsilon, float *out)
{
    HWY_DYNAMIC_DISPATCH(layerNormHere)(x, weight, bias, count, epsilon, out);
}
void geluTanh(float *x, std::size_t count) { HWY_DYNAMIC_DISPATCH(geluTanhHere)(x, count); }
void silu(float *x, std::size_t count) { HWY_DYNAMIC_DISPATCH(siluHere)(x, count); }
void gelu(float *x, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        x[i] = 0.5f * x[i] * (1.0f + std::erf(x[i] * 0.70710678118654752f));
}
void swiGlu(float *gate, const float *up, std::size_t count) { HWY_DYNAMIC_DISPATCH(swiGluHere)(gate, up, count); }
void geGlu(float *gate, const float *up, std::size_t count) { HWY_DYNAMIC_DISPATCH(geGluHere)(gate, up, count); }
void softLimit(float *x, std::size_t count, float limit) { HWY_DYNAMIC_DISPATCH(softLimitHere)(x, count, limit); }
void rotateHead(float *head, const float *cosine, const float *sine, std::size_t half)
{
    HWY_DYNAMIC_DISPATCH(rotateHeadHere)(head, cosine, sine, half);
}
void addScaled(float *y, const float *x, float factor, std::size_t count) { HWY_DYNAMIC_DISPATCH(addScaledHere)(y, x, factor, count); }
void softmax(const float *x, std::size_t count, float *out) { HWY_DYNAMIC_DISPATCH(softmaxHere)(x, count, out); }
void copyScores(const float *x, std::size_t count, float *out) { HWY_DYNAMIC_DISPATCH(copyScoresHere)(x, count, out); }
void divideBy(float *x, std::size_t count, float divisor) { HWY_DYNAMIC_DISPATCH(divideByHere)(x, count, divisor); }
void blockMaxima(const float *x, std::size_t count, float *maxima) { HWY_DYNAMIC_DISPATCH(blockMaximaHere)(x, count, maxima); }
std::uint64_t fingerprint(std::span<const std::byte> bytes)
{
    return HWY_DYNAMIC_DISPATCH(fingerprintHere)(bytes.data(), bytes.size());
}

} // namespace fettle::generate
#endif
