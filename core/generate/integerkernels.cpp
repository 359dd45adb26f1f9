#include "core/generate/integerkernels.h"

#include "core/generate/integersets.h"

#include <atomic>
#include <vector>

namespace fettle::generate {

namespace {

std::vector<IntegerSet> setsOfThisProcessor()
{
    std::vector<IntegerSet> sets;
#if defined(__x86_64__)
    if (avx512::isSupported())
        sets.push_back(IntegerSet::Avx512);
    if (avx2::isSupported())
        sets.push_back(IntegerSet::Avx2);
#endif
    return sets;
}

std::atomic<IntegerSet> &chosenSet()
{
    static std::atomic<IntegerSet> chosen{integerSets().empty() ? IntegerSet::None : integerSets().front()};
    return chosen;
}

} // namespace

std::span<const IntegerSet> integerSets()
{
    static const std::vector<IntegerSet> sets = setsOfThisProcessor();
    return sets;
}

IntegerSet integerSet() { return chosenSet().load(std::memory_order_relaxed); }

void useIntegerSet(IntegerSet set) { chosenSet() = set; }

bool fitsIntegerProducts(const PackedMatrix &matrix)
{
    return layoutOf(matrix.form()).block > 0 && matrix.columns() % kIntegerBlock == 0;
}

// Of the larger layout, which is that of AVX2: three bytes for each column, then a scale, three sums and a mark for each block.
std::size_t quantisedBytes(std::size_t columns)
{
    return (integerBlocks(columns) * (3 * kIntegerBlock + 4 * sizeof(float) + 1) + 63) / 64 * 64;
}

#if defined(__x86_64__)

void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target)
{
    return integerSet() == IntegerSet::Avx512 ? avx512::quantiseRows(source, stride, rows, columns, target)
                                              : avx2::quantiseRows(source, stride, rows, columns, target);
}

void multiplyIntegerPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode,
                           std::size_t begin, std::size_t end)
{
    return integerSet() == IntegerSet::Avx512 ? avx512::multiplyPanels(matrix, quantised, rows, y, yStride, mode, begin, end)
                                              : avx2::multiplyPanels(matrix, quantised, rows, y, yStride, mode, begin, end);
}

#else

void quantiseRows(const float *, std::size_t, std::size_t, std::size_t, std::byte *) {}
void multiplyIntegerPanels(const PackedMatrix &, const std::byte *, std::size_t, float *, std::size_t, ProductMode, std::size_t, std::size_t) {}

#endif

} // namespace fettle::generate
