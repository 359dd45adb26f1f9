// What is exported is imported again as the same records; what a format cannot hold is named. And what differs between snapshots.
#include "tests/core/data/projectfixture.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace fixture;
using data::DataFormat;
using data::RecordStatus;
using data::Role;

class TestDataExport : public QObject {
    Q_OBJECT
private slots:
    void init();
    void importGivesTheSameRecords_data();
    void importGivesTheSameRecords();
    void otherProgramsSeeTheContext();
    void cancelLeavesNoFile();
    void snapshotsDiffer();
    void goesBackToASnapshot();

private:
    std::filesystem::path path(const std::string &name) const { return m_folder->filePath(QString::fromStdString(name)).toStdString(); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

namespace {

// Everything that is hard to write and to read again.
std::vector<Record> hardRecords()
{
    std::vector<Record> records = someRecords();
    records[0].status = RecordStatus::Approved;
    records[1].status = RecordStatus::Rejected;
    records[1].tags = {"dogs", "a, b; c", "[x]"};
    records.push_back(makePair(" spaces \t and \"quotes\", 'single'; =1+1 | \\n ", "", "line\r\nother\n\nlast\xe2\x80\xa8sep\x01 \xf0\x9f\x98\x80 "));
    records.push_back(makePair("", "only a context", "x"));
    records.push_back(makePair("0012", "", "123456789012345678901234567890.10", "-"));
    Record talk;
    talk.turns = {{Role::System, "Be short.", {}}, {Role::User, "One?", {}}, {Role::Assistant, "1", {}}, {Role::User, "Two?", {}}, {Role::Assistant, "2", {}}};
    records.push_back(talk);
    Record tools;
    tools.turns = {{Role::User, "Weather?", {}}, {Role::Assistant, "", R"({"tool_calls": [{"id": 123456789012345678901, "x": 1.50}]})"}, {Role::Tool, "{\"t\": 20}", R"({"name": "w"})"}, {Role::Assistant, "20", {}}};
    tools.toolsJson = R"([{"type": "function", "function": {"name": "w"}}])";
    tools.context = "In London";
    records.push_back(tools);
    return records;
}

Record comparable(Record record)
{
    record.id = {};
    record.source.clear();
    return record;
}

} // namespace

void TestDataExport::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestDataExport::importGivesTheSameRecords_data()
{
    QTest::addColumn<int>("format");
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("skipped"); // of the ten hard records
    QTest::newRow("messages") << int(DataFormat::Messages) << "a.jsonl" << 0;
    QTest::newRow("prompt-completion") << int(DataFormat::PromptCompletion) << "a.jsonl" << 0;
    QTest::newRow("alpaca") << int(DataFormat::Alpaca) << "a.json" << 1;
    QTest::newRow("sharegpt") << int(DataFormat::ShareGpt) << "a.json" << 0;
    QTest::newRow("csv") << int(DataFormat::Csv) << "a.csv" << 2;
    QTest::newRow("parquet") << int(DataFormat::Parquet) << "a.parquet" << 0;
}

void TestDataExport::importGivesTheSameRecords()
{
    QFETCH(int, format);
    QFETCH(QString, file);
    QFETCH(int, skipped);
    auto project = Project::create(path("p.fettle"));
    const auto ids = project->addRecords(hardRecords(), "Added").value();
    const auto report = project->exportRecords(ids, DataFormat(format), path(file.toStdString()));
    QVERIFY2(report, report ? "" : report.error().message.c_str());
    QCOMPARE(report->skipped.size(), std::size_t(skipped));
    QCOMPARE(report->rows, std::int64_t(ids.size()) - skipped);
    const auto read = data::readRecords(path(file.toStdString()));
    QVERIFY2(read, read ? "" : read.error().message.c_str());
    for (const auto &row : read->report.rejected)
        qInfo("line %lld: %s", static_cast<long long>(row.line), row.reason.c_str());
    QCOMPARE(read->report.accepted, report->rows);
    std::size_t next = 0;
    for (const RecordId id : ids) {
        if (std::any_of(report->skipped.begin(), report->skipped.end(), [&](const auto &entry) { return entry.id == id; }))
            continue;
        const Record expected = comparable(*project->record(id)), actual = comparable(read->records[next++]);
        QVERIFY2(data::contentHash(actual) == data::contentHash(expected), std::to_string(id.value).c_str());
        QVERIFY2(actual == expected, std::to_string(id.value).c_str());
    }
    // And again: the second file is the first one.
    auto second = Project::create(path("q.fettle"));
    const auto again = second->addRecords(read->records, "Read").value();
    QVERIFY(second->exportRecords(again, DataFormat(format), path("again")));
    QFile a(m_folder->filePath(file)), b(m_folder->filePath("again"));
    QVERIFY(a.open(QIODevice::ReadOnly) && b.open(QIODevice::ReadOnly));
    QCOMPARE(b.readAll(), a.readAll());
}

void TestDataExport::otherProgramsSeeTheContext()
{
    auto project = Project::create(path("p.fettle"));
    const auto ids = project->addRecords({makePair("Q?", "Given.", "A.")}, "Added").value();
    QVERIFY(project->exportRecords(ids, DataFormat::Messages, path("a.jsonl")));
    QFile file(m_folder->filePath("a.jsonl"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), QByteArray("{\"messages\": [{\"role\": \"user\", \"content\": \"Q?\\nGiven.\"}, {\"role\": \"assistant\", \"content\": \"A.\"}], \"context\": \"Given.\"}\n"));
}

void TestDataExport::cancelLeavesNoFile()
{
    auto project = Project::create(path("p.fettle"));
    const auto ids = project->addRecords(someRecords(), "Added").value();
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(project->exportRecords(ids, DataFormat::Csv, path("a.csv"), {}, stop.get_token()).error().code, ErrorCode::Cancelled);
    QCOMPARE(QDir(m_folder->path()).entryList(QDir::Files | QDir::Hidden), QStringList());
}

void TestDataExport::snapshotsDiffer()
{
    auto project = Project::create(path("p.fettle"));
    const auto ids = project->addRecords(someRecords(), "Added").value(); // 3 is empty
    const auto first = project->freezeSnapshot({}, {1, 0, 0, 1});
    QVERIFY(first);
    QVERIFY(project->nameSnapshot(first->id, "before the review"));
    QCOMPARE(project->snapshots()->front().name, std::string("before the review"));
    QVERIFY(!project->nameSnapshot({99}, "x"));
    auto diff = project->diffSnapshots(first->id, {}, 10);
    QVERIFY(diff);
    QCOMPARE(diff->same, 4);
    QCOMPARE(diff->added + diff->removed + diff->changed, 0);
    Record record = *project->record(ids[0]);
    record.turns[1].text = "In room 7.";
    QVERIFY(project->saveRecord(record));
    QVERIFY(project->setStatus({ids[1]}, RecordStatus::Rejected));
    QVERIFY(project->addTag({ids[3]}, "new"));
    QVERIFY(project->setRating({ids[4]}, 5)); // no change of what is trained
    const auto added = project->addRecords({makePair("New?", "", "Yes.")}, "Added").value();
    const auto second = project->freezeSnapshot({}, {1, 0, 0, 1});
    QVERIFY(second);
    for (const auto &newer : {std::optional<SnapshotId>(second->id), std::optional<SnapshotId>()}) {
        diff = project->diffSnapshots(first->id, newer, 3);
        QVERIFY(diff);
        QCOMPARE(diff->added, 1);
        QCOMPARE(diff->removed, 1);
        QCOMPARE(diff->changed, 2);
        QCOMPARE(diff->same, 1);
        QCOMPARE(diff->shown.size(), std::size_t(3));
        QCOMPARE(diff->shown[0].before->turns[1].text, std::string("In room 5."));
        QCOMPARE(diff->shown[0].after->turns[1].text, std::string("In room 7."));
        QVERIFY(diff->shown[1].before && !diff->shown[1].after);
    }
    QVERIFY(!project->diffSnapshots({99}, {}, 3));
}

// All that happened since is taken back as one step; what no snapshot holds is left alone.
void TestDataExport::goesBackToASnapshot()
{
    auto project = Project::create(path("p.fettle"));
    const auto ids = project->addRecords(someRecords(), "Added").value(); // 3 is empty
    QVERIFY(project->setSplit({ids[3]}, Split::Train));
    const auto first = project->freezeSnapshot({}, {1, 0, 0, 1});
    QVERIFY(first);
    const auto read = [&](std::size_t place) { return *project->record(ids[place]); };
    const std::vector<Record> then = {read(0), read(1), read(3), read(4)};
    QCOMPARE(*project->backToSnapshot(first->id), 0); // nothing has happened
    const std::int64_t step = project->undoEntry()->number;

    Record record = read(0);
    record.turns[1].text = "In room 7.";
    record.tags = {"moved"};
    record.note = "asked Ines";
    QVERIFY(project->saveRecord(record));
    QVERIFY(project->setStatus({ids[1]}, RecordStatus::Rejected));
    QVERIFY(project->setSplit({ids[3]}, Split::Test));
    QVERIFY(project->deleteRecords({ids[4]}));
    QVERIFY(project->setRating({ids[2]}, 1)); // the empty one
    const auto added = project->addRecords({makePair("New?", "", "Yes.")}, "Added").value();
    const auto changed = project->diffSnapshots(first->id, {}, 10);
    QCOMPARE(changed->added, 1);
    QCOMPARE(changed->removed, 2);
    QCOMPARE(changed->changed, 2);

    QCOMPARE(*project->backToSnapshot(first->id), 5);
    const auto diff = project->diffSnapshots(first->id, {}, 10);
    QCOMPARE(diff->same, 4);
    QVERIFY(diff->shown.empty());
    std::size_t place = 0;
    for (const std::size_t i : {0, 1, 3, 4})
        QCOMPARE(read(i), then[place++]);
    QCOMPARE(read(2).rating, 1);
    QVERIFY(!project->record(added[0]));
    QCOMPARE(project->freezeSnapshot({}, {1, 0, 0, 1})->hash, first->hash);
    QVERIFY(project->undo());
    QCOMPARE(project->diffSnapshots(first->id, {}, 10)->changed, 2);
    QCOMPARE(std::string(data::responseOf(read(0))), std::string("In room 7."));
    QVERIFY(project->record(added[0]));
    QVERIFY(!project->record(ids[4]));
    QVERIFY(project->redo());
    QVERIFY(project->diffSnapshots(first->id, {}, 10)->shown.empty());

    QVERIFY(project->undoEntry()->number > step);
    std::stop_source stopped;
    stopped.request_stop();
    QVERIFY(project->undo());
    const auto cancelled = project->backToSnapshot(first->id, {}, stopped.get_token());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    QCOMPARE(project->diffSnapshots(first->id, {}, 10)->changed, 2);
    QCOMPARE(project->backToSnapshot({99}).error().code, ErrorCode::NotFound);
}

QTEST_APPLESS_MAIN(TestDataExport)
#include "tst_dataexport.moc"
