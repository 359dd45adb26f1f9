// Memory that runs out in a run: the allocation with a certain number fails, and some after it. The run ends as cut off with its newest
// checkpoint and says what to do, the program lives on, and what goes on afterwards ends with the bits of the run that was left in peace.
#include "core/engine/runmoves.h"
#include "tests/core/engine/survivingrun.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <cstdlib>
#include <malloc.h>
#include <new>

using namespace fettle;
using namespace fettle::engine;

namespace {

// Of the thread that trains. number: allocations until the first one that fails; 0: none does. Smaller blocks than leastBytes are always there.
struct Shortage { int number = 0, failures = 0; std::size_t leastBytes = 0; };
thread_local Shortage t_shortage;

bool isShort(std::size_t size)
{
    if (t_shortage.number <= 0 || size < t_shortage.leastBytes || --t_shortage.number > 0)
        return false;
    t_shortage.number = --t_shortage.failures > 0 ? 1 : 0;
    return true;
}

void *allocated(std::size_t size)
{
    void *block = isShort(size) ? nullptr : std::malloc(size);
    if (!block)
        throw std::bad_alloc();
    return block;
}

} // namespace

// In place of the library's own: of the C++ objects, and of LibTorch's tensors.
void *operator new(std::size_t size) { return allocated(size); }
void *operator new[](std::size_t size) { return allocated(size); }
void operator delete(void *block) noexcept { std::free(block); }
void operator delete[](void *block) noexcept { std::free(block); }
void operator delete(void *block, std::size_t) noexcept { std::free(block); }
void operator delete[](void *block, std::size_t) noexcept { std::free(block); }
extern "C" int posix_memalign(void **block, std::size_t alignment, std::size_t size) noexcept
{
    *block = isShort(size) ? nullptr : memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

extern "C" int fsync(int) { return 0; } // nothing here is worth a wait for the disk
extern "C" int fdatasync(int) { return 0; }

class TestRunMemory : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void runIsCutOffAndGoesOn_data();
    void runIsCutOffAndGoesOn();

private:
    QTemporaryDir m_dir;
    int m_folders = 0;
    Outcome m_expected;
    [[nodiscard]] fs::path freshFolder() { return m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_folders)).toStdString(); }
};

void TestRunMemory::initTestCase()
{
    const fs::path folder = freshFolder();
    VERIFY_OK(makeRunProject(folder));
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    const auto run = workIn(*project);
    VERIFY_OK(run);
    m_expected = outcomeOf(*project, run->run.id);
    QVERIFY(m_expected.adapter.size() > 1000);
}

void TestRunMemory::runIsCutOffAndGoesOn_data()
{
    QTest::addColumn<QString>("where");
    QTest::addColumn<int>("number");
    QTest::addColumn<int>("leastBytes");
    // Without small blocks the libraries themselves end a program (JSON needs some to free its own); large ones run out first.
    constexpr int kLeast = 2048, kLarge = 16384;
    for (const char *where : {"preparing", "running", "step", "evaluated", "checkpointed"}) {
        for (const int number : {1, 5, 30})
            QTest::addRow("%s, allocation %d", where, number) << where << number << kLeast;
        for (const int number : {1, 3, 10})
            QTest::addRow("%s, allocation %d and all later large ones", where, number) << where << number << kLarge;
    }
}

void TestRunMemory::runIsCutOffAndGoesOn()
{
    QFETCH(QString, where);
    QFETCH(int, number);
    QFETCH(int, leastBytes);
    const fs::path folder = freshFolder();
    VERIFY_OK(makeRunProject(folder));
    std::string notices;
    {
        auto project = Project::open(folder, Access::ReadWrite);
        VERIFY_OK(project);
        const auto strike = [=] { t_shortage = {number, leastBytes > 10000 ? 1'000'000 : 1, std::size_t(leastBytes)}; };
        RunInfo last;
        RunEvents events;
        events.stateChanged = [&](const RunInfo &run) {
            last = run;
            if ((where == "preparing" && run.state == RunState::Preparing) || (where == "running" && run.state == RunState::Running))
                strike();
        };
        events.stepFinished = [&](RunId, const MetricPoint &point, double) { where == "step" && point.step == 5 ? strike() : void(); };
        events.evaluated = [&](RunId, const EvalPoint &point) { where == "evaluated" && point.step == 6 ? strike() : void(); };
        events.checkpointed = [&](RunId, const CheckpointInfo &checkpoint) { where == "checkpointed" && checkpoint.step == 6 ? strike() : void(); };
        events.noticed = [&](RunId, const std::string &text) { notices += text + "\n"; };
        const auto run = workIn(*project, events);
        t_shortage = {};
        QVERIFY(engine::isAtRest(last.state)); // whatever happened, no run is left that says it works
        QCOMPARE(project->run(last.id)->state, last.state);
        if (!run) {
            QCOMPARE(run.error().code, ErrorCode::OutOfMemory);
            QCOMPARE(last.state, RunState::Interrupted);
            QVERIFY(!run.error().hint.empty());
            QVERIFY2(QString::fromStdString(last.failure).contains("memory", Qt::CaseInsensitive), last.failure.c_str());
        } else {
            QCOMPARE(last.state, RunState::Finished);
        }
    }
    auto project = Project::open(folder, Access::ReadWrite);
    VERIFY_OK(project);
    VERIFY_OK(project->markInterruptedRuns());
    if (project->runs()->front().state == RunState::Interrupted) {
        const auto resumed = workIn(*project);
        VERIFY_OK(resumed);
        QCOMPARE(resumed->run.state, RunState::Finished);
    }
    if (notices.find("in rows of at most") == std::string::npos) // read in smaller rows: equal but for rounding
        QVERIFY(outcomeOf(*project, project->runs()->front().id) == m_expected);
}

QTEST_APPLESS_MAIN(TestRunMemory)
#include "tst_runmemory.moc"
