// Compiled once for each instruction set by Highway (foreach_target); the best one of the processor is chosen at the first call.
#include "core/model/fast/gemmtiles.h"

#include "core/base/simd.h"

#include <algorithm>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/model/fast/gemmtiles.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::model::fast::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// As many sums as the registers hold beside two vectors of B and one value of A: 28 + 3 of 32, or 12 + 3 of 16.
#if HWY_ARCH_ARM_A64 || HWY_MAX_BYTES >= 64
constexpr std::int64_t kRows = 14, kRowStep = 16;
#else
constexpr std::int64_t kRows = 6, kRowStep = 8;
#endif
constexpr std::int64_t kLanes = hn::MaxLanes(D()), kColumns = 2 * kLanes;

// The matrix as stored runs along the panel: rows of the panel are copied.
void copyPanel(const float *from, std::int64_t stride, std::int64_t count, std::int64_t depth, float *panel, std::int64_t width)
{
    const D d;
    if (width == kColumns && count == kColumns) {
        for (std::int64_t p = 0; p < depth; ++p) {
            hn::StoreU(hn::LoadU(d, from + p * stride), d, panel + p * width);
            hn::StoreU(hn::LoadU(d, from + p * stride + kLanes), d, panel + p * width + kLanes);
        }
        return;
    }
    const std::int64_t whole = count / kLanes * kLanes;
    const auto rest = hn::FirstN(d, static_cast<std::size_t>(count - whole));
    for (std::int64_t p = 0; p < depth; ++p) {
        std::int64_t j = 0;
        for (; j < whole; j += kLanes)
            hn::StoreU(hn::LoadU(d, from + p * stride + j), d, panel + p * width + j);
        if (j < width)
            hn::StoreU(hn::MaskedLoad(rest, d, from + p * stride + j), d, panel + p * width + j);
        for (j += kLanes; j < width; j += kLanes)
            hn::StoreU(hn::Zero(d), d, panel + p * width + j);
    }
}

// The matrix as stored runs along k: blocks of 4 x 4 are turned. Where the last of them has fewer rows, its last row stands for those that
// are missing: what comes of them is thrown away.
void turnPanel(const float *from, std::int64_t stride, std::int64_t count, std::int64_t depth, float *panel, std::int64_t width)
{
    std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    using Block = hn::Vec<decltype(d)>;
    for (; i < count; i += 4) {
        const std::int64_t last = count - 1 - i;
        const float *row[4];
        for (std::int64_t j = 0; j < 4; ++j)
            row[j] = from + (i + std::min(j, last)) * stride;
        std::int64_t p = 0;
        for (; p + 4 <= depth; p += 4) {
            const Block r0 = hn::LoadU(d, row[0] + p), r1 = hn::LoadU(d, row[1] + p), r2 = hn::LoadU(d, row[2] + p), r3 = hn::LoadU(d, row[3] + p);
            const Block low02 = hn::InterleaveLower(d, r0, r2), low13 = hn::InterleaveLower(d, r1, r3);    // r0[0] r2[0] r0[1] r2[1]
            const Block high02 = hn::InterleaveUpper(d, r0, r2), high13 = hn::InterleaveUpper(d, r1, r3);
            float *to = panel + p * width + i;
            hn::StoreU(hn::InterleaveLower(d, low02, low13), d, to);
            hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, to + width);
            hn::StoreU(hn::InterleaveLower(d, high02, high13), d, to + 2 * width);
            hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, to + 3 * width);
        }
        for (; p < depth; ++p) {
            for (std::int64_t j = 0; j < 4; ++j)
                panel[p * width + i + j] = row[j][p];
        }
    }
#else
    for (; i < count; ++i) {
        for (std::int64_t p = 0; p < depth; ++p)
            panel[p * width + i] = from[i * stride + p];
    }
#endif
    for (; i < width; ++i) {
        for (std::int64_t p = 0; p < depth; ++p)
            panel[p * width + i] = 0.0f;
    }
}

static_assert(kRowStep % 4 == 0 && kRows <= kRowStep && (kRowStep % kLanes == 0 || kLanes == 1), "panels are written in whole vectors and blocks of four");

void packRowsHere(const Operand &a, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel)
{
    if (a.use == Use::AsIs)
        turnPanel(a.data + first * a.stride + p, a.stride, count, depth, panel, kRowStep);
    else
        copyPanel(a.data + p * a.stride + first, a.stride, count, depth, panel, kRowStep);
}

void packColumnsHere(const Operand &b, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel)
{
    if (b.use == Use::AsIs)
        copyPanel(b.data + p * b.stride + first, b.stride, count, depth, panel, kColumns);
    else
        turnPanel(b.data + first * b.stride + p, b.stride, count, depth, panel, kColumns);
}

HWY_INLINE V blend(V sum, V alpha, float beta, const float *c)
{
    const D d;
    if (beta == 0.0f)
        return hn::Mul(sum, alpha);
    const V old = hn::LoadU(d, c);
    return hn::MulAdd(sum, alpha, beta == 1.0f ? old : hn::Mul(old, hn::Set(d, beta)));
}

// One or two vectors of columns: thin products need not compute twice what they keep.
template <int kVectors>
HWY_INLINE void multiply(const float *HWY_RESTRICT a, const float *HWY_RESTRICT b, std::int64_t depth, std::int64_t rows, std::int64_t columns, float alpha, float beta,
                         float *HWY_RESTRICT c, std::int64_t strideC)
{
    const D d;
    V sums[kRows][kVectors];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
            sums[i][j] = hn::Zero(d);
    }
    for (std::int64_t p = 0; p < depth; ++p) {
        V column[kVectors];
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
            column[j] = hn::LoadU(d, b + j * kLanes);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
            const V value = hn::Set(d, a[i]);
#pragma GCC unroll 2
            for (int j = 0; j < kVectors; ++j)
                sums[i][j] = hn::MulAdd(value, column[j], sums[i][j]);
        }
        a += kRowStep;
        b += kColumns;
    }
    const V factor = hn::Set(d, alpha);
    if (rows == kRows && columns == kVectors * kLanes) {
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
            for (int j = 0; j < kVectors; ++j) {
                float *to = c + i * strideC + j * kLanes;
                hn::StoreU(blend(sums[i][j], factor, beta, to), d, to);
            }
        }
        return;
    }
    HWY_ALIGN float kept[kRows * kVectors * kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
            hn::Store(hn::Mul(sums[i][j], factor), d, kept + (i * kVectors + j) * kLanes);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        float *to = c + i * strideC;
        const float *from = kept + i * kVectors * kLanes;
        for (std::int64_t j = 0; j < columns; ++j)
            to[j] = beta == 0.0f ? from[j] : from[j] + beta * to[j];
    }
}

void multiplyTileHere(const float *rowPanel, const float *columnPanel, std::int64_t depth, std::int64_t rows, std::int64_t columns, float alpha, float beta, float *c,
                      std::int64_t strideC)
{
    if (columns > kLanes)
        multiply<2>(rowPanel, columnPanel, depth, rows, columns, alpha, beta, c, strideC);
    else
        multiply<1>(rowPanel, columnPanel, depth, rows, columns, alpha, beta, c, strideC);
}

Tiles tilesHere() { return {kRows, kRowStep, kColumns, 1, packRowsHere, packColumnsHere, multiplyTileHere}; }

} // namespace fettle::model::fast::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fettle::model::fast {

HWY_EXPORT(tilesHere);

const Tiles &tiles()
{
    static const Tiles tiles = HWY_DYNAMIC_DISPATCH(tilesHere)();
    return tiles;
}

} // namespace fettle::model::fast
#endif
