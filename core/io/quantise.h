// fp32 to the types that Fettle writes: F32, F16, BF16 and ggml's Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K, block for block as ggml's
// reference quantiser gives them (without an importance matrix).
#pragma once

#include "core/base/result.h"
#include "core/io/tensorfile.h"

#include <cstddef>
#include <span>

namespace fettle::io {

[[nodiscard]] bool canEncode(StorageType type);

// values: whole rows (a multiple of blockValues); target: exactly the bytes they take. NaN and infinities go into plain types as they are;
// for block types, which cannot hold them, they are an error. Errors: BadInput.
[[nodiscard]] Result<> encodeFloats(StorageType type, std::span<const float> values, std::span<std::byte> target);

} // namespace fettle::io
