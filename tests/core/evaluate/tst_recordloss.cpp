// Loss of each row with an adapter, against transformers and PEFT reading the rows one by one.
#include "core/torch.h"
#include "tests/core/train/trainfixture.h"

#include "core/evaluate/recordloss.h"
#include "core/train/lossbatch.h"

#include <QTest>

using namespace fettle;
using namespace trainfixture;

class TestRecordLoss : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void equalsPeftWhateverSharesARow_data();
    void equalsPeftWhateverSharesARow();
    void tokenWeightedMeanEqualsTheHeldOutLoss();
    void stopsWhenAsked();

private:
    std::vector<train::Document> m_documents;
    std::vector<double> m_expected;
    std::shared_ptr<tune::LoraAdapter> m_adapter;
};

void TestRecordLoss::initTestCase()
{
    const nlohmann::json parity = json("parity.json");
    m_documents = documents(parity.at("documents"));
    m_expected = parity.at("documentLosses").get<std::vector<double>>();
    auto adapter = tune::loadPeftFolder(folder() / "adapter-after", weights()->config);
    QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
    m_adapter = *adapter;
}

void TestRecordLoss::equalsPeftWhateverSharesARow_data()
{
    QTest::addColumn<int>("tokensPerRow");
    QTest::newRow("one document in a row") << 1;
    QTest::newRow("some") << 64;
    QTest::newRow("all") << 4096;
}

void TestRecordLoss::equalsPeftWhateverSharesARow()
{
    QFETCH(int, tokensPerRow);
    model::LossEngine engine(weights());
    const auto losses = evaluate::recordLosses(engine, *m_adapter, m_documents, tokensPerRow);
    QVERIFY2(losses.has_value(), losses ? "" : losses.error().message.c_str());
    QCOMPARE(losses->size(), m_expected.size());
    for (std::size_t i = 0; i < losses->size(); ++i) {
        const evaluate::RecordLoss &loss = (*losses)[i];
        QVERIFY2(std::abs(loss.mean() - m_expected[i]) < 1e-4 * m_expected[i],
                 qPrintable(QStringLiteral("document %1: %2 instead of %3").arg(i).arg(loss.mean()).arg(m_expected[i])));
        QCOMPARE(loss.tokens, m_documents[i].trainedTokens());
        QCOMPARE(loss.logProbabilities.size(), static_cast<std::size_t>(loss.tokens));
    }
}

void TestRecordLoss::tokenWeightedMeanEqualsTheHeldOutLoss()
{
    model::LossEngine engine(weights());
    const auto losses = evaluate::recordLosses(engine, *m_adapter, m_documents, 128);
    QVERIFY(losses.has_value());
    double sum = 0;
    std::int64_t tokens = 0;
    for (const evaluate::RecordLoss &loss : *losses) {
        sum += loss.sum;
        tokens += loss.tokens;
    }
    std::vector<std::int64_t> all(m_documents.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::int64_t>(i);
    const auto totals = train::lossOver(engine, *m_adapter, train::packRows(m_documents, all, {}));
    QVERIFY(totals.has_value());
    QCOMPARE(totals->tokens, tokens);
    QVERIFY(std::abs(totals->mean() - sum / static_cast<double>(tokens)) < 1e-6);
}

void TestRecordLoss::stopsWhenAsked()
{
    model::LossEngine engine(weights());
    std::stop_source stop;
    stop.request_stop();
    const auto losses = evaluate::recordLosses(engine, *m_adapter, m_documents, 64, {}, stop.get_token());
    QVERIFY(!losses.has_value());
    QCOMPARE(losses.error().code, ErrorCode::Cancelled);
}

QTEST_APPLESS_MAIN(TestRecordLoss)
#include "tst_recordloss.moc"
