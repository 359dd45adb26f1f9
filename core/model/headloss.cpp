// Chunked head and cross-entropy. loss = log(sum exp(z)) - z[target]; d loss / d z = softmax(z) - onehot(target).
#include "core/model/headloss.h"

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
constexpr std::int64_t kSliceValues = std::int64_t{4} << 20; // of a stored head that are unpacked at a time

// work(first, count, values) for words [first, first + count) of the head: all of them, or slice by slice.
template <class Work>
void forSlices(const LinearWeight &head, const Work &work)
{
    if (!head.stored)
        return work(0, head.outputs(), head.weight.const_data_ptr<float>());
    const std::int64_t step = std::max<std::int64_t>(1, kSliceValues / head.inputs());
    for (std::int64_t first = 0; first < head.outputs(); first += step) {
        const std::int64_t count = std::min(step, head.outputs() - first);
        work(first, count, head.stored.rows(first, count).unpacked());
    }
}

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

// z [rows, V] += s (dropout(x) A^T) B^T for rows from `first` on. Keeps dropout(x) and its product with A for the way back.
class HeadUpdate {
public:
    HeadUpdate(const LowRank &update, const at::Tensor &x) : m_update(update), m_input(applyDropout(x, update.dropout).contiguous()) { m_small = at::mm(m_input, update.a.detach().t()).contiguous(); }

    void add(std::int64_t first, std::int64_t rows, float *z) const
    {
        const std::int64_t rank = m_update.a.size(0), vocabulary = m_update.b.size(0);
        const at::Tensor b = m_update.b.detach().contiguous();
        fast::gemm(rows, vocabulary, rank, static_cast<float>(m_update.scale), {m_small.const_data_ptr<float>() + first * rank, rank},
                   {b.const_data_ptr<float>(), rank, fast::Use::Transposed}, 1.0f, z, vocabulary);
    }
    // dZ [rows, V] -> gradients of A and B, and what comes to dX [rows, C].
    void addGradients(std::int64_t first, std::int64_t rows, const float *dZ, float *dX) const
    {
        const std::int64_t rank = m_update.a.size(0), vocabulary = m_update.b.size(0), width = m_update.a.size(1);
        const auto scale = static_cast<float>(m_update.scale);
        const at::Tensor a = m_update.a.detach().contiguous(), b = m_update.b.detach().contiguous(), u = at::empty({rows, rank}, at::kFloat);
        auto *small = u.data_ptr<float>();
        fast::gemm(rows, rank, vocabulary, scale, {dZ, vocabulary}, {b.const_data_ptr<float>(), rank}, 0.0f, small, rank);
        if (m_update.b.requires_grad())
            fast::gemm(vocabulary, rank, rows, scale, {dZ, vocabulary, fast::Use::Transposed}, {m_small.const_data_ptr<float>() + first * rank, rank}, 1.0f,
                       fast::gradientOf(m_update.b), rank);
        if (m_update.a.requires_grad())
            fast::gemm(rank, width, rows, 1.0f, {small, rank, fast::Use::Transposed}, {m_input.const_data_ptr<float>() + first * width, width}, 1.0f,
                       fast::gradientOf(m_update.a), width);
        if (m_update.dropout.probability <= 0.0)
            return fast::gemm(rows, width, rank, 1.0f, {small, rank}, {a.const_data_ptr<float>(), width}, 1.0f, dX, width);
        std::vector<float> through(static_cast<std::size_t>(rows * width)), mask(through.size());
        fast::gemm(rows, width, rank, 1.0f, {small, rank}, {a.const_data_ptr<float>(), width}, 0.0f, through.data(), width);
        fillDropoutMask(m_update.dropout, first * width, mask);
        for (std::size_t i = 0; i < through.size(); ++i)
            dX[i] += through[i] * mask[i];
    }

private:
    const LowRank &m_update;
    at::Tensor m_input, m_small; // [M, C], [M, R]
};

} // namespace

HeadLoss headLoss(const at::Tensor &hidden, const LinearWeight &ownHead, const at::Tensor &targets, WantGradient want, double gradientScale, HeadBuffer &buffer,
                  double softcap, const HeadChange &change, fast::Factors frozenProducts)
{
    const at::NoGradGuard guard;
    const LinearWeight head = change.whole.defined() ? LinearWeight{change.whole, {}, {}} : ownHead;
    const at::Tensor x = hidden.contiguous(), y = targets.contiguous();
    std::vector<HeadUpdate> updates;
    for (const LowRank &update : change.updates)
        updates.emplace_back(update, x);
    const std::int64_t rows = x.size(0), width = x.size(1), vocabulary = head.outputs();
    const bool wantsGradient = want == WantGradient::Yes;
    const std::int64_t chunkRows = std::clamp(kChunkBytes / (vocabulary * std::int64_t{sizeof(float)}), kFewestRows, kMostRows);
    HeadLoss outcome;
    outcome.losses = at::empty({rows}, at::kFloat);
    if (wantsGradient)
        outcome.gradient = at::empty({rows, width}, at::kFloat);
    const auto needed = static_cast<std::size_t>(std::min(rows, chunkRows) * vocabulary) * sizeof(float);
    if (buffer.memory.bytes() < needed) {
        buffer.memory = {};
        buffer.memory = LargeMemory(needed);
    }
    float *z = buffer.memory.floats();
    const auto *target = y.const_data_ptr<std::int64_t>();
    auto *losses = outcome.losses.data_ptr<float>();
    float *tableGradient = nullptr; // of a head that is itself trained
    if (wantsGradient && !head.stored && head.weight.requires_grad())
        tableGradient = fast::gradientOf(head.weight);
    const fast::Factors factors = tableGradient ? fast::Factors::Fp32 : frozenProducts;
    std::vector<std::uint8_t> isCorrect(static_cast<std::size_t>(rows), 0);
    for (std::int64_t begin = 0; begin < rows; begin += chunkRows) {
        const std::int64_t count = std::min(chunkRows, rows - begin);
        forSlices(head, [&](std::int64_t word, std::int64_t words, const float *table) {
            fast::gemm(count, words, width, 1.0f, {x.const_data_ptr<float>() + begin * width, width}, {table, width, fast::Use::Transposed}, 0.0f, z + word, vocabulary,
                       factors);
        });
        for (const HeadUpdate &update : updates)
            update.add(begin, count, z);
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
        if (wantsGradient) {
            forSlices(head, [&](std::int64_t word, std::int64_t words, const float *table) {
                fast::gemm(count, width, words, 1.0f, {z + word, vocabulary}, {table, width}, word == 0 ? 0.0f : 1.0f, outcome.gradient.data_ptr<float>() + begin * width,
                           width, factors);
            });
            for (const HeadUpdate &update : updates)
                update.addGradients(begin, count, z, outcome.gradient.data_ptr<float>() + begin * width);
        }
    }
    if (wantsGradient && gradientScale == 0.0)
        outcome.gradient.zero_();
    outcome.correct = std::count(isCorrect.begin(), isCorrect.end(), std::uint8_t{1});
    outcome.sum = outcome.losses.sum(at::kDouble).item<double>();
    return outcome;
}

} // namespace fettle::model
