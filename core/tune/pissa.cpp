// PiSSA (Meng et al. 2024): A and B begin as the strongest directions of W, and what they begin with is subtracted from W. The base weights
// stay as they are: the subtracted part is a second, fixed pair, so that nothing changes at the start. Files hold plain LoRA of twice the
// rank, [A; A0] and [B, -B0], which is what PEFT converts PiSSA to.
#include "core/base/random.h"
#include "core/base/words.h"
#include "core/tune/lora.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::tune {

namespace {

// Extra directions and rounds of the search for the strongest ones (Halko et al. 2011): enough for matrices whose strengths fall off slowly.
constexpr std::int64_t kExtraDirections = 16;
constexpr int kRounds = 8;

at::Tensor orthonormal(const at::Tensor &columns) { return std::get<0>(at::linalg_qr(columns)); }

// alpha that keeps s when the rank doubles.
double doubledAlpha(double alpha, bool isRankStabilised) { return alpha * (isRankStabilised ? std::sqrt(2.0) : 2.0); }

} // namespace

LowRankPair principalPair(const at::Tensor &weight, std::int64_t rank, double scaling, std::uint64_t seed)
{
    const at::NoGradGuard guard;
    const std::int64_t in = weight.size(1), directions = std::min({weight.size(0), in, rank + std::max(rank, kExtraDirections)});
    at::Tensor start = at::empty({in, directions}, at::kFloat);
    RandomStream(seed).fillNormal({start.data_ptr<float>(), static_cast<std::size_t>(start.numel())}, 0.0f, 1.0f);
    at::Tensor basis = orthonormal(at::mm(weight, start)); // [out, directions]
    for (int round = 0; round < kRounds; ++round)
        basis = orthonormal(at::mm(weight, orthonormal(at::mm(weight.t(), basis))));
    const auto [u, s, vh] = at::linalg_svd(at::mm(basis.t(), weight), false); // of a small matrix
    const at::Tensor root = (s.narrow(0, 0, rank) / scaling).sqrt();          // [R]
    return {(root.unsqueeze(1) * vh.narrow(0, 0, rank)).contiguous(), (at::mm(basis, u.narrow(1, 0, rank)) * root).contiguous()};
}

std::shared_ptr<LoraAdapter> asPlainLora(const LoraAdapter &pissa)
{
    const at::NoGradGuard guard;
    LoraConfig config = pissa.config();
    config.init = LoraInit::Uniform;
    config.rank *= 2;
    config.alpha = doubledAlpha(config.alpha, config.isRankStabilised);
    for (auto &[module, rank] : config.rankPattern)
        rank *= 2;
    for (auto &[module, alpha] : config.alphaPattern)
        alpha = doubledAlpha(alpha, config.isRankStabilised);
    std::vector<LoraAdapter::Module> modules = pissa.modules();
    std::int64_t layers = 0;
    for (LoraAdapter::Module &module : modules) {
        layers = std::max(layers, module.layer + 1);
        module.a = at::cat({module.a.detach(), module.fixedA}, 0);
        module.b = at::cat({module.b.detach(), -module.fixedB}, 1);
        module.alpha = doubledAlpha(module.alpha, config.isRankStabilised);
        module.fixedA = module.fixedB = at::Tensor();
    }
    return std::make_shared<LoraAdapter>(std::move(config), std::move(modules), layers);
}

Result<std::shared_ptr<LoraAdapter>> asPissa(const LoraAdapter &plain, const model::ModelConfig &model, const LoraConfig &config)
{
    const auto plans = planModules(model, config);
    if (!plans)
        return passError(plans);
    const at::NoGradGuard guard;
    std::vector<LoraAdapter::Module> modules = plain.modules();
    bool isSame = modules.size() == plans->size();
    for (std::size_t i = 0; isSame && i < modules.size(); ++i) {
        LoraAdapter::Module &module = modules[i];
        const PlannedModule &plan = (*plans)[i];
        isSame = module.layer == plan.layer && module.map == plan.map && module.rank() == 2 * plan.rank;
        if (!isSame)
            break;
        const at::Tensor a = module.a, b = module.b;
        module.a = a.narrow(0, 0, plan.rank).clone();
        module.fixedA = a.narrow(0, plan.rank, plan.rank).clone();
        module.b = b.narrow(1, 0, plan.rank).contiguous().clone();
        module.fixedB = -b.narrow(1, plan.rank, plan.rank).contiguous();
        module.scaling = plan.scaling;
        module.alpha = plan.alpha;
    }
    if (!isSame)
        return fail(ErrorCode::BadInput, tr("The checkpoint does not belong to a PiSSA run with these settings."), tr("Start the run again."));
    return std::make_shared<LoraAdapter>(config, std::move(modules), model.layers);
}

} // namespace fettle::tune
