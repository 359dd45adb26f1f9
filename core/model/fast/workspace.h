// The memory of the fast path: one block, cut into the buffers that a micro-batch of N tokens needs. Kept from call to call.
#pragma once

#include "core/model/config.h"
#include "core/model/largememory.h"
#include "core/model/loss.h"

#include <vector>

namespace fettle::model::fast {

// Columns that a stack keeps for each token: of the low-rank updates' t, and of its outputs before their factors.
struct StackNeeds {
    std::int64_t rank = 0, raw = 0;
};
// What a branch keeps beside its stack's.
struct BranchNeeds {
    bool hasOutput = false;   // what it gives, before its norm or for its network
    bool hasSum = false;      // the stream with it, before its network's share
    std::int64_t narrow = 0;  // width of its network
};
struct LayerNeeds {
    StackNeeds qkv, output, gateUp, down;
    BranchNeeds attention, mlp;
    bool hasHeadNorms = false;
};
// What all layers share.
struct SharedNeeds {
    bool hasScratch = false; // inputs under a mask or factors
    bool hasBranch = false;  // a branch apart from the stream
};

struct StackSaves {
    float *t = nullptr;   // [N, rank]
    float *raw = nullptr; // [N, raw]
};
struct BranchSaves {
    float *output = nullptr; // [N, C]
    float *scale = nullptr;  // [N] 1 / rms of it
    float *sum = nullptr;    // [N, C]
    float *narrow = nullptr; // [N, narrow], before the curve
};
// What the forward pass of one layer leaves for its backward pass.
struct LayerSaves {
    float *x = nullptr;        // [N, C] the layer's input
    float *firstScale = nullptr; // [N] 1 / rms of x
    float *qkv = nullptr;      // [N, (H + 2K) D], normalised, rotated
    float *heads = nullptr;    // [N, (H + K) D] q and k before their norms
    float *headScales = nullptr; // [N, H + K] 1 / rms of them
    float *mixed = nullptr;    // [N, H D] attention's output
    float *logSums = nullptr;  // [N, H]
    float *middle = nullptr;   // [N, C] the stream between attention and MLP
    float *secondScale = nullptr; // [N] 1 / rms of middle
    float *gateUp = nullptr;   // [N, 2 I]
    StackSaves ofQkv, ofOutput, ofGateUp, ofDown;
    BranchSaves attention, mlp;
};

// Work memory of a stack's backward pass.
struct StackWork {
    float *u = nullptr;       // [N, largest rank]
    float *dA = nullptr;      // [largest rank, largest in]
    float *scratch = nullptr; // [N, largest in], where something needs it
};

struct Workspace {
    std::vector<LayerSaves> layers;
    float *last = nullptr;       // [N, C] the stream after the last layer
    // Work memory of a layer
    float *normed = nullptr;     // [N, C]
    float *activated = nullptr;  // [N, I]
    float *dActivated = nullptr; // [N, I]
    float *dStream = nullptr;    // [N, C]
    float *dNormed = nullptr;    // [N, C]
    float *dQkv = nullptr;       // [N, (H + 2K) D]
    float *dMixed = nullptr;     // [N, H D]
    float *branch = nullptr, *dBranch = nullptr; // [N, C], where a branch stands apart
    StackWork work;
    float *cosine = nullptr, *sine = nullptr; // [N, rotated/2]
    float *localCosine = nullptr, *localSine = nullptr; // the same, where a model has two kinds of positions
};

enum class Keep { ForBackward, Nothing }; // Nothing: the loss alone is wanted

class WorkspaceMemory {
public:
    // The buffers for this many tokens; memory grows when it must. Throws std::bad_alloc.
    [[nodiscard]] Workspace prepare(const ModelConfig &config, std::int64_t tokens, const std::vector<LayerNeeds> &needs, const SharedNeeds &shared,
                                    Checkpointing checkpointing, Keep keep);
    void release() { m_memory = {}; }
    [[nodiscard]] std::size_t bytes() const { return m_memory.bytes(); }

private:
    LargeMemory m_memory;
};

} // namespace fettle::model::fast
