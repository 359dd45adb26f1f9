// The autopsy before a run: limits from losses; the base model's own loss beside each text, as findings and as a filter.
#include "core/engine/autopsy.h"
#include "core/engine/delivery.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

} // namespace

class TestAutopsy : public QObject {
    Q_OBJECT
private slots:
    void init();
    void limitsComeFromTheSpread();
    void limitsSurviveTheirText();
    void lossesAreThoseOfScoring();
    void findingsAndFilters();
    void editedRecordsAreReadAgain();
    void aCancelKeepsWhatIsMeasured();
    void otherWordsForgetTheLosses();

private:
    Project &project() { return *m_project; }
    [[nodiscard]] std::vector<RecordId> found(const std::string &query)
    {
        RecordFilter filter;
        filter.query = query;
        const auto ids = project().recordIds(filter);
        return ids ? *ids : std::vector<RecordId>{RecordId{-1}};
    }
    QTemporaryDir m_dir;
    std::optional<Project> m_project;
    int m_count = 0;
};

void TestAutopsy::init()
{
    m_project.reset();
    auto created = Project::create(m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString());
    VERIFY_OK(created);
    m_project.emplace(std::move(*created));
    std::vector<data::Record> records;
    for (int i = 0; i < 70; ++i)
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), i == 5 ? "The archive has 40 shelves." : "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
    VERIFY_OK(project().addRecords(std::move(records), "Added rows"));
}

void TestAutopsy::limitsComeFromTheSpread()
{
    std::vector<double> answers, questions;
    for (int i = 0; i < 100; ++i) {
        answers.push_back(2.0 + 0.01 * i);
        questions.push_back(4.0);
    }
    const auto limits = data::autopsyLimits(answers, questions);
    QVERIFY(limits.known > 0.69 && limits.known < 0.70);       // even odds
    QVERIFY(limits.surprising > 3.5 && limits.surprising < 4.5); // middle 2.5, spread 0.37
    QCOMPARE(limits.odd, 6.0);                                   // no spread at all: half as much again
    const auto few = data::autopsyLimits({1, 2, 3}, {});
    QVERIFY(std::isinf(few.surprising) && std::isinf(few.odd));
}

void TestAutopsy::limitsSurviveTheirText()
{
    const data::AutopsyLimits limits{0.7, 3.25, std::numeric_limits<double>::infinity()};
    const auto back = data::autopsyLimitsFrom(data::autopsyLimitsText(limits));
    QVERIFY(back.has_value());
    QCOMPARE(back->known, limits.known);
    QCOMPARE(back->surprising, limits.surprising);
    QVERIFY(std::isinf(back->odd));
    for (const char *broken : {"", "1", "1 2", "x 2 3", "nan 1 2"})
        QVERIFY2(!data::autopsyLimitsFrom(broken), broken);
}

void TestAutopsy::lossesAreThoseOfScoring()
{
    std::int64_t seen = 0;
    double left = -1;
    const auto summary = runAutopsy(project(), kModel, {.threads = 1}, [&](const Progress &progress) {
        if (progress.total == 70) {
            seen = progress.done;
            left = progress.secondsLeft;
        }
    });
    VERIFY_OK(summary);
    QCOMPARE(summary->measured, 70);
    QCOMPARE(summary->model, std::string("tinychat"));
    QCOMPARE(seen, 70);
    QCOMPARE(left, 0.0);
    for (const std::int64_t id : {1, 6, 70}) {
        const auto record = project().record(RecordId{id});
        VERIFY_OK(record);
        const auto score = scoreRecords(kModel, "", {*record}, data::TrainOn::Completion, &project(), {.threads = 1});
        VERIFY_OK(score);
        const double loss = score->rows.front().loss;
        const std::vector<RecordId> same = found(fmt::format("base:{}..{}", loss - 1e-4, loss + 1e-4));
        QVERIFY(std::ranges::find(same, RecordId{id}) != same.end());
    }
    const auto counts = project().recordCounts();
    VERIFY_OK(counts);
    QCOMPARE(counts->autopsied, 70);
    QCOMPARE(counts->autopsyModel, std::string("tinychat"));
    // Nothing is left to read: the weights are not even loaded.
    int said = 0;
    const auto again = runAutopsy(project(), kModel, {.threads = 1}, [&](const Progress &) { ++said; });
    VERIFY_OK(again);
    QCOMPARE(again->measured, 70);
    QCOMPARE(said, 0);
}

void TestAutopsy::findingsAndFilters()
{
    VERIFY_OK(project().useAutopsyKey("key", "some model"));
    std::vector<data::BaseLoss> losses;
    for (std::int64_t id = 1; id <= 70; ++id) {
        const auto record = project().record(RecordId{id});
        VERIFY_OK(record);
        losses.push_back({data::contentHash(*record), id == 3 ? 0.2 : id == 4 ? 9.0 : 2.0 + 0.01 * double(id), id == 8 ? 7.5 : id == 9 ? std::nan("") : 3.0 + 0.01 * double(id)});
    }
    VERIFY_OK(project().storeBaseLosses(losses));
    VERIFY_OK(project().judgeAutopsy());
    QCOMPARE(found("finding:known-already"), std::vector<RecordId>{RecordId{3}});
    QCOMPARE(found("finding:surprising"), std::vector<RecordId>{RecordId{4}});
    QCOMPARE(found("finding:odd-wording"), std::vector<RecordId>{RecordId{8}});
    QCOMPARE(found("base>8"), std::vector<RecordId>{RecordId{4}});
    QCOMPARE(found("has:base").size(), 70U);
    const auto counts = project().recordCounts();
    VERIFY_OK(counts);
    QCOMPARE(counts->byFlag.at(RecordFlag::KnownAlready), 1);
    const auto rows = project().recordRows({RecordId{8}});
    VERIFY_OK(rows);
    QCOMPARE(rows->front().flags, std::vector<RecordFlag>{RecordFlag::OddWording});
    // What is known already can be left out in one step that undo takes back.
    const auto changed = project().applyChange(RecordFlag::KnownAlready, found("finding:known-already"));
    VERIFY_OK(changed);
    QCOMPARE(*changed, 1);
    QCOMPARE(found("status:rejected"), std::vector<RecordId>{RecordId{3}});
    VERIFY_OK(project().undo());
    QCOMPARE(found("finding:known-already").size(), 1U);
}

void TestAutopsy::editedRecordsAreReadAgain()
{
    VERIFY_OK(runAutopsy(project(), kModel, {.threads = 1}));
    auto record = project().record(RecordId{12});
    VERIFY_OK(record);
    record->turns.back().text = "Nowhere at all.";
    VERIFY_OK(project().saveRecord(*record));
    QCOMPARE(found("-has:base"), std::vector<RecordId>{RecordId{12}});
    std::int64_t read = 0;
    VERIFY_OK(runAutopsy(project(), kModel, {.threads = 1}, [&](const Progress &progress) { read = progress.total; }));
    QCOMPARE(read, 1);
    QVERIFY(found("-has:base").empty());
}

void TestAutopsy::aCancelKeepsWhatIsMeasured()
{
    std::stop_source stop;
    const auto cancelled = runAutopsy(project(), kModel, {.threads = 1}, [&](const Progress &progress) {
        if (progress.total == 70)
            stop.request_stop();
    }, stop.get_token());
    QVERIFY(!cancelled.has_value());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    QCOMPARE(found("has:base").size(), 64U);
    const auto rest = runAutopsy(project(), kModel, {.threads = 1});
    VERIFY_OK(rest);
    QCOMPARE(rest->measured, 70);
}

void TestAutopsy::otherWordsForgetTheLosses()
{
    VERIFY_OK(runAutopsy(project(), kModel, {.threads = 1}));
    VERIFY_OK(project().setSetting("defaultSystem", "\"Answer shortly.\""));
    std::int64_t read = 0;
    VERIFY_OK(runAutopsy(project(), kModel, {.threads = 1}, [&](const Progress &progress) { read = progress.total; }));
    QCOMPARE(read, 70);
}

QTEST_GUILESS_MAIN(TestAutopsy)
#include "tst_autopsy.moc"
