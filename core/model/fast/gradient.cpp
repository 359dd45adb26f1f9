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

void addNormGradient(const at::Tensor &weight, const NormRows &rows)
{
    const std::int64_t width = weight.numel();
    float *gradient = gradientOf(weight);
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        std::array<float, kStrip> sums{};
        for (std::int64_t row = 0; row < rows.rows; ++row) {
            for (std::int64_t group = 0; group < rows.groups; ++group) {
                const std::int64_t column = group * width + first;
                const float *d = rows.dOut + row * rows.dOutStride + column, *value = rows.x + row * rows.xStride + column;
                const float r = rows.r[row * rows.rStride + group];
                for (std::int64_t i = 0; i < count; ++i)
                    sums[static_cast<std::size_t>(i)] += d[i] * value[i] * r;
            }
        }
        for (std::int64_t i = 0; i < count; ++i)
            gradient[first + i] += sums[static_cast<std::size_t>(i)];
    });
}

void addBiasGradient(const at::Tensor &bias, const float *dY, std::int64_t rows, float scale)
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
            gradient[first + i] += scale * sums[static_cast<std::size_t>(i)];
    });
}

void addProductSums(float *gradient, const float *d, std::int64_t strideD, const float *x, std::int64_t strideX, std::int64_t rows, std::int64_t width)
{
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        std::array<float, kStrip> sums{};
        for (std::int64_t row = 0; row < rows; ++row) {
            const float *own = d + row * strideD + first, *value = x + row * strideX + first;
            for (std::int64_t i = 0; i < count; ++i)
                sums[static_cast<std::size_t>(i)] += own[i] * value[i];
        }
        for (std::int64_t i = 0; i < count; ++i)
            gradient[first + i] += sums[static_cast<std::size_t>(i)];
    });
}

void addEmbeddingGradient(const at::Tensor &embedding, std::span<const std::int64_t> ids, const float *dX, float scale)
{
    const std::int64_t width = embedding.size(1);
    float *gradient = gradientOf(embedding);
    forStrips(width, [&](std::int64_t first, std::int64_t count) {
        for (std::size_t row = 0; row < ids.size(); ++row) {
            if (ids[row] < 0)
                continue;
            const float *from = dX + static_cast<std::int64_t>(row) * width + first;
            float *to = gradient + ids[row] * width + first;
            for (std::int64_t i = 0; i < count; ++i)
                to[i] += scale * from[i];
        }
    });
}

at::Tensor GraphGradients::of(const at::Tensor &source)
{
    if (!source.requires_grad())
        return {};
    m_sources.push_back(source);
    m_gradients.push_back(at::zeros(source.sizes(), at::kFloat));
    return m_gradients.back();
}

void GraphGradients::send()
{
    if (m_sources.empty())
        return;
    const at::AutoGradMode enable(true);
    torch::autograd::backward(m_sources, m_gradients);
    m_sources.clear();
    m_gradients.clear();
}

} // namespace fettle::model::fast
