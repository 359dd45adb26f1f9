// Many records at once: fixes of findings, find and replace, the trash, dividing. Each is one step of undo that survives a restart.
#include "tests/core/data/projectfixture.h"

#include <QTemporaryDir>
#include <QtTest>

#include <set>

using namespace fixture;
using data::RecordStatus;
using data::Replacement;

class TestBulkChange : public QObject {
    Q_OBJECT
private slots:
    void init();
    void replacements_data();
    void replacements();
    void badReplacements_data();
    void badReplacements();
    void replacesInManyRecordsAsOneStep();
    void fixes_data();
    void fixes();
    void trash();
    void cancelChangesNothing();
    void splitsKeepNearDuplicatesTogether_data();
    void splitsKeepNearDuplicatesTogether();
    void splitsByTagAndSource();

private:
    std::filesystem::path path() const { return m_folder->filePath("p.fettle").toStdString(); }
    Project create() { return std::move(Project::create(path()).value()); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestBulkChange::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestBulkChange::replacements_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("find");
    QTest::addColumn<QString>("with");
    QTest::addColumn<QString>("how"); // r: regular expression, c: case, w: whole words
    QTest::addColumn<QString>("expected");
    const auto row = [](const char *name, const char *text, const char *find, const char *with, const char *how, const char *expected) {
        QTest::newRow(name) << QString::fromUtf8(text) << QString::fromUtf8(find) << QString::fromUtf8(with) << how << QString::fromUtf8(expected);
    };
    row("literal", "a.b a.b axb", "a.b", "$1\\n", "", "$1\\n $1\\n axb");
    row("any case", "Cat cat CAT", "cat", "dog", "", "dog dog dog");
    row("this case", "Cat cat CAT", "cat", "dog", "c", "Cat dog CAT");
    row("umlauts in any case", "\xc3\x84rzte \xc3\xa4rzte", "\xc3\xa4rzte", "\xc3\x84rztin", "", "\xc3\x84rztin \xc3\x84rztin");
    row("whole words", "cat cats bobcat cat", "cat", "dog", "w", "dog cats bobcat dog");
    row("groups", "12 mg, 5 mg", "(\\d+) mg", "$1 milligrams", "r", "12 milligrams, 5 milligrams");
    row("named group", "Dr Ames", "Dr (?<name>\\w+)", "${name}, DVM", "r", "Ames, DVM");
    row("line ends", "one\ntwo", "^", "- ", "r", "- one\n- two");
    row("escapes", "a;b", ";", "\\n", "r", "a\nb");
    row("nothing put in", "a  b", "  +", " ", "r", "a b");
    row("removed", "abc", "b", "", "", "ac");
    row("grows much", "aaaa", "a", "0123456789012345678901234567890123456789", "", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
}

void TestBulkChange::replacements()
{
    QFETCH(QString, text);
    QFETCH(QString, find);
    QFETCH(QString, with);
    QFETCH(QString, how);
    QFETCH(QString, expected);
    Replacement replacement{find.toStdString(), with.toStdString()};
    replacement.isRegex = how.contains('r');
    replacement.isCaseSensitive = how.contains('c');
    replacement.isWholeWords = how.contains('w');
    const auto replacer = data::Replacer::compile(replacement);
    QVERIFY2(replacer, replacer ? "" : replacer.error().message.c_str());
    const auto result = replacer->apply(text.toStdString());
    QVERIFY2(result, result ? "" : result.error().message.c_str());
    if (qstrcmp(QTest::currentDataTag(), "grows much") == 0)
        QCOMPARE(result->size(), std::size_t(160));
    else
        QCOMPARE(QString::fromStdString(*result), expected);
}

void TestBulkChange::badReplacements_data()
{
    QTest::addColumn<QString>("find");
    QTest::addColumn<QString>("with");
    QTest::newRow("nothing") << "" << "x";
    QTest::newRow("open group") << "(a" << "x";
    QTest::newRow("no such group") << "a" << "$7";
    QTest::newRow("too much work") << "^(a+)+[bc]$" << "x";
}

void TestBulkChange::badReplacements()
{
    QFETCH(QString, find);
    QFETCH(QString, with);
    Replacement replacement{find.toStdString(), with.toStdString()};
    replacement.isRegex = true;
    const auto replacer = data::Replacer::compile(replacement);
    const auto result = replacer ? replacer->apply(std::string(5000, 'a')) : Result<std::string>(passError(replacer));
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY(!result.error().hint.empty());
}

void TestBulkChange::replacesInManyRecordsAsOneStep()
{
    std::vector<RecordId> ids;
    {
        Project project = create();
        ids = project.addRecords(someRecords(), "Added").value();
        Replacement replacement{"cats", "felines"};
        const auto preview = project.previewChange(replacement, ids, 1);
        QVERIFY(preview);
        QCOMPARE(preview->changed, (std::vector<RecordId>{ids[0], ids[3]}));
        QCOMPARE(preview->shown.size(), std::size_t(1));
        QCOMPARE(preview->shown[0].after.turns[0].text, std::string("Where do felines wait?"));
        QCOMPARE(project.record(ids[0])->turns[0].text, std::string("Where do cats wait?")); // only looked at
        QCOMPARE(project.applyChange(replacement, {ids[3]}).value(), 1); // the other one was left out
        QCOMPARE(project.record(ids[3])->turns[0].text, std::string("Where do felines wait?"));
        QCOMPARE(project.record(ids[3])->status, RecordStatus::Edited);
        QCOMPARE(project.applyChange(replacement, ids).value(), 1);
        QCOMPARE(project.applyChange(replacement, ids).value(), 0);
        replacement = {"Thursday", "Friday"};
        replacement.inAnswers = false;
        replacement.inNotes = true;
        QCOMPARE(project.applyChange(replacement, ids).value(), 1);
        QCOMPARE(project.record(ids[4])->note, std::string("fact: Friday"));
        QCOMPARE(project.record(ids[4])->turns[1].text, std::string("Thursday."));
        QCOMPARE(project.journal(10)->size(), std::size_t(4));
    }
    auto project = Project::open(path(), Access::ReadWrite);
    QVERIFY(project);
    for (int i = 0; i < 3; ++i)
        QVERIFY(project->undo());
    QCOMPARE(project->record(ids[0])->turns[0].text, std::string("Where do cats wait?"));
    QCOMPARE(project->record(ids[3])->status, RecordStatus::New);
    QCOMPARE(project->record(ids[4])->note, std::string("fact: Thursday"));
}

void TestBulkChange::fixes_data()
{
    QTest::addColumn<int>("flag");
    QTest::addColumn<QString>("answer");
    QTest::addColumn<QString>("fixed"); // "": rejected instead
    QTest::newRow("personal data") << int(RecordFlag::PersonalData) << "Mail a@b.de." << "Mail [MAIL].";
    QTest::newRow("boilerplate") << int(RecordFlag::Boilerplate) << "As an AI model, I am here. Two pills." << "Two pills.";
    QTest::newRow("boilerplate only") << int(RecordFlag::Boilerplate) << "I hope this helps!" << "";
    QTest::newRow("encoding") << int(RecordFlag::OddEncoding) << QString::fromUtf8("\xc3\x83\xc2\xbc" "ber") << QString::fromUtf8("\xc3\xbc" "ber");
    QTest::newRow("placeholder") << int(RecordFlag::Placeholder) << "TODO" << "";
}

void TestBulkChange::fixes()
{
    QFETCH(int, flag);
    QFETCH(QString, answer);
    QFETCH(QString, fixed);
    Project project = create();
    const auto added = project.addRecords({makePair("Q", "", answer.toStdString()), makePair("Q2", "", "Fine.")}, "Added");
    QVERIFY(project.updateFindings());
    RecordFilter filter;
    filter.flag = RecordFlag(flag);
    const auto found = project.recordIds(filter);
    QCOMPARE(*found, std::vector<RecordId>{added->front()});
    QCOMPARE(project.applyChange(RecordFlag(flag), *found).value(), 1);
    const auto record = project.record(added->front());
    QCOMPARE(record->status, fixed.isEmpty() ? RecordStatus::Rejected : RecordStatus::Edited);
    QCOMPARE(QString::fromStdString(record->turns[1].text), fixed.isEmpty() ? answer : fixed);
    QCOMPARE(project.recordCounts()->byFlag.at(RecordFlag(flag)), 0); // gone without another check
    QVERIFY(project.undo());
    QCOMPARE(project.recordCounts()->byFlag.at(RecordFlag(flag)), 1);
    QVERIFY(!project.applyChange(RecordFlag::Contradiction, *found));
}

void TestBulkChange::trash()
{
    Project project = create();
    const auto ids = project.addRecords(someRecords(), "Added").value();
    const auto before = project.record(ids[1]).value();
    QCOMPARE(project.deletedCount().value(), 0);
    QVERIFY(project.deleteRecords({ids[1]}));
    QVERIFY(project.deleteRecords({ids[0], ids[4]}));
    QCOMPARE(project.deletedCount().value(), 3);
    const auto deleted = project.deletedRecords(2);
    QCOMPARE(deleted->size(), std::size_t(2));
    QCOMPARE(deleted->front().record.id, ids[0]); // of the newest deletion
    QCOMPARE(project.restoreDeleted({ids[1], ids[2]}).value(), 1); // the other one is there
    QCOMPARE(project.record(ids[1]).value(), before);
    QCOMPARE(project.deletedCount().value(), 2);
    QVERIFY(project.undo());
    QVERIFY(!project.record(ids[1]));
    QCOMPARE(project.deletedCount().value(), 3);
    QVERIFY(project.redo());
    QVERIFY(project.deleteRecords({ids[1]})); // a second time
    QCOMPARE(project.deletedRecords(10)->size(), std::size_t(3));
    QVERIFY(project.undo());
    QVERIFY(project.undo()); // restored
    QVERIFY(project.undo()); // deletion of two
    QVERIFY(project.undo());
    QCOMPARE(project.deletedCount().value(), 0);
}

void TestBulkChange::cancelChangesNothing()
{
    Project project = create();
    const auto ids = project.addRecords(someRecords(), "Added").value();
    std::stop_source stop;
    stop.request_stop();
    const auto changed = project.applyChange(Replacement{"cats", "dogs"}, ids, {}, stop.get_token());
    QVERIFY(!changed);
    QCOMPARE(changed.error().code, ErrorCode::Cancelled);
    QCOMPARE(project.journal(10)->size(), std::size_t(1));
    QCOMPARE(project.planSplits(ids, {}, {}, stop.get_token()).error().code, ErrorCode::Cancelled);
}

void TestBulkChange::splitsKeepNearDuplicatesTogether_data()
{
    QTest::addColumn<int>("by");
    QTest::newRow("by chance") << int(data::SplitBy::Chance);
    QTest::newRow("within tags") << int(data::SplitBy::WithinTags);
}

void TestBulkChange::splitsKeepNearDuplicatesTogether()
{
    QFETCH(int, by);
    Project project = create();
    std::vector<Record> records;
    std::vector<std::string> questions;
    for (int i = 0; i < 150; ++i) {
        const std::string text = "Tell me number " + std::to_string(i * 7919) + " how the clinic " + std::to_string(i) + " greets the client " + std::to_string(i * 31) + " who comes in late today";
        for (const char *end : {"", " please", " now"}) {
            records.push_back(makePair(text + end, "", "So."));
            records.back().tags = {i % 2 == 0 ? "even" : "odd"};
        }
    }
    records[0].status = RecordStatus::Rejected;
    records[4].split = Split::Test; // what is nearly the same follows
    const auto ids = project.addRecords(records, "Added").value();
    data::SplitRule rule;
    rule.by = data::SplitBy(by);
    rule.shares = {0.6, 0.3, 0.1, 5};
    const auto plan = project.planSplits(ids, rule);
    QVERIFY(plan);
    QCOMPARE(plan->groups, 150);
    QCOMPARE(project.recordCounts()->bySplit.at(Split::Unassigned), 449); // nothing happened yet
    QVERIFY(project.applySplits(*plan));
    const auto counts = project.recordCounts()->bySplit;
    QCOMPARE(counts.at(Split::Unassigned), 1); // the rejected one
    QVERIFY2(std::abs(counts.at(Split::HeldOut) - 0.3 * 449) <= 3, std::to_string(counts.at(Split::HeldOut)).c_str());
    QVERIFY2(std::abs(counts.at(Split::Test) - 0.1 * 449) <= 6, std::to_string(counts.at(Split::Test)).c_str());
    std::map<std::string, int> heldOut;
    for (std::size_t i = 0; i < ids.size(); i += 3) {
        const Split split = project.record(ids[i + 1])->split;
        QCOMPARE(project.record(ids[i + 2])->split, split);
        if (i > 0)
            QCOMPARE(project.record(ids[i])->split, split);
        heldOut[records[i].tags[0]] += split == Split::HeldOut ? 1 : 0;
    }
    QCOMPARE(project.record(ids[3])->split, Split::Test);
    if (rule.by == data::SplitBy::WithinTags)
        QVERIFY(std::abs(heldOut["even"] - heldOut["odd"]) <= 1);
    QVERIFY(project.updateFindings());
    QCOMPARE(project.recordCounts()->byFlag.at(RecordFlag::Leak), 0);
    QVERIFY(project.undo()); // one step
    QCOMPARE(project.recordCounts()->bySplit.at(Split::Unassigned), 449);
    QCOMPARE(project.planSplits(ids, rule)->moves, plan->moves); // the same seed, the same plan
    rule.shares.seed = 6;
    QVERIFY(project.planSplits(ids, rule)->moves != plan->moves);
    rule.shares.test = 0.2;
    QVERIFY(!project.planSplits(ids, rule));
}

void TestBulkChange::splitsByTagAndSource()
{
    Project project = create();
    std::vector<Record> records;
    for (int i = 0; i < 200; ++i) {
        records.push_back(makePair("Question " + std::to_string(i * 104729), "", "A"));
        records.back().tags = {"tag" + std::to_string(i % 20)};
        records.back().source = "file" + std::to_string(i / 20) + ".csv, line " + std::to_string(i);
    }
    const auto ids = project.addRecords(records, "Added").value();
    for (const auto by : {data::SplitBy::WholeTags, data::SplitBy::WholeSources}) {
        data::SplitRule rule;
        rule.by = by;
        rule.keepsAssigned = false;
        rule.shares = {0.7, 0.2, 0.1, 1};
        const auto plan = project.planSplits(ids, rule);
        QVERIFY(plan);
        QCOMPARE(plan->groups, by == data::SplitBy::WholeTags ? 20 : 10);
        QCOMPARE(plan->counts.at(Split::HeldOut), 40);
        QCOMPARE(plan->counts.at(Split::Test), 20);
        QVERIFY(project.applySplits(*plan));
        std::map<std::string, std::set<Split>> seen;
        for (std::size_t i = 0; i < ids.size(); ++i)
            seen[by == data::SplitBy::WholeTags ? records[i].tags[0] : std::to_string(i / 20)].insert(project.record(ids[i])->split);
        for (const auto &[name, splits] : seen)
            QCOMPARE(splits.size(), std::size_t(1));
    }
}

QTEST_APPLESS_MAIN(TestBulkChange)
#include "tst_bulkchange.moc"
