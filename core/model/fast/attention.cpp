// Blocks of scores stay in the second-level cache: kBlock query rows against all keys that one of them sees.
#include "core/model/fast/attention.h"

#include "core/model/fast/gemm.h"
#include "core/model/fast/kernels.h"

#include "core/torch.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <vector>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kBlock = 128;

struct Task {
    std::int64_t begin = 0, tokens = 0; // the document's rows
    std::int64_t group = 0;             // key-value head
    [[nodiscard]] std::int64_t cost() const { return tokens * (tokens + kBlock); }
};

// Tasks for each thread, about equally heavy: the longest first, each to the thread with the least so far.
std::vector<std::vector<Task>> planTasks(const AttentionShape &shape)
{
    std::vector<Task> tasks;
    for (std::size_t document = 0; document + 1 < shape.borders.size(); ++document) {
        for (std::int64_t group = 0; group < shape.keyValueHeads; ++group)
            tasks.push_back({shape.borders[document], shape.borders[document + 1] - shape.borders[document], group});
    }
    std::stable_sort(tasks.begin(), tasks.end(), [](const Task &a, const Task &b) { return a.tokens > b.tokens; });
    std::vector<std::vector<Task>> plan(static_cast<std::size_t>(at::get_num_threads()));
    std::vector<std::int64_t> load(plan.size(), 0);
    for (const Task &task : tasks) {
        const auto thread = static_cast<std::size_t>(std::min_element(load.begin(), load.end()) - load.begin());
        plan[thread].push_back(task);
        load[thread] += task.cost();
    }
    return plan;
}

float *roomIn(at::Tensor &scratch, std::int64_t values)
{
    if (!scratch.defined() || scratch.numel() < values)
        scratch = at::empty({values}, at::kFloat);
    return scratch.data_ptr<float>();
}

template <class Work>
void runTasks(const AttentionShape &shape, const Work &work)
{
    const auto plan = planTasks(shape);
    at::parallel_for(0, static_cast<std::int64_t>(plan.size()), 1, [&](std::int64_t first, std::int64_t last) {
        at::Tensor scratch; // a tensor, because a vector would be cleared
        for (std::int64_t i = first; i < last; ++i) {
            for (const Task &task : plan[static_cast<std::size_t>(i)])
                work(task, scratch);
        }
    });
}

// Query rows [row, row + rows) of a document and the keys [firstKey, firstKey + keys) that they see.
struct Block {
    std::int64_t row = 0, rows = 0, firstKey = 0, keys = 0;
    std::int64_t window = 0;
    // Visible keys of query row + i, counted from firstKey.
    [[nodiscard]] std::int64_t begin(std::int64_t i) const { return window > 0 ? std::max<std::int64_t>(0, row + i - window + 1 - firstKey) : 0; }
    [[nodiscard]] std::int64_t end(std::int64_t i) const { return row + i + 1 - firstKey; }
};

template <class Work>
void forBlocks(const Task &task, std::int64_t window, const Work &work)
{
    for (std::int64_t row = 0; row < task.tokens; row += kBlock) {
        const std::int64_t rows = std::min(kBlock, task.tokens - row);
        const std::int64_t firstKey = window > 0 ? std::max<std::int64_t>(0, row - window + 1) : 0;
        work(Block{row, rows, firstKey, row + rows - firstKey, window});
    }
}

} // namespace

void attentionForward(const AttentionShape &shape, const float *qkv, float *out, float *logSums)
{
    const std::int64_t d = shape.headSize, stride = shape.rowWidth(), outStride = shape.queryWidth(), perGroup = shape.heads / shape.keyValueHeads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    runTasks(shape, [&](const Task &task, at::Tensor &scratch) {
        float *scores = roomIn(scratch, kBlock * task.tokens);
        const float *base = qkv + task.begin * stride;
        const float *keys = base + outStride + task.group * d, *values = keys + shape.keyValueHeads * d;
        for (std::int64_t head = task.group * perGroup; head < (task.group + 1) * perGroup; ++head) {
            forBlocks(task, shape.window, [&](const Block &block) {
                const float *q = base + block.row * stride + head * d;
                gemm(block.rows, block.keys, d, 1.0f, {q, stride}, {keys + block.firstKey * stride, stride, Use::Transposed}, 0.0f, scores, block.keys);
                for (std::int64_t i = 0; i < block.rows; ++i) {
                    const float sum = attentionSoftmax(scores + i * block.keys, block.begin(i), block.end(i), block.keys, scale);
                    logSums[(task.begin + block.row + i) * shape.heads + head] = sum;
                }
                gemm(block.rows, d, block.keys, 1.0f, {scores, block.keys}, {values + block.firstKey * stride, stride}, 0.0f,
                     out + (task.begin + block.row) * outStride + head * d, outStride);
            });
        }
    });
}

void attentionBackward(const AttentionShape &shape, const float *qkv, const float *out, const float *logSums, const float *dOut, float *dQkv)
{
    const std::int64_t d = shape.headSize, stride = shape.rowWidth(), outStride = shape.queryWidth(), perGroup = shape.heads / shape.keyValueHeads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    runTasks(shape, [&](const Task &task, at::Tensor &scratch) {
        float *p = roomIn(scratch, 2 * kBlock * task.tokens), *dP = p + kBlock * task.tokens;
        const float *base = qkv + task.begin * stride;
        float *dBase = dQkv + task.begin * stride;
        const std::int64_t keyColumn = outStride + task.group * d, valueColumn = keyColumn + shape.keyValueHeads * d;
        for (std::int64_t row = 0; row < task.tokens; ++row) {
            std::fill_n(dBase + row * stride + keyColumn, d, 0.0f);
            std::fill_n(dBase + row * stride + valueColumn, d, 0.0f);
        }
        for (std::int64_t head = task.group * perGroup; head < (task.group + 1) * perGroup; ++head) {
            forBlocks(task, shape.window, [&](const Block &block) {
                const std::int64_t keyRow = block.firstKey * stride, row = task.begin + block.row;
                const Operand q{base + block.row * stride + head * d, stride}, keys{base + keyRow + keyColumn, stride};
                const Operand gradient{dOut + row * outStride + head * d, outStride};
                gemm(block.rows, block.keys, d, 1.0f, q, {keys.data, stride, Use::Transposed}, 0.0f, p, block.keys);
                gemm(block.rows, block.keys, d, 1.0f, gradient, {base + keyRow + valueColumn, stride, Use::Transposed}, 0.0f, dP, block.keys);
                for (std::int64_t i = 0; i < block.rows; ++i) {
                    const std::int64_t begin = block.begin(i), end = block.end(i);
                    const float delta = dot(gradient.data + i * outStride, out + (row + i) * outStride + head * d, d);
                    attentionAgain(p + i * block.keys, begin, end, block.keys, scale, logSums[(row + i) * shape.heads + head]);
                    attentionBackward(p + i * block.keys, dP + i * block.keys, begin, end, block.keys, scale, delta);
                }
                const Operand pT{p, block.keys, Use::Transposed}, dST{dP, block.keys, Use::Transposed};
                gemm(block.keys, d, block.rows, 1.0f, pT, gradient, 1.0f, dBase + keyRow + valueColumn, stride);
                gemm(block.keys, d, block.rows, 1.0f, dST, q, 1.0f, dBase + keyRow + keyColumn, stride);
                gemm(block.rows, d, block.keys, 1.0f, {dP, block.keys}, keys, 0.0f, dBase + block.row * stride + head * d, stride);
            });
        }
    });
}

} // namespace fettle::model::fast
