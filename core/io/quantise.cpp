// Every product and sum is rounded on its own, as in the reference: no fused multiply-add.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif

#include "core/io/quantise.h"
#include "core/base/words.h"

#include <algorithm>
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

// d = the value of largest magnitude, with its sign, / -8; q = x / d + 8 rounded, so that this value becomes exactly 0.
void packQ4_0(const float *values, std::byte *block)
{
    float extreme = 0;
    for (int i = 0; i < kBlock; ++i) {
        if (std::abs(values[i]) > std::abs(extreme))
            extreme = values[i];
    }
    const float d = extreme / -8.0f;
    const float inverse = d != 0 ? 1.0f / d : 0.0f;
    storeHalf(block, d);
    const auto quantised = [&](int i) { return std::min(15, static_cast<int>(values[i] * inverse + 8.5f)); };
    for (int i = 0; i < kBlock / 2; ++i)
        block[2 + i] = static_cast<std::byte>(quantised(i) | quantised(i + kBlock / 2) << 4);
}

} // namespace

bool canEncode(StorageType type)
{
    return type == StorageType::F32 || type == StorageType::F16 || type == StorageType::BF16 || type == StorageType::Q8_0
        || type == StorageType::Q4_0;
}

Result<> encodeFloats(StorageType type, std::span<const float> values, std::span<std::byte> target)
{
    const auto count = static_cast<std::int64_t>(values.size());
    if (!canEncode(type))
        return fail(ErrorCode::BadInput, tr("Weights cannot be written as {}.", nameOf(type)),
                    tr("Choose F32, F16, BF16, Q8_0 or Q4_0."));
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
    for (std::int64_t block = 0; block < count / kBlock; ++block) {
        const float *source = values.data() + block * kBlock;
        std::byte *out = target.data() + block * blockBytes(type);
        type == StorageType::Q8_0 ? packQ8_0(source, out) : packQ4_0(source, out);
    }
    return {};
}

} // namespace fettle::io
