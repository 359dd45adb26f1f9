// Q4_K and Q5_K: eight groups of 32, each with a scale and an offset of six bits (x = d s q - dmin m). Q6_K: sixteen groups of 16, each with a
// signed scale of eight bits (x = d s q). For every group several scales near the obvious one are tried, and the one of least error is kept; the
// order of sums and the rounding are those of ggml's reference, so that the bytes are the same. Layouts: ggml-common.h.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif

#include "core/io/quantisek.h"

#include "core/io/tensorfile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace fettle::io {

namespace {

constexpr int kSuper = 256;
constexpr float kNothing = 1e-15f; // groups whose values are all smaller are stored as zero

// To the nearest integer, ties to even, for magnitudes below 2^22: the sum leaves the integer in the low bits of the mantissa.
int nearest(float value)
{
    const float shifted = value + 12582912.0f; // 1.5 * 2^23
    return static_cast<int>(std::bit_cast<std::uint32_t>(shifted) & 0x007FFFFFu) - 0x00400000;
}

// The number as it will be read back.
float storeRounded(std::byte *target, float value)
{
    const std::uint16_t bits = f16FromFloat(value);
    std::memcpy(target, &bits, 2);
    return floatFromF16(bits);
}

// --- Q4_K, Q5_K

constexpr int kGroup = 32, kGroups = kSuper / kGroup;

using Codes = std::array<int, kGroup>;

struct Range {
    float scale = 0, offset = 0; // x = scale q - offset, offset >= 0
    Codes codes{};
};

// Values of one group and how much the error of each counts: large values more.
struct Weighted {
    const float *values;
    std::array<float, kGroup> weights;
    float sumWeights, sumValues; // sum of w, of w x
    float least, most;

    explicit Weighted(const float *group) : values(group)
    {
        float squares = 0;
        for (int i = 0; i < kGroup; ++i)
            squares += values[i] * values[i];
        const float typical = std::sqrt(squares / kGroup);
        for (int i = 0; i < kGroup; ++i)
            weights[i] = typical + std::abs(values[i]);
        least = most = values[0];
        sumWeights = weights[0];
        sumValues = sumWeights * values[0];
        for (int i = 1; i < kGroup; ++i) {
            least = std::min(least, values[i]);
            most = std::max(most, values[i]);
            sumWeights += weights[i];
            sumValues += weights[i] * values[i];
        }
        least = std::min(least, 0.0f); // the offset cannot be negative
    }
};

Codes codesFor(const Weighted &group, float inverseScale, float base, int highest)
{
    Codes codes;
    for (int i = 0; i < kGroup; ++i)
        codes[i] = std::clamp(nearest(inverseScale * (group.values[i] - base)), 0, highest);
    return codes;
}

float errorOf(const Weighted &group, const Codes &codes, float scale, float base)
{
    float error = 0;
    for (int i = 0; i < kGroup; ++i) {
        const float difference = scale * static_cast<float>(codes[i]) + base - group.values[i];
        error += group.weights[i] * (difference * difference);
    }
    return error;
}

// Tries inverse scales from (highest + first) / span on, in steps of 0.1 / span; for each the best scale and base by least squares. The base that
// was found is where the next attempts start from.
Range searchRange(const Weighted &group, int highest, float first, int steps)
{
    if (group.most == group.least)
        return {0, -group.least, {}};
    float inverse = static_cast<float>(highest) / (group.most - group.least);
    float scale = 1 / inverse, base = group.least;
    Codes kept = codesFor(group, inverse, base, highest);
    float best = errorOf(group, kept, scale, base);
    for (int step = 0; step <= steps; ++step) {
        inverse = (first + 0.1f * static_cast<float>(step) + static_cast<float>(highest)) / (group.most - base);
        const Codes codes = codesFor(group, inverse, base, highest);
        float sumCodes = 0, sumSquares = 0, sumProducts = 0; // of w q, w q q, w q x
        for (int i = 0; i < kGroup; ++i) {
            const float weighted = group.weights[i] * static_cast<float>(codes[i]);
            sumCodes += weighted;
            sumSquares += weighted * static_cast<float>(codes[i]);
            sumProducts += weighted * group.values[i];
        }
        const float determinant = group.sumWeights * sumSquares - sumCodes * sumCodes;
        if (!(determinant > 0))
            continue;
        float tried = (group.sumWeights * sumProducts - group.sumValues * sumCodes) / determinant;
        float triedBase = (sumSquares * group.sumValues - sumCodes * sumProducts) / determinant;
        if (triedBase > 0) {
            triedBase = 0;
            tried = sumProducts / sumSquares;
        }
        if (const float error = errorOf(group, codes, tried, triedBase); error < best) {
            best = error;
            scale = tried;
            base = triedBase;
            kept = codes;
        }
    }
    return {scale, -base, kept};
}

// Six bits each: the low groups have a byte of scale and one of offset, whose two upper bits hold those of the high groups.
void storeSixBits(const std::array<int, kGroups> &scales, const std::array<int, kGroups> &offsets, std::byte *target)
{
    std::array<unsigned, 12> bytes{};
    for (unsigned j = 0; j < 4; ++j) {
        const auto scale = static_cast<unsigned>(scales[j + 4]), offset = static_cast<unsigned>(offsets[j + 4]);
        bytes[j] = static_cast<unsigned>(scales[j]) | (scale >> 4) << 6;
        bytes[j + 4] = static_cast<unsigned>(offsets[j]) | (offset >> 4) << 6;
        bytes[j + 8] = (scale & 15) | (offset & 15) << 4;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i)
        target[i] = static_cast<std::byte>(bytes[i]);
}

// Writes d, dmin and the scales (16 bytes) and gives the codes of all 256 values.
std::array<int, kSuper> packRanges(const float *values, int highest, float first, int steps, std::byte *block)
{
    std::array<Range, kGroups> ranges;
    std::array<int, kSuper> codes{};
    float mostScale = 0, mostOffset = 0;
    for (int j = 0; j < kGroups; ++j) {
        ranges[j] = searchRange(Weighted(values + j * kGroup), highest, first, steps);
        mostScale = std::max(mostScale, ranges[j].scale);
        mostOffset = std::max(mostOffset, ranges[j].offset);
    }
    const float inverseScale = mostScale > 0 ? 63.0f / mostScale : 0.0f, inverseOffset = mostOffset > 0 ? 63.0f / mostOffset : 0.0f;
    std::array<int, kGroups> scales{}, offsets{};
    for (int j = 0; j < kGroups; ++j) {
        // One byte each, as in the reference: what is negative wraps round before it is limited.
        scales[j] = std::min<int>(63, static_cast<std::uint8_t>(nearest(inverseScale * ranges[j].scale)));
        offsets[j] = std::min<int>(63, static_cast<std::uint8_t>(nearest(inverseOffset * ranges[j].offset)));
    }
    const float d = storeRounded(block, mostScale / 63.0f), dOffset = storeRounded(block + 2, mostOffset / 63.0f);
    storeSixBits(scales, offsets, block + 4);
    for (int j = 0; j < kGroups; ++j) {
        const float scale = d * static_cast<float>(scales[j]), offset = dOffset * static_cast<float>(offsets[j]);
        const float *group = values + j * kGroup;
        for (int i = 0; i < kGroup; ++i)
            codes[j * kGroup + i] = scale == 0 ? ranges[j].codes[i] : std::clamp(nearest((group[i] + offset) / scale), 0, highest);
    }
    return codes;
}

// --- Q6_K

constexpr int kSmall = 16, kSmalls = kSuper / kSmall, kHalf = 32;

struct Fit {
    float scale = 0;
    std::array<int, kSmall> codes{}; // -32 to 31
};

// x = scale q; the scale of least squared error, each weighted by x^2, among 19 near the obvious one.
Fit searchScale(const float *values)
{
    Fit fit;
    float extreme = 0;
    for (int i = 0; i < kSmall; ++i) {
        if (std::abs(values[i]) > std::abs(extreme))
            extreme = values[i];
    }
    if (std::abs(extreme) < kNothing) {
        fit.codes.fill(-kHalf);
        return fit;
    }
    float best = 0;
    const auto attempt = [&](float inverse, bool isFirst) {
        std::array<int, kSmall> codes;
        float sumProducts = 0, sumSquares = 0; // of w x q, w q q
        for (int i = 0; i < kSmall; ++i) {
            codes[i] = std::clamp(nearest(inverse * values[i]), -kHalf, kHalf - 1);
            const float weight = values[i] * values[i], code = static_cast<float>(codes[i]);
            sumProducts += weight * values[i] * code;
            sumSquares += weight * code * code;
        }
        if (!isFirst && !(sumSquares > 0 && sumProducts * sumProducts > best * sumSquares))
            return;
        fit.scale = sumSquares != 0 ? sumProducts / sumSquares : 0.0f;
        fit.codes = codes;
        best = fit.scale * sumProducts;
    };
    attempt(static_cast<float>(-kHalf) / extreme, true);
    for (int step = -9; step <= 9; ++step) {
        if (step != 0)
            attempt(-(static_cast<float>(kHalf) + 0.1f * static_cast<float>(step)) / extreme, false);
    }
    return fit;
}

} // namespace

// d, dmin, scales (16 bytes), then for each 64 values 32 bytes: the first 32 in the low nibbles.
void packQ4_K(const float *values, std::byte *block)
{
    const auto codes = packRanges(values, 15, -1.0f, 20, block);
    for (int i = 0; i < kSuper / 2; ++i) {
        const int at = i / 32 * 64 + i % 32;
        block[16 + i] = static_cast<std::byte>(codes[at] | codes[at + 32] << 4);
    }
}

// As Q4_K with 32 bytes of fifth bits in between: bit j of byte i belongs to value i of group j.
void packQ5_K(const float *values, std::byte *block)
{
    const auto codes = packRanges(values, 31, -0.5f, 15, block);
    for (int i = 0; i < kGroup; ++i) {
        int bits = 0;
        for (int j = 0; j < kGroups; ++j)
            bits |= (codes[j * kGroup + i] >> 4) << j;
        block[16 + i] = static_cast<std::byte>(bits);
    }
    for (int i = 0; i < kSuper / 2; ++i) {
        const int at = i / 32 * 64 + i % 32;
        block[48 + i] = static_cast<std::byte>((codes[at] & 15) | (codes[at + 32] & 15) << 4);
    }
}

// 128 bytes of low nibbles, 64 of upper bit pairs, 16 scales, d.
void packQ6_K(const float *values, std::byte *block)
{
    std::array<Fit, kSmalls> fits;
    float most = 0; // the scale of largest magnitude, with its sign
    for (int j = 0; j < kSmalls; ++j) {
        fits[j] = searchScale(values + j * kSmall);
        if (std::abs(fits[j].scale) > std::abs(most))
            most = fits[j].scale;
    }
    if (std::abs(most) < kNothing) {
        std::memset(block, 0, 210);
        return;
    }
    const float inverse = -128.0f / most;
    const float d = storeRounded(block + 208, 1 / inverse);
    std::array<unsigned, kSuper> codes; // 0 to 63
    for (int j = 0; j < kSmalls; ++j) {
        const auto stored = static_cast<std::int8_t>(std::min(127, nearest(inverse * fits[j].scale)));
        block[192 + j] = static_cast<std::byte>(stored);
        const float scale = d * static_cast<float>(stored);
        for (int i = 0; i < kSmall; ++i) {
            const int code = scale == 0 ? fits[j].codes[i] : std::clamp(nearest(values[j * kSmall + i] / scale), -kHalf, kHalf - 1);
            codes[j * kSmall + i] = static_cast<unsigned>(code + kHalf);
        }
    }
    for (int half = 0; half < 2; ++half) {
        const unsigned *q = codes.data() + half * 128;
        for (int i = 0; i < 32; ++i) {
            block[half * 64 + i] = static_cast<std::byte>((q[i] & 15) | (q[i + 64] & 15) << 4);
            block[half * 64 + 32 + i] = static_cast<std::byte>((q[i + 32] & 15) | (q[i + 96] & 15) << 4);
            block[128 + half * 32 + i] = static_cast<std::byte>(q[i] >> 4 | (q[i + 32] >> 4) << 2 | (q[i + 64] >> 4) << 4 | (q[i + 96] >> 4) << 6);
        }
    }
}

} // namespace fettle::io
