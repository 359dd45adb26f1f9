// Every product and sum is rounded on its own, as in the reference: no fused multiply-add.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif

#include "core/io/quantise.h"
#include "core/base/words.h"
#include "core/io/quantisek.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace fettle::io {

namespace {

constexpr int kBlock = 32;

void storeHalf(std::byte *target, float value)
{
    const std::uint16_t bits = f16FromFloat(value);
    std::memcpy(target, &bits, 2);
}

// d = largest magnitude / 127, q = x / d rounded half away from zero.
void packQ8_0(const float *values, std::byte *block)
{
    float largest = 0;
    for (int i = 0; i < kBlock; ++i)
        largest = std::max(largest, std::abs(values[i]));
    const float d = largest / 127.0f;
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    storeHalf(block, d);
    for (int i = 0; i < kBlock; ++i)
        block[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(values[i] * inverse)));
}

using Codes = std::array<int, kBlock>; // 0 to 15 or 0 to 31

// The low four bits: those of the first half of the values below those of the second.
void storeNibbles(const Codes &codes, std::byte *target)
{
    for (int i = 0; i < kBlock / 2; ++i)
        target[i] = static_cast<std::byte>((codes[i] & 15) | (codes[i + kBlock / 2] & 15) << 4);
}

void storeFifthBits(const Codes &codes, std::byte *target)
{
    std::uint32_t bits = 0;
    for (int i = 0; i < kBlock; ++i)
        bits |= static_cast<std::uint32_t>(codes[i] >> 4 & 1) << i;
    std::memcpy(target, &bits, 4);
}

// Symmetric: d = the value of largest magnitude, with its sign, / -half; q = x / d + half rounded, so that this value becomes exactly 0.
Codes symmetricCodes(const float *values, int half, std::byte *scale)
{
    float extreme = 0;
    for (int i = 0; i < kBlock; ++i) {
        if (std::abs(values[i]) > std::abs(extreme))
            extreme = values[i];
    }
    const float d = extreme / static_cast<float>(-half);
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    storeHalf(scale, d);
    Codes codes;
    for (int i = 0; i < kBlock; ++i)
        codes[i] = std::min(2 * half - 1, static_cast<int>(values[i] * inverse + (static_cast<float>(half) + 0.5f)));
    return codes;
}

// With an offset: x = d q + m, m the smallest value.
Codes offsetCodes(const float *values, int highest, std::byte *scaleAndOffset)
{
    const auto [low, high] = std::minmax_element(values, values + kBlock);
    const float least = *low;
    const float d = (*high - least) / static_cast<float>(highest);
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    storeHalf(scaleAndOffset, d);
    storeHalf(scaleAndOffset + 2, least);
    Codes codes;
    for (int i = 0; i < kBlock; ++i)
        codes[i] = std::min(highest, static_cast<int>((values[i] - least) * inverse + 0.5f));
    return codes;
}

void packQ4_0(const float *values, std::byte *block)
{
    storeNibbles(symmetricCodes(values, 8, block), block + 2);
}

void packQ4_1(const float *values, std::byte *block)
{
    storeNibbles(offsetCodes(values, 15, block), block + 4);
}

void packQ5_0(const float *values, std::byte *block)
{
    const Codes codes = symmetricCodes(values, 16, block);
    storeFifthBits(codes, block + 2);
    storeNibbles(codes, block + 6);
}

void packQ5_1(const float *values, std::byte *block)
{
    const Codes codes = offsetCodes(values, 31, block);
    storeFifthBits(codes, block + 4);
    storeNibbles(codes, block + 8);
}

using Pack = void (*)(const float *values, std::byte *block);

Pack packerOf(StorageType type)
{
    switch (type) {
    case StorageType::Q8_0: return packQ8_0;
    case StorageType::Q4_0: return packQ4_0;
    case StorageType::Q4_1: return packQ4_1;
    case StorageType::Q5_0: return packQ5_0;
    case StorageType::Q5_1: return packQ5_1;
    case StorageType::Q4_K: return packQ4_K;
    case StorageType::Q5_K: return packQ5_K;
    case StorageType::Q6_K: return packQ6_K;
    default: return nullptr;
    }
}

} // namespace

bool canEncode(StorageType type)
{
    return type == StorageType::F32 || type == StorageType::F16 || type == StorageType::BF16 || packerOf(type) != nullptr;
}

Result<> encodeFloats(StorageType type, std::span<const float> values, std::span<std::byte> target)
{
    const auto count = static_cast<std::int64_t>(values.size());
    if (!canEncode(type))
        return fail(ErrorCode::BadInput, tr("Weights cannot be written as {}.", nameOf(type)),
                    tr("Choose F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K."));
    if (count % blockValues(type) != 0 || count / blockValues(type) * blockBytes(type) != static_cast<std::int64_t>(target.size())) {
        return fail(ErrorCode::BadInput,
                    tr("{} values do not fill whole blocks of {} in {} bytes.", count, nameOf(type), target.size()),
                    tr("Choose F16 or BF16 for this model."));
    }
    switch (type) {
    case StorageType::F32:
        if (!values.empty())
            std::memcpy(target.data(), values.data(), target.size());
        return {};
    case StorageType::F16:
    case StorageType::BF16:
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint16_t bits = type == StorageType::F16 ? f16FromFloat(values[i]) : bf16FromFloat(values[i]);
            std::memcpy(target.data() + 2 * i, &bits, 2);
        }
        return {};
    default: break;
    }
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
        return fail(ErrorCode::BadInput, tr("A weight is infinite or not a number, which {} cannot hold.", nameOf(type)),
                    tr("Go back to an earlier checkpoint: this run has gone wrong."));
    }
    const Pack pack = packerOf(type);
    const std::int64_t width = blockValues(type), bytes = blockBytes(type);
    for (std::int64_t block = 0; block < count / width; ++block)
        pack(values.data() + block * width, target.data() + block * bytes);
    return {};
}

} // namespace fettle::io
