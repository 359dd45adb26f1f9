// Inside core/io: unpacking of ggml's block formats. Users call decodeToFloat (tensorfile.h).
#pragma once

#include "core/io/tensorfile.h"

#include <cstddef>
#include <cstdint>

namespace fettle::io {

// blocks blocks of a type that isQuantised and canDecode; target holds blocks * blockValues(type).
void dequantiseBlocks(StorageType type, const std::byte *source, std::int64_t blocks, float *target);

} // namespace fettle::io
