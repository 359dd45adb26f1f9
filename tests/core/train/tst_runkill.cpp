// kill -9 at random moments, resumed until it is done: the result equals that of an uninterrupted run, bit for bit.
// The program is its own victim: started with --train FOLDER it trains there, resuming what it finds.
#include "core/torch.h"
#include "trainfixture.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <cstdio>

using namespace fettle;
using namespace fettle::train;
using namespace trainfixture;

namespace {

// Trains in folder until the end. Returns the exit code. Prints "working" when the first step of this process is done.
int trainIn(const fs::path &folder)
{
    at::set_num_threads(1);
    const std::vector<Document> train = documents(24, 31);
    const std::vector<Document> heldOut = documents(4, 32);
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = recipe({"epochs=6", "rowsPerStep=4", "tokensPerMicroBatch=48", "dropout=0.1", "warmup=0.1", "learningRate=0.01",
                           "evalEvery=5", "checkpointEvery=2", "keepCheckpoints=2"});
    setup.trainDocuments = train;
    setup.heldOutDocuments = heldOut;
    setup.checkpointFolder = folder / "checkpoints";
    if (auto newest = newestValidCheckpoint(setup.checkpointFolder)) {
        dropCheckpointsAfter(setup.checkpointFolder, newest->checkpoint.step);
        auto adapter = tune::loadPeftFolder(newest->checkpoint.path, weights()->config);
        if (!adapter)
            return 1;
        setup.adapter = *adapter;
        setup.resumeFrom = newest->checkpoint.path;
    } else {
        setup.adapter = freshAdapter(setup.recipe);
    }
    TrainerHooks hooks;
    hooks.stepFinished = [](const StepReport &) {
        std::puts("step");
        std::fflush(stdout);
    };
    return runTraining(setup, hooks) ? 0 : 1;
}

Trace resultIn(const fs::path &folder)
{
    Trace trace;
    finishTrace(trace, folder / "checkpoints");
    return trace;
}

} // namespace

class TestRunKill : public QObject {
    Q_OBJECT
private slots:
    void killedRunsEndAsIfNothingHadHappened();
};

void TestRunKill::killedRunsEndAsIfNothingHadHappened()
{
    QTemporaryDir dir;
    const fs::path quiet = dir.filePath(QStringLiteral("quiet")).toStdString();
    const auto start = [](QProcess &process, const fs::path &folder) {
        process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--train"), QString::fromStdString(folder.string())});
        return process.waitForStarted();
    };
    QElapsedTimer clock;
    clock.start();
    {
        QProcess process;
        QVERIFY(start(process, quiet));
        QVERIFY(process.waitForFinished(60000));
        QCOMPARE(process.exitCode(), 0);
    }
    const Trace expected = resultIn(quiet);
    QCOMPARE(listCheckpoints(quiet / "checkpoints").back().step, 36);
    QVERIFY(expected.adapter != "missing");

    RandomStream chance(static_cast<std::uint64_t>(41));
    int kills = 0;
    for (int round = 0; round < 3; ++round) {
        const fs::path folder = dir.filePath(QStringLiteral("killed%1").arg(round)).toStdString();
        for (int attempt = 0;; ++attempt) {
            QVERIFY2(attempt < 200, "the run makes no progress");
            QProcess process;
            QVERIFY(start(process, folder));
            // Some are killed before their first step, the rest up to some steps and a few milliseconds later: in the middle of
            // a step, an evaluation or the writing of a checkpoint.
            const auto steps = static_cast<int>(chance.below(7));
            int seen = 0;
            while (seen < steps && process.state() == QProcess::Running && process.waitForReadyRead(20000))
                seen += static_cast<int>(process.readAllStandardOutput().count('\n'));
            process.waitForFinished(static_cast<int>(chance.below(12)));
            if (process.state() == QProcess::Running) {
                process.kill();
                ++kills;
                QVERIFY(process.waitForFinished(20000));
            }
            if (process.exitStatus() == QProcess::NormalExit) {
                QCOMPARE(process.exitCode(), 0);
                break;
            }
        }
        QCOMPARE(listCheckpoints(folder / "checkpoints").back().step, 36);
        QVERIFY(resultIn(folder) == expected);
    }
    QVERIFY(kills > 5);
    qInfo("%d kills in %lld ms", kills, static_cast<long long>(clock.elapsed()));
}

int main(int argc, char **argv)
{
    if (argc == 3 && std::string_view(argv[1]) == "--train")
        return trainIn(argv[2]);
    QCoreApplication app(argc, argv);
    TestRunKill test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_runkill.moc"
