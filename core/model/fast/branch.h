// How the output of attention or of the MLP joins the residual stream: its last linear map, the norm behind it, and the small network that a
// method puts there. Forward and backward on raw memory.
#pragma once

#include "core/model/fast/stack.h"

#include <optional>

namespace fettle::model::fast {

// The weight of a norm as it is multiplied, and where its gradient goes. values undefined: the family has no such norm.
struct NormPlan {
    at::Tensor values, trained; // [C]; trained is undefined when no gradient is wanted
    [[nodiscard]] bool isThere() const { return values.defined(); }
};

// Plain values of a Bottleneck and where gradients go.
struct NetPlan {
    Bottleneck net;
    std::int64_t width = 0, narrow = 0;
    [[nodiscard]] bool isTrained() const { return net.down.requires_grad() || net.up.requires_grad(); }
};

struct BranchPlan {
    Stack stack;
    NormPlan norm;
    std::optional<NetPlan> net;
    // Whether the stack's output has to stand apart from the stream.
    [[nodiscard]] bool isApart() const { return norm.isThere() || !stack.gains.empty() || (net && net->net.input == Bottleneck::Input::Branch); }
    // Whether a backward pass reads nothing of what the branch gives, only of what its stack reads.
    [[nodiscard]] bool isOutputFree() const { return !norm.isThere() && stack.gains.empty() && !net; }
    [[nodiscard]] BranchNeeds needs() const;
};

// What a backward pass is still to reach below the places of a branch, from the top down.
enum class BranchPart : std::uint8_t { Stack, Norm, Net };

struct BranchContext {
    std::int64_t tokens = 0, width = 0;
    float epsilon = 0;
    const Workspace *space = nullptr;
};

// x [N, in] and stream [N, C] -> target [N, C], which is not the stream.
void branchForward(const BranchContext &context, const BranchPlan &plan, const float *x, const float *stream, const BranchSaves &saves, const StackSaves &stackSaves,
                   float *target);
// space.dStream, the gradient of the stream above the branch, becomes what the stream below gets from it beside the stack's own share; returned is
// the gradient of the stack's output, which may be dStream itself. Ends at the part `lowest`.
[[nodiscard]] float *branchBackward(const BranchContext &context, const BranchPlan &plan, const float *stream, const BranchSaves &saves, BranchPart lowest);

} // namespace fettle::model::fast
