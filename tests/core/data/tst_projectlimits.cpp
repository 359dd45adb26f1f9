// A project at its limits: a full disk, damaged files, a hundred thousand records.
#include "core/base/clock.h"
#include "core/engine/project.h"
#include "core/store/database.h"

#include <QTemporaryDir>
#include <QtTest>
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fettle;
using namespace fettle::engine;
using data::makePair;
using data::Record;
using data::RecordStatus;

namespace {

std::vector<Record> fewRecords()
{
    std::vector<Record> records;
    for (const char *question : {"Where do cats wait?", "Wo warten Hunde?", "Which line?", "Which day?", "Who?"})
        records.push_back(makePair(question, "A context", "An answer.", "Answer briefly."));
    records[0].tags = {"cats", "rooms"};
    records[1].note = "fact: the garden";
    return records;
}

} // namespace

class TestProjectLimits : public QObject {
    Q_OBJECT
private slots:
    void init();
    void fullDiskLeavesTheProjectUsable();
    void damagedProjects();
    void anEditWritesLittleAfterAnImport();
    void hundredThousandRecords();

private:
    std::filesystem::path path(const char *name = "p.fettle") const { return m_folder->filePath(name).toStdString(); }
    Project create(const char *name = "p.fettle") { return std::move(Project::create(path(name)).value()); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestProjectLimits::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

// The child may write files of 1.5 MB at most: what the system answers then is what a full disk answers.
void TestProjectLimits::fullDiskLeavesTheProjectUsable()
{
    create();
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1'500'000, 1'500'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto project = Project::open(path(), Access::ReadWrite);
        int code = project ? 0 : 10;
        for (int i = 0; code == 0 && i < 200; ++i) {
            const auto added = project->addRecords({makePair("Question " + std::to_string(i), "", std::string(50'000, char('a' + i % 26)) + std::to_string(i))}, "Added");
            if (added)
                continue;
            if (added.error().code != ErrorCode::DiskFull) {
                qWarning("%s %s", added.error().message.c_str(), added.error().detail.c_str());
                code = 11;
            }
            if (code == 0 && (project->recordCounts()->all != i || !project->record({1})))
                code = 12;
            ::_exit(code == 0 ? 42 : code);
        }
        ::_exit(code == 0 ? 14 : code);
    }
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 42);
    auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY2(project, project ? "" : project.error().message.c_str());
    const auto kept = project->recordCounts()->all;
    QVERIFY(kept > 2);
    QVERIFY(project->addRecords(fewRecords(), "Added"));
    QCOMPARE(project->recordCounts()->all, kept + 5);
    QVERIFY(project->undo());
}

// Random bytes of a real project are changed: every call ends in a value or an error with words.
void TestProjectLimits::damagedProjects()
{
    {
        Project project = create();
        auto records = fewRecords();
        for (int i = 0; i < 200; ++i)
            records.push_back(makePair("Question " + std::to_string(i), "", std::string(std::size_t(i), 'a')));
        const auto ids = *project.addRecords(records, "Added");
        QVERIFY(project.setStatus(ids, RecordStatus::Approved));
        QVERIFY(project.freezeSnapshot({}, {}));
        QVERIFY(project.addRun({}));
        QVERIFY(project.savePrompt({0, "a", "b", "c", "", false}));
    }
    const QString file = m_folder->filePath("p.fettle/project.db");
    QFile original(file);
    QVERIFY(original.open(QIODevice::ReadOnly));
    const QByteArray bytes = original.readAll();
    original.close();
    std::uint64_t state = 2024;
    const auto random = [&] { return state = state * 6364136223846793005ull + 1442695040888963407ull, state >> 33; };
    int opened = 0, refused = 0;
    const auto check = [&](const auto &result) {
        if (!result) {
            ++refused;
            QVERIFY(!result.error().message.empty() && result.error().code != ErrorCode::Cancelled);
        }
    };
    for (int round = 0; round < 250; ++round) {
        QByteArray broken = bytes;
        for (int i = 0; i < 1 + round % 12; ++i)
            broken[qsizetype(random() % std::uint64_t(broken.size()))] = char(random());
        QFile out(file);
        QVERIFY(out.open(QIODevice::WriteOnly | QIODevice::Truncate) && out.write(broken) == broken.size());
        out.close();
        const Access access = round % 3 ? Access::ReadOnly : Access::ReadWrite; // a reader does not check the whole file first
        if (auto project = Project::open(path(), access)) {
            ++opened;
            RecordFilter filter;
            filter.text = "question";
            filter.sort = RecordSort::Instruction;
            check(project->recordIds(filter));
            const auto ids = project->recordIds({});
            check(ids);
            check(project->recordRows(ids.value_or(std::vector<RecordId>{{1}, {2}})));
            for (std::int64_t id = 1; id < 30; ++id)
                check(project->record({id}));
            check(project->recordCounts());
            check(project->journal(10));
            check(project->snapshots());
            check(project->snapshotRecords({1}));
            check(project->runs());
            check(project->prompts());
            if (access == Access::ReadWrite) {
                check(project->undo());
                check(project->undo());
                check(project->updateFindings());
            }
        } else {
            check(project);
        }
        QFile::remove(file + "-wal");
        QFile::remove(file + "-shm");
    }
    qInfo("%d of 250 could be opened, %d calls refused", opened, refused);
    QVERIFY(opened > 50 && refused > 50);
}

// What an edit writes does not depend on what an import left in the full-text index: it is not the edit that joins it.
void TestProjectLimits::anEditWritesLittleAfterAnImport()
{
    std::uint64_t state = 3;
    const auto random = [&] { return state = state * 6364136223846793005ull + 1442695040888963407ull, state >> 33; };
    constexpr int kRows = 16'000;
    QFile file(m_folder->filePath("rows.jsonl"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    for (int i = 0; i < kRows; ++i) {
        QByteArray answer;
        for (int k = 0; k < 60; ++k)
            answer += "term" + QByteArray::number(qulonglong(random() % 50'000)) + ' ';
        file.write("{\"instruction\": \"Question " + QByteArray::number(i) + "\", \"output\": \"" + answer + "\"}\n");
    }
    file.close();
    QVERIFY(create().importFile(file.fileName().toStdString(), {}));
    auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY(project);
    const auto reader = store::Database::open(project->folder() / "project.db", store::OpenMode::ReadOnly);
    QVERIFY(reader);
    const auto glance = store::Transaction::begin(**reader, store::TransactionKind::Read); // the log only grows while somebody reads
    const auto indexed = (*reader)->integer("SELECT count(*) FROM contentText_data");
    QVERIFY(glance && indexed);
    const auto log = [&] { return std::int64_t(std::filesystem::file_size(project->folder() / "project.db-wal")); };
    std::int64_t most = 0;
    for (int i = 0; i < 150; ++i) {
        auto record = project->record({1 + std::int64_t(random() % kRows)});
        QVERIFY(record);
        record->turns.back().text += " Corrected.";
        const std::int64_t before = log();
        QVERIFY(project->saveRecord(*record));
        most = std::max(most, log() - before);
    }
    constexpr std::int64_t kFrame = 4096 + 24;
    qInfo("%lld pages of the index; an edit wrote %lld pages at most", static_cast<long long>(*indexed), static_cast<long long>(most / kFrame));
    QVERIFY(most > 0 && most / kFrame < *indexed / 4);
}

void TestProjectLimits::hundredThousandRecords()
{
    Project project = create();
    std::vector<Record> records;
    std::uint64_t state = 7;
    const auto random = [&] { return state = state * 6364136223846793005ull + 1442695040888963407ull, state >> 33; };
    for (int i = 0; i < 100'000; ++i) {
        std::string question, answer;
        for (int k = 0; k < 12; ++k)
            question += "word" + std::to_string(random() % 5000) + ' ';
        for (int k = 0; k < 40; ++k)
            answer += "term" + std::to_string(random() % 5000) + ' ';
        records.push_back(makePair(question, "", answer));
        records.back().tags = {"tag" + std::to_string(i % 7)};
    }
    Stopwatch watch;
    const auto report = [&](const char *what, double limit) {
        const double seconds = watch.seconds();
        qInfo("%-28s %.3f s", what, seconds);
        // Ten times the goal: a busy machine must not fail the test, a quadratic algorithm must.
        QVERIFY2(seconds < limit * 10, what);
        watch.restart();
    };
    const auto ids = project.addRecords(records, "Imported");
    QVERIFY(ids);
    report("add 100,000", 8);
    RecordFilter filter;
    QCOMPARE(project.recordIds(filter)->size(), std::size_t(100'000));
    report("ids, all", 0.2);
    filter.statuses = {RecordStatus::New};
    filter.sort = RecordSort::Instruction;
    QCOMPARE(project.recordIds(filter)->size(), std::size_t(100'000));
    report("ids, status, by instruction", 0.3);
    filter.sort = RecordSort::Tokens;
    QVERIFY(project.recordIds(filter));
    report("ids, by tokens", 0.2);
    filter.sort = RecordSort::Number;
    filter.text = "word17 term4";
    QVERIFY(!project.recordIds(filter)->empty());
    report("ids, two words", 0.2);
    filter.text.clear();
    filter.tags = {"tag3"};
    QCOMPARE(project.recordIds(filter)->size(), std::size_t(14'286));
    report("ids, tag", 0.2);
    QVERIFY(project.recordCounts());
    report("counts", 0.2);
    QVERIFY(project.recordRows({ids->begin(), ids->begin() + 100}));
    report("100 rows", 0.02);
    QVERIFY(project.setStatus(*ids, RecordStatus::Approved));
    report("approve all", 2);
    QVERIFY(project.undo());
    report("undo", 3);
    QVERIFY(project.redo());
    report("redo", 3);
    QVERIFY(project.addTag(*ids, "all"));
    report("tag all", 5);
    QVERIFY(project.updateFindings());
    report("findings", 8);
    QVERIFY(project.freezeSnapshot({}, {}));
    report("snapshot", 5);
    QVERIFY(project.deleteRecords(*ids));
    report("delete all", 5);
    QVERIFY(project.undo());
    report("undo delete", 8);
    Record record = *project.record(ids->front());
    record.turns[0].text = "One edit.";
    watch.restart();
    QVERIFY(project.saveRecord(record));
    report("one edit, redo dropped", 0.3);
    record.turns[0].text = "Another edit.";
    QVERIFY(project.saveRecord(record));
    report("one edit", 0.1);
    QCOMPARE(project.recordCounts()->all, 100'000);
}

QTEST_APPLESS_MAIN(TestProjectLimits)
#include "tst_projectlimits.moc"
