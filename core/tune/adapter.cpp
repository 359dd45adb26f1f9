// What all methods have in common, and finding the method of a folder.
#include "core/tune/adapter.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/io/tensorfile.h"
#include "core/model/torcherror.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/peftconfig.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <fmt/format.h>
#include <span>

namespace fettle::tune {

namespace {

constexpr std::uint64_t kDropoutStream = 0x44726F70; // keeps the masks apart from other uses of the same seed

} // namespace

std::int64_t Adapter::parameterCount() const
{
    std::int64_t count = 0;
    for (const NamedParameter &parameter : parameters())
        count += parameter.tensor.numel();
    return count;
}

void Adapter::setTraining(bool isTraining)
{
    m_isTraining = isTraining;
    for (const NamedParameter &parameter : parameters())
        parameter.tensor.set_requires_grad(isTraining);
}

std::vector<at::Tensor> Adapter::trained() const
{
    std::vector<at::Tensor> tensors;
    if (m_isTraining) {
        for (NamedParameter &parameter : parameters())
            tensors.push_back(std::move(parameter.tensor));
    }
    return tensors;
}

model::Dropout Adapter::dropoutAt(std::uint64_t place, double probability) const
{
    if (!m_isTraining || probability <= 0.0)
        return {};
    // Room for 2^38 elements in a mask before the next pass begins.
    return {probability, {splitMix64(m_dropout.seed ^ kDropoutStream), place, m_dropout.pass << 38}};
}

std::string hashOfParameters(const std::vector<NamedParameter> &parameters)
{
    Sha256 sha;
    for (const NamedParameter &parameter : parameters) {
        const at::Tensor values = parameter.tensor.detach().contiguous();
        sha.update(parameter.name + io::shapeText(values.sizes().vec()));
        sha.update(std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
    }
    return sha.finishHex();
}

namespace {

enum class FolderKind { Lora, Ia3, Prompt, Prefix, Bottleneck };

Result<FolderKind> kindOf(const std::filesystem::path &folder)
{
    if (isAdapterHubFolder(folder))
        return FolderKind::Bottleneck;
    auto type = peftTypeOf(folder);
    if (!type)
        return passError(type);
    if (*type == "LORA")
        return FolderKind::Lora;
    if (*type == "IA3")
        return FolderKind::Ia3;
    if (*type == "PROMPT_TUNING")
        return FolderKind::Prompt;
    if (*type == "PREFIX_TUNING")
        return FolderKind::Prefix;
    return fail(ErrorCode::BadInput, tr("{}: adapters of type {} are not supported.", (folder / "adapter_config.json").string(), type->substr(0, 40)),
                tr("Choose a LoRA, IA3, prompt or prefix tuning adapter of PEFT, or a bottleneck adapter of AdapterHub."));
}

template <class T>
Result<std::shared_ptr<Adapter>> asAdapter(Result<std::shared_ptr<T>> loaded)
{
    return loaded ? Result<std::shared_ptr<Adapter>>(std::move(*loaded)) : passError(loaded);
}

} // namespace

Result<std::shared_ptr<Adapter>> loadAdapter(const std::filesystem::path &folder, const model::ModelConfig &model)
try {
    auto kind = kindOf(folder);
    if (!kind)
        return passError(kind);
    switch (*kind) {
    case FolderKind::Lora: return asAdapter(loadPeftFolder(folder, model));
    case FolderKind::Ia3: return asAdapter(Ia3Adapter::load(folder, model));
    case FolderKind::Prompt: return asAdapter(PromptTuning::load(folder, model));
    case FolderKind::Prefix: return asAdapter(PrefixTuning::load(folder, model));
    case FolderKind::Bottleneck: break;
    }
    return asAdapter(BottleneckAdapter::load(folder, model));
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("reading the adapter")));
}

Result<> checkAdapterConfig(const std::filesystem::path &folder)
{
    const auto verdict = [](const auto &config) { return config ? Result<>() : Result<>(passError(config)); };
    auto kind = kindOf(folder);
    if (!kind)
        return passError(kind);
    switch (*kind) {
    case FolderKind::Lora: return verdict(readPeftConfig(folder));
    case FolderKind::Ia3: return verdict(Ia3Adapter::readConfig(folder));
    case FolderKind::Prompt: return verdict(PromptTuning::readConfig(folder));
    case FolderKind::Prefix: return verdict(PrefixTuning::readConfig(folder));
    case FolderKind::Bottleneck: break;
    }
    return verdict(BottleneckAdapter::readConfig(folder));
}

Result<std::int64_t> parametersOfFolder(const std::filesystem::path &folder, const model::ModelConfig &model)
{
    auto loaded = loadAdapter(folder, model);
    return loaded ? Result<std::int64_t>((*loaded)->parameterCount()) : passError(loaded);
}

Result<std::shared_ptr<const model::ModelWeights>> mergeAdapter(const model::ModelWeights &weights, const Adapter &adapter)
try {
    if (const std::string reason = adapter.whyNotMerged(); !reason.empty())
        return fail(ErrorCode::BadInput, reason);
    const at::NoGradGuard guard;
    const std::shared_ptr<model::ModelWeights> merged = model::allocateWeights(weights.config);
    for (const model::ExpectedTensor &expected : model::expectedTensors(weights.config)) {
        const at::Tensor values = adapter.mergedTensor(weights, expected.name);
        if (!values.isfinite().all().item<bool>()) {
            return fail(ErrorCode::BadInput, tr("Merging the adapter into {} gives values that are not finite.", expected.name),
                        tr("The adapter is damaged or the training diverged. Use an earlier checkpoint."));
        }
        merged->tensor(expected.name).copy_(values);
    }
    return std::shared_ptr<const model::ModelWeights>(merged);
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, tr("merging the adapter")));
}

} // namespace fettle::tune
