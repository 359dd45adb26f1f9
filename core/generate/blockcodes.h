// ggml's quantised blocks taken apart into codes, scales and minima without computing with them, so that they can be laid out anew
// (block layouts: engine-facts 6.1 and ggml's ggml-common.h).
#pragma once

#include "core/io/tensorfile.h"

#include <cstddef>
#include <cstdint>

namespace fettle::generate {

// One stored block of up to 256 values. value[i] = scale[i / group] * codes[i] + minimum[i / group].
struct BlockCodes {
    std::int8_t codes[256];
    float scales[16];
    float minima[16]; // 0 for types without
};

// Values that share a scale: 32, or 16 for Q2_K, Q3_K and Q6_K.
[[nodiscard]] std::size_t scaleGroup(io::StorageType type);
// block: blockBytes(type) bytes. type is one of Q4_0 to Q6_K. Codes of Q4_0 stay unsigned (0 to 15, the kernel takes 8 off).
void takeApart(io::StorageType type, const std::byte *block, BlockCodes &out);

} // namespace fettle::generate
