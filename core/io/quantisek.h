// Inside core/io: packing of ggml's blocks of 256 values, which search for the scales that lose least. Users call encodeFloats (quantise.h).
#pragma once

#include <cstddef>

namespace fettle::io {

// values: 256 finite numbers; block: blockBytes of the type.
void packQ4_K(const float *values, std::byte *block);
void packQ5_K(const float *values, std::byte *block);
void packQ6_K(const float *values, std::byte *block);

} // namespace fettle::io
