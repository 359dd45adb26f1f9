// Folders that we write, loaded by PEFT, AdapterHub and transformers themselves.
#include "tests/core/train/methodfixture.h"

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

#include <map>
#include <memory>

using namespace fettle;
using namespace fettle::model;
using namespace fettle::tune;

// A script of this folder at work: it loads its libraries once and answers one line for each case (answercases.py).
class Peer {
public:
    Peer(const QString &python, const QString &script)
    {
        m_process.start(python, {QStringLiteral(FETTLE_SOURCE_DIR "/tests/parity/") + script});
    }
    ~Peer()
    {
        m_process.closeWriteChannel();
        m_process.waitForFinished(-1);
    }
    // "ok ..." or "differs ..."; what it said before it ended, where it gave no answer.
    [[nodiscard]] QByteArray answer(const QByteArrayList &arguments)
    {
        m_process.write(arguments.join('\t') + '\n');
        do {
            while (m_process.canReadLine()) {
                const QByteArray line = m_process.readLine().trimmed();
                if (line.startsWith("ok ") || line.startsWith("differs "))
                    return line;
            }
        } while (m_process.waitForReadyRead(-1));
        return m_process.readAllStandardError();
    }

private:
    QProcess m_process;
};

namespace {

// The places of IA3 have other names where maps are fused.
Ia3Config ia3Of(const QString &family)
{
    if (family.startsWith("phi3"))
        return {{"qkv_proj", "down_proj"}, {"down_proj"}, {}, {}, {}};
    if (family == "gpt2")
        return {{"c_attn", "mlp.c_proj"}, {"mlp.c_proj"}, {}, {}, {}};
    if (family == "neox")
        return {{"query_key_value", "dense_4h_to_h"}, {"dense_4h_to_h"}, {}, {}, {}};
    return {};
}

} // namespace

class TestPeftPeers : public QObject {
    Q_OBJECT
private slots:
    void cleanupTestCase() { m_peers.clear(); }

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
        for (const auto &[family, model] : fixture::kFamilies) {
            for (const char *name : {"dora", "pissa", "ia3", "prompt", "prefix"}) {
                const char *fitting = name == std::string("prefix") ? fixture::prefixModel(family, model) : model;
                if (fitting)
                    QTest::addRow("%s on %s", name, family) << "FETTLE_PEERS_PYTHON" << "check_peft_folder.py" << QString("models/") + fitting;
            }
        }
        QTest::newRow("full") << "FETTLE_PEERS_PYTHON" << "check_model_folder.py" << "models/llama-gqa";
        for (const char *name : {"sequential", "double", "parallel"})
            QTest::newRow(name) << "FETTLE_ADAPTERHUB_PYTHON" << "check_adapterhub_folder.py" << "models/llama-gqa";
        for (const auto &[family, model, kinds] : fixture::kBottleneckModels) {
            for (const std::string kind : kinds)
                QTest::addRow("%s on %s", kind.empty() ? "sequential" : kind.c_str() + 1, family) << "FETTLE_ADAPTERHUB_PYTHON" << "check_adapterhub_folder.py" << QString("models/") + model;
        }
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
        const QString name = QTest::currentDataTag();
        const auto adapter = methodAdapter(name.section(" on ", 0, 0), ia3Of(name.section(" on ", 1)), *weights, model);
        QVERIFY(adapter);
        RandomStream random(22);
        change(*adapter, random);
        peerAgrees(python, script, model, **weights, *adapter);
    }

    void peersLoadEveryFamily_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name : {"qwen2", "qwen3", "gemma3", "smollm3", "olmo2", "phi3", "phi3-long", "phi3-partial", "gemma2", "gpt2", "neox"})
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

    static std::shared_ptr<Adapter> methodAdapter(const QString &name, Ia3Config ia3, const std::shared_ptr<const ModelWeights> &weights, const std::filesystem::path &model)
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
            return orNothing(Ia3Adapter::create(weights->config, std::move(ia3), {1}));
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
    void peerAgrees(const QString &python, const QString &script, const std::filesystem::path &model, const ModelWeights &weights, const Adapter &adapter)
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
        auto &peer = m_peers[python + script];
        if (!peer)
            peer = std::make_unique<Peer>(python, script);
        const QByteArray answer = peer->answer({model.c_str(), (folder / "adapter").c_str(), (folder / "expected.safetensors").c_str()});
        QVERIFY2(answer.startsWith("ok "), answer.constData());
        qInfo("%s", answer.constData());
        std::filesystem::remove_all(folder);
    }

    std::map<QString, std::unique_ptr<Peer>> m_peers; // by Python and script
};

QTEST_GUILESS_MAIN(TestPeftPeers)
#include "tst_peftpeers.moc"
