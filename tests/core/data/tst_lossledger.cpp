// The ledger of a run: what the course of a row says, which rows ask about the same thing, how small and quick it is in the project.
#include "core/base/clock.h"
#include "core/data/lossledger.h"
#include "core/data/probes.h"
#include "core/engine/project.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace fettle;
using namespace fettle::data;

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Rows in columns: each inner list is the course of one row.
LossTable tableOf(const std::vector<std::vector<float>> &courses)
{
    LossTable table;
    for (std::size_t row = 0; row < courses.size(); ++row)
        table.rows.push_back({static_cast<std::int64_t>(row + 1)});
    for (std::size_t reading = 0; reading < courses.front().size(); ++reading) {
        table.at.push_back(static_cast<std::int64_t>(reading + 1));
        table.losses.emplace_back();
        for (const auto &course : courses)
            table.losses.back().push_back(course[reading]);
    }
    return table;
}

} // namespace

class TestLossLedger : public QObject {
    Q_OBJECT
private slots:
    void coursesHaveVerdicts();
    void oneReadingSaysLittle();
    void highAmongItsKinIsSuspicious();
    void bandsAndLastReadings();
    void probesAreDrawnFromEveryTag();
    void choiceOfProbesSurvivesItsText_data();
    void choiceOfProbesSurvivesItsText();
    void aLargeLedgerIsSmallAndQuick();
    void damagedBlobIsRefused();
};

void TestLossLedger::coursesHaveVerdicts()
{
    std::vector<std::vector<float>> courses(12, {2.0F, 1.2F, 0.4F}); // learnt as usual
    courses.push_back({3.1F, 3.0F, 2.9F});                          // hard and flat
    courses.push_back({5.0F, 3.6F, 2.4F});                          // hard, still falling
    courses.push_back({2.6F, 1.0F, 1.5F});                          // fell, rose again
    courses.push_back({2.9F, 0.3F, 0.1F});                          // at once
    courses.push_back({0.2F, 0.05F, 0.02F});                        // known before: not learnt at all
    courses.push_back({kNone, kNone, kNone});
    const auto bits = verdictsOf(tableOf(courses));
    QCOMPARE(bits.size(), courses.size());
    for (std::size_t row = 0; row < 12; ++row)
        QCOMPARE(firstVerdict(bits[row]), Verdict::None);
    QCOMPARE(firstVerdict(bits[12]), Verdict::NeverLearnt);
    QCOMPARE(firstVerdict(bits[13]), Verdict::Slow);
    QCOMPARE(firstVerdict(bits[14]), Verdict::Forgotten);
    QCOMPARE(firstVerdict(bits[15]), Verdict::AtOnce);
    QCOMPARE(bits[16], VerdictBits{0});
    QCOMPARE(bits[17], VerdictBits{0});
}

void TestLossLedger::oneReadingSaysLittle()
{
    const auto bits = verdictsOf(tableOf({{0.1F}, {9.0F}, {0.2F}, {0.3F}, {0.1F}}));
    for (const VerdictBits each : bits)
        QCOMPARE(each, VerdictBits{0});
}

void TestLossLedger::highAmongItsKinIsSuspicious()
{
    const std::vector<std::string> questions = {"may a dog eat grapes", "are grapes bad for a dog", "my dog ate grapes what now", "grapes and dog a question",
                                                "when is the desk open",  "opening hours of the desk", "is the desk open on sunday", "desk open at noon"};
    const std::vector<std::string> &texts = questions;
    std::vector<std::int32_t> wanted(texts.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = static_cast<std::int32_t>(i);
    const auto kin = kinOf(texts, wanted, 3);
    for (std::size_t row = 0; row < texts.size(); ++row) {
        QVERIFY2(!kin[row].empty(), questions[row].c_str());
        for (const std::int32_t other : kin[row]) {
            QVERIFY(other != static_cast<std::int32_t>(row));
            QCOMPARE(other < 4, row < 4);
        }
    }
    // Row 2 says the opposite of its kin and stays hard; row 5 is as hard as its kin.
    const auto bits = verdictsOf(tableOf({{0.4F}, {0.3F}, {3.0F}, {0.4F}, {2.8F}, {3.1F}, {2.9F}, {2.9F}}), kin);
    QCOMPARE(firstVerdict(bits[2]), Verdict::Suspicious);
    QCOMPARE(std::ranges::count(bits, VerdictBits{0}), 7);
}

void TestLossLedger::bandsAndLastReadings()
{
    std::vector<std::vector<float>> courses;
    for (int i = 0; i <= 10; ++i)
        courses.push_back({static_cast<float>(i), i == 4 ? kNone : static_cast<float>(i) / 2});
    const LossTable table = tableOf(courses);
    const auto bands = lossBands(table);
    QCOMPARE(bands.size(), 2U);
    QCOMPARE(bands[0].low, 1.0);
    QCOMPARE(bands[0].middle, 5.0);
    QCOMPARE(bands[0].high, 9.0);
    const auto last = lastLosses(table);
    QCOMPARE(last[4], 4.0F); // read in the first round only
    QCOMPARE(last[10], 5.0F);
}

void TestLossLedger::probesAreDrawnFromEveryTag()
{
    std::vector<Record> rows(50);
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].tags = {i == 7 ? "rare" : i % 2 ? "odd" : "even"};
    const auto drawn = drawProbes(rows, 3, 1207);
    QCOMPARE(drawn.size(), 3U);
    QVERIFY(std::ranges::find(drawn, 7U) != drawn.end());
    QCOMPARE(drawProbes(rows, 3, 1207), drawn);
    QVERIFY(drawProbes(rows, 10, 1207) != drawProbes(rows, 10, 1208));
    QCOMPARE(drawProbes(rows, 1000, 1).size(), 50U);
    QVERIFY(drawProbes({}, 6, 1).empty());
    QVERIFY(drawProbes(rows, 0, 1).empty());
}

void TestLossLedger::choiceOfProbesSurvivesItsText_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("tokens");
    QTest::addColumn<int>("own");
    QTest::newRow("round trip") << QString::fromStdString(probeChoiceText({3, 40, {"When?", "\"Where\"\nexactly?"}})) << 3 << 40 << 2;
    QTest::newRow("nothing") << QString() << 6 << 64 << 0;
    QTest::newRow("no object") << QStringLiteral("[1,2]") << 6 << 64 << 0;
    QTest::newRow("out of range") << QStringLiteral("{\"fromHeldOut\": -5, \"maxTokens\": 99999999, \"own\": [1, \"\", \"a\"]}") << 0 << 1024 << 1;
    QTest::newRow("wrong types") << QStringLiteral("{\"fromHeldOut\": \"x\", \"maxTokens\": null, \"own\": 7}") << 6 << 64 << 0;
}

void TestLossLedger::choiceOfProbesSurvivesItsText()
{
    QFETCH(QString, text);
    const ProbeChoice choice = probeChoiceFrom(text.toStdString());
    QTEST(int(choice.fromHeldOut), "rows");
    QTEST(int(choice.maxTokens), "tokens");
    QTEST(int(choice.own.size()), "own");
    QCOMPARE(probeChoiceFrom(probeChoiceText(choice)), choice);
}

void TestLossLedger::aLargeLedgerIsSmallAndQuick()
{
    // The figures of the issue: 100,000 rows and 10 epochs in less than 100 MB, filtered within half a second.
    constexpr std::size_t kRows = 100'000, kEpochs = 10;
    const QTemporaryDir dir;
    const std::filesystem::path folder = dir.filePath(QStringLiteral("large.fettle")).toStdString();
    auto project = engine::Project::create(folder);
    VERIFY_OK(project);
    const auto run = project->addRun({});
    VERIFY_OK(run);
    std::vector<RecordId> rows(kRows);
    for (std::size_t i = 0; i < kRows; ++i)
        rows[i] = {static_cast<std::int64_t>(i + 1)};
    VERIFY_OK(project->putLedgerRows(run->id, engine::LedgerPart::Train, rows));
    std::vector<float> losses(kRows);
    for (std::size_t epoch = 1; epoch <= kEpochs; ++epoch) {
        for (std::size_t i = 0; i < kRows; ++i)
            losses[i] = 3.0F / static_cast<float>(epoch) + static_cast<float>(i * 7919 % 1000) / 500.0F;
        VERIFY_OK(project->putLedger(run->id, engine::LedgerPart::Train, static_cast<std::int64_t>(epoch), losses));
    }
    const Stopwatch watch;
    const auto ledger = project->lossLedger(run->id);
    VERIFY_OK(ledger);
    const auto bits = verdictsOf(ledger->train);
    const double seconds = watch.seconds();
    QCOMPARE(ledger->train.losses.size(), kEpochs);
    QCOMPARE(ledger->train.losses.back(), losses);
    QCOMPARE(bits.size(), kRows);
    std::uintmax_t bytes = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
        bytes += entry.is_regular_file() ? entry.file_size() : 0;
    QVERIFY2(bytes < 100'000'000, std::to_string(bytes).c_str());
    qInfo("100,000 rows x 10 epochs: %.1f MB, read and judged in %.3f s", double(bytes) / 1e6, seconds);
    QVERIFY2(seconds < 0.5, std::to_string(seconds).c_str());
}

void TestLossLedger::damagedBlobIsRefused()
{
    const QTemporaryDir dir;
    auto project = engine::Project::create(dir.filePath(QStringLiteral("p.fettle")).toStdString());
    VERIFY_OK(project);
    const auto run = project->addRun({});
    VERIFY_OK(run);
    VERIFY_OK(project->putLedgerRows(run->id, engine::LedgerPart::Train, {{1}, {2}, {3}}));
    VERIFY_OK(project->putLedger(run->id, engine::LedgerPart::Train, 1, std::vector<float>{1.0F, 2.0F}));
    const auto ledger = project->lossLedger(run->id);
    QVERIFY(!ledger);
    QCOMPARE(ledger.error().code, ErrorCode::BadInput);
    VERIFY_OK(project->deleteRun(run->id)); // its tables go with it
    const auto gone = project->lossLedger(run->id);
    VERIFY_OK(gone);
    QVERIFY(gone->train.isEmpty());
}

QTEST_APPLESS_MAIN(TestLossLedger)
#include "tst_lossledger.moc"
