#include "core/generate/decodeadapter.h"

#include "core/generate/vectorkernels.h"
#include "core/tune/lora.h"

#include <fmt/format.h>

namespace fettle::generate {

struct DecodeAdapter::Origin {
    tune::LoraConfig config;
    std::vector<tune::LoraAdapter::Module> modules; // without tensors
    std::int64_t layers = 0;
};

DecodeAdapter::DecodeAdapter() = default;
DecodeAdapter::~DecodeAdapter() = default;

namespace {

Result<PackedMatrix> packTensor(const at::Tensor &tensor)
{
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    return packFloats(plain.const_data_ptr<float>(), static_cast<std::size_t>(plain.size(0)), static_cast<std::size_t>(plain.size(1)));
}

at::Tensor unpackTensor(const PackedMatrix &matrix)
{
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(matrix.rows()), static_cast<std::int64_t>(matrix.columns())}, at::kFloat);
    for (std::size_t row = 0; row < matrix.rows(); ++row)
        matrix.unpackRow(row, tensor.mutable_data_ptr<float>() + row * matrix.columns());
    return tensor;
}

} // namespace

Result<std::shared_ptr<DecodeAdapter>> DecodeAdapter::create(const tune::LoraAdapter &adapter, const model::ModelConfig &config)
{
    std::shared_ptr<DecodeAdapter> result(new DecodeAdapter);
    result->m_modules.resize(static_cast<std::size_t>(config.layers));
    result->m_origin = std::make_unique<Origin>();
    result->m_origin->config = adapter.config();
    result->m_origin->layers = config.layers;
    for (const tune::LoraAdapter::Module &module : adapter.modules()) {
        if (module.layer < 0 || module.layer >= config.layers || module.a.size(1) != model::inputSize(config, module.map)
            || module.b.size(0) != model::outputSize(config, module.map) || module.a.size(0) != module.b.size(1)) {
            return fail(ErrorCode::BadInput,
                        fmt::format("The adapter's tensors for {} do not fit the model.", model::linearName(module.layer, module.map)),
                        "Choose an adapter that was trained on this base model.");
        }
        auto a = packTensor(module.a);
        if (!a)
            return passError(a);
        auto b = packTensor(module.b);
        if (!b)
            return passError(b);
        result->m_largestRank = std::max(result->m_largestRank, a->rows());
        Module &target = result->module(static_cast<std::size_t>(module.layer), module.map);
        target = {std::move(*a), std::move(*b), static_cast<float>(module.scaling)};
        tune::LoraAdapter::Module origin = module;
        origin.a = at::Tensor();
        origin.b = at::Tensor();
        result->m_origin->modules.push_back(std::move(origin));
    }
    result->m_fingerprint = result->fingerprintNow();
    result->m_hash = adapter.hash();
    return result;
}

std::uint64_t DecodeAdapter::fingerprintNow() const
{
    std::uint64_t total = 0;
    for (const auto &layer : m_modules) {
        for (const Module &module : layer) {
            for (const std::uint64_t part : {fingerprint(module.a.bytes()), fingerprint(module.b.bytes())})
                total = (total ^ part) * 0x9E3779B97F4A7C15ull;
        }
    }
    return total;
}

std::string DecodeAdapter::hash() const
{
    const std::uint64_t now = fingerprintNow();
    if (now != m_fingerprint) {
        std::vector<tune::LoraAdapter::Module> modules = m_origin->modules;
        for (tune::LoraAdapter::Module &module : modules) {
            const Module &packed = this->module(static_cast<std::size_t>(module.layer), module.map);
            module.a = unpackTensor(packed.a);
            module.b = unpackTensor(packed.b);
        }
        m_hash = tune::LoraAdapter(m_origin->config, std::move(modules), m_origin->layers).hash();
        m_fingerprint = now;
    }
    return m_hash;
}

} // namespace fettle::generate
