// The integer products of one set of instructions; see integerkernels.h. Each is a translation unit with intrinsics: Highway has no byte products
// of four. Everything else of the decoding step stays portable.
#pragma once

#include "core/generate/matrixkernels.h"

#include <cstddef>

namespace fettle::generate {

struct IntegerSet {
    bool (*isThere)();
    std::size_t (*rowBytes)(std::size_t columns); // of one row of activations
    void (*quantiseRows)(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target);
    void (*multiplyPanels)(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end);
};
[[nodiscard]] const IntegerSet &vnniSet(); // AVX-512 with VNNI
[[nodiscard]] const IntegerSet &avx2Set();

} // namespace fettle::generate
