// The self-test after an export: every fault of a merged folder and of an adapter is found and named. Faults of GGUF files: tst_exportgguf.
#include "tests/core/model/fixture.h"

#include "core/base/random.h"
#include "core/export/exporting.h"
#include "core/export/selftest.h"
#include "core/io/jsonfile.h"
#include "core/io/safetensorswriter.h"
#include "core/tune/lora.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cstring>
#include <fstream>

using namespace fettle;
namespace fs = std::filesystem;

namespace {

std::shared_ptr<tune::LoraAdapter> randomAdapter(const model::ModelConfig &config)
{
    tune::LoraConfig lora;
    lora.rank = 4;
    auto adapter = *tune::LoraAdapter::create(config, lora, 1);
    RandomStream random(3);
    for (const auto &parameter : adapter->parameters())
        if (parameter.name.find("lora_B") != std::string::npos)
            random.fillNormal({parameter.tensor.detach().data_ptr<float>(), static_cast<std::size_t>(parameter.tensor.numel())}, 0.0f, 0.2f);
    return adapter;
}

// The file again with one thing changed in its tensors.
bool rewrite(const fs::path &file, const std::function<void(std::vector<io::TensorToWrite> &, std::vector<std::vector<std::byte>> &)> &change)
{
    std::vector<io::TensorToWrite> tensors;
    std::vector<std::vector<std::byte>> bytes;
    {
        const auto read = io::Safetensors::open(file);
        if (!read)
            return false;
        for (const auto &entry : read->tensors()) {
            bytes.emplace_back(entry.bytes.begin(), entry.bytes.end());
            tensors.push_back({entry.name, entry.type, entry.shape, {}, {}});
        }
    }
    change(tensors, bytes);
    for (std::size_t i = 0; i < tensors.size(); ++i)
        tensors[i].bytes = bytes[i];
    fs::remove(file);
    return io::writeSafetensors(file, tensors).has_value();
}

bool changeJson(const fs::path &file, const std::function<void(nlohmann::json &)> &change)
{
    auto json = io::readJsonFile(file);
    if (!json)
        return false;
    change(*json);
    std::ofstream(file) << json->dump();
    return true;
}

bool isNamed(const exporting::SelfTest &test, const QString &what, const QString &within)
{
    return std::ranges::any_of(test.checks, [&](const exporting::Check &check) {
        return !check.hasPassed && QString::fromStdString(check.what).startsWith(what) && QString::fromStdString(check.result).contains(within);
    });
}

} // namespace

class TestExportSelfTest : public QObject {
    Q_OBJECT
private slots:
    void mergedFaultsAreNamed_data();
    void mergedFaultsAreNamed();
    void adapterFaultsAreNamed_data();
    void adapterFaultsAreNamed();
    void oneTensorAtATime();
    void weightsAreLetGo();
    void cancelLeavesNothing();
};

void TestExportSelfTest::mergedFaultsAreNamed_data()
{
    QTest::addColumn<QString>("fault");
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("within");
    QTest::newRow("none") << "none" << "" << "";
    QTest::newRow("one value") << "value" << "Every tensor" << "q_proj";
    QTest::newRow("type") << "type" << "Types" << "F16";
    QTest::newRow("scale of a tensor") << "twice" << "Every tensor" << "the scale: its values are 2 times";
    QTest::newRow("scale of the adapter") << "half" << "Every tensor" << "the scale: the adapter is in it 0.5 times";
    QTest::newRow("tokenizer") << "tokenizer" << "Token numbers" << "tokenizer";
    QTest::newRow("template") << "template" << "Chat template" << "another text";
    QTest::newRow("end token") << "end" << "Tokens that end" << "does not end";
    QTest::newRow("rotary base") << "rope" << "Next-token probability" << "";
}

void TestExportSelfTest::mergedFaultsAreNamed()
{
    QFETCH(QString, fault);
    QFETCH(QString, what);
    QFETCH(QString, within);
    const QTemporaryDir scratch;
    const fs::path base = fixture::folder() / "tinychat", folder = scratch.filePath("merged").toStdString();
    const auto weights = model::loadWeights(base);
    const auto adapter = randomAdapter((*weights)->config);
    const exporting::Source source{base, *weights, adapter, {}};
    const auto outcome = exporting::exportMerged(source, exporting::MergedType::F32, folder);
    QVERIFY2(outcome.has_value() && outcome->selfTest.hasPassed, outcome ? outcome->selfTest.cause.c_str() : outcome.error().message.c_str());
    const auto isQuery = [](const io::TensorToWrite &tensor) { return tensor.name == "model.layers.1.self_attn.q_proj.weight"; };
    const bool isChanged = rewrite(folder / "model.safetensors", [&](auto &tensors, auto &bytes) {
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            at::Tensor values = at::from_blob(bytes[i].data(), tensors[i].shape, at::kFloat);
            if (fault == "half") {
                adapter->setStrength(0.5);
                values.copy_(adapter->mergedTensor(**weights, tensors[i].name));
                adapter->setStrength(1.0);
            }
            if (!isQuery(tensors[i]))
                continue;
            if (fault == "value")
                bytes[i][7] ^= std::byte{0x40}; // one exponent
            if (fault == "twice")
                values.mul_(2);
            if (fault == "type") { // the same values in fewer bits
                const at::Tensor fewer = values.to(at::kHalf).contiguous();
                tensors[i].type = io::StorageType::F16;
                bytes[i].resize(bytes[i].size() / 2);
                std::memcpy(bytes[i].data(), fewer.const_data_ptr(), bytes[i].size());
            }
        }
    });
    QVERIFY(isChanged);
    const std::string plain = "{% for m in messages %}{{ m.content }}{% endfor %}";
    if (fault == "tokenizer")
        QVERIFY(changeJson(folder / "tokenizer.json", [](nlohmann::json &json) {
            auto &vocabulary = json["model"]["vocab"];
            std::swap(vocabulary["a"], vocabulary["e"]);
        }));
    if (fault == "template" || fault == "end")
        std::ofstream(folder / "chat_template.jinja") << plain;
    if (fault == "end") {
        fs::remove(folder / "generation_config.json");
        QVERIFY(changeJson(folder / "config.json", [](nlohmann::json &json) { json["eos_token_id"] = 5; }));
        QVERIFY(changeJson(folder / "tokenizer_config.json", [](nlohmann::json &json) { json.erase("eos_token"); }));
    }
    if (fault == "rope")
        QVERIFY(changeJson(folder / "config.json", [](nlohmann::json &json) { json["rope_parameters"]["rope_theta"] = 300.0; }));
    const auto test = exporting::testModel(source, exporting::GgufForm::F32, [](const model::SourceTensor &) { return io::StorageType::F32; }, folder, {}, {});
    QVERIFY2(test.has_value(), test ? "" : test.error().message.c_str());
    QCOMPARE(test->hasPassed, fault == "none");
    QVERIFY2(fault == "none" || isNamed(*test, what, within), test->cause.c_str());
    QCOMPARE(test->cause.empty(), fault == "none");
}

void TestExportSelfTest::adapterFaultsAreNamed_data()
{
    QTest::addColumn<QString>("fault");
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("within");
    QTest::newRow("none") << "none" << "" << "";
    QTest::newRow("one value") << "value" << "Every tensor" << "has other values";
    QTest::newRow("scale") << "scale" << "Scale" << "2 times";
    QTest::newRow("half the scale") << "half" << "Scale" << "0.5 times";
}

void TestExportSelfTest::adapterFaultsAreNamed()
{
    QFETCH(QString, fault);
    QFETCH(QString, what);
    QFETCH(QString, within);
    const QTemporaryDir scratch;
    const fs::path base = fixture::folder() / "tinychat", folder = scratch.filePath("adapter").toStdString();
    const auto weights = model::loadWeights(base);
    const auto adapter = randomAdapter((*weights)->config);
    for (const auto &parameter : adapter->parameters()) // so little that its change of the logits is nearly linear
        if (parameter.name.find("lora_B") != std::string::npos)
            parameter.tensor.detach().mul_(0.02);
    adapter->setStrength(0.3); // the slider of the window is no part of the file
    const exporting::Source source{base, *weights, adapter, {}};
    const auto outcome = exporting::exportAdapterFolder(source, folder);
    QVERIFY2(outcome.has_value() && outcome->selfTest.hasPassed, outcome ? outcome->selfTest.cause.c_str() : outcome.error().message.c_str());
    QCOMPARE(adapter->strength(), 0.3);
    QCOMPARE(outcome->selfTest.prompts, 5);
    QVERIFY(outcome->selfTest.checks.size() >= 4);
    if (fault == "value")
        QVERIFY(rewrite(folder / "adapter_model.safetensors", [](auto &, auto &bytes) { bytes[0][2] ^= std::byte{1}; }));
    if (fault == "scale" || fault == "half")
        QVERIFY(changeJson(folder / "adapter_config.json", [&](nlohmann::json &json) { json["lora_alpha"] = json["lora_alpha"].get<double>() * (fault == "half" ? 0.5 : 2.0); }));
    auto reloaded = tune::loadAdapter(folder, (*weights)->config);
    QVERIFY2(reloaded.has_value(), reloaded ? "" : reloaded.error().message.c_str());
    const auto test = exporting::testAdapter(source, *reloaded, exporting::KeptValues::AsTrained, {}, {});
    QVERIFY2(test.has_value(), test ? "" : test.error().message.c_str());
    QCOMPARE(test->hasPassed, fault == "none");
    QVERIFY2(fault == "none" || isNamed(*test, what, {}), test->cause.c_str());
    for (const auto &check : test->checks)
        if (what == "Scale" && check.what == "Scale") {
            const double times = QString::fromStdString(check.result).section(' ', 0, 0).toDouble();
            QVERIFY2(std::abs(times - within.section(' ', 0, 0).toDouble()) < 0.1, check.result.c_str());
        }
}

// What is written is made when its turn comes, and only one at a time is there.
void TestExportSelfTest::oneTensorAtATime()
{
    const QTemporaryDir scratch;
    const fs::path file = scratch.filePath("a.safetensors").toStdString(), same = scratch.filePath("b.safetensors").toStdString();
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    const auto bytesOf = [&](std::size_t i) { return std::as_bytes(std::span(values).subspan(i, 2)); };
    std::vector<io::TensorToWrite> lazy, ready;
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) {
        const std::string name(1, static_cast<char>('c' - i));
        lazy.push_back({name, io::StorageType::F32, {2}, {}, [&, i]() -> Result<std::span<const std::byte>> {
                            order.push_back(i);
                            return bytesOf(static_cast<std::size_t>(2 * i));
                        }});
        ready.push_back({name, io::StorageType::F32, {2}, bytesOf(static_cast<std::size_t>(2 * i)), {}});
    }
    QVERIFY(io::writeSafetensors(file, lazy).has_value());
    QVERIFY(io::writeSafetensors(same, ready).has_value());
    QCOMPARE(order, (std::vector<int>{2, 1, 0})); // in the order of the file, each once
    QCOMPARE(*io::readTextFile(file), *io::readTextFile(same));
    // What cannot be made leaves nothing behind; neither does what has another size.
    const fs::path none = scratch.filePath("c.safetensors").toStdString();
    lazy[0].read = []() -> Result<std::span<const std::byte>> { return fail(ErrorCode::Cancelled, "Enough."); };
    const auto cancelled = io::writeSafetensors(none, lazy);
    QVERIFY(!cancelled && cancelled.error().code == ErrorCode::Cancelled);
    // One that is large is given up between two pieces.
    std::stop_source stop;
    const std::vector<float> large(4 << 20, 1.0F);
    const auto stopped = io::writeSafetensors(none, {{"large", io::StorageType::F32, {4 << 20}, {}, [&]() -> Result<std::span<const std::byte>> {
                                                           stop.request_stop();
                                                           return std::as_bytes(std::span(large));
                                                       }}}, {}, stop.get_token());
    QVERIFY(!stopped && stopped.error().code == ErrorCode::Cancelled);
    QVERIFY(stopped.error().message.find("c.safetensors") != std::string::npos);
    lazy[0].read = [&]() -> Result<std::span<const std::byte>> { return bytesOf(0).subspan(1); };
    QVERIFY(!io::writeSafetensors(none, lazy));
    QCOMPARE(QDir(scratch.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).size(), 2);
}

// While the exported files answer, what was exported is out of memory, and it is read again to be compared; shared weights stay.
void TestExportSelfTest::weightsAreLetGo()
{
    const fs::path base = fixture::folder() / "tinychat";
    for (const bool isShared : {false, true}) {
        const QTemporaryDir scratch;
        auto weights = *model::loadWeights(base);
        const std::weak_ptr<const model::ModelWeights> kept = weights;
        const auto adapter = randomAdapter(weights->config);
        const auto shared = isShared ? weights : nullptr;
        std::vector<bool> isGone; // each time that the files have answered one of five prompts
        const auto outcome = exporting::exportMerged({base, std::move(weights), adapter, {}}, exporting::MergedType::F32, scratch.filePath("merged").toStdString(), [&](const Progress &progress) {
            if (progress.what == "Checking the files" && progress.total == 10 && progress.done < 5)
                isGone.push_back(kept.expired());
        });
        QVERIFY2(outcome.has_value() && outcome->selfTest.hasPassed, outcome ? outcome->selfTest.cause.c_str() : outcome.error().message.c_str());
        QCOMPARE(outcome->selfTest.prompts, 5);
        QCOMPARE(isGone, std::vector<bool>(5, !isShared));
    }
}

// A cancel acts between two tensors of one file.
void TestExportSelfTest::cancelLeavesNothing()
{
    const QTemporaryDir scratch;
    const fs::path base = fixture::folder() / "tinychat", folder = scratch.filePath("merged").toStdString();
    const auto weights = model::loadWeights(base);
    std::stop_source stop;
    std::int64_t seen = 0;
    const auto cancelled = exporting::exportMerged({base, *weights, randomAdapter((*weights)->config), {}}, exporting::MergedType::F32, folder, [&](const Progress &progress) {
        seen = progress.done;
        if (progress.done == 3)
            stop.request_stop();
    }, stop.get_token());
    QVERIFY(!cancelled && cancelled.error().code == ErrorCode::Cancelled);
    QCOMPARE(seen, 3);
    QVERIFY(QDir(scratch.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).isEmpty());
}

QTEST_GUILESS_MAIN(TestExportSelfTest)
#include "tst_exportselftest.moc"
