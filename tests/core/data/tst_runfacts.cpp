// What is computed from the numbers of finished runs: outcomes, settings side by side, curves of parts of the data, cells of CSV files.
#include "core/base/csvcell.h"
#include "core/engine/lossgroups.h"
#include "core/engine/runoutcome.h"
#include "core/train/settingcomparison.h"

#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::engine;

class TestRunFacts : public QObject {
    Q_OBJECT
private slots:
    void outcomeIsBestAndLast();
    void sameQuestionsAreSeen();
    void settingsStandSideBySide();
    void unreadableRecipeIsEmpty();
    void groupsByTag();
    void groupsByLength();
    void groupsBySplit();
    void onlyTheLargestGroupsAreKept();
    void cellsAreQuoted_data();
    void cellsAreQuoted();
};

namespace {

constexpr float kNoLoss = std::numeric_limits<float>::quiet_NaN();

// Rows 1 to 4, read twice; row 4 only at the second reading.
data::LossTable someLosses()
{
    data::LossTable table;
    table.rows = {{1}, {2}, {3}, {4}};
    table.at = {20, 40};
    table.losses = {{4, 2, 3, kNoLoss}, {1, 1, 2, 5}};
    return table;
}

RecordRow rowWith(std::int64_t id, std::vector<std::string> tags, std::optional<std::int64_t> tokens)
{
    RecordRow row;
    row.id = {id};
    row.tags = std::move(tags);
    row.tokens = tokens;
    return row;
}

std::vector<RecordRow> someRows()
{
    return {rowWith(1, {"poison"}, 12), rowWith(2, {"poison", "dog"}, 64), rowWith(3, {}, 65)}; // 4 is not there any more
}

} // namespace

void TestRunFacts::outcomeIsBestAndLast()
{
    RunInfo run;
    run.trainLoss = 0.5;
    std::vector<MetricPoint> points(3);
    points[1].peakBytes = 7;
    const std::vector<EvalPoint> evals = {{20, 2.0, 1}, {40, 1.5, 1}, {60, std::nan(""), 1}, {80, 1.75, 1}};
    const RunOutcome outcome = outcomeOf(run, points, evals);
    QCOMPARE(outcome.bestLoss, std::optional(1.5));
    QCOMPARE(outcome.bestStep, 40);
    QCOMPARE(outcome.lastLoss, std::optional(1.75));
    QCOMPARE(outcome.lastStep, 80);
    QCOMPARE(outcome.trainLoss, std::optional(0.5));
    QCOMPARE(outcome.peakBytes, 7);
    QVERIFY(!outcomeOf({}, {}, {}).bestLoss);
}

void TestRunFacts::sameQuestionsAreSeen()
{
    const std::vector<data::Record> some = {data::makePair("A?", "", "1"), data::makePair("B?", "", "2")};
    std::vector<data::Record> others = some;
    others[1].note = "seen"; // not what is asked
    QVERIFY(isSameContent(some, others));
    others[1] = data::makePair("B?", "", "3");
    QVERIFY(!isSameContent(some, others));
    others.pop_back();
    QVERIFY(!isSameContent(some, others));
}

void TestRunFacts::settingsStandSideBySide()
{
    const std::vector<std::string> recipes = {R"({"method":"lora","rank":8,"learningRate":0.001})", R"({"method":"lora","rank":16,"learningRate":0.001})",
                                              R"({"method":"full","learningRate":0.00002})"};
    const auto rows = train::compareSettings(recipes);
    const auto row = [&](std::string_view key) {
        return *std::ranges::find_if(rows, [key](const train::SettingComparison &candidate) { return candidate.field->key == key; });
    };
    QCOMPARE(row("rank").values[0], std::optional(train::SettingValue(std::int64_t(8))));
    QCOMPARE(row("rank").values[1], std::optional(train::SettingValue(std::int64_t(16))));
    QVERIFY(!row("rank").values[2]); // full training has no rank
    QVERIFY(row("rank").differs);
    QVERIFY(row("learningRate").differs);
    QVERIFY(!row("epochs").differs); // in none of them: the default in all
    QCOMPARE(row("epochs").values[2], std::optional(row("epochs").field->standard));
    QVERIFY(std::ranges::none_of(rows, [](const auto &candidate) { return candidate.field->key == "virtualTokens"; })); // of no method here
}

void TestRunFacts::unreadableRecipeIsEmpty()
{
    const std::vector<std::string> recipes = {"[not JSON", R"({"method":7,"rank":"many"})", "{}"};
    for (const train::SettingComparison &row : train::compareSettings(recipes))
        QVERIFY(!row.differs);
}

void TestRunFacts::groupsByTag()
{
    const data::LossLedger ledger{{}, someLosses()};
    const LossGroups groups = lossGroups(ledger, someRows(), LedgerPart::HeldOut, GroupBy::Tag);
    QCOMPARE(groups.groups.size(), std::size_t(3));
    const auto group = [&](const std::string &name) { return *std::ranges::find(groups.groups, name, &LossGroup::name); };
    QCOMPARE(group("poison").rows, 2);
    QCOMPARE(group("poison").losses, (std::vector<double>{3, 1}));
    QCOMPARE(group("poison").at, (std::vector<std::int64_t>{20, 40}));
    QCOMPARE(group("dog").losses, (std::vector<double>{2, 1}));
    QCOMPARE(group("").losses, (std::vector<double>{3, 3.5})); // what was not read does not count
    QVERIFY(lossGroups(ledger, someRows(), LedgerPart::Train, GroupBy::Tag).groups.empty());
}

void TestRunFacts::groupsByLength()
{
    const LossGroups groups = lossGroups({{}, someLosses()}, someRows(), LedgerPart::HeldOut, GroupBy::Length);
    QCOMPARE(groups.groups.size(), std::size_t(3));
    QCOMPARE(groups.groups[0].name, std::string("length not measured"));
    QCOMPARE(groups.groups[0].at, (std::vector<std::int64_t>{40}));
    QCOMPARE(groups.groups[1].name, std::string("up to 64 tokens"));
    QCOMPARE(groups.groups[1].rows, 2);
    QCOMPARE(groups.groups[2].name, std::string("65 to 128 tokens"));
    const std::vector<RecordRow> lengths = {rowWith(1, {}, 0), rowWith(2, {}, 2048), rowWith(3, {}, 2049), rowWith(4, {}, std::numeric_limits<std::int64_t>::max())};
    const LossGroups long_ = lossGroups({{}, someLosses()}, lengths, LedgerPart::HeldOut, GroupBy::Length);
    QCOMPARE(long_.groups.back().name, std::string("over 2048 tokens"));
    QCOMPARE(long_.groups.back().rows, 2);
}

void TestRunFacts::groupsBySplit()
{
    const LossGroups groups = lossGroups({someLosses(), someLosses()}, {}, LedgerPart::HeldOut, GroupBy::Split);
    QCOMPARE(groups.groups.size(), std::size_t(2));
    QCOMPARE(groups.groups[0].part, LedgerPart::Train);
    QCOMPARE(groups.groups[1].part, LedgerPart::HeldOut);
    QCOMPARE(groups.groups[1].losses, (std::vector<double>{3, 2.25}));
}

void TestRunFacts::onlyTheLargestGroupsAreKept()
{
    std::vector<RecordRow> rows;
    for (std::int64_t id = 1; id <= 4; ++id) {
        rows.push_back(rowWith(id, {"all"}, 1));
        for (int i = 0; i < 5; ++i)
            rows.back().tags.push_back("t" + std::to_string(id) + std::to_string(i));
    }
    const LossGroups groups = lossGroups({{}, someLosses()}, rows, LedgerPart::HeldOut, GroupBy::Tag);
    QCOMPARE(groups.groups.size(), kMostGroups);
    QCOMPARE(groups.groups.front().name, std::string("all"));
    QCOMPARE(groups.leftOut, std::int64_t(21 - kMostGroups));
}

void TestRunFacts::cellsAreQuoted_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("cell");
    QTest::newRow("plain") << QByteArray("a, b") << QByteArray("\"a, b\"");
    QTest::newRow("empty") << QByteArray() << QByteArray("\"\"");
    QTest::newRow("quotes") << QByteArray("say \"yes\"") << QByteArray("\"say \"\"yes\"\"\"");
    QTest::newRow("formula") << QByteArray("=1+1") << QByteArray("\"'=1+1\"");
    QTest::newRow("not UTF-8") << QByteArray("a\xFF") << QByteArray("\"a\xEF\xBF\xBD\"");
}

void TestRunFacts::cellsAreQuoted()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, cell);
    QCOMPARE(QByteArray::fromStdString(csvCell(text.toStdString())), cell);
}

QTEST_APPLESS_MAIN(TestRunFacts)
#include "tst_runfacts.moc"
