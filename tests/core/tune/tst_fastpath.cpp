// The fast path for every method and family, and what long rows cost: against the plain path and against itself.
#include "tests/core/tune/methodfixture.h"

#include "core/base/memory.h"
#include "core/base/random.h"
#include "core/model/fast/gemm.h"
#include "core/model/fast/workspace.h"
#include "core/model/loss.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/softprompt.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <iterator>

using namespace fettle;
using namespace fettle::model;
using namespace fettle::tune;
using namespace methodfixture;

namespace {

// The fast path gives the losses and gradients of the plain one, none of them nothing, and its own again bit for bit.
void expectSamePaths(const std::shared_ptr<const ModelWeights> &weights, const Adapter &adapter, const LossBatch &batch, Checkpointing checkpointing)
{
    const LossOptions fastOptions{LossPath::Fast, checkpointing};
    const Pass plain = runPass(weights, adapter, batch, {LossPath::Plain, Checkpointing::None});
    const Pass fast = runPass(weights, adapter, batch, fastOptions), again = runPass(weights, adapter, batch, fastOptions);
    QVERIFY(!plain.gradients.empty() && plain.gradients.size() == fast.gradients.size() && fast.gradients.size() == again.gradients.size());
    QVERIFY(fixture::relativeDifference(fast.outcome.losses, plain.outcome.losses) < 1e-5);
    QVERIFY(again.outcome.losses.equal(fast.outcome.losses));
    for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
        const std::string name = adapter.parameters()[i].name;
        const double difference = fixture::relativeDifference(fast.gradients[i], plain.gradients[i]);
        QVERIFY2(difference < 1e-4, (name + " " + std::to_string(difference)).c_str());
        QVERIFY2(plain.gradients[i].abs().max().item<double>() > 0, name.c_str());
        QVERIFY2(again.gradients[i].equal(fast.gradients[i]), name.c_str()); // bit for bit
    }
}

} // namespace

class TestFastPath : public QObject {
    Q_OBJECT
private slots:
    void fullEqualsPlainPath_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("parts");
        QTest::addColumn<std::vector<std::int64_t>>("layers");
        QTest::addColumn<int>("checkpointing");
        const std::vector<std::int64_t> all;
        const int none = static_cast<int>(Checkpointing::None);
        for (const char *name : {"llama-gqa", "llama-tied-headsize", "llama-llama3", "llama-bias", "llama-mha-sharded", "mistral-window"})
            QTest::newRow(name) << name << "all" << all << none;
        QTest::newRow("selective") << "llama-bias" << "all" << all << static_cast<int>(Checkpointing::Selective);
        QTest::newRow("full") << "llama-tied-headsize" << "all" << all << static_cast<int>(Checkpointing::Full);
        for (const char *name : {"qwen3", "gemma3", "smollm3", "olmo2", "phi3"}) // norms of heads and behind branches, other activations, fused maps
            QTest::newRow(name) << name << "all" << all << none;
        QTest::newRow("norms alone") << "gemma3" << "norms" << std::vector<std::int64_t>{1} << none;
        // Each place where the way down can end.
        QTest::newRow("embeddings") << "llama-gqa" << "embeddings" << all << none;
        QTest::newRow("head alone") << "llama-gqa" << "head" << all << none;
        QTest::newRow("tied head alone") << "llama-tied-headsize" << "head" << all << none;
        QTest::newRow("norms") << "llama-gqa" << "norms" << all << none;
        QTest::newRow("norms of a layer") << "llama-gqa" << "norms" << std::vector<std::int64_t>{1} << none;
        QTest::newRow("attention") << "llama-bias" << "attention" << all << none;
        QTest::newRow("mlp of the last layer") << "llama-bias" << "mlp" << std::vector<std::int64_t>{1} << none;
        QTest::newRow("mlp and head, checkpointing") << "llama-gqa" << "mlp,head" << std::vector<std::int64_t>{0} << static_cast<int>(Checkpointing::Full);
    }
    void fullEqualsPlainPath()
    {
        QFETCH(QString, model);
        QFETCH(QString, parts);
        QFETCH(std::vector<std::int64_t>, layers);
        QFETCH(int, checkpointing);
        const auto weights = std::const_pointer_cast<ModelWeights>(weightsOf(model));
        QVERIFY(weights);
        auto adapter = *FullTuning::create(weights, {*parseParts(parts.toStdString()), layers}, {});
        adapter->setTraining(true);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {290, 7, 13}); // several blocks of attention in one document
        expectSamePaths(weights, *adapter, batch, static_cast<Checkpointing>(checkpointing));
        if (QTest::currentTestFailed())
            return;
        // What is not trained has got no gradient on the way; what is trained has lost its own above.
        std::vector<at::Tensor> all = {weights->embedding, weights->head, weights->finalNorm};
        for (const LayerWeights &layer : weights->layers) {
            for (const LinearWeight *linear : {&layer.qkv, &layer.output, &layer.gateUp, &layer.down})
                all.push_back(linear->weight);
            std::copy_if(layer.norms.begin(), layer.norms.end(), std::back_inserter(all), [](const at::Tensor &norm) { return norm.defined(); });
        }
        QVERIFY(std::ranges::none_of(all, [](const at::Tensor &tensor) { return tensor.grad().defined(); }));
    }

    // On the way up, on the way down, with what is recomputed, and where some weights are trained and others rounded.
    void storedWeightsGiveTheSame_data()
    {
        QTest::addColumn<int>("storage");
        QTest::addColumn<int>("checkpointing");
        QTest::newRow("16 bits") << static_cast<int>(WeightStorage::Half) << static_cast<int>(Checkpointing::None);
        QTest::newRow("4 bits") << static_cast<int>(WeightStorage::Nf4) << static_cast<int>(Checkpointing::None);
        QTest::newRow("4 bits, recomputed") << static_cast<int>(WeightStorage::Nf4) << static_cast<int>(Checkpointing::Full);
        QTest::newRow("8 bits, partly recomputed") << static_cast<int>(WeightStorage::Q8) << static_cast<int>(Checkpointing::Selective);
    }
    void storedWeightsGiveTheSame()
    {
        QFETCH(int, storage);
        QFETCH(int, checkpointing);
        auto loaded = loadWeights(fixture::folder() / "models/llama-bias", {}, {}, {static_cast<WeightStorage>(storage)});
        QVERIFY(loaded.has_value());
        const std::shared_ptr<const ModelWeights> stored = *loaded;
        const auto plain = allocateWeights(stored->config);
        for (const ExpectedTensor &expected : expectedTensors(stored->config))
            plain->tensor(expected.name).copy_(stored->tensor(expected.name));
        QVERIFY(stored->bytes() < plain->bytes());
        LoraConfig config;
        config.dropout = 0.1;
        auto adapter = *LoraAdapter::create(*stored, config, 1);
        adapter->setTraining(true);
        const LossBatch batch = randomBatch(stored->config.vocabulary, {290, 7, 13});
        const LossOptions options{LossPath::Fast, static_cast<Checkpointing>(checkpointing)};
        const Pass rounded = runPass(stored, *adapter, batch, options), same = runPass(plain, *adapter, batch, options);
        QVERIFY(!same.gradients.empty() && same.outcome.losses.equal(rounded.outcome.losses));
        for (std::size_t i = 0; i < same.gradients.size(); ++i)
            QVERIFY2(same.gradients[i].equal(rounded.gradients[i]), adapter->parameters()[i].name.c_str()); // bit for bit
    }

    // Rounded products of the frozen matrices: gradients that point the same way, the loss alone to the last bit.
    void roundedProductsStayNear_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : {"llama-gqa", "llama-bias"})
            QTest::newRow(model) << QString::fromLatin1(model);
    }
    void roundedProductsStayNear()
    {
        QFETCH(QString, model);
        auto weights = loadWeights(fixture::folder() / "models" / model.toStdString());
        QVERIFY(weights.has_value());
        auto adapter = *LoraAdapter::create(**weights, {}, 1);
        adapter->setTraining(true);
        const LossBatch batch = randomBatch((*weights)->config.vocabulary, {90, 7, 33});
        LossOptions options{LossPath::Fast, Checkpointing::None};
        const Pass exact = runPass(*weights, *adapter, batch, options);
        const auto exactLoss = LossEngine(*weights, options).loss(batch, *adapter);
        options.frozenProducts = fast::Factors::Bf16;
        const Pass rounded = runPass(*weights, *adapter, batch, options), again = runPass(*weights, *adapter, batch, options);
        const auto roundedLoss = LossEngine(*weights, options).loss(batch, *adapter);
        QVERIFY(exactLoss && roundedLoss && exactLoss->losses.equal(roundedLoss->losses)); // what is held out is always read exactly
        QVERIFY(std::abs(rounded.outcome.sum - exact.outcome.sum) < 2e-3 * exact.outcome.sum);
        QCOMPARE(rounded.outcome.losses.equal(exact.outcome.losses), !fast::hasBf16Products());
        QVERIFY(rounded.outcome.losses.equal(again.outcome.losses));
        double difference = 0, size = 0;
        for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
            QVERIFY(rounded.gradients[i].equal(again.gradients[i]));
            difference += (rounded.gradients[i] - exact.gradients[i]).square().sum().item<double>();
            size += exact.gradients[i].square().sum().item<double>();
        }
        QVERIFY2(difference < 4e-2 * 4e-2 * size, qPrintable(QString::number(std::sqrt(difference / size))));
    }

    void fullTrainsPartsOverWeightsInHalfPrecision()
    {
        const FullConfig config{*parseParts("mlp,norms"), {1}};
        const auto path = fixture::folder() / "models/llama-gqa";
        auto source = WeightSource::open(path);
        const StorageChoice choice{WeightStorage::Half, ScaleRounding::None, [&](std::string_view name) { return isTrainedBy(config, (*source)->config(), name); }};
        auto loaded = loadWeights(**source, {}, {}, choice);
        auto exact = loadWeights(path);
        QVERIFY(loaded && exact);
        QVERIFY((*loaded)->layers[1].down.weight.defined() && !(*loaded)->layers[0].down.weight.defined());
        QVERIFY((*loaded)->tensor("model.layers.1.mlp.up_proj.weight").equal((*exact)->tensor("model.layers.1.mlp.up_proj.weight"))); // what is trained is not rounded
        auto adapter = *FullTuning::create(std::const_pointer_cast<ModelWeights>(*loaded), config, {});
        adapter->setTraining(true);
        const LossBatch batch = randomBatch((*loaded)->config.vocabulary, {40, 7});
        const Pass fast = runPass(*loaded, *adapter, batch, {LossPath::Fast, Checkpointing::None}), plain = runPass(*loaded, *adapter, batch, {LossPath::Plain, Checkpointing::None});
        QVERIFY(!fast.gradients.empty() && fast.gradients.size() == plain.gradients.size());
        for (std::size_t i = 0; i < fast.gradients.size(); ++i)
            QVERIFY2(fixture::relativeDifference(fast.gradients[i], plain.gradients[i]) < 1e-4, adapter->parameters()[i].name.c_str());
    }

    void methodsEqualPlainPath_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("checkpointing");
        const auto row = [](const char *method, const char *model, Checkpointing checkpointing = Checkpointing::None) {
            QTest::addRow("%s on %s, %d", method, model, static_cast<int>(checkpointing)) << method << model << static_cast<int>(checkpointing);
        };
        for (const char *method : {"bottleneck", "bottleneck upper swish", "bottleneck double gelu", "bottleneck parallel tanh", "bottleneck dropout", "bottleneck double dropout",
                                   "bottleneck parallel dropout", "prefix", "prefix projection", "prompt", "ia3", "ia3 in a layer", "ia3 everywhere", "dora"})
            row(method, "llama-bias");
        for (const char *method : {"bottleneck double", "bottleneck", "prefix", "prompt", "ia3 everywhere", "dora"}) {
            row(method, "llama-gqa", Checkpointing::Selective);
            row(method, "llama-tied-headsize", Checkpointing::Full);
        }
        row("bottleneck", "mistral-window");
        for (const char *family : {"qwen2", "qwen2-window", "qwen3", "gemma3", "gemma2-uncapped", "smollm3", "smollm3-window", "olmo2", "phi3", "phi3-partial"})
            row("lora dropout", family);
        for (const auto &[method, family] : {std::pair{"prefix", "qwen3"}, std::pair{"prompt", "gemma3"}, std::pair{"ia3 everywhere", "gemma3"}, std::pair{"ia3 everywhere", "phi3"},
                                             std::pair{"ia3 everywhere", "qwen2"}, std::pair{"dora", "phi3"}, std::pair{"dora", "olmo2"}, std::pair{"dora", "qwen2"}})
            row(method, family, Checkpointing::Full);
    }
    void methodsEqualPlainPath()
    {
        QFETCH(QString, method);
        QFETCH(QString, model);
        QFETCH(int, checkpointing);
        const auto weights = weightsOf(model);
        QVERIFY(weights);
        const auto adapter = movedAdapter(method, *weights);
        QVERIFY(adapter);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {140, 7, 13}); // two blocks of attention in one document
        expectSamePaths(weights, *adapter, batch, static_cast<Checkpointing>(checkpointing));
        if (QTest::currentTestFailed())
            return;
        // Read only, at the strength that it was trained with and at another.
        adapter->setTraining(false);
        for (const double strength : {1.0, 0.5}) {
            adapter->setStrength(strength);
            LossEngine fastEngine(weights), plainEngine(weights, {LossPath::Plain, Checkpointing::None});
            auto fastLoss = fastEngine.loss(batch, *adapter), plainLoss = plainEngine.loss(batch, *adapter);
            QVERIFY(fastLoss && plainLoss);
            QVERIFY(fixture::relativeDifference(fastLoss->losses, plainLoss->losses) < 1e-5);
            QCOMPARE(fastEngine.plainPathReason().empty(), method != "dora" || strength != 0.5); // what factors alone do not say
        }
    }

    // Whoever begins to train begins with the base: also where the stream is large, as in Gemma.
    void newAdaptersAreTheBase_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : {"llama-gqa", "gemma3", "neox"})
            QTest::newRow(model) << QString::fromLatin1(model);
    }
    void newAdaptersAreTheBase()
    {
        QFETCH(QString, model);
        const auto weights = weightsOf(model);
        QVERIFY(weights);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {20, 9});
        LossEngine engine(weights);
        const auto base = engine.loss(batch, NoSites());
        QVERIFY(base.has_value());
        const auto expectBase = [&](const auto &adapter, const char *name) {
            QVERIFY2(adapter.has_value(), name);
            const auto loss = engine.loss(batch, **adapter);
            QVERIFY2(loss && fixture::relativeDifference(loss->losses, base->losses) < 1e-6, name);
        };
        for (const BottleneckKind kind : {BottleneckKind::Sequential, BottleneckKind::Double, BottleneckKind::Parallel}) {
            BottleneckConfig config;
            config.kind = kind;
            expectBase(BottleneckAdapter::create(weights->config, config, 4), "bottleneck");
        }
        expectBase(LoraAdapter::create(*weights, {}, 4), "lora");
    }

    // The plain path throws layers away and computes them again: the same losses, the same gradients, for every method and in families that
    // take no other path.
    void plainPathComputesLayersAgain_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("model");
        for (const char *method : {"lora", "lora dropout", "dora", "bottleneck double dropout", "prefix", "prefix projection", "prompt", "ia3 everywhere"})
            QTest::addRow("%s", method) << method << "llama-gqa";
        for (const char *model : {"gemma2", "gpt2", "neox", "phi3", "mistral-window"})
            QTest::addRow("lora dropout on %s", model) << "lora dropout" << model;
    }
    void plainPathComputesLayersAgain()
    {
        QFETCH(QString, method);
        QFETCH(QString, model);
        const auto weights = weightsOf(model);
        QVERIFY(weights);
        const auto adapter = movedAdapter(method, *weights);
        QVERIFY(adapter);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {40, 7, 13});
        const Pass kept = runPass(weights, *adapter, batch, {LossPath::Plain, Checkpointing::None}), again = runPass(weights, *adapter, batch, {LossPath::Plain, Checkpointing::Full});
        QVERIFY(!again.gradients.empty() && again.gradients.size() == kept.gradients.size());
        QVERIFY(again.outcome.losses.equal(kept.outcome.losses));
        for (std::size_t i = 0; i < kept.gradients.size(); ++i) {
            const double difference = fixture::relativeDifference(again.gradients[i], kept.gradients[i]);
            QVERIFY2(difference < 1e-6, (adapter->parameters()[i].name + " " + std::to_string(difference)).c_str());
        }
    }

    void saysWhatItCannotRun()
    {
        const auto weights = weightsOf("llama-gqa");
        QVERIFY(weights);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {20});
        const auto reasonFor = [&](const Adapter &adapter) {
            LossEngine engine(weights);
            return engine.loss(batch, adapter) ? engine.plainPathReason() : std::string("it failed");
        };
        Ia3Config before; // k reads what q reads
        before.targets = before.feedForward = {"k_proj"};
        QCOMPARE(reasonFor(**Ia3Adapter::create(weights->config, before, {})), std::string("factors stand in front of a map whose input others read too"));
        LoraConfig config;
        config.isDora = true;
        config.dropout = 0.1;
        auto dora = *LoraAdapter::create(*weights, config, 1);
        QCOMPARE(reasonFor(*dora), std::string());
        dora->setTraining(true);
        QCOMPARE(reasonFor(*dora), std::string("the method changes more than the fast path knows"));
        const auto capped = weightsOf("gemma2");
        LossEngine engine(capped);
        QVERIFY(engine.loss(randomBatch(capped->config.vocabulary, {20}), NoSites()));
        QCOMPARE(engine.plainPathReason(), std::string("the model limits its attention scores"));
    }

    void gradientsDoNotDependOnTheThreads()
    {
        const auto weights = randomWeights();
        auto adapter = *FullTuning::create(weights, {}, {});
        adapter->setTraining(true);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {150, 40, 300});
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        const Pass alone = runPass(weights, *adapter, batch, {LossPath::Fast, Checkpointing::None});
        at::set_num_threads(3);
        const Pass together = runPass(weights, *adapter, batch, {LossPath::Fast, Checkpointing::None});
        at::set_num_threads(threads);
        for (std::size_t i = 0; i < alone.gradients.size(); ++i)
            QVERIFY2(alone.gradients[i].equal(together.gradients[i]), adapter->parameters()[i].name.c_str());
    }

    // Twice as many texts of one length are twice as many multiplications.
    void costGrowsWithTheTokens()
    {
        const auto weights = randomWeights();
        const auto operations = [&](const Adapter &adapter, std::initializer_list<std::int64_t> lengths) {
            const std::int64_t before = fast::gemmOperations();
            const Pass pass = runPass(weights, adapter, randomBatch(weights->config.vocabulary, lengths), {LossPath::Fast, Checkpointing::None});
            return pass.gradients.empty() ? 0.0 : static_cast<double>(fast::gemmOperations() - before);
        };
        for (const char *method : {"lora", "dora", "bottleneck", "prefix", "prompt", "ia3"}) {
            const auto adapter = movedAdapter(method, *weights);
            QVERIFY(adapter);
            const double two = operations(*adapter, {120, 120}), four = operations(*adapter, {120, 120, 120, 120});
            QVERIFY2(two > 0 && std::abs(four / two - 2.0) < 1e-9, method);
        }
    }

    // One record of many tokens: memory grows with them, not with their square.
    void longRowsNeedMemoryInProportion()
    {
        const auto weights = randomWeights();
        auto adapter = *LoraAdapter::create(*weights, {}, 1);
        adapter->setTraining(true);
        const auto needed = [&](std::int64_t tokens) {
            const LossBatch batch = randomBatch(weights->config.vocabulary, {tokens});
            resetOwnPeak();
            const std::int64_t before = memoryFigures().ownBytes;
            const Pass pass = runPass(weights, *adapter, batch, {LossPath::Fast, Checkpointing::Full});
            return pass.gradients.empty() ? std::int64_t{0} : memoryFigures().ownPeakBytes - before;
        };
        (void)needed(2048); // what the first pass alone asks for
        const std::int64_t some = needed(2048), many = needed(8192);
        if (some <= 0)
            QSKIP("The system does not tell how much memory a pass needs.");
        qInfo("2,048 tokens: %.1f MB, 8,192: %.1f MB", static_cast<double>(some) * 1e-6, static_cast<double>(many) * 1e-6);
        QVERIFY(many < 6 * some);                  // four times as much, and what is lost to whole pages
        QVERIFY(many < std::int64_t{8192} * 8192 * 2); // half of one matrix of scores
    }

    void checkpointingNeedsLessMemory()
    {
        ModelConfig config = randomWeights()->config;
        config.layers = 30;
        const auto bytesWith = [&](Checkpointing checkpointing) {
            fast::WorkspaceMemory memory;
            (void)memory.prepare(config, 1024, std::vector<fast::LayerNeeds>(30, {{48, 0}, {16, 0}, {32, 0}, {16, 0}, {}, {}, false}), {}, checkpointing, fast::Keep::ForBackward);
            return memory.bytes();
        };
        const auto none = bytesWith(Checkpointing::None), selective = bytesWith(Checkpointing::Selective), full = bytesWith(Checkpointing::Full);
        QVERIFY2(selective < none * 7 / 10, std::to_string(static_cast<double>(selective) / static_cast<double>(none)).c_str());
        QVERIFY2(full < none / 4, std::to_string(static_cast<double>(full) / static_cast<double>(none)).c_str());
    }
};

QTEST_APPLESS_MAIN(TestFastPath)
#include "tst_fastpath.moc"
