// What every tensor file has in common: named, shaped, typed ranges of bytes, and how to read them as fp32.
// Knows no file format and no tensor library.
#pragma once

#include "core/base/result.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {

// Q*: ggml's block formats. The types after Q6_K are recognised and measured so that a file can be described; canDecode is false for them.
enum class StorageType : std::uint8_t {
    F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, Bool,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K,
    Q8_1, Q8_K, IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4, NVFP4, Q1_0,
};

[[nodiscard]] std::string_view nameOf(StorageType type); // "F32", "Q4_K"
// Values in one block along a row (1 for plain types) and its bytes.
[[nodiscard]] std::int64_t blockValues(StorageType type);
[[nodiscard]] std::int64_t blockBytes(StorageType type);
[[nodiscard]] bool isQuantised(StorageType type);
[[nodiscard]] bool canDecode(StorageType type);

// shape in torch's order: the last dimension is contiguous (GGUF's dimensions are turned round). A scalar has an empty shape.
// bytes points into the mapped file and lives as long as the object that the entry came from.
struct TensorEntry {
    std::string name;
    StorageType type = StorageType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;

    [[nodiscard]] std::int64_t values() const;    // product of the shape
    [[nodiscard]] std::int64_t rows() const;      // values() / rowValues(), 1 for a scalar
    [[nodiscard]] std::int64_t rowValues() const; // last dimension, 1 for a scalar
};

// Bytes of a tensor of this type and shape. Nothing: negative dimension, overflow, or a row that is not a whole number of blocks.
[[nodiscard]] std::optional<std::int64_t> storedBytes(StorageType type, std::span<const std::int64_t> shape);
// "[576, 1536]"
[[nodiscard]] std::string shapeText(std::span<const std::int64_t> shape);

// All values, row by row, as fp32. target must hold exactly values(). Integers and Bool are converted; F64 is rounded.
// Quantised types give exactly the values of ggml's reference (the products and sums are rounded in the same order).
// Errors: BadInput (a type that canDecode refuses, a size that does not fit). One thread; calls on different rows may run side by side.
[[nodiscard]] Result<> decodeToFloat(const TensorEntry &entry, std::span<float> target);
// Rows [firstRow, firstRow + count). target must hold count * rowValues().
[[nodiscard]] Result<> decodeRowsToFloat(const TensorEntry &entry, std::int64_t firstRow, std::int64_t count, std::span<float> target);

// Half-precision numbers as bits. Rounding to nearest, ties to even; NaN stays NaN.
// Inline and without branches, so that loops over them become vector code.
[[nodiscard]] inline float floatFromF16(std::uint16_t bits)
{
    const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7FFF) << 13;
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
    // Subnormal: the mantissa as part of a number just above 2^-14, less 2^-14.
    const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude + 0x38800000u) - 0x1p-14f);
    const std::uint32_t normal = magnitude + 0x38000000u;
    const std::uint32_t special = magnitude | 0x7F800000u;
    const std::uint32_t value = magnitude < 0x00800000u ? subnormal : magnitude >= 0x0F800000u ? special : normal;
    return std::bit_cast<float>(value | sign);
}
[[nodiscard]] inline float floatFromBf16(std::uint16_t bits)
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
[[nodiscard]] std::uint16_t f16FromFloat(float value);
[[nodiscard]] std::uint16_t bf16FromFloat(float value);

} // namespace fettle::io
