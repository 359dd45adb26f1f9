// Training in several processes of one launcher: equal to one process, ended with a message when one of them is gone, resumed with another number.
#include "tests/cli/program.h"

#include "core/train/ranks.h"

#include <QDir>
#include <QFile>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace fettle;

namespace {

const QString kModel = QStringLiteral(FETTLE_FIXTURES "/tinychat");

QStringList launcher(int count)
{
    return {"-n", QString::number(count), "--oversubscribe", "--bind-to", "none", FETTLE_PROGRAM};
}

QString mpirun() { return QStandardPaths::findExecutable("mpirun"); }

// Questions of several lengths, with and without a split.
QString writeRows(const QString &folder)
{
    const QString path = folder + "/rows.jsonl";
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return {};
    for (int i = 0; i < 40; ++i) {
        const QByteArray words = QByteArray("what is in house ").repeated(1 + i % 5);
        file.write("{\"instruction\": \"" + words + QByteArray::number(i) + "\", \"output\": \"" + QByteArray("a red door ").repeated(1 + i % 3) + "\"}\n");
    }
    return path;
}

struct Finished {
    int exitCode = -1;
    std::vector<program::Json> lines;
    QByteArray errors;
};

Finished run(int count, const QStringList &arguments)
{
    QProcess process;
    process.start(count == 1 ? QString(FETTLE_PROGRAM) : mpirun(), (count == 1 ? QStringList() : launcher(count)) + arguments);
    process.closeWriteChannel();
    if (!process.waitForFinished(280000))
        process.kill();
    const program::Outcome outcome{process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()};
    return {outcome.exitCode, outcome.lines(), outcome.errors};
}

std::vector<double> series(const Finished &finished, const char *event, const char *key)
{
    std::vector<double> values;
    for (const program::Json &line : finished.lines) {
        if (line.is_object() && line.value("event", "") == event)
            values.push_back(line.at(key).get<double>());
    }
    return values;
}

double largestRelative(const std::vector<double> &a, const std::vector<double> &b)
{
    double largest = a.size() == b.size() && !a.empty() ? 0 : 1e9;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
        largest = std::max(largest, std::abs(a[i] - b[i]) / std::max(std::abs(b[i]), 1e-30));
    return largest;
}

QStringList trainArguments(const QString &project, const QString &method, int steps)
{
    return {"train",  "--project", project, "--model", kModel, "--method", method, "--json", "--threads", "1", "--set", "maxSteps=" + QString::number(steps), "--set", "rowsPerStep=8",
            "--set", "tokensPerMicroBatch=128", "--set", "evalFraction=0.2", "--set", "learningRate=0.001", "--set", "epsilon=0.0001"};
}

// The process of this rank that the launcher started.
qint64 processOfRank(qint64 launcherId, int rank)
{
    const QByteArray wanted = "OMPI_COMM_WORLD_RANK=" + QByteArray::number(rank);
    for (const QString &name : QDir("/proc").entryList({"[0-9]*"}, QDir::Dirs)) {
        QFile environment("/proc/" + name + "/environ"), status("/proc/" + name + "/stat");
        if (!environment.open(QIODevice::ReadOnly) || !status.open(QIODevice::ReadOnly))
            continue;
        const QByteArray line = status.readAll();
        const bool isChild = line.mid(line.lastIndexOf(')') + 2).split(' ').value(1).toLongLong() == launcherId;
        if (isChild && environment.readAll().split('\0').contains(wanted))
            return name.toLongLong();
    }
    return 0;
}

} // namespace

class TestRanks : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        qputenv("OMPI_ALLOW_RUN_AS_ROOT", "1");
        qputenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        qputenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none"); // containers forbid it
        QVERIFY(m_folder.isValid());
        m_rows = writeRows(m_folder.path());
        QVERIFY(!m_rows.isEmpty());
    }

    void sharesAreEvenAndComplete()
    {
        const std::vector<std::int64_t> lengths = {5, 90, 40, 41, 3, 60, 12, 7};
        QCOMPARE(train::shareOf(lengths, 0, 1), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
        std::vector<int> taken(lengths.size(), 0);
        for (int rank = 0; rank < 3; ++rank) {
            std::int64_t tokens = 0;
            for (const std::int64_t place : train::shareOf(lengths, rank, 3)) {
                ++taken[static_cast<std::size_t>(place)];
                tokens += lengths[static_cast<std::size_t>(place)];
            }
            QVERIFY(tokens >= 80 && tokens <= 93);
        }
        QCOMPARE(taken, std::vector<int>(lengths.size(), 1));
    }

    void equalsOneProcess_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("count");
        QTest::newRow("lora, 2") << "lora" << 2;
        QTest::newRow("lora, 4") << "lora" << 4;
        for (const char *method : {"full", "bottleneck", "ia3", "prefix", "prompt"})
            QTest::newRow(method) << method << 2;
    }
    void equalsOneProcess()
    {
        if (!canLaunch())
            QSKIP("mpirun is not there, or the program was built without MPI.");
        QFETCH(QString, method);
        QFETCH(int, count);
        const Finished alone = run(1, trainArguments(newProject(), method, 6)), together = run(count, trainArguments(newProject(), method, 6));
        QVERIFY2(alone.exitCode == 0, alone.errors.constData());
        QVERIFY2(together.exitCode == 0, together.errors.constData());
        for (const char *key : {"loss", "gradNorm"}) {
            const double difference = largestRelative(series(together, "step", key), series(alone, "step", key));
            QVERIFY2(difference < 1e-6, (std::string(key) + " " + std::to_string(difference * 1e6) + "e-6").c_str());
        }
        QVERIFY(largestRelative(series(together, "evaluation", "loss"), series(alone, "evaluation", "loss")) < 1e-6);
        QCOMPARE(series(together, "step", "tokens"), series(alone, "step", "tokens"));
    }

    void aLostProcessEndsTheRun()
    {
        if (!canLaunch())
            QSKIP("mpirun is not there, or the program was built without MPI.");
        const QString project = newProject();
        constexpr int kSteps = 120;
        const QStringList arguments = trainArguments(project, "lora", kSteps) + QStringList{"--set", "checkpointEvery=5"};
        const Finished whole = run(1, trainArguments(newProject(), "lora", kSteps) + QStringList{"--set", "checkpointEvery=5"});
        QVERIFY2(whole.exitCode == 0, whole.errors.constData());
        QProcess process;
        process.start(mpirun(), launcher(2) + arguments);
        process.closeWriteChannel();
        QByteArray said;
        while (!said.contains("\"checkpoint\"") && process.waitForReadyRead(120000))
            said += process.readAllStandardOutput();
        QVERIFY(said.contains("\"checkpoint\""));
        const qint64 lost = processOfRank(process.processId(), 1);
        QVERIFY(lost > 0);
        ::kill(static_cast<pid_t>(lost), SIGKILL);
        QVERIFY(process.waitForFinished(120000));
        QVERIFY(process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0);
        const QByteArray errors = process.readAllStandardError();
        QVERIFY2(errors.contains("one of its 2 processes is gone"), errors.constData());

        const Finished resumed = run(4, {"resume", "1", "--project", project, "--json", "--threads", "1"});
        QVERIFY2(resumed.exitCode == 0, resumed.errors.constData());
        const auto steps = series(resumed, "step", "step");
        QVERIFY(!steps.empty() && steps.front() > 1 && steps.back() == kSteps);
        // Rounding grows over so many steps, with the order of the sums.
        QVERIFY(largestRelative({series(resumed, "step", "loss").back()}, {series(whole, "step", "loss").back()}) < 1e-3);
    }

    void trouble()
    {
        if (!canLaunch())
            QSKIP("mpirun is not there, or the program was built without MPI.");
        // What process 0 cannot do ends all of them.
        const Finished noModel = run(2, {"train", "--project", newProject(), "--model", m_folder.path() + "/nowhere", "--json"});
        QVERIFY(noModel.exitCode > 0);
        QVERIFY2(noModel.errors.contains("nowhere"), noModel.errors.constData());
    }

private:
    bool canLaunch() const { return QStringLiteral(FETTLE_MPI) == "1" && !mpirun().isEmpty(); }

    QString newProject()
    {
        const QString path = m_folder.path() + QStringLiteral("/%1.fettle").arg(++m_projects);
        if (program::run({"new", path}).exitCode != 0 || program::run({"import", m_rows, "--project", path}).exitCode != 0)
            qWarning("The project could not be made.");
        return path;
    }

    QTemporaryDir m_folder;
    QString m_rows;
    int m_projects = 0;
};

QTEST_GUILESS_MAIN(TestRanks)
#include "tst_ranks.moc"
