// AVX2: 8 rows of weights in a vector; four codes are two pairs of 16 bits, (0, 2) and (1, 3), each of which one instruction multiplies with
// two activations of 16 bits and adds. Activations lie in that order.
#include "core/generate/integersets.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fettle::generate {

#if defined(__x86_64__)

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,bmi2")
#pragma GCC optimize("O3")

namespace {

struct Ops {
    static constexpr std::size_t kLanes = 8, kNumberBytes = 2, kThirdBytes = 2;
    static constexpr int kOneRow = 4, kTwoRows = 2, kFourRows = 2;
    using Floats = __m256;
    struct Codes {
        __m256i even, odd; // columns 0 and 2, columns 1 and 3
    };
    using Sum = __m256i;
    using Third = __m256i;

    static Floats all(float value) { return _mm256_set1_ps(value); }
    static Floats load(const float *from) { return _mm256_loadu_ps(from); }
    static Floats loadHalves(const std::byte *from) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from))); }
    static void store(Floats values, float *to) { _mm256_storeu_ps(to, values); }
    static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
    static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
    static Floats multiplyAdd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }

    // The next four columns of a panel as unsigned numbers. quad counts groups of four columns from the start of the panel's codes.
    template <int bits>
    static Codes codes(const std::byte *codes, std::size_t quad)
    {
        if constexpr (bits == 4) {
            const __m256i word = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + quad / 2 * kPanelRows * 4)), nibble = _mm256_set1_epi16(15);
            if (quad % 2 == 0)
                return {_mm256_and_si256(word, nibble), _mm256_and_si256(_mm256_srli_epi16(word, 8), nibble)};
            return {_mm256_and_si256(_mm256_srli_epi16(word, 4), nibble), _mm256_srli_epi16(word, 12)};
        } else {
            const __m256i word = _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + quad * kPanelRows * 4)), _mm256_set1_epi8(-128));
            return {_mm256_and_si256(word, _mm256_set1_epi16(255)), _mm256_srli_epi16(word, 8)};
        }
    }
    static __m256i pair(const std::byte *numbers)
    {
        std::int32_t word;
        std::memcpy(&word, numbers, 4);
        return _mm256_set1_epi32(word);
    }
    static Sum zero() { return _mm256_setzero_si256(); }
    static void addFour(Sum &sum, const Codes &codes, const std::byte *numbers, std::size_t quad, std::size_t)
    {
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes.even, pair(numbers + 8 * quad)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes.odd, pair(numbers + 8 * quad + 4)));
    }
    static Floats numberOf(Sum sum) { return _mm256_cvtepi32_ps(sum); } // below 2^31
    static Third zeroThird() { return zero(); }
    static void addThird(Third &sum, const Codes &codes, const std::byte *third, std::size_t quad) { addFour(sum, codes, third, quad, 0); }
    static Floats thirdOf(Third sum) { return _mm256_cvtepi32_ps(sum); }

    static float sumOf(__m256 values)
    {
        __m128 sum = _mm_add_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
        sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
    }
    static std::int32_t sumOf(__m256i values)
    {
        __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
        sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
        return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
    }
    static float largestOf(const float *x) // of 32
    {
        const __m256 sizes = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
        __m256 most = _mm256_and_ps(_mm256_loadu_ps(x), sizes);
        for (int i = 8; i < 32; i += 8)
            most = _mm256_max_ps(most, _mm256_and_ps(_mm256_loadu_ps(x + i), sizes));
        __m128 largest = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
        largest = _mm_max_ps(largest, _mm_movehl_ps(largest, largest));
        return _mm_cvtss_f32(_mm_max_ss(largest, _mm_movehdup_ps(largest)));
    }
    static float sumOfSquares(const float *x, std::size_t columns)
    {
        __m256 squares = _mm256_setzero_ps();
        std::size_t i = 0;
        for (; i + 8 <= columns; i += 8)
            squares = _mm256_fmadd_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(x + i), squares);
        float total = sumOf(squares);
        for (; i < columns; ++i)
            total += x[i] * x[i];
        return total;
    }
    // 16 numbers of 32 bits as 16 bits, every four of them in the order 0, 2, 1, 3.
    static void storeNumbers(__m256i first, __m256i second, std::byte *to)
    {
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
        const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm256_shuffle_epi8(packed, order));
    }
    // 16 numbers from column `first` on; returns their sum.
    static float quantise(const float *x, float inverse, bool isWide, std::byte *numbers, std::byte *third, std::size_t first, std::size_t)
    {
        __m256i number[2], rest[2];
        for (int i = 0; i < 2; ++i) {
            const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), _mm256_set1_ps(inverse)); // in 128ths
            number[i] = isWide ? _mm256_srai_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(scaled), _mm256_set1_epi32(64)), 7)
                               : _mm256_cvtps_epi32(_mm256_mul_ps(scaled, _mm256_set1_ps(1.0f / 128.0f)));
            rest[i] = _mm256_sub_epi32(_mm256_cvtps_epi32(scaled), _mm256_slli_epi32(number[i], 7)); // -64 to 63
        }
        storeNumbers(number[0], number[1], numbers + 2 * first);
        float sum = static_cast<float>(sumOf(_mm256_add_epi32(number[0], number[1])));
        if (isWide) {
            storeNumbers(rest[0], rest[1], third + 2 * first);
            sum += static_cast<float>(sumOf(_mm256_add_epi32(rest[0], rest[1]))) / 128.0f;
        }
        return sum;
    }
};

#include "core/generate/integertiles-inl.h"

} // namespace

#pragma GCC pop_options

const IntegerSet &avx2Set()
{
    static constexpr IntegerSet set{[] { return bool(__builtin_cpu_supports("avx2")) && bool(__builtin_cpu_supports("fma")) && bool(__builtin_cpu_supports("f16c")); },
                                    rowBytesOf, quantiseAll, multiplyAllForms};
    return set;
}

#else

const IntegerSet &avx2Set()
{
    static constexpr IntegerSet set{[] { return false; }, nullptr, nullptr, nullptr};
    return set;
}

#endif

} // namespace fettle::generate
