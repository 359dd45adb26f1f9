// 8-bit numbers whose exponent takes as many of the bits as it needs (Dettmers 2016): a table of 256 values in [-1, 1] or [0, 1], dense near
// zero. Scales of NF4 blocks and the moments of an 8-bit optimiser are kept in them. The tables are those of bitsandbytes.
#pragma once

#include <array>
#include <cstdint>

namespace fettle::io {

enum class DynamicRange : std::uint8_t { Signed, Positive };

// Rising.
[[nodiscard]] const std::array<float, 256> &dynamicValues(DynamicRange range);
// The place of the nearest value; half-way the lower one. value within the range.
[[nodiscard]] std::uint8_t nearestDynamicCode(DynamicRange range, float value);

} // namespace fettle::io
