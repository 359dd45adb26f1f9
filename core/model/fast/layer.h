// One layer as one forward and one backward on raw memory. The same computation as the plain path's (core/model/decoder.cpp), for every family:
//
//   normed = norm(x); qkv = stack(normed); norm q and k; rotate; mixed = attention(prefix, qkv); middle = x + norm(o(mixed))
//   normed = norm(middle); gateUp = stack(normed); activated = curve(gate) * up; next = middle + norm(down(activated))
//
// where a family or a method leaves out what it does not have. Norms and activated are computed again in the backward pass: they cost less than
// their memory.
#pragma once

#include "core/model/fast/attention.h"
#include "core/model/fast/branch.h"

#include <optional>

namespace fettle::model::fast {

// What a gradient can be wanted of, from the bottom up.
enum class LayerPart : std::uint8_t {
    Input, InputNorm, Qkv, HeadNorms, Prefix, Output, AttentionNorm, AttentionNet, MiddleNorm, GateUp, Down, MlpNorm, MlpNet
};

// A layer's weights with what the sites place there, for one micro-batch.
struct LayerPlan {
    NormPlan inputNorm, queryNorm, keyNorm, middleNorm;
    Stack qkv, gateUp;
    BranchPlan attention, mlp;
    at::Tensor prefixKeys, prefixValues;   // [P, K, D] plain values; undefined: none
    at::Tensor dPrefixKeys, dPrefixValues; // undefined where no gradient is wanted
    std::int64_t window = 0;
    bool isRotated = true;
    RopeKind positions = RopeKind::Global;
    // The lowest part that is trained: nothing below it needs a gradient.
    [[nodiscard]] std::optional<LayerPart> lowestTrained() const;
    [[nodiscard]] LayerNeeds needs() const;
    void addTo(SharedNeeds &needs) const;
    void roundFrozen(Factors factors); // how products with frozen matrices are computed
};
[[nodiscard]] LayerPlan planLayer(const ModelWeights &weights, const Sites &sites, std::int64_t layer, GraphGradients &graph);
[[nodiscard]] NormPlan planNorm(const ModelConfig &config, const at::Tensor &weight);

struct LayerContext {
    const ModelConfig *config = nullptr;
    const Workspace *space = nullptr;
    std::span<const std::int64_t> borders; // as PackedBatch
    std::int64_t tokens = 0;
};

// saves.x [N, C] -> next [N, C].
void layerForward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *next);
// layerForward once more for what a backward pass reads of it: the layer's output is not computed where nothing reads it. unwanted [N, C] is work memory.
void recomputeLayer(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, float *unwanted);
// MLP's first product once more (selective checkpointing).
void recomputeGateUp(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves);
// Down to the part `lowest`. space.dStream [N, C]: gradient of the layer's output becomes that of its input (lowest Input; else it is left half-way).
void layerBackward(const LayerContext &context, const LayerPlan &plan, const LayerSaves &saves, LayerPart lowest);

} // namespace fettle::model::fast
