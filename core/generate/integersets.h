// The kernels behind integerkernels.h, one file for each instruction set.
#pragma once

#include "core/generate/packedmatrix.h"

#include <cstddef>

namespace fettle::generate {

enum class ProductMode;

inline constexpr std::size_t kIntegerBlock = 32; // columns that share a scale of the activations
// A block whose largest number is this many times the root mean square of its row has a further byte: one in eight of SmolLM2.
inline constexpr float kOutlier = 5.0f;

[[nodiscard]] constexpr std::size_t integerBlocks(std::size_t columns) { return (columns + kIntegerBlock - 1) / kIntegerBlock; }

// Bytes of a panel that are fetched before they are needed: at its end those of the panel that comes next in its place, scales and first codes. They
// go to the second cache, which may wait for more lines at once than the first: a third faster where memory is slow to answer.
[[nodiscard]] inline std::size_t fetchedAhead(const PackedMatrix &matrix) { return matrix.scaleBytesPerPanel() + 512 > 1536 ? matrix.scaleBytesPerPanel() + 512 : 1536; }

// Calls run.operator()<form>() for the form of a matrix that fits integer products.
template <class Run>
void withIntegerForm(WeightForm form, Run &&run)
{
    switch (form) {
    case WeightForm::F32:
    case WeightForm::F16:
    case WeightForm::Bf16: return; // see fitsIntegerProducts
    case WeightForm::Q4: return run.template operator()<WeightForm::Q4>();
    case WeightForm::Q4Min: return run.template operator()<WeightForm::Q4Min>();
    case WeightForm::Q8: return run.template operator()<WeightForm::Q8>();
    case WeightForm::Q8Min: return run.template operator()<WeightForm::Q8Min>();
    case WeightForm::Q4MinWide: return run.template operator()<WeightForm::Q4MinWide>();
    case WeightForm::Q8MinWide: return run.template operator()<WeightForm::Q8MinWide>();
    case WeightForm::Q8WideShort: return run.template operator()<WeightForm::Q8WideShort>();
    case WeightForm::Q4MinWideShort: return run.template operator()<WeightForm::Q4MinWideShort>();
    }
}

#if defined(__x86_64__)
namespace avx2 {
[[nodiscard]] bool isSupported();
void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target);
void multiplyPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                    std::size_t end);
} // namespace avx2
namespace avx512 {
[[nodiscard]] bool isSupported();
void quantiseRows(const float *source, std::size_t stride, std::size_t rows, std::size_t columns, std::byte *target);
void multiplyPanels(const PackedMatrix &matrix, const std::byte *quantised, std::size_t rows, float *y, std::size_t yStride, ProductMode mode, std::size_t begin,
                    std::size_t end);
} // namespace avx512
#endif

} // namespace fettle::generate
