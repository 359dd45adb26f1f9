// Adapter folders that we write, loaded by PEFT itself.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/tune/peftfolder.h"

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

        const auto folder = std::filesystem::path(FETTLE_BINARY_DIR) / "tst_peftpeers";
        std::filesystem::remove_all(folder);
        const auto saved = savePeftFolder(*adapter, folder / "adapter");
        QVERIFY2(saved.has_value(), saved ? "" : saved.error().message.c_str());
        const std::vector<std::int32_t> ids = {3, 14, 15, 9, 26, 53, 58, 9, 7, 9};
        auto logits = computeLogits(**weights, packDocument(ids), *adapter);
        QVERIFY(logits.has_value());
        const auto bytes = std::as_bytes(std::span(logits->const_data_ptr<float>(), static_cast<std::size_t>(logits->numel())));
        QVERIFY(io::writeSafetensors(folder / "expected.safetensors",
                                     {{"ids", io::StorageType::I32, {static_cast<std::int64_t>(ids.size())}, std::as_bytes(std::span(ids))},
                                      {"logits", io::StorageType::F32, logits->sizes().vec(), bytes}})
                    .has_value());
        QProcess check;
        check.setProcessChannelMode(QProcess::MergedChannels);
        check.start(python, {QString(FETTLE_SOURCE_DIR) + "/tests/parity/check_peft_folder.py", QString::fromStdString(model.string()),
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
