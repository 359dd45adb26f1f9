// One translation unit with intrinsics: Highway has no byte products of four. Everything else of the decoding step stays portable.
#include "core/generate/integerkernels.h"

#include "core/generate/matrixkernels.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fettle::generate {

namespace {

constexpr std::size_t kBlock = 32; // columns that share a scale of the activations

std::size_t blocksOf(std::size_t columns) { return (columns + kBlock - 1) / kBlock; }

std::atomic<bool> isAllowedHere{true};

// A quantised row: high, middle and low bytes, scales of the blocks, and scale * sum of the numbers for each half block.
struct QuantisedRow {
    const std::int8_t *high, *middle, *low;
    const float *scales, *sums;
    QuantisedRow(const std::byte *row, std::size_t columns)
        : high(reinterpret_cast<const std::int8_t *>(row))
        , middle(high + blocksOf(columns) * kBlock)
        , low(middle + blocksOf(columns) * kBlock)
        , scales(reinterpret_cast<const float *>(low + blocksOf(columns) * kBlock))
        , sums(scales + blocksOf(columns))
    {
    }
};

} // namespace

std::size_t quantisedBytes(std::size_t columns)
{
    return (blocksOf(columns) * (3 * kBlock + 3 * sizeof(float)) + 63) / 64 * 64;
}

void setIntegerProducts(bool isAllowed) { isAllowedHere = isAllowed; }

bool fitsIntegerProducts(const PackedMatrix &matrix)
{
    return layoutOf(matrix.form()).block > 0 && matrix.columns() % kBlock == 0;
}

#if defined(__x86_64__)

bool hasIntegerProducts()
{
    static const bool isThere = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl");
    return isThere && isAllowedHere.load(std::memory_order_relaxed);
}

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c,bmi2")
#pragma GCC optimize("O3")
#pragma GCC diagnostic ignored "-Wuninitialized" // GCC 12's own intrinsics begin with vectors of no value
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

constexpr std::size_t kChunk = 256;  // columns whose codes are unpacked at a time for many rows: 4 KiB a panel
constexpr int kGroupRows = 4;        // rows together with two panels: 24 sums in registers
constexpr int kFewPanels = 4;

void quantiseBlock(const float *x, std::int8_t *high, std::int8_t *middle, std::int8_t *low, float &scale, float *sums)
{
    const __m512 first = _mm512_loadu_ps(x), second = _mm512_loadu_ps(x + 16);
    const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(first), _mm512_abs_ps(second)));
    constexpr float kLargest = 127.0f * 16384.0f;
    scale = largest / kLargest;
    const __m512 inverse = _mm512_set1_ps(scale > 0.0f ? kLargest / largest : 0.0f);
    for (int half = 0; half < 2; ++half) {
        const __m512i number = _mm512_cvtps_epi32(_mm512_mul_ps(half == 0 ? first : second, inverse));
        const __m512i upper = _mm512_srai_epi32(_mm512_add_epi32(number, _mm512_set1_epi32(8192)), 14);
        const __m512i rest = _mm512_sub_epi32(number, _mm512_slli_epi32(upper, 14)); // -8192 to 8191
        const __m512i between = _mm512_srai_epi32(_mm512_add_epi32(rest, _mm512_set1_epi32(64)), 7);
        const __m512i lower = _mm512_sub_epi32(rest, _mm512_slli_epi32(between, 7));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(high + 16 * half), _mm512_cvtepi32_epi8(upper));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(middle + 16 * half), _mm512_cvtepi32_epi8(between));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(low + 16 * half), _mm512_cvtepi32_epi8(lower));
        sums[half] = scale * static_cast<float>(_mm512_reduce_add_epi32(number));
    }
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

// The sums of a block over the three bytes of the activations, for 16 rows.
struct BlockSum {
    __m512i high, middle, low;
};

void clear(BlockSum &sum) { sum.high = sum.middle = sum.low = _mm512_setzero_si512(); }

__m512i fourBytes(const std::int8_t *bytes)
{
    std::int32_t word;
    std::memcpy(&word, bytes, 4);
    return _mm512_set1_epi32(word);
}

void addFour(BlockSum &sum, __m512i codes, const QuantisedRow &row, std::size_t quad)
{
    sum.high = _mm512_dpbusd_epi32(sum.high, codes, fourBytes(row.high + 4 * quad));
    sum.middle = _mm512_dpbusd_epi32(sum.middle, codes, fourBytes(row.middle + 4 * quad));
    sum.low = _mm512_dpbusd_epi32(sum.low, codes, fourBytes(row.low + 4 * quad));
}

// sum += scale * x-scale * (16384 * high + 128 * middle + low) + offset * x-sum, always in this order. Each of the three is exact in fp32.
__m512 addBlock(__m512 sum, const BlockSum &block, __m512 scale, __m512 offset, float xScale, float xSum)
{
    const __m512 small = _mm512_fmadd_ps(_mm512_cvtepi32_ps(block.middle), _mm512_set1_ps(128.0f), _mm512_cvtepi32_ps(block.low));
    const __m512 number = _mm512_fmadd_ps(_mm512_cvtepi32_ps(block.high), _mm512_set1_ps(16384.0f), small);
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
[[gnu::noinline]] void multiplyFew(const PackedMatrix &matrix, const std::byte *quantised, float *y, std::size_t yStride, ProductMode mode, std::size_t panel)
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
    const std::size_t columns = matrix.columns(), rowBytes = quantisedBytes(columns);
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
                sums[v][n] = addBlock(sums[v][n], blockSums[v][n], scale, offset, row.scales[block * layout.block / kBlock],
                                      sumOfBlock<layout.block>(row, block));
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

// N rows times V panels whose codes lie unpacked in scratch: columns [first, first + count), sums added to what earlier columns left.
template <WeightForm form, int V, int N>
[[gnu::noinline]] void multiplyGroup(const std::byte *const *scales, const std::byte *unpacked, const std::byte *quantised, std::size_t columns, std::size_t first,
                                     std::size_t count, float *sums)
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr std::size_t scaleStep = kPanelRows * layout.scaleBytes * (layout.hasMinimum ? 2 : 1);
    const std::size_t rowBytes = quantisedBytes(columns);
    for (std::size_t block = first / layout.block; block < (first + count) / layout.block; ++block) {
        BlockSum blockSums[V][N];
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n)
                clear(blockSums[v][n]);
        }
#pragma GCC unroll 2
        for (std::size_t q = 0; q < layout.block / 4; ++q) {
            const std::size_t quad = block * (layout.block / 4) + q;
            __m512i four[V];
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v)
                four[v] = _mm512_load_si512(unpacked + ((quad - first / 4) * V + static_cast<std::size_t>(v)) * 64);
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) {
                const QuantisedRow row(quantised + static_cast<std::size_t>(n) * rowBytes, columns);
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v)
                    addFour(blockSums[v][n], four[v], row, quad);
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            __m512 scale, offset;
            loadScales<form>(scales[v] + block * scaleStep, scale, offset);
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) {
                const QuantisedRow row(quantised + static_cast<std::size_t>(n) * rowBytes, columns);
                float *sum = sums + (static_cast<std::size_t>(n) * V + static_cast<std::size_t>(v)) * kPanelRows;
                const __m512 before = block == 0 ? _mm512_setzero_ps() : _mm512_load_ps(sum);
                _mm512_store_ps(sum, addBlock(before, blockSums[v][n], scale, offset, row.scales[block * layout.block / kBlock],
                                              sumOfBlock<layout.block>(row, block)));
            }
        }
    }
}

template <WeightForm form, int V, int N>
void multiplyGroupOf(std::size_t rows, const std::byte *const *scales, const std::byte *unpacked, const std::byte *quantised, std::size_t columns, std::size_t first,
                     std::size_t count, float *sums)
{
    if constexpr (N > 1) {
        if (rows < N)
            return multiplyGroupOf<form, V, N - 1>(rows, scales, unpacked, quantised, columns, first, count, sums);
    }
    multiplyGroup<form, V, N>(scales, unpacked, quantised, columns, first, count, sums);
}

template <WeightForm form, int V>
void multiplyMany(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t panel,
                  std::byte *scratch)
{
    constexpr FormLayout layout = layoutOf(form);
    const std::size_t columns = matrix.columns(), rowBytes = quantisedBytes(columns);
    float *sums = reinterpret_cast<float *>(scratch + kChunk * kPanelRows * V);
    const std::byte *scales[V], *codes[V];
    for (int v = 0; v < V; ++v) {
        scales[v] = matrix.panel(panel + static_cast<std::size_t>(v));
        codes[v] = scales[v] + matrix.scaleBytesPerPanel();
    }
    for (std::size_t first = 0; first < columns; first += kChunk) {
        const std::size_t count = std::min(kChunk, columns - first);
        for (std::size_t q = 0; q < count / 4; q += 2) {
            for (int v = 0; v < V; ++v) {
                _mm512_store_si512(scratch + (q * V + static_cast<std::size_t>(v)) * 64, codesOf<layout.bits>(codes[v], first / 4 + q));
                _mm512_store_si512(scratch + ((q + 1) * V + static_cast<std::size_t>(v)) * 64, codesOf<layout.bits>(codes[v], first / 4 + q + 1));
            }
        }
        for (std::size_t row = 0; row < rows; row += kGroupRows)
            multiplyGroupOf<form, V, kGroupRows>(std::min<std::size_t>(kGroupRows, rows - row), scales, scratch, quantised + row * rowBytes, columns, first, count,
                                                 sums + row * V * kPanelRows);
    }
    for (std::size_t row = 0; row < rows; ++row) {
        for (int v = 0; v < V; ++v)
            writeSum(_mm512_load_ps(sums + (row * V + static_cast<std::size_t>(v)) * kPanelRows), y + row * yStride + (panel + static_cast<std::size_t>(v)) * kPanelRows, mode);
    }
}

template <WeightForm form, int N>
void multiplyAllFew(const PackedMatrix &matrix, const std::byte *quantised, float *y, std::size_t yStride, ProductMode mode, std::size_t begin, std::size_t end)
{
    constexpr int V = N == 1 ? kFewPanels : N == 2 ? 2 : 1; // as many sums as there are registers
    for (; begin + V <= end; begin += V)
        multiplyFew<form, V, N>(matrix, quantised, y, yStride, mode, begin);
    for (; begin < end; ++begin)
        multiplyFew<form, 1, N>(matrix, quantised, y, yStride, mode, begin);
}

template <WeightForm form>
void multiplyForm(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                  std::size_t end, std::byte *scratch)
{
    switch (rows) {
    case 1: return multiplyAllFew<form, 1>(matrix, quantised, y, yStride, mode, begin, end);
    case 2: return multiplyAllFew<form, 2>(matrix, quantised, y, yStride, mode, begin, end);
    case 3: return multiplyAllFew<form, 3>(matrix, quantised, y, yStride, mode, begin, end);
    case 4: return multiplyAllFew<form, 4>(matrix, quantised, y, yStride, mode, begin, end);
    default: break;
    }
    for (; begin + 2 <= end; begin += 2)
        multiplyMany<form, 2>(matrix, quantised, rows, y, yStride, mode, begin, scratch);
    for (; begin < end; ++begin)
        multiplyMany<form, 1>(matrix, quantised, rows, y, yStride, mode, begin, scratch);
}

} // namespace

void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    const std::size_t blocks = blocksOf(columns), rowBytes = quantisedBytes(columns);
    for (std::size_t r = 0; r < rows; ++r) {
        const float *x = source + r * stride;
        auto *high = reinterpret_cast<std::int8_t *>(target + r * rowBytes), *middle = high + blocks * kBlock, *low = middle + blocks * kBlock;
        auto *scales = reinterpret_cast<float *>(low + blocks * kBlock), *sums = scales + blocks;
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::size_t first = block * kBlock;
            if (first + kBlock <= columns) {
                quantiseBlock(x + first, high + first, middle + first, low + first, scales[block], sums + 2 * block);
            } else {
                float padded[kBlock] = {};
                std::copy(x + first, x + columns, padded);
                quantiseBlock(padded, high + first, middle + first, low + first, scales[block], sums + 2 * block);
            }
        }
    }
}

std::size_t integerScratch(std::size_t rows) { return 2 * kPanelRows * (kChunk + rows * sizeof(float)); }

void multiplyIntegerPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end, std::byte *scratch)
{
    const auto run = [&]<WeightForm form>() { multiplyForm<form>(matrix, quantised, rows, y, yStride, mode, begin, end, scratch); };
    switch (matrix.form()) {
    case WeightForm::F32:
    case WeightForm::F16:
    case WeightForm::Bf16: return; // see fitsIntegerProducts
    case WeightForm::Q4: return run.operator()<WeightForm::Q4>();
    case WeightForm::Q4Min: return run.operator()<WeightForm::Q4Min>();
    case WeightForm::Q8: return run.operator()<WeightForm::Q8>();
    case WeightForm::Q8Min: return run.operator()<WeightForm::Q8Min>();
    case WeightForm::Q4MinWide: return run.operator()<WeightForm::Q4MinWide>();
    case WeightForm::Q8MinWide: return run.operator()<WeightForm::Q8MinWide>();
    case WeightForm::Q8WideShort: return run.operator()<WeightForm::Q8WideShort>();
    case WeightForm::Q4MinWideShort: return run.operator()<WeightForm::Q4MinWideShort>();
    }
}

#pragma GCC pop_options

#else

bool hasIntegerProducts() { return false; }
void quantiseRows(const float *, std::size_t, std::size_t, std::size_t, std::byte *) {}
std::size_t integerScratch(std::size_t) { return 0; }
void multiplyIntegerPanels(const PackedMatrix &, const std::byte *, std::size_t, float *, std::size_t, ProductMode, std::size_t, std::size_t, std::byte *) {}

#endif

} // namespace fettle::generate
