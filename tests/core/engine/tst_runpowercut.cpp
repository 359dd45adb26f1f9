// A power cut in the middle of a run, database and checkpoints together: whatever was not synced is missing, torn or zeroed, in any combination.
// The next start shows the run as cut off, nothing that was told as done is missing, and what goes on ends with the same bits.
#include "tests/core/engine/survivingrun.h"
#include "tests/core/recordeddisk.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

using namespace fettle;
using namespace fettle::engine;
using recorded::Disk;
using recorded::g_recorder;

class TestRunPowerCut : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void nextStartGoesOnExactly_data();
    void nextStartGoesOnExactly();
    void withoutSyncingItWouldBeLost();

private:
    [[nodiscard]] fs::path diskAfter(std::size_t count, unsigned seed, bool withSync);
    QTemporaryDir m_dir;
    int m_disks = 0;
    std::size_t m_known = 0, m_finished = 0;        // operations done when the run was announced, and when it was told as finished
    std::map<std::int64_t, std::size_t> m_complete; // by step: operations done when its checkpoint was told
    std::vector<std::size_t> m_told;                // all of these places
    Outcome m_expected;
};

// One run in peace, every file call of it recorded.
void TestRunPowerCut::initTestCase()
{
    const fs::path folder = m_dir.filePath(QStringLiteral("live/p.fettle")).toStdString();
    fs::create_directories(folder.parent_path());
    VERIFY_OK(makeRunProject(folder));
    g_recorder.begin(folder.parent_path());
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        const auto now = [this] { return m_told.emplace_back(g_recorder.operations.size()); };
        RunEvents events;
        events.stateChanged = [&](const RunInfo &run) {
            if (run.state == RunState::Preparing)
                m_known = now();
            else if (run.state == RunState::Finished)
                m_finished = now();
        };
        events.evaluated = [&](RunId, const EvalPoint &) { now(); };
        events.checkpointed = [&](RunId, const CheckpointInfo &checkpoint) { m_complete[checkpoint.step] = now(); };
        const auto run = workIn(*project, events);
        g_recorder.isOn = false;
        VERIFY_OK(run);
        QCOMPARE(run->run.state, RunState::Finished);
        m_expected = outcomeOf(*project, run->run.id);
    }
    QVERIFY(m_expected.adapter.size() > 1000 && m_expected.optimizer.size() > 1000);
    QVERIFY(m_complete.size() == 6 && m_known > 0 && m_finished > m_complete[12]);
    const auto isOfDatabase = [](const recorded::Operation &operation) { return operation.node == g_recorder.find(g_recorder.root / "p.fettle" / "project.db-wal"); };
    QVERIFY(std::ranges::count_if(g_recorder.operations, isOfDatabase) > 50); // the database writes by the calls that are recorded
}

fs::path TestRunPowerCut::diskAfter(std::size_t count, unsigned seed, bool withSync)
{
    const fs::path folder = m_dir.filePath(QStringLiteral("disk%1").arg(++m_disks)).toStdString();
    Disk(g_recorder, count, seed, withSync).putInto(folder);
    return folder / "p.fettle";
}

void TestRunPowerCut::nextStartGoesOnExactly_data()
{
    QTest::addColumn<int>("count");
    for (const std::size_t place : m_told) // just told: it must be there
        QTest::addRow("told at call %zu", place) << int(place);
    constexpr int kPlaces = 24;
    for (int i = 0; i < kPlaces; ++i) {
        const std::size_t place = g_recorder.operations.size() * std::size_t(2 * i + 1) / (2 * kPlaces);
        QTest::addRow("at call %zu", place) << int(place);
    }
}

void TestRunPowerCut::nextStartGoesOnExactly()
{
    QFETCH(int, count);
    const auto calls = std::size_t(count);
    const fs::path folder = diskAfter(calls, unsigned(count), true);
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        VERIFY_OK(project->markInterruptedRuns());
        const auto runs = project->runs();
        VERIFY_OK(runs);
        if (runs->empty()) {
            QVERIFY(calls < m_known);
            return;
        }
        const RunState state = runs->front().state;
        if (calls >= m_finished)
            QCOMPARE(state, RunState::Finished);
        if (state == RunState::Finished) {
            QVERIFY(outcomeOf(*project, runs->front().id) == m_expected);
            return;
        }
        QCOMPARE(state, RunState::Interrupted);
        std::int64_t told = 0;
        for (const auto &[step, done] : m_complete)
            told = done <= calls ? step : told;
        const auto newest = train::newestValidCheckpoint(project->runFolder(runs->front().id) / "checkpoints");
        QVERIFY(newest ? newest->checkpoint.step >= told : told == 0);
        if (newest)
            QVERIFY(newest->damaged.empty()); // one that is not complete has no name yet
    }
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    const auto resumed = workIn(*project);
    VERIFY_OK(resumed);
    QCOMPARE(resumed->run.state, RunState::Finished);
    QVERIFY(outcomeOf(*project, resumed->run.id) == m_expected);
}

// The disks are bad enough to show a missing sync.
void TestRunPowerCut::withoutSyncingItWouldBeLost()
{
    int lost = 0;
    for (const std::size_t place : m_told) {
        auto project = Project::open(diskAfter(place, unsigned(place), false), Access::ReadWrite);
        const auto runs = project ? project->runs() : Result<std::vector<RunInfo>>();
        lost += !runs || runs->empty();
    }
    QVERIFY(lost > 0);
}

QTEST_APPLESS_MAIN(TestRunPowerCut)
#include "tst_runpowercut.moc"
