// A long day in short: train, talk meanwhile, pause, resume, export, again and again in one process. Memory, open files and threads do not
// grow. Twenty seconds; FETTLE_SOAK_SECONDS=180 goes on for longer, as .ci/run does.
#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/engine/delivery.h"
#include "core/engine/playground.h"
#include "tests/core/verifyok.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

std::int64_t entriesIn(const char *folder)
{
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

struct Held {
    std::int64_t files = entriesIn("/proc/self/fd"), threads = entriesIn("/proc/self/task");
    std::int64_t bytes = 0;
    Held()
    {
        returnFreeMemory();
        bytes = memoryFigures().ownBytes;
    }
};

} // namespace

class TestSoak : public QObject {
    Q_OBJECT
private slots:
    void nothingGrows();

private:
    void oneRound(Playground &playground);
    QTemporaryDir m_dir;
    int m_rounds = 0;
};

void TestSoak::oneRound(Playground &playground)
{
    const QString folder = m_dir.filePath(QStringLiteral("round%1.fettle").arg(++m_rounds));
    {
        auto project = Project::create(folder.toStdString());
        VERIFY_OK(project);
        std::vector<data::Record> records;
        for (int i = 0; i < 24; ++i) {
            records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
            records.back().split = i % 8 == 7 ? data::Split::HeldOut : data::Split::Train;
        }
        VERIFY_OK(project->addRecords(std::move(records), "Added rows"));
        TrainRequest wish;
        wish.model = kModel;
        wish.compute.threads = 1;
        for (const char *setting : {"epochs=2", "rowsPerStep=5", "rank=4", "checkpointEvery=2"})
            VERIFY_OK(train::applySetting(wish.recipe, setting));
        GenerateRequest question;
        question.columns = {{"base", 1.0}, {kLiveAdapter, 1.0}};
        question.conversation = {{data::Role::User, "Which shelf holds box 3?", {}}};
        question.sampling.maxTokens = 8;
        RunControl control;
        RunEvents events;
        events.betweenSteps = [&](const LiveRun &live) {
            VERIFY_OK(playground.generate(question, &*project, {}, {}, &live));
            control.wish = live.step == 3 ? RunControl::Wish::Pause : RunControl::Wish::Continue;
        };
        const auto paused = trainRun(*project, wish, events, &control);
        VERIFY_OK(paused);
        QVERIFY(paused->isPaused);
        control.wish = RunControl::Wish::Continue;
        const auto finished = resumeRun(*project, paused->run.id, wish.compute, events, &control);
        VERIFY_OK(finished);
        QCOMPARE(finished->run.state, RunState::Finished);
        ExportRequest delivery;
        delivery.model = kModel;
        delivery.adapter = finished->run.adapter;
        delivery.target = "peft";
        delivery.folder = (folder + QStringLiteral("/given")).toStdString();
        VERIFY_OK(exportAdapter(delivery, &*project));
    }
    QVERIFY(QDir(folder).removeRecursively());
}

void TestSoak::nothingGrows()
{
    bool isNumber = false;
    const int wished = qEnvironmentVariableIntValue("FETTLE_SOAK_SECONDS", &isNumber);
    const double seconds = isNumber ? wished : 20;
    ComputeOptions oneThread; // others may be at work beside this test
    oneThread.threads = 1;
    auto playground = Playground::open(kModel, oneThread);
    VERIFY_OK(playground);
    for (int warmUp = 0; warmUp < 4; ++warmUp)
        oneRound(**playground);
    const Held before;
    const int roundsBefore = m_rounds;
    const Stopwatch watch;
    while ((watch.seconds() < seconds || m_rounds < roundsBefore + 4) && !QTest::currentTestFailed())
        oneRound(**playground);
    const Held after;
    qInfo("%d rounds: files %lld -> %lld, threads %lld -> %lld, memory %.1f -> %.1f MB", m_rounds - roundsBefore, static_cast<long long>(before.files),
          static_cast<long long>(after.files), static_cast<long long>(before.threads), static_cast<long long>(after.threads), double(before.bytes) * 1e-6, double(after.bytes) * 1e-6);
    QVERIFY2(after.files <= before.files, "open files");
    QVERIFY2(after.threads <= before.threads, "threads");
    QVERIFY2(double(after.bytes) <= 1.05 * double(before.bytes), "memory");
}

QTEST_APPLESS_MAIN(TestSoak)
#include "tst_soak.moc"
