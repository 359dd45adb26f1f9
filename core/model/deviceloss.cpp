// Shapes: M trained rows, C width, V vocabulary.
#include "core/model/deviceloss.h"

#include "core/model/device.h"

#include <algorithm>
#include <vector>

namespace fettle::model {

namespace {

constexpr std::int64_t kLogitBytes = std::int64_t{256} << 20; // of one chunk of rows

// Gradients of what all chunks read are collected here, on the device, and go on to where it came from when the last chunk is done.
class Collector {
public:
    at::Tensor leafOf(const at::Tensor &tensor)
    {
        if (!tensor.defined() || !tensor.requires_grad())
            return tensor;
        const auto known = std::ranges::find_if(m_all, [&](const Pair &pair) { return pair.source.is_same(tensor); });
        if (known != m_all.end())
            return known->leaf;
        m_all.push_back({tensor, tensor.detach().requires_grad_()});
        return m_all.back().leaf;
    }
    // Frees the graph behind the sources as it goes.
    void passOn() const
    {
        std::vector<at::Tensor> sources, gradients;
        for (const Pair &pair : m_all) {
            if (!pair.leaf.grad().defined())
                continue;
            sources.push_back(pair.source);
            gradients.push_back(pair.leaf.grad());
        }
        if (!sources.empty())
            torch::autograd::backward(sources, gradients);
    }

private:
    struct Pair { at::Tensor source, leaf; };
    std::vector<Pair> m_all;
};

// What stands at the head, ready for chunks of rows.
struct HeadParts {
    struct Update { at::Tensor input, a, b; double scale = 1; }; // input [M, C]: the hidden states behind this update's dropout
    LinearWeight matrix;
    std::vector<Update> updates;
    double softcap = 0;

    HeadParts(const ModelWeights &weights, const HeadChange &change, const at::Tensor &hidden, Collector &collector)
        : matrix(weights.headWeight()), softcap(weights.config.finalSoftcap)
    {
        if (change.whole.defined())
            matrix = {beside(change.whole, hidden), {}, {}};
        matrix.weight = collector.leafOf(matrix.weight);
        for (const LowRank &update : change.updates) {
            updates.push_back({collector.leafOf(applyDropout(hidden, update.dropout)), collector.leafOf(beside(update.a, hidden)),
                               collector.leafOf(beside(update.b, hidden)), update.scale});
        }
    }
    // x [rows, C]: hidden states [first, first + rows).
    [[nodiscard]] at::Tensor logits(const at::Tensor &x, std::int64_t first) const
    {
        at::Tensor all = matrix.apply(x);
        for (const Update &update : updates)
            all = all + at::linear(at::linear(update.input.narrow(0, first, x.size(0)), update.a), update.b) * update.scale;
        return softcap > 0 ? at::tanh(all / softcap) * softcap : all;
    }
};

HeadLoss lossOfRows(const HeadParts &head, const at::Tensor &hidden, const at::Tensor &targets, WantGradient want, double gradientScale)
{
    const std::int64_t rows = hidden.size(0), step = std::clamp<std::int64_t>(kLogitBytes / (4 * head.matrix.outputs()), 32, 4096);
    std::vector<at::Tensor> losses;
    at::Tensor correct = at::zeros({}, targets.options());
    for (std::int64_t first = 0; first < rows; first += step) {
        const std::int64_t count = std::min(step, rows - first);
        const at::Tensor logits = head.logits(hidden.narrow(0, first, count), first), wanted = targets.narrow(0, first, count);
        const at::Tensor own = -at::log_softmax(logits, 1).gather(1, wanted.unsqueeze(1)).squeeze(1); // [rows]
        if (want == WantGradient::Yes && own.requires_grad())
            torch::autograd::backward({own.sum() * gradientScale}, {});
        losses.push_back(own.detach());
        correct = correct + (logits.detach().argmax(1) == wanted).sum();
    }
    HeadLoss outcome;
    outcome.losses = at::cat(losses, 0).cpu();
    outcome.sum = outcome.losses.sum(at::kDouble).item<double>();
    outcome.correct = correct.item<std::int64_t>();
    return outcome;
}

} // namespace

// The tensors of one pass. Trained ones that stand in two places (a tied head) are one tensor here too.
class DeviceWeights::Pass {
public:
    explicit Pass(DeviceWeights &owner) : m_owner(owner) { }

    at::Tensor vector(const at::Tensor &own) { return placed(own, at::kFloat); }
    at::Tensor matrix(const at::Tensor &own) { return placed(own, m_owner.m_matrices); }
    LinearWeight map(const LinearWeight &own) { return {own.stored ? unpacked(own.stored) : matrix(own.weight), vector(own.bias), {}}; }
    at::Tensor unpacked(const StoredRows &rows)
    {
        at::Tensor &kept = m_owner.m_frozen[rows.matrix.get()];
        if (!kept.defined())
            kept = rows.values().to(m_owner.m_device, m_owner.m_matrices);
        return kept;
    }

private:
    at::Tensor placed(const at::Tensor &own, at::ScalarType frozenType)
    {
        if (!own.defined())
            return own;
        const bool isTrained = own.requires_grad();
        at::Tensor &kept = (isTrained ? m_trained : m_owner.m_frozen)[own.unsafeGetTensorImpl()];
        if (!kept.defined())
            kept = own.to(m_owner.m_device, isTrained ? at::kFloat : frozenType);
        return kept;
    }

    DeviceWeights &m_owner;
    std::unordered_map<const void *, at::Tensor> m_trained;
};

DeviceWeights::DeviceWeights(std::shared_ptr<const ModelWeights> weights, at::Device device, at::ScalarType matrices)
    : m_weights(std::move(weights)), m_device(device), m_matrices(matrices)
{
}

std::shared_ptr<const ModelWeights> DeviceWeights::forPass()
{
    Pass pass(*this);
    auto there = std::make_shared<ModelWeights>();
    there->config = m_weights->config;
    there->embedding = m_weights->storedEmbedding ? pass.unpacked(m_weights->storedEmbedding) : pass.matrix(m_weights->embedding);
    there->head = m_weights->storedHead ? pass.unpacked(m_weights->storedHead) : pass.matrix(m_weights->head);
    there->positions = pass.vector(m_weights->positions);
    there->finalNorm = pass.vector(m_weights->finalNorm);
    there->finalNormBias = pass.vector(m_weights->finalNormBias);
    for (const LayerWeights &own : m_weights->layers) {
        LayerWeights &layer = there->layers.emplace_back();
        std::ranges::transform(own.norms, layer.norms.begin(), [&](const at::Tensor &norm) { return pass.vector(norm); });
        std::ranges::transform(own.normBiases, layer.normBiases.begin(), [&](const at::Tensor &bias) { return pass.vector(bias); });
        layer.qkv = pass.map(own.qkv);
        layer.output = pass.map(own.output);
        layer.gateUp = pass.map(own.gateUp);
        layer.down = pass.map(own.down);
    }
    return there;
}

DeviceLoss::DeviceLoss(std::shared_ptr<const ModelWeights> weights, LossOptions options)
    : m_options(std::move(options)), m_weights(std::move(weights), m_options.device, m_options.frozenProducts == fast::Factors::Bf16 ? at::kBFloat16 : at::kFloat)
{
}

at::Tensor DeviceLoss::hiddenRows(const ModelWeights &weights, const LossBatch &batch, const Sites &sites) const
{
    const PackedBatch there{batch.packed.ids.to(m_options.device), batch.packed.positions.to(m_options.device), batch.packed.borders};
    return forwardHidden(weights, there, sites, m_options.isStopped, keptWith(m_options.checkpointing)).index_select(0, batch.rows.to(m_options.device));
}

HeadLoss DeviceLoss::lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale)
{
    const at::AutoGradMode enable(true);
    const auto weights = m_weights.forPass();
    Collector collector;
    const at::Tensor hidden = hiddenRows(*weights, batch, sites), rows = collector.leafOf(hidden);
    const HeadParts head(*weights, sites.head(), hidden, collector);
    HeadLoss outcome = lossOfRows(head, rows, batch.targets.to(m_options.device), WantGradient::Yes, gradientScale);
    collector.passOn();
    return outcome;
}

HeadLoss DeviceLoss::loss(const LossBatch &batch, const Sites &sites)
{
    const at::NoGradGuard guard;
    const auto weights = m_weights.forPass();
    Collector collector;
    const at::Tensor hidden = hiddenRows(*weights, batch, sites);
    const HeadParts head(*weights, sites.head(), hidden, collector);
    return lossOfRows(head, hidden, batch.targets.to(m_options.device), WantGradient::No, 0.0);
}

} // namespace fettle::model
