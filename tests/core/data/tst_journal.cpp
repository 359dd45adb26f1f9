// Undo and redo against a model: a thousand random actions, each state remembered; the project must go back and forth through all of them,
// also over restarts.
#include "core/engine/project.h"
#include "core/store/database.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace fettle;
using namespace fettle::engine;
using data::Record;

namespace {

using Model = std::map<std::int64_t, Record>;

Model modelOf(const Project &project)
{
    Model model;
    const auto ids = project.recordIds({}).value();
    for (const RecordId id : ids)
        model[id.value] = *project.record(id);
    return model;
}

class Random {
public:
    explicit Random(std::uint64_t seed) : m_state(seed) { }
    std::size_t below(std::size_t bound)
    {
        m_state = m_state * 6364136223846793005ull + 1442695040888963407ull;
        return bound == 0 ? 0 : (m_state >> 33) % bound;
    }

private:
    std::uint64_t m_state;
};

std::vector<RecordId> someIds(const Model &model, Random &random)
{
    std::vector<RecordId> ids;
    for (const auto &[id, record] : model) {
        if (random.below(3) == 0)
            ids.push_back({id});
    }
    return ids;
}

// Does one random action in the project. False where it changed nothing.
bool act(Project &project, const Model &model, Random &random)
{
    const std::vector<std::string> tags = {"a", "b", "c"};
    const auto ids = someIds(model, random);
    const auto before = project.recordCounter();
    const bool done = [&]() -> bool {
        switch (random.below(8)) {
        case 0: {
            std::vector<Record> records;
            for (std::size_t i = 0; i <= random.below(4); ++i) {
                records.push_back(data::makePair("q" + std::to_string(random.below(20)), random.below(2) ? "c" : "", "a" + std::to_string(random.below(20))));
                records.back().tags = random.below(2) ? tags : std::vector<std::string>{};
                records.back().note = random.below(2) ? "note \"quoted\" \\ \n" : "";
            }
            return project.addRecords(records, "Added").has_value();
        }
        case 1:
            return project.setStatus(ids, data::RecordStatus(random.below(4))).has_value();
        case 2:
            return project.setSplit(ids, data::Split(random.below(4))).has_value();
        case 3:
            return project.addTag(ids, tags[random.below(3)]).has_value();
        case 4:
            return project.removeTag(ids, tags[random.below(3)]).has_value();
        case 5:
            return random.below(3) == 0 ? project.deleteRecords(ids).has_value() : true;
        default: {
            if (model.empty())
                return true;
            Record record = std::next(model.begin(), std::ptrdiff_t(random.below(model.size())))->second;
            record.turns.back().text = "edit " + std::to_string(random.below(1000));
            record.rating = int(random.below(6));
            record.context = random.below(2) ? "" : "context";
            if (random.below(4) == 0)
                record.turns.push_back({data::Role::User, "more", {}});
            return project.saveRecord(record).has_value();
        }
        }
    }();
    if (!done)
        qFatal("an action failed");
    return project.recordCounter() != before;
}

} // namespace

class TestJournal : public QObject {
    Q_OBJECT
private slots:
    void backAndForth_data();
    void backAndForth();
    void newActionDropsRedo();
    void listsNewestFirst();
    void damagedHistoryIsSaid();
};

void TestJournal::backAndForth_data()
{
    QTest::addColumn<int>("seed");
    for (const int seed : {1, 2, 3})
        QTest::addRow("seed %d", seed) << seed;
}

void TestJournal::backAndForth()
{
    QFETCH(int, seed);
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("p.fettle").toStdString();
    std::optional<Project> project = std::move(*Project::create(path));
    Random random{std::uint64_t(seed)};
    std::vector<Model> states = {{}}; // states[i]: after i actions
    std::size_t now = 0;
    int actions = 0;
    for (int round = 0; round < 250; ++round) {
        const std::size_t choice = random.below(10);
        if (choice < 6) {
            if (act(*project, states[now], random)) {
                states.resize(now + 1);
                states.push_back(modelOf(*project));
                ++now;
                ++actions;
                QVERIFY(!project->redoEntry());
            }
        } else if (choice < 8) {
            const std::size_t steps = 1 + random.below(4);
            for (std::size_t i = 0; i < steps; ++i) {
                const auto entry = project->undo();
                QCOMPARE(entry.has_value(), now > 0);
                now -= entry.has_value();
            }
        } else if (choice == 8) {
            const std::size_t steps = 1 + random.below(6);
            for (std::size_t i = 0; i < steps; ++i) {
                const auto entry = project->redo();
                QCOMPARE(entry.has_value(), now + 1 < states.size());
                now += entry.has_value();
            }
        } else {
            project.reset();
            project = std::move(*Project::open(path, Access::ReadWrite));
        }
        QVERIFY(modelOf(*project) == states[now]);
        QCOMPARE(project->undoEntry().has_value(), now > 0);
        QCOMPARE(project->redoEntry().has_value(), now + 1 < states.size());
    }
    while (now > 0) {
        QVERIFY(project->undo());
        QVERIFY(modelOf(*project) == states[--now]);
    }
    while (now + 1 < states.size()) {
        QVERIFY(project->redo());
        QVERIFY(modelOf(*project) == states[++now]);
    }
    QVERIFY2(actions > 60, qPrintable(QString::number(actions)));
}

void TestJournal::newActionDropsRedo()
{
    QTemporaryDir folder;
    Project project = std::move(*Project::create(folder.filePath("p.fettle").toStdString()));
    const auto ids = *project.addRecords({data::makePair("a", "", "b")}, "Added one");
    QVERIFY(project.setStatus(ids, data::RecordStatus::Approved));
    QCOMPARE(project.undo()->what, std::string("Approved record 1"));
    QCOMPARE(project.redoEntry()->what, std::string("Approved record 1"));
    QVERIFY(project.setStatus(ids, data::RecordStatus::New)); // changes nothing, so it drops nothing
    QVERIFY(project.redoEntry());
    QVERIFY(project.setSplit(ids, data::Split::Test));
    QVERIFY(!project.redoEntry());
    QCOMPARE(project.redo().error().code, ErrorCode::NotFound);
}

void TestJournal::listsNewestFirst()
{
    QTemporaryDir folder;
    Project project = std::move(*Project::create(folder.filePath("p.fettle").toStdString()));
    const auto ids = *project.addRecords({data::makePair("a", "", "b"), data::makePair("c", "", "d")}, "Imported 2 records from x.csv");
    QVERIFY(project.addTag(ids, "t"));
    const auto entries = *project.journal(10);
    QCOMPARE(entries.size(), std::size_t(2));
    QCOMPARE(entries[0].what, std::string("Tagged 2 records with t"));
    QCOMPARE(entries[0].records, 2);
    QCOMPARE(entries[1].what, std::string("Imported 2 records from x.csv"));
    QVERIFY(!entries[1].when.empty());
    QCOMPARE(project.journal(1)->size(), std::size_t(1));
}

void TestJournal::damagedHistoryIsSaid()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("p.fettle").toStdString();
    {
        Project project = std::move(*Project::create(path));
        QVERIFY(project.addRecords({data::makePair("a", "", "b")}, "Added"));
        QVERIFY(project.deleteRecords({{1}}));
    }
    {
        auto database = store::Database::open(path / "project.db", store::OpenMode::ReadWrite);
        QVERIFY((*database)->execute("UPDATE journalItem SET before = '{\"content\": -5, \"status; DROP TABLE record\": 1}' WHERE before IS NOT NULL"));
    }
    Project project = std::move(*Project::open(path, Access::ReadWrite));
    const auto undone = project.undo();
    QCOMPARE(undone.error().code, ErrorCode::BadInput);
    QCOMPARE(project.recordCounts()->all, 0);
    QVERIFY(project.undoEntry());
}

QTEST_APPLESS_MAIN(TestJournal)
#include "tst_journal.moc"
