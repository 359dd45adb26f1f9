// Checkpoint folders: complete or not there, proven by their manifest.
#include "core/train/checkpoint.h"

#include "core/io/atomicfile.h"
#include "core/train/runstate.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::train;
namespace fs = std::filesystem;

namespace {

void write(const fs::path &folder, std::int64_t step)
{
    auto writer = CheckpointWriter::begin(folder, step);
    QVERIFY(writer.has_value());
    QVERIFY(io::writeFileAtomically(writer->path() / "weights", "weights of step " + std::to_string(step)).has_value());
    QVERIFY(io::writeFileAtomically(writer->path() / "state.json", "{}").has_value());
    const auto done = writer->finish();
    QVERIFY2(done.has_value(), done ? "" : done.error().message.c_str());
}

void overwrite(const fs::path &file, const QByteArray &bytes)
{
    QFile target(QString::fromStdString(file.string()));
    QVERIFY(target.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(target.write(bytes), bytes.size());
}

std::vector<std::int64_t> steps(const fs::path &folder)
{
    std::vector<std::int64_t> found;
    for (const CheckpointOnDisk &checkpoint : listCheckpoints(folder))
        found.push_back(checkpoint.step);
    return found;
}

} // namespace

class TestTrainCheckpoint : public QObject {
    Q_OBJECT
private slots:
    void init() { QVERIFY(m_dir.isValid()); m_folder = fs::path(m_dir.path().toStdString()) / QTest::currentTestFunction() / (QTest::currentDataTag() ? QTest::currentDataTag() : ""); }
    void completeOnesAreVerified();
    void unfinishedOnesDoNotCount();
    void damageIsFoundAndNamed_data();
    void damageIsFoundAndNamed();
    void previousOneIsUsed();
    void retentionKeepsNewestAndBest();
    void stateSurvives();
    void brokenStateIsRefused();

private:
    QTemporaryDir m_dir;
    fs::path m_folder;
};

void TestTrainCheckpoint::completeOnesAreVerified()
{
    write(m_folder, 5);
    write(m_folder, 10);
    QVERIFY(steps(m_folder) == std::vector<std::int64_t>({5, 10}));
    for (const CheckpointOnDisk &checkpoint : listCheckpoints(m_folder))
        QVERIFY(verifyCheckpoint(checkpoint.path).has_value());
    const auto newest = newestValidCheckpoint(m_folder);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->checkpoint.step, 10);
    QVERIFY(newest->damaged.empty());
    write(m_folder, 10); // again: replaced
    QVERIFY(verifyCheckpoint(m_folder / "step-10").has_value());
}

void TestTrainCheckpoint::unfinishedOnesDoNotCount()
{
    {
        auto writer = CheckpointWriter::begin(m_folder, 3);
        QVERIFY(writer.has_value());
        QVERIFY(io::writeFileAtomically(writer->path() / "weights", "half").has_value());
        QVERIFY(steps(m_folder).empty());
    }
    QVERIFY(fs::is_empty(m_folder)); // the writer cleans up
    // What a killed writer leaves behind is in nobody's way.
    fs::create_directories(m_folder / "step-4.tmp");
    fs::create_directories(m_folder / "step-x");
    QVERIFY(steps(m_folder).empty());
    const auto newest = newestValidCheckpoint(m_folder);
    QVERIFY(!newest.has_value());
    QCOMPARE(newest.error().code, ErrorCode::NotFound);
    write(m_folder, 4);
    QVERIFY(steps(m_folder) == std::vector<std::int64_t>({4}));
    fs::create_directories(m_folder / "step-5.tmp");
    write(m_folder, 6);
    dropCheckpointsAfter(m_folder, 4);
    QVERIFY(steps(m_folder) == std::vector<std::int64_t>({4}));
    QVERIFY(!fs::exists(m_folder / "step-5.tmp"));
}

void TestTrainCheckpoint::damageIsFoundAndNamed_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content"); // null: removed
    QTest::addColumn<QString>("message");
    QTest::newRow("shortened") << "weights" << QByteArray("weights") << "weights has 7 bytes instead of 17";
    QTest::newRow("changed") << "weights" << QByteArray("Weights of step 7") << "the content of weights has changed";
    QTest::newRow("missing") << "weights" << QByteArray() << "weights is missing";
    QTest::newRow("no manifest") << "manifest.json" << QByteArray() << "manifest.json cannot be read";
    QTest::newRow("broken manifest") << "manifest.json" << QByteArray("{\"files\": {") << "manifest.json cannot be read";
    QTest::newRow("manifest without files") << "manifest.json" << QByteArray("{\"format\": 1}") << "does not list its files";
    QTest::newRow("other format") << "manifest.json" << QByteArray(R"({"format": 9, "files": {"weights": {}}})") << "does not list its files";
    QTest::newRow("format of another kind") << "manifest.json" << QByteArray(R"({"format": "x", "files": {"weights": {}}})") << "does not list";
    QTest::newRow("leaves the folder") << "manifest.json"
                                       << QByteArray(R"({"format": 1, "files": {"../x": {"bytes": 1, "sha256": ""}}})") << "outside of the folder";
    QTest::newRow("no size") << "manifest.json" << QByteArray(R"({"format": 1, "files": {"weights": {"sha256": ""}}})") << "says too little";
}

void TestTrainCheckpoint::damageIsFoundAndNamed()
{
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QString, message);
    write(m_folder, 7);
    const fs::path path = m_folder / "step-7" / file.toStdString();
    if (content.isNull())
        fs::remove(path);
    else
        overwrite(path, content);
    const auto verified = verifyCheckpoint(m_folder / "step-7");
    QVERIFY(!verified.has_value());
    QCOMPARE(verified.error().code, ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(verified.error().message).contains(message), verified.error().message.c_str());
}

void TestTrainCheckpoint::previousOneIsUsed()
{
    write(m_folder, 1);
    write(m_folder, 2);
    overwrite(m_folder / "step-2" / "weights", "x");
    const auto newest = newestValidCheckpoint(m_folder);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->checkpoint.step, 1);
    QCOMPARE(newest->damaged.size(), 1U);
    QVERIFY(QString::fromStdString(newest->damaged.front().message).contains("step-2"));
    overwrite(m_folder / "step-1" / "weights", "x");
    QVERIFY(!newestValidCheckpoint(m_folder).has_value());
}

void TestTrainCheckpoint::retentionKeepsNewestAndBest()
{
    for (const std::int64_t step : {1, 2, 3, 4, 5})
        write(m_folder, step);
    const std::int64_t best[] = {2};
    const auto removed = retainCheckpoints(m_folder, 2, best);
    QVERIFY(removed == std::vector<std::int64_t>({1, 3}));
    QVERIFY(steps(m_folder) == std::vector<std::int64_t>({2, 4, 5}));
    retainCheckpoints(m_folder, 0, {}); // never the newest
    QVERIFY(steps(m_folder) == std::vector<std::int64_t>({5}));
}

void TestTrainCheckpoint::stateSurvives()
{
    RunProgress progress;
    progress.step = 12;
    progress.tokens = 3456;
    progress.epochLossSum = 0.1 + 0.2;
    progress.evalLoss = 1.0 / 3.0;
    progress.bestStep = 8;
    progress.documentsHash = "abc";
    progress.evaluationSeconds = 12.5;
    progress.besideSeconds = 7.25;
    progress.recipe = presetRecipe(Preset::Quick, "lora", 250);
    fs::create_directories(m_folder);
    QVERIFY(writeProgress(progress, m_folder / "state.json").has_value());
    const auto back = readProgress(m_folder / "state.json");
    QVERIFY2(back.has_value(), back ? "" : back.error().message.c_str());
    QCOMPARE(back->step, 12);
    QVERIFY(back->epochLossSum == progress.epochLossSum);
    QVERIFY(back->evalLoss == progress.evalLoss);
    QVERIFY(!back->bestLoss && !back->lastEpochLoss);
    QCOMPARE(back->evaluationSeconds, 12.5);
    QCOMPARE(back->besideSeconds, 7.25);
    QVERIFY(recipeToJson(back->recipe) == recipeToJson(progress.recipe));
}

void TestTrainCheckpoint::brokenStateIsRefused()
{
    fs::create_directories(m_folder);
    for (const char *text : {"[]", "{}", "{", R"({"format": 1, "step": "x"})"}) {
        overwrite(m_folder / "state.json", text);
        const auto back = readProgress(m_folder / "state.json");
        QVERIFY2(!back.has_value(), text);
        QCOMPARE(back.error().code, ErrorCode::BadInput);
    }
}

QTEST_APPLESS_MAIN(TestTrainCheckpoint)
#include "tst_traincheckpoint.moc"
