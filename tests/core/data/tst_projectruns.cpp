// Runs of a project with their curves and checkpoints, a moved project, prompts.
#include "core/engine/project.h"
#include "core/store/database.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <cstring>

using namespace fettle;
using namespace fettle::engine;
using data::makePair;
using data::Record;
using data::RecordStatus;

class TestProjectRuns : public QObject {
    Q_OBJECT
private slots:
    void init();
    void runsKeepTheirCurves();
    void olderStepsLieInBlocks();
    void damagedBlocksAreNamed_data();
    void damagedBlocksAreNamed();
    void blocksOfOtherLayouts();
    void interruptedRuns();
    void trashedRunsComeBack();
    void notesStayWithTheirRun();
    void projectCanBeMoved();
    void prompts();

private:
    std::filesystem::path path(const char *name = "p.fettle") const { return m_folder->filePath(name).toStdString(); }
    Project create(const char *name = "p.fettle") { return std::move(Project::create(path(name)).value()); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestProjectRuns::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestProjectRuns::runsKeepTheirCurves()
{
    Project project = create();
    RunInfo run;
    run.state = RunState::Running;
    run.method = "lora";
    run.recipeJson = "{}";
    run.steps = 10;
    const auto stored = project.addRun(run);
    QVERIFY(stored);
    QCOMPARE(stored->name, std::string("Run 1"));
    QVERIFY(!stored->started.empty());
    std::vector<MetricPoint> points;
    for (int i = 1; i <= 10; ++i)
        points.push_back({i, i / 10.0, 3.0 / i, 1e-3, i == 3 ? std::nan("") : 1.0, 100, i * 64, 1 << 30, i * 0.5});
    QVERIFY(project.appendMetrics(stored->id, points));
    QVERIFY(project.appendEval(stored->id, {5, 2.5, 400}));
    QVERIFY(project.appendEval(stored->id, {10, 1.5, 400}));
    QVERIFY(project.putCheckpoint(stored->id, {5, (project.runFolder(stored->id) / "5").string(), 2.5}));
    QVERIFY(project.putCheckpoint(stored->id, {10, (project.runFolder(stored->id) / "10").string(), {}}));
    QCOMPARE(project.metrics(stored->id)->size(), std::size_t(10));
    QVERIFY(std::isnan(project.metrics(stored->id)->at(2).gradNorm));
    QCOMPARE(project.metrics(stored->id, 8)->front().step, 9);
    QCOMPARE(project.checkpoints(stored->id)->front().path, (project.runFolder(stored->id) / "5").string());
    QVERIFY(project.truncateRun(stored->id, 5));
    QCOMPARE(project.metrics(stored->id)->size(), std::size_t(5));
    QCOMPARE(project.evals(stored->id)->size(), std::size_t(1));
    QCOMPARE(project.checkpoints(stored->id)->size(), std::size_t(1));
    QVERIFY(project.forgetCheckpoint(stored->id, 5));
    QVERIFY(project.checkpoints(stored->id)->empty());
    run = *stored;
    run.trainLoss = 0.25;
    run.state = RunState::Finished;
    run.adapter = (project.runFolder(run.id) / "adapter").string();
    QVERIFY(project.updateRun(run));
    QCOMPARE(*project.run(run.id)->trainLoss, 0.25);
    QCOMPARE(project.run(run.id)->adapter, run.adapter);
    std::filesystem::create_directories(project.runFolder(run.id));
    QVERIFY(project.deleteRun(run.id));
    QVERIFY(!std::filesystem::exists(project.runFolder(run.id)));
    QCOMPARE(project.run(run.id).error().code, ErrorCode::NotFound);
    QCOMPARE(project.updateRun(run).error().code, ErrorCode::NotFound);
    QCOMPARE(project.addRun({})->name, std::string("Run 2")); // numbers are not used twice
}

// Steps from first to last, as a run has them; some numbers are none.
static std::vector<MetricPoint> steps(std::int64_t first, std::int64_t last, double loss = 3)
{
    std::vector<MetricPoint> points;
    for (std::int64_t i = first; i <= last; ++i)
        points.push_back({i, double(i) / 100, loss / double(i), 1e-3, i % 7 == 3 ? std::nan("") : 1.0, 100, i * 64, 1 << 30, double(i) * 0.5, 0.25, i % 5});
    return points;
}

static bool equal(const std::vector<MetricPoint> &a, const std::vector<MetricPoint> &b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(MetricPoint)) == 0;
}

void TestProjectRuns::olderStepsLieInBlocks()
{
    Project project = create();
    const RunId run = project.addRun({})->id, other = project.addRun({})->id;
    const auto count = [&](const char *table) { return *store::Database::open(path() / "project.db", store::OpenMode::ReadOnly).value()->integer(std::string("SELECT count(*) FROM ") + table); };
    QVERIFY(project.appendMetrics(other, steps(1, 50)));
    std::vector<MetricPoint> all = steps(1, 10'000);
    for (std::size_t i = 0; i < all.size(); i += 500)
        QVERIFY(project.appendMetrics(run, {all.begin() + std::ptrdiff_t(i), all.begin() + std::ptrdiff_t(i + 500)}));
    QCOMPARE(count("metricBlock"), 2);
    QCOMPARE(count("metric"), 10'000 - 2 * 4096 + 50);
    QVERIFY(equal(*project.metrics(run), all));
    for (const std::int64_t after : {0, 1, 4095, 4096, 4097, 9'000, 10'000})
        QVERIFY(equal(*project.metrics(run, after), steps(after + 1, 10'000)));
    // A step that comes again takes the place of the former one.
    all[2000].loss = 7;
    QVERIFY(project.appendMetrics(run, {all[2000]}));
    QVERIFY(equal(*project.metrics(run), all));
    QCOMPARE(count("metricBlock"), 2);
    // Back to a checkpoint inside of a block, and on from there.
    QVERIFY(project.truncateRun(run, 5000));
    QVERIFY(equal(*project.metrics(run), {all.begin(), all.begin() + 5000}));
    const auto again = steps(5001, 30'000, 2);
    QVERIFY(project.appendMetrics(run, again));
    all.resize(5000);
    all.insert(all.end(), again.begin(), again.end());
    QVERIFY(equal(*project.metrics(run), all));
    QCOMPARE(count("metricBlock"), 7);
    QVERIFY(project.truncateRun(run, 0));
    QVERIFY(project.metrics(run)->empty());
    QVERIFY(equal(*project.metrics(other), steps(1, 50)));
    QVERIFY(project.appendMetrics(run, steps(1, 5000)));
    QVERIFY(project.deleteRun(run));
    QCOMPARE(count("metricBlock"), 0);
}

void TestProjectRuns::damagedBlocksAreNamed_data()
{
    QTest::addColumn<QString>("damage");
    QTest::newRow("cut") << "points = substr(points, 1, 1000)";
    QTest::newRow("steps that do not ascend") << "points = zeroblob(length(points))";
    QTest::newRow("points of no size") << "pointBytes = 0";
    QTest::newRow("points of a negative size") << "pointBytes = -88";
    QTest::newRow("points of another size") << "pointBytes = 89";
}

void TestProjectRuns::damagedBlocksAreNamed()
{
    QFETCH(QString, damage);
    Project project = create();
    const RunId run = project.addRun({})->id;
    QVERIFY(project.appendMetrics(run, steps(1, 5000)));
    QVERIFY(store::Database::open(path() / "project.db", store::OpenMode::ReadWrite).value()->execute("UPDATE metricBlock SET " + damage.toStdString()));
    const auto read = project.metrics(run);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::BadInput);
    QVERIFY(QString::fromStdString(read.error().message).contains("curve of run 1"));
}

// What a later version adds to each point is passed over. Points that are smaller than any ever were would ask for many times their size of memory.
void TestProjectRuns::blocksOfOtherLayouts()
{
    Project project = create();
    const auto points = steps(1, 4);
    const auto insertBlock = [&](RunId run, std::size_t pointBytes) {
        std::string bytes;
        for (const MetricPoint &point : points) {
            std::string all(reinterpret_cast<const char *>(&point), sizeof point);
            all.resize(pointBytes, '\x7f');
            bytes += all;
        }
        const auto database = store::Database::open(path() / "project.db", store::OpenMode::ReadWrite).value();
        auto insert = database->prepare("INSERT INTO metricBlock(run, first, last, pointBytes, points) VALUES(?, 1, 4, ?, ?)");
        return insert->bind(run.value).bind(std::int64_t(pointBytes)).bindBytes(bytes).run().has_value();
    };
    const RunId later = project.addRun({})->id, small = project.addRun({})->id;
    QVERIFY(insertBlock(later, sizeof(MetricPoint) + 8) && insertBlock(small, 8));
    QVERIFY(equal(*project.metrics(later), points));
    const auto refused = project.metrics(small);
    QVERIFY(!refused && refused.error().code == ErrorCode::BadInput);
}

void TestProjectRuns::trashedRunsComeBack()
{
    Project project = create();
    RunInfo run;
    run.state = RunState::Finished;
    const auto kept = project.addRun(run), thrown = project.addRun(run);
    QVERIFY(kept && thrown);
    const auto checkpoint = project.runFolder(thrown->id) / "checkpoints" / "5";
    std::filesystem::create_directories(checkpoint);
    QFile file(QString::fromStdString((checkpoint / "weights").string()));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(QByteArray(5000, 'x')) == 5000);
    file.close();
    std::filesystem::create_directory_symlink("/usr", checkpoint / "elsewhere"); // what a link leads to is not the run's
    QVERIFY(project.appendEval(thrown->id, {5, 2.5, 400}));
    QVERIFY(project.trashRun(thrown->id));
    QCOMPARE(project.runs()->size(), std::size_t(1));
    const auto trashed = project.trashedRuns();
    QVERIFY(trashed);
    QCOMPARE(trashed->size(), std::size_t(1));
    QCOMPARE(trashed->front().run.id, thrown->id);
    QVERIFY(!trashed->front().run.trashed.empty());
    QCOMPARE(trashed->front().bytes, 5000);
    QCOMPARE(project.runBytes(kept->id), 0);
    QVERIFY(project.restoreRun(thrown->id));
    QCOMPARE(project.runs()->size(), std::size_t(2));
    QCOMPARE(project.evals(thrown->id)->size(), std::size_t(1));
    run.state = RunState::Running;
    const auto working = project.addRun(run);
    QCOMPARE(project.trashRun(working->id).error().code, ErrorCode::BadInput);
    QCOMPARE(project.trashRun({99}).error().code, ErrorCode::NotFound);
    QVERIFY(project.trashRun(thrown->id));
    QVERIFY(project.deleteRun(thrown->id));
    QVERIFY(project.trashedRuns()->empty());
    QVERIFY(!std::filesystem::exists(project.runFolder(thrown->id)));
    QVERIFY(std::filesystem::exists("/usr"));
}

void TestProjectRuns::notesStayWithTheirRun()
{
    Project project = create();
    const auto run = project.addRun({}), other = project.addRun({});
    const auto late = project.putCurveNote(run->id, {0, 40, "Spike", {}});
    const auto early = project.putCurveNote(run->id, {0, 20, "Names", {}});
    QVERIFY(late && early && late->id != early->id && !late->when.empty());
    QCOMPARE(project.curveNotes(run->id)->front().text, std::string("Names")); // by step
    QVERIFY(project.putCurveNote(run->id, {late->id, 40, "Spike: one odd record", {}}));
    QCOMPARE(project.curveNotes(run->id)->back().text, std::string("Spike: one odd record"));
    QVERIFY(project.curveNotes(other->id)->empty());
    QCOMPARE(project.putCurveNote(other->id, {late->id, 1, "not its own", {}}).error().code, ErrorCode::NotFound);
    QCOMPARE(project.putCurveNote(run->id, {0, 1, "", {}}).error().code, ErrorCode::BadInput);
    QCOMPARE(project.putCurveNote({99}, {0, 1, "x", {}}).error().code, ErrorCode::NotFound);
    QVERIFY(project.removeCurveNote(run->id, late->id));
    QCOMPARE(project.curveNotes(run->id)->size(), std::size_t(1));
    QVERIFY(project.deleteRun(run->id));
    QVERIFY(project.curveNotes(run->id)->empty());
}

void TestProjectRuns::interruptedRuns()
{
    Project project = create();
    for (int state = 0; state <= int(RunState::Interrupted); ++state) {
        RunInfo run;
        run.state = RunState(state);
        QVERIFY(project.addRun(run));
    }
    QCOMPARE(*project.markInterruptedRuns(), 4);
    QCOMPARE(*project.markInterruptedRuns(), 0);
    const auto runs = *project.runs();
    QCOMPARE(runs[std::size_t(RunState::Running)].state, RunState::Interrupted);
    QCOMPARE(runs[std::size_t(RunState::Paused)].state, RunState::Paused);
}

void TestProjectRuns::projectCanBeMoved()
{
    {
        Project project = create();
        RunInfo run = *project.addRun({});
        run.adapter = (project.runFolder(run.id) / "adapter").string();
        QVERIFY(project.updateRun(run));
    }
    std::filesystem::rename(path(), path("moved.fettle"));
    const auto project = Project::open(path("moved.fettle"), Access::ReadOnly);
    QCOMPARE(project->runs()->front().adapter, (path("moved.fettle") / "runs/1/adapter").string());
}

void TestProjectRuns::prompts()
{
    Project project = create();
    const auto first = *project.savePrompt({0, "Title", "system", "text", "", false});
    const auto second = *project.savePrompt({0, "Pinned", "", "text 2", "", true});
    QCOMPARE(project.prompts()->front().id, second);
    SavedPrompt changed = project.prompts()->back();
    changed.text = "other";
    changed.context = "It is Sunday.";
    changed.toolsJson = "[{\"name\": \"find\"}]";
    QCOMPARE(*project.savePrompt(changed), first);
    QCOMPARE(project.prompts()->back().text, std::string("other"));
    QCOMPARE(project.prompts()->back().context, std::string("It is Sunday."));
    QCOMPARE(project.prompts()->back().toolsJson, std::string("[{\"name\": \"find\"}]"));
    QVERIFY(project.deletePrompt(first));
    QCOMPARE(project.prompts()->size(), std::size_t(1));
}

QTEST_APPLESS_MAIN(TestProjectRuns)
#include "tst_projectruns.moc"
