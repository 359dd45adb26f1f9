// Every method on every family, small and moved away from where it begins, and one pass of it: what the tests of the paths compare.
#pragma once

#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/model/loss.h"
#include "core/tune/bottleneck.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/softprompt.h"

#include <QString>

namespace methodfixture {

using namespace fettle;
using namespace fettle::model;
using namespace fettle::tune;

struct Pass {
    LossOutcome outcome;
    std::vector<at::Tensor> gradients;
};

// Documents of these lengths with random tokens; every third token is trained.
inline LossBatch randomBatch(std::int64_t vocabulary, std::initializer_list<std::int64_t> lengths)
{
    RandomStream random(3);
    std::vector<std::vector<std::int32_t>> documents;
    std::vector<std::int64_t> rows, targets;
    std::int64_t begin = 0;
    for (const std::int64_t length : lengths) {
        auto &document = documents.emplace_back();
        for (std::int64_t i = 0; i < length; ++i) {
            document.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
            if (i > 0 && i % 3 == 0) {
                rows.push_back(begin + i - 1);
                targets.push_back(document.back());
            }
        }
        begin += length;
    }
    const std::vector<std::span<const std::int32_t>> views(documents.begin(), documents.end());
    return {packDocuments(views), at::tensor(rows, at::kLong), at::tensor(targets, at::kLong)};
}

inline Pass runPass(const std::shared_ptr<const ModelWeights> &weights, const Adapter &adapter, const LossBatch &batch, LossOptions options)
{
    LossEngine engine(weights, options);
    auto outcome = engine.lossAndGradient(batch, adapter, 0.25);
    if (!outcome) {
        qWarning("%s %s", outcome.error().message.c_str(), outcome.error().detail.c_str());
        return {};
    }
    Pass pass{*outcome, {}};
    for (const NamedParameter &parameter : adapter.parameters()) {
        pass.gradients.push_back(parameter.tensor.grad().clone());
        parameter.tensor.mutable_grad() = at::Tensor();
    }
    return pass;
}

inline std::shared_ptr<ModelWeights> randomWeights()
{
    ModelConfig config;
    config.vocabulary = 50;
    config.width = 32;
    config.intermediate = 64;
    config.layers = 2;
    config.heads = 2;
    config.keyValueHeads = 1;
    config.headSize = 16;
    config.isTied = true;
    auto weights = allocateWeights(config);
    RandomStream random(7);
    for (const ExpectedTensor &expected : expectedTensors(config)) {
        const at::Tensor values = weights->tensor(expected.name);
        random.fillNormal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 0.0f, 0.2f);
    }
    return weights;
}

inline std::shared_ptr<const ModelWeights> weightsOf(const QString &model)
{
    const auto folder = fixture::folder() / (model.startsWith("llama") || model.startsWith("mistral") ? "models" : "families") / model.toStdString();
    auto loaded = loadWeights(folder);
    return loaded ? *loaded : nullptr;
}

// A method in training, its values moved away from where they begin.
inline std::shared_ptr<Adapter> movedAdapter(const QString &method, const ModelWeights &weights)
{
    const ModelConfig &config = weights.config;
    const auto orNothing = [](auto made) { return made ? std::shared_ptr<Adapter>(*made) : nullptr; };
    std::shared_ptr<Adapter> adapter;
    if (method == "prompt") {
        adapter = orNothing(PromptTuning::create(weights, {5, PromptInit::Sample, {}, {}}, 4));
    } else if (method.startsWith("prefix")) {
        adapter = orNothing(PrefixTuning::create(config, {3, method == "prefix projection", 6, {}}, 4));
    } else if (method.startsWith("ia3")) {
        Ia3Config own;
        if (method == "ia3 everywhere")
            own.targets = {"q_proj", "k_proj", "v_proj", "qkv_proj", "o_proj", "gate_proj", "up_proj", "gate_up_proj", "down_proj"};
        adapter = orNothing(Ia3Adapter::create(config, own, method == "ia3 in a layer" ? std::vector<std::int64_t>{1} : std::vector<std::int64_t>{}));
    } else if (method.startsWith("bottleneck")) {
        BottleneckConfig own;
        own.reductionFactor = 4;
        own.kind = method.contains("double") ? BottleneckKind::Double : method.contains("parallel") ? BottleneckKind::Parallel : BottleneckKind::Sequential;
        own.activation = method.contains("swish") ? Curve::Swish : method.contains("gelu") ? Curve::Gelu : method.contains("tanh") ? Curve::Tanh : Curve::Relu;
        own.dropout = method.contains("dropout") ? 0.3 : 0.0;
        own.scaling = method.contains("parallel") ? 4.0 : 1.0;
        if (method.contains("upper"))
            own.leftOut = {0};
        adapter = orNothing(BottleneckAdapter::create(config, own, 4));
    } else {
        LoraConfig own;
        own.rank = 3;
        own.isDora = method == "dora";
        own.dropout = method == "lora dropout" ? 0.2 : 0.0;
        adapter = orNothing(LoraAdapter::create(weights, own, 4));
    }
    if (!adapter)
        return nullptr;
    const at::NoGradGuard guard;
    RandomStream random(8);
    for (const NamedParameter &parameter : adapter->parameters()) {
        at::Tensor noise = at::empty_like(parameter.tensor, at::MemoryFormat::Contiguous);
        random.fillUniform({noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())}, -0.2f, 0.2f);
        parameter.tensor.add_(noise);
    }
    adapter->setTraining(true);
    adapter->nextPass();
    return adapter;
}

} // namespace methodfixture
