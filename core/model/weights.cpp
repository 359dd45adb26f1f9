// Storage of the weights, access by name, and their hash. Knows no file.
#include "core/model/weights.h"

#include "core/base/sha256.h"
#include "core/io/tensorfile.h"
#include "core/model/largememory.h"

#include <charconv>
#include <span>

namespace fettle::model {

namespace {

// First row of a map inside its stacked matrix.
std::int64_t stackedRow(const ModelConfig &config, LinearMap map)
{
    switch (map) {
    case LinearMap::Key: return config.queryWidth();
    case LinearMap::Value: return config.queryWidth() + config.keyValueWidth();
    case LinearMap::Up: return config.intermediate;
    default: return 0;
    }
}

const LinearWeight &stackOf(const LayerWeights &layer, LinearMap map)
{
    switch (map) {
    case LinearMap::Query:
    case LinearMap::Key:
    case LinearMap::Value:
    case LinearMap::QueryKeyValue: return layer.qkv;
    case LinearMap::Output: return layer.output;
    case LinearMap::Gate:
    case LinearMap::Up:
    case LinearMap::GateUp: return layer.gateUp;
    case LinearMap::Down: return layer.down;
    }
    return layer.down;
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
    Allocator allocator(config.parameters() + 1024 * (16 * config.layers + 3));
    weights->embedding = allocator.take({config.vocabulary, config.width});
    weights->finalNorm = allocator.take({config.width});
    weights->head = config.isTied ? weights->embedding : allocator.take({config.vocabulary, config.width});
    weights->layers.resize(static_cast<std::size_t>(config.layers));
    for (LayerWeights &layer : weights->layers) {
        for (int norm = 0; norm < kNorms; ++norm) {
            if (const std::int64_t size = normSize(config, static_cast<Norm>(norm)); size > 0)
                layer.norms[static_cast<std::size_t>(norm)] = allocator.take({size});
        }
        layer.qkv = allocator.linear(config.queryWidth() + 2 * config.keyValueWidth(), config.width, config.hasQkvBias);
        layer.output = allocator.linear(config.width, config.queryWidth(), config.hasOutputBias);
        layer.gateUp = allocator.linear(2 * config.intermediate, config.width, config.hasMlpBias);
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
    if (name == "model.embed_tokens.weight")
        return embedding;
    if (name == "model.norm.weight")
        return finalNorm;
    if (name == "lm_head.weight")
        return head;
    constexpr std::string_view prefix = "model.layers.";
    if (!name.starts_with(prefix))
        return {};
    name.remove_prefix(prefix.size());
    std::int64_t layer = -1;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), layer);
    if (parsed.ec != std::errc() || layer < 0 || layer >= config.layers)
        return {};
    name.remove_prefix(static_cast<std::size_t>(parsed.ptr - name.data()));
    const LayerWeights &here = layers[static_cast<std::size_t>(layer)];
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0)
        return {};
    for (int i = 0; i < kNorms && name.substr(dot) == ".weight"; ++i) {
        if (const std::string_view own = normName(config, static_cast<Norm>(i)); !own.empty() && own == name.substr(1, dot - 1))
            return here.norms[static_cast<std::size_t>(i)];
    }
    for (const LinearMap map : linearMaps(config)) {
        const std::string full = linearName(layer, map);
        if (full.substr(full.find('.', prefix.size())) != name.substr(0, dot))
            continue;
        const LinearWeight found = linear(layer, map);
        return name.substr(dot) == ".weight" ? found.weight : name.substr(dot) == ".bias" ? found.bias : at::Tensor();
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
