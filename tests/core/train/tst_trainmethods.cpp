// Every fine-tuning method against its reference (PEFT, transformers, AdapterHub) on a tiny model: logits, loss, the gradient of every
// trained tensor, the losses of five steps, and the trained adapter written, read again and merged. Folders: tst_trainmethodfolders.cpp.
#include "tests/core/train/methodfixture.h"

#include "core/train/optimizer.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::model;
using fixture::expectedOf;
using fixture::kBottleneckModels;
using fixture::kFamilies;
using fixture::lossBatch;
using fixture::methodFolder;
using fixture::prefixModel;
using fixture::weightsOf;

namespace {

// The linear maps in NF4 for the rows that say so.
StorageChoice storageOf(const std::string &name)
{
    if (!name.starts_with("qlora"))
        return {};
    return {WeightStorage::Nf4, name == "qlora-double" ? ScaleRounding::EightBits : ScaleRounding::None};
}

// fp32 weights with the values that the others have after rounding.
std::shared_ptr<const ModelWeights> unpacked(const ModelWeights &weights)
{
    auto plain = allocateWeights(weights.config);
    for (const ExpectedTensor &expected : expectedTensors(weights.config))
        plain->tensor(expected.name).copy_(weights.tensor(expected.name));
    return plain;
}

class ScratchFolder : public fixture::ScratchFolder {
public:
    ScratchFolder() : fixture::ScratchFolder("tst_trainmethods") {}
};

// PEFT's own PiSSA pair at each map, as an adapter of ours.
std::shared_ptr<tune::LoraAdapter> pissaFromPeft(const ModelWeights &weights)
{
    auto tensors = fixture::tensors(methodFolder("pissa") / "adapter_model.safetensors");
    tune::LoraConfig config;
    config.rank = 4;
    config.alpha = 8;
    config.init = tune::LoraInit::Pissa;
    auto adapter = tune::LoraAdapter::create(weights, config, 3);
    if (!adapter)
        return nullptr;
    const at::NoGradGuard guard;
    for (const tune::LoraAdapter::Module &module : (*adapter)->modules()) {
        const std::string name = "base_model.model." + linearName(module.layer, module.map);
        module.a.copy_(tensors[name + ".lora_A.weight"]);
        module.b.copy_(tensors[name + ".lora_B.weight"]);
        module.fixedA.copy_(module.a);
        module.fixedB.copy_(module.b);
    }
    return *adapter;
}

} // namespace

class TestTrainMethods : public QObject {
    Q_OBJECT
private slots:
    void equalsItsReference_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<double>("loraPlusRatio");
        QTest::newRow("dora") << "llama-gqa" << 1.0;
        QTest::newRow("dora-bias") << "llama-bias" << 1.0;
        QTest::newRow("lora-outer") << "llama-gqa" << 1.0;
        QTest::newRow("lora-outer-tied") << "llama-tied-headsize" << 1.0;
        QTest::newRow("lora-saved") << "llama-gqa" << 1.0;
        QTest::newRow("loraplus") << "llama-gqa" << 16.0;
        QTest::newRow("pissa") << "llama-gqa" << 1.0;
        QTest::newRow("qlora") << "llama-gqa" << 1.0;
        QTest::newRow("qlora-double") << "llama-gqa" << 1.0;
        QTest::newRow("ia3") << "llama-gqa" << 1.0;
        QTest::newRow("ia3-bias") << "llama-bias" << 1.0;
        QTest::newRow("prompt") << "llama-gqa" << 1.0;
        QTest::newRow("prefix") << "llama-gqa" << 1.0;
        QTest::newRow("prefix-projection") << "llama-tied-headsize" << 1.0;
        QTest::newRow("bottleneck-sequential") << "llama-gqa" << 1.0;
        QTest::newRow("bottleneck-double") << "llama-gqa" << 1.0;
        QTest::newRow("bottleneck-parallel") << "llama-gqa" << 1.0;
        // make_bottleneck_fixtures.py
        for (const auto &[family, model, kinds] : kBottleneckModels) {
            for (const char *kind : kinds)
                QTest::addRow("bottleneck-%s%s", family, kind) << model << 1.0;
        }
        // make_familymethod_fixtures.py
        for (const auto &[family, model] : kFamilies) {
            for (const char *method : {"lora", "dora", "ia3", "prompt", "prefix"}) {
                const char *fitting = method == std::string("prefix") ? prefixModel(family, model) : model;
                if (fitting)
                    QTest::addRow("%s-%s", method, family) << fitting << 1.0;
            }
        }
    }
    void equalsItsReference()
    {
        QFETCH(QString, model);
        QFETCH(double, loraPlusRatio);
        const std::string name = QTest::currentDataTag();
        auto loadedWeights = loadWeights(fixture::folder() / "models" / model.toStdString(), {}, {}, storageOf(name));
        QVERIFY(loadedWeights.has_value());
        const std::shared_ptr<const ModelWeights> weights = *loadedWeights;
        auto tensors = expectedOf(name);
        const LossBatch batch = lossBatch(tensors);
        std::shared_ptr<tune::Adapter> adapter;
        if (name == "pissa") {
            adapter = pissaFromPeft(*weights);
        } else {
            auto loaded = tune::loadAdapter(methodFolder(name), weights->config);
            QVERIFY2(loaded.has_value(), loaded ? "" : loaded.error().message.c_str());
            adapter = *loaded;
        }
        QVERIFY(adapter);
        const auto logits = computeLogits(*weights, batch.packed, *adapter);
        QVERIFY(logits.has_value());
        QVERIFY(fixture::relativeDifference(*logits, tensors["logits"]) < 1e-4);

        LossEngine engine(weights);
        const double scale = 1.0 / static_cast<double>(batch.rows.numel());
        adapter->setTraining(true);
        auto outcome = engine.lossAndGradient(batch, *adapter, scale);
        QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
        QVERIFY(std::abs(outcome->sum - tensors["loss"].item<double>()) < 1e-4 * tensors["loss"].item<double>());
        std::size_t compared = 0;
        for (const tune::NamedParameter &parameter : adapter->parameters()) {
            const auto expected = tensors.find("gradient." + parameter.name);
            QVERIFY2(expected != tensors.end(), parameter.name.c_str());
            QVERIFY2(fixture::relativeDifference(parameter.tensor.grad(), expected->second) < 1e-4, parameter.name.c_str());
            ++compared;
        }
        QCOMPARE(compared, static_cast<std::size_t>(std::count_if(tensors.begin(), tensors.end(), [](const auto &entry) { return entry.first.starts_with("gradient."); })));

        train::Recipe recipe;
        recipe.values["loraPlusRatio"] = loraPlusRatio;
        train::AdamW optimizer(train::parametersFor(*adapter, recipe), {});
        const at::Tensor losses = tensors["losses"];
        for (std::int64_t step = 0; step < losses.numel(); ++step) {
            optimizer.zeroGradients();
            auto loss = engine.lossAndGradient(batch, *adapter, scale);
            QVERIFY(loss.has_value());
            const double expected = losses[step].item<double>();
            QVERIFY2(std::abs(loss->sum * scale - expected) < 1e-4 * expected, qPrintable(QStringLiteral("step %1: %2, not %3").arg(step).arg(loss->sum * scale).arg(expected)));
            optimizer.step(5e-3, optimizer.gradientNorm(), 0.0);
        }
        adapter->setTraining(false);

        // Written and read again it is the same adapter, bit for bit where the file holds all of it.
        const ScratchFolder scratch;
        const auto saved = adapter->save(scratch.path);
        QVERIFY2(saved.has_value(), saved ? "" : saved.error().message.c_str());
        auto again = tune::loadAdapter(scratch.path, weights->config);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        if (name != "pissa")
            QCOMPARE((*again)->hash(), adapter->hash());
        const auto trained = computeLogits(*weights, batch.packed, *adapter);
        QVERIFY(fixture::relativeDifference(*computeLogits(*weights, batch.packed, **again), *trained) < 1e-5);
        QVERIFY(fixture::relativeDifference(*trained, tensors["logits"]) > 1e-3);
        if (adapter->whyNotMerged().empty()) {
            for (const double strength : {0.0, 0.5, 1.0}) {
                adapter->setStrength(strength);
                auto merged = tune::mergeAdapter(*weights, *adapter);
                QVERIFY(merged.has_value());
                QVERIFY(fixture::relativeDifference(*computeLogits(**merged, batch.packed, NoSites()), *computeLogits(*weights, batch.packed, *adapter)) < 1e-4);
            }
        }
    }

    // Rounded weights are unpacked for each product; what is learnt is what plain weights of the same values would have taught.
    void everyMethodOnEveryStorage_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("storage");
        QTest::addColumn<QString>("method");
        const std::pair<const char *, WeightStorage> storages[] = {
            {"half", WeightStorage::Half}, {"q8", WeightStorage::Q8}, {"nf4", WeightStorage::Nf4}, {"file", WeightStorage::File}};
        for (const char *model : {"llama-gqa", "llama-q8.gguf"}) {
            for (const auto &[name, storage] : storages) {
                for (const char *method : {"lora", "dora", "pissa", "ia3", "prompt", "prefix", "bottleneck-sequential"})
                    QTest::addRow("%s, %s, %s", model, name, method) << model << static_cast<int>(storage) << method;
            }
        }
    }
    void everyMethodOnEveryStorage()
    {
        QFETCH(QString, model);
        QFETCH(int, storage);
        QFETCH(QString, method);
        auto loaded = loadWeights(fixture::folder() / "models" / model.toStdString(), {}, {}, {static_cast<WeightStorage>(storage)});
        QVERIFY2(loaded.has_value(), loaded ? "" : loaded.error().message.c_str());
        const std::shared_ptr<const ModelWeights> stored = *loaded, plain = unpacked(*stored);
        auto source = WeightSource::open(fixture::folder() / "models" / model.toStdString());
        QCOMPARE(stored->bytes(), bytesInMemory(**source, {static_cast<WeightStorage>(storage)}));
        if (static_cast<WeightStorage>(storage) != WeightStorage::File || model.endsWith(".gguf"))
            QVERIFY(stored->bytes() < plain->bytes());
        const auto made = [&](const ModelWeights &weights) -> std::shared_ptr<tune::Adapter> {
            if (method == "ia3")
                return *tune::Ia3Adapter::create(weights.config, {}, {});
            if (method == "prompt")
                return *tune::PromptTuning::create(weights, {3, tune::PromptInit::Sample, {}, {}}, 5);
            if (method == "prefix")
                return *tune::PrefixTuning::create(weights.config, {3, false, 0, {}}, 5);
            if (method.startsWith("bottleneck"))
                return *tune::BottleneckAdapter::create(weights.config, {}, 5);
            tune::LoraConfig config;
            config.rank = 3;
            config.isDora = method == "dora";
            config.init = method == "pissa" ? tune::LoraInit::Pissa : tune::LoraInit::Uniform;
            return *tune::LoraAdapter::create(weights, config, 5);
        };
        auto tensors = expectedOf("qlora");
        LossBatch batch = lossBatch(tensors);
        batch.packed.ids = batch.packed.ids.remainder(stored->config.vocabulary);
        batch.targets = batch.targets.remainder(stored->config.vocabulary);
        std::vector<std::vector<at::Tensor>> gradients;
        std::vector<at::Tensor> losses;
        for (const auto &weights : {stored, plain}) {
            const auto adapter = made(*weights);
            adapter->setTraining(true);
            LossEngine engine(weights);
            auto outcome = engine.lossAndGradient(batch, *adapter, 0.25);
            QVERIFY2(outcome.has_value(), outcome ? "" : (outcome.error().message + outcome.error().detail).c_str());
            losses.push_back(outcome->losses);
            auto &own = gradients.emplace_back();
            for (const tune::NamedParameter &parameter : adapter->parameters())
                own.push_back(parameter.tensor.grad());
        }
        QVERIFY(fixture::relativeDifference(losses[0], losses[1]) < 1e-5);
        QVERIFY(!gradients[0].empty() && gradients[0].size() == gradients[1].size());
        for (std::size_t i = 0; i < gradients[0].size(); ++i)
            QVERIFY(fixture::largestDifference(gradients[0][i], gradients[1][i]) <= 1e-4 * gradients[1][i].abs().max().item<double>());
    }

    void fullEqualsTransformers_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("parts");
        QTest::addColumn<std::vector<std::int64_t>>("layers");
        QTest::newRow("full") << "llama-gqa" << "all" << std::vector<std::int64_t>{};
        QTest::newRow("full-tied") << "llama-tied-headsize" << "all" << std::vector<std::int64_t>{};
        QTest::newRow("full-bias") << "llama-bias" << "attention, mlp" << std::vector<std::int64_t>{1};
        QTest::newRow("full-ends") << "llama-gqa" << "head,norms" << std::vector<std::int64_t>{};
        for (const auto &[family, model] : kFamilies)
            QTest::addRow("full-%s", family) << model << "all" << std::vector<std::int64_t>{};
    }
    void fullEqualsTransformers()
    {
        QFETCH(QString, model);
        QFETCH(QString, parts);
        QFETCH(std::vector<std::int64_t>, layers);
        auto loaded = loadWeights(fixture::folder() / "models" / model.toStdString());
        QVERIFY(loaded.has_value());
        const auto weights = std::const_pointer_cast<ModelWeights>(*loaded);
        auto tensors = expectedOf(QTest::currentDataTag());
        const LossBatch batch = lossBatch(tensors);
        const tune::FullConfig config{*tune::parseParts(parts.toStdString()), layers};
        auto adapter = tune::FullTuning::create(weights, config, {});
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        QCOMPARE((*adapter)->parameterCount(), *tune::fullParameters(config, weights->config));
        const at::Tensor before = *computeLogits(*weights, batch.packed, **adapter);
        QVERIFY(fixture::relativeDifference(before, tensors["logits"]) < 1e-4);

        LossEngine engine(weights);
        const double scale = 1.0 / static_cast<double>(batch.rows.numel());
        (*adapter)->setTraining(true);
        auto outcome = engine.lossAndGradient(batch, **adapter, scale);
        QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
        QVERIFY(std::abs(outcome->sum - tensors["loss"].item<double>()) < 1e-4 * tensors["loss"].item<double>());
        std::size_t compared = 0;
        for (const tune::NamedParameter &parameter : (*adapter)->parameters()) {
            // Files call GPT-NeoX's head embed_out, transformers in memory lm_head.
            const auto expected = tensors.find("gradient." + (parameter.name == "embed_out.weight" ? "lm_head.weight" : parameter.name));
            QVERIFY2(expected != tensors.end(), parameter.name.c_str());
            const bool isTurned = isTransposedInFolders(weights->config, parameter.name);
            QVERIFY2(fixture::relativeDifference(parameter.tensor.grad(), isTurned ? expected->second.t() : expected->second) < 1e-4, parameter.name.c_str());
            ++compared;
        }
        QCOMPARE(compared, static_cast<std::size_t>(std::count_if(tensors.begin(), tensors.end(), [](const auto &entry) { return entry.first.starts_with("gradient."); })));
        train::Recipe recipe;
        recipe.method = "full";
        train::AdamW optimizer(train::parametersFor(**adapter, recipe), {});
        const at::Tensor losses = tensors["losses"];
        for (std::int64_t step = 0; step < losses.numel(); ++step) {
            optimizer.zeroGradients();
            auto loss = engine.lossAndGradient(batch, **adapter, scale);
            QVERIFY(loss.has_value());
            const double expected = losses[step].item<double>();
            QVERIFY2(std::abs(loss->sum * scale - expected) < 1e-4 * expected, qPrintable(QStringLiteral("step %1: %2, not %3").arg(step).arg(loss->sum * scale).arg(expected)));
            optimizer.step(5e-3, optimizer.gradientNorm(), 0.0);
        }
        (*adapter)->setTraining(false);
        const at::Tensor after = *computeLogits(*weights, batch.packed, **adapter);
        QVERIFY(fixture::relativeDifference(after, before) > 1e-3);

        // The folder is a model: read again it gives the same logits to the last bit.
        const ScratchFolder scratch;
        QVERIFY((*adapter)->save(scratch.path).has_value());
        std::filesystem::copy(fixture::folder() / "models" / model.toStdString() / "config.json", scratch.path);
        auto again = loadWeights(scratch.path);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        QVERIFY(computeLogits(**again, batch.packed, NoSites())->equal(after));
    }

    void fullRefusesWhatCannotBe()
    {
        const auto weights = weightsOf("llama-gqa");
        QVERIFY(!tune::parseParts("attention,biases") && tune::parseParts("biases").error().message.find("biases") != std::string::npos);
        QVERIFY(tune::parseParts("all,norms")->empty());
        const auto refused = tune::fullParameters({{}, {0, 2}}, weights->config);
        QVERIFY(!refused && refused.error().message.find("layer 2") != std::string::npos);
        // A choice of layers leaves out what belongs to no layer, unless it is named.
        const std::int64_t layers = *tune::fullParameters({{}, {0, 1}}, weights->config), outer = 2 * 61 * 24 + 24;
        QCOMPARE(layers + outer, weights->config.parameters());
        QCOMPARE(*tune::fullParameters({{tune::WeightPart::Head}, {0}}, weights->config), std::int64_t{61 * 24});
        auto plain = WeightSource::open(fixture::folder() / "models/llama-gqa.gguf");
        QVERIFY(plain && tune::whyNotFull(**plain).empty());
    }
};

QTEST_APPLESS_MAIN(TestTrainMethods)
#include "tst_trainmethods.moc"
