// kill -9 at random moments and inside evaluations, resumed until it is done: result, loss log and order of rows equal those of an
// uninterrupted run, bit for bit. The program is its own victim: started with --train FOLDER it trains there, resuming what it finds.
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

constexpr int kSteps = 36, kEvaluateEvery = 5;

// Trains in folder until the end. Returns the exit code. Prints what it reads and the steps that it does. killAt: it kills itself when it has
// asked so many times during its evaluations whether to go on; 0: never.
int trainIn(const fs::path &folder, int killAt)
{
    at::set_num_threads(1);
    const std::vector<Document> train = documents(24, 31);
    const std::vector<Document> heldOut = documents(9, 32);
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = recipe({"epochs=6", "rowsPerStep=2", "gradientAccumulation=2", "tokensPerMicroBatch=48", "dropout=0.1", "warmup=0.1", "learningRate=0.01",
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
    bool isEvaluating = false;
    int asked = 0;
    hooks.rowsRead = [](std::span<const RowLoss> rows) {
        for (const RowLoss &row : rows)
            std::printf("row %lld %a\n", static_cast<long long>(row.record.value), row.loss);
    };
    hooks.stepFinished = [&](const StepReport &step) {
        std::printf("step %lld %a\n", static_cast<long long>(step.step), step.loss);
        std::fflush(stdout);
        isEvaluating = step.step % kEvaluateEvery == 0;
    };
    hooks.evaluated = [&](const EvalReport &) { isEvaluating = false; };
    hooks.wish = [&] {
        if (isEvaluating && ++asked == killAt)
            std::raise(SIGKILL);
        return Wish::Continue;
    };
    return runTraining(setup, hooks) ? 0 : 1;
}

Trace resultIn(const fs::path &folder, Trace said)
{
    finishTrace(said, folder / "checkpoints");
    return said;
}

// What the program said of the steps that it finished. Steps that it did again replace what was said before.
void listen(const QByteArray &output, Trace &trace)
{
    RowsRead rows;
    for (const QByteArray &line : output.split('\n')) {
        const QList<QByteArray> words = line.split(' ');
        if (words.size() != 3)
            continue;
        const double loss = std::strtod(words[2].constData(), nullptr);
        if (words[0] == "row") {
            rows.emplace_back(words[1].toLongLong(), loss);
        } else {
            trace.losses[words[1].toLongLong()] = loss;
            trace.rows[words[1].toLongLong()] = std::exchange(rows, {});
        }
    }
}

} // namespace

class TestRunKill : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void killedAtRandom();
    void killedInsideEvaluations();

private:
    static void start(QProcess &process, const fs::path &folder, int killAt = 0)
    {
        process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--train"), QString::fromStdString(folder.string()), QString::number(killAt)});
        QVERIFY(process.waitForStarted());
    }
    [[nodiscard]] fs::path folder(const char *name) const { return m_dir.filePath(QString::fromLatin1(name)).toStdString(); }
    QTemporaryDir m_dir;
    Trace m_expected;
};

void TestRunKill::initTestCase()
{
    QProcess process;
    start(process, folder("quiet"));
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    listen(process.readAllStandardOutput(), m_expected);
    m_expected = resultIn(folder("quiet"), m_expected);
    QCOMPARE(listCheckpoints(folder("quiet") / "checkpoints").back().step, kSteps);
    QCOMPARE(m_expected.losses.size(), std::size_t(kSteps));
    QCOMPARE(m_expected.rows.at(kSteps).size(), 4U);
    QVERIFY(m_expected.adapter != "missing");
}

void TestRunKill::killedAtRandom()
{
    QElapsedTimer clock;
    clock.start();
    RandomStream chance(static_cast<std::uint64_t>(41));
    int kills = 0;
    for (const char *name : {"killed1", "killed2", "killed3"}) {
        Trace said;
        for (int attempt = 0;; ++attempt) {
            QVERIFY2(attempt < 200, "the run makes no progress");
            QProcess process;
            start(process, folder(name));
            // Some are killed before their first step, the rest up to some steps and a few milliseconds later: in the middle of
            // a step, an evaluation or the writing of a checkpoint.
            const auto steps = static_cast<int>(chance.below(7));
            QByteArray output;
            while (output.count("step") < steps && process.state() == QProcess::Running && process.waitForReadyRead(20000))
                output += process.readAllStandardOutput();
            process.waitForFinished(static_cast<int>(chance.below(12)));
            if (process.state() == QProcess::Running) {
                process.kill();
                ++kills;
                QVERIFY(process.waitForFinished(20000));
            }
            listen(output + process.readAllStandardOutput(), said);
            if (process.exitStatus() == QProcess::NormalExit) {
                QCOMPARE(process.exitCode(), 0);
                break;
            }
        }
        QVERIFY(resultIn(folder(name), said) == m_expected);
    }
    QVERIFY(kills > 5);
    qInfo("%d kills in %lld ms", kills, static_cast<long long>(clock.elapsed()));
}

void TestRunKill::killedInsideEvaluations()
{
    Trace said;
    for (const int killAt : {2, 1, 5, 0}) { // of what was still to come each time
        QProcess process;
        start(process, folder("evaluations"), killAt);
        QVERIFY(process.waitForFinished(60000));
        listen(process.readAllStandardOutput(), said);
        QCOMPARE(process.exitStatus(), killAt > 0 ? QProcess::CrashExit : QProcess::NormalExit);
    }
    QVERIFY(resultIn(folder("evaluations"), said) == m_expected);
}

int main(int argc, char **argv)
{
    if (argc == 4 && std::string_view(argv[1]) == "--train")
        return trainIn(argv[2], std::atoi(argv[3]));
    QCoreApplication app(argc, argv);
    TestRunKill test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_runkill.moc"
