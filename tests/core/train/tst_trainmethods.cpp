// Every fine-tuning method against its reference (PEFT, transformers, AdapterHub) on a tiny model: logits, loss, the gradient of every
// trained tensor, the losses of five steps, and adapter folders both ways. Fixtures: make_method_fixtures.py.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensors.h"
#include "core/model/loss.h"
#include "core/train/optimizer.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <QFile>
#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::model;

namespace {

std::shared_ptr<const ModelWeights> weightsOf(const char *name)
{
    auto weights = loadWeights(fixture::folder() / "models" / name);
    return weights ? *weights : nullptr;
}

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

std::filesystem::path methodFolder(const std::string &name) { return fixture::folder() / "methods" / name; }

std::map<std::string, at::Tensor> expectedOf(const std::string &name)
{
    return fixture::tensors(fixture::folder() / "expected" / ("method-" + name + ".safetensors"));
}

LossBatch lossBatch(std::map<std::string, at::Tensor> &tensors) { return {fixture::batch(tensors["ids"]), tensors["rows"], tensors["targets"]}; }

class ScratchFolder {
public:
    ScratchFolder() { std::filesystem::remove_all(path); }
    ~ScratchFolder() { std::filesystem::remove_all(path); }
    const std::filesystem::path path = std::filesystem::path(FETTLE_BINARY_DIR) / "tst_trainmethods";
};

// The families beyond Llama, each with its tiny model.
constexpr std::pair<const char *, const char *> kFamilies[] = {
    {"mistral", "mistral-window"},       {"qwen2", "../families/qwen2"}, {"qwen3", "../families/qwen3"}, {"gemma2", "../families/gemma2"}, {"gemma3", "../families/gemma3"},
    {"smollm3", "../families/smollm3"},  {"olmo2", "../families/olmo2"}, {"phi3", "../families/phi3"},   {"gpt2", "../families/gpt2"},     {"neox", "../families/neox"}};

// For AdapterHub, which is at version 4 of transformers: models whose config.json that version reads.
struct BottleneckModel { const char *family, *model; std::vector<const char *> kinds; };
const BottleneckModel kBottleneckModels[] = {
    {"qwen2", "../families/qwen2-window", {""}},
    {"qwen3", "../families/qwen3-old", {"", "-double", "-parallel"}},
    {"gpt2", "../families/gpt2", {"", "-double"}},
    {"smollm3", "../families/smollm3-window", {""}},
    {"mistral", "mistral-window", {"", "-double", "-parallel"}},
    {"phi3", "../families/phi3-partial", {"", "-double", "-parallel"}},
    {"gemma2", "../families/gemma2-uncapped", {"", "-double"}},
    {"gemma3", "../families/gemma3-old", {"", "-parallel"}},
    {"olmo2", "../families/olmo2", {"", "-double", "-parallel"}},
    {"neox", "../families/neox-old", {"", "-parallel"}},
    {"neox", "../families/neox", {"-double"}},
};

// Prefix tuning takes no sliding window.
const char *prefixModel(const std::string &family, const char *model)
{
    return family == "mistral" ? "mistral-full" : family == "phi3" ? "../families/phi3-partial" : model;
}

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
                const bool hasNoPrefix = std::string(family).starts_with("gemma"); // every one has a sliding window
                if (method != std::string("prefix") || !hasNoPrefix)
                    QTest::addRow("%s-%s", method, family) << (method == std::string("prefix") ? prefixModel(family, model) : model) << 1.0;
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

    void brokenFoldersAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("change"); // of the config
        QTest::addColumn<QString>("named");
        QTest::newRow("ia3: unknown target") << "ia3" << R"({"target_modules": ["fc1"]})" << "fc1";
        QTest::newRow("ia3: more modules") << "ia3" << R"({"modules_to_save": ["lm_head"]})" << "modules_to_save";
        QTest::newRow("ia3: no list") << "ia3" << R"({"feedforward_modules": 7})" << "feedforward_modules";
        QTest::newRow("ia3: other side") << "ia3" << R"({"feedforward_modules": []})" << "down_proj.ia3_l";
        QTest::newRow("prompt: 10^12 tokens") << "prompt" << R"({"num_virtual_tokens": 1000000000000})" << "virtual tokens";
        QTest::newRow("prompt: one more") << "prompt" << R"({"num_virtual_tokens": 6})" << "[6, 24]";
        QTest::newRow("prompt: encoder") << "prompt" << R"({"num_transformer_submodules": 2})" << "num_transformer_submodules";
        QTest::newRow("prefix: none") << "prefix" << R"({"num_virtual_tokens": 0})" << "virtual tokens";
        QTest::newRow("prefix: future setting") << "prefix" << R"({"quantum_mode": 3})" << "quantum_mode";
        QTest::newRow("prefix: giant projection") << "prefix-projection" << R"({"encoder_hidden_size": 1000000000000})" << "projection";
        QTest::newRow("bottleneck: no factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": {"default": 2}}})" << "reduction_factor";
        QTest::newRow("bottleneck: tiny factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 1e-9}})" << "reduction factor";
        QTest::newRow("bottleneck: giant factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 1e9}})" << "reduction factor";
        QTest::newRow("bottleneck: other factor") << "bottleneck-sequential" << R"({"config": {"reduction_factor": 5}})" << "[4, 24]";
        QTest::newRow("bottleneck: gating") << "bottleneck-sequential" << R"({"config": {"use_gating": true}})" << "use_gating";
        QTest::newRow("bottleneck: norm") << "bottleneck-double" << R"({"config": {"ln_before": true}})" << "ln_before";
        QTest::newRow("bottleneck: curve") << "bottleneck-parallel" << R"({"config": {"non_linearity": "sine"}})" << "sine";
        QTest::newRow("bottleneck: unknown place") << "bottleneck-double" << R"({"config": {"is_parallel": true}})" << "original_ln_before";
        QTest::newRow("bottleneck: a layer too much") << "bottleneck-sequential" << R"({"config": {"leave_out": [0]}})" << "no place";
        QTest::newRow("bottleneck: no layer") << "bottleneck-sequential" << R"({"config": {"leave_out": [0, 1]}})" << "layers";
    }
    void brokenFoldersAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, change);
        QFETCH(QString, named);
        const ScratchFolder scratch;
        std::filesystem::copy(methodFolder(method.toStdString()), scratch.path);
        const auto file = scratch.path / "adapter_config.json";
        auto config = io::readJsonFile(file);
        QVERIFY(config.has_value());
        config->merge_patch(nlohmann::json::parse(change.toStdString()));
        QFile out(QString::fromStdString(file.string()));
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(QByteArray::fromStdString(config->dump()));
        out.close();
        const auto weights = weightsOf(method == "prefix-projection" ? "llama-tied-headsize" : "llama-gqa");
        auto adapter = tune::loadAdapter(scratch.path, weights->config);
        QVERIFY(!adapter);
        QVERIFY2(QString::fromStdString(adapter.error().message).contains(named), adapter.error().message.c_str());
    }

    // AdapterHub by itself places adapters of Gemma and OLMo 2 in front of a norm: those would answer differently here.
    void adaptersOfOtherPlacesAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("change"); // of the interface; empty: there is none
        QTest::addColumn<QString>("named");  // empty: it is taken
        QTest::newRow("nothing said") << "bottleneck-gemma2" << "gemma2-uncapped" << QString() << "adapter_interface.json";
        QTest::newRow("AdapterHub's own") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_output_proj": "mlp.down_proj", "layer_ln_2": "post_feedforward_layernorm"})" << "layer_output_proj";
        QTest::newRow("a norm of its own") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_ln_2": "post_feedforward_layernorm"})" << "layer_ln_2";
        QTest::newRow("other attention, not read") << "bottleneck-gemma2" << "gemma2-uncapped" << R"({"layer_self_attn": "self_attn"})" << QString();
        QTest::newRow("other attention") << "bottleneck-gemma2-double" << "gemma2-uncapped" << R"({"layer_self_attn": "self_attn"})" << "layer_self_attn";
        QTest::newRow("other stream") << "bottleneck-phi3" << "phi3-partial" << R"({"layer_pre_ffn": null})" << "layer_pre_ffn";
        QTest::newRow("no object") << "bottleneck-olmo2" << "olmo2" << R"(7)" << "interface";
        QTest::newRow("usual places") << "bottleneck-phi3" << "phi3-partial" << QString() << QString();
    }
    void adaptersOfOtherPlacesAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, model);
        QFETCH(QString, change);
        QFETCH(QString, named);
        const ScratchFolder scratch;
        std::filesystem::copy(methodFolder(method.toStdString()), scratch.path);
        const auto file = scratch.path / "adapter_interface.json";
        auto interface = io::readJsonFile(file);
        QVERIFY(interface.has_value());
        std::filesystem::remove(file);
        if (!change.isEmpty()) {
            interface->merge_patch({{"interface", nlohmann::json::parse(change.toStdString())}});
            QVERIFY(io::writeFileAtomically(file, interface->dump()).has_value());
        }
        auto weights = loadWeights(fixture::folder() / "families" / model.toStdString());
        QVERIFY(weights.has_value());
        auto adapter = tune::loadAdapter(scratch.path, (*weights)->config);
        QCOMPARE(adapter.has_value(), named.isEmpty());
        QVERIFY2(adapter || QString::fromStdString(adapter.error().message).contains(named), adapter ? "" : adapter.error().message.c_str());
    }

    // What we write tells AdapterHub the same places as the files that it wrote with them.
    void placesAreToldToAdapterHub()
    {
        for (const auto &[family, model, kinds] : kBottleneckModels) {
            const auto written = methodFolder(std::string("bottleneck-") + family + kinds.front()) / "adapter_interface.json";
            auto weights = loadWeights(fixture::folder() / "models" / model);
            QVERIFY(weights.has_value());
            const ScratchFolder scratch;
            QVERIFY((*tune::BottleneckAdapter::create((*weights)->config, {}, 1))->save(scratch.path).has_value());
            const bool isKnownThere = std::string_view(family).starts_with("qwen") || std::string_view(family) == "mistral" || std::string_view(family) == "gpt2";
            QCOMPARE(std::filesystem::exists(scratch.path / "adapter_interface.json"), !isKnownThere);
            if (isKnownThere)
                continue;
            auto ours = io::readJsonFile(scratch.path / "adapter_interface.json"), theirs = io::readJsonFile(written);
            QVERIFY(ours && theirs);
            QVERIFY2(*ours == *theirs, (ours->dump() + theirs->dump()).c_str());
        }
    }

    // A tensor that is not there is named, whichever it is: also the one half of a pair.
    void missingTensorsAreNamed()
    {
        const auto weights = weightsOf("llama-gqa");
        for (const auto &[method, file] : {std::pair{"loraplus", "adapter_model.safetensors"}, std::pair{"dora", "adapter_model.safetensors"}, std::pair{"ia3", "adapter_model.safetensors"},
                                           std::pair{"prefix", "adapter_model.safetensors"}, std::pair{"prompt", "adapter_model.safetensors"}, std::pair{"bottleneck-double", "adapter.safetensors"}}) {
            auto tensors = fixture::tensors(methodFolder(method) / file);
            for (const auto &[missing, unused] : tensors) {
                const ScratchFolder scratch;
                std::filesystem::copy(methodFolder(method), scratch.path);
                std::vector<io::TensorToWrite> rest;
                for (const auto &[name, values] : tensors) {
                    if (name != missing)
                        rest.push_back({name, io::StorageType::F32, values.sizes().vec(), {static_cast<const std::byte *>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes())}});
                }
                QVERIFY(io::writeSafetensors(scratch.path / file, rest).has_value());
                auto adapter = tune::loadAdapter(scratch.path, weights->config);
                QVERIFY2(!adapter && adapter.error().code == ErrorCode::BadInput && adapter.error().message.find(missing) != std::string::npos,
                         (missing + ": " + (adapter ? "accepted" : adapter.error().message)).c_str());
            }
        }
    }

    void picklesAreNamed()
    {
        const auto weights = weightsOf("llama-gqa");
        for (const auto &[method, tensors, pickle] : {std::tuple{"ia3", "adapter_model.safetensors", "adapter_model.bin"},
                                                      std::tuple{"bottleneck-double", "adapter.safetensors", "pytorch_adapter.bin"}}) {
            const ScratchFolder scratch;
            std::filesystem::copy(methodFolder(method), scratch.path);
            std::filesystem::rename(scratch.path / tensors, scratch.path / pickle);
            auto adapter = tune::loadAdapter(scratch.path, weights->config);
            QVERIFY2(!adapter && adapter.error().hint.find("pickle") != std::string::npos, method);
        }
    }

    void aPrefixNeedsAModelWithoutWindow()
    {
        auto refused = tune::PrefixTuning::create(weightsOf("mistral-window")->config, {}, 1);
        QVERIFY(!refused && refused.error().message.find("window") != std::string::npos);
        QVERIFY(!tune::PrefixTuning::create(weightsOf("llama-gqa")->config, {64, false, 0, {}}, 1)); // all of its context
    }

    void newAdaptersAreTheBaseModel_data()
    {
        QTest::addColumn<int>("init");
        QTest::addColumn<bool>("isDora");
        QTest::newRow("gaussian") << int(tune::LoraInit::Gaussian) << false;
        QTest::newRow("pissa") << int(tune::LoraInit::Pissa) << false;
        QTest::newRow("dora") << int(tune::LoraInit::Uniform) << true;
    }
    void newAdaptersAreTheBaseModel()
    {
        QFETCH(int, init);
        QFETCH(bool, isDora);
        const auto weights = weightsOf("llama-bias");
        tune::LoraConfig config;
        config.rank = 4;
        config.init = static_cast<tune::LoraInit>(init);
        config.isDora = isDora;
        config.rankPattern = {{"q_proj", 6}};
        auto adapter = tune::LoraAdapter::create(*weights, config, 9);
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        const std::vector<std::int32_t> ids = {3, 9, 27, 4};
        const PackedBatch batch = packDocument(ids);
        QVERIFY(fixture::relativeDifference(*computeLogits(*weights, batch, **adapter), *computeLogits(*weights, batch, NoSites())) < 1e-5);
        QCOMPARE((*tune::LoraAdapter::create(*weights, config, 9))->hash(), (*adapter)->hash());
        std::int64_t counted = *tune::loraParameters(config, weights->config);
        QCOMPARE((*adapter)->parameterCount(), counted);
    }

    void pissaHoldsTheStrongestDirections()
    {
        const at::NoGradGuard guard;
        RandomStream random(4);
        for (const auto &[out, in] : {std::pair{300, 200}, std::pair{90, 400}}) {
            at::Tensor weight = at::empty({out, in}, at::kFloat);
            random.fillNormal({weight.data_ptr<float>(), static_cast<std::size_t>(weight.numel())}, 0.0f, 1.0f);
            const auto [u, s, vh] = at::linalg_svd(weight, false);
            const double best = s.narrow(0, 8, s.numel() - 8).norm().item<double>(); // what no rank 8 can hold
            const tune::LowRankPair pair = tune::principalPair(weight, 8, 2.5, 7);
            const double rest = (weight - at::mm(pair.b, pair.a) * 2.5).norm().item<double>();
            QVERIFY2(rest < best * 1.003, qPrintable(QStringLiteral("%1 of %2").arg(rest).arg(best)));
        }
    }

    void pissaGoesOnBitForBit_data()
    {
        QTest::addColumn<bool>("isRankStabilised");
        QTest::newRow("plain") << false;
        QTest::newRow("rsLoRA") << true;
    }
    void pissaGoesOnBitForBit()
    {
        QFETCH(bool, isRankStabilised);
        const auto weights = weightsOf("llama-gqa");
        tune::LoraConfig config;
        config.rank = 3;
        config.alpha = 5;
        config.isRankStabilised = isRankStabilised;
        config.init = tune::LoraInit::Pissa;
        config.rankPattern = {{"v_proj", 5}};
        auto adapter = *tune::LoraAdapter::create(*weights, config, 9);
        {
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : adapter->parameters())
                parameter.tensor.add_(0.01);
        }
        const ScratchFolder scratch;
        QVERIFY(adapter->save(scratch.path).has_value());
        auto plain = tune::loadPeftFolder(scratch.path, weights->config);
        QVERIFY(plain.has_value());
        auto again = tune::asPissa(**plain, weights->config, config);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        QCOMPARE((*again)->hash(), adapter->hash());
        config.rank = 4;
        QVERIFY(!tune::asPissa(**plain, weights->config, config));
    }

    void doraDropoutReachesBothParts()
    {
        const auto weights = weightsOf("llama-bias");
        auto tensors = expectedOf("dora");
        const LossBatch batch = lossBatch(tensors);
        tune::LoraConfig config;
        config.isDora = true;
        config.dropout = 0.3;
        auto adapter = *tune::LoraAdapter::create(*weights, config, 9);
        LossEngine engine(weights);
        adapter->setTraining(true);
        adapter->setDropoutState({5, 1});
        // At the start g is 1: what dropout hides of W x' counts for nothing, as in PEFT.
        const double first = engine.loss(batch, *adapter)->sum;
        adapter->setDropoutState({5, 2});
        QVERIFY(std::abs(engine.loss(batch, *adapter)->sum - first) < 1e-4 * first);
        {
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : adapter->parameters()) {
                if (parameter.name.ends_with("magnitude_vector"))
                    parameter.tensor.mul_(1.3);
            }
        }
        const double second = engine.loss(batch, *adapter)->sum;
        adapter->setDropoutState({5, 1});
        QVERIFY(std::abs(engine.loss(batch, *adapter)->sum - second) > 1e-4 * first);
        adapter->setDropoutState({5, 2});
        QCOMPARE(engine.loss(batch, *adapter)->sum, second);
    }

    void impossibleChoicesAreRefused()
    {
        const auto weights = weightsOf("llama-gqa");
        const auto messageOf = [&](const tune::LoraConfig &config) {
            auto adapter = tune::LoraAdapter::create(*weights, config, 1);
            return adapter ? std::string("accepted") : adapter.error().message;
        };
        tune::LoraConfig both;
        both.isDora = true;
        both.init = tune::LoraInit::Pissa;
        QVERIFY(messageOf(both).find("together") != std::string::npos);
        tune::LoraConfig wide;
        wide.rank = 25;
        wide.init = tune::LoraInit::Pissa;
        QVERIFY(messageOf(wide).find("24") != std::string::npos || messageOf(wide).find("12") != std::string::npos);
        tune::LoraConfig twofold;
        twofold.targetPattern = ".*q_proj";
        twofold.layers = {1};
        QVERIFY(messageOf(twofold).find("expression") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestTrainMethods)
#include "tst_trainmethods.moc"
