// The whole decoder with its loss as hand-written forward and backward passes on one block of memory: what training on the CPU runs.
// Knows fp32 weights, frozen or trained themselves, and everything that sites describe (core/model/sites.h); what it does not know takes the
// plain path.
#pragma once

#include "core/model/headloss.h"
#include "core/model/loss.h"

#include <memory>
#include <string>

namespace fettle::model::fast {

// Empty when the fast path can run this; else why not, in words.
[[nodiscard]] std::string whyNot(const ModelWeights &weights, const Sites &sites);

class FastPath {
public:
    // frozenProducts: in passes with a gradient; a loss alone is always computed in fp32.
    FastPath(std::shared_ptr<const ModelWeights> weights, Checkpointing checkpointing, Factors frozenProducts, StopCheck isStopped = {});
    ~FastPath();
    // Adds gradients to the trained tensors: those of the sites, and weights that require a gradient. gradientScale as LossEngine. In place of an
    // outcome: why the fast path cannot run this, in words. Throws what LibTorch and the allocator throw, and Stopped.
    [[nodiscard]] tl::expected<HeadLoss, std::string> lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale);
    [[nodiscard]] tl::expected<HeadLoss, std::string> loss(const LossBatch &batch, const Sites &sites);
    void releaseMemory();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace fettle::model::fast
