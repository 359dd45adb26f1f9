// One layer as one forward and one backward on raw memory. The same computation as the plain path's (core/model/decoder.cpp):
//
//   normed = norm(x); qkv = stack(normed); rotate; mixed = attention(qkv); middle = x + o(mixed)
//   normed = norm(middle); gateUp = stack(normed); activated = silu(gate) * up; next = middle + down(activated)
//
// Norms and activated are computed again in the backward pass: they cost less than their memory.
#pragma once

#include "core/model/fast/attention.h"
#include "core/model/fast/stack.h"
#include "core/model/fast/workspace.h"

#include <optional>

namespace fettle::model::fast {

// What a gradient can be wanted of, from the bottom up.
enum class LayerPart : std::uint8_t { Input, InputNorm, Qkv, Output, PostAttentionNorm, GateUp, Down };

// A layer's weights with what the sites place there, for one micro-batch.
struct LayerPlan {
    at::Tensor inputNorm, postAttentionNorm; // [C]
    Stack qkv, output, gateUp, down;
    // The lowest part that is trained: nothing below it needs a gradient.
    [[nodiscard]] std::optional<LayerPart> lowestTrained() const;
    [[nodiscard]] StackRanks ranks() const { return {qkv.rank, output.rank, gateUp.rank, down.rank}; }
};
[[nodiscard]] LayerPlan planLayer(const ModelWeights &weights, const Sites &sites, std::int64_t layer);

struct LayerContext {
    const ModelConfig *config = nullptr;
    const Workspace *space = nullptr;
    AttentionShape attention;
    std::int64_t tokens = 0;
};

// saves.x [N, C] -> next [N, C].
void layerForward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *next);
// MLP's first product once more (selective checkpointing).
void recomputeGateUp(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves);
// Down to the part `lowest`. space.dStream [N, C]: gradient of the layer's output becomes that of its input (lowest Input; else it is left half-way).
void layerBackward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, LayerPart lowest);

} // namespace fettle::model::fast
