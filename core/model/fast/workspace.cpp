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

Workspace cut(Cutter &cutter, const ModelConfig &config, std::int64_t n, const std::vector<StackRanks> &ranks, bool hasDropout,
              Checkpointing checkpointing, Keep keep)
{
    const std::int64_t qkvWidth = config.queryWidth() + 2 * config.keyValueWidth();
    const bool sharesAll = keep == Keep::Nothing || checkpointing == Checkpointing::Full;
    const bool sharesGateUp = sharesAll || checkpointing == Checkpointing::Selective;
    StackRanks most;
    for (const StackRanks &rank : ranks)
        most = {std::max(most.qkv, rank.qkv), std::max(most.output, rank.output), std::max(most.gateUp, rank.gateUp), std::max(most.down, rank.down)};
    const std::int64_t largestRank = std::max({most.qkv, most.output, most.gateUp, most.down, std::int64_t{1}});
    const std::int64_t largestInput = std::max({config.width, config.queryWidth(), config.intermediate});

    Workspace space;
    const auto takeInner = [&](LayerSaves &saves, const StackRanks &rank) {
        saves.firstScale = cutter.take(n, 1);
        saves.qkv = cutter.take(n, qkvWidth);
        saves.mixed = cutter.take(n, config.queryWidth());
        saves.logSums = cutter.take(n, config.heads);
        saves.middle = cutter.take(n, config.width);
        saves.secondScale = cutter.take(n, 1);
        saves.tQkv = cutter.take(n, rank.qkv);
        saves.tOutput = cutter.take(n, rank.output);
        saves.tDown = cutter.take(n, rank.down);
    };
    const auto takeGateUp = [&](LayerSaves &saves, const StackRanks &rank) {
        saves.gateUp = cutter.take(n, 2 * config.intermediate);
        saves.tGateUp = cutter.take(n, rank.gateUp);
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
            takeInner(saves, ranks[static_cast<std::size_t>(layer)]);
        if (!sharesGateUp)
            takeGateUp(saves, ranks[static_cast<std::size_t>(layer)]);
        space.layers.push_back(saves);
    }
    space.last = cutter.take(n, config.width);
    space.normed = cutter.take(n, config.width);
    space.activated = cutter.take(n, config.intermediate);
    if (keep == Keep::ForBackward) {
        space.dActivated = cutter.take(n, config.intermediate);
        space.dStream = cutter.take(n, config.width);
        space.dNormed = cutter.take(n, config.width);
        space.dQkv = cutter.take(n, qkvWidth);
        space.dMixed = cutter.take(n, config.queryWidth());
        space.u = cutter.take(n, largestRank);
        space.dA = cutter.take(largestRank, largestInput);
    }
    if (hasDropout)
        space.masked = cutter.take(n, largestInput);
    space.cosine = cutter.take(n, config.headSize / 2);
    space.sine = cutter.take(n, config.headSize / 2);
    return space;
}

} // namespace

Workspace WorkspaceMemory::prepare(const ModelConfig &config, std::int64_t tokens, const std::vector<StackRanks> &ranks, bool hasDropout,
                                   Checkpointing checkpointing, Keep keep)
{
    Cutter measure(nullptr);
    (void)cut(measure, config, tokens, ranks, hasDropout, checkpointing, keep);
    const std::size_t needed = measure.used() * sizeof(float);
    if (needed > m_memory.bytes()) {
        m_memory = {}; // first the old block goes, then the larger one comes
        m_memory = LargeMemory(needed);
    }
    Cutter cutter(m_memory.floats());
    return cut(cutter, config, tokens, ranks, hasDropout, checkpointing, keep);
}

} // namespace fettle::model::fast
