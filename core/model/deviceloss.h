// The plain path on another device than the processor: the frozen weights lie there, every pass is computed there. What is trained, its
// gradients and moments stay in the memory of the computer, where checkpoints, answers between steps and hashes read them.
#pragma once

#include "core/model/headloss.h"
#include "core/model/loss.h"

#include <memory>
#include <unordered_map>

namespace fettle::model {

// A model's weights as one pass on a device sees them.
class DeviceWeights {
public:
    // matrices: what the frozen ones are there, kFloat or kBFloat16. Those that are stored rounded are unpacked.
    DeviceWeights(std::shared_ptr<const ModelWeights> weights, at::Device device, at::ScalarType matrices);
    // Frozen tensors are copied once; trained ones for every pass, with autograd from there to here.
    [[nodiscard]] std::shared_ptr<const ModelWeights> forPass();

private:
    class Pass;
    std::shared_ptr<const ModelWeights> m_weights;
    at::Device m_device;
    at::ScalarType m_matrices;
    std::unordered_map<const void *, at::Tensor> m_frozen; // by where they lie in the memory of the computer
};

class DeviceLoss {
public:
    // options: device, checkpointing, frozenProducts (Bf16: the frozen matrices lie there in 16 bits) and isStopped count.
    DeviceLoss(std::shared_ptr<const ModelWeights> weights, LossOptions options);
    // As LossEngine; exceptions leave it. losses come back to the memory of the computer.
    [[nodiscard]] HeadLoss lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale);
    [[nodiscard]] HeadLoss loss(const LossBatch &batch, const Sites &sites);

private:
    [[nodiscard]] at::Tensor hiddenRows(const ModelWeights &weights, const LossBatch &batch, const Sites &sites) const; // [M, C]
    LossOptions m_options;
    DeviceWeights m_weights;
};

} // namespace fettle::model
