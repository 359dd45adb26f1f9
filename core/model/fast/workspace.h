// The memory of the fast path: one block, cut into the buffers that a micro-batch of N tokens needs. Kept from call to call.
#pragma once

#include "core/model/config.h"
#include "core/model/largememory.h"
#include "core/model/loss.h"

#include <vector>

namespace fettle::model::fast {

// Columns of t for each stack of a layer.
struct StackRanks {
    std::int64_t qkv = 0, output = 0, gateUp = 0, down = 0;
};

// What the forward pass of one layer leaves for its backward pass.
struct LayerSaves {
    float *x = nullptr;        // [N, C] the layer's input
    float *firstScale = nullptr; // [N] 1 / rms of x
    float *qkv = nullptr;      // [N, (H + 2K) D], rotated
    float *mixed = nullptr;    // [N, H D] attention's output
    float *logSums = nullptr;  // [N, H]
    float *middle = nullptr;   // [N, C] the stream between attention and MLP
    float *secondScale = nullptr; // [N] 1 / rms of middle
    float *gateUp = nullptr;   // [N, 2 I]
    float *tQkv = nullptr, *tOutput = nullptr, *tGateUp = nullptr, *tDown = nullptr; // [N, rank]
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
    float *u = nullptr;          // [N, largest rank]
    float *dA = nullptr;         // [largest rank, largest in]
    float *masked = nullptr;     // [N, largest in], with dropout only
    float *cosine = nullptr, *sine = nullptr; // [N, D/2]
};

enum class Keep { ForBackward, Nothing }; // Nothing: the loss alone is wanted

class WorkspaceMemory {
public:
    // The buffers for this many tokens; memory grows when it must. Throws std::bad_alloc.
    [[nodiscard]] Workspace prepare(const ModelConfig &config, std::int64_t tokens, const std::vector<StackRanks> &ranks, bool hasDropout,
                                    Checkpointing checkpointing, Keep keep);
    void release() { m_memory = {}; }
    [[nodiscard]] std::size_t bytes() const { return m_memory.bytes(); }

private:
    LargeMemory m_memory;
};

} // namespace fettle::model::fast
