// Whole-number products with the 16-bit products of AVX2: a code and a number of 16 bits each, two of which are multiplied and added at once.
// Intrinsics: Highway's pair products do not say in which order they add.
#include "core/generate/integersets.h"

#include "core/generate/integerkernels.h"
#include "core/generate/matrixkernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)

#include <immintrin.h>

namespace fettle::generate::avx2 {

namespace {

// A quantised row: value = scale * (number + rest / 128). Rests count only where isWide. sums, halfSums: scale * sum of these for each block and each half
// of one. Four numbers stand in the order 0, 2, 1, 3, in which pairs of codes come out of their words.
struct QuantisedRow {
    const std::int16_t *numbers;
    const std::int8_t *rests;
    const float *scales, *sums, *halfSums;
    const std::uint8_t *isWide;
    QuantisedRow(const std::byte *row, std::size_t columns)
        : numbers(reinterpret_cast<const std::int16_t *>(row))
        , rests(reinterpret_cast<const std::int8_t *>(numbers + integerBlocks(columns) * kIntegerBlock))
        , scales(reinterpret_cast<const float *>(rests + integerBlocks(columns) * kIntegerBlock))
        , sums(scales + integerBlocks(columns))
        , halfSums(sums + integerBlocks(columns))
        , isWide(reinterpret_cast<const std::uint8_t *>(halfSums + 2 * integerBlocks(columns)))
    {
    }
};

} // namespace

bool isSupported() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#pragma GCC optimize("O3")

namespace {

constexpr std::size_t kLanes = 8;
constexpr int kPanelVectors = 2;

int addLanes(__m256i numbers)
{
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
}

float addLanes(__m256 values)
{
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

float largestLane(__m256 values)
{
    __m128 largest = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    largest = _mm_max_ps(largest, _mm_movehl_ps(largest, largest));
    return _mm_cvtss_f32(_mm_max_ss(largest, _mm_movehdup_ps(largest)));
}

// Sixteen numbers as 16 bits, every four in the order 0, 2, 1, 3.
void storeNumbers(__m256i first, __m256i second, std::int16_t *target)
{
    const __m256i both = _mm256_packs_epi32(_mm256_shuffle_epi32(first, 0xD8), _mm256_shuffle_epi32(second, 0xD8));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(target), _mm256_permute4x64_epi64(both, 0xD8));
}

// Sixteen numbers as bytes, in their order.
void storeBytes(__m256i first, __m256i second, std::int8_t *target)
{
    const __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(target), _mm_packs_epi16(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
}

// Where a quantised block of 32 numbers goes.
struct BlockTarget {
    std::int16_t *numbers;
    std::int8_t *rests;
    float *scale, *sum, *halfSums;
    std::uint8_t *isWide;
};

void quantiseBlock(const float *x, float outlier, const BlockTarget &target)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 sizes = _mm256_setzero_ps();
    for (std::size_t i = 0; i < kIntegerBlock; i += kLanes)
        sizes = _mm256_max_ps(sizes, _mm256_andnot_ps(sign, _mm256_loadu_ps(x + i)));
    const float largest = largestLane(sizes);
    constexpr float kLargest = 127.0f * 256.0f;
    const bool isWide = largest > outlier;
    *target.isWide = isWide;
    *target.scale = largest / kLargest;
    const __m256 inverse = _mm256_set1_ps(*target.scale > 0.0f ? kLargest * 128.0f / largest : 0.0f);
    for (std::size_t half = 0; half < 2; ++half) {
        __m256i numbers[2], rests[2];
        for (std::size_t i = 0; i < 2; ++i) {
            const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + half * 16 + i * kLanes), inverse); // in 128ths
            const __m256i fine = _mm256_cvtps_epi32(scaled);
            numbers[i] = isWide ? _mm256_srai_epi32(_mm256_add_epi32(fine, _mm256_set1_epi32(64)), 7)
                                : _mm256_cvtps_epi32(_mm256_mul_ps(scaled, _mm256_set1_ps(1.0f / 128.0f)));
            rests[i] = _mm256_sub_epi32(fine, _mm256_slli_epi32(numbers[i], 7)); // -64 to 63
        }
        storeNumbers(numbers[0], numbers[1], target.numbers + 16 * half);
        float sum = static_cast<float>(addLanes(_mm256_add_epi32(numbers[0], numbers[1])));
        if (isWide) {
            storeBytes(rests[0], rests[1], target.rests + 16 * half);
            sum += static_cast<float>(addLanes(_mm256_add_epi32(rests[0], rests[1]))) / 128.0f;
        }
        target.halfSums[half] = *target.scale * sum;
    }
    *target.sum = target.halfSums[0] + target.halfSums[1];
}

float rootMeanSquare(const float *x, std::size_t columns)
{
    __m256 squares[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + 2 * kLanes <= columns; i += 2 * kLanes) {
        for (std::size_t v = 0; v < 2; ++v) {
            const __m256 values = _mm256_loadu_ps(x + i + v * kLanes);
            squares[v] = _mm256_fmadd_ps(values, values, squares[v]);
        }
    }
    float total = addLanes(_mm256_add_ps(squares[0], squares[1]));
    for (; i < columns; ++i)
        total += x[i] * x[i];
    return std::sqrt(total / static_cast<float>(columns));
}

template <bool isWide>
__m256 loadScale(const std::byte *address)
{
    if constexpr (isWide)
        return _mm256_loadu_ps(reinterpret_cast<const float *>(address));
    else
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(address)));
}

// Codes are taken as unsigned numbers (bytes with a sign: plus 128); `offset` gives that back: value = scale * code + offset.
template <WeightForm form>
void loadScales(const std::byte *address, __m256 &scale, __m256 &offset)
{
    constexpr FormLayout layout = layoutOf(form);
    scale = loadScale<layout.scaleBytes == 4>(address);
    if constexpr (layout.hasMinimum)
        offset = loadScale<layout.scaleBytes == 4>(address + kPanelRows * layout.scaleBytes);
    if constexpr (layout.bits == 8) {
        const __m256 back = _mm256_mul_ps(scale, _mm256_set1_ps(-128.0f));
        offset = layout.hasMinimum ? _mm256_add_ps(offset, back) : back;
    } else if constexpr (!layout.hasMinimum) {
        offset = _mm256_mul_ps(scale, _mm256_set1_ps(-8.0f));
    }
}

// Pair `pair` of the eight columns at `codes`, for eight rows: of four columns 0 and 2, then 1 and 3, as numbers of 16 bits.
template <int bits>
__m256i codesOf(const std::byte *codes, std::size_t pair)
{
    const auto load = [&](std::size_t word) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + word * kPanelRows * 4)); };
    if constexpr (bits == 4) {
        const __m256i word = load(0), mask = _mm256_set1_epi16(15);
        switch (pair) {
        case 0: return _mm256_and_si256(word, mask);
        case 1: return _mm256_and_si256(_mm256_srli_epi16(word, 8), mask);
        case 2: return _mm256_and_si256(_mm256_srli_epi16(word, 4), mask);
        default: return _mm256_srli_epi16(word, 12);
        }
    } else {
        const __m256i word = _mm256_xor_si256(load(pair / 2), _mm256_set1_epi8(-128));
        return pair % 2 == 0 ? _mm256_and_si256(word, _mm256_set1_epi16(255)) : _mm256_srli_epi16(word, 8);
    }
}

// Four columns of eight rows as bytes; quad: 0 or 1 of the eight columns at `codes`.
template <int bits>
__m256i byteCodesOf(const std::byte *codes, std::size_t quad)
{
    const __m256i word = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + (bits == 4 ? 0 : quad) * kPanelRows * 4));
    if constexpr (bits == 4)
        return _mm256_and_si256(quad == 0 ? word : _mm256_srli_epi16(word, 4), _mm256_set1_epi8(15));
    else
        return _mm256_xor_si256(word, _mm256_set1_epi8(-128));
}

// Two numbers or four bytes, for each of eight rows.
__m256i fourBytes(const void *source)
{
    std::int32_t word;
    std::memcpy(&word, source, 4);
    return _mm256_set1_epi32(word);
}

template <WeightForm form>
inline constexpr std::size_t kBytesOfEight = 8 * kPanelRows * static_cast<std::size_t>(layoutOf(form).bits) / 8; // of eight columns of a panel

// sum += pairs of codes * pairs of numbers, now: the compiler would compute all products of a tile first and keep them in memory.
[[gnu::always_inline]] inline void addPairs(__m256i &sum, __m256i codes, __m256i numbers)
{
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes, numbers));
    asm("" : "+x"(sum));
}

// Where a tile of P panels reads its scales and codes, for each vector of rows.
template <WeightForm form, int P>
struct TilePanels {
    static constexpr FormLayout kLayout = layoutOf(form);
    static constexpr std::size_t kScaleStep = kPanelRows * kLayout.scaleBytes * (kLayout.hasMinimum ? 2 : 1);
    static constexpr std::size_t kBlockBytes = kLayout.block / 8 * kBytesOfEight<form>;
    const std::byte *scalesOf[P], *codesOf[P];

    const std::byte *scales(int v, std::size_t block) const
    {
        return scalesOf[v / kPanelVectors] + block * kScaleStep + static_cast<std::size_t>(v % kPanelVectors) * kLanes * kLayout.scaleBytes;
    }
    const std::byte *codes(int v, std::size_t block) const
    {
        return codesOf[v / kPanelVectors] + block * kBlockBytes + static_cast<std::size_t>(v % kPanelVectors) * kLanes * 4;
    }
};

// sums[v][n] += the products of a block of vector v of rows with row n, without the rests.
template <WeightForm form, int P, int N>
[[gnu::always_inline]] inline void addBlock(const TilePanels<form, P> &panels, const QuantisedRow *rows, std::size_t block, __m256 (&sums)[P * kPanelVectors][N])
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr int V = P * kPanelVectors;
    const std::size_t first = block * layout.block, own = first / kIntegerBlock;
    __m256i blockSums[V][N];
    const std::int16_t *numbers[N];
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) {
        numbers[n] = rows[n].numbers + first;
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v)
            blockSums[v][n] = _mm256_setzero_si256();
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < layout.block; k += 8) {
#pragma GCC unroll 4
        for (std::size_t pair = 0; pair < 4; ++pair) {
            __m256i two[V];
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v)
                two[v] = codesOf<layout.bits>(panels.codes(v, block) + k / 8 * kBytesOfEight<form>, pair);
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) {
                const __m256i x = fourBytes(numbers[n] + k + 2 * pair);
#pragma GCC unroll 8
                for (int v = 0; v < V; ++v)
                    addPairs(blockSums[v][n], two[v], x);
            }
        }
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
        __m256 scale, offset;
        loadScales<form>(panels.scales(v, block), scale, offset);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) {
            sums[v][n] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(blockSums[v][n]), _mm256_mul_ps(scale, _mm256_set1_ps(rows[n].scales[own])), sums[v][n]);
            sums[v][n] = _mm256_fmadd_ps(offset, _mm256_set1_ps(layout.block == kIntegerBlock ? rows[n].sums[block] : rows[n].halfSums[block]), sums[v][n]);
        }
    }
}

// The rests of a row's wide blocks, after everything else.
template <WeightForm form, int P>
[[gnu::noinline]] void addRests(const TilePanels<form, P> &panels, const QuantisedRow &row, std::size_t columns, float *y)
{
    constexpr FormLayout layout = layoutOf(form);
    constexpr int V = P * kPanelVectors;
    __m256 sums[V] = {};
    for (std::size_t block = 0; block < columns / layout.block; ++block) {
        const std::size_t first = block * layout.block, own = first / kIntegerBlock;
        if (!row.isWide[own])
            continue;
        __m256i rests[V] = {}; // 4 bits: 32 times 15 * 64 are far below 2^15, and so are added in pairs of 16 bits
#pragma GCC unroll 8
        for (std::size_t quad = 0; quad < layout.block / 4; ++quad) {
            const __m256i x = fourBytes(row.rests + first + 4 * quad);
#pragma GCC unroll 8
            for (int v = 0; v < V; ++v) {
                const __m256i pairs = _mm256_maddubs_epi16(byteCodesOf<layout.bits>(panels.codes(v, block) + quad / 2 * kBytesOfEight<form>, quad % 2), x);
                rests[v] = layout.bits == 4 ? _mm256_add_epi16(rests[v], pairs) : _mm256_add_epi32(rests[v], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
            __m256 scale, offset; // the offset is in the sums
            loadScales<form>(panels.scales(v, block), scale, offset);
            const __m256i rest = layout.bits == 4 ? _mm256_madd_epi16(rests[v], _mm256_set1_epi16(1)) : rests[v];
            sums[v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(rest), _mm256_mul_ps(scale, _mm256_set1_ps(row.scales[own] / 128.0f)), sums[v]);
        }
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < V; ++v)
        _mm256_storeu_ps(y + v * kLanes, _mm256_add_ps(_mm256_loadu_ps(y + v * kLanes), sums[v]));
}

// N rows times P panels, all columns.
template <WeightForm form, int P, int N>
[[gnu::noinline]] void multiplyTile(const PackedMatrix &matrix, const std::byte *quantised, float *y, std::size_t yStride, ProductMode mode, std::size_t panel)
{
    constexpr std::size_t blockBytes = TilePanels<form, P>::kBlockBytes;
    constexpr int V = P * kPanelVectors;
    const std::size_t columns = matrix.columns(), ahead = fetchedAhead(matrix), codeBytes = matrix.bytesPerPanel() - matrix.scaleBytesPerPanel();
    TilePanels<form, P> panels;
    for (int p = 0; p < P; ++p) {
        panels.scalesOf[p] = matrix.panel(panel + static_cast<std::size_t>(p));
        panels.codesOf[p] = panels.scalesOf[p] + matrix.scaleBytesPerPanel();
    }
    const auto rows = [&]<std::size_t... n>(std::index_sequence<n...>) {
        return std::array{QuantisedRow(quantised + n * quantisedBytes(columns), columns)...};
    }(std::make_index_sequence<N>());
    __m256 sums[V][N] = {};
    for (std::size_t block = 0; block < columns / layoutOf(form).block; ++block) {
        const std::size_t place = block * blockBytes + ahead;
        const std::size_t fetched = place < codeBytes ? place : place + static_cast<std::size_t>(P - 1) * matrix.bytesPerPanel();
        for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
            for (std::size_t line = 0; line < blockBytes; line += 64)
                _mm_prefetch(reinterpret_cast<const char *>(panels.codesOf[p] + fetched + line), _MM_HINT_T1);
        }
        addBlock<form, P, N>(panels, rows.data(), block, sums);
    }
    for (std::size_t n = 0; n < N; ++n) {
        float *target = y + n * yStride + panel * kPanelRows;
#pragma GCC unroll 8
        for (std::size_t v = 0; v < V; ++v)
            _mm256_storeu_ps(target + v * kLanes, mode == ProductMode::Add ? _mm256_add_ps(_mm256_loadu_ps(target + v * kLanes), sums[v][n]) : sums[v][n]);
        addRests(panels, rows[n], columns, target);
    }
}

constexpr int kTileRows = 4; // more sums than that do not stay in the registers

template <WeightForm form, int N = kTileRows>
void multiplyRows(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t panel)
{
    if constexpr (N > 0) {
        if (rows < static_cast<std::size_t>(N))
            return multiplyRows<form, N - 1>(matrix, quantised, rows, y, yStride, mode, panel);
        const std::size_t rowBytes = quantisedBytes(matrix.columns());
        for (; rows >= static_cast<std::size_t>(N); rows -= N, quantised += N * rowBytes, y += N * yStride)
            multiplyTile<form, 1, N>(matrix, quantised, y, yStride, mode, panel);
        multiplyRows<form, N - 1>(matrix, quantised, rows, y, yStride, mode, panel);
    }
}

// Panels outside, rows inside: a panel comes from memory once and stays in the cache for the further rows.
template <WeightForm form>
void multiplyForm(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                  std::size_t end)
{
    for (; rows == 1 && begin + 2 <= end; begin += 2)
        multiplyTile<form, 2, 1>(matrix, quantised, y, yStride, mode, begin);
    for (; rows == 2 && begin + 2 <= end; begin += 2)
        multiplyTile<form, 2, 2>(matrix, quantised, y, yStride, mode, begin);
    for (; begin < end; ++begin)
        multiplyRows<form>(matrix, quantised, rows, y, yStride, mode, begin);
}

} // namespace

void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    const std::size_t blocks = integerBlocks(columns), rowBytes = quantisedBytes(columns);
    for (std::size_t r = 0; r < rows; ++r) {
        const float *x = source + r * stride;
        auto *numbers = reinterpret_cast<std::int16_t *>(target + r * rowBytes);
        auto *rests = reinterpret_cast<std::int8_t *>(numbers + blocks * kIntegerBlock);
        auto *scales = reinterpret_cast<float *>(rests + blocks * kIntegerBlock), *sums = scales + blocks, *halfSums = sums + blocks;
        auto *isWide = reinterpret_cast<std::uint8_t *>(halfSums + 2 * blocks);
        const float outlier = kOutlier * rootMeanSquare(x, columns);
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::size_t first = block * kIntegerBlock;
            const BlockTarget own{numbers + first, rests + first, scales + block, sums + block, halfSums + 2 * block, isWide + block};
            if (first + kIntegerBlock <= columns) {
                quantiseBlock(x + first, outlier, own);
            } else {
                float padded[kIntegerBlock] = {};
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

} // namespace fettle::generate::avx2

#endif
