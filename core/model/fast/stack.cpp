// Products and dropout of a stack. dX may not be x: callers keep x for the gradient of A.
#include "core/model/fast/stack.h"

#include "core/model/fast/gemm.h"
#include "core/model/fast/gradient.h"
#include "core/model/fast/kernels.h"

#include <ATen/Parallel.h>
#include <algorithm>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kGrain = 1 << 14; // elements

// out = x * mask of the dropout, [tokens, in]; x may be out.
void maskInto(const Dropout &dropout, const float *x, float *out, std::int64_t elements)
{
    at::parallel_for(0, elements, kGrain, [&](std::int64_t begin, std::int64_t end) {
        std::array<float, 1024> mask;
        for (std::int64_t i = begin; i < end; i += 1024) {
            const std::int64_t count = std::min<std::int64_t>(1024, end - i);
            fillDropoutMask(dropout, i, {mask.data(), static_cast<std::size_t>(count)});
            for (std::int64_t j = 0; j < count; ++j)
                out[i + j] = x[i + j] * mask[static_cast<std::size_t>(j)];
        }
    });
}

// [out, in]: good until the next product of this thread.
const float *weightOf(const Stack &stack) { return stack.weight ? stack.weight : stack.stored.unpacked(); }

bool hasTrainedUpdate(const Stack &stack)
{
    return std::any_of(stack.parts.begin(), stack.parts.end(), [](const StackPart &part) { return part.update.a.requires_grad() || part.update.b.requires_grad(); });
}

} // namespace

Stack makeStack(const LinearWeight &weight, const ModelConfig &config, const Sites &sites, std::int64_t layer, std::initializer_list<LinearMap> maps)
{
    Stack stack;
    stack.weight = weight.stored ? nullptr : weight.weight.const_data_ptr<float>();
    stack.stored = weight.stored;
    stack.bias = weight.bias.defined() ? weight.bias.const_data_ptr<float>() : nullptr;
    if (!weight.stored && weight.weight.requires_grad())
        stack.trainedWeight = weight.weight;
    if (weight.bias.defined() && weight.bias.requires_grad())
        stack.trainedBias = weight.bias;
    stack.out = weight.outputs();
    stack.in = weight.inputs();
    std::int64_t column = 0;
    std::vector<at::Tensor> rows;
    for (const LinearMap map : maps) {
        const std::int64_t out = outputSize(config, map);
        for (LowRank &update : sites.lowRank(layer, map)) {
            const std::int64_t rank = update.a.size(0);
            stack.hasDropout = stack.hasDropout || update.dropout.probability > 0.0;
            rows.push_back(update.a.detach());
            stack.parts.push_back({update, column, out, rank, stack.rank, update.b.detach() * update.scale});
            stack.rank += rank;
        }
        column += out;
    }
    if (!rows.empty())
        stack.a = at::cat(rows, 0);
    return stack;
}

bool isTrained(const Stack &stack)
{
    return stack.trainedWeight.defined() || stack.trainedBias.defined() || hasTrainedUpdate(stack);
}

void stackForward(const Stack &stack, std::int64_t tokens, const float *x, float *y, Into into, float *t, float *scratch)
{
    const std::int64_t in = stack.in, out = stack.out;
    gemm(tokens, out, in, 1.0f, {x, in}, {weightOf(stack), in, Use::Transposed}, into == Into::Add ? 1.0f : 0.0f, y, out);
    if (stack.bias) {
        at::parallel_for(0, tokens, 32, [&](std::int64_t begin, std::int64_t end) { addBias(y + begin * out, out, stack.bias, end - begin, out); });
    }
    if (stack.rank == 0)
        return;
    const float *a = stack.a.const_data_ptr<float>();
    if (!stack.hasDropout)
        gemm(tokens, stack.rank, in, 1.0f, {x, in}, {a, in, Use::Transposed}, 0.0f, t, stack.rank);
    for (const StackPart &part : stack.parts) {
        if (stack.hasDropout) {
            const float *input = x;
            if (part.update.dropout.probability > 0.0) {
                maskInto(part.update.dropout, x, scratch, tokens * in);
                input = scratch;
            }
            gemm(tokens, part.rank, in, 1.0f, {input, in}, {a + part.rankColumn * in, in, Use::Transposed}, 0.0f, t + part.rankColumn, stack.rank);
        }
        gemm(tokens, part.out, part.rank, 1.0f, {t + part.rankColumn, stack.rank}, {part.scaledB.const_data_ptr<float>(), part.rank, Use::Transposed}, 1.0f,
             y + part.column, out);
    }
}

void stackBackward(const Stack &stack, std::int64_t tokens, const float *x, const float *t, const float *dY, float *dX, Into into, WantInput want,
                   float *u, float *dA, float *scratch)
{
    const std::int64_t in = stack.in, out = stack.out;
    if (stack.trainedWeight.defined())
        gemm(out, in, tokens, 1.0f, {dY, out, Use::Transposed}, {x, in}, 1.0f, gradientOf(stack.trainedWeight), in);
    if (stack.trainedBias.defined())
        addBiasGradient(stack.trainedBias, dY, tokens);
    const float *a = stack.rank > 0 ? stack.a.const_data_ptr<float>() : nullptr;
    for (const StackPart &part : stack.parts) {
        // With y += t (s B)^T: d t = dY (s B), d B = s dY^T t.
        gemm(tokens, part.rank, part.out, 1.0f, {dY + part.column, out}, {part.scaledB.const_data_ptr<float>(), part.rank}, 0.0f, u + part.rankColumn, stack.rank);
        if (part.update.b.requires_grad()) {
            gemm(part.out, part.rank, tokens, static_cast<float>(part.update.scale), {dY + part.column, out, Use::Transposed},
                 {t + part.rankColumn, stack.rank}, 1.0f, gradientOf(part.update.b), part.rank);
        }
    }
    if (stack.rank > 0 && !stack.hasDropout && hasTrainedUpdate(stack)) {
        gemm(stack.rank, in, tokens, 1.0f, {u, stack.rank, Use::Transposed}, {x, in}, 0.0f, dA, in);
        for (const StackPart &part : stack.parts) {
            if (part.update.a.requires_grad())
                addRows(gradientOf(part.update.a), dA + part.rankColumn * in, part.rank * in);
        }
    }
    if (want == WantInput::Yes) {
        gemm(tokens, in, out, 1.0f, {dY, out}, {weightOf(stack), in}, into == Into::Add ? 1.0f : 0.0f, dX, in);
        if (stack.rank > 0 && !stack.hasDropout)
            gemm(tokens, in, stack.rank, 1.0f, {u, stack.rank}, {a, in}, 1.0f, dX, in);
    }
    if (!stack.hasDropout)
        return;
    for (const StackPart &part : stack.parts) {
        const Dropout &dropout = part.update.dropout;
        const Operand uPart{u + part.rankColumn, stack.rank};
        if (part.update.a.requires_grad()) {
            if (dropout.probability > 0.0)
                maskInto(dropout, x, scratch, tokens * in);
            gemm(part.rank, in, tokens, 1.0f, {uPart.data, stack.rank, Use::Transposed}, {dropout.probability > 0.0 ? scratch : x, in}, 1.0f,
                 gradientOf(part.update.a), in);
        }
        if (want == WantInput::Yes) {
            gemm(tokens, in, part.rank, 1.0f, uPart, {a + part.rankColumn * in, in}, 0.0f, scratch, in);
            if (dropout.probability > 0.0)
                maskInto(dropout, scratch, scratch, tokens * in);
            at::parallel_for(0, tokens * in, kGrain, [&](std::int64_t begin, std::int64_t end) { addRows(dX + begin, scratch + begin, end - begin); });
        }
    }
}

} // namespace fettle::model::fast
