// Compiled once for each instruction set by Highway (foreach_target); the best one of the processor is chosen at the first call.
#include "core/model/fast/peak.h"

#include "core/base/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/model/fast/peak.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::model::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

constexpr int kChains = 12; // independent sums: more than two units with a latency of four to five cycles can fill

std::int64_t roundsOf(std::int64_t rounds, float *sink)
{
    const D d;
    V sums[kChains];
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i)
        sums[i] = hn::Set(d, 1.0f + static_cast<float>(i) * 0.01f);
    const V factor = hn::Set(d, 0.999f), addend = hn::Set(d, 0.001f);
    for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (int i = 0; i < kChains; ++i)
            sums[i] = hn::MulAdd(sums[i], factor, addend);
    }
    V all = sums[0];
#pragma GCC unroll 12
    for (int i = 1; i < kChains; ++i)
        all = hn::Add(all, sums[i]);
    *sink = hn::GetLane(hn::SumOfLanes(d, all));
    return rounds * kChains * 2 * static_cast<std::int64_t>(hn::Lanes(d));
}

float sumOf(const float *values, std::int64_t count)
{
    const D d;
    const auto step = static_cast<std::int64_t>(hn::Lanes(d));
    V sums[8];
#pragma GCC unroll 8
    for (V &sum : sums)
        sum = hn::Zero(d);
    std::int64_t i = 0;
    for (; i + 8 * step <= count; i += 8 * step) {
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j)
            sums[j] = hn::Add(sums[j], hn::LoadU(d, values + i + j * step));
    }
    V all = sums[0];
#pragma GCC unroll 8
    for (int j = 1; j < 8; ++j)
        all = hn::Add(all, sums[j]);
    float total = hn::GetLane(hn::SumOfLanes(d, all));
    for (; i < count; ++i)
        total += values[i];
    return total;
}

} // namespace fettle::model::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::model::fast {

HWY_EXPORT(roundsOf);
HWY_EXPORT(sumOf);

std::int64_t multiplyAddRounds(std::int64_t rounds, float *sink) { return HWY_DYNAMIC_DISPATCH(roundsOf)(rounds, sink); }
float sumOfMemory(const float *values, std::int64_t count) { return HWY_DYNAMIC_DISPATCH(sumOf)(values, count); }

} // namespace fettle::model::fast
#endif
