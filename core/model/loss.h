// Next-token loss and its gradients: the one call of the trainer. Only the trained rows reach the output head, in chunks, so that no
// [N, V] matrix exists. Chooses the fast path where it knows everything that is placed at the sites, else the plain one.
#pragma once

#include "core/model/decoder.h"
#include "core/model/fast/gemm.h"
#include "core/model/torcherror.h"

#include <memory>
#include <string>

namespace fettle::model {

struct LossBatch {
    PackedBatch packed;
    at::Tensor rows;    // [M] int64, increasing: hidden states whose next token is trained
    at::Tensor targets; // [M] int64: those next tokens
};

struct LossOutcome {
    double sum = 0;              // of the M losses, nats
    std::int64_t tokens = 0;     // M
    std::int64_t correct = 0;    // rows whose likeliest token is the target
    at::Tensor losses;           // [M] fp32, nats
};

enum class LossPath { Auto, Plain, Fast }; // Fast fails where it cannot run
enum class Checkpointing { None, Selective, Full }; // keep all / recompute gate and up (fast path alone) / keep layer inputs only
[[nodiscard]] inline Kept keptWith(Checkpointing checkpointing) { return checkpointing == Checkpointing::Full ? Kept::LayerInputs : Kept::Everything; }

struct LossOptions {
    LossPath path = LossPath::Auto;
    Checkpointing checkpointing = Checkpointing::None;
    StopCheck isStopped = {};
    fast::Factors frozenProducts = fast::Factors::Fp32; // of the products with frozen matrices: fast path in lossAndGradient, and on a device
    at::Device device = at::kCPU; // another one takes the plain path there (deviceloss.h)
};

// Keeps its work memory from call to call. One thread at a time. Results are equal bit for bit for the same thread count.
class LossEngine {
public:
    explicit LossEngine(std::shared_ptr<const ModelWeights> weights, LossOptions options = {});
    ~LossEngine();

    // Adds gradientScale * d(sum)/d(tensor) to .grad() of every trained tensor of the sites (created where missing).
    // A step over several micro-batches: zero the gradients, call with gradientScale = 1 / trained tokens of the whole step.
    // Errors: BadInput (ids, rows or targets out of range), OutOfMemory and Cancelled (gradients are then incomplete: zero them), Internal.
    [[nodiscard]] Result<LossOutcome> lossAndGradient(const LossBatch &batch, const Sites &sites, double gradientScale);
    // The same sums without gradients; dropout is whatever the sites say (adapters: off outside training).
    [[nodiscard]] Result<LossOutcome> loss(const LossBatch &batch, const Sites &sites);
    // Why the last call took the plain path; empty when it took the fast one.
    [[nodiscard]] const std::string &plainPathReason() const;
    void releaseMemory();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace fettle::model
