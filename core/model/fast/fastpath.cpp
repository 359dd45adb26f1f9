// Walks up the layers, through the head, and down again to the lowest place that is trained.
#include "core/model/fast/fastpath.h"

#include "core/base/words.h"
#include "core/model/fast/gradient.h"
#include "core/model/fast/kernels.h"
#include "core/model/fast/layer.h"

#include <ATen/Parallel.h>
#include <algorithm>

namespace fettle::model::fast {

struct FastPath::State {
    std::shared_ptr<const ModelWeights> weights;
    Checkpointing checkpointing;
    StopCheck isStopped;
    WorkspaceMemory memory;
    HeadBuffer headBuffer;

    HeadLoss run(const LossBatch &batch, const Sites &sites, double gradientScale, Keep keep);
};

namespace {

void embedRows(const ModelWeights &weights, const LossBatch &batch, float *x)
{
    const std::int64_t width = weights.config.width;
    if (weights.storedEmbedding) {
        const at::Tensor rows = weights.embeddingRows(batch.packed.ids);
        std::copy_n(rows.const_data_ptr<float>(), rows.numel(), x);
        return;
    }
    const at::Tensor ids = batch.packed.ids.contiguous();
    const auto *id = ids.const_data_ptr<std::int64_t>();
    const float *table = weights.embedding.const_data_ptr<float>();
    for (std::int64_t i = 0; i < ids.numel(); ++i)
        std::copy_n(table + id[i] * width, width, x + i * width);
}

void fillRopeTables(const ModelConfig &config, const LossBatch &batch, const Workspace &space)
{
    const RopeTables tables = ropeTables(config, batch.packed.positions); // [N, D/2]
    std::copy_n(tables.cosine.const_data_ptr<float>(), tables.cosine.numel(), space.cosine);
    std::copy_n(tables.sine.const_data_ptr<float>(), tables.sine.numel(), space.sine);
}

bool isEmbeddingTrained(const ModelWeights &weights) { return !weights.storedEmbedding && weights.embedding.requires_grad(); }

// The lowest place that is trained below the last norm. Embeddings lie below layer 0.
struct Lowest {
    std::int64_t layer = 0; // the number of layers: there is none
    LayerPart part = LayerPart::Input;
};

Lowest lowestTrained(const ModelWeights &weights, const std::vector<LayerPlan> &plans)
{
    if (isEmbeddingTrained(weights))
        return {};
    for (std::size_t layer = 0; layer < plans.size(); ++layer) {
        if (const std::optional<LayerPart> part = plans[layer].lowestTrained())
            return {static_cast<std::int64_t>(layer), *part};
    }
    return {weights.config.layers, LayerPart::Input};
}

// The last norm and the head on the trained rows; their gradient goes to dStream (all other rows: 0) where the layers below want it.
HeadLoss headOfRows(const ModelWeights &weights, const LossBatch &batch, const Workspace &space, double gradientScale, WantGradient want, HeadBuffer &buffer)
{
    const std::int64_t width = weights.config.width, rows = batch.rows.numel();
    const at::Tensor order = batch.rows.contiguous();
    const auto *row = order.const_data_ptr<std::int64_t>();
    const at::Tensor chosen = at::empty({rows, width}, at::kFloat), hidden = at::empty({rows, width}, at::kFloat), scale = at::empty({rows}, at::kFloat);
    auto *x = chosen.data_ptr<float>(), *scales = scale.data_ptr<float>();
    for (std::int64_t i = 0; i < rows; ++i)
        std::copy_n(space.last + row[i] * width, width, x + i * width);
    const float *norm = weights.finalNorm.const_data_ptr<float>();
    normForward(x, norm, static_cast<float>(weights.config.rmsEpsilon), rows, width, hidden.data_ptr<float>(), scales);
    HeadLoss loss = headLoss(hidden, weights.headWeight(), batch.targets, want, gradientScale, buffer);
    if (want == WantGradient::Yes && weights.finalNorm.requires_grad())
        addNormGradient(weights.finalNorm, loss.gradient.const_data_ptr<float>(), x, scales, rows);
    if (space.dStream) {
        std::fill_n(space.dStream, batch.packed.tokens() * width, 0.0f);
        const float *gradient = loss.gradient.const_data_ptr<float>();
        for (std::int64_t i = 0; i < rows; ++i)
            normBackward(gradient + i * width, x + i * width, norm, scales + i, 1, width, space.dStream + row[i] * width);
    }
    return loss;
}

} // namespace

HeadLoss FastPath::State::run(const LossBatch &batch, const Sites &sites, double gradientScale, Keep keep)
{
    const at::NoGradGuard guard;
    const ModelConfig &config = weights->config;
    const std::int64_t tokens = batch.packed.tokens();
    std::vector<LayerPlan> plans;
    std::vector<StackRanks> ranks;
    bool hasDropout = false;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        plans.push_back(planLayer(*weights, sites, layer));
        const LayerPlan &plan = plans.back();
        ranks.push_back(plan.ranks());
        hasDropout = hasDropout || plan.qkv.hasDropout || plan.output.hasDropout || plan.gateUp.hasDropout || plan.down.hasDropout;
    }
    const Lowest lowest = lowestTrained(*weights, plans);
    const WantGradient want = keep == Keep::ForBackward ? WantGradient::Yes : WantGradient::No;
    if (lowest.layer == config.layers) // at most the head
        keep = Keep::Nothing;
    const Workspace space = memory.prepare(config, tokens, ranks, hasDropout, checkpointing, keep);
    const LayerContext context{&config, &space, {config.heads, config.keyValueHeads, config.headSize, config.slidingWindow, batch.packed.borders}, tokens};

    embedRows(*weights, batch, space.layers.front().x);
    fillRopeTables(config, batch, space);
    const auto count = static_cast<std::size_t>(config.layers);
    for (std::size_t layer = 0; layer < count; ++layer) {
        throwIfStopped(isStopped);
        layerForward(context, plans[layer], space.layers[layer], layer + 1 < count ? space.layers[layer + 1].x : space.last);
    }
    HeadLoss loss = headOfRows(*weights, batch, space, gradientScale, want, headBuffer);
    if (keep == Keep::Nothing)
        return loss;
    for (std::size_t layer = count; layer-- > static_cast<std::size_t>(lowest.layer);) {
        throwIfStopped(isStopped);
        const LayerSaves &saves = space.layers[layer];
        const bool isKept = layer + 1 == count; // shared buffers still hold the layer that ran last
        if (checkpointing == Checkpointing::Full && !isKept)
            layerForward(context, plans[layer], saves, space.last);
        else if (checkpointing == Checkpointing::Selective && !isKept)
            recomputeGateUp(context, plans[layer], saves);
        layerBackward(context, plans[layer], saves, static_cast<std::int64_t>(layer) > lowest.layer ? LayerPart::Input : lowest.part);
    }
    if (isEmbeddingTrained(*weights)) {
        const at::Tensor ids = batch.packed.ids.contiguous();
        addEmbeddingGradient(weights->embedding, {ids.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(tokens)}, space.dStream);
    }
    return loss;
}

namespace {

// Empty when the hand-written layer computes what these layers do.
std::string whyNotLayers(const ModelConfig &config)
{
    if (config.normPlaces != NormPlaces::Before || config.isNormOffset || config.queryKeyNorm != QueryKeyNorm::None)
        return tr("the layers have more norms than those of Llama");
    if (config.isFused)
        return tr("the layers have one map for queries, keys and values");
    if (config.activation != Activation::Silu)
        return tr("the activation is not SiLU");
    if (!config.slidingLayers.empty() || !config.unrotatedLayers.empty() || config.localRopeTheta > 0)
        return tr("the layers are not all alike");
    if (config.rotated() != config.headSize || config.ropeScaling.attentionFactor != 1.0)
        return tr("the rotary positions are not those of Llama");
    if (config.queryScale > 0 || config.attentionSoftcap > 0 || config.finalSoftcap > 0 || config.embeddingScale != 1.0)
        return tr("the model scales or limits its scores");
    return {};
}

} // namespace

std::string whyNot(const ModelWeights &weights, const Sites &sites)
{
    if (!sites.isLowRankOnly())
        return tr("the method changes more than linear maps");
    if (std::string reason = whyNotLayers(weights.config); !reason.empty())
        return reason;
    if (!weights.finalNorm.is_cpu() || weights.finalNorm.scalar_type() != at::kFloat)
        return tr("the weights are not on the CPU");
    for (std::int64_t layer = 0; layer < weights.config.layers; ++layer) {
        for (int map = 0; map < kLinearMaps; ++map) {
            for (const LowRank &update : sites.lowRank(layer, static_cast<LinearMap>(map))) {
                if (update.a.scalar_type() != at::kFloat || update.b.scalar_type() != at::kFloat || !update.a.is_contiguous() || !update.b.is_contiguous())
                    return tr("the adapter is not plain fp32");
            }
        }
    }
    return {};
}

FastPath::FastPath(std::shared_ptr<const ModelWeights> weights, Checkpointing checkpointing, StopCheck isStopped)
    : m_state(std::make_unique<State>(State{std::move(weights), checkpointing, std::move(isStopped), {}, {}}))
{
}
FastPath::~FastPath() = default;

HeadLoss FastPath::lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale)
{
    return m_state->run(batch, sites, gradientScale, Keep::ForBackward);
}

HeadLoss FastPath::loss(const LossBatch &batch, const Sites &sites) { return m_state->run(batch, sites, 0.0, Keep::Nothing); }

void FastPath::releaseMemory()
{
    m_state->memory.release();
    m_state->headBuffer = {};
}

} // namespace fettle::model::fast
