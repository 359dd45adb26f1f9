// Chunked head and cross-entropy. loss = log(sum exp(z)) - z[target]; d loss / d z = softmax(z) - onehot(target).
#include "core/model/headloss.h"

#include "core/model/fast/gemm.h"
#include "core/model/fast/gradient.h"
#include "core/model/fast/kernels.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace fettle::model {

namespace {
// Rows of logits at a time: enough for fast products, few enough to stay small for large vocabularies.
constexpr std::int64_t kMostRows = 256, kFewestRows = 32, kChunkBytes = std::int64_t{64} << 20;

// z = c * tanh(z / c); slopes: d(new z) / d(old z).
void capRow(float *z, std::int64_t count, float limit, std::vector<float> &slopes)
{
    slopes.resize(static_cast<std::size_t>(count));
    for (std::int64_t j = 0; j < count; ++j) {
        const float bent = std::tanh(z[j] / limit);
        z[j] = bent * limit;
        slopes[static_cast<std::size_t>(j)] = 1.0f - bent * bent;
    }
}

} // namespace

HeadLoss headLoss(const at::Tensor &hidden, const at::Tensor &head, const at::Tensor &targets, WantGradient want, double gradientScale, HeadBuffer &buffer,
                  double softcap)
{
    const at::NoGradGuard guard;
    const at::Tensor x = hidden.contiguous(), y = targets.contiguous();
    const std::int64_t rows = x.size(0), width = x.size(1), vocabulary = head.size(0);
    const bool wantsGradient = want == WantGradient::Yes;
    const std::int64_t chunkRows = std::clamp(kChunkBytes / (vocabulary * std::int64_t{sizeof(float)}), kFewestRows, kMostRows);
    HeadLoss outcome;
    outcome.losses = at::empty({rows}, at::kFloat);
    if (wantsGradient)
        outcome.gradient = at::empty({rows, width}, at::kFloat);
    const auto needed = static_cast<std::size_t>(std::min(rows, chunkRows) * vocabulary) * sizeof(float);
    if (buffer.memory.bytes() < needed)
        buffer.memory = LargeMemory(needed);
    float *z = buffer.memory.floats();
    const float *table = head.const_data_ptr<float>();
    const auto *target = y.const_data_ptr<std::int64_t>();
    auto *losses = outcome.losses.data_ptr<float>();
    float *tableGradient = nullptr; // of a head that is itself trained
    if (wantsGradient && head.requires_grad())
        tableGradient = fast::gradientOf(head);
    std::vector<std::uint8_t> isCorrect(static_cast<std::size_t>(rows), 0);
    for (std::int64_t begin = 0; begin < rows; begin += chunkRows) {
        const std::int64_t count = std::min(chunkRows, rows - begin);
        fast::gemm(count, vocabulary, width, 1.0f, {x.const_data_ptr<float>() + begin * width, width}, {table, width, fast::Use::Transposed}, 0.0f, z, vocabulary);
        at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t last) {
            std::vector<float> slopes;
            for (std::int64_t i = first; i < last; ++i) {
                if (softcap > 0)
                    capRow(z + i * vocabulary, vocabulary, static_cast<float>(softcap), slopes);
                const auto entropy = fast::crossEntropy(z + i * vocabulary, vocabulary, target[begin + i], wantsGradient ? static_cast<float>(gradientScale) : 0.0f);
                for (std::size_t j = 0; j < slopes.size() && wantsGradient; ++j)
                    z[i * vocabulary + static_cast<std::int64_t>(j)] *= slopes[j];
                losses[begin + i] = entropy.loss;
                isCorrect[static_cast<std::size_t>(begin + i)] = entropy.isCorrect ? 1 : 0;
            }
        });
        if (tableGradient && gradientScale != 0.0) {
            fast::gemm(vocabulary, width, count, 1.0f, {z, vocabulary, fast::Use::Transposed}, {x.const_data_ptr<float>() + begin * width, width}, 1.0f,
                       tableGradient, width);
        }
        if (wantsGradient)
            fast::gemm(count, width, vocabulary, 1.0f, {z, vocabulary}, {table, width}, 0.0f, outcome.gradient.data_ptr<float>() + begin * width, width);
    }
    if (wantsGradient && gradientScale == 0.0)
        outcome.gradient.zero_();
    outcome.correct = std::count(isCorrect.begin(), isCorrect.end(), std::uint8_t{1});
    outcome.sum = outcome.losses.sum(at::kDouble).item<double>();
    return outcome;
}

} // namespace fettle::model
