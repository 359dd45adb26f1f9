// Training on another device than the processor: what comes back is what the processor computes, what is trained stays here, and what does not
// fit is said. On CUDA where this machine has it, on a device of our own everywhere.
#include "tests/core/model/otherdevice.h"
#include "tests/core/train/trainfixture.h"
#include "tests/core/tune/methodfixture.h"

#include "core/base/memory.h"
#include "core/model/device.h"
#include "core/train/measure.h"
#include "core/tune/full.h"

#include <QTemporaryDir>
#include <QTest>

using namespace methodfixture;

namespace otherdevice {
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);
REGISTER_ALLOCATOR(kType, &Memory::instance());

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library)
{
    library.impl("empty.memory_format", &empty);
    library.impl("empty_strided", &emptyStrided);
    library.impl("resize_", &resized);
    library.impl("_copy_from", &copyFrom);
    library.impl("_copy_from_and_resize", &copyFromAndResize);
    library.impl("as_strided", &at::native::as_strided_tensorimpl);
    library.impl("view", &at::native::view);
    library.impl("_reshape_alias", &at::native::_reshape_alias);
}
TORCH_LIBRARY_IMPL(_, PrivateUse1, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&byTheProcessor>()); }
} // namespace otherdevice

namespace {

void addDevices(const std::function<void(const char *device, double tolerance)> &add)
{
    add(otherdevice::kName, 1e-5);
    if (findDevice("cuda"))
        add("cuda", 1e-4); // sums in another order
}

LossOptions on(const char *device)
{
    LossOptions options{LossPath::Plain, Checkpointing::None};
    options.device = *findDevice(device);
    return options;
}

double difference(const at::Tensor &a, const at::Tensor &b) { return fixture::relativeDifference(a, b); }

} // namespace

class TestDeviceLoss : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        otherdevice::begin();
        // The device is what it says: no address of its memory is the processor's.
        const at::Tensor there = at::ones({3}, at::kFloat).to(at::Device(otherdevice::kType, 0));
        QCOMPARE(there.device().type(), otherdevice::kType);
        QCOMPARE((there * 2).sum().item<float>(), 6.0f);
        QVERIFY_THROWS_EXCEPTION(c10::Error, (void)(there + at::ones({3}, at::kFloat)).sum());
    }

    void namesAreFoundOrRefused()
    {
        QCOMPARE(findDevice("cpu")->str(), std::string("cpu"));
        QCOMPARE(findDevice(otherdevice::kName)->index(), c10::DeviceIndex{0});
        for (const char *none : {"", "gpu", "cuda:99", "otherdevice:1", "meta", "cpu:x"}) {
            const auto device = findDevice(none);
            QVERIFY2(!device && device.error().code == ErrorCode::Usage && device.error().message.find(none) != std::string::npos, none);
        }
    }

    void methodsGiveTheSame_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("device");
        QTest::addColumn<double>("tolerance");
        addDevices([](const char *device, double tolerance) {
            const auto row = [&](const char *method, const char *model) { QTest::addRow("%s on %s, %s", method, model, device) << method << model << device << tolerance; };
            for (const char *method : {"lora", "lora dropout", "dora", "bottleneck", "bottleneck double gelu", "bottleneck parallel dropout", "prefix", "prefix projection", "prompt",
                                       "ia3", "ia3 everywhere"})
                row(method, "llama-gqa");
            for (const char *model : {"mistral-window", "qwen2", "qwen3", "gemma2", "gemma3", "smollm3", "olmo2", "phi3", "gpt2", "neox"}) {
                row("lora", model);
                row("dora", model);
            }
        });
    }
    void methodsGiveTheSame()
    {
        QFETCH(QString, method);
        QFETCH(QString, model);
        QFETCH(QString, device);
        QFETCH(double, tolerance);
        const auto weights = weightsOf(model);
        QVERIFY(weights);
        const auto adapter = movedAdapter(method, *weights);
        QVERIFY(adapter);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {40, 7, 13});
        const std::string hash = adapter->hash();
        const LossOptions options = on(device.toLatin1());
        const Pass here = runPass(weights, *adapter, batch, {LossPath::Plain, Checkpointing::None}), there = runPass(weights, *adapter, batch, options);
        QVERIFY(!there.gradients.empty() && there.gradients.size() == here.gradients.size());
        QVERIFY(there.outcome.losses.is_cpu() && difference(there.outcome.losses, here.outcome.losses) < tolerance);
        QVERIFY(std::abs(there.outcome.sum - here.outcome.sum) < tolerance * here.outcome.sum);
        QCOMPARE(there.outcome.correct, here.outcome.correct);
        for (std::size_t i = 0; i < here.gradients.size(); ++i) {
            const NamedParameter parameter = adapter->parameters()[i];
            QVERIFY(parameter.tensor.is_cpu() && there.gradients[i].is_cpu());
            QVERIFY2(difference(there.gradients[i], here.gradients[i]) < 10 * tolerance, parameter.name.c_str());
            QVERIFY2(here.gradients[i].abs().max().item<double>() > 0, parameter.name.c_str());
        }
        QCOMPARE(adapter->hash(), hash);
        const Pass again = runPass(weights, *adapter, batch, options);
        for (std::size_t i = 0; i < here.gradients.size(); ++i)
            QVERIFY2(again.gradients[i].equal(there.gradients[i]), adapter->parameters()[i].name.c_str()); // bit for bit
        adapter->setTraining(false);
        LossEngine plain(weights, {LossPath::Plain, Checkpointing::None}), other(weights, options);
        const auto lossHere = plain.loss(batch, *adapter), lossThere = other.loss(batch, *adapter);
        QVERIFY(lossHere && lossThere);
        QVERIFY(difference(lossThere->losses, lossHere->losses) < tolerance);
    }

    void weightsThemselvesGiveTheSame_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("parts");
        QTest::addColumn<QString>("device");
        QTest::addColumn<double>("tolerance");
        addDevices([](const char *device, double tolerance) {
            for (const auto &[model, parts] : {std::pair{"llama-gqa", "all"}, std::pair{"llama-tied-headsize", "all"}, std::pair{"llama-tied-headsize", "head"}, std::pair{"llama-bias", "mlp,norms"},
                                               std::pair{"gemma3", "all"}, std::pair{"gpt2", "all"}})
                QTest::addRow("%s of %s, %s", parts, model, device) << model << parts << device << tolerance;
        });
    }
    void weightsThemselvesGiveTheSame()
    {
        QFETCH(QString, model);
        QFETCH(QString, parts);
        QFETCH(QString, device);
        QFETCH(double, tolerance);
        const auto weights = std::const_pointer_cast<ModelWeights>(weightsOf(model));
        QVERIFY(weights);
        auto adapter = *FullTuning::create(weights, {*parseParts(parts.toStdString()), {}}, {});
        adapter->setTraining(true);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {40, 7, 13});
        const Pass here = runPass(weights, *adapter, batch, {LossPath::Plain, Checkpointing::None}), there = runPass(weights, *adapter, batch, on(device.toLatin1()));
        QVERIFY(!here.gradients.empty() && there.gradients.size() == here.gradients.size());
        for (std::size_t i = 0; i < here.gradients.size(); ++i)
            QVERIFY2(difference(there.gradients[i], here.gradients[i]) < 10 * tolerance, adapter->parameters()[i].name.c_str());
    }

    // What is rounded in memory is unpacked there; 16 bits there are near.
    void roundedBasesStayNear_data()
    {
        QTest::addColumn<int>("storage");
        QTest::addColumn<bool>("isHalfThere");
        QTest::newRow("4 bits") << static_cast<int>(WeightStorage::Nf4) << false;
        QTest::newRow("8 bits") << static_cast<int>(WeightStorage::Q8) << false;
        QTest::newRow("16 bits there") << static_cast<int>(WeightStorage::Fp32) << true;
    }
    void roundedBasesStayNear()
    {
        QFETCH(int, storage);
        QFETCH(bool, isHalfThere);
        auto weights = loadWeights(fixture::folder() / "models/llama-bias", {}, {}, {static_cast<WeightStorage>(storage)});
        QVERIFY(weights.has_value());
        for (const char *method : {"lora", "ia3 everywhere"}) {
            const auto adapter = movedAdapter(method, **weights);
            const LossBatch batch = randomBatch((*weights)->config.vocabulary, {40, 7, 13});
            LossOptions options = on(otherdevice::kName);
            const Pass here = runPass(*weights, *adapter, batch, {LossPath::Auto, Checkpointing::None});
            if (isHalfThere)
                options.frozenProducts = fast::Factors::Bf16;
            const Pass there = runPass(*weights, *adapter, batch, options);
            QVERIFY(!there.gradients.empty() && there.gradients.size() == here.gradients.size());
            const double tolerance = isHalfThere ? 2e-2 : 1e-4, off = difference(there.outcome.losses, here.outcome.losses);
            QVERIFY2(off < tolerance && (!isHalfThere || off > 0), qPrintable(QString::number(off)));
        }
    }

    // Trained together with the head and the embeddings, and with a mask in front of the head.
    void outerPartsGiveTheSame()
    {
        const auto weights = weightsOf("llama-gqa");
        LoraConfig config;
        config.targets = {"q_proj", "embed_tokens", "lm_head"};
        config.dropout = 0.2;
        auto adapter = *LoraAdapter::create(*weights, config, 4);
        adapter->setTraining(true);
        adapter->nextPass();
        const LossBatch batch = randomBatch(weights->config.vocabulary, {40, 7, 13});
        const Pass here = runPass(weights, *adapter, batch, {LossPath::Plain, Checkpointing::None}), there = runPass(weights, *adapter, batch, on(otherdevice::kName));
        QVERIFY(!here.gradients.empty() && there.gradients.size() == here.gradients.size());
        for (std::size_t i = 0; i < here.gradients.size(); ++i)
            QVERIFY2(difference(there.gradients[i], here.gradients[i]) < 1e-4, adapter->parameters()[i].name.c_str());
    }

    // Memory of the device that runs out is said as such, and nothing stays behind there.
    void memoryThatRunsOutIsSaid()
    {
        const auto weights = weightsOf("llama-gqa");
        const auto adapter = movedAdapter("lora", *weights);
        const LossBatch batch = randomBatch(weights->config.vocabulary, {200});
        const at::Device device = *findDevice(otherdevice::kName);
        const std::int64_t before = deviceMemory(device).usedBytes;
        {
            LossEngine engine(weights, on(otherdevice::kName));
            QVERIFY(engine.lossAndGradient(batch, *adapter, 1.0).has_value());
            const std::int64_t kept = deviceMemory(device).usedBytes - before, weightBytes = 4 * weights->config.parameters();
            QVERIFY2(kept >= weightBytes && kept < 2 * weightBytes + (1 << 20), qPrintable(QString::number(kept)));
            QVERIFY(deviceMemory(device).peakBytes > before + kept);
            otherdevice::Memory::instance().limit(static_cast<std::size_t>(before + kept + 65536));
            const auto outcome = engine.lossAndGradient(batch, *adapter, 1.0);
            otherdevice::Memory::instance().limit(otherdevice::kTotalBytes);
            QVERIFY(!outcome && outcome.error().code == ErrorCode::OutOfMemory);
            QCOMPARE(deviceMemory(device).usedBytes, before + kept);
            engine.releaseMemory();
            QVERIFY(engine.lossAndGradient(batch, *adapter, 1.0).has_value());
        }
        QCOMPARE(deviceMemory(device).usedBytes, before);
    }

    // Computed again instead of kept: the same gradients, in less of the device's memory the more layers there are.
    void layersComputedAgainNeedLess()
    {
        ModelConfig config = randomWeights()->config;
        config.layers = 12;
        const auto weights = allocateWeights(config);
        RandomStream random(7);
        for (const ExpectedTensor &expected : expectedTensors(config)) {
            const at::Tensor values = weights->tensor(expected.name);
            random.fillNormal({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, 0.0f, 0.2f);
        }
        const auto adapter = movedAdapter("lora dropout", *weights);
        QVERIFY(adapter);
        const LossBatch batch = randomBatch(config.vocabulary, {150, 70});
        const at::Device device = *findDevice(otherdevice::kName);
        LossOptions options = on(otherdevice::kName);
        const auto passWith = [&](Checkpointing checkpointing, std::int64_t &peak) {
            options.checkpointing = checkpointing;
            const std::int64_t before = deviceMemory(device).usedBytes;
            resetDevicePeak(device);
            const Pass pass = runPass(weights, *adapter, batch, options);
            peak = deviceMemory(device).peakBytes - before - 4 * config.parameters();
            return pass;
        };
        std::int64_t peakKept = 0, peakAgain = 0;
        const Pass kept = passWith(Checkpointing::None, peakKept), again = passWith(Checkpointing::Full, peakAgain);
        QVERIFY(!again.gradients.empty() && again.gradients.size() == kept.gradients.size());
        for (std::size_t i = 0; i < kept.gradients.size(); ++i)
            QVERIFY2(difference(again.gradients[i], kept.gradients[i]) < 1e-6, adapter->parameters()[i].name.c_str());
        QVERIFY2(peakAgain > 0 && 3 * peakAgain < peakKept, qPrintable(QStringLiteral("%1 and %2").arg(peakAgain).arg(peakKept)));
    }

    // A whole run there learns as one here does, and is the same to the last bit when it is done again.
    void runsThereAreRepeatable()
    {
        using namespace trainfixture;
        const std::vector<train::Document> rows = documents(14, 21), heldOut = documents(3, 22);
        QTemporaryDir folder;
        const auto run = [&](const char *device, const char *name) {
            Trace trace;
            train::TrainerSetup setup;
            setup.weights = trainfixture::weights();
            setup.recipe = recipe({"epochs=2", "rowsPerStep=2", "gradientAccumulation=2", "tokensPerMicroBatch=40", "dropout=0.2", "learningRate=0.02", "evalEvery=3"});
            setup.recipe.values["device"] = std::string(device);
            setup.adapter = freshAdapter(setup.recipe);
            setup.trainDocuments = rows;
            setup.heldOutDocuments = heldOut;
            setup.checkpointFolder = folder.filePath(QString::fromLatin1(name)).toStdString();
            const auto outcome = train::runTraining(setup, tracing(trace));
            if (!outcome)
                qWarning("%s %s", outcome.error().message.c_str(), outcome.error().detail.c_str());
            finishTrace(trace, setup.checkpointFolder);
            return trace;
        };
        const Trace here = run("cpu", "here"), there = run(otherdevice::kName, "there"), again = run(otherdevice::kName, "again");
        QVERIFY(there.losses.size() == 8 && there.losses.size() == here.losses.size() && !there.evaluations.empty());
        QVERIFY(there == again);
        for (const auto &[step, loss] : here.losses)
            QVERIFY2(std::abs(there.losses.at(step) - loss) < 1e-3 * loss, qPrintable(QStringLiteral("step %1: %2 and %3").arg(step).arg(there.losses.at(step)).arg(loss)));
    }

    // What "does it fit?" asks for: the peak and what stays are the device's.
    void passesAreMeasuredThere()
    {
        train::TrainerSetup setup;
        setup.weights = weightsOf("llama-gqa");
        setup.adapter = movedAdapter("lora", *setup.weights);
        setup.recipe = train::presetRecipe(train::Preset::Quick, "lora", 10);
        setup.recipe.values["device"] = std::string(otherdevice::kName);
        train::Document document;
        for (int i = 0; i < 60; ++i)
            document.ids.push_back(i % 40);
        document.trained.assign(60, 1);
        const auto figures = train::measurePass(setup, train::longestRow(std::span(&document, 1), setup.recipe));
        QVERIFY(figures.has_value());
        QVERIFY(figures->weightBytes >= 4 * setup.weights->config.parameters() && figures->peakBytes > figures->weightBytes);
        setup.recipe.values["device"] = std::string("cuda:99");
        const auto refused = train::measurePass(setup, train::longestRow(std::span(&document, 1), setup.recipe));
        QVERIFY(!refused && refused.error().code == ErrorCode::Usage);
    }
};

QTEST_GUILESS_MAIN(TestDeviceLoss)
#include "tst_deviceloss.moc"
