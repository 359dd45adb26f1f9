// The records of a project as the window and the command line use them: edits, filters, counts, several handles.
#include "tests/core/data/projectfixture.h"

#include "core/data/recordquery.h"
#include "core/store/database.h"

#include <QTemporaryDir>
#include <QtTest>
#include <atomic>
#include <stop_token>
#include <thread>

using namespace fixture;
using data::RecordStatus;

class TestProject : public QObject {
    Q_OBJECT
private slots:
    void init();
    void createsAndOpens();
    void refusesFolders_data();
    void refusesFolders();
    void recordsComeBack();
    void savingMarksAsEdited();
    void filters_data();
    void filters();
    void sorts();
    void textsAreSortedAsSqliteSortsThem();
    void countsAreRememberedUntilSomethingChanges();
    void aListCanBeStopped();
    void countsAndRows();
    void readersSeeChanges();
    void readersCannotWrite();
    void readerBesideWriter();

private:
    std::filesystem::path path(const char *name = "p.fettle") const { return m_folder->filePath(name).toStdString(); }
    Project create(const char *name = "p.fettle") { return std::move(Project::create(path(name)).value()); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestProject::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestProject::createsAndOpens()
{
    {
        auto project = Project::create(path());
        QVERIFY(project);
        QCOMPARE(project->name(), std::string("p"));
        QVERIFY(project->setSetting("maxLength", "512"));
        const auto again = Project::create(path());
        QCOMPARE(again.error().code, ErrorCode::BadInput);
        const auto second = Project::open(path(), Access::ReadWrite);
        QCOMPARE(second.error().code, ErrorCode::NoPermission);
        QVERIFY(second.error().message.find("open in another Fettle") != std::string::npos);
        QVERIFY(Project::open(path(), Access::ReadOnly));
    }
    const auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY(project);
    QCOMPARE(*project->setting("maxLength"), std::string("512"));
    QVERIFY(!project->setting("baseModel"));
    QVERIFY(Project::open(path() / "project.db", Access::ReadOnly));
}

void TestProject::refusesFolders_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<int>("code");
    QTest::newRow("missing") << "missing" << int(ErrorCode::NotFound);
    QTest::newRow("empty folder") << "empty" << int(ErrorCode::BadInput);
    QTest::newRow("noise") << "noise" << int(ErrorCode::BadInput);
    QTest::newRow("folder instead of database") << "folder" << int(ErrorCode::BadInput);
    QTest::newRow("tables missing") << "tables" << int(ErrorCode::BadInput);
}

void TestProject::refusesFolders()
{
    QFETCH(QString, kind);
    QFETCH(int, code);
    const QDir folder(m_folder->path());
    if (kind != "missing")
        QVERIFY(folder.mkdir("x.fettle"));
    const QString file = m_folder->filePath("x.fettle/project.db");
    if (kind == "noise") {
        QFile out(file);
        QVERIFY(out.open(QIODevice::WriteOnly) && out.write(QByteArray(10000, 'n')) > 0);
    } else if (kind == "folder") {
        QVERIFY(folder.mkpath("x.fettle/project.db"));
    } else if (kind == "tables") {
        // A valid header with our mark and version, and nothing in it.
        create("donor.fettle");
        QFile donor(m_folder->filePath("donor.fettle/project.db"));
        QVERIFY(donor.open(QIODevice::ReadOnly));
        QFile out(file);
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(donor.read(4096));
    }
    for (const Access access : {Access::ReadOnly, Access::ReadWrite}) {
        const auto project = Project::open(path("x.fettle"), access);
        QVERIFY(!project);
        QCOMPARE(int(project.error().code), code);
        QVERIFY(!project.error().message.empty() && !project.error().hint.empty());
    }
}

void TestProject::recordsComeBack()
{
    Project project = create();
    std::vector<Record> records = someRecords();
    Record conversation;
    conversation.turns = {{data::Role::System, "s", {}},
                          {data::Role::User, std::string("nul \0 kept", 10), {}},
                          {data::Role::Assistant, "", R"({"tool_calls": [{"id": 123456789012345678901234567890}]})"},
                          {data::Role::Tool, "\xF0\x9F\x90\xB1 \r\n\t  trailing  ", R"({"name": "f"})"},
                          {data::Role::Assistant, "done", {}}};
    conversation.toolsJson = "[{\"type\": \"function\"}]";
    records.push_back(conversation);
    const auto ids = project.addRecords(records, "Added");
    QVERIFY(ids);
    QCOMPARE(ids->size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].id = (*ids)[i];
        const auto read = project.record((*ids)[i]);
        QVERIFY(read);
        QVERIFY(*read == records[i]);
    }
    QCOMPARE(project.record({99}).error().code, ErrorCode::NotFound);
    Record bad = makePair("a", "", "b\xff");
    const auto refused = project.addRecords({makePair("good", "", "good"), bad}, "Added");
    QCOMPARE(refused.error().code, ErrorCode::BadInput);
    QCOMPARE(project.recordCounts()->all, 6); // nothing half-done
    QVERIFY(data::contentHash(records[0]) != data::contentHash(records[3]));
    QVERIFY(data::contentHash(makePair("ab", "", "c")) != data::contentHash(makePair("a", "", "bc")));
    QVERIFY(data::contentHash(makePair("a", "b", "c")) != data::contentHash(makePair("ab", "", "c")));
}

void TestProject::savingMarksAsEdited()
{
    Project project = create();
    const auto ids = *project.addRecords(someRecords(), "Added");
    Record record = *project.record(ids[0]);
    const auto before = project.changeCounter();
    QVERIFY(project.saveRecord(record));
    QCOMPARE(project.changeCounter(), before); // nothing changed
    record.note = "checked";
    QVERIFY(project.saveRecord(record));
    QCOMPARE(project.record(ids[0])->status, RecordStatus::New);
    QVERIFY(project.changeCounter() > before);
    record.turns[1].text = "In room 7.";
    QVERIFY(project.saveRecord(record));
    QCOMPARE(project.record(ids[0])->status, RecordStatus::Edited);
    record.status = RecordStatus::Approved;
    record.turns[1].text = "In room 8.";
    QVERIFY(project.saveRecord(record));
    QCOMPARE(project.record(ids[0])->status, RecordStatus::Approved);
    QCOMPARE(project.undoEntry()->what, std::string("Edited record 1"));
    record.id = {77};
    QCOMPARE(project.saveRecord(record).error().code, ErrorCode::NotFound);
    // Old words are not found any more, new ones are.
    RecordFilter filter;
    filter.text = "room 8";
    QCOMPARE(numbers(project.recordIds(filter)), (std::vector<std::int64_t>{1}));
    filter.text = "room 7";
    QVERIFY(project.recordIds(filter)->empty());
}

void TestProject::filters_data()
{
    QTest::addColumn<RecordFilter>("filter");
    QTest::addColumn<std::vector<std::int64_t>>("expected");
    using Ids = std::vector<std::int64_t>;
    const auto withText = [](const char *text) { RecordFilter filter; filter.text = text; return filter; };
    QTest::newRow("all") << RecordFilter{} << Ids{1, 2, 3, 4, 5};
    QTest::newRow("word") << withText("cats") << Ids{1, 4};
    QTest::newRow("beginning of a word") << withText("labor") << Ids{3};
    QTest::newRow("words in any field") << withText("cats 6") << Ids{4};
    QTest::newRow("accents do not matter") << withText("cafe hunde") << Ids{2};
    QTest::newRow("system turn") << withText("briefly") << Ids{2};
    QTest::newRow("signs of the query language are text") << withText("\"cats\" OR (wait*") << Ids{};
    QTest::newRow("only signs") << withText("\" * ( - ?") << Ids{1, 2, 3, 4, 5};
    RecordFilter filter;
    filter.tags = {"dogs", "rooms"};
    QTest::newRow("any of the tags") << filter << Ids{1, 2};
    filter = {};
    filter.splits = {Split::HeldOut, Split::Test};
    QTest::newRow("split") << filter << Ids{5};
    filter = {};
    filter.statuses = {RecordStatus::Approved};
    QTest::newRow("no such status") << filter << Ids{};
    filter = {};
    filter.flag = RecordFlag::Empty;
    QTest::newRow("empty") << filter << Ids{3};
    filter = withText("wait");
    filter.tags = {"cats"};
    filter.descending = true;
    QTest::newRow("together, descending") << filter << Ids{4, 1};
    filter = {};
    filter.tags = {"' OR 1=1 --"};
    QTest::newRow("no injection") << filter << Ids{};
}

void TestProject::filters()
{
    QFETCH(RecordFilter, filter);
    QFETCH(std::vector<std::int64_t>, expected);
    Project project = create();
    QVERIFY(project.addRecords(someRecords(), "Added"));
    const auto ids = project.recordIds(filter);
    QVERIFY2(ids, ids ? "" : ids.error().detail.c_str());
    QCOMPARE(numbers(ids), expected);
}

void TestProject::sorts()
{
    Project project = create();
    const auto ids = *project.addRecords(someRecords(), "Added");
    const auto hashOf = [&](RecordId id) { return data::contentHash(*project.record(id)); };
    QVERIFY(project.storeLengths({{hashOf(ids[0]), 30}, {hashOf(ids[1]), 10}, {hashOf(ids[4]), 20}}, 25));
    const auto sorted = [&](RecordSort sort, bool descending) {
        RecordFilter filter;
        filter.sort = sort;
        filter.descending = descending;
        return numbers(project.recordIds(filter));
    };
    using Ids = std::vector<std::int64_t>;
    QCOMPARE(sorted(RecordSort::Instruction, false), (Ids{1, 4, 5, 3, 2}));
    QCOMPARE(sorted(RecordSort::Response, false), (Ids{3, 2, 1, 4, 5}));
    QCOMPARE(sorted(RecordSort::Tokens, false), (Ids{2, 5, 1, 3, 4}));
    QCOMPARE(sorted(RecordSort::Tokens, true), (Ids{1, 5, 2, 4, 3})); // unknown ones last
    QCOMPARE(sorted(RecordSort::Split, true), (Ids{5, 4, 3, 2, 1}));
    RecordFilter tooLong;
    tooLong.flag = RecordFlag::TooLong;
    QCOMPARE(numbers(project.recordIds(tooLong)), (Ids{1}));
}

// Either case, letters beyond ASCII, texts that begin alike (also for as long as the order first looks), equal ones, empty ones.
void TestProject::textsAreSortedAsSqliteSortsThem()
{
    Project project = create();
    const std::vector<std::string> pieces = {"a", "A", "b", "Z", "z", "_", "[", "`", "\xc3\xa4", "\xf0\x9f\x90\xb1", " ", "the same beginning ", "9", "\x7f",
                                             std::string(31, 'y'), std::string(32, 'Y')};
    std::uint64_t state = 11;
    const auto random = [&state](std::uint64_t below) { return state = state * 6364136223846793005ull + 1442695040888963407ull, (state >> 33) % below; };
    std::vector<Record> records;
    for (int i = 0; i < 3000; ++i) {
        std::string question, answer;
        for (std::uint64_t k = random(5); k > 0; --k)
            question += pieces[random(pieces.size())];
        for (std::uint64_t k = random(3); k > 0; --k)
            answer += pieces[random(pieces.size())];
        records.push_back(data::makePair(question, "", answer));
    }
    QVERIFY(project.addRecords(records, "Added"));
    const auto database = store::Database::open(project.folder() / "project.db", store::OpenMode::ReadOnly);
    QVERIFY(database);
    for (const auto &[sort, column] : {std::pair(RecordSort::Instruction, "instruction"), std::pair(RecordSort::Response, "response")}) {
        for (const bool isDescending : {false, true}) {
            const std::string direction = isDescending ? "DESC" : "ASC";
            auto statement = (*database)->prepare("SELECT r.id FROM record r JOIN content c ON c.id = r.content ORDER BY c." + std::string(column) + " COLLATE NOCASE " + direction + ", r.id " + direction);
            QVERIFY(statement);
            RecordFilter filter;
            filter.sort = sort;
            filter.descending = isDescending;
            QVERIFY(project.recordIds(filter).value() == data::readIds(*statement).value());
        }
    }
}

void TestProject::countsAreRememberedUntilSomethingChanges()
{
    Project project = create();
    const auto ids = *project.addRecords(someRecords(), "Added");
    auto reader = Project::open(project.folder(), Access::ReadOnly);
    QVERIFY(reader);
    const auto approved = [&] { return reader->recordCounts()->byStatus.at(RecordStatus::Approved); };
    QCOMPARE(approved(), 0);
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(reader->recordCounts(stop.get_token())->all, 5); // known: nothing is counted that could be stopped
    QVERIFY(project.setStatus({ids[0]}, RecordStatus::Approved));
    QCOMPARE(approved(), 1);
    QVERIFY(project.undo());
    QCOMPARE(approved(), 0);
    QVERIFY(project.storeLengths({{data::contentHash(*project.record(ids[0])), 30}}, 25));
    QCOMPARE(reader->recordCounts()->byFlag.at(RecordFlag::TooLong), 1);
    QVERIFY(project.putDraft(ids[1], {"An answer", "Run 1", "", false}));
    QCOMPARE(reader->recordCounts()->drafts, 1);
}

void TestProject::aListCanBeStopped()
{
    Project project = create();
    std::vector<Record> records;
    for (int i = 0; i < 20'000; ++i)
        records.push_back(data::makePair("Question " + std::to_string(i), "", "Answer"));
    QVERIFY(project.addRecords(records, "Added"));
    std::stop_source stop;
    stop.request_stop();
    RecordFilter filter;
    filter.sort = RecordSort::Tokens;
    const auto ids = project.recordIds(filter, stop.get_token());
    QVERIFY(!ids);
    QCOMPARE(ids.error().code, ErrorCode::Cancelled);
    const auto counts = project.recordCounts(stop.get_token());
    QVERIFY(!counts);
    QCOMPARE(counts.error().code, ErrorCode::Cancelled);
    QCOMPARE(project.recordIds(filter)->size(), records.size());
    QCOMPARE(project.recordCounts()->all, 20'000);
}

void TestProject::countsAndRows()
{
    Project project = create();
    auto records = someRecords();
    records[4].turns[1].text = "A long\n\n  answer " + std::string(500, 'x');
    const std::vector<std::string> sources = {"rules, old.csv, line 12", "rules, old.csv, line 13", "phone.csv, line 2", "", "Corrected"};
    for (std::size_t i = 0; i < sources.size(); ++i)
        records[i].source = sources[i];
    const auto ids = *project.addRecords(records, "Added");
    QVERIFY(project.setStatus({ids[0], ids[1]}, RecordStatus::Approved));
    QVERIFY(project.setStatus({ids[2]}, RecordStatus::Rejected));
    const auto counts = *project.recordCounts();
    QCOMPARE(counts.all, 5);
    QCOMPARE(counts.byStatus.at(RecordStatus::Approved), 2);
    QCOMPARE(counts.byStatus.at(RecordStatus::New), 2);
    QCOMPARE(counts.bySplit.at(Split::HeldOut), 1);
    QCOMPARE(counts.byTag.at("cats"), 2);
    QCOMPARE(counts.bySource, (std::map<std::string, std::int64_t>{{"", 1}, {"Corrected", 1}, {"phone.csv", 1}, {"rules, old.csv", 2}}));
    RecordFilter fromSome;
    fromSome.sources = {"rules, old.csv", ""};
    QCOMPARE(project.recordIds(fromSome), (std::vector<RecordId>{ids[0], ids[1], ids[3]}));
    QCOMPARE(counts.byFlag.at(RecordFlag::Empty), 0); // the empty one is rejected
    const auto rows = *project.recordRows({ids[4], {99}, ids[1]});
    QCOMPARE(rows.size(), std::size_t(2));
    QCOMPARE(rows[0].response, "A long answer " + std::string(186, 'x'));
    QCOMPARE(rows[0].split, Split::HeldOut);
    QCOMPARE(rows[1].tags, std::vector<std::string>{"dogs"});
    QCOMPARE(rows[1].turns, 3);
    QCOMPARE(rows[1].status, RecordStatus::Approved);
    QVERIFY(!rows[1].tokens && !rows[1].loss);
}

void TestProject::readersSeeChanges()
{
    Project writer = create();
    const auto reader = Project::open(path(), Access::ReadOnly);
    QVERIFY(reader);
    const auto before = reader->changeCounter();
    const auto ids = *writer.addRecords(someRecords(), "Added");
    QVERIFY(reader->changeCounter() > before);
    QCOMPARE(reader->recordCounts()->all, 5);
    const auto lists = reader->recordCounter();
    const auto run = writer.addRun({});
    QVERIFY(writer.appendMetrics(run->id, {{}}));
    QCOMPARE(reader->recordCounter(), lists);
    QVERIFY(writer.deleteRecords(ids));
    QVERIFY(reader->recordCounter() > lists);
    QVERIFY(reader->recordIds({})->empty());
}

void TestProject::readersCannotWrite()
{
    create();
    auto reader = Project::open(path(), Access::ReadOnly);
    QCOMPARE(reader->addRecords(someRecords(), "Added").error().code, ErrorCode::NoPermission);
    QCOMPARE(reader->undo().error().code, ErrorCode::NoPermission);
}

// The window reads while the engine writes: neither waits for the other nor fails, and what is read is whole.
void TestProject::readerBesideWriter()
{
    Project writer = create();
    std::vector<Record> records;
    for (int i = 0; i < 500; ++i)
        records.push_back(makePair("Question " + std::to_string(i), "", "Answer"));
    const auto ids = *writer.addRecords(records, "Added");
    std::atomic<bool> isDone = false;
    std::atomic<int> reads = 0, failures = 0;
    std::jthread reading([&] {
        auto reader = Project::open(path(), Access::ReadOnly);
        failures += !reader;
        while (reader && !isDone) {
            const auto counts = reader->recordCounts();
            const auto found = reader->recordIds({});
            const auto rows = found ? reader->recordRows({found->begin(), found->begin() + 50}) : Result<std::vector<RecordRow>>{};
            const bool isWhole = counts && found && rows && counts->all == 500 && found->size() == 500 && rows->size() == 50
                && (counts->byStatus.at(RecordStatus::Approved) == 0 || counts->byStatus.at(RecordStatus::Approved) == 500);
            failures += !isWhole;
            ++reads;
        }
    });
    const auto run = *writer.addRun({});
    std::atomic<int> steps = 0;
    std::jthread running([&] {
        auto beside = Project::open(path(), Access::WriteBeside);
        failures += !beside;
        for (int step = 1; beside && !isDone; ++step, ++steps)
            failures += !beside->appendMetrics(run.id, {{step}});
    });
    for (int round = 0; round < 60; ++round) {
        QVERIFY(writer.setStatus(ids, round % 2 ? RecordStatus::New : RecordStatus::Approved));
        QVERIFY(writer.setSetting("round", std::to_string(round)));
    }
    isDone = true;
    reading.join();
    running.join();
    qInfo("%d reads and %d steps of a run beside 120 writes", reads.load(), steps.load());
    QCOMPARE(std::int64_t(writer.metrics(run.id)->size()), std::int64_t(steps));
    QVERIFY(reads > 0);
    QCOMPARE(failures.load(), 0);
}

QTEST_APPLESS_MAIN(TestProject)
#include "tst_project.moc"
