// Intrinsics, because the Highway of Debian 12 knows no products of pairs. Compiled for AVX512-BF16 function by function; chosen at run time.
#include "core/model/fast/gemmpairs.h"

#if defined(__x86_64__)
#include <algorithm>
// GCC 12 takes what its own header leaves undefined on purpose for a mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#define FETTLE_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kRows = 14, kRowStep = 16; // as gemmtiles.cpp with 32 registers
constexpr std::int64_t kLanes = 16, kColumns = 2 * kLanes;

FETTLE_PAIRS __mmask16 firstLanes(std::int64_t count)
{
    return static_cast<__mmask16>(count >= kLanes ? 0xffff : count <= 0 ? 0 : (1 << count) - 1);
}

// Two rows of values, which follow each other in k, become a row of words.
FETTLE_PAIRS __m512i pairRows(__m512 below, __m512 above)
{
    const __m512i low = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(below)));
    const __m512i high = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(above)));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// The matrix as stored runs along the panel.
FETTLE_PAIRS void copyPairs(const float *from, std::int64_t stride, std::int64_t count, std::int64_t depth, float *panel, std::int64_t width)
{
    for (std::int64_t p = 0; p < depth; p += 2, panel += width) {
        const float *row = from + p * stride;
        for (std::int64_t i = 0; i < width; i += kLanes) {
            const __mmask16 mask = firstLanes(count - i);
            const __m512 below = _mm512_maskz_loadu_ps(mask, row + i);
            const __m512 above = p + 1 < depth ? _mm512_maskz_loadu_ps(mask, row + stride + i) : _mm512_setzero_ps();
            _mm512_storeu_si512(panel + i, pairRows(below, above));
        }
    }
}

// Words [0, 16) of a row that runs along k, of which `values` values are there.
FETTLE_PAIRS __m512 pairsOf(const float *row, std::int64_t values)
{
    const __m512 first = _mm512_maskz_loadu_ps(firstLanes(values), row), second = _mm512_maskz_loadu_ps(firstLanes(values - kLanes), row + kLanes);
    return reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(second, first));
}

template <int kLane>
FETTLE_PAIRS void storeWords(__m512 w0, __m512 w1, __m512 w2, __m512 w3, std::int64_t words, float *panel, std::int64_t width)
{
    constexpr std::int64_t kFirst = 4 * kLane;
    float *to = panel + kFirst * width;
    const std::int64_t here = words - kFirst;
    if (here > 0)
        _mm_storeu_ps(to, _mm512_extractf32x4_ps(w0, kLane));
    if (here > 1)
        _mm_storeu_ps(to + width, _mm512_extractf32x4_ps(w1, kLane));
    if (here > 2)
        _mm_storeu_ps(to + 2 * width, _mm512_extractf32x4_ps(w2, kLane));
    if (here > 3)
        _mm_storeu_ps(to + 3 * width, _mm512_extractf32x4_ps(w3, kLane));
}

// The matrix as stored runs along k: blocks of four rows and sixteen words are turned.
FETTLE_PAIRS void turnPairs(const float *from, std::int64_t stride, std::int64_t count, std::int64_t depth, float *panel, std::int64_t width)
{
    for (std::int64_t i = 0; i < width; i += 4) {
        for (std::int64_t p = 0; p < depth; p += 2 * kLanes) {
            const auto row = [&](std::int64_t j) FETTLE_PAIRS {
                return i + j < count ? pairsOf(from + (i + j) * stride + p, depth - p) : _mm512_setzero_ps();
            };
            const __m512 r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3);
            const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(r0, r1)), high01 = _mm512_castps_pd(_mm512_unpackhi_ps(r0, r1));
            const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(r2, r3)), high23 = _mm512_castps_pd(_mm512_unpackhi_ps(r2, r3));
            const __m512 w0 = _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23)), w1 = _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23)); // words 4 L, 4 L + 1
            const __m512 w2 = _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23)), w3 = _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23));
            const std::int64_t words = std::min(kLanes, (depth - p + 1) / 2);
            float *to = panel + p / 2 * width + i;
            storeWords<0>(w0, w1, w2, w3, words, to, width);
            storeWords<1>(w0, w1, w2, w3, words, to, width);
            storeWords<2>(w0, w1, w2, w3, words, to, width);
            storeWords<3>(w0, w1, w2, w3, words, to, width);
        }
    }
}

void packRows(const Operand &a, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel)
{
    if (a.use == Use::AsIs)
        turnPairs(a.data + first * a.stride + p, a.stride, count, depth, panel, kRowStep);
    else
        copyPairs(a.data + p * a.stride + first, a.stride, count, depth, panel, kRowStep);
}

void packColumns(const Operand &b, std::int64_t first, std::int64_t count, std::int64_t p, std::int64_t depth, float *panel)
{
    if (b.use == Use::AsIs)
        copyPairs(b.data + p * b.stride + first, b.stride, count, depth, panel, kColumns);
    else
        turnPairs(b.data + first * b.stride + p, b.stride, count, depth, panel, kColumns);
}

template <int kVectors>
FETTLE_PAIRS void multiply(const float *__restrict a, const float *__restrict b, std::int64_t words, std::int64_t rows, std::int64_t columns, float alpha, float beta,
                           float *__restrict c, std::int64_t strideC)
{
    __m512 sums[kRows][kVectors];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
            sums[i][j] = _mm512_setzero_ps();
    }
    for (std::int64_t q = 0; q < words; ++q, a += kRowStep, b += kColumns) {
        __m512bh column[kVectors];
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j)
            column[j] = reinterpret_cast<__m512bh>(_mm512_loadu_ps(b + j * kLanes));
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
            const auto value = reinterpret_cast<__m512bh>(_mm512_set1_ps(a[i]));
#pragma GCC unroll 2
            for (int j = 0; j < kVectors; ++j)
                sums[i][j] = _mm512_dpbf16_ps(sums[i][j], value, column[j]);
        }
    }
    const __m512 factor = _mm512_set1_ps(alpha), share = _mm512_set1_ps(beta);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < kVectors; ++j) {
            const __mmask16 mask = i < rows ? firstLanes(columns - j * kLanes) : __mmask16{0};
            float *to = c + i * strideC + j * kLanes;
            __m512 sum = _mm512_mul_ps(sums[i][j], factor);
            if (beta != 0.0f)
                sum = _mm512_fmadd_ps(share, _mm512_maskz_loadu_ps(mask, to), sum);
            _mm512_mask_storeu_ps(to, mask, sum);
        }
    }
}

void multiplyTile(const float *rowPanel, const float *columnPanel, std::int64_t words, std::int64_t rows, std::int64_t columns, float alpha, float beta, float *c,
                  std::int64_t strideC)
{
    if (columns > kLanes)
        multiply<2>(rowPanel, columnPanel, words, rows, columns, alpha, beta, c, strideC);
    else
        multiply<1>(rowPanel, columnPanel, words, rows, columns, alpha, beta, c, strideC);
}

} // namespace

bool hasPairTiles()
{
    static const bool has = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq");
    return has;
}

const Tiles &pairTiles()
{
    static const Tiles tiles{kRows, kRowStep, kColumns, 2, packRows, packColumns, multiplyTile};
    return tiles;
}

} // namespace fettle::model::fast

#else

namespace fettle::model::fast {

bool hasPairTiles() { return false; }
const Tiles &pairTiles() { return tiles(); }

} // namespace fettle::model::fast
#endif
