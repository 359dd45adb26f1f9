// ggml's block formats to fp32, exactly as the reference computes them: every product and every sum is rounded on its own, so contraction
// to fused multiply-add is switched off. The loops have constant lengths so that the compiler turns each into a few vector instructions;
// the same source is compiled once for any processor and once for AVX2. Layouts: ggml, docs/gguf.md and ggml-common.h.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif

#include "core/io/dequantise.h"

#include <cstring>

namespace fettle::io {

namespace {

#if defined(__GNUC__)
#define FETTLE_INLINE inline __attribute__((always_inline))
#else
#define FETTLE_INLINE inline
#endif

using Bytes = const std::uint8_t *;

FETTLE_INLINE float halfAt(Bytes bytes)
{
    std::uint16_t bits;
    std::memcpy(&bits, bytes, 2);
    return floatFromF16(bits);
}

// f16 d, 16 bytes of nibbles: d * (q - 8). The low nibbles are the first half.
FETTLE_INLINE void unpackQ4_0(Bytes block, float *__restrict out)
{
    const float d = halfAt(block);
    Bytes q = block + 2;
    for (int i = 0; i < 16; ++i)
        out[i] = d * static_cast<float>(static_cast<int>(q[i] & 15) - 8);
    for (int i = 0; i < 16; ++i)
        out[i + 16] = d * static_cast<float>(static_cast<int>(q[i] >> 4) - 8);
}

// f16 d, f16 m, nibbles: d * q + m.
FETTLE_INLINE void unpackQ4_1(Bytes block, float *__restrict out)
{
    const float d = halfAt(block), m = halfAt(block + 2);
    Bytes q = block + 4;
    for (int i = 0; i < 16; ++i)
        out[i] = d * static_cast<float>(static_cast<int>(q[i] & 15)) + m;
    for (int i = 0; i < 16; ++i)
        out[i + 16] = d * static_cast<float>(static_cast<int>(q[i] >> 4)) + m;
}

// The fifth bits of 32 values, one bit each, as 0 or 16.
FETTLE_INLINE void fifthBits(Bytes bytes, int *__restrict high)
{
    std::uint32_t bits;
    std::memcpy(&bits, bytes, 4);
    for (int i = 0; i < 32; ++i)
        high[i] = static_cast<int>((bits >> i & 1) << 4);
}

FETTLE_INLINE void unpackQ5_0(Bytes block, float *__restrict out)
{
    const float d = halfAt(block);
    int high[32];
    fifthBits(block + 2, high);
    Bytes q = block + 6;
    for (int i = 0; i < 16; ++i)
        out[i] = d * static_cast<float>((static_cast<int>(q[i] & 15) | high[i]) - 16);
    for (int i = 0; i < 16; ++i)
        out[i + 16] = d * static_cast<float>((static_cast<int>(q[i] >> 4) | high[i + 16]) - 16);
}

FETTLE_INLINE void unpackQ5_1(Bytes block, float *__restrict out)
{
    const float d = halfAt(block), m = halfAt(block + 2);
    int high[32];
    fifthBits(block + 4, high);
    Bytes q = block + 8;
    for (int i = 0; i < 16; ++i)
        out[i] = d * static_cast<float>(static_cast<int>(q[i] & 15) | high[i]) + m;
    for (int i = 0; i < 16; ++i)
        out[i + 16] = d * static_cast<float>(static_cast<int>(q[i] >> 4) | high[i + 16]) + m;
}

FETTLE_INLINE void unpackQ8_0(Bytes block, float *__restrict out)
{
    const float d = halfAt(block);
    Bytes q = block + 2;
    for (int i = 0; i < 32; ++i)
        out[i] = static_cast<float>(static_cast<std::int8_t>(q[i])) * d;
}

// 16 bytes of (scale, minimum) nibbles, 64 bytes of 2-bit values, f16 d, f16 dmin. Sixteen values share a scale.
FETTLE_INLINE void unpackQ2_K(Bytes block, float *__restrict out)
{
    Bytes scales = block, q = block + 16;
    const float d = halfAt(block + 80), dmin = halfAt(block + 82);
    for (int group = 0; group < 16; ++group) {
        const float scale = d * static_cast<float>(scales[group] & 15);
        const float minimum = dmin * static_cast<float>(scales[group] >> 4);
        const int shift = group % 8 / 2 * 2;
        Bytes values = q + group / 8 * 32 + group % 2 * 16;
        for (int i = 0; i < 16; ++i)
            out[group * 16 + i] = scale * static_cast<float>(values[i] >> shift & 3) - minimum;
    }
}

// 32 bytes of third bits, 64 bytes of 2-bit values, sixteen 6-bit scales in 12 bytes, f16 d. A third bit that is off means minus four.
FETTLE_INLINE void unpackQ3_K(Bytes block, float *__restrict out)
{
    Bytes mask = block, q = block + 32, packed = block + 96;
    const float d = halfAt(block + 108);
    for (int group = 0; group < 16; ++group) {
        const int low = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4;
        const int high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
        const float scale = d * static_cast<float>((low | high << 4) - 32);
        const int shift = group % 8 / 2 * 2, bit = group / 2;
        Bytes values = q + group / 8 * 32 + group % 2 * 16;
        Bytes third = mask + group % 2 * 16;
        for (int i = 0; i < 16; ++i)
            out[group * 16 + i] = scale * static_cast<float>((values[i] >> shift & 3) - 4 + ((third[i] >> bit & 1) << 2));
    }
}

// Eight 6-bit scales and eight 6-bit minima in 12 bytes, as Q4_K and Q5_K keep them.
struct ScaleAndMinimum {
    int scale, minimum;
};
FETTLE_INLINE ScaleAndMinimum scaleAndMinimum(Bytes packed, int index)
{
    if (index < 4)
        return {packed[index] & 63, packed[index + 4] & 63};
    return {(packed[index + 4] & 15) | (packed[index - 4] >> 6) << 4, packed[index + 4] >> 4 | (packed[index] >> 6) << 4};
}

// f16 d, f16 dmin, scales, 128 bytes of nibbles: 32 low nibbles, then the 32 high nibbles of the same bytes.
FETTLE_INLINE void unpackQ4_K(Bytes block, float *__restrict out)
{
    const float d = halfAt(block), dmin = halfAt(block + 2);
    for (int group = 0; group < 8; ++group) {
        const ScaleAndMinimum pair = scaleAndMinimum(block + 4, group);
        const float scale = d * static_cast<float>(pair.scale), minimum = dmin * static_cast<float>(pair.minimum);
        Bytes q = block + 16 + group / 2 * 32;
        const int shift = group % 2 * 4;
        for (int i = 0; i < 32; ++i)
            out[group * 32 + i] = scale * static_cast<float>(q[i] >> shift & 15) - minimum;
    }
}

// As Q4_K with 32 bytes of fifth bits, bit g for group g, before the nibbles.
FETTLE_INLINE void unpackQ5_K(Bytes block, float *__restrict out)
{
    const float d = halfAt(block), dmin = halfAt(block + 2);
    Bytes fifth = block + 16;
    for (int group = 0; group < 8; ++group) {
        const ScaleAndMinimum pair = scaleAndMinimum(block + 4, group);
        const float scale = d * static_cast<float>(pair.scale), minimum = dmin * static_cast<float>(pair.minimum);
        Bytes q = block + 48 + group / 2 * 32;
        const int shift = group % 2 * 4;
        for (int i = 0; i < 32; ++i)
            out[group * 32 + i] = scale * static_cast<float>((q[i] >> shift & 15) | (fifth[i] >> group & 1) << 4) - minimum;
    }
}

// 128 bytes of low nibbles, 64 bytes of upper bit pairs, sixteen signed scales, f16 d: d * scale * (q - 32).
FETTLE_INLINE void unpackQ6_K(Bytes block, float *__restrict out)
{
    Bytes low = block, high = block + 128, scales = block + 192;
    const float d = halfAt(block + 208);
    for (int group = 0; group < 16; ++group) {
        const float scale = d * static_cast<float>(static_cast<std::int8_t>(scales[group]));
        const int half = group / 8, quarter = group % 8 / 2, side = group % 2 * 16;
        Bytes lowAt = low + half * 64 + quarter % 2 * 32 + side;
        Bytes highAt = high + half * 32 + side;
        const int lowShift = quarter / 2 * 4, highShift = quarter * 2;
        for (int i = 0; i < 16; ++i)
            out[group * 16 + i] = scale * static_cast<float>(((lowAt[i] >> lowShift & 15) | (highAt[i] >> highShift & 3) << 4) - 32);
    }
}

template <class Unpack>
FETTLE_INLINE void forBlocks(Bytes source, std::int64_t blocks, std::int64_t bytes, std::int64_t values, float *target, Unpack unpack)
{
    for (std::int64_t i = 0; i < blocks; ++i)
        unpack(source + i * bytes, target + i * values);
}

#define FETTLE_CASE(TYPE, BYTES, VALUES)                                                                                                   \
    case StorageType::TYPE:                                                                                                                \
        return forBlocks(                                                                                                                  \
            source, blocks, BYTES, VALUES, target,                                                                                         \
            [](Bytes block, float *out) __attribute__((always_inline)) { unpack##TYPE(block, out); })

FETTLE_INLINE void unpackAll(StorageType type, Bytes source, std::int64_t blocks, float *target)
{
    switch (type) {
        FETTLE_CASE(Q4_0, 18, 32);
        FETTLE_CASE(Q4_1, 20, 32);
        FETTLE_CASE(Q5_0, 22, 32);
        FETTLE_CASE(Q5_1, 24, 32);
        FETTLE_CASE(Q8_0, 34, 32);
        FETTLE_CASE(Q2_K, 84, 256);
        FETTLE_CASE(Q3_K, 110, 256);
        FETTLE_CASE(Q4_K, 144, 256);
        FETTLE_CASE(Q5_K, 176, 256);
        FETTLE_CASE(Q6_K, 210, 256);
    default: return;
    }
}

#undef FETTLE_CASE

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2"))) void unpackAvx2(StorageType type, Bytes source, std::int64_t blocks, float *target)
{
    unpackAll(type, source, blocks, target);
}
#endif

void unpackPlain(StorageType type, Bytes source, std::int64_t blocks, float *target)
{
    unpackAll(type, source, blocks, target);
}

} // namespace

void dequantiseBlocks(StorageType type, const std::byte *source, std::int64_t blocks, float *target)
{
    const auto *bytes = reinterpret_cast<Bytes>(source);
#if defined(__x86_64__) && defined(__GNUC__)
    static const bool hasAvx2 = __builtin_cpu_supports("avx2");
    if (hasAvx2)
        return unpackAvx2(type, bytes, blocks, target);
#endif
    unpackPlain(type, bytes, blocks, target);
}

} // namespace fettle::io
