// The innermost loops of all products, compiled once for each instruction set. Every sum runs over k in rising order in one accumulator with
// fused multiply-adds, whatever the number of rows that are computed together: a column alone, several columns and a whole prompt give
// the same bits.
#include "core/generate/packedmatrix.h"

#include <cstddef>
#include <cstdint>

#if defined(FETTLE_GENERATE_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FETTLE_GENERATE_PRODUCTS_INL_H
#undef FETTLE_GENERATE_PRODUCTS_INL_H
#else
#define FETTLE_GENERATE_PRODUCTS_INL_H
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::generate::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Words = hn::Rebind<std::uint32_t, Floats>;
using Signed = hn::Rebind<std::int32_t, Floats>;
using FloatVector = hn::Vec<Floats>;

inline constexpr std::size_t kLanes = hn::MaxLanes(Floats());
inline constexpr int kPanelVectors = static_cast<int>(kPanelRows / kLanes);

// Rows of inputs (positions, columns) that are computed together, and panels of weights beside them: as many as there are registers for.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
inline constexpr int kGroupRows = 12;
inline constexpr int kGroupPanels = 2;
inline constexpr int kFewRowsPanels = 4; // with one or two rows more panels hide the latency of the additions
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kGroupRows = 6;
inline constexpr int kGroupPanels = 1;
inline constexpr int kFewRowsPanels = 2;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kGroupRows = 6;
inline constexpr int kGroupPanels = 1;
inline constexpr int kFewRowsPanels = 1;
#else
inline constexpr int kGroupRows = 3;
inline constexpr int kGroupPanels = 1;
inline constexpr int kFewRowsPanels = 1;
#endif

// Inputs of N rows with the rows of one k side by side, and with each row in one piece `stride` apart.
template <int N>
struct InterleavedInputs {
    const float *values;
    HWY_INLINE float at(std::size_t k, int n) const { return values[k * N + static_cast<std::size_t>(n)]; }
};
template <std::size_t stride>
struct RowInputs {
    const float *values;
    HWY_INLINE float at(std::size_t k, int n) const { return values[static_cast<std::size_t>(n) * stride + k]; }
};

// sums[n * sumStride + v * kLanes + lane] (+)= sum over k < count of weights[v][k * weightStride + lane] * inputs(k, n).
template <int V, int N, class Inputs>
HWY_INLINE void accumulate(const float *const *weights, std::size_t weightStride, Inputs inputs, std::size_t count, float *HWY_RESTRICT sums,
                           std::size_t sumStride, bool isFirst)
{
    const Floats d;
    FloatVector acc[V * N];
    const float *base[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
        base[v] = weights[v];
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) {
            acc[v * N + n] = isFirst ? hn::Zero(d)
                                     : hn::LoadU(d, sums + static_cast<std::size_t>(n) * sumStride + static_cast<std::size_t>(v) * kLanes);
        }
    }
    for (std::size_t k = 0; k < count; ++k) {
        FloatVector w[V];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v)
            w[v] = hn::LoadU(d, base[v] + k * weightStride);
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n) {
            const FloatVector x = hn::Set(d, inputs.at(k, n));
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v)
                acc[v * N + n] = hn::MulAdd(w[v], x, acc[v * N + n]);
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n)
            hn::StoreU(acc[v * N + n], d, sums + static_cast<std::size_t>(n) * sumStride + static_cast<std::size_t>(v) * kLanes);
    }
}

// Calls run.template operator()<N>() for N == rows, 1 <= rows <= kGroupRows.
template <int N, class Run>
HWY_INLINE void withRowsUpTo(int rows, Run &run)
{
    if constexpr (N > 1) {
        if (rows < N)
            return withRowsUpTo<N - 1>(rows, run);
    }
    run.template call<N>();
}
template <class Run>
HWY_INLINE void withRows(int rows, Run &run)
{
    withRowsUpTo<kGroupRows>(rows, run);
}

// Where the scales and codes of V vectors of rows begin (their lanes included).
template <int V>
struct PanelPointers {
    const std::byte *scales[V];
    const std::byte *codes[V];

    HWY_INLINE PanelPointers(const PackedMatrix &matrix, std::size_t panel)
    {
        const FormLayout layout = layoutOf(matrix.form());
        const std::size_t codeBytes = layout.block == 0 ? static_cast<std::size_t>(layout.bits) / 8 : 4; // of one lane in one load
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            const std::byte *base = matrix.panel(panel + static_cast<std::size_t>(v / kPanelVectors));
            const std::size_t lane = static_cast<std::size_t>(v % kPanelVectors) * kLanes;
            scales[v] = base + lane * layout.scaleBytes;
            codes[v] = base + matrix.scaleBytesPerPanel() + lane * codeBytes;
        }
    }
};

template <bool isWide>
HWY_INLINE FloatVector loadScale(const std::byte *address)
{
    const Floats d;
    if constexpr (isWide) {
        return hn::LoadU(d, reinterpret_cast<const float *>(address));
    } else {
        const hn::Rebind<hwy::float16_t, Floats> half;
        return hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::float16_t *>(address)));
    }
}

// The code of column `column` of a word of codes, as a number.
template <int bits, int column>
HWY_INLINE FloatVector codeAsFloat(hn::Vec<Words> word)
{
    const Floats d;
    const Signed i;
    if constexpr (bits == 4) {
        constexpr int shift = 4 * ((column & 3) * 2 + column / 4);
        const auto code = hn::And(hn::ShiftRight<shift>(word), hn::Set(Words(), 15u));
        return hn::ConvertTo(d, hn::BitCast(i, code));
    } else {
        return hn::ConvertTo(d, hn::ShiftRight<24>(hn::BitCast(i, hn::ShiftLeft<24 - 8 * column>(word))));
    }
}

template <int V, int bits, int column, class Sink>
HWY_INLINE void decodeColumns(const hn::Vec<Words> *words, const FloatVector *scales, const FloatVector *minima, std::size_t k, Sink &sink)
{
    constexpr int columns = bits == 4 ? 8 : 4;
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
        sink.take(k + column, v, hn::MulAdd(codeAsFloat<bits, column>(words[v]), scales[v], minima[v]));
    if constexpr (column + 1 < columns)
        decodeColumns<V, bits, column + 1>(words, scales, minima, k, sink);
}

// Gives sink.take(k, v, values) the values of V vectors of rows for each column k in [begin, end), in rising order. begin is a multiple of
// the block.
template <WeightForm form, int V, class Sink>
HWY_INLINE void decodePanels(const PanelPointers<V> &panels, std::size_t begin, std::size_t end, Sink &sink)
{
    const Floats d;
    constexpr FormLayout layout = layoutOf(form);
    if constexpr (layout.block == 0) {
        for (std::size_t k = begin; k < end; ++k) {
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) {
                const std::byte *address = panels.codes[v] + k * kPanelRows * static_cast<std::size_t>(layout.bits) / 8;
                if constexpr (form == WeightForm::F32) {
                    sink.take(k, v, hn::LoadU(d, reinterpret_cast<const float *>(address)));
                } else if constexpr (form == WeightForm::F16) {
                    const hn::Rebind<hwy::float16_t, Floats> half;
                    sink.take(k, v, hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::float16_t *>(address))));
                } else {
                    const hn::Rebind<hwy::bfloat16_t, Floats> half;
                    sink.take(k, v, hn::PromoteTo(d, hn::LoadU(half, reinterpret_cast<const hwy::bfloat16_t *>(address))));
                }
            }
        }
    } else {
        constexpr std::size_t columnsPerWord = layout.bits == 4 ? 8 : 4;
        constexpr std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
        constexpr bool isWide = layout.scaleBytes == 4;
        for (std::size_t block = begin; block < end; block += layout.block) {
            FloatVector scales[V], minima[V];
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) {
                const std::byte *address = panels.scales[v] + block / layout.block * scaleStep;
                scales[v] = loadScale<isWide>(address);
                if constexpr (layout.hasMinimum)
                    minima[v] = loadScale<isWide>(address + kPanelRows * layout.scaleBytes);
                else if constexpr (form == WeightForm::Q4)
                    minima[v] = hn::Mul(scales[v], hn::Set(d, -8.0f)); // exact, like the sum: 15 bits suffice
                else
                    minima[v] = hn::Zero(d);
            }
            for (std::size_t k = block; k < block + layout.block; k += columnsPerWord) {
                hn::Vec<Words> words[V];
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v)
                    words[v] = hn::LoadU(Words(), reinterpret_cast<const std::uint32_t *>(panels.codes[v] + k / columnsPerWord * kPanelRows * 4));
                decodeColumns<V, layout.bits, 0>(words, scales, minima, k, sink);
            }
        }
    }
}

// Multiplies what it is given with N rows of inputs at once.
template <int V, int N>
struct MultiplySink {
    InterleavedInputs<N> inputs;
    FloatVector acc[V * N];

    HWY_INLINE explicit MultiplySink(const float *values)
        : inputs{values}
    {
#pragma GCC unroll 16
        for (int i = 0; i < V * N; ++i)
            acc[i] = hn::Zero(Floats());
    }
    HWY_INLINE void take(std::size_t k, int v, FloatVector weights)
    {
#pragma GCC unroll 16
        for (int n = 0; n < N; ++n)
            acc[v * N + n] = hn::MulAdd(weights, hn::Set(Floats(), inputs.at(k, n)), acc[v * N + n]);
    }
};

// Writes what it is given as fp32, the vectors of one k side by side.
template <int V>
struct StoreSink {
    float *target; // of k = 0
    HWY_INLINE void take(std::size_t k, int v, FloatVector weights)
    {
        hn::Store(weights, Floats(), target + (k * static_cast<std::size_t>(V) + static_cast<std::size_t>(v)) * kLanes);
    }
};

} // namespace fettle::generate::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
