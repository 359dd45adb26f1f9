// The plain path, top to bottom. Shapes: N tokens of all documents, C width, H heads, K key-value heads, D head size, I intermediate, V vocabulary.
#include "core/model/decoder.h"

#include "core/base/memorywatch.h"
#include "core/base/words.h"
#include "core/model/device.h"
#include "core/model/gptdecoder.h"
#include "core/model/torcherror.h"

#include <cmath>
#include <fmt/format.h>
#include <initializer_list>
#include <limits>
#include <new>

namespace fettle::model {

std::vector<at::Tensor> project(const LinearWeight &stack, const ModelConfig &config, std::int64_t layer, std::initializer_list<LinearMap> maps,
                                const at::Tensor &x, const Sites &sites)
{
    const at::Tensor all = stack.apply(x); // [N, sum of out]
    std::vector<at::Tensor> parts;
    std::int64_t column = 0;
    for (const LinearMap map : maps) {
        const std::int64_t out = outputSize(config, map);
        at::Tensor y = all.narrow(1, column, out);
        for (const LowRank &update : sites.lowRank(layer, map)) {
            const at::Tensor small = at::linear(applyDropout(x, update.dropout), beside(update.a, x)); // [N, R]
            y = y + at::linear(small, beside(update.b, x)) * update.scale;
        }
        parts.push_back(sites.linear(layer, map, stack.rows(column, out), x, y));
        column += out;
    }
    return parts;
}

namespace {

at::Tensor normed(const ModelConfig &config, const at::Tensor &weight, const at::Tensor &x)
{
    return rmsNorm(x, config.isNormOffset ? weight + 1.0 : weight, config.rmsEpsilon);
}

// x through a norm of this layer; x itself where the layer has none there.
at::Tensor throughNorm(const ModelWeights &weights, std::int64_t layer, Norm norm, const at::Tensor &x)
{
    const at::Tensor &weight = weights.layers[static_cast<std::size_t>(layer)].norm(norm);
    return weight.defined() ? normed(weights.config, weight, x) : x;
}

// [N, heads * D] -> [N, heads, D], normalised as a whole or head by head.
at::Tensor inHeads(const ModelWeights &weights, std::int64_t layer, Norm norm, const at::Tensor &x)
{
    const at::Tensor whole = weights.config.queryKeyNorm == QueryKeyNorm::Projection ? throughNorm(weights, layer, norm, x) : x;
    const at::Tensor heads = whole.reshape({x.size(0), -1, weights.config.headSize});
    return weights.config.queryKeyNorm == QueryKeyNorm::Head ? throughNorm(weights, layer, norm, heads) : heads;
}

// q, k and v, or gate and up: from maps of their own or from one for all.
std::vector<at::Tensor> projectParts(const LinearWeight &stack, const ModelConfig &config, std::int64_t layer, std::initializer_list<LinearMap> parts,
                                     LinearMap fused, const at::Tensor &x, const Sites &sites)
{
    if (!config.isFused)
        return project(stack, config, layer, parts, x, sites);
    const at::Tensor all = project(stack, config, layer, {fused}, x, sites)[0];
    std::vector<at::Tensor> cut;
    std::int64_t column = 0;
    for (const LinearMap part : parts) {
        cut.push_back(all.narrow(1, column, outputSize(config, part)));
        column += outputSize(config, part);
    }
    return cut;
}

// tables: of this layer; null where it knows no positions.
at::Tensor attentionBranch(const ModelWeights &weights, std::int64_t layer, const at::Tensor &x, const PackedBatch &batch, const RopeTables *tables,
                           const Sites &sites)
{
    const ModelConfig &config = weights.config;
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    const std::int64_t tokens = x.size(0);
    const auto parts = projectParts(here.qkv, config, layer, {LinearMap::Query, LinearMap::Key, LinearMap::Value}, LinearMap::QueryKeyValue, x, sites);
    const auto turned = [tables](const at::Tensor &heads) { return tables ? applyRope(heads, *tables) : heads; };
    const at::Tensor q = turned(inHeads(weights, layer, Norm::Query, parts[0]));            // [N, H, D]
    const at::Tensor k = turned(inHeads(weights, layer, Norm::Key, parts[1]));              // [N, K, D]
    const at::Tensor v = parts[2].reshape({tokens, config.keyValueHeads, config.headSize}); // [N, K, D]
    const AttentionRule rule{config.windowOf(layer), config.attentionScale(), config.attentionSoftcap};
    const at::Tensor mixed = documentAttention(q, k, v, batch.borders, rule, sites.prefix(layer));
    return project(here.output, config, layer, {LinearMap::Output}, mixed.reshape({tokens, config.queryWidth()}), sites)[0]; // [N, C]
}

at::Tensor mlpBranch(const ModelWeights &weights, std::int64_t layer, const at::Tensor &x, const Sites &sites)
{
    const ModelConfig &config = weights.config;
    const LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
    const auto parts = projectParts(here.gateUp, config, layer, {LinearMap::Gate, LinearMap::Up}, LinearMap::GateUp, x, sites); // [N, I] twice
    const at::Tensor gate = config.activation == Activation::GeluTanh ? at::gelu(parts[0], "tanh") : at::silu(parts[0]);
    return project(here.down, config, layer, {LinearMap::Down}, gate * parts[1], sites)[0]; // [N, C]
}

// Which of the P prefix and T own keys a query of a document sees, [T, P + T].
at::Tensor visibleKeys(std::int64_t tokens, std::int64_t prefix, std::int64_t window, at::Device device)
{
    const auto allSeen = [&](std::int64_t columns) { return at::ones({tokens, columns}, at::TensorOptions(at::kBool).device(device)); };
    at::Tensor own = allSeen(tokens).tril();
    if (window > 0)
        own = own.logical_and(allSeen(tokens).triu(1 - window));
    return prefix > 0 ? at::cat({allSeen(prefix), own}, 1) : own;
}

} // namespace

at::Tensor rmsNorm(const at::Tensor &x, const at::Tensor &weight, double epsilon)
{
    const at::Tensor variance = x.square().mean(-1, true); // [N, 1]
    return x * at::rsqrt(variance + epsilon) * weight;
}

RopeTables ropeTables(const ModelConfig &config, const at::Tensor &positions, RopeKind kind)
{
    const std::vector<float> frequencies = ropeFrequencies(config, kind);
    const at::Tensor angles = positions.to(at::kFloat).unsqueeze(1) * beside(at::tensor(frequencies), positions).unsqueeze(0); // [N, D/2]
    const double length = kind != RopeKind::Local ? config.ropeScaling.attentionFactor : 1.0;
    return length == 1.0 ? RopeTables{angles.cos(), angles.sin()} : RopeTables{angles.cos() * length, angles.sin() * length};
}

at::Tensor applyRope(const at::Tensor &x, const RopeTables &tables)
{
    const std::int64_t half = tables.cosine.size(1), rest = x.size(2) - 2 * half;
    const at::Tensor first = x.narrow(2, 0, half), second = x.narrow(2, half, half); // [N, heads, rotated/2]
    const at::Tensor cosine = tables.cosine.unsqueeze(1), sine = tables.sine.unsqueeze(1);
    const at::Tensor a = first * cosine - second * sine, b = second * cosine + first * sine;
    return rest > 0 ? at::cat({a, b, x.narrow(2, 2 * half, rest)}, 2) : at::cat({a, b}, 2);
}

namespace {

// By the formula, for scores with a soft limit. q [1, H, T, D], k, v [1, K, P + T, D], mask [T, P + T].
at::Tensor cappedAttention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &mask, double scale, double softcap)
{
    const std::int64_t group = q.size(1) / k.size(1);
    const at::Tensor keys = k.repeat_interleave(group, 1), values = v.repeat_interleave(group, 1);
    const at::Tensor scores = at::tanh(at::matmul(q, keys.transpose(2, 3)) * (scale / softcap)) * softcap;
    return at::matmul(at::softmax(scores.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity()), -1), values);
}

} // namespace

at::Tensor documentAttention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, std::span<const std::int64_t> borders,
                             const AttentionRule &rule, const PrefixKeyValues &prefix)
{
    const bool isGrouped = q.size(1) != k.size(1);
    std::vector<at::Tensor> outputs;
    for (std::size_t document = 0; document + 1 < borders.size(); ++document) {
        const std::int64_t begin = borders[document], tokens = borders[document + 1] - begin;
        const auto heads = [&](const at::Tensor &x) { return x.narrow(0, begin, tokens); };
        at::Tensor keys = heads(k), values = heads(v); // [T, K, D]
        std::int64_t extra = 0;
        if (prefix.keys.defined()) {
            extra = prefix.keys.size(0);
            keys = at::cat({beside(prefix.keys, keys), keys}, 0);
            values = at::cat({beside(prefix.values, values), values}, 0);
        }
        const auto forward = [](const at::Tensor &x) { return x.transpose(0, 1).unsqueeze(0); }; // [1, heads, T, D]
        const bool needsMask = extra > 0 || rule.softcap > 0 || (rule.window > 0 && tokens > rule.window);
        const std::optional<at::Tensor> mask = needsMask ? std::optional(visibleKeys(tokens, extra, rule.window, q.device())) : std::nullopt;
        const double usual = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
        const at::Tensor mixed = rule.softcap > 0
            ? cappedAttention(forward(heads(q)), forward(keys), forward(values), *mask, rule.scale.value_or(usual), rule.softcap)
            : at::scaled_dot_product_attention(forward(heads(q)), forward(keys), forward(values), mask, 0.0, !needsMask, rule.scale, isGrouped);
        outputs.push_back(mixed.squeeze(0).transpose(0, 1)); // [T, H, D]
    }
    return at::cat(outputs, 0);
}

namespace {

// Of all layers without a base of their own: documents beyond the original context have other angles (LongRope).
RopeTables globalTables(const ModelConfig &config, const PackedBatch &batch, const at::Tensor &positions)
{
    if (config.ropeScaling.kind != RopeScalingKind::LongRope)
        return ropeTables(config, positions);
    std::vector<at::Tensor> cosines, sines;
    for (std::size_t document = 0; document + 1 < batch.borders.size(); ++document) {
        const std::int64_t begin = batch.borders[document], count = batch.borders[document + 1] - begin;
        const at::Tensor own = positions.narrow(0, begin, count);
        const RopeTables tables = ropeTables(config, own, config.isLongText(own[count - 1].item<std::int64_t>() + 1) ? RopeKind::Long : RopeKind::Global);
        cosines.push_back(tables.cosine);
        sines.push_back(tables.sine);
    }
    return {at::cat(cosines, 0), at::cat(sines, 0)};
}

// One layer, h [N, C] -> [N, C]. tables: of this layer; null where it knows no positions.
at::Tensor throughLayer(const ModelWeights &weights, std::int64_t layer, const at::Tensor &h, const PackedBatch &batch, const RopeTables *tables, const Sites &sites)
{
    const at::Tensor attention = attentionBranch(weights, layer, throughNorm(weights, layer, Norm::BeforeAttention, h), batch, tables, sites);
    const at::Tensor between = sites.residual(layer, ResidualSite::AfterAttention, h, throughNorm(weights, layer, Norm::AfterAttention, attention));
    const at::Tensor mlp = mlpBranch(weights, layer, throughNorm(weights, layer, Norm::BeforeMlp, between), sites);
    return sites.residual(layer, ResidualSite::AfterMlp, between, throughNorm(weights, layer, Norm::AfterMlp, mlp));
}

at::Tensor throughLayers(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, at::Tensor h, const StopCheck &isStopped, Kept kept)
{
    const ModelConfig &config = weights.config;
    if (config.hasLayerNorm)
        return throughGptLayers(weights, batch, sites, h, isStopped, kept);
    const std::int64_t first = sites.firstPosition();
    const at::Tensor positions = first > 0 ? batch.positions + first : batch.positions;
    const RopeTables global = globalTables(config, batch, positions);
    const RopeTables local = config.localRopeTheta > 0 ? ropeTables(config, positions, RopeKind::Local) : RopeTables{};
    MemoryWatch memory;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        throwIfStopped(isStopped);
        if (isStopped && !memory.hasRoomForNext())
            throw std::bad_alloc();
        if (isStopped && h.requires_grad())
            h.register_hook([isStopped](const at::Tensor &) { throwIfStopped(isStopped); });
        const RopeTables &tables = config.ropeOf(layer) == RopeKind::Local ? local : global;
        if (kept == Kept::Everything) {
            h = throughLayer(weights, layer, h, batch, config.isRotated(layer) ? &tables : nullptr, sites);
            continue;
        }
        h = computedAgain(h, [&weights, layer, batch, tables, &sites](const at::Tensor &input) {
            return throughLayer(weights, layer, input, batch, weights.config.isRotated(layer) ? &tables : nullptr, sites);
        });
    }
    return normed(config, weights.finalNorm, h);
}

// The batch with P virtual tokens in front of every document, and where its own rows are then.
struct Widened {
    PackedBatch batch; // without ids
    at::Tensor own;    // [N]
};

Widened widened(const PackedBatch &batch, std::int64_t virtualTokens)
{
    const at::Tensor positions = batch.positions.cpu().contiguous();
    const auto *position = positions.const_data_ptr<std::int64_t>();
    std::vector<std::int64_t> wide, own;
    Widened result;
    result.batch.borders.push_back(0);
    for (std::size_t document = 0; document + 1 < batch.borders.size(); ++document) {
        for (std::int64_t i = 0; i < virtualTokens; ++i)
            wide.push_back(i);
        for (std::int64_t row = batch.borders[document]; row < batch.borders[document + 1]; ++row) {
            own.push_back(static_cast<std::int64_t>(wide.size()));
            wide.push_back(position[row] + virtualTokens);
        }
        result.batch.borders.push_back(static_cast<std::int64_t>(wide.size()));
    }
    result.batch.positions = beside(at::tensor(wide, at::kLong), batch.positions);
    result.own = beside(at::tensor(own, at::kLong), batch.positions);
    return result;
}

} // namespace

at::Tensor forwardHidden(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, const StopCheck &isStopped, Kept kept)
{
    sites.beginPass();
    const at::Tensor rows = weights.embeddingRows(batch.ids); // [N, C]
    const double scale = weights.config.embeddingScale;
    const at::Tensor h = sites.embedded(batch, scale == 1.0 ? rows : rows * scale);
    const at::Tensor ownExtra = sites.virtualTokens(); // [P, C]
    if (!ownExtra.defined())
        return throughLayers(weights, batch, sites, h, isStopped, kept);
    const at::Tensor extra = beside(ownExtra, h);
    std::vector<at::Tensor> parts;
    for (std::size_t document = 0; document + 1 < batch.borders.size(); ++document) {
        parts.push_back(extra);
        parts.push_back(h.narrow(0, batch.borders[document], batch.borders[document + 1] - batch.borders[document]));
    }
    const Widened wide = widened(batch, extra.size(0));
    return throughLayers(weights, wide.batch, sites, at::cat(parts, 0), isStopped, kept).index_select(0, wide.own);
}

at::Tensor headLogits(const ModelWeights &weights, const at::Tensor &hidden, const HeadChange &change)
{
    at::Tensor logits = change.whole.defined() ? at::linear(hidden, change.whole) : weights.headWeight().apply(hidden);
    for (const LowRank &update : change.updates)
        logits = logits + at::linear(at::linear(applyDropout(hidden, update.dropout), update.a), update.b) * update.scale;
    const double limit = weights.config.finalSoftcap;
    return limit > 0 ? at::tanh(logits / limit) * limit : logits;
}

Result<at::Tensor> computeLogits(const ModelWeights &weights, const PackedBatch &batch, const Sites &sites, const at::Tensor &rows)
try {
    if (auto checked = checkBatch(weights.config, batch); !checked)
        return passError(checked);
    const at::NoGradGuard guard;
    const at::Tensor hidden = forwardHidden(weights, batch, sites);
    return headLogits(weights, rows.defined() ? hidden.index_select(0, rows) : hidden, sites.head());
} catch (const std::exception &exception) {
    return tl::unexpected(errorFromException(exception, tr("computing logits")));
}

PackedBatch packDocuments(std::span<const std::span<const std::int32_t>> documents)
{
    PackedBatch batch;
    batch.borders.push_back(0);
    for (const auto &document : documents)
        batch.borders.push_back(batch.borders.back() + static_cast<std::int64_t>(document.size()));
    batch.ids = at::empty({batch.tokens()}, at::kLong);
    batch.positions = at::empty({batch.tokens()}, at::kLong);
    auto *ids = batch.ids.data_ptr<std::int64_t>(), *positions = batch.positions.data_ptr<std::int64_t>();
    for (const auto &document : documents) {
        for (std::size_t i = 0; i < document.size(); ++i) {
            *ids++ = document[i];
            *positions++ = static_cast<std::int64_t>(i);
        }
    }
    return batch;
}

PackedBatch packDocument(std::span<const std::int32_t> ids) { return packDocuments(std::span(&ids, 1)); }

Result<> checkBatch(const ModelConfig &config, const PackedBatch &batch)
{
    const std::int64_t tokens = batch.tokens();
    if (tokens < 1 || !batch.ids.defined() || !batch.positions.defined() || batch.ids.numel() != tokens || batch.positions.numel() != tokens
        || batch.borders.front() != 0)
        return fail(ErrorCode::BadInput, tr("A batch of {} tokens does not fit its borders.", batch.ids.defined() ? batch.ids.numel() : 0));
    for (std::size_t i = 1; i < batch.borders.size(); ++i) {
        if (batch.borders[i] <= batch.borders[i - 1])
            return fail(ErrorCode::BadInput, tr("Document {} of a batch is empty or out of order.", i));
    }
    const at::Tensor ids = batch.ids.contiguous(), positions = batch.positions.contiguous();
    const auto *id = ids.const_data_ptr<std::int64_t>(), *position = positions.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < tokens; ++i) {
        if (id[i] < 0 || id[i] >= config.vocabulary) {
            return fail(ErrorCode::BadInput, tr("Token id {} is outside the model's vocabulary of {}.", id[i], config.vocabulary),
                        tr("The tokenizer and the model do not belong together. Use the tokenizer that came with the model."));
        }
        if (position[i] < 0)
            return fail(ErrorCode::BadInput, tr("Position {} in a batch is negative.", position[i]));
    }
    return {};
}

} // namespace fettle::model
