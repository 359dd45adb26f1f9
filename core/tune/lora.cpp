// Making LoRA adapters and answering the decoder's questions about them.
#include "core/tune/lora.h"

#include "core/base/random.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/model/decoder.h"
#include "core/model/torcherror.h"
#include "core/tune/peftfolder.h"
#include "core/tune/targets.h"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

namespace fettle::tune {

using model::LinearMap;

namespace {

constexpr std::uint64_t kLoraStream = 0x4C6F5241; // keeps the draws of A apart from other uses of the same seed
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

at::Tensor initialA(LoraInit init, std::int64_t rank, std::int64_t in, std::uint64_t seed, std::string_view module)
{
    at::Tensor a = at::empty({rank, in}, at::kFloat);
    const std::span<float> values(a.data_ptr<float>(), static_cast<std::size_t>(a.numel()));
    RandomStream stream(seed ^ kLoraStream, streamOf(module));
    if (init == LoraInit::Gaussian) {
        stream.fillNormal(values, 0.0f, 1.0f / static_cast<float>(rank));
    } else {
        const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
        stream.fillUniform(values, -bound, bound);
    }
    return a;
}

std::string mapNames(const model::ModelConfig &config)
{
    std::vector<std::string_view> names;
    for (const LinearMap map : model::linearMaps(config))
        names.push_back(model::nameOf(map));
    return fmt::format("{}", fmt::join(names, ", "));
}

Result<> checkLoraConfig(const LoraConfig &config)
{
    const auto checkRank = [](std::int64_t rank) { return rank >= 1 && rank <= kLargestRank; };
    if (!checkRank(config.rank))
        return fail(ErrorCode::Usage, tr("The rank is {}.", config.rank), tr("Choose a rank between 1 and {}; 8 to 64 is usual.", kLargestRank));
    for (const auto &[module, rank] : config.rankPattern) {
        if (!checkRank(rank))
            return fail(ErrorCode::Usage, tr("The rank of {} is {}.", module, rank), tr("Choose a rank between 1 and {}.", kLargestRank));
    }
    if (config.isDora && config.init == LoraInit::Pissa)
        return fail(ErrorCode::Usage, tr("DoRA and PiSSA cannot be used together."), tr("Turn DoRA off, or choose another beginning for the adapter."));
    if (!config.targetPattern.empty() && !config.layers.empty())
        return fail(ErrorCode::Usage, tr("A target expression and a choice of layers cannot be used together."),
                    tr("Name the layers in the expression, for example .*layers\\.[0-3]\\..*q_proj."));
    for (const std::string &saved : config.savedModules) {
        const bool isKnown = std::any_of(kOuterParts.begin(), kOuterParts.end(), [&](OuterPart part) { return saved == nameOf(part) || saved == pathOf(part); });
        if (!isKnown)
            return fail(ErrorCode::Usage, tr("\"{}\" cannot be trained as a whole beside LoRA.", saved.substr(0, 60)), tr("embed_tokens and lm_head can."));
    }
    if (config.rankPattern.size() + config.alphaPattern.size() > kMostPatterns)
        return fail(ErrorCode::BadInput, tr("The adapter has more than {} rank and alpha patterns.", kMostPatterns), tr("Export the adapter again."));
    if (!std::isfinite(config.alpha))
        return fail(ErrorCode::Usage, tr("Alpha is not a number."), tr("The usual alpha is the rank or twice the rank."));
    if (!(config.dropout >= 0.0 && config.dropout < 1.0))
        return fail(ErrorCode::Usage, tr("The dropout is {}.", config.dropout), tr("Choose a dropout from 0 up to, but below, 1; 0 to 0.1 is usual."));
    return {};
}

} // namespace

Result<std::vector<PlannedModule>> planModules(const model::ModelConfig &modelConfig, const LoraConfig &config)
{
    if (auto checked = checkLoraConfig(config); !checked)
        return passError(checked);
    std::vector<PlannedModule> plans;
    for (const std::int64_t layer : config.layers) {
        if (layer < 0 || layer >= modelConfig.layers)
            return fail(ErrorCode::Usage, tr("There is no layer {}: the model has the layers 0 to {}.", layer, modelConfig.layers - 1), tr("Choose layers that exist."));
    }
    for (std::int64_t layer = 0; layer < modelConfig.layers; ++layer) {
        for (const LinearMap map : model::linearMaps(modelConfig)) {
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
    auto outers = planOuters(config);
    if (!outers)
        return passError(outers);
    const std::string embedding(model::nameOf(modelConfig, model::OuterTensor::Embedding));
    if (outerParameters(*outers, modelConfig) > 0 && embedding != pathOf(OuterPart::Embedding))
        return fail(ErrorCode::Usage, tr("Embeddings and output head cannot be trained beside LoRA in this family of models ({}).", embedding),
                    tr("Leave them out, or train them with full fine-tuning (parts=embeddings,head)."));
    if (plans.empty() && outerParameters(*outers, modelConfig) == 0) {
        return fail(ErrorCode::Usage, tr("The model has no module that matches the targets ({}).",
                                                  config.targetPattern.empty() ? fmt::format("{}", fmt::join(config.targets, ", ")) : config.targetPattern),
                    tr("Use all-linear, or some of {}.", mapNames(modelConfig)));
    }
    return plans;
}

Result<std::int64_t> loraParameters(const LoraConfig &config, const model::ModelConfig &model)
{
    auto plans = planModules(model, config);
    if (!plans)
        return passError(plans);
    std::int64_t count = 0;
    for (const PlannedModule &plan : *plans) {
        const std::int64_t in = model::inputSize(model, plan.map), out = model::outputSize(model, plan.map);
        count += plan.rank * (in + out) + (config.isDora ? out : 0);
    }
    auto outers = planOuters(config);
    return outers ? Result<std::int64_t>(count + outerParameters(*outers, model)) : passError(outers);
}

namespace {

Result<std::vector<LoraAdapter::Module>> initialModules(const model::ModelConfig &modelConfig, const model::ModelWeights *weights, const LoraConfig &config,
                                                        std::uint64_t seed)
{
    auto plans = planModules(modelConfig, config);
    if (!plans)
        return passError(plans);
    if (!weights && (config.isDora || config.init == LoraInit::Pissa))
        return fail(ErrorCode::Internal, tr("DoRA and PiSSA begin from the weights of the model."));
    const at::NoGradGuard guard;
    std::vector<LoraAdapter::Module> modules;
    for (const PlannedModule &plan : *plans) {
        const std::string name = model::linearName(plan.layer, plan.map);
        const std::int64_t in = model::inputSize(modelConfig, plan.map), out = model::outputSize(modelConfig, plan.map);
        LoraAdapter::Module module;
        module.layer = plan.layer;
        module.map = plan.map;
        module.scaling = plan.scaling;
        module.alpha = plan.alpha;
        if (config.init == LoraInit::Pissa) {
            if (plan.rank > std::min(in, out)) {
                return fail(ErrorCode::Usage, tr("{} has only {} directions, fewer than the rank of {}.", name, std::min(in, out), plan.rank),
                            tr("Choose a lower rank, or another beginning for the adapter."));
            }
            const LowRankPair pair = principalPair(weights->linear(plan.layer, plan.map).values(), plan.rank, plan.scaling, seed ^ streamOf(name));
            module.a = pair.a;
            module.b = pair.b;
            module.fixedA = pair.a.clone();
            module.fixedB = pair.b.clone();
        } else {
            module.a = initialA(config.init, plan.rank, in, seed, name);
            module.b = at::zeros({out, plan.rank}, at::kFloat);
        }
        if (config.isDora)
            module.magnitude = rowLengths(weights->linear(plan.layer, plan.map).values(), module);
        modules.push_back(std::move(module));
    }
    return modules;
}

Result<std::shared_ptr<LoraAdapter>> makeAdapter(const model::ModelConfig &modelConfig, const model::ModelWeights *weights, const LoraConfig &config, std::uint64_t seed)
{
    auto modules = initialModules(modelConfig, weights, config, seed);
    if (!modules)
        return passError(modules);
    auto outers = planOuters(config);
    if (!outers)
        return passError(outers);
    if (!weights && !config.savedModules.empty())
        return fail(ErrorCode::Internal, tr("What is trained as a whole begins from the weights of the model."));
    auto adapter = std::make_shared<LoraAdapter>(config, std::move(*modules), makeOuters(*outers, modelConfig, weights, seed), modelConfig);
    adapter->setDropoutState({seed, 0});
    return adapter;
}

} // namespace

Result<std::shared_ptr<LoraAdapter>> LoraAdapter::create(const model::ModelConfig &modelConfig, const LoraConfig &config, std::uint64_t seed)
try {
    return makeAdapter(modelConfig, nullptr, config, seed);
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("making the adapter")));
}

Result<std::shared_ptr<LoraAdapter>> LoraAdapter::create(const model::ModelWeights &weights, const LoraConfig &config, std::uint64_t seed)
try {
    return makeAdapter(weights.config, &weights, config, seed);
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("making the adapter")));
}

LoraAdapter::LoraAdapter(LoraConfig config, std::vector<Module> modules, std::int64_t layers)
    : m_config(std::move(config)), m_modules(std::move(modules)), m_index(static_cast<std::size_t>(layers))
{
    for (auto &row : m_index)
        row.fill(-1);
    for (std::size_t i = 0; i < m_modules.size(); ++i)
        m_index.at(static_cast<std::size_t>(m_modules[i].layer))[static_cast<std::size_t>(m_modules[i].map)] = static_cast<int>(i);
}

LoraAdapter::LoraAdapter(LoraConfig config, std::vector<Module> modules, OuterModules outer, const model::ModelConfig &model)
    : LoraAdapter(std::move(config), std::move(modules), model.layers)
{
    m_outer = std::move(outer);
    m_isTied = model.isTied;
    m_embeddingScale = model.embeddingScale;
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
    list.reserve(3 * m_modules.size());
    for (const Module &module : m_modules) {
        const std::string name = fmt::format("base_model.model.{}", model::linearName(module.layer, module.map));
        list.push_back({name + ".lora_A.weight", module.a});
        list.push_back({name + ".lora_B.weight", module.b});
        if (module.magnitude.defined())
            list.push_back({name + ".lora_magnitude_vector", module.magnitude});
    }
    for (NamedParameter &parameter : outerParameters(m_outer))
        list.push_back(std::move(parameter));
    return list;
}

std::string LoraAdapter::hash() const
{
    Sha256 sha;
    for (const Module &module : m_modules) {
        sha.update(model::linearName(module.layer, module.map));
        for (const at::Tensor &tensor : {module.a, module.b, module.magnitude, module.fixedA, module.fixedB}) {
            if (!tensor.defined())
                continue;
            const at::Tensor values = tensor.detach().contiguous();
            sha.update(values.dim() == 1 ? fmt::format("[{}]", values.size(0)) : fmt::format("[{}, {}]", values.size(0), values.size(1)));
            sha.update(std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
        }
        sha.update(std::as_bytes(std::span(&module.scaling, 1)));
    }
    if (hasOuter()) {
        sha.update(hashOfParameters(outerParameters(m_outer)));
        for (const OuterModule &module : m_outer)
            sha.update(std::as_bytes(std::span(&module.scaling, 1)));
    }
    return sha.finishHex();
}

std::string LoraAdapter::whyNotMerged() const
{
    return hasOuter() && m_isTied ? tr("The adapter changes the embeddings or the head, which are one matrix in this model: written into it, it would change both.") : std::string();
}

at::Tensor LoraAdapter::embedded(const model::PackedBatch &batch, at::Tensor h) const
{
    const OuterModule &module = m_outer[static_cast<std::size_t>(OuterPart::Embedding)];
    return isSilent() || !module.isUsed() ? h : embeddedWith(module, batch.ids, h, m_embeddingScale, strength());
}

model::HeadChange LoraAdapter::head() const
{
    const OuterModule &module = m_outer[static_cast<std::size_t>(OuterPart::Head)];
    model::HeadChange change;
    if (isSilent())
        return change;
    change.whole = module.whole;
    if (module.a.defined()) // its mask comes behind those of the maps
        change.updates.push_back({module.a, module.b, module.scaling * strength(), dropoutAt(m_modules.size(), m_config.dropout)});
    return change;
}

Result<> LoraAdapter::save(const std::filesystem::path &folder) const { return savePeftFolder(*this, folder); }

std::vector<model::LowRank> LoraAdapter::lowRank(std::int64_t layer, LinearMap map) const
{
    const Module *module = find(layer, map);
    if (!module || isSilent() || (module->magnitude.defined() && !hasFactorsOnly()))
        return {};
    const auto place = static_cast<std::uint64_t>(module - m_modules.data());
    std::vector<model::LowRank> updates;
    updates.push_back({module->a, module->b, module->scaling * strength(), dropoutAt(place, m_config.dropout)});
    if (module->fixedA.defined())
        updates.push_back({module->fixedA, module->fixedB, -module->scaling * strength(), {}});
    return updates;
}

at::Tensor LoraAdapter::mergedTensor(const model::ModelWeights &weights, std::string_view name) const
{
    constexpr std::string_view ending = ".weight";
    if (!name.ends_with(ending) || strength() == 0.0)
        return weights.tensor(name);
    const std::string_view path = name.substr(0, name.size() - ending.size());
    for (const OuterPart part : kOuterParts) {
        const at::NoGradGuard guard;
        if (const OuterModule &module = m_outer[static_cast<std::size_t>(part)]; module.isUsed() && pathOf(part) == path)
            return mergedOuter(module, part, weights.tensor(name), strength());
    }
    for (const Module &module : m_modules) {
        if (model::linearName(module.layer, module.map) != path)
            continue;
        const at::NoGradGuard guard;
        const at::Tensor base = weights.linear(module.layer, module.map).values();
        at::Tensor delta = at::mm(module.b, module.a) * module.scaling;
        if (module.fixedA.defined())
            delta = delta - at::mm(module.fixedB, module.fixedA) * module.scaling;
        if (module.magnitude.defined()) {
            const at::Tensor gain = (module.magnitude / rowLengths(base, module)).unsqueeze(1); // [out, 1]
            delta = gain * (base + delta) - base;
        }
        return base + delta * strength();
    }
    return weights.tensor(name);
}

} // namespace fettle::tune
