// Products of packed weights with a few or many rows of activations. Runs on whatever vector unit the processor has.
#pragma once

#include "core/generate/packedmatrix.h"

#include <cstddef>

namespace fettle::generate {

// Activations in the order in which the products read them: groups of rowsPerGroup() rows (the last may be smaller); in a group the values of
// one column stand side by side. rows * columns values in all.
[[nodiscard]] std::size_t rowsPerGroup();
void packRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, float *packed);

enum class ProductMode { Replace, Add };

// Panels that should be computed by one task so that the innermost loop is full.
[[nodiscard]] std::size_t panelsPerStep();
// Values of scratch memory (aligned to 64 bytes) that multiplyPanels wants for this number of rows.
[[nodiscard]] std::size_t productScratch(std::size_t rows);
// y[r * yStride + row] = (+=) sum over k of matrix[row, k] * x[r, k] for the rows of the panels [begin, end). packed: see packRows. Whole
// panels are written: y needs room for rows rounded up to 16; the padding becomes 0 (or stays as it is).
void multiplyPanels(const PackedMatrix &matrix, const float *packed, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                    std::size_t begin, std::size_t end, float *scratch);

} // namespace fettle::generate
