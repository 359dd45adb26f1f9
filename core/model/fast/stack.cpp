// Products and dropout of a stack. dX may not be x: callers keep x for the gradient of A.
#include "core/model/fast/stack.h"

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
// y *= factors in columns [column, column + count) of rows of this stride; what was there goes to raw, where it is given.
void applyGain(const StackGain &gain, float *y, std::int64_t stride, std::int64_t tokens, float *raw, std::int64_t rawStride)
{
    const float *factors = gain.factors.const_data_ptr<float>();
    at::parallel_for(0, tokens, 32, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
            float *own = y + row * stride + gain.column;
            if (raw)
                std::copy_n(own, gain.count, raw + row * rawStride + gain.rawColumn);
            for (std::int64_t i = 0; i < gain.count; ++i)
                own[i] *= factors[i];
        }
    });
}

// out [tokens, in] = factors * x.
void scaleInto(const StackGain &gain, const float *x, float *out, std::int64_t tokens, std::int64_t in)
{
    const float *factors = gain.factors.const_data_ptr<float>();
    at::parallel_for(0, tokens, 32, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) {
            for (std::int64_t i = 0; i < in; ++i)
                out[row * in + i] = factors[i] * x[row * in + i];
        }
    });
}

bool hasTrainedUpdate(const Stack &stack)
{
    return std::any_of(stack.parts.begin(), stack.parts.end(), [](const StackPart &part) { return part.update.a.requires_grad() || part.update.b.requires_grad(); });
}

bool hasTrainedGain(const Stack &stack)
{
    return (stack.inputGain && stack.inputGain->gradient.defined())
        || std::any_of(stack.gains.begin(), stack.gains.end(), [](const StackGain &gain) { return gain.gradient.defined(); });
}

void addBiasRows(const Stack &stack, float *y, std::int64_t tokens)
{
    at::parallel_for(0, tokens, 32, [&](std::int64_t begin, std::int64_t end) { addBias(y + begin * stack.out, stack.out, stack.bias, end - begin, stack.out); });
}

} // namespace

StackNeeds Stack::needs() const
{
    std::int64_t raw = 0;
    for (const StackGain &gain : gains)
        raw += gain.count;
    return {rank, raw};
}

Stack makeStack(const LinearWeight &weight, const ModelConfig &config, const Sites &sites, std::int64_t layer, std::span<const LinearMap> maps, GraphGradients &graph)
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
    stack.maps = maps.size();
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
        LinearWeight own = weight.rows(column, out);
        own.weight = own.weight.defined() ? own.weight.detach() : own.weight;
        own.bias = own.bias.defined() ? own.bias.detach() : own.bias;
        if (const std::optional<Gain> gain = sites.gain(layer, map, own)) {
            const bool isInput = gain->place == Gain::Place::Input;
            StackGain placed{isInput ? 0 : column, gain->factors.numel(), stack.needs().raw, gain->factors.detach().contiguous(), graph.of(gain->factors)};
            if (isInput)
                stack.inputGain = std::move(placed);
            else
                stack.gains.push_back(std::move(placed));
            stack.isBiasBehind = gain->place == Gain::Place::Weighted;
        }
        column += out;
    }
    if (!rows.empty())
        stack.a = at::cat(rows, 0);
    return stack;
}

bool isTrained(const Stack &stack)
{
    return stack.trainedWeight.defined() || stack.trainedBias.defined() || hasTrainedUpdate(stack) || hasTrainedGain(stack);
}

void lowRankForward(const Stack &stack, std::int64_t tokens, const float *x, const StackSaves &saves, float *scratch)
{
    const std::int64_t in = stack.in;
    const float *a = stack.rank > 0 ? stack.a.const_data_ptr<float>() : nullptr;
    if (stack.rank > 0 && !stack.hasDropout)
        gemm(tokens, stack.rank, in, 1.0f, {x, in}, {a, in, Use::Transposed}, 0.0f, saves.t, stack.rank);
    for (const StackPart &part : stack.parts) {
        if (!stack.hasDropout)
            break;
        const float *input = x;
        if (part.update.dropout.probability > 0.0) {
            maskInto(part.update.dropout, x, scratch, tokens * in);
            input = scratch;
        }
        gemm(tokens, part.rank, in, 1.0f, {input, in}, {a + part.rankColumn * in, in, Use::Transposed}, 0.0f, saves.t + part.rankColumn, stack.rank);
    }
}

void stackForward(const Stack &stack, std::int64_t tokens, const float *x, float *y, Into into, const StackSaves &saves, float *scratch)
{
    const std::int64_t in = stack.in, out = stack.out;
    if (stack.inputGain) {
        scaleInto(*stack.inputGain, x, scratch, tokens, in);
        x = scratch;
    }
    gemm(tokens, out, in, 1.0f, {x, in}, {weightOf(stack), in, Use::Transposed}, into == Into::Add ? 1.0f : 0.0f, y, out, stack.factors);
    if (stack.bias && !stack.isBiasBehind)
        addBiasRows(stack, y, tokens);
    lowRankForward(stack, tokens, x, saves, scratch);
    for (const StackPart &part : stack.parts) {
        gemm(tokens, part.out, part.rank, 1.0f, {saves.t + part.rankColumn, stack.rank}, {part.scaledB.const_data_ptr<float>(), part.rank, Use::Transposed}, 1.0f,
             y + part.column, out);
    }
    for (const StackGain &gain : stack.gains)
        applyGain(gain, y, out, tokens, saves.raw, stack.needs().raw);
    if (stack.bias && stack.isBiasBehind)
        addBiasRows(stack, y, tokens);
}

void stackBackward(const Stack &stack, std::int64_t tokens, const float *x, const StackSaves &saves, float *dY, float *dX, WantInput want, const StackWork &work)
{
    const std::int64_t in = stack.in, out = stack.out, rawStride = stack.needs().raw;
    if (stack.trainedWeight.defined())
        gemm(out, in, tokens, 1.0f, {dY, out, Use::Transposed}, {x, in}, 1.0f, gradientOf(stack.trainedWeight), in);
    if (stack.trainedBias.defined())
        addBiasGradient(stack.trainedBias, dY, tokens);
    for (const StackGain &gain : stack.gains) {
        if (gain.gradient.defined())
            addProductSums(gain.gradient.data_ptr<float>(), dY + gain.column, out, saves.raw + gain.rawColumn, rawStride, tokens, gain.count);
        applyGain(gain, dY, out, tokens, nullptr, 0);
    }
    const float *a = stack.rank > 0 ? stack.a.const_data_ptr<float>() : nullptr;
    for (const StackPart &part : stack.parts) {
        // With y += t (s B)^T: d t = dY (s B), d B = s dY^T t.
        gemm(tokens, part.rank, part.out, 1.0f, {dY + part.column, out}, {part.scaledB.const_data_ptr<float>(), part.rank}, 0.0f, work.u + part.rankColumn, stack.rank);
        if (part.update.b.requires_grad()) {
            gemm(part.out, part.rank, tokens, static_cast<float>(part.update.scale), {dY + part.column, out, Use::Transposed},
                 {saves.t + part.rankColumn, stack.rank}, 1.0f, gradientOf(part.update.b), part.rank);
        }
    }
    if (stack.rank > 0 && !stack.hasDropout && hasTrainedUpdate(stack)) {
        gemm(stack.rank, in, tokens, 1.0f, {work.u, stack.rank, Use::Transposed}, {x, in}, 0.0f, work.dA, in);
        for (const StackPart &part : stack.parts) {
            if (part.update.a.requires_grad())
                addRows(gradientOf(part.update.a), work.dA + part.rankColumn * in, part.rank * in);
        }
    }
    const bool isFactorTrained = stack.inputGain && stack.inputGain->gradient.defined();
    if (want == WantInput::Yes || isFactorTrained) {
        gemm(tokens, in, out, 1.0f, {dY, out}, {weightOf(stack), in}, 0.0f, dX, in, stack.factors);
        if (stack.rank > 0 && !stack.hasDropout)
            gemm(tokens, in, stack.rank, 1.0f, {work.u, stack.rank}, {a, in}, 1.0f, dX, in);
    }
    if (isFactorTrained)
        addProductSums(stack.inputGain->gradient.data_ptr<float>(), dX, in, x, in, tokens, in);
    if (stack.inputGain && want == WantInput::Yes)
        applyGain(*stack.inputGain, dX, in, tokens, nullptr, 0);
    if (!stack.hasDropout)
        return;
    for (const StackPart &part : stack.parts) {
        const Dropout &dropout = part.update.dropout;
        const Operand uPart{work.u + part.rankColumn, stack.rank};
        if (part.update.a.requires_grad()) {
            if (dropout.probability > 0.0)
                maskInto(dropout, x, work.scratch, tokens * in);
            gemm(part.rank, in, tokens, 1.0f, {uPart.data, stack.rank, Use::Transposed}, {dropout.probability > 0.0 ? work.scratch : x, in}, 1.0f,
                 gradientOf(part.update.a), in);
        }
        if (want == WantInput::Yes) {
            gemm(tokens, in, part.rank, 1.0f, uPart, {a + part.rankColumn * in, in}, 0.0f, work.scratch, in);
            if (dropout.probability > 0.0)
                maskInto(dropout, work.scratch, work.scratch, tokens * in);
            at::parallel_for(0, tokens * in, kGrain, [&](std::int64_t begin, std::int64_t end) { addRows(dX + begin, work.scratch + begin, end - begin); });
        }
    }
}

} // namespace fettle::model::fast
