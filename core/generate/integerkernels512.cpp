// Whole-number products with the byte products of VNNI. Intrinsics: Highway has no byte products of four.
#include "core/generate/integersets.h"

#include "core/generate/integerkernels.h"
#include "core/generate/matrixkernels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)

#include <immintrin.h>

namespace fettle::generate::avx512 {

namespace {

constexpr std::size_t kBlock = kIntegerBlock;

std::size_t blocksOf(std::size_t columns) { return integerBlocks(columns); }

// A quantised row: value = scale * (256 * high + low + third / 128). Third bytes count only where isWide. sums: scale * sum of the numbers for
// each half block.
struct QuantisedRow {
    const std::int8_t *high, *low, *third;
    const float *scales, *sums;
    const std::uint8_t *isWide;
    QuantisedRow(const std::byte *row, std::size_t columns)
        : high(reinterpret_cast<const std::int8_t *>(row))
        , low(high + blocksOf(columns) * kBlock)
        , third(low + blocksOf(columns) * kBlock)
        , scales(reinterpret_cast<const float *>(third + blocksOf(columns) * kBlock))
        , sums(scales + blocksOf(columns))
        , isWide(reinterpret_cast<const std::uint8_t *>(sums + 2 * blocksOf(columns)))
    {
    }
};

} // namespace

bool isSupported()
{
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl");
}

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c,bmi2")
#pragma GCC optimize("O3")
#pragma GCC diagnostic ignored "-Wuninitialized" // GCC 12's own intrinsics begin with vectors of no value
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

// Where a quantised block of 32 numbers goes; bytes of the block, not of the row.
struct BlockTarget {
    std::int8_t *high, *low, *third;
    float *scale, *sums;
    std::uint8_t *isWide;
};

void quantiseBlock(const float *x, float outlier, const BlockTarget &target)
{
    const __m512 first = _mm512_loadu_ps(x), second = _mm512_loadu_ps(x + 16);
    const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(first), _mm512_abs_ps(second)));
    constexpr float kLargest = 127.0f * 256.0f;
    const bool isWide = largest > outlier;
    *target.isWide = isWide;
    *target.scale = largest / kLargest;
    const __m512 inverse = _mm512_set1_ps(*target.scale > 0.0f ? kLargest * 128.0f / largest : 0.0f);
    for (int half = 0; half < 2; ++half) {
        const __m512 scaled = _mm512_mul_ps(half == 0 ? first : second, inverse); // in 128ths
        const __m512i number = isWide ? _mm512_srai_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(scaled), _mm512_set1_epi32(64)), 7)
                                      : _mm512_cvtps_epi32(_mm512_mul_ps(scaled, _mm512_set1_ps(1.0f / 128.0f)));
        const __m512i upper = _mm512_srai_epi32(_mm512_add_epi32(number, _mm512_set1_epi32(128)), 8);
        const __m512i lower = _mm512_sub_epi32(number, _mm512_slli_epi32(upper, 8)); // -128 to 127
        _mm_storeu_si128(reinterpret_cast<__m128i *>(target.high + 16 * half), _mm512_cvtepi32_epi8(upper));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(target.low + 16 * half), _mm512_cvtepi32_epi8(lower));
        float sum = static_cast<float>(_mm512_reduce_add_epi32(number));
        if (isWide) {
            const __m512i rest = _mm512_sub_epi32(_mm512_cvtps_epi32(scaled), _mm512_slli_epi32(number, 7)); // -64 to 63
            _mm_storeu_si128(reinterpret_cast<__m128i *>(target.third + 16 * half), _mm512_cvtepi32_epi8(rest));
            sum += static_cast<float>(_mm512_reduce_add_epi32(rest)) / 128.0f;
        }
        target.sums[half] = *target.scale * sum;
    }
}

float rootMeanSquare(const float *x, std::size_t columns)
{
    __m512 squares = _mm512_setzero_ps();
    std::size_t i = 0;
    for (; i + 16 <= columns; i += 16)
        squares = _mm512_fmadd_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i), squares);
    float total = _mm512_reduce_add_ps(squares);
    for (; i < columns; ++i)
        total += x[i] * x[i];
    return std::sqrt(total / static_cast<float>(columns));
}

template <bool isWide>
__m512 loadScale(const std::byte *address)
{
    if constexpr (isWide)
        return _mm512_loadu_ps(reinterpret_cast<const float *>(address));
    else
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(address)));
}

// Codes are taken as unsigned bytes (bytes with a sign: plus 128); `offset` gives that back: value = scale * code + offset.
template <WeightForm form>
void loadScales(const std::byte *address, __m512 &scale, __m512 &offset)
{
    constexpr FormLayout layout = layoutOf(form);
    scale = loadScale<layout.scaleBytes == 4>(address);
    if constexpr (layout.hasMinimum)
        offset = loadScale<layout.scaleBytes == 4>(address + kPanelRows * layout.scaleBytes);
    if constexpr (layout.bits == 8) {
        const __m512 back = _mm512_mul_ps(scale, _mm512_set1_ps(-128.0f));
        offset = layout.hasMinimum ? _mm512_add_ps(offset, back) : back;
    } else if constexpr (!layout.hasMinimum) {
        offset = _mm512_mul_ps(scale, _mm512_set1_ps(-8.0f));
    }
}

// The sums of a block over the two bytes of the activations, for 16 rows.
struct BlockSum {
    __m512i high, low;
};

void clear(BlockSum &sum) { sum.high = sum.low = _mm512_setzero_si512(); }

__m512i fourBytes(const std::int8_t *bytes)
{
    std::int32_t word;
    std::memcpy(&word, bytes, 4);
    return _mm512_set1_epi32(word);
}

void addFour(BlockSum &sum, __m512i codes, const QuantisedRow &row, std::size_t quad)
{
    sum.high = _mm512_dpbusd_epi32(sum.high, codes, fourBytes(row.high + 4 * quad));
    sum.low = _mm512_dpbusd_epi32(sum.low, codes, fourBytes(row.low + 4 * quad));
}

// 256 * high + low (+ third / 128): below 2^31.
__m512 numberOf(const BlockSum &block) { return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(block.high, 8), block.low)); }

template <std::size_t quads, class Codes>
__m512 addThird(__m512 number, const QuantisedRow &row, std::size_t firstQuad, Codes &&codes)
{
    __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 8
    for (std::size_t q = 0; q < quads; ++q)
        sum = _mm512_dpbusd_epi32(sum, codes(firstQuad + q), fourBytes(row.third + 4 * (firstQuad + q)));
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(1.0f / 128.0f), number);
}

// sum += scale * x-scale * number + offset * x-sum, always in this order.
__m512 addBlock(__m512 sum, __m512 number, __m512 scale, __m512 offset, float xScale, float xSum)
{
    sum = _mm512_fmadd_ps(number, _mm512_mul_ps(scale, _mm512_set1_ps(xScale)), sum);
    return _mm512_fmadd_ps(offset, _mm512_set1_ps(xSum), sum);
}

template <std::size_t block>
float sumOfBlock(const QuantisedRow &row, std::size_t index)
{
    if constexpr (block == kBlock)
        return row.sums[2 * index] + row.sums[2 * index + 1];
    else
        return row.sums[index];
}

// The next four columns of a panel as unsigned bytes. quad counts groups of four columns from the start of the panel's codes.
template <int bits>
__m512i codesOf(const std::byte *codes, std::size_t quad)
{
    if constexpr (bits == 4) {
        const __m512i word = _mm512_loadu_si512(codes + quad / 2 * kPanelRows * 4);
        return _mm512_and_si512(quad % 2 == 0 ? word : _mm512_srli_epi32(word, 4), _mm512_set1_epi8(15));
    } else {
        return _mm512_xor_si512(_mm512_loadu_si512(codes + quad * kPanelRows * 4), _mm512_set1_epi8(-128));
    }
}

void writeSum(__m512 sum, float *target, ProductMode mode)
{
    _mm512_storeu_ps(target, mode == ProductMode::Add ? _mm512_add_ps(_mm512_loadu_ps(target), sum) : sum);
}

// N rows times V panels, all columns.
template <WeightForm form, int V, int N>
[[gnu::noinline]] void multiplyTile(const PackedMatrix &matrix, const std::byte *quantised, float *y, std::size_t yStride, ProductMode mode, std::size_t panel)
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
    constexpr std::size_t blockBytes = layout.block * layout.bits / 8 * kPanelRows;
    const std::size_t columns = matrix.columns(), rowBytes = quantisedBytes(columns);
    const std::size_t ahead = fetchedAhead(matrix), codeBytes = matrix.bytesPerPanel() - matrix.scaleBytesPerPanel();
    __m512 sums[V][N];
    const std::byte *scales[V], *codes[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
        scales[v] = matrix.panel(panel + static_cast<std::size_t>(v));
        codes[v] = scales[v] + matrix.scaleBytesPerPanel();
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n)
            sums[v][n] = _mm512_setzero_ps();
    }
    for (std::size_t block = 0; block < columns / layout.block; ++block) {
        BlockSum blockSums[V][N];
        const std::size_t place = block * blockBytes + ahead;
        const std::size_t fetched = place < codeBytes ? place : place + static_cast<std::size_t>(V - 1) * matrix.bytesPerPanel();
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n)
                clear(blockSums[v][n]);
        }
#pragma GCC unroll 8
        for (std::size_t q = 0; q < layout.block / 4; ++q) {
            const std::size_t quad = block * (layout.block / 4) + q;
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) {
                if (layout.bits == 8 || q % 2 == 0)
                    _mm_prefetch(reinterpret_cast<const char *>(codes[v] + fetched + q * layout.bits / 8 * kPanelRows * 4), _MM_HINT_T1);
                const __m512i four = codesOf<layout.bits>(codes[v], quad);
#pragma GCC unroll 4
                for (int n = 0; n < N; ++n)
                    addFour(blockSums[v][n], four, QuantisedRow(quantised + static_cast<std::size_t>(n) * rowBytes, columns), quad);
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            __m512 scale, offset;
            loadScales<form>(scales[v] + block * scaleStep, scale, offset);
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n) {
                const QuantisedRow row(quantised + static_cast<std::size_t>(n) * rowBytes, columns);
                const std::size_t own = block * layout.block / kBlock;
                __m512 number = numberOf(blockSums[v][n]);
                if (row.isWide[own])
                    number = addThird<layout.block / 4>(number, row, block * (layout.block / 4), [&](std::size_t quad) { return codesOf<layout.bits>(codes[v], quad); });
                sums[v][n] = addBlock(sums[v][n], number, scale, offset, row.scales[own], sumOfBlock<layout.block>(row, block));
            }
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n)
            writeSum(sums[v][n], y + static_cast<std::size_t>(n) * yStride + (panel + static_cast<std::size_t>(v)) * kPanelRows, mode);
    }
}

template <WeightForm form, int V>
void multiplyRows(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t panel)
{
    const std::size_t rowBytes = quantisedBytes(matrix.columns());
    for (; rows >= 4; rows -= 4, quantised += 4 * rowBytes, y += 4 * yStride)
        multiplyTile<form, V, 4>(matrix, quantised, y, yStride, mode, panel);
    switch (rows) {
    case 1: return multiplyTile<form, V, 1>(matrix, quantised, y, yStride, mode, panel);
    case 2: return multiplyTile<form, V, 2>(matrix, quantised, y, yStride, mode, panel);
    case 3: return multiplyTile<form, V, 3>(matrix, quantised, y, yStride, mode, panel);
    default: return;
    }
}

// Panels outside, rows inside: a panel comes from memory once and stays in the cache for the further rows. Tiles have as many sums as there are
// registers.
template <WeightForm form>
void multiplyForm(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                  std::size_t end)
{
    for (; rows == 1 && begin + 4 <= end; begin += 4)
        multiplyTile<form, 4, 1>(matrix, quantised, y, yStride, mode, begin);
    for (; rows == 2 && begin + 4 <= end; begin += 4)
        multiplyTile<form, 4, 2>(matrix, quantised, y, yStride, mode, begin);
    for (; begin + 2 <= end; begin += 2)
        multiplyRows<form, 2>(matrix, quantised, rows, y, yStride, mode, begin);
    for (; begin < end; ++begin)
        multiplyRows<form, 1>(matrix, quantised, rows, y, yStride, mode, begin);
}

} // namespace

void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    const std::size_t blocks = blocksOf(columns), rowBytes = quantisedBytes(columns);
    for (std::size_t r = 0; r < rows; ++r) {
        const float *x = source + r * stride;
        auto *high = reinterpret_cast<std::int8_t *>(target + r * rowBytes), *low = high + blocks * kBlock, *third = low + blocks * kBlock;
        auto *scales = reinterpret_cast<float *>(third + blocks * kBlock), *sums = scales + blocks;
        auto *isWide = reinterpret_cast<std::uint8_t *>(sums + 2 * blocks);
        const float outlier = kOutlier * rootMeanSquare(x, columns);
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::size_t first = block * kBlock;
            const BlockTarget own{high + first, low + first, third + first, scales + block, sums + 2 * block, isWide + block};
            if (first + kBlock <= columns) {
                quantiseBlock(x + first, outlier, own);
            } else {
                float padded[kBlock] = {};
                std::copy(x + first, x + columns, padded);
                quantiseBlock(padded, outlier, own);
            }
        }
    }
}

void multiplyPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                    std::size_t end)
{
    withIntegerForm(matrix.form(), [&]<WeightForm form>() { multiplyForm<form>(matrix, quantised, rows, y, yStride, mode, begin, end); });
}

#pragma GCC pop_options

} // namespace fettle::generate::avx512

#endif
