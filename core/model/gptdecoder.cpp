// Shapes: N tokens of all documents, C width, H heads, D head size, I intermediate.
#include "core/model/gptdecoder.h"

#include "core/base/memorywatch.h"
#include "core/base/words.h"

#include <array>
#include <new>

namespace fettle::model {

namespace {

at::Tensor throughLayerNorm(const ModelConfig &config, const at::Tensor &weight, const at::Tensor &bias, const at::Tensor &x)
{
    return at::layer_norm(x, {config.width}, weight, bias, config.rmsEpsilon);
}

at::Tensor throughGptNorm(const ModelWeights &weights, std::int64_t layer, Norm norm, const at::Tensor &x)
{
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    return throughLayerNorm(weights.config, here.norm(norm), here.normBias(norm), x);
}

// q, k and v [N, H, D] out of one row for all three: one after the other, or head by head.
std::array<at::Tensor, 3> splitHeads(const ModelConfig &config, const at::Tensor &all)
{
    const std::int64_t tokens = all.size(0), heads = config.heads, size = config.headSize;
    const at::Tensor parts = config.isFusedByHead ? all.reshape({tokens, heads, 3, size}).transpose(1, 2) : all.reshape({tokens, 3, heads, size});
    return {parts.select(1, 0), parts.select(1, 1), parts.select(1, 2)};
}

// tables: null where nothing turns.
at::Tensor gptAttention(const ModelWeights &weights, std::int64_t layer, const at::Tensor &x, const PackedBatch &batch, const RopeTables *tables, const Sites &sites)
{
    const ModelConfig &config = weights.config;
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    const at::Tensor all = project(here.qkv, config, layer, {mapFor(config, LinearMap::QueryKeyValue)}, x, sites)[0]; // [N, 3 C]
    const auto [q, k, v] = splitHeads(config, all);
    const auto turned = [tables](const at::Tensor &heads) { return tables ? applyRope(heads, *tables) : heads; };
    const at::Tensor mixed = documentAttention(turned(q), turned(k), v, batch.borders, {0, config.attentionScale(), 0}, sites.prefix(layer)); // [N, H, D]
    return project(here.output, config, layer, {mapFor(config, LinearMap::Output)}, mixed.reshape({x.size(0), config.queryWidth()}), sites)[0]; // [N, C]
}

at::Tensor gptMlp(const ModelWeights &weights, std::int64_t layer, const at::Tensor &x, const Sites &sites)
{
    const ModelConfig &config = weights.config;
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    const at::Tensor up = project(here.gateUp, config, layer, {mapFor(config, LinearMap::Up)}, x, sites)[0]; // [N, I]
    const at::Tensor bent = config.activation == Activation::Silu ? at::silu(up) : at::gelu(up, config.activation == Activation::Gelu ? "none" : "tanh");
    return project(here.down, config, layer, {mapFor(config, LinearMap::Down)}, bent, sites)[0]; // [N, C]
}

// tables: null where nothing turns.
at::Tensor throughGptLayer(const ModelWeights &weights, std::int64_t layer, const at::Tensor &h, const PackedBatch &batch, const RopeTables *tables, const Sites &sites)
{
    const at::Tensor attention = gptAttention(weights, layer, throughGptNorm(weights, layer, Norm::BeforeAttention, h), batch, tables, sites);
    const at::Tensor between = sites.residual(layer, ResidualSite::AfterAttention, h, attention);
    const at::Tensor mlp = gptMlp(weights, layer, throughGptNorm(weights, layer, Norm::BeforeMlp, weights.config.isParallel ? h : between), sites);
    return sites.residual(layer, ResidualSite::AfterMlp, between, mlp);
}

} // namespace

at::Tensor throughGptLayers(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, at::Tensor h, const StopCheck &isStopped, Kept kept)
{
    const ModelConfig &config = weights.config;
    const at::Tensor positions = batch.positions + sites.firstPosition(); // [N]
    if (config.hasPositionTable) {
        if (const auto last = positions.max().item<std::int64_t>(); last >= config.context) {
            throw Refused({ErrorCode::BadInput, tr("A text of {} tokens is longer than the {} that this model reads.", last + 1, config.context),
                           tr("Set a smaller maximum length."), {}});
        }
        h = h + at::embedding(weights.positions, positions);
    }
    const RopeTables tables = config.hasPositionTable ? RopeTables{} : ropeTables(config, positions);
    MemoryWatch memory;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        throwIfStopped(isStopped);
        if (isStopped && !memory.hasRoomForNext())
            throw std::bad_alloc();
        if (isStopped && h.requires_grad())
            h.register_hook([isStopped](const at::Tensor &) { throwIfStopped(isStopped); });
        if (kept == Kept::Everything) {
            h = throughGptLayer(weights, layer, h, batch, config.hasPositionTable ? nullptr : &tables, sites);
            continue;
        }
        h = computedAgain(h, [&weights, layer, batch, tables, &sites](const at::Tensor &input) {
            return throughGptLayer(weights, layer, input, batch, weights.config.hasPositionTable ? nullptr : &tables, sites);
        });
    }
    return throughLayerNorm(config, weights.finalNorm, weights.finalNormBias, h);
}

} // namespace fettle::model
