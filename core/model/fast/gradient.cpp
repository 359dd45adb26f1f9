// Threads share the columns: each value is one sum over the rows in their order.
#include "core/model/fast/gradient.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <array>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kStrip = 64; // columns that are summed together

// work(first, count) for every strip of columns.
template <class Work>
void forStrips(std::int64_t width, const Work &work)
{
    at::parallel_for(0, (width + kStrip - 1) / kStrip, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t strip = begin; strip < end; ++strip)
            work(strip * kStrip, std::min(kStrip, width - strip * kStrip));
    });
}

} // namespace

float *gradientOf(const at::Tensor &tensor)
{
    at::Tensor &gradient = tensor.mutable_grad();
    if (!gradient.defined())
        gradient = at::zeros_like(tensor, at::MemoryFormat::Contiguous);
    return gradient.data_ptr<float>();
}

void addNormGradient(const at::Tensor &weight, const float *dOut, const float *x, const float *r, std::int64_t rows)
{
    const std::int64_t width = weight.numel();
    float *gradient = gradientOf(weight);
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        std::array<float, kStrip> sums{};
        for (std::int64_t row = 0; row < rows; ++row) {
            const float *d = dOut + row * width + first, *value = x + row * width + first;
            for (std::int64_t i = 0; i < count; ++i)
                sums[static_cast<std::size_t>(i)] += d[i] * value[i] * r[row];
        }
        for (std::int64_t i = 0; i < count; ++i)
            gradient[first + i] += sums[static_cast<std::size_t>(i)];
    });
}

void addBiasGradient(const at::Tensor &bias, const float *dY, std::int64_t rows)
{
    const std::int64_t width = bias.numel();
    float *gradient = gradientOf(bias);
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        std::array<float, kStrip> sums{};
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t i = 0; i < count; ++i)
                sums[static_cast<std::size_t>(i)] += dY[row * width + first + i];
        }
        for (std::int64_t i = 0; i < count; ++i)
            gradient[first + i] += sums[static_cast<std::size_t>(i)];
    });
}

void addEmbeddingGradient(const at::Tensor &embedding, std::span<const std::int64_t> ids, const float *dX)
{
    const std::int64_t width = embedding.size(1);
    float *gradient = gradientOf(embedding);
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        for (std::size_t row = 0; row < ids.size(); ++row) {
            const float *from = dX + static_cast<std::int64_t>(row) * width + first;
            float *to = gradient + ids[row] * width + first;
            for (std::int64_t i = 0; i < count; ++i)
                to[i] += from[i];
        }
    });
}

} // namespace fettle::model::fast
