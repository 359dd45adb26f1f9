#include "core/generate/matrixkernels.h"

#include "core/base/simd.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/generate/matrixkernels.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "core/generate/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::generate::HWY_NAMESPACE {

// Columns that are unpacked at a time: 256 * 32 rows of fp32 stay in the first-level cache.
inline constexpr std::size_t kChunk = 256;
inline constexpr int kGroupVectors = kGroupPanels * kPanelVectors;

template <int V, int N>
HWY_INLINE void writeSums(const FloatVector *acc, float *y, std::size_t yStride, ProductMode mode)
{
    const Floats d;
#pragma GCC unroll 16
    for (int n = 0; n < N; ++n) {
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            float *target = y + static_cast<std::size_t>(n) * yStride + static_cast<std::size_t>(v) * kLanes;
            const FloatVector sum = acc[v * N + n];
            hn::StoreU(mode == ProductMode::Add ? hn::Add(hn::LoadU(d, target), sum) : sum, d, target);
        }
    }
}

// One to four rows: each weight is unpacked in registers and used at once.
template <WeightForm form, int P, int N>
HWY_NOINLINE void multiplyFewRows(const PackedMatrix &matrix, const float *packed, float *y, std::size_t yStride, ProductMode mode,
                                  std::size_t panel)
{
    constexpr int V = P * kPanelVectors;
    MultiplySink<V, N> sink(packed);
    decodePanels<form, V>(PanelPointers<V>(matrix, panel), 0, matrix.columns(), sink);
    writeSums<V, N>(sink.acc, y + panel * kPanelRows, yStride, mode);
}

template <WeightForm form, int N>
void multiplyFew(const PackedMatrix &matrix, const float *packed, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                 std::size_t end)
{
    constexpr int P = N <= 2 ? kFewRowsPanels : (kFewRowsPanels + 1) / 2;
    for (; begin + P <= end; begin += P)
        multiplyFewRows<form, P, N>(matrix, packed, y, yStride, mode, begin);
    for (; begin < end; ++begin)
        multiplyFewRows<form, 1, N>(matrix, packed, y, yStride, mode, begin);
}

// One group of rows times V vectors of unpacked weights.
template <int V>
struct GroupProduct {
    const float *const *weights;
    std::size_t weightStride;
    const float *inputs; // of the group, all columns
    std::size_t firstColumn, count;
    float *sums; // [row][V * kLanes]
    bool isFirst;

    template <int N>
    HWY_INLINE void call()
    {
        const InterleavedInputs<N> values{inputs + firstColumn * static_cast<std::size_t>(N)};
        accumulate<V, N>(weights, weightStride, values, count, sums, static_cast<std::size_t>(V) * kLanes, isFirst);
    }
};

// Many rows: weights are unpacked to scratch in chunks, each chunk serves all rows.
template <WeightForm form, int P>
HWY_NOINLINE void multiplyManyRows(const PackedMatrix &matrix, const float *packed, std::size_t rows, float *y, std::size_t yStride,
                                   ProductMode mode, std::size_t panel, float *scratch)
{
    constexpr int V = P * kPanelVectors;
    constexpr std::size_t width = static_cast<std::size_t>(V) * kLanes;
    const Floats d;
    const std::size_t columns = matrix.columns();
    float *unpacked = scratch;
    float *sums = scratch + kChunk * width;
    const PanelPointers<V> pointers(matrix, panel);
    for (std::size_t first = 0; first < columns; first += kChunk) {
        const std::size_t count = HWY_MIN(kChunk, columns - first);
        const float *weights[V];
        std::size_t weightStride = width;
        if constexpr (form == WeightForm::F32) {
            weightStride = kPanelRows;
            for (int v = 0; v < V; ++v)
                weights[v] = reinterpret_cast<const float *>(pointers.codes[v]) + first * kPanelRows;
        } else {
            StoreSink<V> sink{unpacked - first * width};
            decodePanels<form, V>(pointers, first, first + count, sink);
            for (int v = 0; v < V; ++v)
                weights[v] = unpacked + static_cast<std::size_t>(v) * kLanes;
        }
        for (std::size_t row = 0; row < rows; row += kGroupRows) {
            GroupProduct<V> product{weights, weightStride, packed + row * columns, first, count, sums + row * width, first == 0};
            withRows(static_cast<int>(HWY_MIN(static_cast<std::size_t>(kGroupRows), rows - row)), product);
        }
    }
    for (std::size_t row = 0; row < rows; ++row) {
        float *target = y + row * yStride + panel * kPanelRows;
        for (std::size_t i = 0; i < width; i += kLanes) {
            const FloatVector sum = hn::Load(d, sums + row * width + i);
            hn::StoreU(mode == ProductMode::Add ? hn::Add(hn::LoadU(d, target + i), sum) : sum, d, target + i);
        }
    }
}

template <WeightForm form>
void multiplyForm(const PackedMatrix &matrix, const float *packed, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                  std::size_t begin, std::size_t end, float *scratch)
{
    if (rows == 1)
        return multiplyFew<form, 1>(matrix, packed, y, yStride, mode, begin, end);
    if (rows == 2)
        return multiplyFew<form, 2>(matrix, packed, y, yStride, mode, begin, end);
    if constexpr (kGroupRows >= 4) {
        if (rows == 3)
            return multiplyFew<form, 3>(matrix, packed, y, yStride, mode, begin, end);
        if (rows == 4)
            return multiplyFew<form, 4>(matrix, packed, y, yStride, mode, begin, end);
    }
    for (; begin + kGroupPanels <= end; begin += kGroupPanels)
        multiplyManyRows<form, kGroupPanels>(matrix, packed, rows, y, yStride, mode, begin, scratch);
    for (; begin < end; ++begin)
        multiplyManyRows<form, 1>(matrix, packed, rows, y, yStride, mode, begin, scratch);
}

void multiplyPanelsHere(const PackedMatrix &matrix, const float *packed, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                        std::size_t begin, std::size_t end, float *scratch)
{
    switch (matrix.form()) {
    case WeightForm::F32: return multiplyForm<WeightForm::F32>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::F16: return multiplyForm<WeightForm::F16>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Bf16: return multiplyForm<WeightForm::Bf16>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q4: return multiplyForm<WeightForm::Q4>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q4Min: return multiplyForm<WeightForm::Q4Min>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q8: return multiplyForm<WeightForm::Q8>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q8Min: return multiplyForm<WeightForm::Q8Min>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q4MinWide: return multiplyForm<WeightForm::Q4MinWide>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q8MinWide: return multiplyForm<WeightForm::Q8MinWide>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q8WideShort: return multiplyForm<WeightForm::Q8WideShort>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    case WeightForm::Q4MinWideShort: return multiplyForm<WeightForm::Q4MinWideShort>(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
    }
}

void packRowsHere(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, float *packed)
{
    for (std::size_t first = 0; first < rows; first += kGroupRows) {
        const std::size_t count = HWY_MIN(static_cast<std::size_t>(kGroupRows), rows - first);
        float *group = packed + first * columns;
        for (std::size_t n = 0; n < count; ++n) {
            const float *row = source + (first + n) * stride;
            for (std::size_t k = 0; k < columns; ++k)
                group[k * count + n] = row[k];
        }
    }
}

std::size_t rowsPerGroupHere() { return static_cast<std::size_t>(kGroupRows); }
std::size_t panelsPerStepHere() { return static_cast<std::size_t>(HWY_MAX(kGroupPanels, kFewRowsPanels)); }
std::size_t productScratchHere(std::size_t rows) { return (kChunk + rows) * static_cast<std::size_t>(kGroupVectors) * kLanes; }

} // namespace fettle::generate::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::generate {

HWY_EXPORT(multiplyPanelsHere);
HWY_EXPORT(packRowsHere);
HWY_EXPORT(rowsPerGroupHere);
HWY_EXPORT(panelsPerStepHere);
HWY_EXPORT(productScratchHere);

std::size_t rowsPerGroup() { return HWY_DYNAMIC_DISPATCH(rowsPerGroupHere)(); }
std::size_t panelsPerStep() { return HWY_DYNAMIC_DISPATCH(panelsPerStepHere)(); }
std::size_t productScratch(std::size_t rows) { return HWY_DYNAMIC_DISPATCH(productScratchHere)(rows); }

void packRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, float *packed)
{
    HWY_DYNAMIC_DISPATCH(packRowsHere)(source, stride, rows, columns, packed);
}

void multiplyPanels(const PackedMatrix &matrix, const float *packed, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                    std::size_t begin, std::size_t end, float *scratch)
{
    HWY_DYNAMIC_DISPATCH(multiplyPanelsHere)(matrix, packed, rows, y, yStride, mode, begin, end, scratch);
}

} // namespace fettle::generate
#endif
