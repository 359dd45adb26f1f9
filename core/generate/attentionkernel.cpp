#include "core/generate/attentionkernel.h"

#include "core/base/simd.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/generate/attentionkernel.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/generate/mathvectors-inl.h"
#include "core/generate/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::generate::HWY_NAMESPACE {

inline constexpr std::size_t kGroups = 4; // groups of queries that share the reading of a chunk
inline constexpr std::size_t kMaxRows = static_cast<std::size_t>(kGroupRows);
inline constexpr int kWideVectors = kGroupPanels * kPanelVectors;

// scores[n][key] of one group for keyPanels panels of keys.
struct ScoreProduct {
    const float *keys;
    std::size_t headSize, keyPanels;
    const float *queries;
    float *scores;

    template <int N>
    HWY_INLINE void call()
    {
        const InterleavedInputs<N> inputs{queries};
        std::size_t panel = 0;
        for (; panel + kGroupPanels <= keyPanels; panel += kGroupPanels)
            some<kWideVectors, N>(panel, inputs);
        for (; panel < keyPanels; ++panel)
            some<kPanelVectors, N>(panel, inputs);
    }
    template <int V, int N>
    HWY_INLINE void some(std::size_t panel, InterleavedInputs<N> inputs)
    {
        const float *weights[V];
        for (int v = 0; v < V; ++v) {
            weights[v] = keys + (panel + static_cast<std::size_t>(v / kPanelVectors)) * headSize * kPanelRows
                + static_cast<std::size_t>(v % kPanelVectors) * kLanes;
        }
        accumulate<V, N>(weights, kPanelRows, inputs, headSize, scores + panel * kPanelRows, kKeyChunk, true);
    }
};

// sums[n][i] += sum over keys of probability[n][key] * values[key][i].
struct ValueProduct {
    const float *values;
    std::size_t paddedHead, count;
    const float *probabilities;
    float *sums;

    template <int N>
    HWY_INLINE void call()
    {
        const RowInputs<kKeyChunk> inputs{probabilities};
        std::size_t i = 0;
        for (; i + static_cast<std::size_t>(kWideVectors) * kLanes <= paddedHead; i += static_cast<std::size_t>(kWideVectors) * kLanes)
            some<kWideVectors, N>(i, inputs);
        for (; i < paddedHead; i += kPanelRows)
            some<kPanelVectors, N>(i, inputs);
    }
    template <int V, int N>
    HWY_INLINE void some(std::size_t i, RowInputs<kKeyChunk> inputs)
    {
        const float *weights[V];
        for (int v = 0; v < V; ++v)
            weights[v] = values + i + static_cast<std::size_t>(v) * kLanes;
        accumulate<V, N>(weights, paddedHead, inputs, count, sums + i, paddedHead, false);
    }
};

struct RunningSoftmax {
    float largest = -std::numeric_limits<float>::infinity();
    float total = 0;
};

// Turns one row of scores into probabilities relative to the largest score so far and corrects what was summed before. Only keys [low, high)
// of the chunk are visible. Keys [0, width) are written, width a multiple of 16.
HWY_INLINE void softmaxRow(float *scores, std::size_t low, std::size_t high, std::size_t width, RunningSoftmax &state, float *sums,
                           std::size_t sumCount)
{
    const Floats d;
    constexpr float kNothing = -std::numeric_limits<float>::infinity();
    if (low >= high) {
        std::fill(scores, scores + width, 0.0f);
        return;
    }
    std::fill(scores, scores + low, kNothing);
    std::fill(scores + high, scores + width, kNothing);
    FloatVector top = hn::Set(d, state.largest);
    for (std::size_t i = 0; i < width; i += kLanes)
        top = hn::Max(top, hn::Load(d, scores + i));
    const float largest = hn::GetLane(hn::MaxOfLanes(d, top));
    const FloatVector shift = hn::Set(d, largest);
    FloatVector sum = hn::Zero(d);
    for (std::size_t i = 0; i < width; i += kLanes) {
        const FloatVector value = boundedExp(d, hn::Sub(hn::Load(d, scores + i), shift));
        hn::Store(value, d, scores + i);
        sum = hn::Add(sum, value);
    }
    const float total = hn::GetLane(hn::SumOfLanes(d, sum));
    if (largest > state.largest && state.total > 0) {
        const float correction = std::exp(state.largest - largest);
        state.total *= correction;
        const FloatVector corrections = hn::Set(d, correction);
        for (std::size_t i = 0; i < sumCount; i += kLanes)
            hn::Store(hn::Mul(hn::Load(d, sums + i), corrections), d, sums + i);
    }
    state.largest = largest;
    state.total += total;
}

void attendHere(const AttentionInput &input, std::size_t begin, std::size_t end, float *scratch)
{
    const std::size_t group = input.group, head = input.headSize, padded = input.paddedHead;
    float *scores = scratch;                                      // [row of group][kKeyChunk]
    float *queries = scores + kMaxRows * kKeyChunk;               // per group [headSize][rows]
    float *sums = queries + kGroups * kMaxRows * padded;          // [query][padded]
    RunningSoftmax states[kGroups * kMaxRows];
    const std::size_t count = end - begin;
    std::fill(sums, sums + count * padded, 0.0f);
    for (std::size_t first = 0; first < count; first += kMaxRows) {
        const std::size_t rows = HWY_MIN(kMaxRows, count - first);
        float *target = queries + first * padded;
        for (std::size_t n = 0; n < rows; ++n) {
            const std::size_t query = begin + first + n;
            const float *source = input.queries + query / group * input.queryStride + query % group * head;
            for (std::size_t i = 0; i < head; ++i)
                target[i * rows + n] = source[i] * input.scale;
        }
    }
    const auto visibleEnd = [&](std::size_t query) { return input.firstPosition + query / group + 1; };
    const auto visibleBegin = [&](std::size_t query) {
        const std::size_t last = visibleEnd(query);
        return input.window > 0 && last > input.window ? last - input.window : 0;
    };
    for (std::size_t chunk = visibleBegin(begin) / kKeyChunk * kKeyChunk; chunk < visibleEnd(end - 1); chunk += kKeyChunk) {
        const float *page = input.pages[chunk / kKeyChunk];
        for (std::size_t first = 0; first < count; first += kMaxRows) {
            const std::size_t rows = HWY_MIN(kMaxRows, count - first);
            const std::size_t lastKey = visibleEnd(begin + first + rows - 1);
            if (lastKey <= chunk)
                continue;
            const std::size_t keys = HWY_MIN(kKeyChunk, lastKey - chunk);
            const std::size_t width = (keys + kPanelRows - 1) / kPanelRows * kPanelRows;
            ScoreProduct score{page + input.keyOffset, head, width / kPanelRows, queries + first * padded, scores};
            withRows(static_cast<int>(rows), score);
            for (std::size_t n = 0; n < rows; ++n) {
                const std::size_t query = begin + first + n;
                const std::size_t low = visibleBegin(query), high = visibleEnd(query);
                if (input.softcap > 0) {
                    const Floats d;
                    for (std::size_t i = 0; i < width; i += kLanes)
                        hn::Store(softLimited(d, hn::Load(d, scores + n * kKeyChunk + i), input.softcap), d, scores + n * kKeyChunk + i);
                }
                softmaxRow(scores + n * kKeyChunk, low > chunk ? HWY_MIN(low - chunk, width) : 0,
                           high > chunk ? HWY_MIN(high - chunk, width) : 0, width, states[first + n], sums + (first + n) * padded, padded);
            }
            ValueProduct value{page + input.valueOffset, padded, keys, scores, sums + first * padded};
            withRows(static_cast<int>(rows), value);
        }
    }
    for (std::size_t n = 0; n < count; ++n) {
        const std::size_t query = begin + n;
        float *target = input.out + query / group * input.outStride + query % group * head;
        const float inverse = 1.0f / states[n].total;
        for (std::size_t i = 0; i < head; ++i)
            target[i] = sums[n * padded + i] * inverse;
    }
}

std::size_t queriesPerTaskHere() { return kGroups * kMaxRows; }

std::size_t attentionScratchHere(std::size_t headSize)
{
    const std::size_t padded = (headSize + kPanelRows - 1) / kPanelRows * kPanelRows;
    return kMaxRows * kKeyChunk + 2 * kGroups * kMaxRows * padded;
}

} // namespace fettle::generate::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::generate {

HWY_EXPORT(attendHere);
HWY_EXPORT(queriesPerTaskHere);
HWY_EXPORT(attentionScratchHere);

std::size_t queriesPerTask() { return HWY_DYNAMIC_DISPATCH(queriesPerTaskHere)(); }
std::size_t attentionScratch(std::size_t headSize) { return HWY_DYNAMIC_DISPATCH(attentionScratchHere)(headSize); }
void attend(const AttentionInput &input, std::size_t begin, std::size_t end, float *scratch)
{
    HWY_DYNAMIC_DISPATCH(attendHere)(input, begin, end, scratch);
}

} // namespace fettle::generate
#endif
