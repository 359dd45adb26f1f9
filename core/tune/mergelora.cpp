// W + s B A: adapters written into the weights they change.
#include "core/model/torcherror.h"
#include "core/tune/lora.h"

#include <fmt/format.h>

namespace fettle::tune {

using model::LinearMap;

at::Tensor mergedWeight(const model::ModelWeights &weights, const LoraAdapter &adapter, std::int64_t layer, LinearMap map)
{
    const at::NoGradGuard guard;
    const at::Tensor base = weights.linear(layer, map).weight;
    const LoraAdapter::Module *module = adapter.find(layer, map);
    if (!module || adapter.strength() == 0.0)
        return base;
    return base + at::mm(module->b, module->a) * (module->scaling * adapter.strength());
}

at::Tensor mergedTensor(const model::ModelWeights &weights, const LoraAdapter &adapter, std::string_view name)
{
    constexpr std::string_view ending = ".weight";
    if (name.ends_with(ending)) {
        const std::string_view path = name.substr(0, name.size() - ending.size());
        for (const LoraAdapter::Module &module : adapter.modules()) {
            if (model::linearName(module.layer, module.map) == path)
                return mergedWeight(weights, adapter, module.layer, module.map);
        }
    }
    return weights.tensor(name);
}

Result<std::shared_ptr<const model::ModelWeights>> mergeLora(const model::ModelWeights &weights, const LoraAdapter &adapter)
try {
    const at::NoGradGuard guard;
    const std::shared_ptr<model::ModelWeights> merged = model::allocateWeights(weights.config);
    for (const model::ExpectedTensor &expected : model::expectedTensors(weights.config))
        merged->tensor(expected.name).copy_(weights.tensor(expected.name));
    for (const LoraAdapter::Module &module : adapter.modules()) {
        const at::Tensor target = merged->linear(module.layer, module.map).weight;
        target.copy_(mergedWeight(weights, adapter, module.layer, module.map));
        if (!target.isfinite().all().item<bool>()) {
            return fail(ErrorCode::BadInput, fmt::format("Merging the adapter into {} gives values that are not finite.", model::linearName(module.layer, module.map)),
                        "The adapter is damaged or the training diverged. Use an earlier checkpoint.");
        }
    }
    return std::shared_ptr<const model::ModelWeights>(merged);
} catch (const std::exception &exception) {
    return tl::unexpected(model::errorFromException(exception, "merging the adapter"));
}

} // namespace fettle::tune
