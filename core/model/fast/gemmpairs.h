// The same inner pieces as gemmtiles.h for factors that are rounded to bf16 (8 bits of mantissa) on their way into the panels. The processor
// multiplies them in pairs and adds in fp32, twice as fast as fp32 factors. A word of a panel holds two values of k that follow each other:
// panel[q * width + i] = op(A)[first + i][p + 2 q] below, [p + 2 q + 1] above.
#pragma once

#include "core/model/fast/gemmtiles.h"

namespace fettle::model::fast {

// Whether this processor has such products (x86: AVX512-BF16). Without it the functions below must not be called.
[[nodiscard]] bool hasPairTiles();
[[nodiscard]] const Tiles &pairTiles();

} // namespace fettle::model::fast
