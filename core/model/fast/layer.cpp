// Order of the operations of a layer; the arithmetic is in kernels.cpp, stack.cpp, branch.cpp and attention.cpp.
#include "core/model/fast/layer.h"

#include "core/model/fast/kernels.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <array>

namespace fettle::model::fast {

namespace {

constexpr std::int64_t kGrainRows = 32;

template <class Work>
void forRows(std::int64_t rows, const Work &work)
{
    at::parallel_for(0, rows, kGrainRows, [&](std::int64_t begin, std::int64_t end) { work(begin, end - begin); });
}

enum class Norms { Compute, Again }; // Again: the scales are known

// x through a norm, in space.normed; x itself where there is none.
const float *throughNorm(const LayerContext &context, const float *x, const NormPlan &norm, float *scale, Norms how)
{
    if (!norm.isThere())
        return x;
    const std::int64_t width = context.config->width;
    const float *weight = norm.values.const_data_ptr<float>();
    const auto epsilon = static_cast<float>(context.config->rmsEpsilon);
    float *normed = context.space->normed;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        const std::int64_t first = row * width;
        if (how == Norms::Compute)
            normForward(x + first, weight, epsilon, rows, width, normed + first, scale + row);
        else
            normAgain(x + first, weight, scale + row, rows, width, normed + first);
    });
    return normed;
}

// dStream += gradient through the norm of what lies in dNormed.
void backThroughNorm(const LayerContext &context, const float *x, const NormPlan &norm, const float *scale)
{
    const std::int64_t width = context.config->width;
    const Workspace &space = *context.space;
    if (norm.trained.defined())
        addNormGradient(norm.trained, {space.dNormed, x, scale, width, width, 1, context.tokens, 1});
    const float *weight = norm.isThere() ? norm.values.const_data_ptr<float>() : nullptr;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        const std::int64_t first = row * width;
        if (weight)
            normBackward(space.dNormed + first, x + first, weight, scale + row, rows, width, space.dStream + first);
        else
            addRows(space.dStream + first, space.dNormed + first, rows * width);
    });
}

// The heads of q, or of k, in a row of qkv; as one where they are normalised together.
struct HeadGroup {
    const NormPlan *norm;
    std::int64_t column, scaleColumn, groups, width;
};

std::array<HeadGroup, 2> headGroups(const ModelConfig &config, const LayerPlan &plan)
{
    const bool isWhole = config.queryKeyNorm == QueryKeyNorm::Projection;
    const auto group = [&](const NormPlan &norm, std::int64_t column, std::int64_t scaleColumn, std::int64_t heads) {
        return HeadGroup{&norm, column, scaleColumn, isWhole ? 1 : heads, isWhole ? heads * config.headSize : config.headSize};
    };
    return {group(plan.queryNorm, 0, 0, config.heads), group(plan.keyNorm, config.queryWidth(), config.heads, config.keyValueHeads)};
}

void normHeads(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves)
{
    const ModelConfig &config = *context.config;
    const std::int64_t kept = config.queryWidth() + config.keyValueWidth(), stride = kept + config.keyValueWidth(), scales = config.heads + config.keyValueHeads;
    const auto epsilon = static_cast<float>(config.rmsEpsilon);
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        for (std::int64_t i = row; i < row + rows; ++i) {
            std::copy_n(saves.qkv + i * stride, kept, saves.heads + i * kept);
            for (const HeadGroup &group : headGroups(config, plan)) {
                normForward(saves.heads + i * kept + group.column, group.norm->values.const_data_ptr<float>(), epsilon, group.groups, group.width,
                            saves.qkv + i * stride + group.column, saves.headScales + i * scales + group.scaleColumn);
            }
        }
    });
}

// dQkv becomes the gradient of q and k before their norms.
void backThroughHeads(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves)
{
    const ModelConfig &config = *context.config;
    const std::int64_t kept = config.queryWidth() + config.keyValueWidth(), stride = kept + config.keyValueWidth(), scales = config.heads + config.keyValueHeads;
    float *dQkv = context.space->dQkv;
    for (const HeadGroup &group : headGroups(config, plan)) {
        if (group.norm->trained.defined())
            addNormGradient(group.norm->trained, {dQkv + group.column, saves.heads + group.column, saves.headScales + group.scaleColumn, stride, kept, scales, context.tokens, group.groups});
    }
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        std::vector<float> dOut(static_cast<std::size_t>(kept));
        for (std::int64_t i = row; i < row + rows; ++i) {
            std::copy_n(dQkv + i * stride, kept, dOut.data());
            std::fill_n(dQkv + i * stride, kept, 0.0f);
            for (const HeadGroup &group : headGroups(config, plan)) {
                normBackward(dOut.data() + group.column, saves.heads + i * kept + group.column, group.norm->values.const_data_ptr<float>(),
                             saves.headScales + i * scales + group.scaleColumn, group.groups, group.width, dQkv + i * stride + group.column);
            }
        }
    });
}

void ropeAll(const LayerContext &context, const LayerPlan &plan, float *qkv, Turn turn)
{
    if (!plan.isRotated)
        return;
    const ModelConfig &config = *context.config;
    const std::int64_t stride = config.queryWidth() + 2 * config.keyValueWidth(), half = config.rotated() / 2;
    const bool isLocal = plan.positions == RopeKind::Local;
    const float *cosine = isLocal ? context.space->localCosine : context.space->cosine, *sine = isLocal ? context.space->localSine : context.space->sine;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        rope(qkv + row * stride, stride, config.heads + config.keyValueHeads, config.headSize, 2 * half, cosine + row * half, sine + row * half, rows, turn);
    });
}

void activateAll(const LayerContext &context, const float *gateUp)
{
    const std::int64_t width = context.config->intermediate;
    const auto activate = context.config->activation == Activation::GeluTanh ? gegluForward : swigluForward;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        activate(gateUp + row * 2 * width, rows, width, context.space->activated + row * width);
    });
}

void backThroughActivation(const LayerContext &context, float *gateUp)
{
    const std::int64_t width = context.config->intermediate;
    const auto back = context.config->activation == Activation::GeluTanh ? gegluBackward : swigluBackward;
    forRows(context.tokens, [&](std::int64_t row, std::int64_t rows) {
        back(gateUp + row * 2 * width, context.space->dActivated + row * width, rows, width);
    });
}

AttentionShape attentionOf(const LayerContext &context, const LayerPlan &plan)
{
    const ModelConfig &config = *context.config;
    AttentionShape shape{config.heads, config.keyValueHeads, config.headSize, plan.window, static_cast<float>(config.attentionScale()), context.borders};
    if (plan.prefixKeys.defined()) {
        shape.prefixTokens = plan.prefixKeys.size(0);
        shape.prefixKeys = plan.prefixKeys.const_data_ptr<float>();
        shape.prefixValues = plan.prefixValues.const_data_ptr<float>();
    }
    return shape;
}

BranchContext branchContext(const LayerContext &context)
{
    return {context.tokens, context.config->width, static_cast<float>(context.config->rmsEpsilon), context.space};
}

bool isTrained(const NormPlan &norm) { return norm.trained.defined(); }
bool isTrained(const std::optional<NetPlan> &net) { return net && net->isTrained(); }

std::optional<NetPlan> planNet(const Sites &sites, std::int64_t layer, ResidualSite site)
{
    std::optional<Bottleneck> net = sites.bottleneck(layer, site);
    if (!net)
        return {};
    const std::int64_t narrow = net->down.size(0), width = net->down.size(1);
    return NetPlan{std::move(*net), width, narrow};
}

// All of a layer below its last product: what that reads lies in space.activated.
void forwardToActivation(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves)
{
    const Workspace &space = *context.space;
    const std::int64_t n = context.tokens;
    const float *input = throughNorm(context, saves.x, plan.inputNorm, saves.firstScale, Norms::Compute);
    stackForward(plan.qkv, n, input, saves.qkv, Into::Overwrite, saves.ofQkv, space.work.scratch);
    if (plan.queryNorm.isThere())
        normHeads(context, plan, saves);
    ropeAll(context, plan, saves.qkv, Turn::Forward);
    attentionForward(attentionOf(context, plan), saves.qkv, saves.mixed, saves.logSums);
    branchForward(branchContext(context), plan.attention, saves.mixed, saves.x, saves.attention, saves.ofOutput, saves.middle);

    input = throughNorm(context, saves.middle, plan.middleNorm, saves.secondScale, Norms::Compute);
    stackForward(plan.gateUp, n, input, saves.gateUp, Into::Overwrite, saves.ofGateUp, space.work.scratch);
    activateAll(context, saves.gateUp);
}

} // namespace

std::optional<LayerPart> LayerPlan::lowestTrained() const
{
    const std::pair<LayerPart, bool> parts[] = {{LayerPart::InputNorm, isTrained(inputNorm)},
                                                {LayerPart::Qkv, isTrained(qkv)},
                                                {LayerPart::HeadNorms, isTrained(queryNorm) || isTrained(keyNorm)},
                                                {LayerPart::Prefix, dPrefixKeys.defined() || dPrefixValues.defined()},
                                                {LayerPart::Output, isTrained(attention.stack)},
                                                {LayerPart::AttentionNorm, isTrained(attention.norm)},
                                                {LayerPart::AttentionNet, isTrained(attention.net)},
                                                {LayerPart::MiddleNorm, isTrained(middleNorm)},
                                                {LayerPart::GateUp, isTrained(gateUp)},
                                                {LayerPart::Down, isTrained(mlp.stack)},
                                                {LayerPart::MlpNorm, isTrained(mlp.norm)},
                                                {LayerPart::MlpNet, isTrained(mlp.net)}};
    for (const auto &[part, isPartTrained] : parts) {
        if (isPartTrained)
            return part;
    }
    return {};
}

LayerNeeds LayerPlan::needs() const
{
    return {qkv.needs(), attention.stack.needs(), gateUp.needs(), mlp.stack.needs(), attention.needs(), mlp.needs(), queryNorm.isThere()};
}

void LayerPlan::addTo(SharedNeeds &needs) const
{
    for (const Stack *stack : {&qkv, &gateUp, &attention.stack, &mlp.stack})
        needs.hasScratch = needs.hasScratch || stack->hasDropout || stack->inputGain;
    for (const BranchPlan *branch : {&attention, &mlp}) {
        needs.hasBranch = needs.hasBranch || branch->isApart() || branch->net;
        needs.hasScratch = needs.hasScratch || (branch->net && branch->net->net.dropout.probability > 0.0);
    }
}

void LayerPlan::roundFrozen(Factors factors)
{
    for (Stack *stack : {&qkv, &gateUp, &attention.stack, &mlp.stack})
        stack->factors = stack->trainedWeight.defined() ? Factors::Fp32 : factors;
}

NormPlan planNorm(const ModelConfig &config, const at::Tensor &weight)
{
    if (!weight.defined())
        return {};
    return {config.isNormOffset ? weight.detach() + 1.0 : weight.detach(), weight.requires_grad() ? weight : at::Tensor()};
}

LayerPlan planLayer(const ModelWeights &weights, const Sites &sites, std::int64_t layer, GraphGradients &graph)
{
    const ModelConfig &config = weights.config;
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    const auto norm = [&](Norm which) { return planNorm(config, here.norm(which)); };
    static constexpr std::array kApart{LinearMap::Query, LinearMap::Key, LinearMap::Value, LinearMap::Gate, LinearMap::Up, LinearMap::Output, LinearMap::Down};
    static constexpr std::array kFused{LinearMap::QueryKeyValue, LinearMap::GateUp};
    const auto maps = std::span<const LinearMap>(kApart);
    const auto attention = config.isFused ? std::span<const LinearMap>(kFused).first(1) : maps.first(3);
    const auto gates = config.isFused ? std::span<const LinearMap>(kFused).last(1) : maps.subspan(3, 2);
    LayerPlan plan;
    plan.inputNorm = norm(Norm::BeforeAttention);
    plan.queryNorm = norm(Norm::Query);
    plan.keyNorm = norm(Norm::Key);
    plan.middleNorm = norm(Norm::BeforeMlp);
    plan.qkv = makeStack(here.qkv, config, sites, layer, attention, graph);
    plan.gateUp = makeStack(here.gateUp, config, sites, layer, gates, graph);
    plan.attention = {makeStack(here.output, config, sites, layer, maps.subspan(5, 1), graph), norm(Norm::AfterAttention), planNet(sites, layer, ResidualSite::AfterAttention)};
    plan.mlp = {makeStack(here.down, config, sites, layer, maps.last(1), graph), norm(Norm::AfterMlp), planNet(sites, layer, ResidualSite::AfterMlp)};
    if (const PrefixKeyValues prefix = sites.prefix(layer); prefix.keys.defined()) {
        plan.prefixKeys = prefix.keys.detach().contiguous();
        plan.prefixValues = prefix.values.detach().contiguous();
        plan.dPrefixKeys = graph.of(prefix.keys);
        plan.dPrefixValues = graph.of(prefix.values);
    }
    plan.window = config.windowOf(layer);
    plan.isRotated = config.isRotated(layer);
    plan.positions = config.ropeOf(layer);
    return plan;
}

void layerForward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *next)
{
    forwardToActivation(context, plan, saves);
    branchForward(branchContext(context), plan.mlp, context.space->activated, saves.middle, saves.mlp, saves.ofDown, next);
}

void recomputeLayer(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *unwanted)
{
    if (!plan.mlp.isOutputFree())
        return layerForward(context, plan, saves, unwanted);
    forwardToActivation(context, plan, saves);
    lowRankForward(plan.mlp.stack, context.tokens, context.space->activated, saves.ofDown, context.space->work.scratch);
}

void recomputeGateUp(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves)
{
    const float *input = throughNorm(context, saves.middle, plan.middleNorm, saves.secondScale, Norms::Again);
    stackForward(plan.gateUp, context.tokens, input, saves.gateUp, Into::Overwrite, saves.ofGateUp, context.space->work.scratch);
}

void layerBackward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, LayerPart lowest)
{
    const Workspace &space = *context.space;
    const std::int64_t n = context.tokens;
    const auto wanted = [lowest](LayerPart part) { return lowest < part ? WantInput::Yes : WantInput::No; }; // of a part's input
    const auto inBranch = [lowest](LayerPart norm, LayerPart net) { return lowest == net ? BranchPart::Net : lowest == norm ? BranchPart::Norm : BranchPart::Stack; };
    // MLP
    float *dBranch = branchBackward(branchContext(context), plan.mlp, saves.middle, saves.mlp, inBranch(LayerPart::MlpNorm, LayerPart::MlpNet));
    if (lowest >= LayerPart::MlpNorm)
        return;
    activateAll(context, saves.gateUp);
    stackBackward(plan.mlp.stack, n, space.activated, saves.ofDown, dBranch, space.dActivated, wanted(LayerPart::Down), space.work);
    if (lowest == LayerPart::Down)
        return;
    backThroughActivation(context, saves.gateUp);
    const float *input = throughNorm(context, saves.middle, plan.middleNorm, saves.secondScale, Norms::Again);
    stackBackward(plan.gateUp, n, input, saves.ofGateUp, saves.gateUp, space.dNormed, wanted(LayerPart::GateUp), space.work);
    if (lowest == LayerPart::GateUp)
        return;
    backThroughNorm(context, saves.middle, plan.middleNorm, saves.secondScale);
    if (lowest == LayerPart::MiddleNorm)
        return;
    // Attention
    dBranch = branchBackward(branchContext(context), plan.attention, saves.x, saves.attention, inBranch(LayerPart::AttentionNorm, LayerPart::AttentionNet));
    if (lowest >= LayerPart::AttentionNorm)
        return;
    stackBackward(plan.attention.stack, n, saves.mixed, saves.ofOutput, dBranch, space.dMixed, wanted(LayerPart::Output), space.work);
    if (lowest == LayerPart::Output)
        return;
    const auto valuesOf = [](const at::Tensor &tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; };
    attentionBackward(attentionOf(context, plan), saves.qkv, saves.mixed, saves.logSums, space.dMixed, space.dQkv, valuesOf(plan.dPrefixKeys), valuesOf(plan.dPrefixValues));
    if (lowest == LayerPart::Prefix)
        return;
    ropeAll(context, plan, space.dQkv, Turn::Back);
    if (plan.queryNorm.isThere())
        backThroughHeads(context, plan, saves);
    if (lowest == LayerPart::HeadNorms)
        return;
    input = throughNorm(context, saves.x, plan.inputNorm, saves.firstScale, Norms::Again);
    stackBackward(plan.qkv, n, input, saves.ofQkv, space.dQkv, space.dNormed, wanted(LayerPart::Qkv), space.work);
    if (lowest == LayerPart::Qkv)
        return;
    backThroughNorm(context, saves.x, plan.inputNorm, saves.firstScale);
}

} // namespace fettle::model::fast
