// Making LoRA adapters and answering the decoder's questions about them.
#include "core/tune/lora.h"

#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/model/torcherror.h"
#include "core/tune/targets.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

namespace fettle::tune {

using model::LinearMap;

namespace {

constexpr std::uint64_t kInitStream = 0x4C6F5241; // keeps the draws of A apart from other uses of the same seed
constexpr std::uint64_t kDropoutStream = 0x44726F70;
constexpr std::int64_t kLargestRank = 65536;
constexpr std::size_t kMostPatterns = 5000;

// FNV-1a: a stream number for a module name.
std::uint64_t streamOf(std::string_view name)
{
    std::uint64_t hash = 0xCBF29CE484222325ull;
    for (const char c : name)
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ull;
    return hash;
}

template <class T>
Result<T> fromPatterns(const std::map<std::string, T> &patterns, std::string_view module, T standard)
{
    for (const auto &[key, value] : patterns) {
        auto matches = patternMatches(key, module);
        if (!matches)
            return passError(matches);
        if (*matches)
            return value;
    }
    return standard;
}

at::Tensor initialA(std::int64_t rank, std::int64_t in, std::uint64_t seed, std::string_view module)
{
    at::Tensor a = at::empty({rank, in}, at::kFloat);
    const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
    RandomStream(seed ^ kInitStream, streamOf(module)).fillUniform({a.data_ptr<float>(), static_cast<std::size_t>(a.numel())}, -bound, bound);
    return a;
}

Result<> checkLoraConfig(const LoraConfig &config)
{
    const auto checkRank = [](std::int64_t rank) { return rank >= 1 && rank <= kLargestRank; };
    if (!checkRank(config.rank))
        return fail(ErrorCode::Usage, fmt::format("The rank is {}.", config.rank), fmt::format("Choose a rank between 1 and {}; 8 to 64 is usual.", kLargestRank));
    for (const auto &[module, rank] : config.rankPattern) {
        if (!checkRank(rank))
            return fail(ErrorCode::Usage, fmt::format("The rank of {} is {}.", module, rank), fmt::format("Choose a rank between 1 and {}.", kLargestRank));
    }
    if (config.rankPattern.size() + config.alphaPattern.size() > kMostPatterns)
        return fail(ErrorCode::BadInput, fmt::format("The adapter has more than {} rank and alpha patterns.", kMostPatterns), "Export the adapter again.");
    if (!std::isfinite(config.alpha))
        return fail(ErrorCode::Usage, "Alpha is not a number.", "The usual alpha is the rank or twice the rank.");
    if (!(config.dropout >= 0.0 && config.dropout < 1.0))
        return fail(ErrorCode::Usage, fmt::format("The dropout is {}.", config.dropout), "Choose a dropout from 0 up to, but below, 1; 0 to 0.1 is usual.");
    return {};
}

} // namespace

Result<std::vector<PlannedModule>> planModules(const model::ModelConfig &modelConfig, const LoraConfig &config)
{
    if (auto checked = checkLoraConfig(config); !checked)
        return passError(checked);
    std::vector<PlannedModule> plans;
    for (std::int64_t layer = 0; layer < modelConfig.layers; ++layer) {
        for (int i = 0; i < model::kLinearMaps; ++i) {
            const auto map = static_cast<LinearMap>(i);
            const std::string name = model::linearName(layer, map);
            auto targeted = isTarget(config, name, layer);
            if (!targeted)
                return passError(targeted);
            if (!*targeted)
                continue;
            auto rank = fromPatterns(config.rankPattern, name, config.rank);
            if (!rank)
                return passError(rank);
            auto alpha = fromPatterns(config.alphaPattern, name, config.alpha);
            if (!alpha)
                return passError(alpha);
            const auto r = static_cast<double>(*rank);
            plans.push_back({layer, map, *rank, *alpha, *alpha / (config.isRankStabilised ? std::sqrt(r) : r)});
        }
    }
    if (plans.empty()) {
        return fail(ErrorCode::Usage, fmt::format("The model has no module that matches the targets ({}).",
                                                  config.targetPattern.empty() ? fmt::format("{}", fmt::join(config.targets, ", ")) : config.targetPattern),
                    "Use all-linear, or some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.");
    }
    return plans;
}

Result<std::shared_ptr<LoraAdapter>> LoraAdapter::create(const model::ModelConfig &modelConfig, const LoraConfig &config, std::uint64_t seed)
try {
    auto plans = planModules(modelConfig, config);
    if (!plans)
        return passError(plans);
    std::vector<Module> modules;
    for (const PlannedModule &plan : *plans) {
        modules.push_back({plan.layer, plan.map, initialA(plan.rank, model::inputSize(modelConfig, plan.map), seed, model::linearName(plan.layer, plan.map)),
                           at::zeros({model::outputSize(modelConfig, plan.map), plan.rank}, at::kFloat), plan.scaling, plan.alpha});
    }
    auto adapter = std::make_shared<LoraAdapter>(config, std::move(modules), modelConfig.layers);
    adapter->m_dropout.seed = seed;
    return adapter;
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, "making the adapter"));
}

LoraAdapter::LoraAdapter(LoraConfig config, std::vector<Module> modules, std::int64_t layers)
    : m_config(std::move(config)), m_modules(std::move(modules)), m_index(static_cast<std::size_t>(layers))
{
    for (auto &row : m_index)
        row.fill(-1);
    for (std::size_t i = 0; i < m_modules.size(); ++i)
        m_index.at(static_cast<std::size_t>(m_modules[i].layer))[static_cast<std::size_t>(m_modules[i].map)] = static_cast<int>(i);
}

const LoraAdapter::Module *LoraAdapter::find(std::int64_t layer, LinearMap map) const
{
    if (layer < 0 || static_cast<std::size_t>(layer) >= m_index.size())
        return nullptr;
    const int index = m_index[static_cast<std::size_t>(layer)][static_cast<std::size_t>(map)];
    return index < 0 ? nullptr : &m_modules[static_cast<std::size_t>(index)];
}

std::vector<NamedParameter> LoraAdapter::parameters() const
{
    std::vector<NamedParameter> list;
    list.reserve(2 * m_modules.size());
    for (const Module &module : m_modules) {
        const std::string name = fmt::format("base_model.model.{}", model::linearName(module.layer, module.map));
        list.push_back({name + ".lora_A.weight", module.a});
        list.push_back({name + ".lora_B.weight", module.b});
    }
    return list;
}

std::int64_t LoraAdapter::parameterCount() const
{
    std::int64_t count = 0;
    for (const Module &module : m_modules)
        count += module.a.numel() + module.b.numel();
    return count;
}

void LoraAdapter::setTraining(bool isTraining)
{
    m_isTraining = isTraining;
    for (Module &module : m_modules) {
        module.a.set_requires_grad(isTraining);
        module.b.set_requires_grad(isTraining);
    }
}

std::string LoraAdapter::hash() const
{
    Sha256 sha;
    for (const Module &module : m_modules) {
        sha.update(model::linearName(module.layer, module.map));
        for (const at::Tensor &tensor : {module.a, module.b}) {
            const at::Tensor values = tensor.detach().contiguous();
            sha.update(fmt::format("[{}, {}]", values.size(0), values.size(1)));
            sha.update(std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
        }
        sha.update(std::as_bytes(std::span(&module.scaling, 1)));
    }
    return sha.finishHex();
}

std::vector<model::LowRank> LoraAdapter::lowRank(std::int64_t layer, LinearMap map) const
{
    const Module *module = find(layer, map);
    if (!module || (m_strength == 0.0 && !m_isTraining))
        return {};
    model::LowRank update{module->a, module->b, module->scaling * m_strength, {}};
    if (m_isTraining && m_config.dropout > 0.0) {
        // Room for 2^38 elements in a mask before the next pass begins.
        const auto index = static_cast<std::uint64_t>(module - m_modules.data());
        update.dropout = {m_config.dropout, {splitMix64(m_dropout.seed ^ kDropoutStream), index, m_dropout.pass << 38}};
    }
    return {update};
}

std::vector<at::Tensor> LoraAdapter::trained() const
{
    std::vector<at::Tensor> tensors;
    if (m_isTraining) {
        for (const Module &module : m_modules) {
            tensors.push_back(module.a);
            tensors.push_back(module.b);
        }
    }
    return tensors;
}

} // namespace fettle::tune
