// The language of the search field on real projects: what it finds, what it refuses and in which words, and how long a million records take.
#include <QtTest>

#include "tests/core/data/projectfixture.h"

#include "core/base/clock.h"
#include "core/data/filterlanguage.h"
#include "core/data/recordquery.h"
#include "core/data/wordindex.h"
#include "core/store/idset.h"

#include <algorithm>

using namespace fixture;
using namespace fettle::data;
using Ids = std::vector<std::int64_t>;

class TestFilterLanguage : public QObject {
    Q_OBJECT
private slots:
    void finds_data();
    void finds();
    void refuses_data();
    void refuses();
    void anythingTypedIsNoCrash();
    void wordsToMark();
    void fewAndManyAreFoundAlike();
    void beginningsAreReadAsFts5DoesIt();
    void aMillionRecords();
};

void TestFilterLanguage::finds_data()
{
    QTest::addColumn<QByteArray>("query");
    QTest::addColumn<Ids>("ids");
    const auto add = [](const char *query, Ids ids) { QTest::newRow(query[0] == '\0' ? "empty" : query) << QByteArray(query) << ids; };
    add("", {1, 2, 3, 4, 5});
    add("cats", {1, 4});
    add("CAT wait", {1, 4});
    add("\"cats wait\"", {1, 4});
    add("\"wait cats\"", {});
    add("-cats", {2, 3, 5});
    add("-\"room 5\" cats", {4});
    add("cafe", {2});
    add("tag:cats", {1, 4});
    add("tag:Cats", {1, 4});
    add("tag:rooms,dogs", {1, 2});
    add("-tag:cats", {2, 3, 5});
    add("tag:cats -tag:rooms", {4});
    add("status:approved", {2});
    add("status:New -tag:cats", {3, 5});
    add("status:new,approved", {1, 2, 3, 4, 5});
    add("split:held-out", {5});
    add("split:none", {1, 2, 3, 4});
    add("-split:none", {5});
    add("has:context", {2});
    add("has:system", {2});
    add("-has:answer", {3});
    add("has:tags", {1, 2, 4});
    add("has:note has:rating", {5});
    add("note:thursday", {5});
    add("source:RULES.csv", {5});
    add("source:\"csv, line\"", {5});
    add("rating>3", {5});
    add("rating>=4 rating<5", {5});
    add("rating:1..4", {5});
    add("rating=0", {1, 2, 3, 4});
    add("no:2..3", {2, 3});
    add("turns>2", {2});
    add("length>20", {1});
    add("length<=20", {2});
    add("-length>20", {2, 3, 4, 5}); // what is unknown is not longer
    add("loss>2", {});
    add("-has:loss", {1, 2, 3, 4, 5});
    add("finding:contradiction", {1, 4});
    add("finding:empty,contradiction", {1, 3, 4});
    add("-finding:contradiction cats", {});
    add("tag: status:", {1, 2, 3, 4, 5}); // still being typed
    add("length>", {1, 2, 3, 4, 5});
    add("12:30", {});
    add("\"tag:cats\"", {});
    add("!!! ?", {1, 2, 3, 4, 5});
}

void TestFilterLanguage::finds()
{
    QFETCH(QByteArray, query);
    QFETCH(Ids, ids);
    QTemporaryDir folder;
    auto project = Project::create((folder.path() + "/a.fettle").toStdString());
    QVERIFY(project);
    const auto added = project->addRecords(someRecords(), "Imported");
    QVERIFY(added);
    QVERIFY(project->setStatus({(*added)[1]}, RecordStatus::Approved));
    QVERIFY(project->storeLengths({{contentHash(*project->record((*added)[0])), 40}, {contentHash(*project->record((*added)[1])), 20}}, 0));
    QVERIFY(project->updateFindings());
    RecordFilter filter;
    filter.query = query.toStdString();
    const auto found = project->recordIds(filter);
    QVERIFY2(found, found ? "" : found.error().message.c_str());
    QCOMPARE(numbers(found), ids);
    filter.sort = RecordSort::Tokens;
    QCOMPARE(project->recordIds(filter)->size(), ids.size());
}

void TestFilterLanguage::refuses_data()
{
    QTest::addColumn<QByteArray>("query");
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<QByteArray>("hint");
    QTest::newRow("unknown key") << QByteArray("cats colour:red") << QByteArray("\"colour:red\": there is no such filter.") << QByteArray("tag, status, split");
    QTest::newRow("address") << QByteArray("https://example.org") << QByteArray("no such filter") << QByteArray("quotation marks");
    QTest::newRow("unknown value") << QByteArray("-status:done") << QByteArray("status is never \"done\"") << QByteArray("new, edited, approved, rejected");
    QTest::newRow("one of several") << QByteArray("split:train,tset") << QByteArray("\"tset\"") << QByteArray("held-out");
    QTest::newRow("no number") << QByteArray("length>long") << QByteArray("\"long\" is not a number") << QByteArray("length>512");
    QTest::newRow("half a range") << QByteArray("rating:2..") << QByteArray("is not a number") << QByteArray("rating:100..200");
    QTest::newRow("comparison of words") << QByteArray("tag>cats") << QByteArray("only numbers") << QByteArray("tag:value");
}

void TestFilterLanguage::refuses()
{
    QFETCH(QByteArray, query);
    QFETCH(QByteArray, message);
    QFETCH(QByteArray, hint);
    const auto compiled = compileFilter(query.toStdString());
    QVERIFY(!compiled);
    QCOMPARE(compiled.error().code, ErrorCode::BadInput);
    QVERIFY2(compiled.error().message.find(message.toStdString()) != std::string::npos, compiled.error().message.c_str());
    QVERIFY2(compiled.error().hint.find(hint.toStdString()) != std::string::npos, compiled.error().hint.c_str());
}

// Every query that compiles is a query that runs: no text of a person reaches the SQL or the search engine as a command.
void TestFilterLanguage::anythingTypedIsNoCrash()
{
    QTemporaryDir folder;
    auto project = Project::create((folder.path() + "/a.fettle").toStdString());
    QVERIFY(project && project->addRecords(someRecords(), "Imported"));
    const std::string pieces[] = {"tag:", "status:", "new", "-", "\"", "'", ";", "*", "(", ")", " ", ",", "length", ">", "<=", "..", "5", "NEAR", "OR", "cats", std::string(1, '\0'), "has:", "context", "^", "{", "\xc3\xa4", "\xff", "finding:leak", "%", "\\"};
    std::uint64_t state = 99;
    int ran = 0;
    for (int round = 0; round < 20'000; ++round) {
        RecordFilter filter;
        for (int i = 0; i < 8; ++i) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            filter.query += pieces[(state >> 33) % std::size(pieces)];
        }
        if (!compileFilter(filter.query))
            continue;
        ++ran;
        const auto found = project->recordIds(filter);
        QVERIFY2(found, (filter.query + ": " + (found ? "" : found.error().message + found.error().detail)).c_str());
    }
    QVERIFY(ran > 2000);
}

void TestFilterLanguage::wordsToMark()
{
    QCOMPARE(compileFilter("cats tag:x \"room 5\" -dogs !!")->words, (std::vector<std::string>{"cats", "room 5"}));
}

// Many hits are found in another way than few: both are what a look at each record gives, in every order, beside other conditions, and for texts
// that several records share.
void TestFilterLanguage::fewAndManyAreFoundAlike()
{
    constexpr int kRecords = 9000;
    QTemporaryDir folder;
    auto project = Project::create((folder.path() + "/a.fettle").toStdString());
    QVERIFY(project);
    std::vector<Record> records;
    for (int i = 0; i < kRecords; ++i) {
        const int n = i % 11 == 0 ? 5 : i; // some are copies of another one
        records.push_back(makePair("Question " + std::to_string(n), "", std::string(n % 3 == 0 ? "cats" : "dogs") + (n % 5 == 0 ? " wait" : " play")));
        records.back().split = i % 2 == 0 ? Split::Train : Split::Test;
    }
    const auto added = project->addRecords(records, "Imported");
    QVERIFY(added);
    struct Case { const char *query; bool (*holds)(const Record &record, std::int64_t id); };
    static const auto has = [](const Record &record, const char *word) { return responseOf(record).find(word) != std::string_view::npos; };
    const Case cases[] = {
        {"dogs", [](const Record &r, std::int64_t) { return has(r, "dogs"); }},
        {"cat", [](const Record &r, std::int64_t) { return has(r, "cats"); }},
        {"dogs wait", [](const Record &r, std::int64_t) { return has(r, "dogs wait"); }},
        {"dogs -wait", [](const Record &r, std::int64_t) { return has(r, "dogs play"); }},
        {"-wait", [](const Record &r, std::int64_t) { return has(r, "play"); }},
        {"-wait -dogs", [](const Record &r, std::int64_t) { return has(r, "cats play"); }},
        {"question -nothing", [](const Record &, std::int64_t) { return true; }},
        {"dogs split:test", [](const Record &r, std::int64_t) { return has(r, "dogs") && r.split == Split::Test; }},
        {"dogs no>8000", [](const Record &r, std::int64_t id) { return has(r, "dogs") && id > 8000; }},
        {"\"question 5\"", [](const Record &r, std::int64_t) { return instructionOf(r) == "Question 5"; }},
        {"\"cats wait\" -dogs", [](const Record &r, std::int64_t) { return has(r, "cats wait"); }},
        {"nothing", [](const Record &, std::int64_t) { return false; }},
    };
    for (const Case &one : cases) {
        Ids expected;
        for (int i = 0; i < kRecords; ++i)
            if (one.holds(records[std::size_t(i)], (*added)[std::size_t(i)].value))
                expected.push_back((*added)[std::size_t(i)].value);
        RecordFilter filter;
        filter.query = one.query;
        QVERIFY2(numbers(project->recordIds(filter)) == expected, one.query);
        filter.sort = RecordSort::Response;
        Ids sorted = numbers(project->recordIds(filter));
        std::ranges::sort(sorted);
        QVERIFY2(sorted == expected, one.query);
    }
}

// The pages of the index are read as FTS5 reads them: words over many pages, in many segments, before and after these are merged.
void TestFilterLanguage::beginningsAreReadAsFts5DoesIt()
{
    QTemporaryDir folder;
    const auto path = std::filesystem::path((folder.path() + "/a.fettle").toStdString());
    std::uint64_t state = 7;
    const auto random = [&state](std::uint64_t below) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (state >> 33) % below;
    };
    auto project = Project::create(path);
    QVERIFY(project);
    const auto compare = [&] {
        const auto database = store::Database::open(path / "project.db", store::OpenMode::ReadOnly);
        QVERIFY(database);
        auto begun = store::Transaction::begin(**database, store::TransactionKind::Read);
        QVERIFY(begun);
        for (const char *word : {"w", "wa", "wab", "waba", "wabab", "the", "t", "rare", "rarest", "zz", "0", "q", "long", "1"}) {
            auto statement = (*database)->prepare("SELECT rowid FROM contentText WHERE contentText MATCH ?");
            QVERIFY(statement);
            const std::string query = "\"" + std::string(word) + "\"*";
            QCOMPARE(plainBeginning(query), std::optional<std::string>(word));
            const auto expected = readIds(statement->bind(query));
            const auto largest = (*database)->integer("SELECT coalesce(max(id), 0) FROM content");
            QVERIFY(largest);
            const auto found = contentsWithBeginning(**database, word, *largest);
            QVERIFY(expected && found);
            if (!expected->empty()) { // a damaged index may name any number: no room is made for it
                const auto refused = contentsWithBeginning(**database, word, std::ranges::max(*expected).value - 1);
                QVERIFY(refused);
                QVERIFY(!*refused);
            }
            QVERIFY2(*found, word); // the format is the one that is known
            std::string set;
            for (const RecordId id : *expected)
                store::addId(set, id.value);
            QVERIFY2(**found == set, word);
        }
    };
    compare(); // nothing is there yet
    for (int batch = 0; batch < 24; ++batch) {
        std::vector<Record> records;
        for (int i = 0; i < 150; ++i) {
            std::string text = "the " + std::to_string(batch * 1000 + i);
            for (std::uint64_t words = random(120); words > 0; --words) {
                text += " w";
                for (std::uint64_t letters = random(6); letters > 0; --letters)
                    text += static_cast<char>('a' + random(3));
            }
            if (random(40) == 0)
                text += " rarest";
            if (random(200) == 0) {
                for (int repeat = 0; repeat < 9000; ++repeat) // its places alone fill several pages
                    text += " long the";
            }
            records.push_back(makePair(text, "", "Answer " + std::to_string(random(50))));
        }
        QVERIFY(project->addRecords(records, "Imported"));
        if (batch % 6 == 0)
            compare();
    }
    compare();
    QVERIFY(!plainBeginning("\"room 5\""));
    QVERIFY(!plainBeginning("\"caf\xc3\xa9\"*"));
    QVERIFY(!plainBeginning("\"a\"* \"b\"*"));
    QVERIFY(!plainBeginning("\"it's\"*"));
    QCOMPARE(plainBeginning("\"Ver5\"*"), std::optional<std::string>("ver5"));
}

// Set FETTLE_MILLION to measure; takes some minutes.
void TestFilterLanguage::aMillionRecords()
{
    if (!qEnvironmentVariableIsSet("FETTLE_MILLION"))
        QSKIP("FETTLE_MILLION is not set.");
    QTemporaryDir folder;
    auto project = Project::create((folder.path() + "/a.fettle").toStdString());
    QVERIFY(project);
    const Stopwatch adding;
    for (int batch = 0; batch < 10; ++batch) {
        std::vector<Record> records;
        for (int i = 0; i < 100'000; ++i) {
            const int n = batch * 100'000 + i;
            records.push_back(makePair("Question " + std::to_string(n) + " about topic" + std::to_string(n % 997), "", "The answer is " + std::to_string(std::int64_t(n) * 7919 % 100'003) + "."));
            records.back().tags = {"tag" + std::to_string(n % 50)};
        }
        QVERIFY(project->addRecords(std::move(records), "Imported"));
    }
    qInfo("adding: %.1f s", adding.seconds());
    for (const char *query : {"", "topic7", "question", "tag:tag7", "-tag:tag7 status:new", "has:context", "finding:contradiction", "turns>1", "answer -topic9"}) {
        for (const RecordSort sort : {RecordSort::Number, RecordSort::Instruction, RecordSort::Tokens}) {
            RecordFilter filter;
            filter.query = query;
            filter.sort = sort;
            const Stopwatch watch;
            const auto found = project->recordIds(filter);
            QVERIFY(found);
            qInfo("%-24s sort %d: %7zu in %.2f s", query, int(sort), found->size(), watch.seconds());
        }
    }
    const Stopwatch counting;
    QVERIFY(project->recordCounts());
    qInfo("counts: %.2f s", counting.seconds());
}

QTEST_APPLESS_MAIN(TestFilterLanguage)
#include "tst_filterlanguage.moc"
