// Folders that we write, loaded by PEFT, AdapterHub and transformers themselves.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"
#include "core/tune/bottleneck.h"
#include "core/tune/full.h"
#include "core/tune/ia3.h"
#include "core/tune/peftfolder.h"
#include "core/tune/softprompt.h"

#include <QProcess>
#include <QTest>

using namespace fettle;
using namespace fettle::model;
using namespace fettle::tune;

class TestPeftPeers : public QObject {
    Q_OBJECT
private slots:
    void peftLoadsOurFolder_data()
    {
        QTest::addColumn<QString>("targets");
        QTest::addColumn<bool>("isRankStabilised");
        QTest::addColumn<bool>("hasPatterns");
        QTest::newRow("all linear maps") << "all-linear" << false << false;
        QTest::newRow("two maps, rsLoRA") << "q_proj,v_proj" << true << false;
        QTest::newRow("patterns") << "k_proj,gate_proj,down_proj" << true << true;
    }
    void peftLoadsOurFolder()
    {
        const QString python = qEnvironmentVariable("FETTLE_PEERS_PYTHON");
        if (python.isEmpty())
            QSKIP("FETTLE_PEERS_PYTHON names no Python with transformers and PEFT.");
        QFETCH(QString, targets);
        QFETCH(bool, isRankStabilised);
        QFETCH(bool, hasPatterns);
        const std::filesystem::path model = fixture::folder() / "models/llama-gqa";
        auto weights = loadWeights(model);
        QVERIFY(weights.has_value());
        LoraConfig config;
        config.rank = 4;
        config.alpha = 6.5;
        config.isRankStabilised = isRankStabilised;
        config.targets = *parseTargets(targets.toStdString());
        if (hasPatterns) {
            config.rankPattern = {{"k_proj", 2}, {"model.layers.1.mlp.gate_proj", 7}};
            config.alphaPattern = {{"down_proj", 9.0}};
        }
        auto adapter = *LoraAdapter::create((*weights)->config, config, 21);
        RandomStream random(22);
        for (const LoraAdapter::Module &module : adapter->modules())
            random.fillUniform({module.b.data_ptr<float>(), static_cast<std::size_t>(module.b.numel())}, -0.4f, 0.4f);

        peerAgrees(python, "check_peft_folder.py", model, **weights, *adapter);
    }

    void peersLoadEveryMethod_data()
    {
        QTest::addColumn<QString>("peers"); // variable that names their Python
        QTest::addColumn<QString>("script");
        QTest::addColumn<QString>("folder");
        for (const char *name : {"dora", "pissa", "ia3", "prompt", "prefix", "prefix with projection"})
            QTest::newRow(name) << "FETTLE_PEERS_PYTHON" << "check_peft_folder.py" << "models/llama-gqa";
        // What sets a family apart meets what a method changes: scaled embeddings, norms of keys, norms behind a branch, fused maps.
        for (const auto &[name, family] : {std::pair{"prompt", "gemma3"}, std::pair{"prefix", "qwen3"}, std::pair{"ia3", "gemma2"}, std::pair{"ia3", "smollm3"},
                                           std::pair{"pissa", "olmo2"}, std::pair{"dora", "phi3"}, std::pair{"dora", "qwen2"}})
            QTest::addRow("%s on %s", name, family) << "FETTLE_PEERS_PYTHON" << "check_peft_folder.py" << QString("families/") + family;
        QTest::newRow("full") << "FETTLE_PEERS_PYTHON" << "check_model_folder.py" << "models/llama-gqa";
        for (const char *name : {"sequential", "double", "parallel"})
            QTest::newRow(name) << "FETTLE_ADAPTERHUB_PYTHON" << "check_adapterhub_folder.py" << "models/llama-gqa";
        for (const auto &[name, folder] : {std::pair{"double", "models/mistral-window"}, std::pair{"sequential", "families/phi3-partial"}, std::pair{"parallel", "families/smollm3-window"},
                                           std::pair{"sequential", "families/gemma2-uncapped"}, std::pair{"double", "families/gemma3-old"}, std::pair{"parallel", "families/olmo2"},
                                           std::pair{"sequential", "families/neox-old"}, std::pair{"double", "families/gpt2"}})
            QTest::addRow("%s on %s", name, folder) << "FETTLE_ADAPTERHUB_PYTHON" << "check_adapterhub_folder.py" << folder;
    }
    void peersLoadEveryMethod()
    {
        QFETCH(QString, peers);
        QFETCH(QString, script);
        QFETCH(QString, folder);
        const QString python = qEnvironmentVariable(peers.toLatin1());
        if (python.isEmpty())
            QSKIP("No Python with the peers is named.");
        const std::filesystem::path model = fixture::folder() / folder.toStdString();
        auto weights = loadWeights(model);
        QVERIFY(weights.has_value());
        const auto adapter = methodAdapter(QString(QTest::currentDataTag()).section(" on ", 0, 0), *weights, model);
        QVERIFY(adapter);
        RandomStream random(22);
        change(*adapter, random);
        peerAgrees(python, script, model, **weights, *adapter);
    }

    void peersLoadEveryFamily_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name : {"qwen2", "qwen3", "gemma3", "smollm3", "olmo2", "phi3", "phi3-long", "phi3-partial", "gemma2"})
            QTest::newRow(name) << name;
    }
    // A PEFT adapter, and a whole trained model that came from a GGUF file: its config.json is written by us.
    void peersLoadEveryFamily()
    {
        const QString python = qEnvironmentVariable("FETTLE_PEERS_PYTHON");
        if (python.isEmpty())
            QSKIP("FETTLE_PEERS_PYTHON names no Python with transformers and PEFT.");
        QFETCH(QString, name);
        const std::filesystem::path model = fixture::folder() / "families" / name.toStdString();
        auto weights = loadWeights(model);
        QVERIFY(weights.has_value());
        auto lora = LoraAdapter::create((*weights)->config, LoraConfig(), 4);
        QVERIFY(lora.has_value());
        RandomStream random(22);
        change(**lora, random);
        peerAgrees(python, "check_peft_folder.py", model, **weights, **lora);
        auto unpacked = loadWeights(model.string() + ".gguf");
        QVERIFY(unpacked.has_value());
        auto full = FullTuning::create(std::const_pointer_cast<ModelWeights>(*unpacked), {}, [&](const std::filesystem::path &folder) {
            return io::writeFileAtomically(folder / "config.json", configToJson((*unpacked)->config).dump(2));
        });
        QVERIFY(full.has_value());
        change(**full, random);
        peerAgrees(python, "check_model_folder.py", model, **unpacked, **full);
    }

private:
    static void change(const Adapter &adapter, RandomStream &random)
    {
        const at::NoGradGuard guard;
        for (const NamedParameter &parameter : adapter.parameters()) {
            at::Tensor noise = at::empty_like(parameter.tensor, at::MemoryFormat::Contiguous);
            random.fillUniform({noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())}, -0.2f, 0.2f);
            parameter.tensor.add_(noise);
        }
    }

    static std::shared_ptr<Adapter> methodAdapter(const QString &name, const std::shared_ptr<const ModelWeights> &weights, const std::filesystem::path &model)
    {
        const auto orNothing = [](auto made) { return made ? std::shared_ptr<Adapter>(*made) : nullptr; };
        LoraConfig lora;
        lora.rank = 3;
        lora.alpha = 5;
        lora.isDora = name == "dora";
        lora.init = name == "pissa" ? LoraInit::Pissa : LoraInit::Uniform;
        if (name == "dora" || name == "pissa")
            return orNothing(LoraAdapter::create(*weights, lora, 4));
        if (name == "ia3")
            return orNothing(Ia3Adapter::create(weights->config, {}, {1}));
        if (name == "prompt")
            return orNothing(PromptTuning::create(*weights, {4, PromptInit::Sample, {}, {}}, 4));
        if (name.startsWith("prefix"))
            return orNothing(PrefixTuning::create(weights->config, {3, name != "prefix", 10, {}}, 4));
        if (name == "full")
            return orNothing(FullTuning::create(std::const_pointer_cast<ModelWeights>(weights), {}, [model](const std::filesystem::path &folder) {
                std::filesystem::copy(model / "config.json", folder);
                return Result<>();
            }));
        BottleneckConfig config;
        config.kind = name == "double" ? BottleneckKind::Double : name == "parallel" ? BottleneckKind::Parallel : BottleneckKind::Sequential;
        config.reductionFactor = 4;
        config.scaling = name == "parallel" ? 4.0 : 1.0;
        config.activation = name == "double" ? Curve::Swish : Curve::Gelu;
        if (name == "parallel")
            config.leftOut = {1};
        return orNothing(BottleneckAdapter::create(weights->config, config, 4));
    }

    // Saves the adapter; the script loads it beside the model and compares logits.
    static void peerAgrees(const QString &python, const QString &script, const std::filesystem::path &model, const ModelWeights &weights, const Adapter &adapter)
    {
        const auto folder = std::filesystem::path(FETTLE_BINARY_DIR) / "tst_peftpeers";
        std::filesystem::remove_all(folder);
        const auto saved = adapter.save(folder / "adapter");
        QVERIFY2(saved.has_value(), saved ? "" : saved.error().message.c_str());
        const std::vector<std::int32_t> ids = {3, 14, 15, 9, 26, 53, 58, 9, 7, 9};
        auto logits = computeLogits(weights, packDocument(ids), adapter);
        QVERIFY(logits.has_value());
        const auto bytes = std::as_bytes(std::span(logits->const_data_ptr<float>(), static_cast<std::size_t>(logits->numel())));
        QVERIFY(io::writeSafetensors(folder / "expected.safetensors",
                                     {{"ids", io::StorageType::I32, {static_cast<std::int64_t>(ids.size())}, std::as_bytes(std::span(ids))},
                                      {"logits", io::StorageType::F32, logits->sizes().vec(), bytes}})
                    .has_value());
        QProcess check;
        check.setProcessChannelMode(QProcess::MergedChannels);
        check.start(python, {QString(FETTLE_SOURCE_DIR) + "/tests/parity/" + script, QString::fromStdString(model.string()),
                             QString::fromStdString((folder / "adapter").string()), QString::fromStdString((folder / "expected.safetensors").string())});
        QVERIFY(check.waitForFinished(120000));
        const QByteArray output = check.readAll().trimmed();
        QVERIFY2(check.exitStatus() == QProcess::NormalExit && check.exitCode() == 0, output.constData());
        qInfo("%s", output.split('\n').last().constData());
        std::filesystem::remove_all(folder);
    }
};

QTEST_GUILESS_MAIN(TestPeftPeers)
#include "tst_peftpeers.moc"
