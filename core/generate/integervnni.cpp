// AVX-512 with VNNI: 16 rows of weights in a vector; an activation is 256 * high + low, bytes that lie apart.
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
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c,bmi2")
#pragma GCC optimize("O3")
#pragma GCC diagnostic ignored "-Wuninitialized" // GCC 12's own intrinsics begin with vectors of no value
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace {

struct Ops {
    static constexpr std::size_t kLanes = 16, kNumberBytes = 2, kThirdBytes = 1;
    static constexpr int kOneRow = 4, kTwoRows = 4, kFourRows = 2;
    using Floats = __m512;
    using Codes = __m512i;
    using Third = __m512i;
    struct Sum {
        __m512i high, low;
    };

    static Floats all(float value) { return _mm512_set1_ps(value); }
    static Floats load(const float *from) { return _mm512_loadu_ps(from); }
    static Floats loadHalves(const std::byte *from) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from))); }
    static void store(Floats values, float *to) { _mm512_storeu_ps(to, values); }
    static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
    static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
    static Floats multiplyAdd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }

    // The next four columns of a panel as unsigned bytes. quad counts groups of four columns from the start of the panel's codes.
    template <int bits>
    static Codes codes(const std::byte *codes, std::size_t quad)
    {
        if constexpr (bits == 4) {
            const __m512i word = _mm512_loadu_si512(codes + quad / 2 * kPanelRows * 4);
            return _mm512_and_si512(quad % 2 == 0 ? word : _mm512_srli_epi32(word, 4), _mm512_set1_epi8(15));
        } else {
            return _mm512_xor_si512(_mm512_loadu_si512(codes + quad * kPanelRows * 4), _mm512_set1_epi8(-128));
        }
    }
    static __m512i fourBytes(const std::byte *bytes)
    {
        std::int32_t word;
        std::memcpy(&word, bytes, 4);
        return _mm512_set1_epi32(word);
    }
    static Sum zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
    static void addFour(Sum &sum, Codes codes, const std::byte *numbers, std::size_t quad, std::size_t columns)
    {
        sum.high = _mm512_dpbusd_epi32(sum.high, codes, fourBytes(numbers + 4 * quad));
        sum.low = _mm512_dpbusd_epi32(sum.low, codes, fourBytes(numbers + (columns + 31) / 32 * 32 + 4 * quad));
    }
    static Floats numberOf(const Sum &sum) { return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(sum.high, 8), sum.low)); } // below 2^31
    static Third zeroThird() { return _mm512_setzero_si512(); }
    static void addThird(Third &sum, Codes codes, const std::byte *third, std::size_t quad) { sum = _mm512_dpbusd_epi32(sum, codes, fourBytes(third + 4 * quad)); }
    static Floats thirdOf(Third sum) { return _mm512_cvtepi32_ps(sum); }

    static float largestOf(const float *x) // of 32
    {
        return _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(x)), _mm512_abs_ps(_mm512_loadu_ps(x + 16))));
    }
    static float sumOfSquares(const float *x, std::size_t columns)
    {
        __m512 squares = _mm512_setzero_ps();
        std::size_t i = 0;
        for (; i + 16 <= columns; i += 16)
            squares = _mm512_fmadd_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i), squares);
        float total = _mm512_reduce_add_ps(squares);
        for (; i < columns; ++i)
            total += x[i] * x[i];
        return total;
    }
    // 16 numbers from column `first` on; returns their sum.
    static float quantise(const float *x, float inverse, bool isWide, std::byte *numbers, std::byte *third, std::size_t first, std::size_t columns)
    {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(inverse)); // in 128ths
        const __m512i number = isWide ? _mm512_srai_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(scaled), _mm512_set1_epi32(64)), 7)
                                      : _mm512_cvtps_epi32(_mm512_mul_ps(scaled, _mm512_set1_ps(1.0f / 128.0f)));
        const __m512i upper = _mm512_srai_epi32(_mm512_add_epi32(number, _mm512_set1_epi32(128)), 8);
        const __m512i lower = _mm512_sub_epi32(number, _mm512_slli_epi32(upper, 8)); // -128 to 127
        _mm_storeu_si128(reinterpret_cast<__m128i *>(numbers + first), _mm512_cvtepi32_epi8(upper));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(numbers + (columns + 31) / 32 * 32 + first), _mm512_cvtepi32_epi8(lower));
        float sum = static_cast<float>(_mm512_reduce_add_epi32(number));
        if (isWide) {
            const __m512i rest = _mm512_sub_epi32(_mm512_cvtps_epi32(scaled), _mm512_slli_epi32(number, 7)); // -64 to 63
            _mm_storeu_si128(reinterpret_cast<__m128i *>(third + first), _mm512_cvtepi32_epi8(rest));
            sum += static_cast<float>(_mm512_reduce_add_epi32(rest)) / 128.0f;
        }
        return sum;
    }
};

#include "core/generate/integertiles-inl.h"

} // namespace

#pragma GCC pop_options

const IntegerSet &vnniSet()
{
    static constexpr IntegerSet set{[] {
                                        return bool(__builtin_cpu_supports("avx512vnni")) && bool(__builtin_cpu_supports("avx512bw")) && bool(__builtin_cpu_supports("avx512dq"))
                                            && bool(__builtin_cpu_supports("avx512vl"));
                                    },
                                    rowBytesOf, quantiseAll, multiplyAllForms};
    return set;
}

#else

const IntegerSet &vnniSet()
{
    static constexpr IntegerSet set{[] { return false; }, nullptr, nullptr, nullptr};
    return set;
}

#endif

} // namespace fettle::generate
