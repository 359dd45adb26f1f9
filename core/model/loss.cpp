// Chooses the path for a micro-batch and keeps exceptions inside.
#include "core/model/loss.h"

#include "core/base/words.h"
#include "core/model/device.h"
#include "core/model/deviceloss.h"
#include "core/model/fast/fastpath.h"
#include "core/model/headloss.h"
#include "core/model/torcherror.h"

#include <fmt/format.h>
#include <functional>
#include <optional>

namespace fettle::model {

struct LossEngine::State {
    State(std::shared_ptr<const ModelWeights> modelWeights, LossOptions lossOptions)
        : weights(std::move(modelWeights)), options(std::move(lossOptions)), fastPath(weights, options.checkpointing, options.frozenProducts, options.isStopped)
    {
        if (!options.device.is_cpu()) {
            elsewhere.emplace(weights, options);
            plainReason = "it is computed on another device";
        }
    }

    std::shared_ptr<const ModelWeights> weights;
    LossOptions options;
    std::string plainReason;
    fast::FastPath fastPath;
    HeadBuffer headBuffer; // of the plain path
    std::optional<DeviceLoss> elsewhere; // where the options name another device than the processor

    // What the fast path gives for this call; nothing where the plain path is to be taken. Errors: BadInput when the fast path was demanded and
    // cannot run.
    Result<std::optional<HeadLoss>> tryFastPath(const std::function<tl::expected<HeadLoss, std::string>()> &run)
    {
        plainReason = options.path == LossPath::Plain ? "it was asked for" : "";
        if (!plainReason.empty())
            return std::optional<HeadLoss>();
        auto outcome = run();
        if (outcome)
            return std::optional(std::move(*outcome));
        plainReason = outcome.error();
        if (options.path == LossPath::Fast)
            return fail(ErrorCode::BadInput, tr("The fast path cannot run: {}.", plainReason));
        return std::optional<HeadLoss>();
    }
};

namespace {

Result<> checkLossBatch(const ModelConfig &config, const LossBatch &batch)
{
    if (auto checked = checkBatch(config, batch.packed); !checked)
        return checked;
    if (!batch.rows.defined() || !batch.targets.defined() || batch.rows.numel() != batch.targets.numel() || batch.rows.numel() < 1)
        return fail(ErrorCode::BadInput, tr("A batch has no trained tokens."), tr("Check that the answers are not cut off by the maximum length."));
    const at::Tensor rows = batch.rows.contiguous(), targets = batch.targets.contiguous();
    const auto *row = rows.const_data_ptr<std::int64_t>(), *target = targets.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < rows.numel(); ++i) {
        if (row[i] < 0 || row[i] >= batch.packed.tokens() || (i > 0 && row[i] <= row[i - 1]))
            return fail(ErrorCode::BadInput, tr("Trained row {} of a batch is out of order or outside its {} tokens.", row[i], batch.packed.tokens()));
        if (target[i] < 0 || target[i] >= config.vocabulary)
            return fail(ErrorCode::BadInput, tr("Target token {} is outside the model's vocabulary of {}.", target[i], config.vocabulary));
    }
    return {};
}

LossOutcome outcomeOf(HeadLoss loss)
{
    return {loss.sum, loss.losses.size(0), loss.correct, std::move(loss.losses)};
}

LossOutcome plainLossAndGradient(const ModelWeights &weights, const LossBatch &batch, const Sites &sites, double gradientScale, HeadBuffer &buffer,
                                 const LossOptions &options)
{
    const at::AutoGradMode enable(true);
    const at::Tensor hidden = forwardHidden(weights, batch.packed, sites, options.isStopped, keptWith(options.checkpointing)).index_select(0, batch.rows); // [M, C]
    HeadLoss loss = headLoss(hidden.detach(), weights.headWeight(), batch.targets, WantGradient::Yes, gradientScale, buffer, weights.config.finalSoftcap, sites.head());
    if (hidden.requires_grad())
        torch::autograd::backward({hidden}, {loss.gradient});
    return outcomeOf(std::move(loss));
}

} // namespace

LossEngine::LossEngine(std::shared_ptr<const ModelWeights> weights, LossOptions options)
    : m_state(std::make_unique<State>(std::move(weights), std::move(options)))
{
}
LossEngine::~LossEngine() = default;

Result<LossOutcome> LossEngine::lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale)
try {
    if (auto checked = checkLossBatch(m_state->weights->config, batch); !checked)
        return passError(checked);
    if (m_state->elsewhere)
        return outcomeOf(m_state->elsewhere->lossAndGradient(batch, sites, gradientScale));
    auto fast = m_state->tryFastPath([&] { return m_state->fastPath.lossAndGradient(batch, sites, gradientScale); });
    if (!fast)
        return passError(fast);
    if (*fast)
        return outcomeOf(std::move(**fast));
    return plainLossAndGradient(*m_state->weights, batch, sites, gradientScale, m_state->headBuffer, m_state->options);
} catch (const std::exception &exception) {
    return tl::unexpected(errorFromException(exception, "training"));
}

Result<LossOutcome> LossEngine::loss(const LossBatch &batch, const Sites &sites)
try {
    if (auto checked = checkLossBatch(m_state->weights->config, batch); !checked)
        return passError(checked);
    if (m_state->elsewhere)
        return outcomeOf(m_state->elsewhere->loss(batch, sites));
    auto fast = m_state->tryFastPath([&] { return m_state->fastPath.loss(batch, sites); });
    if (!fast)
        return passError(fast);
    if (*fast)
        return outcomeOf(std::move(**fast));
    const at::NoGradGuard guard;
    const at::Tensor hidden = forwardHidden(*m_state->weights, batch.packed, sites, m_state->options.isStopped).index_select(0, batch.rows);
    return outcomeOf(headLoss(hidden, m_state->weights->headWeight(), batch.targets, WantGradient::No, 0.0, m_state->headBuffer,
                              m_state->weights->config.finalSoftcap, sites.head()));
} catch (const std::exception &exception) {
    return tl::unexpected(errorFromException(exception, tr("computing the loss")));
}

const std::string &LossEngine::plainPathReason() const { return m_state->plainReason; }
void LossEngine::releaseMemory()
{
    m_state->fastPath.releaseMemory();
    m_state->headBuffer = {};
    if (m_state->elsewhere)
        returnDeviceMemory(m_state->options.device);
}

} // namespace fettle::model
