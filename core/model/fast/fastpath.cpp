// Walks up the layers, through the head, and down again to the lowest place that is trained.
#include "core/model/fast/fastpath.h"

#include "core/base/words.h"
#include "core/model/fast/kernels.h"
#include "core/model/fast/layer.h"

#include <algorithm>

namespace fettle::model::fast {

struct FastPath::State {
    std::shared_ptr<const ModelWeights> weights;
    Checkpointing checkpointing;
    Factors frozenProducts;
    StopCheck isStopped;
    WorkspaceMemory memory;
    HeadBuffer headBuffer;

    tl::expected<HeadLoss, std::string> run(const LossBatch &batch, const Sites &sites, double gradientScale, Keep keep);
};

namespace {

// The batch as the layers see it: with virtual tokens in front of each document.
struct PassInput {
    std::vector<std::int64_t> ids;       // [N]; -1 - i: virtual token i
    at::Tensor positions;                // [N]
    std::vector<std::int64_t> borders;
    std::vector<std::int64_t> headRows;  // [M] the rows that reach the head
    [[nodiscard]] std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
};

PassInput passInput(const LossBatch &batch, std::int64_t virtualTokens, std::int64_t firstPosition)
{
    const at::Tensor ids = batch.packed.ids.contiguous(), positions = batch.packed.positions.contiguous(), rows = batch.rows.contiguous();
    const auto *id = ids.const_data_ptr<std::int64_t>(), *position = positions.const_data_ptr<std::int64_t>(), *row = rows.const_data_ptr<std::int64_t>();
    PassInput input;
    input.borders.push_back(0);
    std::vector<std::int64_t> places;
    std::int64_t next = 0; // of the rows that are trained
    for (std::size_t document = 0; document + 1 < batch.packed.borders.size(); ++document) {
        for (std::int64_t i = 0; i < virtualTokens; ++i) {
            input.ids.push_back(-1 - i);
            places.push_back(firstPosition + i);
        }
        for (std::int64_t i = batch.packed.borders[document]; i < batch.packed.borders[document + 1]; ++i) {
            if (next < rows.numel() && row[next] == i) {
                input.headRows.push_back(input.tokens());
                ++next;
            }
            input.ids.push_back(id[i]);
            places.push_back(position[i] + firstPosition + virtualTokens);
        }
        input.borders.push_back(input.tokens());
    }
    input.positions = at::tensor(places, at::kLong);
    return input;
}

void embedRows(const ModelWeights &weights, const PassInput &input, const at::Tensor &virtualTokens, float *x)
{
    const std::int64_t width = weights.config.width;
    const float *extra = virtualTokens.defined() ? virtualTokens.const_data_ptr<float>() : nullptr;
    const float *table = weights.storedEmbedding ? nullptr : weights.embedding.const_data_ptr<float>();
    at::Tensor unpacked; // [N, C] of a table that is stored rounded; of virtual tokens: any row
    if (weights.storedEmbedding)
        unpacked = weights.embeddingRows(at::tensor(input.ids, at::kLong).clamp_min(0));
    const float *row = unpacked.defined() ? unpacked.const_data_ptr<float>() : nullptr;
    const auto scale = static_cast<float>(weights.config.embeddingScale);
    for (std::size_t place = 0; place < input.ids.size(); ++place) {
        const std::int64_t id = input.ids[place];
        std::copy_n(id < 0 ? extra + (-1 - id) * width : row ? row + static_cast<std::int64_t>(place) * width : table + id * width, width, x);
        for (std::int64_t i = 0; i < width && id >= 0 && scale != 1.0f; ++i)
            x[i] *= scale;
        x += width;
    }
}

void fillRopeTables(const ModelConfig &config, const PassInput &input, const Workspace &space)
{
    const auto fill = [&](RopeKind kind, float *cosine, float *sine) {
        const RopeTables tables = ropeTables(config, input.positions, kind); // [N, rotated/2]
        std::copy_n(tables.cosine.const_data_ptr<float>(), tables.cosine.numel(), cosine);
        std::copy_n(tables.sine.const_data_ptr<float>(), tables.sine.numel(), sine);
    };
    fill(RopeKind::Global, space.cosine, space.sine);
    if (config.localRopeTheta > 0)
        fill(RopeKind::Local, space.localCosine, space.localSine);
}

// What one pass does: the layers with what is placed there, and which gradients are wanted.
struct PassPlan {
    std::vector<LayerPlan> layers;
    NormPlan finalNorm;
    at::Tensor virtualTokens, dVirtualTokens; // [P, C]; undefined: none
    GraphGradients graph;
    // The lowest place that is trained below the last norm. Embeddings and virtual tokens lie below layer 0.
    std::int64_t lowestLayer = 0; // the number of layers: there is none
    LayerPart lowestPart = LayerPart::Input;
};

bool isEmbeddingTrained(const ModelWeights &weights) { return !weights.storedEmbedding && weights.embedding.requires_grad(); }

bool isPlain(const at::Tensor &tensor) { return tensor.scalar_type() == at::kFloat && tensor.is_contiguous(); }

// Empty when the hand-written layer computes this.
std::string whyNotLayer(const LayerPlan &plan)
{
    for (const Stack *stack : {&plan.qkv, &plan.attention.stack, &plan.gateUp, &plan.mlp.stack}) {
        for (const StackPart &part : stack->parts) {
            if (!isPlain(part.update.a) || !isPlain(part.update.b))
                return tr("the adapter is not plain fp32");
        }
        if (stack->inputGain && (stack->maps > 1 || stack->rank > 0))
            return tr("factors stand in front of a map whose input others read too");
    }
    for (const BranchPlan *branch : {&plan.attention, &plan.mlp}) {
        if (!branch->net)
            continue;
        const Bottleneck &net = branch->net->net;
        if (!isPlain(net.down) || !isPlain(net.downBias) || !isPlain(net.up) || !isPlain(net.upBias))
            return tr("the adapter is not plain fp32");
        if (branch->norm.isThere())
            return tr("there are norms where the adapter stands");
    }
    return plan.window > 0 && plan.prefixKeys.defined() ? tr("a prefix stands in front of a window") : std::string();
}

// An error: why the fast path cannot run this.
tl::expected<PassPlan, std::string> planPass(const ModelWeights &weights, const Sites &sites, Keep keep, Factors frozenProducts = Factors::Fp32)
{
    if (!sites.isDescribed())
        return tl::unexpected(tr("the method changes more than the fast path knows"));
    if (weights.config.hasLayerNorm || !weights.config.hasGate)
        return tl::unexpected(tr("the layers are not those of Llama and its kin"));
    if (weights.config.attentionSoftcap > 0)
        return tl::unexpected(tr("the model limits its attention scores"));
    if (!weights.finalNorm.is_cpu() || weights.finalNorm.scalar_type() != at::kFloat)
        return tl::unexpected(tr("the weights are not on the CPU"));
    const at::AutoGradMode mode(keep == Keep::ForBackward); // what factors and prefixes come out of
    PassPlan plan;
    sites.beginPass();
    for (std::int64_t layer = 0; layer < weights.config.layers; ++layer) {
        plan.layers.push_back(planLayer(weights, sites, layer, plan.graph));
        if (std::string reason = whyNotLayer(plan.layers.back()); !reason.empty())
            return tl::unexpected(std::move(reason));
        plan.layers.back().roundFrozen(frozenProducts);
    }
    plan.finalNorm = planNorm(weights.config, weights.finalNorm);
    if (const at::Tensor tokens = sites.virtualTokens(); tokens.defined()) {
        plan.virtualTokens = tokens.detach().contiguous();
        plan.dVirtualTokens = plan.graph.of(tokens);
    }
    if (isEmbeddingTrained(weights) || plan.dVirtualTokens.defined())
        return plan;
    for (; plan.lowestLayer < weights.config.layers; ++plan.lowestLayer) {
        if (const std::optional<LayerPart> part = plan.layers[static_cast<std::size_t>(plan.lowestLayer)].lowestTrained()) {
            plan.lowestPart = *part;
            break;
        }
    }
    return plan;
}

// The last norm and the head on the trained rows; their gradient goes to dStream (all other rows: 0) where the layers below want it.
HeadLoss headOfRows(const ModelWeights &weights, const PassPlan &plan, const PassInput &input, const at::Tensor &targets, const Workspace &space, double gradientScale,
                    WantGradient want, Factors frozenProducts, HeadBuffer &buffer)
{
    const std::int64_t width = weights.config.width, rows = static_cast<std::int64_t>(input.headRows.size());
    const std::int64_t *row = input.headRows.data();
    const at::Tensor chosen = at::empty({rows, width}, at::kFloat), hidden = at::empty({rows, width}, at::kFloat), scale = at::empty({rows}, at::kFloat);
    auto *x = chosen.data_ptr<float>(), *scales = scale.data_ptr<float>();
    for (std::int64_t i = 0; i < rows; ++i)
        std::copy_n(space.last + row[i] * width, width, x + i * width);
    const float *norm = plan.finalNorm.values.const_data_ptr<float>();
    normForward(x, norm, static_cast<float>(weights.config.rmsEpsilon), rows, width, hidden.data_ptr<float>(), scales);
    HeadLoss loss = headLoss(hidden, weights.headWeight(), targets, want, gradientScale, buffer, weights.config.finalSoftcap, {}, frozenProducts);
    if (want == WantGradient::Yes && plan.finalNorm.trained.defined())
        addNormGradient(plan.finalNorm.trained, {loss.gradient.const_data_ptr<float>(), x, scales, width, width, 1, rows, 1});
    if (space.dStream) {
        std::fill_n(space.dStream, input.tokens() * width, 0.0f);
        const float *gradient = loss.gradient.const_data_ptr<float>();
        for (std::int64_t i = 0; i < rows; ++i)
            normBackward(gradient + i * width, x + i * width, norm, scales + i, 1, width, space.dStream + row[i] * width);
    }
    return loss;
}

// dStream is the gradient of what layer 0 read.
void addInputGradients(const ModelWeights &weights, const PassPlan &plan, const PassInput &input, const Workspace &space)
{
    const std::int64_t width = weights.config.width;
    if (isEmbeddingTrained(weights))
        addEmbeddingGradient(weights.embedding, input.ids, space.dStream, static_cast<float>(weights.config.embeddingScale));
    if (!plan.dVirtualTokens.defined())
        return;
    auto *gradient = plan.dVirtualTokens.data_ptr<float>();
    for (std::size_t row = 0; row < input.ids.size(); ++row) {
        if (input.ids[row] < 0)
            addRows(gradient + (-1 - input.ids[row]) * width, space.dStream + static_cast<std::int64_t>(row) * width, width);
    }
}

} // namespace

tl::expected<HeadLoss, std::string> FastPath::State::run(const LossBatch &batch, const Sites &sites, double gradientScale, Keep keep)
{
    const at::NoGradGuard guard;
    const ModelConfig &config = weights->config;
    const WantGradient want = keep == Keep::ForBackward ? WantGradient::Yes : WantGradient::No;
    const Factors factors = want == WantGradient::Yes ? frozenProducts : Factors::Fp32;
    auto planned = planPass(*weights, sites, keep, factors);
    if (!planned)
        return tl::unexpected(std::move(planned.error()));
    PassPlan &plan = *planned;
    const PassInput input = passInput(batch, plan.virtualTokens.defined() ? plan.virtualTokens.size(0) : 0, sites.firstPosition());
    std::vector<LayerNeeds> needs;
    SharedNeeds shared;
    for (const LayerPlan &layer : plan.layers) {
        needs.push_back(layer.needs());
        layer.addTo(shared);
    }
    if (plan.lowestLayer == config.layers) // at most the head
        keep = Keep::Nothing;
    const Workspace space = memory.prepare(config, input.tokens(), needs, shared, checkpointing, keep);
    const LayerContext context{&config, &space, input.borders, input.tokens()};

    embedRows(*weights, input, plan.virtualTokens, space.layers.front().x);
    fillRopeTables(config, input, space);
    const auto count = static_cast<std::size_t>(config.layers);
    for (std::size_t layer = 0; layer < count; ++layer) {
        throwIfStopped(isStopped);
        layerForward(context, plan.layers[layer], space.layers[layer], layer + 1 < count ? space.layers[layer + 1].x : space.last);
    }
    HeadLoss loss = headOfRows(*weights, plan, input, batch.targets, space, gradientScale, want, factors, headBuffer);
    if (keep == Keep::Nothing)
        return loss;
    for (std::size_t layer = count; layer-- > static_cast<std::size_t>(plan.lowestLayer);) {
        throwIfStopped(isStopped);
        const LayerSaves &saves = space.layers[layer];
        const bool isKept = layer + 1 == count; // shared buffers still hold the layer that ran last
        if (checkpointing == Checkpointing::Full && !isKept)
            recomputeLayer(context, plan.layers[layer], saves, space.last);
        else if (checkpointing == Checkpointing::Selective && !isKept)
            recomputeGateUp(context, plan.layers[layer], saves);
        layerBackward(context, plan.layers[layer], saves, static_cast<std::int64_t>(layer) > plan.lowestLayer ? LayerPart::Input : plan.lowestPart);
    }
    if (plan.lowestLayer == 0 && plan.lowestPart == LayerPart::Input)
        addInputGradients(*weights, plan, input, space);
    plan.graph.send();
    return loss;
}

std::string whyNot(const ModelWeights &weights, const Sites &sites)
{
    const auto planned = planPass(weights, sites, Keep::Nothing);
    return planned ? std::string() : planned.error();
}

FastPath::FastPath(std::shared_ptr<const ModelWeights> weights, Checkpointing checkpointing, Factors frozenProducts, StopCheck isStopped)
    : m_state(std::make_unique<State>(State{std::move(weights), checkpointing, frozenProducts, std::move(isStopped), {}, {}}))
{
}
FastPath::~FastPath() = default;

tl::expected<HeadLoss, std::string> FastPath::lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale)
{
    return m_state->run(batch, sites, gradientScale, Keep::ForBackward);
}

tl::expected<HeadLoss, std::string> FastPath::loss(const LossBatch &batch, const Sites &sites) { return m_state->run(batch, sites, 0.0, Keep::Nothing); }

void FastPath::releaseMemory()
{
    m_state->memory.release();
    m_state->headBuffer = {};
}

} // namespace fettle::model::fast
