// Chunked head and cross-entropy. loss = log(sum exp(z)) - z[target]; d loss / d z = softmax(z) - onehot(target).
#include "core/model/headloss.h"

#include <algorithm>

namespace fettle::model {

namespace {
constexpr std::int64_t kChunkRows = 256;
}

HeadLoss headLoss(const at::Tensor &hidden, const at::Tensor &head, const at::Tensor &targets, WantGradient want, double gradientScale)
{
    const at::NoGradGuard guard;
    const std::int64_t rows = hidden.size(0);
    HeadLoss outcome;
    outcome.losses = at::empty({rows}, at::kFloat);
    if (want == WantGradient::Yes)
        outcome.gradient = at::empty_like(hidden, at::MemoryFormat::Contiguous);
    at::Tensor buffer = at::empty({std::min(rows, kChunkRows), head.size(0)}, at::kFloat);
    for (std::int64_t begin = 0; begin < rows; begin += kChunkRows) {
        const std::int64_t count = std::min(kChunkRows, rows - begin);
        at::Tensor z = buffer.narrow(0, 0, count); // [chunk, V]
        at::mm_out(z, hidden.narrow(0, begin, count), head.t());
        const at::Tensor target = targets.narrow(0, begin, count).unsqueeze(1); // [chunk, 1]
        const auto [largest, likeliest] = z.max(1, true);
        outcome.correct += likeliest.eq(target).sum().item<std::int64_t>();
        z.sub_(largest);
        const at::Tensor atTarget = z.gather(1, target);
        z.exp_();
        const at::Tensor total = z.sum(1, true);
        outcome.losses.narrow(0, begin, count).copy_((total.log() - atTarget).squeeze(1));
        if (want == WantGradient::No)
            continue;
        z.mul_(gradientScale / total);
        z.scatter_add_(1, target, at::full_like(total, -gradientScale));
        at::Tensor gradient = outcome.gradient.narrow(0, begin, count);
        at::mm_out(gradient, z, head);
    }
    outcome.sum = outcome.losses.sum(at::kDouble).item<double>();
    return outcome;
}

} // namespace fettle::model
