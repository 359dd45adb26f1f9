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
    LinearWeight linear(std::int64_t out, std::int64_t in, bool hasBias) { return {take({out, in}), hasBias ? take({out}) : at::Tensor()}; }

    // Every tensor begins at a multiple of 4 KB.
    static std::int64_t roomFor(std::int64_t values) { return (values + 1023) / 1024 * 1024; }

private:
    std::shared_ptr<LargeMemory> m_block;
    std::int64_t m_used = 0;
};

} // namespace

std::shared_ptr<ModelWeights> allocateWeights(const ModelConfig &config)
{
    auto weights = std::make_shared<ModelWeights>();
    weights->config = config;
    // At most one page of 1,024 values is lost for each tensor.
    Allocator allocator(config.parameters() + 1024 * (24 * config.layers + 5));
    weights->embedding = allocator.take({config.vocabulary, config.width});
    weights->finalNorm = allocator.take({config.width});
    if (config.hasPositionTable)
        weights->positions = allocator.take({config.context, config.width});
    if (config.hasLayerNorm)
        weights->finalNormBias = allocator.take({config.width});
    weights->head = config.isTied ? weights->embedding : allocator.take({config.vocabulary, config.width});
    weights->layers.resize(static_cast<std::size_t>(config.layers));
    for (LayerWeights &layer : weights->layers) {
        for (int norm = 0; norm < kNorms; ++norm) {
            const std::int64_t size = normSize(config, static_cast<Norm>(norm));
            if (size > 0)
                layer.norms[static_cast<std::size_t>(norm)] = allocator.take({size});
            if (size > 0 && config.hasLayerNorm)
                layer.normBiases[static_cast<std::size_t>(norm)] = allocator.take({size});
        }
        layer.qkv = allocator.linear(config.queryWidth() + 2 * config.keyValueWidth(), config.width, config.hasQkvBias);
        layer.output = allocator.linear(config.width, config.queryWidth(), config.hasOutputBias);
        layer.gateUp = allocator.linear((config.hasGate ? 2 : 1) * config.intermediate, config.width, config.hasMlpBias);
        layer.down = allocator.linear(config.width, config.intermediate, config.hasMlpBias);
    }
    return weights;
}

LinearWeight ModelWeights::linear(std::int64_t layer, LinearMap map) const
{
    const LinearWeight &stack = stackOf(layers.at(static_cast<std::size_t>(layer)), map);
    const std::int64_t first = stackedRow(config, map), rows = outputSize(config, map);
    return {stack.weight.narrow(0, first, rows), stack.bias.defined() ? stack.bias.narrow(0, first, rows) : at::Tensor()};
}

at::Tensor ModelWeights::tensor(std::string_view name) const
{
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0)
        return {};
    const std::string_view stem = name.substr(0, dot);
    const bool isWeight = name.substr(dot) == ".weight", isBias = name.substr(dot) == ".bias";
    if (stem == nameOf(config, OuterTensor::Embedding))
        return isWeight ? embedding : at::Tensor();
    if (stem == nameOf(config, OuterTensor::Positions))
        return isWeight ? positions : at::Tensor();
    if (stem == nameOf(config, OuterTensor::FinalNorm))
        return isWeight ? finalNorm : isBias ? finalNormBias : at::Tensor();
    if (stem == nameOf(config, OuterTensor::Head))
        return isWeight ? head : at::Tensor();
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
        return isWeight ? found.weight : isBias ? found.bias : at::Tensor();
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

std::int64_t ModelWeights::bytes() const { return config.parameters() * 4; }

} // namespace fettle::model
