#include "core/generate/decodeadapter.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/generate/attentionkernel.h"
#include "core/generate/decodeweights.h"
#include "core/generate/vectorkernels.h"
#include "core/generate/kvcache.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/softprompt.h"

#include <algorithm>
#include <cmath>
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

// isRounded: to F16, as 2^exponent times what is packed.
Result<PackedMatrix> packUpdate(const at::Tensor &tensor, bool isRounded, int &exponent)
{
    if (!isRounded)
        return packTensor(tensor);
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    return packHalves(plain.const_data_ptr<float>(), static_cast<std::size_t>(plain.size(0)), static_cast<std::size_t>(plain.size(1)), exponent);
}

std::vector<float> valuesOf(const at::Tensor &tensor)
{
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    return {plain.const_data_ptr<float>(), plain.const_data_ptr<float>() + plain.numel()};
}

at::Tensor unpackTensor(const PackedMatrix &matrix)
{
    at::Tensor tensor = at::empty({static_cast<std::int64_t>(matrix.rows()), static_cast<std::int64_t>(matrix.columns())}, at::kFloat);
    for (std::size_t row = 0; row < matrix.rows(); ++row)
        matrix.unpackRow(row, tensor.mutable_data_ptr<float>() + row * matrix.columns());
    return tensor;
}

} // namespace

Result<std::shared_ptr<DecodeAdapter>> DecodeAdapter::create(const tune::Adapter &adapter, const DecodeWeights &weights)
{
    std::shared_ptr<DecodeAdapter> result(new DecodeAdapter);
    result->m_modules.resize(static_cast<std::size_t>(weights.config.layers));
    result->m_width = static_cast<std::size_t>(weights.config.width);
    Result<> taken = fail(ErrorCode::BadInput, tr("Adapters of this kind cannot write answers."));
    if (const auto *lora = dynamic_cast<const tune::LoraAdapter *>(&adapter))
        taken = result->takeLora(lora->config().init == tune::LoraInit::Pissa ? *tune::asPlainLora(*lora) : *lora, weights);
    if (const auto *ia3 = dynamic_cast<const tune::Ia3Adapter *>(&adapter))
        taken = result->takeIa3(*ia3, weights.config);
    if (const auto *bottlenecks = dynamic_cast<const tune::BottleneckAdapter *>(&adapter))
        taken = result->takeBottlenecks(*bottlenecks, weights.config);
    if (dynamic_cast<const tune::PrefixTuning *>(&adapter) || dynamic_cast<const tune::PromptTuning *>(&adapter))
        taken = result->takePrefix(adapter, weights.config);
    if (!taken)
        return passError(taken);
    result->m_hash = adapter.hash();
    result->m_fingerprint = result->fingerprintNow();
    return result;
}

Result<> DecodeAdapter::takeLora(const tune::LoraAdapter &adapter, const DecodeWeights &weights)
{
    const at::NoGradGuard guard;
    const model::ModelConfig &config = weights.config;
    const bool isRounded = weights.fitsIntegers(); // what the update is added to is rounded more; half the bytes to read for each token
    if (auto taken = takeOuter(adapter, config); !taken)
        return taken;
    if (!adapter.config().isDora && !adapter.hasOuter() && !isRounded) {
        m_origin = std::make_unique<Origin>();
        m_origin->config = adapter.config();
        m_origin->layers = config.layers;
    }
    for (const tune::LoraAdapter::Module &module : adapter.modules()) {
        if (module.layer < 0 || module.layer >= config.layers || module.a.size(1) != model::inputSize(config, module.map)
            || module.b.size(0) != model::outputSize(config, module.map) || module.a.size(0) != module.b.size(1)) {
            return doesNotFit(model::linearName(module.layer, module.map));
        }
        Module &target = this->module(static_cast<std::size_t>(module.layer), module.map);
        at::Tensor up = module.b;
        if (module.magnitude.defined()) { // g W x + s (g B) A x
            const at::Tensor weight = unpackTensor(weights.layers[static_cast<std::size_t>(module.layer)].map(module.map).matrix);
            const at::Tensor gain = (module.magnitude / tune::rowLengths(weight, module)).contiguous();
            up = gain.unsqueeze(1) * module.b;
            target.gain = valuesOf(gain - 1.0);
        }
        int exponents[2] = {};
        auto a = packUpdate(module.a, isRounded, exponents[0]);
        if (!a)
            return passError(a);
        auto b = packUpdate(up, isRounded, exponents[1]);
        if (!b)
            return passError(b);
        m_largestRank = std::max(m_largestRank, a->rows());
        target.a = std::move(*a);
        target.b = std::move(*b);
        target.scaling = static_cast<float>(std::ldexp(module.scaling, exponents[0] + exponents[1]));
        if (m_origin) {
            tune::LoraAdapter::Module origin = module;
            origin.a = at::Tensor();
            origin.b = at::Tensor();
            m_origin->modules.push_back(std::move(origin));
        }
    }
    return {};
}

Result<> DecodeAdapter::takeOuter(const tune::LoraAdapter &adapter, const model::ModelConfig &config)
{
    for (const tune::OuterPart part : tune::kOuterParts) {
        const tune::OuterModule &own = adapter.outer()[static_cast<std::size_t>(part)];
        const bool isEmbedding = part == tune::OuterPart::Embedding;
        Outer &target = isEmbedding ? m_embedding : m_head;
        const auto take = [&](const at::Tensor &tensor, std::int64_t rows, std::int64_t columns, PackedMatrix &to) -> Result<> {
            if (tensor.size(0) != rows || tensor.size(1) != columns)
                return doesNotFit(std::string(tune::nameOf(part)));
            auto packed = packTensor(tensor);
            if (packed)
                to = std::move(*packed);
            return packed ? Result<>() : passError(packed);
        };
        target.scaling = static_cast<float>(own.scaling);
        if (own.whole.defined()) {
            if (auto taken = take(own.whole, config.vocabulary, config.width, target.whole); !taken)
                return taken;
        }
        if (own.a.defined()) {
            auto a = isEmbedding ? take(own.a.t(), config.vocabulary, own.rank(), target.a) : take(own.a, own.rank(), config.width, target.a);
            auto b = a ? take(own.b, isEmbedding ? config.width : config.vocabulary, own.rank(), target.b) : a;
            if (!b)
                return b;
        }
    }
    return {};
}

tl::unexpected<Error> DecodeAdapter::doesNotFit(const std::string &name)
{
    return fail(ErrorCode::BadInput, tr("The adapter's tensors for {} do not fit the model.", name), tr("Choose an adapter that was trained on this base model."));
}

Result<> DecodeAdapter::takeIa3(const tune::Ia3Adapter &adapter, const model::ModelConfig &config)
{
    const at::NoGradGuard guard;
    for (const tune::Ia3Adapter::Module &own : adapter.modules()) {
        if (own.layer >= config.layers || own.factors.numel() != (own.isInput ? model::inputSize(config, own.map) : model::outputSize(config, own.map)))
            return doesNotFit(model::linearName(own.layer, own.map));
        Module &target = module(static_cast<std::size_t>(own.layer), own.map);
        (own.isInput ? target.inputGain : target.gain) = valuesOf(own.factors - 1.0);
        target.isBiasGained = !own.isInput;
    }
    return {};
}

Result<> DecodeAdapter::takeBottlenecks(const tune::BottleneckAdapter &adapter, const model::ModelConfig &config)
{
    m_bottlenecks.resize(static_cast<std::size_t>(config.layers));
    m_activation = static_cast<int>(adapter.config().activation);
    switch (adapter.config().kind) {
    case tune::BottleneckKind::Sequential: m_bottleneckInput = BottleneckInput::Sum; break;
    case tune::BottleneckKind::Double: m_bottleneckInput = BottleneckInput::Branch; break;
    case tune::BottleneckKind::Parallel: m_bottleneckInput = BottleneckInput::Stream; break;
    }
    for (const tune::BottleneckAdapter::Module &own : adapter.modules()) {
        if (own.layer >= config.layers || own.up.size(0) != config.width)
            return doesNotFit(tr("layer {}", own.layer));
        Bottleneck &target = m_bottlenecks[static_cast<std::size_t>(own.layer)][own.site == model::ResidualSite::AfterMlp ? 1 : 0];
        auto down = packTensor(own.down);
        if (!down)
            return passError(down);
        auto up = packTensor(own.up);
        if (!up)
            return passError(up);
        target = {std::move(*down), std::move(*up), valuesOf(own.downBias), valuesOf(own.upBias), static_cast<float>(adapter.config().scaling)};
    }
    return {};
}

// Keys and values go into a cache that every text begins with; virtual tokens have to be read by the model first (Generator::addAdapter).
Result<> DecodeAdapter::takePrefix(const tune::Adapter &adapter, const model::ModelConfig &config)
{
    const at::NoGradGuard guard;
    adapter.beginPass();
    if (const at::Tensor tokens = adapter.virtualTokens(); tokens.defined()) {
        if (tokens.size(1) != config.width)
            return doesNotFit(tr("the virtual tokens"));
        m_virtualTokens = valuesOf(tokens);
        m_startLength = static_cast<std::size_t>(tokens.size(0));
        return {};
    }
    m_startLength = static_cast<std::size_t>(adapter.firstPosition());
    const at::Tensor whole = adapter.parameters().back().tensor; // finished keys and values, or the projection's last bias: 2 L K D in a row
    if (whole.size(-1) != 2 * config.layers * config.keyValueHeads * config.headSize || adapter.prefix(0).keys.size(2) != config.headSize)
        return doesNotFit(tr("the prefix"));
    auto start = std::make_shared<KvCache>(KvShape(config));
    if (auto room = start->reserve(m_startLength); !room)
        return room;
    const auto size = static_cast<std::size_t>(config.headSize), heads = static_cast<std::size_t>(config.keyValueHeads);
    for (std::size_t layer = 0; layer < static_cast<std::size_t>(config.layers); ++layer) {
        const model::PrefixKeyValues prefix = adapter.prefix(static_cast<std::int64_t>(layer));
        const std::vector<float> keys = valuesOf(prefix.keys), values = valuesOf(prefix.values); // [P, K, D]
        for (std::size_t position = 0; position < m_startLength; ++position) {
            for (std::size_t head = 0; head < heads; ++head) {
                const std::size_t at = (position * heads + head) * size;
                start->write(layer, head, position, keys.data() + at, values.data() + at);
            }
        }
    }
    start->setLength(m_startLength);
    m_start = std::move(start);
    return {};
}

void DecodeAdapter::setStart(std::shared_ptr<const KvCache> start)
{
    m_start = std::move(start);
    m_fingerprint = fingerprintNow();
}

const DecodeAdapter::Bottleneck *DecodeAdapter::bottleneck(std::size_t layer, Place place) const
{
    if (m_bottlenecks.empty())
        return nullptr;
    const Bottleneck &found = m_bottlenecks[layer][place == Place::AfterMlp ? 1 : 0];
    return found.down.isEmpty() ? nullptr : &found;
}

void DecodeAdapter::activate(float *values, std::size_t count) const
{
    for (std::size_t i = 0; i < count; ++i) {
        const float x = values[i];
        switch (static_cast<tune::Curve>(m_activation)) {
        case tune::Curve::Relu: values[i] = std::max(x, 0.0f); break;
        case tune::Curve::Swish: values[i] = x / (1.0f + std::exp(-x)); break;
        case tune::Curve::Gelu: values[i] = 0.5f * x * (1.0f + std::erf(x * 0.70710678f)); break;
        case tune::Curve::Tanh: values[i] = std::tanh(x); break;
        }
    }
}

std::uint64_t DecodeAdapter::fingerprintNow() const
{
    std::uint64_t total = fingerprint(std::as_bytes(std::span(m_virtualTokens)));
    for (const auto &layer : m_bottlenecks) {
        for (const Bottleneck &own : layer) {
            for (const std::uint64_t part : {fingerprint(own.down.bytes()), fingerprint(own.up.bytes()), fingerprint(std::as_bytes(std::span(own.downBias))),
                                             fingerprint(std::as_bytes(std::span(own.upBias)))})
                total = (total ^ part) * 0x9E3779B97F4A7C15ull;
        }
    }
    for (const Outer *own : {&m_embedding, &m_head}) {
        for (const PackedMatrix *part : {&own->whole, &own->a, &own->b}) {
            if (!part->isEmpty())
                total = (total ^ fingerprint(part->bytes())) * 0x9E3779B97F4A7C15ull;
        }
    }
    for (std::size_t page = 0; m_start && page * kKeyChunk < m_startLength; ++page)
        total = (total ^ fingerprint(std::as_bytes(std::span(m_start->pages()[page], m_start->shape().pageBytes() / sizeof(float))))) * 0x9E3779B97F4A7C15ull;
    for (const auto &layer : m_modules) {
        for (const Module &module : layer) {
            for (const std::uint64_t part : {fingerprint(module.a.bytes()), fingerprint(module.b.bytes()), fingerprint(std::as_bytes(std::span(module.gain))),
                                             fingerprint(std::as_bytes(std::span(module.inputGain)))})
                total = (total ^ part) * 0x9E3779B97F4A7C15ull;
        }
    }
    return total;
}

std::string DecodeAdapter::hash() const
{
    const std::uint64_t now = fingerprintNow();
    if (now == m_fingerprint)
        return m_hash;
    if (now == m_changedFingerprint)
        return m_changedHash;
    m_changedFingerprint = now;
    if (!m_origin) {
        // The tensors lie here in another form than in the adapter's files: what was changed can be told apart, not put back.
        m_changedHash = sha256Hex(fmt::format("{} {:016x}", m_hash, now));
        return m_changedHash;
    }
    std::vector<tune::LoraAdapter::Module> modules = m_origin->modules;
    for (tune::LoraAdapter::Module &module : modules) {
        const Module &packed = this->module(static_cast<std::size_t>(module.layer), module.map);
        module.a = unpackTensor(packed.a);
        module.b = unpackTensor(packed.b);
    }
    m_changedHash = tune::LoraAdapter(m_origin->config, std::move(modules), m_origin->layers).hash();
    return m_changedHash;
}

} // namespace fettle::generate
