// Cuts the block. The same plan is walked twice: once to measure, once to hand out.
#include "core/model/fast/workspace.h"

#include <algorithm>

namespace fettle::model::fast {

namespace {

class Cutter {
public:
    explicit Cutter(float *base) : m_base(base) { }
    float *take(std::int64_t rows, std::int64_t width)
    {
        float *here = m_base ? m_base + m_used : nullptr;
        // Every buffer begins at a multiple of 4 KB: equal alignment gives equal results of the matrix products from run to run.
        m_used += static_cast<std::size_t>((rows * width + 1023) / 1024 * 1024);
        return here;
    }
    [[nodiscard]] std::size_t used() const { return m_used; }

private:
    float *m_base;
    std::size_t m_used = 0;
};

StackNeeds mostOf(const StackNeeds &a, const StackNeeds &b) { return {std::max(a.rank, b.rank), std::max(a.raw, b.raw)}; }

BranchNeeds mostOf(const BranchNeeds &a, const BranchNeeds &b)
{
    return {a.hasOutput || b.hasOutput, a.hasSum || b.hasSum, std::max(a.narrow, b.narrow)};
}

LayerNeeds mostOf(const std::vector<LayerNeeds> &needs)
{
    LayerNeeds most;
    for (const LayerNeeds &own : needs) {
        most = {mostOf(most.qkv, own.qkv), mostOf(most.output, own.output), mostOf(most.gateUp, own.gateUp), mostOf(most.down, own.down),
                mostOf(most.attention, own.attention), mostOf(most.mlp, own.mlp), most.hasHeadNorms || own.hasHeadNorms};
    }
    return most;
}

StackSaves takeStack(Cutter &cutter, std::int64_t n, const StackNeeds &needs) { return {cutter.take(n, needs.rank), cutter.take(n, needs.raw)}; }

BranchSaves takeBranch(Cutter &cutter, std::int64_t n, std::int64_t width, const BranchNeeds &needs)
{
    return {cutter.take(n, needs.hasOutput ? width : 0), cutter.take(n, needs.hasOutput ? 1 : 0), cutter.take(n, needs.hasSum ? width : 0), cutter.take(n, needs.narrow)};
}

Workspace cut(Cutter &cutter, const ModelConfig &config, std::int64_t n, const std::vector<LayerNeeds> &needs, const SharedNeeds &sharedNeeds,
              Checkpointing checkpointing, Keep keep)
{
    const std::int64_t qkvWidth = config.queryWidth() + 2 * config.keyValueWidth();
    const bool sharesAll = keep == Keep::Nothing || checkpointing == Checkpointing::Full;
    const bool sharesGateUp = sharesAll || checkpointing == Checkpointing::Selective;
    const LayerNeeds most = mostOf(needs);
    const std::int64_t largestRank = std::max({most.qkv.rank, most.output.rank, most.gateUp.rank, most.down.rank, std::int64_t{1}});
    const std::int64_t largestInput = std::max({config.width, config.queryWidth(), config.intermediate});

    Workspace space;
    const auto takeInner = [&](LayerSaves &saves, const LayerNeeds &own) {
        saves.firstScale = cutter.take(n, 1);
        saves.qkv = cutter.take(n, qkvWidth);
        saves.heads = cutter.take(n, own.hasHeadNorms ? config.queryWidth() + config.keyValueWidth() : 0);
        saves.headScales = cutter.take(n, own.hasHeadNorms ? config.heads + config.keyValueHeads : 0);
        saves.mixed = cutter.take(n, config.queryWidth());
        saves.logSums = cutter.take(n, config.heads);
        saves.middle = cutter.take(n, config.width);
        saves.secondScale = cutter.take(n, 1);
        saves.ofQkv = takeStack(cutter, n, own.qkv);
        saves.ofOutput = takeStack(cutter, n, own.output);
        saves.ofDown = takeStack(cutter, n, own.down);
        saves.attention = takeBranch(cutter, n, config.width, own.attention);
        saves.mlp = takeBranch(cutter, n, config.width, own.mlp);
    };
    const auto takeGateUp = [&](LayerSaves &saves, const LayerNeeds &own) {
        saves.gateUp = cutter.take(n, 2 * config.intermediate);
        saves.ofGateUp = takeStack(cutter, n, own.gateUp);
    };
    LayerSaves shared;
    if (sharesAll)
        takeInner(shared, most);
    if (sharesGateUp)
        takeGateUp(shared, most);
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        LayerSaves saves = shared;
        // Without a backward pass two streams take turns.
        if (keep == Keep::ForBackward || layer < 2)
            saves.x = cutter.take(n, config.width);
        else
            saves.x = space.layers[static_cast<std::size_t>(layer - 2)].x;
        if (!sharesAll)
            takeInner(saves, needs[static_cast<std::size_t>(layer)]);
        if (!sharesGateUp)
            takeGateUp(saves, needs[static_cast<std::size_t>(layer)]);
        space.layers.push_back(saves);
    }
    space.last = cutter.take(n, config.width);
    space.normed = cutter.take(n, config.width);
    space.activated = cutter.take(n, config.intermediate);
    if (sharedNeeds.hasBranch)
        space.branch = cutter.take(n, config.width);
    if (keep == Keep::ForBackward) {
        space.dActivated = cutter.take(n, config.intermediate);
        space.dStream = cutter.take(n, config.width);
        space.dNormed = cutter.take(n, config.width);
        space.dQkv = cutter.take(n, qkvWidth);
        space.dMixed = cutter.take(n, config.queryWidth());
        space.work.u = cutter.take(n, largestRank);
        space.work.dA = cutter.take(largestRank, largestInput);
        if (sharedNeeds.hasBranch)
            space.dBranch = cutter.take(n, config.width);
    }
    if (sharedNeeds.hasScratch)
        space.work.scratch = cutter.take(n, largestInput);
    space.cosine = cutter.take(n, config.rotated() / 2);
    space.sine = cutter.take(n, config.rotated() / 2);
    if (config.localRopeTheta > 0) {
        space.localCosine = cutter.take(n, config.rotated() / 2);
        space.localSine = cutter.take(n, config.rotated() / 2);
    }
    return space;
}

} // namespace

Workspace WorkspaceMemory::prepare(const ModelConfig &config, std::int64_t tokens, const std::vector<LayerNeeds> &needs, const SharedNeeds &shared,
                                   Checkpointing checkpointing, Keep keep)
{
    Cutter measure(nullptr);
    (void)cut(measure, config, tokens, needs, shared, checkpointing, keep);
    const std::size_t needed = measure.used() * sizeof(float);
    if (needed > m_memory.bytes()) {
        m_memory = {}; // first the old block goes, then the larger one comes
        m_memory = LargeMemory(needed);
    }
    Cutter cutter(m_memory.floats());
    return cut(cutter, config, tokens, needs, shared, checkpointing, keep);
}

} // namespace fettle::model::fast
