// Order of the operations of a layer; the arithmetic is in kernels.cpp, stack.cpp and attention.cpp.
#include "core/model/fast/layer.h"

#include "core/model/fast/gradient.h"
#include "core/model/fast/kernels.h"

#include <ATen/Parallel.h>
#include <algorithm>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kGrainRows = 32;

template <class Work>
void forRows(std::int64_t rows, const Work &work)
{
    at::parallel_for(0, rows, kGrainRows, [&](std::int64_t begin, std::int64_t end) { work(begin, end - begin); });
}

void normAgainAll(const LayerContext &context, const float *x, const at::Tensor &norm, const float *scale)
{
    const std::int64_t width = context.config->width;
    const float *weight = norm.const_data_ptr<float>();
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        normAgain(x + row * width, weight, scale + row, rows, width, context.space->normed + row * width);
    });
}

void normForwardAll(const LayerContext &context, const float *x, const at::Tensor &norm, float *scale)
{
    const std::int64_t width = context.config->width;
    const float *weight = norm.const_data_ptr<float>();
    const auto epsilon = static_cast<float>(context.config->rmsEpsilon);
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        normForward(x + row * width, weight, epsilon, rows, width, context.space->normed + row * width, scale + row);
    });
}

// dStream += gradient through the norm of what lies in dNormed.
void normBackwardAll(const LayerContext &context, const float *x, const at::Tensor &norm, const float *scale)
{
    const std::int64_t width = context.config->width;
    const Workspace &space = *context.space;
    const float *weight = norm.const_data_ptr<float>();
    if (norm.requires_grad())
        addNormGradient(norm, space.dNormed, x, scale, context.tokens);
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        normBackward(space.dNormed + row * width, x + row * width, weight, scale + row, rows, width, space.dStream + row * width);
    });
}

void ropeAll(const LayerContext &context, float *qkv, Turn turn)
{
    const ModelConfig &config = *context.config;
    const std::int64_t stride = context.attention.rowWidth(), half = config.headSize / 2;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        rope(qkv + row * stride, stride, config.heads + config.keyValueHeads, config.headSize, context.space->cosine + row * half,
             context.space->sine + row * half, rows, turn);
    });
}

void activateAll(const LayerContext &context, const float *gateUp)
{
    const std::int64_t width = context.config->intermediate;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        swigluForward(gateUp + row * 2 * width, rows, width, context.space->activated + row * width);
    });
}

} // namespace

std::optional<LayerPart> LayerPlan::lowestTrained() const
{
    const std::pair<LayerPart, bool> parts[] = {{LayerPart::InputNorm, inputNorm.requires_grad()},
                                                {LayerPart::Qkv, isTrained(qkv)},
                                                {LayerPart::Output, isTrained(output)},
                                                {LayerPart::PostAttentionNorm, postAttentionNorm.requires_grad()},
                                                {LayerPart::GateUp, isTrained(gateUp)},
                                                {LayerPart::Down, isTrained(down)}};
    for (const auto &[part, isPartTrained] : parts) {
        if (isPartTrained)
            return part;
    }
    return {};
}

LayerPlan planLayer(const ModelWeights &weights, const Sites &sites, std::int64_t layer)
{
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    return {here.norm(Norm::BeforeAttention),
            here.norm(Norm::BeforeMlp),
            makeStack(here.qkv, weights.config, sites, layer, {LinearMap::Query, LinearMap::Key, LinearMap::Value}),
            makeStack(here.output, weights.config, sites, layer, {LinearMap::Output}),
            makeStack(here.gateUp, weights.config, sites, layer, {LinearMap::Gate, LinearMap::Up}),
            makeStack(here.down, weights.config, sites, layer, {LinearMap::Down})};
}

void layerForward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *next)
{
    const Workspace &space = *context.space;
    const std::int64_t n = context.tokens, elements = n * context.config->width;
    normForwardAll(context, saves.x, plan.inputNorm, saves.firstScale);
    stackForward(plan.qkv, n, space.normed, saves.qkv, Into::Overwrite, saves.tQkv, space.masked);
    ropeAll(context, saves.qkv, Turn::Forward);
    attentionForward(context.attention, saves.qkv, saves.mixed, saves.logSums);
    std::copy_n(saves.x, elements, saves.middle);
    stackForward(plan.output, n, saves.mixed, saves.middle, Into::Add, saves.tOutput, space.masked);

    normForwardAll(context, saves.middle, plan.postAttentionNorm, saves.secondScale);
    stackForward(plan.gateUp, n, space.normed, saves.gateUp, Into::Overwrite, saves.tGateUp, space.masked);
    activateAll(context, saves.gateUp);
    std::copy_n(saves.middle, elements, next);
    stackForward(plan.down, n, space.activated, next, Into::Add, saves.tDown, space.masked);
}

void recomputeGateUp(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves)
{
    normAgainAll(context, saves.middle, plan.postAttentionNorm, saves.secondScale);
    stackForward(plan.gateUp, context.tokens, context.space->normed, saves.gateUp, Into::Overwrite, saves.tGateUp, context.space->masked);
}

void layerBackward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, LayerPart lowest)
{
    const Workspace &space = *context.space;
    const std::int64_t n = context.tokens, inner = context.config->intermediate;
    const auto wanted = [lowest](LayerPart part) { return lowest < part ? WantInput::Yes : WantInput::No; }; // of a part's input
    // MLP
    activateAll(context, saves.gateUp);
    stackBackward(plan.down, n, space.activated, saves.tDown, space.dStream, space.dActivated, Into::Overwrite, wanted(LayerPart::Down), space.u, space.dA, space.masked);
    if (lowest == LayerPart::Down)
        return;
    forRows(n, [&](std::int64_t row, std::int64_t rows) {
        swigluBackward(saves.gateUp + row * 2 * inner, space.dActivated + row * inner, rows, inner);
    });
    normAgainAll(context, saves.middle, plan.postAttentionNorm, saves.secondScale);
    stackBackward(plan.gateUp, n, space.normed, saves.tGateUp, saves.gateUp, space.dNormed, Into::Overwrite, wanted(LayerPart::GateUp), space.u, space.dA, space.masked);
    if (lowest == LayerPart::GateUp)
        return;
    normBackwardAll(context, saves.middle, plan.postAttentionNorm, saves.secondScale);
    if (lowest == LayerPart::PostAttentionNorm)
        return;
    // Attention
    stackBackward(plan.output, n, saves.mixed, saves.tOutput, space.dStream, space.dMixed, Into::Overwrite, wanted(LayerPart::Output), space.u, space.dA, space.masked);
    if (lowest == LayerPart::Output)
        return;
    attentionBackward(context.attention, saves.qkv, saves.mixed, saves.logSums, space.dMixed, space.dQkv);
    ropeAll(context, space.dQkv, Turn::Back);
    normAgainAll(context, saves.x, plan.inputNorm, saves.firstScale);
    stackBackward(plan.qkv, n, space.normed, saves.tQkv, space.dQkv, space.dNormed, Into::Overwrite, wanted(LayerPart::Qkv), space.u, space.dA, space.masked);
    if (lowest == LayerPart::Qkv)
        return;
    normBackwardAll(context, saves.x, plan.inputNorm, saves.firstScale);
}

} // namespace fettle::model::fast
