// Nothing of a run is lost: kill -9 at twenty-one places, a full disk, a project folder that vanishes, damaged checkpoints. What goes on
// afterwards ends as the run that was left in peace: adapter, optimiser, log of losses and ledger of rows are the same bits.
// The program is its own victim: started with --run FOLDER WHERE NUMBER it trains there and kills itself at that place.
#include "tests/core/engine/survivingrun.h"
#include "tests/core/verifyok.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace fettle;
using namespace fettle::engine;

namespace {

// File calls whose path holds `place` are counted; from the one with this number on they fail as on a full disk, or the program is killed.
struct Fault {
    enum class Kind { None, Kill, Full } kind = Kind::None;
    std::string place;
    int number = 0, seen = 0;
};
Fault g_fault;

bool strikes(const std::string &path)
{
    if (g_fault.place.empty() || path.find(g_fault.place) == std::string::npos || ++g_fault.seen < g_fault.number)
        return false;
    if (g_fault.kind == Fault::Kind::Kill)
        std::raise(SIGKILL);
    errno = ENOSPC;
    return g_fault.kind == Fault::Kind::Full;
}

bool strikes(int descriptor)
{
    if (g_fault.place.empty())
        return false;
    char text[4096];
    const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), text, sizeof text);
    return length > 0 && strikes(std::string(text, std::size_t(length)));
}

} // namespace

// In place of the system's own, for the libraries too.
extern "C" {

ssize_t write(int descriptor, const void *data, size_t size) { return strikes(descriptor) ? -1 : syscall(SYS_write, descriptor, data, size); }
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) { return strikes(descriptor) ? -1 : syscall(SYS_pwrite64, descriptor, data, size, at); }
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t at) { return strikes(descriptor) ? -1 : syscall(SYS_pwrite64, descriptor, data, size, at); }
int fsync(int descriptor) { return strikes(descriptor) ? -1 : 0; } // nothing here is worth a wait for the disk
int fdatasync(int descriptor) { return strikes(descriptor) ? -1 : 0; }
int rename(const char *from, const char *to) noexcept { return strikes(std::string(from)) ? -1 : int(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)); }
int mkdir(const char *path, mode_t mode) noexcept { return strikes(std::string(path)) ? -1 : int(syscall(SYS_mkdirat, AT_FDCWD, path, mode)); }

} // extern "C"

namespace {

int victim(const fs::path &folder, const std::string &where, int number)
{
    auto project = Project::open(folder, Access::ReadWrite);
    if (!project)
        return 1;
    RunEvents events;
    if (where == "step")
        events.stepFinished = [number](RunId, const MetricPoint &point, double) { point.step == number ? std::raise(SIGKILL) : 0; };
    else if (where == "evaluating") // a moment behind the step, when the held-out rows and then the general questions are being read
        events.stepFinished = [number](RunId, const MetricPoint &point, double) {
            if (point.step == number)
                std::thread([] {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                    std::raise(SIGKILL);
                }).detach();
        };
    else if (where == "evaluated")
        events.evaluated = [number](RunId, const EvalPoint &point) { point.step == number ? std::raise(SIGKILL) : 0; };
    else if (where == "checkpointed")
        events.checkpointed = [number](RunId, const CheckpointInfo &checkpoint) { checkpoint.step == number ? std::raise(SIGKILL) : 0; };
    else if (where == "between")
        events.betweenSteps = [number, count = 0](const LiveRun &) mutable { ++count == number ? std::raise(SIGKILL) : 0; };
    else if (where == "state")
        events.stateChanged = [number](const RunInfo &run) { static_cast<int>(run.state) == number ? std::raise(SIGKILL) : 0; };
    else
        g_fault = {Fault::Kind::Kill, where, number, 0};
    return workIn(*project, events) ? 0 : 2;
}

} // namespace

class TestRunSurvives : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void killed_data();
    void killed();
    void damagedCheckpointsArePassedOver_data();
    void damagedCheckpointsArePassedOver();
    void fullDisk_data();
    void fullDisk();
    void vanishedFolder();
    void resumingLateTakesNoLonger();

private:
    [[nodiscard]] fs::path freshFolder();
    void goesOnExactly(const fs::path &folder);
    QTemporaryDir m_dir;
    // Below zero: a share of all calls on the database that a run makes, in percent.
    [[nodiscard]] int numberOf(int number) const { return number < 0 ? -number * m_databaseCalls / 100 : number; }
    int m_count = 0, m_databaseCalls = 0;
    Outcome m_expected;
};

fs::path TestRunSurvives::freshFolder()
{
    const fs::path folder = m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString();
    if (!makeRunProject(folder))
        qFatal("no project");
    return folder;
}

void TestRunSurvives::initTestCase()
{
    auto project = Project::open(freshFolder(), Access::ReadWrite);
    VERIFY_OK(project);
    g_fault = {Fault::Kind::None, "project.db", 0, 0};
    const auto run = workIn(*project);
    m_databaseCalls = std::exchange(g_fault, {}).seen;
    VERIFY_OK(run);
    QCOMPARE(run->run.steps, 12);
    const auto plan = planRun(*project, request());
    VERIFY_OK(plan);
    QVERIFY(std::ranges::any_of(plan->firstBatch, [](const auto &row) { return row.size() > 1; })); // records do lie side by side
    QVERIFY(m_databaseCalls > 50);
    m_expected = outcomeOf(*project, run->run.id);
    QVERIFY(m_expected.adapter.size() > 1000 && m_expected.optimizer.size() > 1000);
    QCOMPARE(std::ranges::count(m_expected.metrics, '\n'), 12);
    QCOMPARE(std::ranges::count(m_expected.evals, '\n'), 4);
    QCOMPARE(std::ranges::count(m_expected.rows, '\n'), 8);
}

// As the next start of the program finds it.
void TestRunSurvives::goesOnExactly(const fs::path &folder)
{
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    const auto resumed = workIn(*project);
    VERIFY_OK(resumed);
    QCOMPARE(resumed->run.state, RunState::Finished);
    const Outcome outcome = outcomeOf(*project, resumed->run.id);
    QVERIFY(outcome.adapter == m_expected.adapter);
    QVERIFY(outcome.optimizer == m_expected.optimizer);
    QCOMPARE(outcome.metrics, m_expected.metrics);
    QCOMPARE(outcome.evals, m_expected.evals);
    QCOMPARE(outcome.rows, m_expected.rows);
}

void TestRunSurvives::killed_data()
{
    QTest::addColumn<QString>("where");
    QTest::addColumn<QList<int>>("numbers"); // one start of the program for each
    QTest::newRow("before the first step") << "state" << QList<int>{static_cast<int>(RunState::Running)};
    QTest::newRow("while it prepares") << "state" << QList<int>{static_cast<int>(RunState::Preparing)};
    QTest::newRow("in the warm-up, before any checkpoint") << "step" << QList<int>{1};
    QTest::newRow("in the warm-up") << "step" << QList<int>{3};
    QTest::newRow("when the warm-up ends") << "between" << QList<int>{4};
    QTest::newRow("behind the warm-up") << "step" << QList<int>{5};
    QTest::newRow("at an epoch's end, before it is evaluated") << "step" << QList<int>{6};
    QTest::newRow("during an evaluation") << "evaluating" << QList<int>{6};
    QTest::newRow("when an evaluation ends") << "evaluated" << QList<int>{6};
    QTest::newRow("in the middle of an epoch") << "between" << QList<int>{8};
    QTest::newRow("when a checkpoint is done") << "checkpointed" << QList<int>{8};
    QTest::newRow("the folder of a checkpoint is made") << "step-6.tmp" << QList<int>{1};
    QTest::newRow("its first file is written") << "step-6.tmp" << QList<int>{3};
    QTest::newRow("its weights are written") << "step-6.tmp" << QList<int>{6};
    QTest::newRow("its moments are written") << "step-6.tmp" << QList<int>{10};
    QTest::newRow("its manifest is written") << "step-6.tmp" << QList<int>{17};
    QTest::newRow("the database is written, early") << "project.db" << QList<int>{-20};
    QTest::newRow("the database is written, late") << "project.db" << QList<int>{-70};
    QTest::newRow("the result is written") << "adapter/" << QList<int>{2};
    QTest::newRow("at the last step") << "step" << QList<int>{12};
    QTest::newRow("again and again") << "step" << QList<int>{2, 5, 5, 9};
}

void TestRunSurvives::killed()
{
    QFETCH(QString, where);
    QFETCH(QList<int>, numbers);
    const fs::path folder = freshFolder();
    for (const int number : numbers) {
        QProcess process;
        process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--run"), QString::fromStdString(folder.string()), where, QString::number(numberOf(number))});
        QVERIFY(process.waitForFinished(60000));
        QVERIFY2(process.exitStatus() == QProcess::CrashExit, qPrintable(QStringLiteral("it ended with %1").arg(process.exitCode())));
    }
    goesOnExactly(folder);
}

void TestRunSurvives::damagedCheckpointsArePassedOver_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("damage");
    QTest::addColumn<QString>("said");
    for (const char *file : {"adapter_model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
        for (const char *damage : {"flipped", "cut", "missing"})
            QTest::addRow("%s %s", file, damage) << file << damage << "goes on from step 6";
    }
    QTest::newRow("all of them") << "all" << "cut" << "begins again";
}

void TestRunSurvives::damagedCheckpointsArePassedOver()
{
    QFETCH(QString, file);
    QFETCH(QString, damage);
    QFETCH(QString, said);
    const fs::path folder = freshFolder();
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 7)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(*project, request(), events, &control);
    VERIFY_OK(paused);
    for (const auto &checkpoint : train::listCheckpoints(project->runFolder(paused->run.id) / "checkpoints")) {
        if (file != "all" && checkpoint.step != 7)
            continue;
        const fs::path path = checkpoint.path / (file == "all" ? "state.json" : file.toStdString());
        QFile damaged(QString::fromStdString(path.string()));
        QVERIFY(damaged.open(QIODevice::ReadWrite));
        const qint64 middle = damaged.size() / 2;
        if (damage == "cut") {
            QVERIFY(damaged.resize(middle));
        } else if (damage == "flipped") {
            QVERIFY(damaged.seek(middle));
            char byte = 0;
            QVERIFY(damaged.getChar(&byte) && damaged.seek(middle) && damaged.putChar(char(byte ^ 1)));
        } else {
            damaged.close();
            fs::remove(path);
        }
    }
    std::string notices;
    events = {};
    events.noticed = [&](RunId, const std::string &text) { notices += text + "\n"; };
    const auto resumed = resumeRun(*project, paused->run.id, {.threads = 1}, events);
    VERIFY_OK(resumed);
    QVERIFY2(QString::fromStdString(notices).contains(said), notices.c_str());
    const Outcome outcome = outcomeOf(*project, paused->run.id);
    QVERIFY(outcome.adapter == m_expected.adapter);
    QVERIFY(outcome.optimizer == m_expected.optimizer);
    QCOMPARE(outcome.metrics, m_expected.metrics);
    QCOMPARE(outcome.rows, m_expected.rows);
}

void TestRunSurvives::fullDisk_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<int>("number");
    QTest::addColumn<int>("kept"); // step of the checkpoint that is left
    QTest::newRow("folder of a checkpoint") << "step-6.tmp" << 1 << 4;
    QTest::newRow("first file of a checkpoint") << "step-6.tmp" << 2 << 4;
    QTest::newRow("moments of a checkpoint") << "step-6.tmp" << 10 << 4;
    QTest::newRow("name of a checkpoint") << "step-6.tmp" << 19 << 4;
    QTest::newRow("database") << "project.db" << -70 << -1;
    QTest::newRow("result") << "adapter/" << 1 << 12;
    QTest::newRow("everything") << ".fettle" << 150 << -1;
}

void TestRunSurvives::fullDisk()
{
    QFETCH(QString, place);
    QFETCH(int, number);
    QFETCH(int, kept);
    const fs::path folder = freshFolder();
    RunId id;
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        RunState last = RunState::Idle;
        std::string failure;
        RunEvents events;
        events.stateChanged = [&](const RunInfo &run) {
            last = run.state;
            failure = run.failure;
            id = run.id;
        };
        g_fault = {Fault::Kind::Full, place.toStdString(), numberOf(number), 0};
        const auto run = workIn(*project, events);
        g_fault = {};
        QVERIFY(!run.has_value());
        QCOMPARE(run.error().code, ErrorCode::DiskFull);
        QVERIFY(!run.error().hint.empty());
        QCOMPARE(last, RunState::Interrupted);
        QVERIFY2(QString::fromStdString(failure).contains("disk is full"), failure.c_str());
    }
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        VERIFY_OK(project->markInterruptedRuns());
        QCOMPARE(project->run(id)->state, RunState::Interrupted);
        const auto newest = train::newestValidCheckpoint(project->runFolder(id) / "checkpoints");
        VERIFY_OK(newest);
        QVERIFY(newest->damaged.empty());
        if (kept >= 0)
            QCOMPARE(newest->checkpoint.step, kept);
    }
    goesOnExactly(folder);
}

// A stick is pulled out: nothing is written in its place, and when it is back the run goes on.
void TestRunSurvives::vanishedFolder()
{
    const fs::path folder = freshFolder(), elsewhere = folder.parent_path() / "elsewhere";
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        RunState last = RunState::Idle;
        RunEvents events;
        events.stateChanged = [&](const RunInfo &run) { last = run.state; };
        events.stepFinished = [&](RunId, const MetricPoint &point, double) {
            if (point.step == 7)
                fs::rename(folder, elsewhere);
        };
        const auto run = workIn(*project, events);
        QVERIFY(!run.has_value());
        QCOMPARE(run.error().code, ErrorCode::NotFound);
        QVERIFY2(QString::fromStdString(run.error().message).contains("is gone"), run.error().message.c_str());
        QCOMPARE(last, RunState::Interrupted);
        QVERIFY(!fs::exists(folder));
    }
    fs::rename(elsewhere, folder);
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        VERIFY_OK(project->markInterruptedRuns());
        QCOMPARE(project->run(RunId{1})->state, RunState::Interrupted);
        QCOMPARE(train::newestValidCheckpoint(project->runFolder(RunId{1}) / "checkpoints")->checkpoint.step, 6);
    }
    goesOnExactly(folder);
}

// The same run stopped early, and as if it had been stopped at step 100,000 with all that it would have written down by then.
void TestRunSurvives::resumingLateTakesNoLonger()
{
    constexpr std::int64_t kLate = 100'000, kRows = 101;
    auto project = Project::create(m_dir.filePath(QStringLiteral("long.fettle")).toStdString());
    VERIFY_OK(project);
    std::vector<data::Record> records;
    for (int i = 0; i < kRows; ++i) {
        records.push_back(data::makePair(fmt::format("Box {}?", i), "", fmt::format("Shelf {}.", i)));
        records.back().split = data::Split::Train;
    }
    VERIFY_OK(project->addRecords(std::move(records), "Added rows"));
    VERIFY_OK(project->setSetting(data::kProbeSetting, data::probeChoiceText({0, 8, {}})));
    const TrainRequest asked = request({"epochs=1000", "rowsPerStep=1", "gradientAccumulation=1", "checkpointEvery=0", "evalEvery=0", "keepCheckpoints=1"});
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 10)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(*project, asked, events, &control);
    VERIFY_OK(paused);
    const RunId id = paused->run.id;
    // Seconds until the first step after a resume; it is paused again there.
    const auto resume = [&](std::int64_t step) -> double {
        RunControl again;
        double seconds = -1;
        const auto start = std::chrono::steady_clock::now();
        RunEvents first;
        first.stepFinished = [&](RunId, const MetricPoint &point, double) {
            if (seconds < 0 && point.step == step + 1)
                seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            again.wish = RunControl::Wish::Pause;
        };
        return resumeRun(*project, id, {.threads = 1}, first, &again) ? seconds : -1;
    };
    // The best of some; below zero where one failed.
    const auto best = [&](std::int64_t step) {
        double least = 1e9;
        for (int i = 0; i < 5; ++i)
            least = std::min(least, resume(step + i));
        return least;
    };
    const double early = best(10);
    QVERIFY(early > 0);

    const fs::path checkpoints = project->runFolder(id) / "checkpoints", newest = train::listCheckpoints(checkpoints).back().path;
    auto writer = train::CheckpointWriter::begin(checkpoints, kLate);
    VERIFY_OK(writer);
    for (const char *name : {"adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors"})
        fs::copy(newest / name, writer->path() / name);
    nlohmann::json state = nlohmann::json::parse(fileBytes(newest / "state.json"));
    state["step"] = kLate;
    QFile file(QString::fromStdString((writer->path() / "state.json").string()));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write(QByteArray::fromStdString(state.dump()));
    file.close();
    VERIFY_OK(writer->finish());
    std::vector<MetricPoint> points;
    for (std::int64_t step = 16; step <= kLate; ++step)
        points.push_back({step, double(step) / kRows, 1, 1e-4, 1, 1000, step * 20, 1 << 20, double(step), 0.5});
    VERIFY_OK(project->appendMetrics(id, points));
    for (std::int64_t epoch = 1; epoch <= kLate / kRows + 1; ++epoch)
        VERIFY_OK(project->putLedger(id, LedgerPart::Train, epoch, std::vector<float>(kRows, 1.0F)));
    const double late = best(kLate);
    QVERIFY(late > 0);
    qInfo("to the first step: %.0f ms early, %.0f ms late", early * 1e3, late * 1e3);
    QVERIFY2(late < 2 * early, qPrintable(QStringLiteral("%1 s early, %2 s late").arg(early).arg(late)));
}

int main(int argc, char **argv)
{
    if (argc == 5 && std::string_view(argv[1]) == "--run")
        return victim(argv[2], argv[3], std::atoi(argv[4]));
    QCoreApplication app(argc, argv);
    TestRunSurvives test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_runsurvives.moc"
