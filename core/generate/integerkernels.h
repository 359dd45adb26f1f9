// Products of quantised weights in whole numbers, so that reading the weights is what costs: with VNNI four codes and four activations are multiplied
// and added by one instruction, with AVX2 two and two of 16 bits by another.
//
// An activation keeps 16 bits: blocks of 32 columns share a scale, and a value is scale * number. Blocks with an outlier keep 23 bits, a further byte
// each: 16 bits of the outlier would leave their other values too few. Logits of SmolLM2 are off by 6e-5 of their size, by 2e-4 without the further
// byte and by 3e-6 if every block had one, at two thirds of the speed. Whole numbers add up exactly, so a row's result depends neither on the rows
// beside it nor on the order.
#pragma once

#include "core/generate/packedmatrix.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace fettle::generate {

enum class ProductMode;

// The instructions that whole numbers are multiplied with. None: there are none here.
enum class IntegerSet : std::uint8_t { None, Avx2, Avx512 };
// What this processor has, the best first; empty on others.
[[nodiscard]] std::span<const IntegerSet> integerSets();
// The best of them, or what a test has chosen.
[[nodiscard]] IntegerSet integerSet();
void useIntegerSet(IntegerSet set); // for tests that compare; one of integerSets(), or None
[[nodiscard]] inline bool hasIntegerProducts() { return integerSet() != IntegerSet::None; }
// Whether multiplyIntegerPanels takes this matrix.
[[nodiscard]] bool fitsIntegerProducts(const PackedMatrix &matrix);

// Of one row of activations; columns are padded to whole blocks with zeros.
[[nodiscard]] std::size_t quantisedBytes(std::size_t columns);
void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target);

// As multiplyPanels. quantised: rows of quantisedBytes(matrix.columns()), written with the same set.
void multiplyIntegerPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end);

} // namespace fettle::generate
