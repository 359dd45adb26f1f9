// A power cut at every place of the writing of checkpoints. The newest checkpoint that was reported as complete must always be found, with its
// own bytes.
#include "core/io/atomicfile.h"
#include "core/train/checkpoint.h"
#include "tests/core/recordeddisk.h"

#include <QTemporaryDir>
#include <QTest>

using namespace fettle;
using namespace fettle::train;
using recorded::Disk;
using recorded::g_recorder;
namespace fs = std::filesystem;

namespace {

std::string weightsOf(std::int64_t step) { return std::string(3000, char('a' + step)) + std::to_string(step); }

} // namespace

class TestPowerCut : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void completeCheckpointsAreFound();
    void withoutSyncingTheyWouldBeLost();

private:
    [[nodiscard]] int losses(bool withSync, int seeds);
    QTemporaryDir m_dir;
    std::map<std::int64_t, std::size_t> m_complete; // by step: operations done when it was reported as complete
};

// Three checkpoints as a run writes them, of which two are kept.
void TestPowerCut::initTestCase()
{
    g_recorder.begin(m_dir.filePath(QStringLiteral("live")).toStdString());
    const fs::path folder = g_recorder.root / "runs" / "1" / "checkpoints";
    for (const std::int64_t step : {1, 2, 3}) {
        auto writer = CheckpointWriter::begin(folder, step);
        QVERIFY(writer.has_value());
        QVERIFY(io::writeFileAtomically(writer->path() / "weights", weightsOf(step)).has_value());
        QVERIFY(io::writeFileAtomically(writer->path() / "state.json", "{}").has_value());
        QVERIFY(writer->finish().has_value());
        m_complete[step] = g_recorder.operations.size();
        retainCheckpoints(folder, 2, {});
    }
    g_recorder.isOn = false;
    // The recorder has seen what the disk has: no call went past it.
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(g_recorder.root))
        QVERIFY2(g_recorder.find(entry.path()) >= 0, entry.path().c_str());
    QVERIFY(g_recorder.find(folder / "step-3" / "weights") > 0);
    QVERIFY(g_recorder.find(folder / "step-1") < 0);
    QCOMPARE(listCheckpoints(folder).size(), 2U);
}

// How many of the disks have lost a checkpoint that was complete, or take a damaged one for good.
int TestPowerCut::losses(bool withSync, int seeds)
{
    int lost = 0;
    for (std::size_t count = 0; count <= g_recorder.operations.size(); ++count) {
        std::int64_t complete = 0;
        for (const auto &[step, done] : m_complete)
            complete = done <= count ? step : complete;
        for (int seed = 0; seed < seeds; ++seed) {
            const fs::path after = fs::path(m_dir.path().toStdString()) / "after";
            fs::remove_all(after);
            Disk(g_recorder, count, unsigned(seed) + 1000U * unsigned(count), withSync).putInto(after);
            const auto newest = newestValidCheckpoint(after / "runs" / "1" / "checkpoints");
            if (!newest) {
                lost += complete > 0;
                continue;
            }
            std::ifstream file(newest->checkpoint.path / "weights", std::ios::binary);
            const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
            lost += newest->checkpoint.step < complete || bytes != weightsOf(newest->checkpoint.step);
        }
    }
    return lost;
}

void TestPowerCut::completeCheckpointsAreFound()
{
    QCOMPARE(losses(true, 3), 0);
}

// The disks are bad enough to show a missing sync.
void TestPowerCut::withoutSyncingTheyWouldBeLost()
{
    QVERIFY(losses(false, 1) > 0);
}

QTEST_APPLESS_MAIN(TestPowerCut)
#include "tst_powercut.moc"
