// The network reads the stream before the branch, the branch, or both together (core/model/sites.h); its share is added last.
#include "core/model/fast/branch.h"

#include "core/model/fast/gemm.h"
#include "core/model/fast/kernels.h"

#include <ATen/Parallel.h>
#include <algorithm>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kGrainOfRows = 32;

template <class Work>
void forBranchRows(std::int64_t rows, const Work &work)
{
    at::parallel_for(0, rows, kGrainOfRows, [&](std::int64_t begin, std::int64_t end) { work(begin, end - begin); });
}

// target += x, both [N, C].
void addStream(const BranchContext &context, float *target, const float *x)
{
    forBranchRows(context.tokens, [&](std::int64_t row, std::int64_t rows) { addRows(target + row * context.width, x + row * context.width, rows * context.width); });
}

void copyStream(const BranchContext &context, float *target, const float *x)
{
    forBranchRows(context.tokens, [&](std::int64_t row, std::int64_t rows) { std::copy_n(x + row * context.width, rows * context.width, target + row * context.width); });
}

at::Tensor view(float *values, std::int64_t rows, std::int64_t width) { return at::from_blob(values, {rows, width}, at::kFloat); }

// x is what went into the curve, y what came out.
at::Tensor curveGradient(Curve curve, const at::Tensor &dY, const at::Tensor &x, const at::Tensor &y)
{
    switch (curve) {
    case Curve::Relu: return at::threshold_backward(dY, x, 0);
    case Curve::Swish: return at::silu_backward(dY, x);
    case Curve::Gelu: return at::gelu_backward(dY, x);
    case Curve::Tanh: break;
    }
    return at::tanh_backward(dY, y);
}

const float *inputOf(const NetPlan &plan, const float *stream, const BranchSaves &saves)
{
    switch (plan.net.input) {
    case Bottleneck::Input::Stream: return stream;
    case Bottleneck::Input::Branch: return saves.output;
    case Bottleneck::Input::Sum: break;
    }
    return saves.sum;
}

// rows [N, C] * mask * scale
void maskRows(const BranchContext &context, const Dropout &dropout, const float *x, float *out)
{
    forBranchRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        fillDropoutMask(dropout, row * context.width, {out + row * context.width, static_cast<std::size_t>(rows * context.width)});
        for (std::int64_t i = row * context.width; i < (row + rows) * context.width; ++i)
            out[i] *= x[i];
    });
}

// target [N, C] += scale * dropout(up(curve(down(input)))).
void netForward(const BranchContext &context, const NetPlan &plan, const float *input, float *narrow, float *target)
{
    const Bottleneck &net = plan.net;
    const std::int64_t n = context.tokens, width = plan.width, r = plan.narrow;
    const auto scale = static_cast<float>(net.scale);
    gemm(n, r, width, 1.0f, {input, width}, {net.down.const_data_ptr<float>(), width, Use::Transposed}, 0.0f, narrow, r);
    addBias(narrow, r, net.downBias.const_data_ptr<float>(), n, r);
    const at::Tensor shaped = activated(net.curve, view(narrow, n, r));
    const Operand up{net.up.const_data_ptr<float>(), r, Use::Transposed};
    const at::Tensor bias = net.upBias.detach() * net.scale;
    const bool isDropped = net.dropout.probability > 0.0;
    float *sum = isDropped ? context.space->branch : target; // the branch has been added by now, or lies in saves
    gemm(n, width, r, scale, {shaped.const_data_ptr<float>(), r}, up, isDropped ? 0.0f : 1.0f, sum, width);
    forBranchRows(n, [&](std::int64_t row, std::int64_t rows) { addBias(sum + row * width, width, bias.const_data_ptr<float>(), rows, width); });
    if (isDropped) {
        maskRows(context, net.dropout, sum, context.space->work.scratch);
        addStream(context, target, context.space->work.scratch);
    }
}

// dOut [N, C]; the gradient of the input is added to dInput, where that is given: it may be dOut.
void netBackward(const BranchContext &context, const NetPlan &plan, const float *input, float *narrow, const float *dOut, float *dInput)
{
    const Bottleneck &net = plan.net;
    const std::int64_t n = context.tokens, width = plan.width, r = plan.narrow;
    const auto scale = static_cast<float>(net.scale);
    if (net.dropout.probability > 0.0) {
        maskRows(context, net.dropout, dOut, context.space->work.scratch);
        dOut = context.space->work.scratch;
    }
    const at::Tensor before = view(narrow, n, r), shaped = activated(net.curve, before);
    if (net.upBias.requires_grad())
        addBiasGradient(net.upBias, dOut, n, scale);
    if (net.up.requires_grad())
        gemm(width, r, n, scale, {dOut, width, Use::Transposed}, {shaped.const_data_ptr<float>(), r}, 1.0f, gradientOf(net.up), r);
    at::Tensor dShaped = at::empty({n, r}, at::kFloat);
    gemm(n, r, width, scale, {dOut, width}, {net.up.const_data_ptr<float>(), r}, 0.0f, dShaped.data_ptr<float>(), r);
    const at::Tensor dNarrow = curveGradient(net.curve, dShaped, before, shaped);
    const float *d = dNarrow.const_data_ptr<float>();
    if (net.downBias.requires_grad())
        addBiasGradient(net.downBias, d, n);
    if (net.down.requires_grad())
        gemm(r, width, n, 1.0f, {d, r, Use::Transposed}, {input, width}, 1.0f, gradientOf(net.down), width);
    if (dInput)
        gemm(n, width, r, 1.0f, {d, r}, {net.down.const_data_ptr<float>(), width}, 1.0f, dInput, width);
}

} // namespace

BranchNeeds BranchPlan::needs() const
{
    const bool readsBranch = net && net->net.input == Bottleneck::Input::Branch;
    return {norm.isThere() || readsBranch, net && net->net.input == Bottleneck::Input::Sum, net ? net->narrow : 0};
}

void branchForward(const BranchContext &context, const BranchPlan &plan, const float *x, const float *stream, const BranchSaves &saves, const StackSaves &stackSaves,
                   float *target)
{
    const Workspace &space = *context.space;
    copyStream(context, target, stream);
    if (!plan.isApart()) {
        stackForward(plan.stack, context.tokens, x, target, Into::Add, stackSaves, space.work.scratch);
    } else {
        float *output = plan.needs().hasOutput ? saves.output : space.branch;
        stackForward(plan.stack, context.tokens, x, output, Into::Overwrite, stackSaves, space.work.scratch);
        if (plan.norm.isThere()) {
            const float *weight = plan.norm.values.const_data_ptr<float>();
            forBranchRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
                normForward(output + row * context.width, weight, context.epsilon, rows, context.width, space.branch + row * context.width, saves.scale + row);
            });
            output = space.branch;
        }
        addStream(context, target, output);
    }
    if (!plan.net)
        return;
    if (plan.needs().hasSum)
        copyStream(context, saves.sum, target);
    netForward(context, *plan.net, inputOf(*plan.net, stream, saves), saves.narrow, target);
}

float *branchBackward(const BranchContext &context, const BranchPlan &plan, const float *stream, const BranchSaves &saves, BranchPart lowest)
{
    const Workspace &space = *context.space;
    float *gradient = space.dStream;
    if (plan.net) {
        const Bottleneck::Input input = plan.net->net.input;
        if (input != Bottleneck::Input::Sum) { // the branch's gradient and the stream's part here
            copyStream(context, space.dBranch, space.dStream);
            gradient = space.dBranch;
        }
        float *dInput = input == Bottleneck::Input::Branch ? space.dBranch : space.dStream;
        netBackward(context, *plan.net, inputOf(*plan.net, stream, saves), saves.narrow, space.dStream, lowest < BranchPart::Net ? dInput : nullptr);
    }
    if (lowest == BranchPart::Net)
        return gradient;
    if (plan.norm.isThere()) {
        const float *weight = plan.norm.values.const_data_ptr<float>();
        if (plan.norm.trained.defined())
            addNormGradient(plan.norm.trained, {gradient, saves.output, saves.scale, context.width, context.width, 1, context.tokens, 1});
        forBranchRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
            const std::int64_t first = row * context.width;
            std::fill_n(space.dBranch + first, rows * context.width, 0.0f);
            normBackward(gradient + first, saves.output + first, weight, saves.scale + row, rows, context.width, space.dBranch + first);
        });
        return space.dBranch;
    }
    if (!plan.stack.gains.empty() && gradient == space.dStream) { // the stack changes it
        copyStream(context, space.dBranch, space.dStream);
        return space.dBranch;
    }
    return gradient;
}

} // namespace fettle::model::fast
