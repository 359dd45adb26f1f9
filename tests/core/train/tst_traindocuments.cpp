// Records to documents on several threads: order, cuts, rows without anything to learn, refusals, cancelling.
#include "core/train/documents.h"

#include <QTest>

using namespace fettle;
using namespace fettle::train;

namespace {

std::vector<data::Record> records(int count)
{
    std::vector<data::Record> made(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        made[static_cast<std::size_t>(i)].id = RecordId{i + 1};
    return made;
}

// Record n has n % 10 + 2 tokens; the last two are trained; at most 8 are kept; every 25th is refused.
Result<data::LabelledTokens> label(const data::Record &record)
{
    const std::int64_t n = record.id.value;
    if (n % 25 == 0)
        return fail(ErrorCode::BadInput, "The template refused row " + std::to_string(n) + ".", "Mend it.");
    data::LabelledTokens tokens;
    const std::int64_t length = n % 10 + 2;
    for (std::int64_t t = 0; t < length; ++t) {
        tokens.ids.push_back(static_cast<TokenId>(n));
        tokens.trained.push_back(t >= length - 2 ? 1 : 0);
    }
    tokens.kept = std::min<std::int64_t>(length, 8);
    return tokens;
}

} // namespace

class TestTrainDocuments : public QObject {
    Q_OBJECT
private slots:
    void countsAndKeepsTheOrder();
    void threadsDoNotChangeTheResult();
    void canBeCancelled();
    void progressEndsAtTheTotal();
};

void TestTrainDocuments::countsAndKeepsTheOrder()
{
    const std::vector<data::Record> all = records(100);
    const auto set = labelRecords(all, label, 1);
    QVERIFY(set.has_value());
    QCOMPARE(set->failed.size(), 4U);
    QVERIFY(set->firstFailure && set->firstFailure->message.find("row 25") != std::string::npos);
    QCOMPARE(set->longest, 11);
    QCOMPARE(set->cut.size(), 30U);     // lengths 9, 10 and 11
    QCOMPARE(set->dropped.size(), 20U); // lengths 10 and 11: both trained tokens are gone
    QCOMPARE(set->documents.size(), 76U);
    for (std::size_t i = 1; i < set->documents.size(); ++i)
        QVERIFY(set->documents[i - 1].record < set->documents[i].record);
    std::int64_t tokens = 0;
    std::int64_t trained = 0;
    for (const Document &document : set->documents) {
        QVERIFY(document.length() <= 8);
        tokens += document.length();
        trained += document.trainedTokens();
    }
    QCOMPARE(set->tokens, tokens);
    QCOMPARE(set->trainedTokens, trained);
}

void TestTrainDocuments::threadsDoNotChangeTheResult()
{
    const std::vector<data::Record> all = records(1000);
    const auto one = labelRecords(all, label, 1);
    const auto four = labelRecords(all, label, 4);
    QVERIFY(one.has_value() && four.has_value());
    QVERIFY(one->cut == four->cut && one->dropped == four->dropped && one->failed == four->failed);
    QCOMPARE(one->firstFailure->message, four->firstFailure->message);
    QCOMPARE(one->documents.size(), four->documents.size());
    for (std::size_t i = 0; i < one->documents.size(); ++i) {
        QVERIFY(one->documents[i].record == four->documents[i].record);
        QVERIFY(one->documents[i].ids == four->documents[i].ids);
    }
    const auto none = labelRecords({}, label, 4);
    QVERIFY(none.has_value() && none->documents.empty());
}

void TestTrainDocuments::canBeCancelled()
{
    std::stop_source stop;
    std::atomic<int> labelled = 0;
    const auto result = labelRecords(records(10000), [&](const data::Record &record) {
        if (++labelled == 100)
            stop.request_stop();
        return label(record);
    }, 2, {}, stop.get_token());
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().code, ErrorCode::Cancelled);
    QVERIFY(labelled < 200);
}

void TestTrainDocuments::progressEndsAtTheTotal()
{
    Progress last;
    const auto result = labelRecords(records(100), label, 1, [&](const Progress &progress) { last = progress; });
    QVERIFY(result.has_value());
    QCOMPARE(last.done, 100);
    QCOMPARE(last.total, 100);
}

QTEST_APPLESS_MAIN(TestTrainDocuments)
#include "tst_traindocuments.moc"
