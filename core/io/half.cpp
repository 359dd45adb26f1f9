// Half-precision and bfloat16 numbers as bits; written without branches and tables so that loops over them become vector code.
#include "core/io/tensorfile.h"

#include <bit>

namespace fettle::io {

std::uint16_t f16FromFloat(float value)
{
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits >> 16 & 0x8000;
    const std::uint32_t magnitude = bits & 0x7FFFFFFF;
    std::uint32_t half = 0;
    if (magnitude >= 0x7F800000) { // infinity, or NaN with its payload and never an empty one
        half = 0x7C00 | (magnitude > 0x7F800000 ? 0x0200 | (magnitude >> 13 & 0x03FF) : 0);
    } else if (magnitude >= 0x477FF000) { // rounds to 65536 or more
        half = 0x7C00;
    } else if (magnitude >= 0x38800000) { // normal: round to nearest, ties to even, carry into the exponent
        half = (magnitude - 0x38000000 + 0x0FFF + (magnitude >> 13 & 1)) >> 13;
    } else { // below the smallest normal: adding 0.5 leaves the rounded multiple of 2^-24 in the lowest bits
        half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000;
    }
    return static_cast<std::uint16_t>(sign | half);
}

std::uint16_t bf16FromFloat(float value)
{
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return static_cast<std::uint16_t>(bits >> 16 | 0x0040);
    return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

} // namespace fettle::io
