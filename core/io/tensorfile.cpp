// One table of all types; sizes and plain conversions. Block formats: dequantise.cpp.
#include "core/io/tensorfile.h"

#include "core/base/words.h"
#include "core/io/dequantise.h"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace fettle::io {

namespace {

struct Traits {
    StorageType type;
    std::string_view name;
    std::int64_t values, bytes; // of one block
    bool isQuantised, canDecode;
};

// In the order of the enum (checked below). Block sizes: ggml-common.h.
constexpr Traits kTraits[] = {
    {StorageType::F64, "F64", 1, 8, false, true},
    {StorageType::F32, "F32", 1, 4, false, true},
    {StorageType::F16, "F16", 1, 2, false, true},
    {StorageType::BF16, "BF16", 1, 2, false, true},
    {StorageType::F8_E4M3, "F8_E4M3", 1, 1, false, true},
    {StorageType::F8_E5M2, "F8_E5M2", 1, 1, false, true},
    {StorageType::I64, "I64", 1, 8, false, true},
    {StorageType::I32, "I32", 1, 4, false, true},
    {StorageType::I16, "I16", 1, 2, false, true},
    {StorageType::I8, "I8", 1, 1, false, true},
    {StorageType::U64, "U64", 1, 8, false, true},
    {StorageType::U32, "U32", 1, 4, false, true},
    {StorageType::U16, "U16", 1, 2, false, true},
    {StorageType::U8, "U8", 1, 1, false, true},
    {StorageType::Bool, "BOOL", 1, 1, false, true},
    {StorageType::Q4_0, "Q4_0", 32, 18, true, true},
    {StorageType::Q4_1, "Q4_1", 32, 20, true, true},
    {StorageType::Q5_0, "Q5_0", 32, 22, true, true},
    {StorageType::Q5_1, "Q5_1", 32, 24, true, true},
    {StorageType::Q8_0, "Q8_0", 32, 34, true, true},
    {StorageType::Q2_K, "Q2_K", 256, 84, true, true},
    {StorageType::Q3_K, "Q3_K", 256, 110, true, true},
    {StorageType::Q4_K, "Q4_K", 256, 144, true, true},
    {StorageType::Q5_K, "Q5_K", 256, 176, true, true},
    {StorageType::Q6_K, "Q6_K", 256, 210, true, true},
    {StorageType::Q8_1, "Q8_1", 32, 40, true, false},
    {StorageType::Q8_K, "Q8_K", 256, 292, true, false},
    {StorageType::IQ1_S, "IQ1_S", 256, 50, true, false},
    {StorageType::IQ1_M, "IQ1_M", 256, 56, true, false},
    {StorageType::IQ2_XXS, "IQ2_XXS", 256, 66, true, false},
    {StorageType::IQ2_XS, "IQ2_XS", 256, 74, true, false},
    {StorageType::IQ2_S, "IQ2_S", 256, 82, true, false},
    {StorageType::IQ3_XXS, "IQ3_XXS", 256, 98, true, false},
    {StorageType::IQ3_S, "IQ3_S", 256, 110, true, false},
    {StorageType::IQ4_NL, "IQ4_NL", 32, 18, true, false},
    {StorageType::IQ4_XS, "IQ4_XS", 256, 136, true, false},
    {StorageType::TQ1_0, "TQ1_0", 256, 54, true, false},
    {StorageType::TQ2_0, "TQ2_0", 256, 66, true, false},
    {StorageType::MXFP4, "MXFP4", 32, 17, true, false},
    {StorageType::NVFP4, "NVFP4", 64, 36, true, false},
    {StorageType::Q1_0, "Q1_0", 128, 18, true, false},
};

constexpr bool isInOrder()
{
    for (std::size_t i = 0; i < std::size(kTraits); ++i) {
        if (static_cast<std::size_t>(kTraits[i].type) != i)
            return false;
    }
    return true;
}
static_assert(isInOrder() && std::size(kTraits) == static_cast<std::size_t>(StorageType::Q1_0) + 1);
static_assert(std::endian::native == std::endian::little, "all formats read here are little-endian");

const Traits &traits(StorageType type)
{
    return kTraits[static_cast<std::size_t>(type)];
}

float floatFromF8E4M3(std::uint8_t bits)
{
    const std::uint32_t exponent = bits >> 3 & 15, mantissa = bits & 7;
    float value = 0;
    if (exponent == 15 && mantissa == 7)
        value = std::numeric_limits<float>::quiet_NaN();
    else if (exponent == 0)
        value = static_cast<float>(mantissa) * 0x1p-9f;
    else
        value = std::bit_cast<float>((exponent + 120) << 23 | mantissa << 20);
    return (bits & 0x80) != 0 ? -value : value;
}

// Unaligned values of type Stored, each turned into fp32 by convert.
template <class Stored, class Convert> void convertAll(const std::byte *source, std::int64_t count, float *target, Convert convert)
{
    for (std::int64_t i = 0; i < count; ++i) {
        Stored value;
        std::memcpy(&value, source + i * static_cast<std::int64_t>(sizeof(Stored)), sizeof(Stored));
        target[i] = convert(value);
    }
}

template <class Stored> void castAll(const std::byte *source, std::int64_t count, float *target)
{
    convertAll<Stored>(source, count, target, [](Stored value) { return static_cast<float>(value); });
}

void decodePlain(StorageType type, const std::byte *source, std::int64_t count, float *target)
{
    switch (type) {
    case StorageType::F64: return castAll<double>(source, count, target);
    case StorageType::F32: std::memcpy(target, source, static_cast<std::size_t>(count) * 4); return;
    case StorageType::F16: return convertAll<std::uint16_t>(source, count, target, floatFromF16);
    case StorageType::BF16: return convertAll<std::uint16_t>(source, count, target, floatFromBf16);
    case StorageType::F8_E4M3: return convertAll<std::uint8_t>(source, count, target, floatFromF8E4M3);
    case StorageType::F8_E5M2: // the upper half of an F16
        return convertAll<std::uint8_t>(source, count, target,
                                        [](std::uint8_t bits) { return floatFromF16(static_cast<std::uint16_t>(bits << 8)); });
    case StorageType::I64: return castAll<std::int64_t>(source, count, target);
    case StorageType::I32: return castAll<std::int32_t>(source, count, target);
    case StorageType::I16: return castAll<std::int16_t>(source, count, target);
    case StorageType::I8: return castAll<std::int8_t>(source, count, target);
    case StorageType::U64: return castAll<std::uint64_t>(source, count, target);
    case StorageType::U32: return castAll<std::uint32_t>(source, count, target);
    case StorageType::U16: return castAll<std::uint16_t>(source, count, target);
    case StorageType::U8: return castAll<std::uint8_t>(source, count, target);
    case StorageType::Bool:
        return convertAll<std::uint8_t>(source, count, target, [](std::uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
    default: return;
    }
}

} // namespace

std::string_view nameOf(StorageType type)
{
    return traits(type).name;
}

std::int64_t blockValues(StorageType type)
{
    return traits(type).values;
}

std::int64_t blockBytes(StorageType type)
{
    return traits(type).bytes;
}

bool isQuantised(StorageType type)
{
    return traits(type).isQuantised;
}

bool canDecode(StorageType type)
{
    return traits(type).canDecode;
}

std::int64_t TensorEntry::values() const
{
    std::int64_t product = 1;
    for (const std::int64_t dimension : shape)
        product *= dimension;
    return product;
}

std::int64_t TensorEntry::rowValues() const
{
    return shape.empty() ? 1 : shape.back();
}

std::int64_t TensorEntry::rows() const
{
    std::int64_t product = 1;
    for (std::size_t i = 0; i + 1 < shape.size(); ++i)
        product *= shape[i];
    return product;
}

std::optional<std::int64_t> storedBytes(StorageType type, std::span<const std::int64_t> shape)
{
    // Zero dimensions must not hide an overflow of the others: readers multiply in any order.
    std::int64_t values = 1;
    bool isEmpty = false;
    for (const std::int64_t dimension : shape) {
        if (dimension < 0)
            return std::nullopt;
        if (dimension == 0)
            isEmpty = true;
        else if (__builtin_mul_overflow(values, dimension, &values))
            return std::nullopt;
    }
    const std::int64_t row = shape.empty() ? 1 : shape.back();
    if (row % blockValues(type) != 0)
        return std::nullopt;
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow((values + blockValues(type) - 1) / blockValues(type), blockBytes(type), &bytes))
        return std::nullopt;
    return isEmpty ? 0 : bytes;
}

std::string shapeText(std::span<const std::int64_t> shape)
{
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<> decodeToFloat(const TensorEntry &entry, std::span<float> target)
{
    return decodeRowsToFloat(entry, 0, entry.rows(), target);
}

Result<> decodeRowsToFloat(const TensorEntry &entry, std::int64_t firstRow, std::int64_t count, std::span<float> target)
{
    if (!canDecode(entry.type)) {
        return fail(ErrorCode::BadInput,
                    tr("Tensor \"{}\" is stored as {}, which cannot be unpacked.", entry.name, nameOf(entry.type)),
                    tr("Use a file of the same model stored as F16, BF16, Q8_0, Q4_0 or one of Q2_K to Q6_K."));
    }
    const std::int64_t width = entry.rowValues();
    const auto stored = storedBytes(entry.type, entry.shape);
    if (!stored || *stored != static_cast<std::int64_t>(entry.bytes.size()) || firstRow < 0 || count < 0 || count > entry.rows() - firstRow
        || count * width != static_cast<std::int64_t>(target.size())) {
        return fail(ErrorCode::Internal,
                    tr("Tensor \"{}\": rows {} to {} of {} do not fit a buffer of {} values.", entry.name, firstRow,
                                firstRow + count, entry.rows(), target.size()));
    }
    const std::int64_t rowBlocks = width / blockValues(entry.type);
    const std::byte *source = entry.bytes.data() + firstRow * rowBlocks * blockBytes(entry.type);
    if (target.empty())
        return {};
    if (isQuantised(entry.type))
        dequantiseBlocks(entry.type, source, count * rowBlocks, target.data());
    else
        decodePlain(entry.type, source, count * width, target.data());
    return {};
}

} // namespace fettle::io
