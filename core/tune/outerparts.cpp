#include "core/tune/outerparts.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/model/device.h"
#include "core/tune/lora.h"
#include "core/tune/targets.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::tune {

namespace {

constexpr std::uint64_t kOuterStream = 0x4F757465; // keeps these draws apart from those of the maps

std::string fileName(OuterPart part) { return fmt::format("base_model.model.{}", pathOf(part)); }

// A list names a part or the end of its path; "all-linear" leaves both out; a choice of layers knows none of them.
Result<bool> targetsPart(const LoraConfig &config, OuterPart part)
{
    if (!config.targetPattern.empty())
        return fullMatch(config.targetPattern, pathOf(part));
    return config.layers.empty() && std::any_of(config.targets.begin(), config.targets.end(), [&](const std::string &target) {
        return target == pathOf(part) || target == nameOf(part);
    });
}

template <class T>
Result<T> byPattern(const std::map<std::string, T> &patterns, OuterPart part, T standard)
{
    for (const auto &[key, value] : patterns) {
        auto matches = patternMatches(key, pathOf(part));
        if (!matches)
            return passError(matches);
        if (*matches)
            return value;
    }
    return standard;
}

} // namespace

std::string_view nameOf(OuterPart part) { return part == OuterPart::Embedding ? "embed_tokens" : "lm_head"; }
std::string_view pathOf(OuterPart part) { return part == OuterPart::Embedding ? "model.embed_tokens" : "lm_head"; }

Result<PlannedOuters> planOuters(const LoraConfig &config)
{
    PlannedOuters plans;
    for (const OuterPart part : kOuterParts) {
        PlannedOuter &plan = plans[static_cast<std::size_t>(part)];
        plan.isSaved = std::any_of(config.savedModules.begin(), config.savedModules.end(), [&](const std::string &name) { return name == nameOf(part) || name == pathOf(part); });
        if (plan.isSaved && config.init == LoraInit::Pissa)
            return fail(ErrorCode::Usage, tr("{} cannot be trained as a whole beside PiSSA.", nameOf(part)), tr("Choose another beginning for the adapter."));
        if (plan.isSaved) // PEFT leaves a module that is saved as a whole out of the targets
            continue;
        auto targeted = targetsPart(config, part);
        if (!targeted)
            return passError(targeted);
        if (!*targeted)
            continue;
        if (config.isDora || config.init == LoraInit::Pissa)
            return fail(ErrorCode::Usage, tr("{} cannot be a target of DoRA or PiSSA.", nameOf(part)), tr("Use plain LoRA, or train it as a whole (modulesToSave)."));
        auto rank = byPattern(config.rankPattern, part, config.rank);
        auto alpha = byPattern(config.alphaPattern, part, config.alpha);
        if (!rank || !alpha)
            return rank ? Result<PlannedOuters>(passError(alpha)) : passError(rank);
        const auto r = static_cast<double>(*rank);
        plan.rank = *rank;
        plan.alpha = *alpha;
        plan.scaling = *alpha / (config.isRankStabilised ? std::sqrt(r) : r);
    }
    return plans;
}

std::int64_t outerParameters(const PlannedOuters &plans, const model::ModelConfig &model)
{
    std::int64_t count = 0;
    for (const PlannedOuter &plan : plans)
        count += plan.isSaved ? model.vocabulary * model.width : plan.rank * (model.vocabulary + model.width);
    return count;
}

OuterModules makeOuters(const PlannedOuters &plans, const model::ModelConfig &model, const model::ModelWeights *weights, std::uint64_t seed)
{
    const at::NoGradGuard guard;
    OuterModules modules;
    for (const OuterPart part : kOuterParts) {
        const PlannedOuter &plan = plans[static_cast<std::size_t>(part)];
        OuterModule &module = modules[static_cast<std::size_t>(part)];
        if (plan.isSaved)
            module.whole = weights->tensor(fmt::format("{}.weight", pathOf(part))).detach().clone();
        if (plan.rank == 0)
            continue;
        module.scaling = plan.scaling;
        module.alpha = plan.alpha;
        RandomStream stream(seed ^ kOuterStream, static_cast<std::uint64_t>(part));
        const auto valuesOf = [](at::Tensor &tensor) { return std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())); };
        if (part == OuterPart::Embedding) {
            module.a = at::zeros({plan.rank, model.vocabulary}, at::kFloat);
            module.b = at::empty({model.width, plan.rank}, at::kFloat);
            stream.fillNormal(valuesOf(module.b), 0.0f, 1.0f);
        } else {
            module.a = at::empty({plan.rank, model.width}, at::kFloat);
            module.b = at::zeros({model.vocabulary, plan.rank}, at::kFloat);
            const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(model.width)));
            stream.fillUniform(valuesOf(module.a), -bound, bound);
        }
    }
    return modules;
}

std::vector<OuterTensor> outerTensors(const PlannedOuters &plans, const model::ModelConfig &model)
{
    std::vector<OuterTensor> tensors;
    for (const OuterPart part : kOuterParts) {
        const PlannedOuter &plan = plans[static_cast<std::size_t>(part)];
        const std::string name = fileName(part);
        const bool isEmbedding = part == OuterPart::Embedding;
        if (plan.rank > 0) {
            tensors.push_back({name + (isEmbedding ? ".lora_embedding_A" : ".lora_A.weight"), {plan.rank, isEmbedding ? model.vocabulary : model.width}, part, &OuterModule::a});
            tensors.push_back({name + (isEmbedding ? ".lora_embedding_B" : ".lora_B.weight"), {isEmbedding ? model.width : model.vocabulary, plan.rank}, part, &OuterModule::b});
        }
        if (plan.isSaved)
            tensors.push_back({name + ".weight", {model.vocabulary, model.width}, part, &OuterModule::whole});
    }
    return tensors;
}

std::vector<NamedParameter> outerParameters(const OuterModules &modules)
{
    std::vector<NamedParameter> list;
    for (const OuterPart part : kOuterParts) {
        const OuterModule &module = modules[static_cast<std::size_t>(part)];
        const bool isEmbedding = part == OuterPart::Embedding;
        if (module.a.defined()) {
            list.push_back({fileName(part) + (isEmbedding ? ".lora_embedding_A" : ".lora_A.weight"), module.a});
            list.push_back({fileName(part) + (isEmbedding ? ".lora_embedding_B" : ".lora_B.weight"), module.b});
        }
        if (module.whole.defined())
            list.push_back({fileName(part) + ".weight", module.whole});
    }
    return list;
}

at::Tensor embeddedWith(const OuterModule &module, const at::Tensor &ids, const at::Tensor &h, double embeddingScale, double strength)
{
    if (module.whole.defined())
        return at::embedding(model::beside(module.whole, h), ids) * embeddingScale;
    if (!module.a.defined())
        return h;
    const at::Tensor small = model::beside(module.a, h).index_select(1, ids).t(); // [N, R]
    return h + at::linear(small, model::beside(module.b, h)) * (module.scaling * strength * embeddingScale);
}

at::Tensor mergedOuter(const OuterModule &module, OuterPart part, const at::Tensor &base, double strength)
{
    if (module.whole.defined())
        return module.whole;
    const at::Tensor delta = at::mm(module.b, module.a); // head [V, C]; embedding [C, V]
    return base + (part == OuterPart::Embedding ? delta.t() : delta) * (module.scaling * strength);
}

} // namespace fettle::tune
