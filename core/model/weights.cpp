// Storage of the weights, access by name, and their hash. Knows no file.
#include "core/model/weights.h"

#include "core/base/sha256.h"
#include "core/io/tensorfile.h"
#include "core/model/largememory.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace fettle::model {

namespace {

// First row of a map inside its stacked matrix.
std::int64_t stackedRow(const ModelConfig &config, LinearMap map)
{
    switch (roleOf(map)) {
    case LinearMap::Key: return config.queryWidth();
    case LinearMap::Value: return config.queryWidth() + config.keyValueWidth();
    case LinearMap::Up: return config.hasGate ? config.intermediate : 0;
    default: return 0;
    }
}

const LinearWeight &stackOf(const LayerWeights &layer, LinearMap map)
{
    switch (roleOf(map)) {
    case LinearMap::Query:
    case LinearMap::Key:
    case LinearMap::Value:
    case LinearMap::QueryKeyValue: return layer.qkv;
    case LinearMap::Output: return layer.output;
    case LinearMap::Gate:
    case LinearMap::Up:
    case LinearMap::GateUp: return layer.gateUp;
    default: return layer.down;
    }
}

// Hands out tensors of one block of large memory, which lives as long as any of them.
class Allocator {
public:
    explicit Allocator(std::int64_t values) : m_block(std::make_shared<LargeMemory>(static_cast<std::size_t>(values) * sizeof(float))) { }

    at::Tensor take(at::IntArrayRef shape)
    {
        float *here = m_block->floats() + m_used;
        m_used += roomFor(c10::multiply_integers(shape));
        return at::from_blob(here, shape, [block = m_block](void *) {}, at::kFloat);
    }
    LinearWeight linear(std::int64_t out, std::int64_t in, bool hasBias, bool isPlain)
    {
        return {isPlain ? take({out, in}) : at::Tensor(), hasBias ? take({out}) : at::Tensor(), {}};
    }

    // Every tensor begins at a multiple of 4 KB.
    static std::int64_t roomFor(std::int64_t values) { return (values + 1023) / 1024 * 1024; }

private:
    std::shared_ptr<LargeMemory> m_block;
    std::int64_t m_used = 0;
};

} // namespace

std::shared_ptr<ModelWeights> allocateWeights(const ModelConfig &config, const std::function<bool(std::string_view name)> &isPlain)
{
    auto weights = std::make_shared<ModelWeights>();
    weights->config = config;
    const auto isMatrixPlain = [&](std::string_view name) { return !isPlain || isPlain(name); };
    std::int64_t values = 0;
    for (const ExpectedTensor &expected : expectedTensors(config)) {
        if (expected.shape.size() == 1 || isMatrixPlain(expected.name))
            values += c10::multiply_integers(expected.shape);
    }
    // At most one page of 1,024 values is lost for each tensor.
    Allocator allocator(values + 1024 * (24 * config.layers + 5));
    const auto isOuterPlain = [&](OuterTensor tensor) { return isMatrixPlain(std::string(nameOf(config, tensor)) + ".weight"); };
    if (isOuterPlain(OuterTensor::Embedding))
        weights->embedding = allocator.take({config.vocabulary, config.width});
    weights->finalNorm = allocator.take({config.width});
    if (config.hasPositionTable)
        weights->positions = allocator.take({config.context, config.width});
    if (config.hasLayerNorm)
        weights->finalNormBias = allocator.take({config.width});
    if (config.isTied)
        weights->head = weights->embedding;
    else if (isOuterPlain(OuterTensor::Head))
        weights->head = allocator.take({config.vocabulary, config.width});
    weights->layers.resize(static_cast<std::size_t>(config.layers));
    for (std::int64_t number = 0; number < config.layers; ++number) {
        LayerWeights &layer = weights->layers[static_cast<std::size_t>(number)];
        for (int norm = 0; norm < kNorms; ++norm) {
            const std::int64_t size = normSize(config, static_cast<Norm>(norm));
            if (size > 0)
                layer.norms[static_cast<std::size_t>(norm)] = allocator.take({size});
            if (size > 0 && config.hasLayerNorm)
                layer.normBiases[static_cast<std::size_t>(norm)] = allocator.take({size});
        }
        const auto stack = [&](LinearMap role, std::int64_t out, std::int64_t in, bool hasItsBias) {
            return allocator.linear(out, in, hasItsBias, isMatrixPlain(linearName(number, mapFor(config, role)) + ".weight"));
        };
        layer.qkv = stack(config.isFused ? LinearMap::QueryKeyValue : LinearMap::Query, config.queryWidth() + 2 * config.keyValueWidth(), config.width, config.hasQkvBias);
        layer.output = stack(LinearMap::Output, config.width, config.queryWidth(), config.hasOutputBias);
        const LinearMap up = !config.hasGate ? LinearMap::Up : config.isFused ? LinearMap::GateUp : LinearMap::Gate;
        layer.gateUp = stack(up, (config.hasGate ? 2 : 1) * config.intermediate, config.width, config.hasMlpBias);
        layer.down = stack(LinearMap::Down, config.width, config.intermediate, config.hasMlpBias);
    }
    return weights;
}

LinearWeight ModelWeights::linear(std::int64_t layer, LinearMap map) const
{
    return stackOf(layers.at(static_cast<std::size_t>(layer)), map).rows(stackedRow(config, map), outputSize(config, map));
}

at::Tensor ModelWeights::embeddingRows(const at::Tensor &ids) const
{
    if (!storedEmbedding)
        return at::embedding(embedding, ids).to(at::kFloat);
    const at::Tensor places = ids.contiguous(), rows = at::empty({ids.numel(), config.width}, at::kFloat);
    const auto *place = places.const_data_ptr<std::int64_t>();
    auto *row = rows.data_ptr<float>();
    at::parallel_for(0, ids.numel(), 32, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            storedEmbedding.matrix->decode(storedEmbedding.first + place[i], 1, row + i * config.width);
    });
    return rows;
}

at::Tensor ModelWeights::tensor(std::string_view name) const
{
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0)
        return {};
    const std::string_view stem = name.substr(0, dot);
    const bool isWeight = name.substr(dot) == ".weight", isBias = name.substr(dot) == ".bias";
    if (stem == nameOf(config, OuterTensor::Embedding))
        return !isWeight ? at::Tensor() : storedEmbedding ? storedEmbedding.values() : embedding;
    if (stem == nameOf(config, OuterTensor::Positions))
        return isWeight ? positions : at::Tensor();
    if (stem == nameOf(config, OuterTensor::FinalNorm))
        return isWeight ? finalNorm : isBias ? finalNormBias : at::Tensor();
    if (stem == nameOf(config, OuterTensor::Head))
        return isWeight ? headWeight().values() : at::Tensor();
    std::string prefix = layerPrefix(config, 0);
    prefix.resize(prefix.size() - 2); // "model.layers."
    if (!name.starts_with(prefix))
        return {};
    name.remove_prefix(prefix.size());
    std::int64_t layer = -1;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), layer);
    if (parsed.ec != std::errc() || layer < 0 || layer >= config.layers)
        return {};
    name.remove_prefix(static_cast<std::size_t>(parsed.ptr - name.data()));
    const LayerWeights &here = layers[static_cast<std::size_t>(layer)];
    const std::string_view inLayer = name.substr(0, std::max<std::size_t>(name.rfind('.'), 1)); // ".self_attn.q_proj"
    if (inLayer.empty() || inLayer.front() != '.')
        return {};
    for (int i = 0; i < kNorms; ++i) {
        if (const std::string_view own = normName(config, static_cast<Norm>(i)); !own.empty() && own == inLayer.substr(1))
            return isWeight ? here.norms[static_cast<std::size_t>(i)] : isBias ? here.normBiases[static_cast<std::size_t>(i)] : at::Tensor();
    }
    for (const LinearMap map : linearMaps(config)) {
        const std::string full = linearName(layer, map);
        if (full.substr(full.find('.', prefix.size())) != inLayer)
            continue;
        const LinearWeight found = linear(layer, map);
        return isWeight ? found.values() : isBias ? found.bias : at::Tensor();
    }
    return {};
}

const std::string &ModelWeights::hash() const
{
    std::call_once(m_hashOnce, [this] {
        Sha256 sha;
        for (const ExpectedTensor &expected : expectedTensors(config)) {
            const at::Tensor values = tensor(expected.name).contiguous();
            sha.update(expected.name + io::shapeText(expected.shape));
            sha.update(std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
        }
        m_hash = sha.finishHex();
    });
    return m_hash;
}

std::int64_t ModelWeights::bytes() const
{
    std::int64_t total = 4 * config.parameters();
    const auto lessThanFp32 = [](const StoredRows &stored) { return stored ? 4 * stored.count * stored.columns() - stored.matrix->bytes() : 0; };
    for (const LayerWeights &layer : layers) {
        for (const LinearWeight *linear : {&layer.qkv, &layer.output, &layer.gateUp, &layer.down})
            total -= lessThanFp32(linear->stored);
    }
    return total - lessThanFp32(storedEmbedding) - (config.isTied ? 0 : lessThanFp32(storedHead));
}

} // namespace fettle::model
