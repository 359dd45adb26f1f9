// Which set of instructions computes the integer products.
#include "core/generate/integerkernels.h"

#include "core/generate/integersets.h"

#include <atomic>

namespace fettle::generate {

namespace {

const IntegerSet *bestSet()
{
    static const IntegerSet *const best = vnniSet().isThere() ? &vnniSet() : avx2Set().isThere() ? &avx2Set() : nullptr;
    return best;
}

std::atomic<IntegerInstructions> wantedSet{IntegerInstructions::Best};

const IntegerSet *setInUse()
{
    switch (wantedSet.load(std::memory_order_relaxed)) {
    case IntegerInstructions::Best: return bestSet();
    case IntegerInstructions::Vnni: return vnniSet().isThere() ? &vnniSet() : nullptr;
    case IntegerInstructions::Avx2: return avx2Set().isThere() ? &avx2Set() : nullptr;
    case IntegerInstructions::None: break;
    }
    return nullptr;
}

} // namespace

bool hasIntegerProducts() { return setInUse() != nullptr; }
void useIntegerProducts(IntegerInstructions which) { wantedSet = which; }

bool fitsIntegerProducts(const PackedMatrix &matrix)
{
    return layoutOf(matrix.form()).block > 0 && matrix.columns() % 32 == 0; // whole blocks of activations
}

std::size_t quantisedBytes(std::size_t columns) { return setInUse()->rowBytes(columns); }

void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    setInUse()->quantiseRows(source, stride, rows, columns, target);
}

void multiplyIntegerPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end)
{
    setInUse()->multiplyPanels(matrix, quantised, rows, y, yStride, mode, begin, end);
}

} // namespace fettle::generate
