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
    [[nodiscard]] std::int64_t cost(std::int64_t prefix) const { return tokens * (tokens + kBlock + 2 * prefix); }
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
        load[thread] += task.cost(shape.prefixTokens);
    }
    return plan;
}

float *roomIn(at::Tensor &scratch, std::int64_t values)
{
    if (!scratch.defined() || scratch.numel() < values)
        scratch = at::empty({values}, at::kFloat);
    return scratch.data_ptr<float>();
}

// work(task, scratch, the number of the list that the task is in)
template <class Work>
void runTasks(const AttentionShape &shape, const Work &work)
{
    const auto plan = planTasks(shape);
    at::parallel_for(0, static_cast<std::int64_t>(plan.size()), 1, [&](std::int64_t first, std::int64_t last) {
        at::Tensor scratch; // a tensor, because a vector would be cleared
        for (std::int64_t i = first; i < last; ++i) {
            for (const Task &task : plan[static_cast<std::size_t>(i)])
                work(task, scratch, i);
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
    const std::int64_t extra = shape.prefixTokens, extraStride = shape.keyValueHeads * d;
    runTasks(shape, [&](const Task &task, at::Tensor &scratch, std::int64_t) {
        float *scores = roomIn(scratch, kBlock * (extra + task.tokens));
        const float *base = qkv + task.begin * stride;
        const float *keys = base + outStride + task.group * d, *values = keys + shape.keyValueHeads * d;
        for (std::int64_t head = task.group * perGroup; head < (task.group + 1) * perGroup; ++head) {
            forBlocks(task, shape.window, [&](const Block &block) {
                const Operand q{base + block.row * stride + head * d, stride};
                const std::int64_t width = extra + block.keys;
                float *target = out + (task.begin + block.row) * outStride + head * d;
                if (extra > 0)
                    gemm(block.rows, extra, d, 1.0f, q, {shape.prefixKeys + task.group * d, extraStride, Use::Transposed}, 0.0f, scores, width);
                gemm(block.rows, block.keys, d, 1.0f, q, {keys + block.firstKey * stride, stride, Use::Transposed}, 0.0f, scores + extra, width);
                for (std::int64_t i = 0; i < block.rows; ++i) {
                    const float sum = attentionSoftmax(scores + i * width, block.begin(i), extra + block.end(i), width, shape.scale);
                    logSums[(task.begin + block.row + i) * shape.heads + head] = sum;
                }
                if (extra > 0)
                    gemm(block.rows, d, extra, 1.0f, {scores, width}, {shape.prefixValues + task.group * d, extraStride}, 0.0f, target, outStride);
                gemm(block.rows, d, block.keys, 1.0f, {scores + extra, width}, {values + block.firstKey * stride, stride}, extra > 0 ? 1.0f : 0.0f, target, outStride);
            });
        }
    });
}

void attentionBackward(const AttentionShape &shape, const float *qkv, const float *out, const float *logSums, const float *dOut, float *dQkv, float *dPrefixKeys,
                       float *dPrefixValues)
{
    const std::int64_t d = shape.headSize, stride = shape.rowWidth(), outStride = shape.queryWidth(), perGroup = shape.heads / shape.keyValueHeads;
    const std::int64_t extra = shape.prefixTokens, extraStride = shape.keyValueHeads * d;
    // Documents share the prefix: each list of tasks collects for itself, then they are added in order.
    const bool isPrefixTrained = extra > 0 && dPrefixKeys && dPrefixValues;
    const at::Tensor shares = isPrefixTrained ? at::zeros({at::get_num_threads(), 2, extra * extraStride}, at::kFloat) : at::Tensor();
    runTasks(shape, [&](const Task &task, at::Tensor &scratch, std::int64_t list) {
        float *p = roomIn(scratch, 2 * kBlock * (extra + task.tokens)), *dP = p + kBlock * (extra + task.tokens);
        const float *base = qkv + task.begin * stride;
        float *dBase = dQkv + task.begin * stride;
        const std::int64_t keyColumn = outStride + task.group * d, valueColumn = keyColumn + shape.keyValueHeads * d;
        const Operand firstKeys{shape.prefixKeys + task.group * d, extraStride}, firstValues{shape.prefixValues + task.group * d, extraStride};
        float *dKeys = isPrefixTrained ? shares.data_ptr<float>() + list * 2 * extra * extraStride + task.group * d : nullptr;
        for (std::int64_t row = 0; row < task.tokens; ++row) {
            std::fill_n(dBase + row * stride + keyColumn, d, 0.0f);
            std::fill_n(dBase + row * stride + valueColumn, d, 0.0f);
        }
        for (std::int64_t head = task.group * perGroup; head < (task.group + 1) * perGroup; ++head) {
            forBlocks(task, shape.window, [&](const Block &block) {
                const std::int64_t keyRow = block.firstKey * stride, row = task.begin + block.row, width = extra + block.keys;
                const Operand q{base + block.row * stride + head * d, stride}, keys{base + keyRow + keyColumn, stride};
                const Operand gradient{dOut + row * outStride + head * d, outStride};
                if (extra > 0) {
                    gemm(block.rows, extra, d, 1.0f, q, {firstKeys.data, extraStride, Use::Transposed}, 0.0f, p, width);
                    gemm(block.rows, extra, d, 1.0f, gradient, {firstValues.data, extraStride, Use::Transposed}, 0.0f, dP, width);
                }
                gemm(block.rows, block.keys, d, 1.0f, q, {keys.data, stride, Use::Transposed}, 0.0f, p + extra, width);
                gemm(block.rows, block.keys, d, 1.0f, gradient, {base + keyRow + valueColumn, stride, Use::Transposed}, 0.0f, dP + extra, width);
                for (std::int64_t i = 0; i < block.rows; ++i) {
                    const std::int64_t begin = block.begin(i), end = extra + block.end(i);
                    const float delta = dot(gradient.data + i * outStride, out + (row + i) * outStride + head * d, d);
                    attentionAgain(p + i * width, begin, end, width, shape.scale, logSums[(row + i) * shape.heads + head]);
                    attentionBackward(p + i * width, dP + i * width, begin, end, width, shape.scale, delta);
                }
                gemm(block.keys, d, block.rows, 1.0f, {p + extra, width, Use::Transposed}, gradient, 1.0f, dBase + keyRow + valueColumn, stride);
                gemm(block.keys, d, block.rows, 1.0f, {dP + extra, width, Use::Transposed}, q, 1.0f, dBase + keyRow + keyColumn, stride);
                float *dQ = dBase + block.row * stride + head * d;
                gemm(block.rows, d, block.keys, 1.0f, {dP + extra, width}, keys, 0.0f, dQ, stride);
                if (extra > 0)
                    gemm(block.rows, d, extra, 1.0f, {dP, width}, firstKeys, 1.0f, dQ, stride);
                if (isPrefixTrained) {
                    gemm(extra, d, block.rows, 1.0f, {dP, width, Use::Transposed}, q, 1.0f, dKeys, extraStride);
                    gemm(extra, d, block.rows, 1.0f, {p, width, Use::Transposed}, gradient, 1.0f, dKeys + extra * extraStride, extraStride);
                }
            });
        }
    });
    for (std::int64_t list = 0; isPrefixTrained && list < shares.size(0); ++list) {
        const float *share = shares.const_data_ptr<float>() + list * 2 * extra * extraStride;
        addRows(dPrefixKeys, share, extra * extraStride);
        addRows(dPrefixValues, share + extra * extraStride, extra * extraStride);
    }
}

} // namespace fettle::model::fast
