#include "core/model/nf4.h"

#include "core/io/dynamiccode.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fettle::model {

namespace {

constexpr std::array<float, 16> kNf4Values = {-1.0f,
                                              -0.6961928009986877f,
                                              -0.5250730514526367f,
                                              -0.39491748809814453f,
                                              -0.28444138169288635f,
                                              -0.18477343022823334f,
                                              -0.09105003625154495f,
                                              0.0f,
                                              0.07958029955625534f,
                                              0.16093020141124725f,
                                              0.24611230194568634f,
                                              0.33791524171829224f,
                                              0.44070982933044434f,
                                              0.5626170039176941f,
                                              0.7229568362236023f,
                                              1.0f};
constexpr float kSmallestScale = 1e-38f; // blocks of zeros are divided by it

// Both values of each byte.
constexpr auto kPairs = [] {
    std::array<std::array<float, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {kNf4Values[byte >> 4], kNf4Values[byte & 15]};
    return pairs;
}();

constexpr auto kMiddles = [] {
    std::array<float, 15> middles{};
    for (std::size_t i = 0; i < middles.size(); ++i)
        middles[i] = (kNf4Values[i] + kNf4Values[i + 1]) / 2.0f;
    return middles;
}();

// The nearest value; half-way the lower one.
std::uint8_t nearestCode(float x)
{
    int code = 0;
    for (const float middle : kMiddles)
        code += middle < x ? 1 : 0;
    return static_cast<std::uint8_t>(code);
}

float largestOf(const float *values, std::int64_t count)
{
    float largest = 0;
    for (std::int64_t i = 0; i < count; ++i)
        largest = std::max(largest, std::abs(values[i]));
    return largest;
}

std::int64_t blocksOf(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

// A last block that is not full is divided by its scale, a full one multiplied with the inverse: the reference rounds them so.
void encodeBlock(const float *values, std::int64_t count, std::uint8_t *codes, float &scale)
{
    scale = largestOf(values, count);
    const bool isFull = count == kNf4Block;
    const float divisor = std::max(scale, kSmallestScale), inverse = 1.0f / divisor;
    if (!isFull)
        scale = divisor;
    const auto codeOf = [&](std::int64_t i) {
        return i < count ? nearestCode(std::clamp(isFull ? values[i] * inverse : values[i] / divisor, -1.0f, 1.0f)) : nearestCode(0.0f);
    };
    for (std::int64_t i = 0; i < count; i += 2)
        codes[i / 2] = static_cast<std::uint8_t>(codeOf(i) << 4 | codeOf(i + 1));
}

void roundScales(Nf4Matrix &matrix)
{
    const auto count = static_cast<std::int64_t>(matrix.scales.size());
    const at::Tensor scales = at::from_blob(matrix.scales.data(), {count}, at::kFloat);
    matrix.scaleOffset = scales.mean().item<float>();
    matrix.scaleCodes.resize(matrix.scales.size());
    matrix.scaleScales.resize(static_cast<std::size_t>(blocksOf(count, kNf4ScaleBlock)));
    for (std::int64_t first = 0; first < count; first += kNf4ScaleBlock) {
        const std::int64_t here = std::min(kNf4ScaleBlock, count - first);
        float *scale = matrix.scales.data() + first;
        for (std::int64_t i = 0; i < here; ++i)
            scale[i] -= matrix.scaleOffset;
        const float largest = largestOf(scale, here), inverse = 1.0f / std::max(largest, kSmallestScale);
        matrix.scaleScales[static_cast<std::size_t>(first / kNf4ScaleBlock)] = largest;
        for (std::int64_t i = 0; i < here; ++i)
            matrix.scaleCodes[static_cast<std::size_t>(first + i)] = io::nearestDynamicCode(io::DynamicRange::Signed, scale[i] * inverse);
    }
    matrix.scales.clear();
    matrix.scales.shrink_to_fit();
}

} // namespace

std::int64_t Nf4Matrix::bytes() const
{
    return static_cast<std::int64_t>(codes.size() + scaleCodes.size() + sizeof(float) * (scales.size() + scaleScales.size()));
}

std::int64_t nf4Bytes(std::int64_t values, ScaleRounding rounding)
{
    const std::int64_t blocks = blocksOf(values, kNf4Block);
    return (values + 1) / 2 + (rounding == ScaleRounding::None ? 4 * blocks : blocks + 4 * blocksOf(blocks, kNf4ScaleBlock));
}

float Nf4Matrix::scaleOf(std::int64_t block) const
{
    const auto index = static_cast<std::size_t>(block);
    if (!scales.empty())
        return scales[index];
    return io::dynamicValues(io::DynamicRange::Signed)[scaleCodes[index]] * scaleScales[index / kNf4ScaleBlock] + scaleOffset;
}

void Nf4Matrix::decode(std::int64_t first, std::int64_t wanted, float *target) const
{
    const std::int64_t end = first + wanted;
    const std::uint8_t *bytes = codes.data();
    for (std::int64_t i = first; i < end;) {
        const std::int64_t block = i / kNf4Block, blockEnd = std::min(end, (block + 1) * kNf4Block);
        const float scale = scaleOf(block);
        if (i % 2 == 1)
            *target++ = kPairs[bytes[i++ / 2]][1] * scale;
        for (; i + 2 <= blockEnd; i += 2, target += 2) {
            const auto &pair = kPairs[bytes[i / 2]];
            target[0] = pair[0] * scale;
            target[1] = pair[1] * scale;
        }
        if (i < blockEnd)
            *target++ = kPairs[bytes[i++ / 2]][0] * scale;
    }
}

Nf4Matrix toNf4(const at::Tensor &matrix, ScaleRounding rounding)
{
    Nf4Matrix result;
    result.count = matrix.numel();
    const std::int64_t blocks = blocksOf(result.count, kNf4Block);
    result.codes.resize(static_cast<std::size_t>((result.count + 1) / 2));
    result.scales.resize(static_cast<std::size_t>(blocks));
    const float *values = matrix.const_data_ptr<float>();
    at::parallel_for(0, blocks, 256, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t block = begin; block < end; ++block) {
            const std::int64_t first = block * kNf4Block;
            encodeBlock(values + first, std::min(kNf4Block, result.count - first), result.codes.data() + first / 2, result.scales[static_cast<std::size_t>(block)]);
        }
    });
    if (rounding == ScaleRounding::EightBits && blocks > 0)
        roundScales(result);
    return result;
}

} // namespace fettle::model
