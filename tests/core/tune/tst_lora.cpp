// LoRA against PEFT: logits, loss, the gradient of every A and B, adapter folders both ways, merging, dropout, and hostile folders.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/io/jsonfile.h"
#include "core/model/loss.h"
#include "core/tune/peftfolder.h"

#include <QTest>

#include <cmath>
#include <fstream>

using namespace fettle;
using namespace fettle::model;
using namespace fettle::tune;

namespace {

std::shared_ptr<const ModelWeights> base()
{
    auto weights = loadWeights(fixture::folder() / "models/llama-gqa");
    return weights ? *weights : nullptr;
}

LossBatch lossBatch(std::map<std::string, at::Tensor> &tensors)
{
    return {fixture::batch(tensors["ids"]), tensors["rows"], tensors["targets"]};
}

void addAdapterRows()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"all-linear", "patterns", "expression", "one-layer"})
        QTest::newRow(name) << name;
}

class ScratchFolder {
public:
    ScratchFolder() { std::filesystem::remove_all(path); }
    ~ScratchFolder() { std::filesystem::remove_all(path); }
    const std::filesystem::path path = std::filesystem::path(FETTLE_BINARY_DIR) / "tst_lora";
};

} // namespace

class TestLora : public QObject {
    Q_OBJECT
private slots:
    void peftFolderGivesPeftsNumbers_data() { addAdapterRows(); }
    void peftFolderGivesPeftsNumbers()
    {
        QFETCH(QString, name);
        const auto weights = base();
        QVERIFY(weights);
        auto tensors = fixture::tensors(fixture::folder() / "expected" / ("peft-" + name.toStdString() + ".safetensors"));
        auto adapter = loadPeftFolder(fixture::folder() / "peft" / name.toStdString(), weights->config);
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        const LossBatch batch = lossBatch(tensors);
        auto logits = computeLogits(*weights, batch.packed, **adapter);
        QVERIFY(logits.has_value());
        QVERIFY(fixture::largestDifference(*logits, tensors["logits"]) < 1e-4);

        for (const LossPath path : {LossPath::Plain, LossPath::Auto}) {
            (*adapter)->setTraining(true);
            LossEngine engine(weights, {path, Checkpointing::None});
            auto outcome = engine.lossAndGradient(batch, **adapter, 1.0 / static_cast<double>(batch.rows.numel()));
            QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
            QVERIFY(std::abs(outcome->sum - tensors["loss"].item<double>()) < 1e-4 * std::abs(tensors["loss"].item<double>()));
            QCOMPARE(outcome->tokens, batch.rows.numel());
            QCOMPARE(outcome->correct, tensors["logits"].index_select(0, batch.rows).argmax(1).eq(batch.targets).sum().item<std::int64_t>());
            std::size_t compared = 0;
            for (const NamedParameter &parameter : (*adapter)->parameters()) {
                const auto expected = tensors.find("gradient." + parameter.name);
                QVERIFY2(expected != tensors.end(), parameter.name.c_str());
                QVERIFY(parameter.tensor.grad().defined());
                QVERIFY2(fixture::relativeDifference(parameter.tensor.grad(), expected->second) < 1e-4, parameter.name.c_str());
                parameter.tensor.mutable_grad() = at::Tensor();
                ++compared;
            }
            QCOMPARE(compared, static_cast<std::size_t>(std::count_if(tensors.begin(), tensors.end(), [](const auto &entry) { return entry.first.starts_with("gradient."); })));
        }
    }

    void savedFolderReadsBack_data() { addAdapterRows(); }
    void savedFolderReadsBack()
    {
        QFETCH(QString, name);
        const auto weights = base();
        auto adapter = loadPeftFolder(fixture::folder() / "peft" / name.toStdString(), weights->config);
        QVERIFY(adapter.has_value());
        const ScratchFolder scratch;
        QVERIFY(savePeftFolder(**adapter, scratch.path));
        auto again = loadPeftFolder(scratch.path, weights->config);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        QCOMPARE((*again)->hash(), (*adapter)->hash());
        QVERIFY((*again)->parameterCount() == (*adapter)->parameterCount());
        // The same keys as PEFT's, those of every version since 0.10.
        auto ours = io::readJsonFile(scratch.path / "adapter_config.json"), theirs = io::readJsonFile(fixture::folder() / "peft" / name.toStdString() / "adapter_config.json");
        QVERIFY(ours && theirs);
        for (const auto &[key, value] : ours->items()) {
            QVERIFY2(theirs->contains(key), key.c_str());
            if (key != "target_modules")
                QVERIFY2(value == (*theirs)[key], key.c_str());
        }
    }

    void newAdapterIsTheBaseModel()
    {
        const auto weights = base();
        auto adapter = LoraAdapter::create(weights->config, {}, 7);
        QVERIFY(adapter.has_value());
        QCOMPARE((*adapter)->modules().size(), static_cast<std::size_t>(weights->config.layers) * linearMaps(weights->config).size());
        const std::vector<std::int32_t> ids = {3, 9, 27, 4};
        const PackedBatch batch = packDocument(ids);
        QVERIFY(fixture::largestDifference(*computeLogits(*weights, batch, **adapter), *computeLogits(*weights, batch, NoSites())) < 1e-5);
        for (const LoraAdapter::Module &module : (*adapter)->modules()) {
            const double bound = 1.0 / std::sqrt(static_cast<double>(module.a.size(1)));
            QVERIFY(module.a.abs().max().item<double>() <= bound);
            QVERIFY(module.a.abs().max().item<double>() > 0.9 * bound);
            QVERIFY(std::abs(module.a.mean().item<double>()) < 0.15 * bound);
            QVERIFY(module.b.abs().max().item<double>() == 0.0);
        }
        // The values depend on seed and name only.
        LoraConfig fewer;
        fewer.targets = {"v_proj"};
        auto other = LoraAdapter::create(weights->config, fewer, 7);
        QVERIFY(other && (*other)->modules()[1].a.equal((*adapter)->find(1, LinearMap::Value)->a));
        QVERIFY((*LoraAdapter::create(weights->config, {}, 8))->hash() != (*adapter)->hash());
        QCOMPARE((*LoraAdapter::create(weights->config, {}, 7))->hash(), (*adapter)->hash());
    }

    void mergedEqualsUnmerged()
    {
        const auto weights = base();
        auto adapter = loadPeftFolder(fixture::folder() / "peft/patterns", weights->config);
        QVERIFY(adapter.has_value());
        const std::vector<std::int32_t> ids = {3, 9, 27, 4, 60, 1};
        const PackedBatch batch = packDocument(ids);
        for (const double strength : {0.0, 0.5, 1.0, 1.5}) {
            (*adapter)->setStrength(strength);
            auto merged = mergeAdapter(*weights, **adapter);
            QVERIFY(merged.has_value());
            QVERIFY(fixture::largestDifference(*computeLogits(**merged, batch, NoSites()), *computeLogits(*weights, batch, **adapter)) < 1e-4);
            for (const ExpectedTensor &expected : expectedTensors(weights->config))
                QVERIFY((*adapter)->mergedTensor(*weights, expected.name).equal((*merged)->tensor(expected.name)));
        }
    }

    void strengthIsLive()
    {
        const auto weights = base();
        auto adapter = loadPeftFolder(fixture::folder() / "peft/all-linear", weights->config);
        const std::vector<std::int32_t> ids = {3, 9, 27};
        const PackedBatch batch = packDocument(ids);
        const std::string hash = (*adapter)->hash();
        (*adapter)->setStrength(0.0);
        QVERIFY(computeLogits(*weights, batch, **adapter)->equal(*computeLogits(*weights, batch, NoSites())));
        QCOMPARE((*adapter)->hash(), hash);
        {
            const at::NoGradGuard guard;
            (*adapter)->parameters()[0].tensor.view(-1)[0] += 1.0;
        }
        QVERIFY((*adapter)->hash() != hash); // the badge notices a change behind its back
    }

    void dropoutCanBeRepeated_data()
    {
        QTest::addColumn<int>("path");
        QTest::newRow("plain") << static_cast<int>(LossPath::Plain);
        QTest::newRow("auto") << static_cast<int>(LossPath::Auto);
    }
    void dropoutCanBeRepeated()
    {
        QFETCH(int, path);
        const auto weights = base();
        auto tensors = fixture::tensors(fixture::folder() / "expected/peft-all-linear.safetensors");
        const LossBatch batch = lossBatch(tensors);
        LoraConfig config;
        config.dropout = 0.25;
        auto adapter = *LoraAdapter::create(weights->config, config, 5);
        {
            const at::NoGradGuard guard;
            for (const NamedParameter &parameter : adapter->parameters())
                parameter.tensor.fill_(0.02f);
        }
        LossEngine engine(weights, {static_cast<LossPath>(path), Checkpointing::None});
        const auto run = [&] {
            for (const NamedParameter &parameter : adapter->parameters())
                parameter.tensor.mutable_grad() = at::Tensor();
            auto outcome = engine.lossAndGradient(batch, *adapter, 1.0);
            std::vector<at::Tensor> gradients;
            for (const NamedParameter &parameter : adapter->parameters())
                gradients.push_back(parameter.tensor.grad().clone());
            return std::pair(outcome ? outcome->sum : -1.0, gradients);
        };
        adapter->setTraining(true);
        adapter->nextPass();
        const auto state = adapter->dropoutState();
        const auto first = run();
        adapter->nextPass();
        const auto second = run();
        QVERIFY(first.first != second.first);
        adapter->setDropoutState(state);
        const auto again = run();
        QCOMPARE(again.first, first.first);
        for (std::size_t i = 0; i < again.second.size(); ++i)
            QVERIFY(again.second[i].equal(first.second[i]));
        adapter->setTraining(false);
        const double calm = engine.loss(batch, *adapter)->sum;
        adapter->nextPass();
        QCOMPARE(engine.loss(batch, *adapter)->sum, calm);
    }

    void fastPathEqualsPlainPath_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<double>("dropout");
        QTest::addColumn<int>("checkpointing");
        QTest::addColumn<QString>("targets");
        for (const char *name : {"llama-gqa", "llama-tied-headsize", "llama-llama3", "llama-linear", "llama-bias", "llama-mha-sharded", "mistral-window", "mistral-full"})
            QTest::newRow(name) << name << 0.0 << static_cast<int>(Checkpointing::None) << "all-linear";
        QTest::newRow("dropout") << "llama-gqa" << 0.2 << static_cast<int>(Checkpointing::None) << "all-linear";
        QTest::newRow("selective") << "llama-bias" << 0.0 << static_cast<int>(Checkpointing::Selective) << "all-linear";
        QTest::newRow("full") << "mistral-window" << 0.0 << static_cast<int>(Checkpointing::Full) << "all-linear";
        QTest::newRow("full with dropout") << "llama-gqa" << 0.2 << static_cast<int>(Checkpointing::Full) << "all-linear";
        QTest::newRow("few targets") << "llama-gqa" << 0.0 << static_cast<int>(Checkpointing::None) << "v_proj,down_proj";
    }
    void fastPathEqualsPlainPath()
    {
        QFETCH(QString, model);
        QFETCH(double, dropout);
        QFETCH(int, checkpointing);
        QFETCH(QString, targets);
        auto weights = loadWeights(fixture::folder() / "models" / model.toStdString());
        QVERIFY(weights.has_value());
        LoraConfig config;
        config.rank = 3;
        config.dropout = dropout;
        config.targets = *parseTargets(targets.toStdString());
        auto adapter = *LoraAdapter::create((*weights)->config, config, 11);
        RandomStream random(3);
        for (const LoraAdapter::Module &module : adapter->modules())
            random.fillUniform({module.b.data_ptr<float>(), static_cast<std::size_t>(module.b.numel())}, -0.3f, 0.3f);
        adapter->setTraining(true);
        adapter->nextPass();
        // Long enough for several blocks of attention in one document.
        std::vector<std::int32_t> ids(310);
        for (auto &id : ids)
            id = static_cast<std::int32_t>(random.below(61));
        const std::vector<std::span<const std::int32_t>> documents = {std::span(ids).first(290), std::span(ids).subspan(290, 7), std::span(ids).subspan(297, 13)};
        LossBatch batch{packDocuments(documents), at::tensor({5, 130, 131, 288, 293, 309}, at::kLong), at::tensor({1, 2, 3, 4, 5, 6}, at::kLong)};

        struct Run {
            LossOutcome outcome;
            std::vector<at::Tensor> gradients;
        };
        const auto run = [&](LossPath path) {
            LossEngine engine(*weights, {path, static_cast<Checkpointing>(checkpointing)});
            auto outcome = engine.lossAndGradient(batch, *adapter, 0.25);
            if (!outcome)
                qWarning("%s %s", outcome.error().message.c_str(), outcome.error().detail.c_str());
            Run result{*outcome, {}};
            for (const NamedParameter &parameter : adapter->parameters()) {
                result.gradients.push_back(parameter.tensor.grad().clone());
                parameter.tensor.mutable_grad() = at::Tensor();
            }
            return result;
        };
        const Run plain = run(LossPath::Plain), fast = run(LossPath::Fast), again = run(LossPath::Fast);
        QVERIFY(fixture::relativeDifference(fast.outcome.losses, plain.outcome.losses) < 1e-5);
        QCOMPARE(fast.outcome.correct, plain.outcome.correct);
        QVERIFY(again.outcome.losses.equal(fast.outcome.losses));
        for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
            const std::string name = adapter->parameters()[i].name;
            QVERIFY2(fixture::relativeDifference(fast.gradients[i], plain.gradients[i]) < 1e-4, name.c_str());
            QVERIFY2(again.gradients[i].equal(fast.gradients[i]), name.c_str()); // bit for bit
        }
        adapter->setTraining(false);
        LossEngine fastEngine(*weights, {LossPath::Fast, Checkpointing::None}), plainEngine(*weights, {LossPath::Plain, Checkpointing::None});
        auto fastLoss = fastEngine.loss(batch, *adapter), plainLoss = plainEngine.loss(batch, *adapter);
        QVERIFY(fastLoss && plainLoss);
        QVERIFY(fixture::relativeDifference(fastLoss->losses, plainLoss->losses) < 1e-5);
        QVERIFY(fastEngine.plainPathReason().empty() && !plainEngine.plainPathReason().empty());
    }

    void engineRefusesBadBatches()
    {
        const auto weights = base();
        auto adapter = *LoraAdapter::create(weights->config, {}, 1);
        LossEngine engine(weights);
        const std::vector<std::int32_t> ids = {3, 4, 5};
        LossBatch batch{packDocument(ids), at::tensor({0, 1}, at::kLong), at::tensor({4, 61}, at::kLong)};
        auto outcome = engine.lossAndGradient(batch, *adapter, 1.0);
        QVERIFY(!outcome && outcome.error().message.find("61") != std::string::npos);
        batch.targets = at::tensor({4, 5}, at::kLong);
        batch.rows = at::tensor({1, 1}, at::kLong);
        QVERIFY(!engine.loss(batch, *adapter));
        batch.rows = at::empty({0}, at::kLong);
        batch.targets = at::empty({0}, at::kLong);
        QVERIFY(!engine.loss(batch, *adapter));
    }

    void maskHasTheRightShare()
    {
        const Dropout dropout{0.3, {42, 3, std::uint64_t{5} << 38}};
        std::vector<float> mask(40000), piece(1001);
        fillDropoutMask(dropout, 0, mask);
        const auto dropped = std::count(mask.begin(), mask.end(), 0.0f);
        QVERIFY(std::abs(static_cast<double>(dropped) / 40000.0 - 0.3) < 0.01);
        QCOMPARE(*std::max_element(mask.begin(), mask.end()), static_cast<float>(1.0 / 0.7));
        fillDropoutMask(dropout, 333, piece); // addressed by element
        QVERIFY(std::equal(piece.begin(), piece.end(), mask.begin() + 333));
    }

    void badConfigsAreRefused_data()
    {
        QTest::addColumn<QString>("change");
        QTest::addColumn<QString>("named");
        QTest::newRow("dora without lengths") << R"({"use_dora": true, "target_modules": ["q_proj", "v_proj", "down_proj"]})" << "lora_magnitude_vector";
        QTest::newRow("bias") << R"({"bias": "lora_only"})" << "bias";
        QTest::newRow("lora bias") << R"({"lora_bias": true})" << "lora_bias";
        QTest::newRow("modules to save that are not there") << R"({"modules_to_save": ["lm_head"], "target_modules": ["q_proj", "v_proj", "down_proj"]})" << "lm_head.weight is missing";
        QTest::newRow("modules to save of another kind") << R"({"modules_to_save": ["score"]})" << "score";
        QTest::newRow("modules to save that are no list") << R"({"modules_to_save": {"a": 1}})" << "modules_to_save";
        QTest::newRow("embeddings that are not there") << R"({"target_modules": ["q_proj", "v_proj", "down_proj", "embed_tokens"]})" << "lora_embedding_A";
        QTest::newRow("layers that do not exist") << R"({"layers_to_transform": [1000000000]})" << "1000000000";
        QTest::newRow("pissa") << R"({"init_lora_weights": "pissa"})" << "pissa";
        QTest::newRow("other type") << R"({"peft_type": "IA3"})" << "IA3";
        QTest::newRow("future setting") << R"({"quantum_mode": 3})" << "quantum_mode";
        QTest::newRow("wrong rank") << R"({"r": 5})" << "[5, 24]";
        QTest::newRow("zero rank") << R"({"r": 0})" << "rank is 0";
        QTest::newRow("giant rank") << R"({"r": 1000000000000})" << "rank";
        QTest::newRow("more targets than tensors") << R"({"target_modules": ["q_proj", "k_proj", "v_proj", "down_proj"]})" << "k_proj.lora_A";
        QTest::newRow("fewer targets than tensors") << R"({"target_modules": ["q_proj"]})" << "no place";
        QTest::newRow("no targets") << R"({"target_modules": ["fc1"]})" << "fc1";
        QTest::newRow("targets missing") << R"({"target_modules": null})" << "target_modules";
        QTest::newRow("broken expression") << "{\"target_modules\": \"[q_proj\"}" << "[q_proj";
        QTest::newRow("hostile expression") << "{\"target_modules\": \"(([a-z_.0-9]+)+)+[!?]\"}" << "target expression";
    }
    void badConfigsAreRefused()
    {
        QFETCH(QString, change);
        QFETCH(QString, named);
        const auto weights = base();
        const ScratchFolder scratch;
        std::filesystem::copy(fixture::folder() / "peft/patterns", scratch.path);
        auto config = io::readJsonFile(scratch.path / "adapter_config.json");
        QVERIFY(config.has_value());
        (*config)["rank_pattern"] = nlohmann::json::object();
        if (change.contains("target_modules"))
            (*config)["rank_pattern"] = {{"q_proj", 5}, {"model.layers.1.mlp.down_proj", 2}};
        config->update(nlohmann::json::parse(change.toStdString()));
        std::ofstream(scratch.path / "adapter_config.json") << config->dump();
        auto adapter = loadPeftFolder(scratch.path, weights->config);
        QVERIFY(!adapter);
        QVERIFY2(QString::fromStdString(adapter.error().message).contains(named), adapter.error().message.c_str());
    }

    void pickleIsNamed()
    {
        const ScratchFolder scratch;
        std::filesystem::copy(fixture::folder() / "peft/patterns", scratch.path);
        std::filesystem::rename(scratch.path / "adapter_model.safetensors", scratch.path / "adapter_model.bin");
        auto adapter = loadPeftFolder(scratch.path, base()->config);
        QVERIFY(!adapter && adapter.error().hint.find("pickle") != std::string::npos);
    }

    void anotherModelsAdapterIsRefused()
    {
        auto other = loadWeights(fixture::folder() / "models/llama-llama3");
        QVERIFY(other.has_value());
        auto adapter = loadPeftFolder(fixture::folder() / "peft/all-linear", (*other)->config);
        QVERIFY(!adapter && adapter.error().message.find("[4, 24]") != std::string::npos && adapter.error().message.find("[4, 32]") != std::string::npos);
    }

    void targetsAreParsed()
    {
        QCOMPARE(parseTargets("q_proj, v_proj")->size(), std::size_t{2});
        QCOMPARE(parseTargets("all-linear")->front(), std::string("all-linear"));
        QVERIFY(!parseTargets("q_proj,fc1") && parseTargets("q_proj,fc1").error().message.find("fc1") != std::string::npos);
        QVERIFY(!parseTargets(" , "));
    }

    void gradientsAddUpOverMicroBatches()
    {
        const auto weights = base();
        auto tensors = fixture::tensors(fixture::folder() / "expected/peft-all-linear.safetensors");
        auto adapter = *loadPeftFolder(fixture::folder() / "peft/all-linear", weights->config);
        adapter->setTraining(true);
        const LossBatch batch = lossBatch(tensors);
        LossEngine engine(weights);
        const double scale = 1.0 / static_cast<double>(batch.rows.numel());
        QVERIFY(engine.lossAndGradient(batch, *adapter, scale).has_value());
        QVERIFY(engine.lossAndGradient(batch, *adapter, scale).has_value());
        for (const NamedParameter &parameter : adapter->parameters())
            QVERIFY(fixture::relativeDifference(parameter.tensor.grad(), 2 * tensors["gradient." + parameter.name]) < 1e-4);
        QVERIFY(std::abs(engine.loss(batch, *adapter)->sum - tensors["loss"].item<double>()) < 1e-3);
    }
};

QTEST_APPLESS_MAIN(TestLora)
#include "tst_lora.moc"
