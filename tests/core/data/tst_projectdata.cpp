// What a project knows about its records: findings, lengths, losses, imports, snapshots.
#include "tests/core/data/projectfixture.h"
#include "core/store/database.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using namespace fixture;
using data::RecordStatus;

class TestProjectData : public QObject {
    Q_OBJECT
private slots:
    void init();
    void findings();
    void findingsAreLookedForOnce();
    void findingsOfNearlyTheSame();
    void findingsOfTheSampleData();
    void textsOfAnOlderProjectAreCheckedAgain();
    void importsFiles();
    void importsInPortions();
    void lengthsAndLosses();
    void snapshots();
    void snapshotSplitsAreStable();
    void drafts();
    void questionsAreAskedAsTheyAreTrained();
    void mixGroupsCountWhatIsLearnt();

private:
    std::filesystem::path path(const char *name = "p.fettle") const { return m_folder->filePath(name).toStdString(); }
    Project create(const char *name = "p.fettle") { return std::move(Project::create(path(name)).value()); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestProjectData::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestProjectData::findings()
{
    Project project = create();
    auto records = someRecords();
    records.push_back(makePair("  where do CATS wait ", "", "In room 5"));            // a copy of 1
    records.push_back(makePair("Which day is for rabbits", "", "Thursday."));          // 5 is held out: a copy and a leak
    records.back().split = Split::Train;
    records.push_back(makePair("Wie \xc3\x83\xc2\xbc" "ber?", "", "Gut."));            // UTF-8 read as Windows-1252
    const std::string text = "Please tell me what the clinic does when a client comes late to the appointment of the day";
    records.push_back(makePair(text, "", "It waits."));
    records.push_back(makePair(text + " now", "", "It waits ten minutes."));           // nearly the same question
    records.push_back(makePair("   ", "", "An answer"));
    QVERIFY(project.addRecords(records, "Added"));
    const auto flagged = [&](RecordFlag flag) {
        RecordFilter filter;
        filter.flag = flag;
        return numbers(project.recordIds(filter));
    };
    using Ids = std::vector<std::int64_t>;
    QCOMPARE(flagged(RecordFlag::Empty), (Ids{3, 11})); // known without a check
    QCOMPARE(flagged(RecordFlag::OddEncoding), (Ids{8}));
    QVERIFY(project.updateFindings());
    QCOMPARE(flagged(RecordFlag::Duplicate), (Ids{6, 7}));
    QCOMPARE(flagged(RecordFlag::Contradiction), (Ids{1, 4, 6}));
    QCOMPARE(flagged(RecordFlag::Leak), (Ids{5}));
    QCOMPARE(flagged(RecordFlag::NearDuplicate), (Ids{10}));
    QCOMPARE(project.recordCounts()->byFlag.at(RecordFlag::Contradiction), 3);
    // Pairs: each record with the first earlier one that answers differently. An agreement holds until a text changes.
    using Pairs = std::vector<Contradiction>;
    QCOMPARE(*project.contradictions(), (Pairs{{{1}, {4}}, {{4}, {6}}}));
    QVERIFY(project.setAgreement({{1}, {4}}, true));
    QCOMPARE(*project.contradictions(), (Pairs{{{4}, {6}}}));
    QVERIFY(project.setAgreement({{4}, {6}}, true)); // the same two texts, or two others: both settled now
    QVERIFY(project.contradictions()->empty());
    QVERIFY(project.updateFindings());
    QVERIFY(flagged(RecordFlag::Contradiction).empty());
    QVERIFY(project.setAgreement({{4}, {6}}, false));
    QVERIFY(project.setAgreement({{1}, {4}}, false));
    QVERIFY(project.updateFindings());
    QCOMPARE(flagged(RecordFlag::Contradiction), (Ids{1, 4, 6}));
    QCOMPARE(project.setAgreement({{1}, {999}}, true).error().code, ErrorCode::NotFound);
    // A merge is one step: the kept one changes, the other is rejected, undo brings both back.
    auto kept = *project.record({1});
    kept.turns.back().text = "Both.";
    QVERIFY(project.mergeRecords(kept, {4}));
    QCOMPARE(project.record({1})->turns.back().text, std::string("Both."));
    QCOMPARE(project.record({1})->status, RecordStatus::Edited);
    QCOMPARE(project.record({4})->status, RecordStatus::Rejected);
    QVERIFY(project.undo());
    QVERIFY(project.record({1})->turns.back().text != "Both.");
    QVERIFY(project.record({4})->status != RecordStatus::Rejected);
    // What a record has been, backwards to how it came in; an undone merge is no part of it.
    auto history = project.recordHistory({1});
    QVERIFY(history);
    QCOMPARE(history->size(), std::size_t{1});
    QCOMPARE(history->front().entry.what, std::string("Added"));
    kept = *project.record({1});
    const std::string original = kept.turns.back().text;
    kept.turns.back().text = "First change.";
    kept.tags = {"one"};
    QVERIFY(project.saveRecord(kept));
    QVERIFY(project.setRating({{1}, {2}}, 4));
    history = project.recordHistory({1});
    QCOMPARE(history->size(), std::size_t{3});
    QCOMPARE((*history)[0].record.rating, 4);
    QCOMPARE((*history)[1].record.rating, 0);
    QCOMPARE((*history)[1].record.turns.back().text, std::string("First change."));
    QCOMPARE((*history)[1].record.tags, std::vector<std::string>{"one"});
    QCOMPARE((*history)[2].record.turns.back().text, original);
    QCOMPARE((*history)[2].record.status, RecordStatus::New);
    QCOMPARE(project.recordHistory({999}).error().code, ErrorCode::NotFound);
    QVERIFY(project.undo());
    QVERIFY(project.undo());
    QCOMPARE(project.recordHistory({1})->size(), std::size_t{1});
    // Rejected ones neither count nor take part.
    QVERIFY(project.setStatus({{4}}, RecordStatus::Rejected));
    QVERIFY(project.updateFindings());
    QVERIFY(flagged(RecordFlag::Contradiction).empty());
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(project.updateFindings({}, stop.get_token()).error().code, ErrorCode::Cancelled);
}

// What is known stays known, also for the next one who opens the project.
void TestProjectData::findingsAreLookedForOnce()
{
    int steps = 0;
    const auto progress = [&steps](const Progress &) { ++steps; };
    {
        Project project = create();
        QVERIFY(project.addRecords({makePair("One?", "", "1"), makePair("One?", "", "2")}, "Added"));
        QVERIFY(project.updateFindings(progress));
        QVERIFY(steps > 0);
    }
    auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY(project);
    const auto isLookedFor = [&] {
        steps = 0;
        return project->updateFindings(progress).has_value() && steps > 0;
    };
    QVERIFY(!isLookedFor());
    QVERIFY(project->setSetting("maxLength", "512"));
    QVERIFY(!isLookedFor());
    QVERIFY(project->setRating({{1}}, 4));
    QVERIFY(isLookedFor());
    QVERIFY(project->undo());
    QVERIFY(isLookedFor());
    QVERIFY(project->setAgreement({{1}, {2}}, true));
    QVERIFY(isLookedFor());
    QVERIFY(!isLookedFor());
    QCOMPARE(project->recordCounts()->byFlag.at(RecordFlag::Contradiction), 0);
}

void TestProjectData::findingsOfNearlyTheSame()
{
    Project project = create();
    std::vector<Record> records;
    const std::string text = "Please tell me what the clinic does when a client comes late to the appointment of the day";
    records.push_back(makePair(text + " now", "", "It waits."));
    records.back().split = Split::HeldOut; // earlier than the one that is trained on
    records.push_back(makePair(text, "", "It waits ten minutes."));
    records.back().split = Split::Train;
    records.push_back(makePair(text + " please", "", "It waits."));
    records.back().split = Split::Test; // later
    records.push_back(makePair("Another question that nobody asked in this form before today", "", "As an AI model, I agree. Mail a@b.de [Name] <b>x"));
    records.back().split = Split::HeldOut;
    for (int i = 0; i < 60; ++i) {
        records.push_back(makePair("Number " + std::to_string(i), "", "n"));
        records.back().tags = {"often"};
    }
    records[3].tags = {"once"};
    const auto ids = project.addRecords(records, "Added");
    QVERIFY(ids);
    QVERIFY(project.updateFindings());
    const auto flagged = [&](RecordFlag flag) {
        RecordFilter filter;
        filter.flag = flag;
        return numbers(project.recordIds(filter));
    };
    using Ids = std::vector<std::int64_t>;
    QCOMPARE(flagged(RecordFlag::Leak), (Ids{1, 3}));
    QCOMPARE(flagged(RecordFlag::NearDuplicate), (Ids{2, 3}));
    for (const RecordFlag flag : {RecordFlag::Boilerplate, RecordFlag::PersonalData, RecordFlag::Placeholder, RecordFlag::UnbalancedMarkup, RecordFlag::RareTag})
        QCOMPARE(flagged(flag), (Ids{4}));
    // An answer that begins at the limit is cut away whole; the one before it only in part.
    QVERIFY(project.useLengthKey("m"));
    QVERIFY(project.storeLengths({{data::contentHash(*project.record((*ids)[0])), 30, 20}, {data::contentHash(*project.record((*ids)[1])), 30, 19}}, 20));
    QCOMPARE(flagged(RecordFlag::TooLong), (Ids{1, 2}));
    QCOMPARE(flagged(RecordFlag::AnswerCut), (Ids{1}));
}

void TestProjectData::textsOfAnOlderProjectAreCheckedAgain()
{
    {
        Project project = create();
        QVERIFY(project.addRecords({makePair("Mail?", "", "a@b.de")}, "Added"));
    }
    {
        // As a version left it that did not know of personal data.
        auto database = store::Database::open(path() / "project.db", store::OpenMode::ReadWrite);
        QVERIFY(database);
        QVERIFY((*database)->execute("UPDATE content SET flags = 0; DELETE FROM value WHERE key = 'textChecks'"));
    }
    auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY(project);
    QCOMPARE(project->recordCounts()->byFlag.at(RecordFlag::PersonalData), 0);
    QVERIFY(project->updateFindings());
    QCOMPARE(project->recordCounts()->byFlag.at(RecordFlag::PersonalData), 1);
}

void TestProjectData::findingsOfTheSampleData()
{
    Project project = create();
    const auto report = project.importFile(FETTLE_SOURCE_DIR "/datasets/hollybrook/hollybrook.jsonl", {});
    QVERIFY2(report, report ? "" : report.error().message.c_str());
    QCOMPARE(report->accepted, report->rowsInFile);
    QCOMPARE(project.recordCounts()->bySplit.at(Split::Unassigned), 0);
    QVERIFY(project.updateFindings());
    const auto counts = *project.recordCounts();
    for (const auto &[flag, count] : counts.byFlag)
        qInfo("%-16s %lld", std::string(nameOf(flag)).c_str(), static_cast<long long>(count));
    QVERIFY(counts.byFlag.at(RecordFlag::Duplicate) >= 1);
    QCOMPARE(counts.byFlag.at(RecordFlag::Contradiction), 2);
    QCOMPARE(counts.byFlag.at(RecordFlag::Empty), 1);
    QCOMPARE(counts.byFlag.at(RecordFlag::Leak), 0);
    QCOMPARE(counts.byFlag.at(RecordFlag::OddEncoding), 0);
}

void TestProjectData::importsFiles()
{
    Project project = create();
    QFile file(m_folder->filePath("rows.csv"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("question,answer,tags\nQ 1,A 1,\"x, y\"\nbroken\nQ 2,A 2,\n") > 0);
    file.close();
    const auto report = project.importFile(m_folder->filePath("rows.csv").toStdString(), {});
    QVERIFY(report);
    QCOMPARE(report->rowsInFile, 3);
    QCOMPARE(report->accepted, 2);
    QCOMPARE(project.undoEntry()->what, std::string("Imported 2 records from rows.csv"));
    QCOMPARE(project.record({2})->source, std::string("rows.csv, line 4"));
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(project.importFile(m_folder->filePath("rows.csv").toStdString(), {}, {}, stop.get_token()).error().code, ErrorCode::Cancelled);
    QCOMPARE(project.importFile(m_folder->filePath("none.csv").toStdString(), {}).error().code, ErrorCode::NotFound);
    QCOMPARE(project.recordCounts()->all, 2);
    QVERIFY(project.undo());
    QCOMPARE(project.recordCounts()->all, 0);
    QVERIFY(project.redo());
    QCOMPARE(project.record({1})->tags, (std::vector<std::string>{"x", "y"}));
}

// More rows than one portion: in order, all or nothing, and as read in one go.
void TestProjectData::importsInPortions()
{
    const auto file = path("many.jsonl");
    {
        QFile out(m_folder->filePath("many.jsonl"));
        QVERIFY(out.open(QIODevice::WriteOnly));
        for (int i = 0; i < 5000; ++i)
            out.write(i % 1000 == 999 ? QByteArray("{\"question\": \"broken\"\n") : QByteArray("{\"question\": \"Q") + QByteArray::number(i) + "\", \"answer\": \"A\"}\n");
    }
    const auto whole = data::readRecords(file);
    QVERIFY(whole);
    const auto counted = data::readRecords(file, {}, 0); // keeps the first portion only
    QVERIFY(counted);
    QCOMPARE(counted->report.records, whole->report.records);
    QCOMPARE(counted->report.rejected.size(), std::size_t(5));
    QVERIFY(!counted->records.empty() && counted->records.size() < whole->records.size());
    Project project = create();
    std::stop_source stop;
    std::int64_t seen = 0;
    const auto cancelled = project.importFile(file, {}, [&](const Progress &progress) {
        seen = progress.done;
        if (seen > 0)
            stop.request_stop();
    }, stop.get_token());
    QVERIFY(!cancelled);
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    QVERIFY(seen > 0); // in the middle of it
    QCOMPARE(project.recordCounts()->all, 0);
    QVERIFY(!project.undoEntry());
    const auto report = project.importFile(file, {});
    QVERIFY(report);
    QCOMPARE(report->accepted, 4995);
    QCOMPARE(report->rejected.size(), std::size_t(5));
    QCOMPARE(report->rejected[4].line, whole->report.rejected[4].line);
    const auto ids = project.recordIds({});
    QCOMPARE(ids->size(), whole->records.size());
    for (std::size_t i = 0; i < ids->size(); i += 499) {
        QCOMPARE(project.record((*ids)[i])->turns[0].text, whole->records[i].turns[0].text);
        QCOMPARE(project.record((*ids)[i])->source, whole->records[i].source);
    }
    QCOMPARE(project.journal(5)->size(), std::size_t(1));
    QVERIFY(project.undo());
    QCOMPARE(project.recordCounts()->all, 0);
}

void TestProjectData::lengthsAndLosses()
{
    Project project = create();
    const auto ids = *project.addRecords(someRecords(), "Added");
    QVERIFY(project.useLengthKey("model a"));
    QCOMPARE(project.recordsWithoutLength("model a")->size(), std::size_t(5));
    const auto hashOf = [&](RecordId id) { return data::contentHash(*project.record(id)); };
    QVERIFY(project.storeLengths({{hashOf(ids[0]), 12}, {hashOf(ids[1]), 40}}, 20));
    QCOMPARE(project.recordsWithoutLength("model a")->size(), std::size_t(3));
    QCOMPARE(*project.recordRows({ids[1]})->front().tokens, 40);
    QCOMPARE(project.recordRows({ids[1]})->front().flags, std::vector<RecordFlag>{RecordFlag::TooLong});
    Record record = *project.record(ids[0]);
    record.turns[1].text = "Elsewhere.";
    QVERIFY(project.saveRecord(record));
    QCOMPARE(project.recordsWithoutLength("model a")->size(), std::size_t(4));
    QVERIFY(project.undo());
    QCOMPARE(*project.recordRows({ids[0]})->front().tokens, 12); // the old text is known
    QCOMPARE(project.recordsWithoutLength("model b")->size(), std::size_t(5));
    QVERIFY(project.useLengthKey("model b"));
    QVERIFY(!project.recordRows({ids[0]})->front().tokens);

    const auto first = *project.addRun({});
    const auto second = *project.addRun({});
    QVERIFY(project.storeLosses(second.id, {{ids[0], 0.5}}));
    QVERIFY(project.storeLosses(first.id, {{ids[0], 2.5}, {ids[1], 1.5}}));
    QCOMPARE(*project.recordRows({ids[0]})->front().loss, 0.5); // of the newest run
    QCOMPARE(*project.recordRows({ids[1]})->front().loss, 1.5);
    QVERIFY(project.deleteRun(second.id));
    QCOMPARE(*project.recordRows({ids[0]})->front().loss, 2.5);
    QVERIFY(project.deleteRun(first.id));
    QVERIFY(!project.recordRows({ids[0]})->front().loss);
}

void TestProjectData::snapshots()
{
    Project project = create();
    const auto ids = *project.addRecords(someRecords(), "Added");
    QVERIFY(project.setStatus({ids[1]}, RecordStatus::Rejected));
    const auto snapshot = project.freezeSnapshot({}, {1.0, 0.0, 0.0, 1});
    QVERIFY(snapshot);
    QCOMPARE(snapshot->rows, 3); // one is empty, one rejected
    QCOMPARE(snapshot->train, 2);
    QCOMPARE(snapshot->heldOut, 1);
    QVERIFY(snapshot->isCurrent);
    QCOMPARE(snapshot->hash.size(), std::size_t(64));
    const auto again = project.freezeSnapshot({}, {1.0, 0.0, 0.0, 1});
    QCOMPARE(again->id, snapshot->id);
    Record record = *project.record(ids[0]);
    record.turns[1].text = "Changed.";
    QVERIFY(project.saveRecord(record));
    QVERIFY(project.deleteRecords({ids[4]}));
    QVERIFY(!project.snapshots()->front().isCurrent);
    const auto frozen = *project.snapshotRecords(snapshot->id);
    QCOMPARE(frozen.size(), std::size_t(3));
    QCOMPARE(std::string(data::responseOf(frozen[0])), std::string("In room 5."));
    QCOMPARE(frozen[0].split, Split::Train);
    QCOMPARE(frozen[0].tags, (std::vector<std::string>{"cats", "rooms"}));
    const auto heldOut = *project.snapshotRecords(snapshot->id, Split::HeldOut);
    QCOMPARE(heldOut.size(), std::size_t(1));
    QCOMPARE(heldOut[0].note, std::string("fact: Thursday"));
    QVERIFY(project.freezeSnapshot({}, {1.0, 0.0, 0.0, 1})->id != snapshot->id);
    QCOMPARE(project.snapshots()->size(), std::size_t(2));
    QCOMPARE(project.freezeSnapshot({}, {0.5, 0.1, 0.1, 1}).error().code, ErrorCode::BadInput);
    RecordFilter none;
    none.text = "nowhere";
    QCOMPARE(project.freezeSnapshot(none, {}).error().code, ErrorCode::BadInput);
    QCOMPARE(project.snapshotRecords({9}).error().code, ErrorCode::NotFound);
}

void TestProjectData::snapshotSplitsAreStable()
{
    Project project = create();
    std::vector<Record> records;
    for (int i = 0; i < 200; ++i)
        records.push_back(makePair("Question number " + std::to_string(i / 2), "", "Answer " + std::to_string(i)));
    QVERIFY(project.addRecords(records, "Added"));
    const auto snapshot = *project.freezeSnapshot({}, {0.8, 0.1, 0.1, 42});
    QCOMPARE(snapshot.train, 160);
    QCOMPARE(snapshot.heldOut, 20);
    QCOMPARE(snapshot.test, 20);
    const auto before = *project.snapshotRecords(snapshot.id);
    std::map<std::string, Split> splits;
    for (const Record &record : before) {
        const auto [place, isNew] = splits.try_emplace(std::string(data::instructionOf(record)), record.split);
        QVERIFY(isNew || place->second == record.split); // both answers to a question lie in one split
    }
    QVERIFY(project.addRecords({makePair("One more question", "", "One more answer")}, "Added"));
    const auto after = *project.snapshotRecords(project.freezeSnapshot({}, {0.8, 0.1, 0.1, 42})->id);
    int moved = 0;
    for (const Record &record : after)
        moved += splits.contains(std::string(data::instructionOf(record))) && splits.at(std::string(data::instructionOf(record))) != record.split;
    QVERIFY2(moved <= 4, qPrintable(QString::number(moved)));
    QVERIFY(project.freezeSnapshot({}, {0.8, 0.1, 0.1, 43})->hash != snapshot.hash);
}

// A draft lies beside its record: no answer, no snapshot and no history knows it before it is accepted.
void TestProjectData::drafts()
{
    Project project = create();
    const auto ids = project.addRecords(someRecords(), "Added").value();
    const AnswerDraft draft{"A proposed\nanswer.", "Run 1", "2026-11-29T16:00:00+01:00", true};
    const std::int64_t lists = project.recordCounter();
    QVERIFY(project.putDraft(ids[2], draft));
    QVERIFY(project.putDraft(ids[0], {"Another", "base", "", false}));
    QVERIFY(project.putDraft(ids[0], {"Another one", "base", "", false}));
    QVERIFY(project.putDraft({77}, draft)); // the record was deleted meanwhile
    QVERIFY(project.recordCounter() > lists);
    QCOMPARE(*project.draft(ids[2]), std::optional(draft));
    QCOMPARE(*project.draft(ids[1]), std::nullopt);
    QCOMPARE(std::string(data::responseOf(*project.record(ids[2]))), std::string());
    const auto rows = *project.recordRows(ids);
    QCOMPARE(rows[2].draft, std::string("A proposed answer."));
    QVERIFY(rows[1].draft.empty());
    RecordFilter filter;
    filter.query = "has:draft";
    QCOMPARE(numbers(project.recordIds(filter)), (std::vector<std::int64_t>{1, 3}));

    QCOMPARE(*project.acceptDrafts({ids[1], ids[2]}), 1);
    Record accepted = *project.record(ids[2]);
    QCOMPARE(std::string(data::responseOf(accepted)), draft.text);
    QCOMPARE(accepted.tags, std::vector<std::string>{"drafted"});
    QCOMPARE(accepted.status, RecordStatus::Edited);
    QCOMPARE(*project.draft(ids[2]), std::nullopt);
    QVERIFY(project.undo());
    QCOMPARE(std::string(data::responseOf(*project.record(ids[2]))), std::string());
    // What is undone waits again, however often one goes back and forth; the history of another edit closes it for good.
    QCOMPARE(project.recordCounts()->drafts, 2);
    QCOMPARE(*project.draft(ids[2]), std::optional(draft));
    QCOMPARE(numbers(project.recordIds(filter)), (std::vector<std::int64_t>{1, 3}));
    QVERIFY(project.redo());
    QCOMPARE(*project.draft(ids[2]), std::nullopt);
    QCOMPARE(project.recordRows({ids[2]})->front().draft, std::string());
    QVERIFY(project.undo());
    QVERIFY(project.setSplit({ids[1]}, Split::Test));
    QVERIFY(!project.redoEntry()); // and the draft is there all the same
    QCOMPARE(*project.draft(ids[2]), std::optional(draft));
    QCOMPARE(*project.acceptDrafts({ids[2]}), 1);
    QCOMPARE(*project.acceptDrafts({ids[2]}), 0); // nothing is left to accept
    QVERIFY(project.discardDrafts({ids[2]}));     // or to discard
    QVERIFY(project.undo());
    QCOMPARE(*project.draft(ids[2]), std::optional(draft));
    QVERIFY(project.redo());
    QVERIFY(project.putDraft(ids[2], {"A newer one", "base", "", false})); // is another draft than the accepted one
    QVERIFY(project.undo());
    QCOMPARE((*project.draft(ids[2]))->text, std::string("A newer one"));
    QVERIFY(project.discardDrafts({ids[0], ids[2]}));
    QCOMPARE(numbers(project.recordIds(filter)), std::vector<std::int64_t>());
    accepted.tags = {"drafted"};
    QVERIFY(project.saveRecord(accepted));
    QVERIFY(project.putDraft(ids[2], draft)); // is the answer already
    const std::int64_t step = project.undoEntry()->number;
    QCOMPARE(*project.acceptDrafts({ids[2]}), 0);
    QCOMPARE(*project.draft(ids[2]), std::nullopt);
    QCOMPARE(project.undoEntry()->number, step);
    QVERIFY(project.putDraft(ids[0], draft));
    QVERIFY(project.deleteRecords({ids[0]}));
    QVERIFY(project.undo());
    QCOMPARE(*project.draft(ids[0]), std::nullopt);
    QCOMPARE(project.putDraft(ids[1], {"\xff", "", "", false}).error().code, ErrorCode::BadInput);
}

void TestProjectData::mixGroupsCountWhatIsLearnt()
{
    Project project = create();
    auto records = std::vector<Record>{makePair("A", "", "One."), makePair("B", "", "Two."), makePair("C", "", "Three."), makePair("D", "", ""), makePair("E", "", "Five."), makePair("F", "", "Six.")};
    records[0].source = "rules, new.csv, line 2";
    records[1].source = "rules, new.csv, line 3";
    records[0].tags = records[1].tags = {"b", "a"};
    records[1].tags = {"a", "b"};
    records[4].split = Split::HeldOut;
    records[5].status = RecordStatus::Rejected;
    const auto ids = project.addRecords(records, "Added").value();
    QVERIFY(project.useLengthKey("k"));
    QVERIFY(project.storeLengths({{data::contentHash(records[0]), 30, 20}, {data::contentHash(records[1]), 50, 10}, {data::contentHash(records[4]), 50, 10}}, 40));
    auto groups = *project.mixGroups(40);
    std::ranges::sort(groups, {}, &data::MixGroup::source);
    QCOMPARE(groups.size(), std::size_t(2));
    QCOMPARE(groups[0].source, std::string());
    QCOMPARE(groups[0].records, std::int64_t(1)); // D has no answer, E is held out, F is rejected
    QCOMPARE(groups[0].unmeasured, std::int64_t(1));
    QCOMPARE(groups[1].source, std::string("rules, new.csv"));
    QCOMPARE(groups[1].tags, (std::vector<std::string>{"a", "b"}));
    QCOMPARE(groups[1].records, std::int64_t(2));
    QCOMPARE(groups[1].trainedTokens, std::int64_t(10 + 30)); // the second is cut at 40
}

void TestProjectData::questionsAreAskedAsTheyAreTrained()
{
    Project project = create();
    QVERIFY(project.setSetting("contextSeparator", "\" | \""));
    QVERIFY(project.setSetting("defaultSystem", "\"Be brief.\""));
    const auto turns = project.questionTurns(makePair("Where?", "In Kent.", "There."));
    QCOMPARE(*turns, (std::vector<data::Turn>{{data::Role::System, "Be brief.", {}}, {data::Role::User, "Where? | In Kent.", {}}}));
    QCOMPARE(project.questionTurns(makePair("Where?", "", "", "Own."))->front().text, std::string("Own."));
    Record record = makePair("Where?", "", "There.");
    record.turns.push_back({data::Role::User, "And when?", {}});
    QCOMPARE(project.questionTurns(record)->size(), std::size_t(4)); // the earlier answer is part of the question
    record.toolsJson = "[]";
    QCOMPARE(project.questionTurns(record).error().code, ErrorCode::BadInput);
    Record answer;
    answer.turns = {{data::Role::Assistant, "There.", {}}};
    QCOMPARE(project.questionTurns(answer).error().code, ErrorCode::BadInput);
}

QTEST_APPLESS_MAIN(TestProjectData)
#include "tst_projectdata.moc"
