// Products of quantised weights in whole numbers, for processors with VNNI: four codes and four activations are multiplied and added by one
// instruction, so that reading the weights is what costs.
//
// An activation keeps 16 bits: blocks of 32 columns share a scale, and a value is scale * (256 * high + low). Blocks with an outlier keep 23
// bits in three bytes: 16 bits of the outlier would leave their other values too few. Logits of SmolLM2 are off by 6e-5 of their size, by 2e-4
// without the third byte and by 3e-6 if every block had one, at two thirds of the speed. Whole numbers add up exactly, so a row's result
// depends neither on the rows beside it nor on the order.
#pragma once

#include "core/generate/packedmatrix.h"

#include <cstddef>

namespace fettle::generate {

enum class ProductMode;

// False on other processors, and while a test has switched it off.
[[nodiscard]] bool hasIntegerProducts();
void setIntegerProducts(bool isAllowed); // for tests that compare
// Whether multiplyIntegerPanels takes this matrix.
[[nodiscard]] bool fitsIntegerProducts(const PackedMatrix &matrix);

// Of one row of activations; columns are padded to whole blocks with zeros.
[[nodiscard]] std::size_t quantisedBytes(std::size_t columns);
void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target);

// As multiplyPanels. quantised: rows of quantisedBytes(matrix.columns()).
void multiplyIntegerPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end);

} // namespace fettle::generate
