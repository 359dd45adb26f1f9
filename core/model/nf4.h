// NF4, the 4-bit numbers of QLoRA (Dettmers et al. 2023), as bitsandbytes computes and lays them out: the values of a matrix as one sequence, row
// after row, in blocks of 64 that share a scale; two codes in a byte, the first one in the upper half. Rounded twice, the scales themselves are
// 8-bit numbers in blocks of 256, less their mean.
#pragma once

#include "core/torch.h"

#include <cstdint>
#include <vector>

namespace fettle::model {

inline constexpr std::int64_t kNf4Block = 64;       // values that share a scale
inline constexpr std::int64_t kNf4ScaleBlock = 256; // scales that share a scale

enum class ScaleRounding : std::uint8_t { None, EightBits };

struct Nf4Matrix {
    std::int64_t count = 0;               // values
    std::vector<std::uint8_t> codes;      // [count / 2, rounded up]
    std::vector<float> scales;            // of each block; empty where they are rounded
    std::vector<std::uint8_t> scaleCodes; // of each block
    std::vector<float> scaleScales;       // of each block of scales
    float scaleOffset = 0;

    [[nodiscard]] std::int64_t bytes() const;
    [[nodiscard]] float scaleOf(std::int64_t block) const;
    // Values [first, first + wanted) as fp32. Calls may run side by side.
    void decode(std::int64_t first, std::int64_t wanted, float *target) const;
};

// matrix: fp32 on the CPU, contiguous.
[[nodiscard]] Nf4Matrix toNf4(const at::Tensor &matrix, ScaleRounding rounding);
[[nodiscard]] std::int64_t nf4Bytes(std::int64_t values, ScaleRounding rounding);

} // namespace fettle::model
