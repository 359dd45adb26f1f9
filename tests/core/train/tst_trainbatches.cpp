// Packing against TRL, order, labels, schedules against transformers.
#include "core/train/packing.h"

#include "core/train/batches.h"
#include "core/train/mix.h"
#include "core/train/mixshares.h"
#include "core/train/settings.h"
#include "core/train/schedule.h"

#include <QFile>
#include <QTest>
#include <numeric>
#include <nlohmann/json.hpp>
#include <set>

using namespace fettle;
using namespace fettle::train;

namespace {

nlohmann::json fixture(const char *name)
{
    QFile file(QStringLiteral(FETTLE_FIXTURES "/train/") + QString::fromLatin1(name));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("fixture %s is missing", name);
    return nlohmann::json::parse(file.readAll().toStdString());
}

Document document(std::vector<TokenId> ids, std::vector<std::uint8_t> trained)
{
    Document made;
    made.ids = std::move(ids);
    made.trained = std::move(trained);
    return made;
}

// count documents of length 2 to 9, all tokens trained.
std::vector<Document> someDocuments(int count)
{
    std::vector<Document> documents;
    for (int i = 0; i < count; ++i) {
        const auto length = static_cast<std::size_t>(2 + i % 8);
        documents.push_back(document(std::vector<TokenId>(length, i), std::vector<std::uint8_t>(length, 1)));
    }
    return documents;
}

} // namespace

class TestTrainBatches : public QObject {
    Q_OBJECT
private slots:
    void packsLikeTrl();
    void packingKeepsEveryDocument();
    void labelsStayInsideDocuments();
    void shuffleIsSeededAndComplete();
    void stepsCoverEachEpochOnce_data();
    void stepsCoverEachEpochOnce();
    void planIsAFunctionOfTheStep();
    void longDocumentsHaveTheirOwnRow();
    void schedulesEqualTransformers();
    void warmupIsShareOrSteps();
    void weightsSayHowOftenARowIsRead();
    void mixNamesSetsAndTags();
    void sharesFollowTheWeights();
};

void TestTrainBatches::packsLikeTrl()
{
    const nlohmann::json cases = fixture("packing.json");
    QVERIFY(cases.size() >= 9);
    for (const nlohmann::json &item : cases) {
        const auto lengths = item.at("lengths").get<std::vector<std::int64_t>>();
        const auto expected = item.at("bins").get<std::vector<std::vector<std::int64_t>>>();
        QVERIFY(packBestFit(lengths, item.at("capacity").get<std::int64_t>()) == expected);
    }
}

void TestTrainBatches::packingKeepsEveryDocument()
{
    const std::vector<std::int64_t> lengths = {5, 0, 3, 9, 20, 1};
    std::multiset<std::int64_t> seen;
    for (const auto &row : packBestFit(lengths, 9))
        seen.insert(row.begin(), row.end());
    QVERIFY(seen == std::multiset<std::int64_t>({0, 2, 3, 4, 5})); // the empty one is left out
    QVERIFY(packBestFit({}, 9).empty());
}

void TestTrainBatches::labelsStayInsideDocuments()
{
    const std::vector<Document> documents = {document({10, 11, 12, 13}, {0, 0, 1, 1}), document({20, 21}, {1, 1}), document({30}, {1})};
    const std::vector<std::int64_t> chosen = {1, 0, 2};
    const PackedRow row = layOut(documents, chosen);
    QVERIFY(row.ids == std::vector<TokenId>({20, 21, 10, 11, 12, 13, 30}));
    QVERIFY(row.positions == std::vector<std::int64_t>({0, 1, 0, 1, 2, 3, 0}));
    QVERIFY(row.borders == std::vector<std::int64_t>({0, 2, 6, 7}));
    // 20 -> 21, 11 -> 12, 12 -> 13; never across a border, never the first token of a document.
    QVERIFY(row.targetPositions == std::vector<std::int64_t>({0, 3, 4}));
    QVERIFY(row.targets == std::vector<TokenId>({21, 12, 13}));
    QCOMPARE(documents[0].trainedTokens(), 2);
    QCOMPARE(documents[1].trainedTokens(), 1);
    QCOMPARE(documents[2].trainedTokens(), 0);
}

void TestTrainBatches::shuffleIsSeededAndComplete()
{
    BatchSettings settings;
    settings.seed = 7;
    const auto first = epochOrder(50, settings, 0);
    QVERIFY(first == epochOrder(50, settings, 0));
    QVERIFY(first != epochOrder(50, settings, 1));
    auto sorted = first;
    std::ranges::sort(sorted);
    for (std::int64_t i = 0; i < 50; ++i)
        QCOMPARE(sorted[static_cast<std::size_t>(i)], i);
    settings.seed = 8;
    QVERIFY(first != epochOrder(50, settings, 0));
    settings.isShuffled = false;
    QVERIFY(epochOrder(50, settings, 3) == sorted);
}

void TestTrainBatches::stepsCoverEachEpochOnce_data()
{
    QTest::addColumn<int>("documents");
    QTest::addColumn<int>("rowsPerStep");
    QTest::addColumn<int>("steps");
    QTest::newRow("even") << 12 << 4 << 3;
    QTest::newRow("rest") << 13 << 4 << 4;
    QTest::newRow("one step") << 3 << 8 << 1;
    QTest::newRow("row by row") << 5 << 1 << 5;
}

void TestTrainBatches::stepsCoverEachEpochOnce()
{
    QFETCH(int, documents);
    QFETCH(int, rowsPerStep);
    QFETCH(int, steps);
    const std::vector<Document> all = someDocuments(documents);
    BatchSettings settings;
    settings.rowsPerStep = rowsPerStep;
    settings.tokensPerMicroBatch = 16;
    const BatchPlan plan(all, settings);
    QCOMPARE(plan.stepsPerEpoch(), steps);
    for (int epoch = 0; epoch < 3; ++epoch) {
        std::multiset<std::int64_t> seen;
        for (int step = 0; step < steps; ++step) {
            for (const PackedRow &row : plan.rows(epoch * steps + step)) {
                QVERIFY(row.length() <= 16);
                seen.insert(row.documents.begin(), row.documents.end());
            }
        }
        QCOMPARE(seen.size(), static_cast<std::size_t>(documents));
        QCOMPARE(std::set<std::int64_t>(seen.begin(), seen.end()).size(), static_cast<std::size_t>(documents));
        QVERIFY(plan.isEpochEnd((epoch + 1) * steps));
    }
    QCOMPARE(plan.epochsAfter(steps), 1.0);
}

void TestTrainBatches::planIsAFunctionOfTheStep()
{
    const std::vector<Document> documents = someDocuments(21);
    BatchSettings settings;
    settings.rowsPerStep = 4;
    settings.seed = 99;
    const BatchPlan once(documents, settings);
    const BatchPlan again(documents, settings);
    QVERIFY(once.chosen(0) != once.chosen(6)); // second epoch, other order
    QVERIFY(again.chosen(14) == once.chosen(14));
    QVERIFY(again.chosen(3) == once.chosen(3)); // also backwards
}

void TestTrainBatches::longDocumentsHaveTheirOwnRow()
{
    const std::vector<Document> documents = {document(std::vector<TokenId>(4, 1), {1, 1, 1, 1}),
                                             document(std::vector<TokenId>(30, 2), std::vector<std::uint8_t>(30, 1)),
                                             document(std::vector<TokenId>(4, 3), {1, 1, 1, 1})};
    BatchSettings settings;
    settings.tokensPerMicroBatch = 10;
    const std::vector<std::int64_t> all = {0, 1, 2};
    const auto packed = packRows(documents, all, settings);
    QCOMPARE(packed.size(), 2U);
    QVERIFY(packed[0].documents == std::vector<std::int64_t>({1}));
    QCOMPARE(packed[0].length(), 30);
    QVERIFY(packed[1].documents == std::vector<std::int64_t>({0, 2}));
    settings.isPacked = false;
    QCOMPARE(packRows(documents, all, settings).size(), 3U);
}

void TestTrainBatches::schedulesEqualTransformers()
{
    for (const nlohmann::json &item : fixture("schedules.json")) {
        Schedule schedule;
        schedule.kind = scheduleFromName(item.at("schedule").get<std::string>());
        schedule.learningRate = item.at("learningRate").get<double>();
        schedule.warmupSteps = item.at("warmup").get<std::int64_t>();
        schedule.totalSteps = item.at("total").get<std::int64_t>();
        const auto rates = item.at("rates").get<std::vector<double>>();
        for (std::size_t step = 0; step < rates.size(); ++step) {
            const double mine = schedule.at(static_cast<std::int64_t>(step));
            QVERIFY2(mine == rates[step], qPrintable(QString::fromStdString(item.at("schedule").get<std::string>())
                                                         + QStringLiteral(" step %1: %2 instead of %3")
                                                               .arg(step)
                                                               .arg(mine, 0, 'g', 17)
                                                               .arg(rates[step], 0, 'g', 17)));
        }
    }
}

void TestTrainBatches::warmupIsShareOrSteps()
{
    QCOMPARE(warmupStepsOf(0.0, 100), 0);
    QCOMPARE(warmupStepsOf(0.03, 100), 3);
    QCOMPARE(warmupStepsOf(0.001, 100), 1); // rounded up, as transformers does
    QCOMPARE(warmupStepsOf(1.0, 100), 1);
    QCOMPARE(warmupStepsOf(12.0, 100), 12);
    QCOMPARE(warmupStepsOf(500.0, 100), 100);
}

// Twice, half of the time, once; and every epoch has the same number of steps.
void TestTrainBatches::weightsSayHowOftenARowIsRead()
{
    std::vector<Document> documents = someDocuments(30);
    for (std::size_t i = 0; i < documents.size(); ++i)
        documents[i].weight = i < 10 ? 2 : i < 20 ? 0.5 : 1.25;
    for (const bool isShuffled : {true, false}) {
        BatchSettings settings;
        settings.rowsPerStep = 4;
        settings.seed = 3;
        settings.isShuffled = isShuffled;
        const BatchPlan plan(documents, settings);
        QCOMPARE(plan.documentsPerEpoch(), 20 + 5 + 13); // 12.5 is rounded
        QCOMPARE(plan.stepsPerEpoch(), 10);
        std::vector<std::vector<int>> epochs;
        for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
            std::vector<int> read(documents.size());
            for (std::int64_t step = epoch * 10; step < (epoch + 1) * 10; ++step)
                for (const std::int64_t index : plan.chosen(step))
                    ++read[static_cast<std::size_t>(index)];
            for (std::size_t i = 0; i < 10; ++i)
                QCOMPARE(read[i], 2);
            QCOMPARE(std::accumulate(read.begin() + 10, read.begin() + 20, 0), 5);
            QCOMPARE(*std::max_element(read.begin() + 10, read.begin() + 20), 1);
            QCOMPARE(std::accumulate(read.begin() + 20, read.end(), 0), 13);
            QCOMPARE(*std::min_element(read.begin() + 20, read.end()), 1);
            epochs.push_back(read);
        }
        QVERIFY(epochs[0] != epochs[1]); // others in each epoch
        // The same step gives the same rows, in whatever order the steps are asked for.
        const BatchPlan again(documents, settings);
        QVERIFY(again.chosen(157) == plan.chosen(157));
    }
    // A weight of 1 everywhere changes nothing, nor the hash that a resumed run compares.
    const std::vector<Document> plain = someDocuments(30);
    QVERIFY(hashOfDocuments(plain, {}) != hashOfDocuments(documents, {}));
}

void TestTrainBatches::mixNamesSetsAndTags()
{
    data::Record own, rules, chat;
    rules.source = "rules, new.jsonl, line 3";
    chat.source = "chat.csv, line 1";
    chat.tags = {"small talk"};
    QCOMPARE(sourceOf(own), std::string());
    QCOMPARE(sourceOf(rules), std::string("rules, new.jsonl"));
    QCOMPARE(sourceOf(chat), std::string("chat.csv"));
    const auto weights = parseWeights("own=3, chat.csv=0.5,tag:small talk=4, \"rules, new.jsonl\" = 0.75");
    QVERIFY(weights);
    QCOMPARE(weightOf(sourceOf(own), own.tags, *weights), 3.0);
    QCOMPARE(weightOf(sourceOf(rules), rules.tags, *weights), 0.75);
    QCOMPARE(weightOf(sourceOf(chat), chat.tags, *weights), 2.0);
    for (const char *wrong : {"own", "own=", "=2", "own=-1", "own=101", "own=two", "own=nan", "\"own", "\"own\"", "\"own\"2", "\"\"=2"})
        QVERIFY2(!parseWeights(wrong), wrong);
    const std::map<std::string, double> odd = {{"a, \"b\"", 2}, {" c", 0.5}, {"d=e", 1.25}, {"tag:x", 0}};
    QCOMPARE(parseWeights(weightsText(odd)).value(), odd);
    // A recipe's own "off" is a mix that weighs nothing, which the mix of a project does not replace.
    QVERIFY(parseWeights(" off ")->empty());
    QVERIFY(!parseWeights("off,own=2"));
    Recipe recipe;
    QVERIFY(!isMixed(recipe.text("mix")));
    QVERIFY(applySetting(recipe, "mix=own=2"));
    QVERIFY(isMixed(recipe.text("mix")));
    QVERIFY(applySetting(recipe, "mix=off"));
    QVERIFY(!isMixed(recipe.text("mix")));
    QCOMPARE(weightsText(odd), std::string("\" c\"=0.5,\"a, \"\"b\"\"\"=2,d=e=1.25,tag:x=0"));

    LabelledSet set;
    set.documents = someDocuments(3);
    const std::vector<data::Record> records = [&] {
        own.id = {0};
        rules.id = {1};
        chat.id = {2};
        return std::vector<data::Record>{own, rules, chat};
    }();
    for (std::size_t i = 0; i < 3; ++i)
        set.documents[i].record = records[i].id;
    const auto unknown = applyMix(set, records, "own=0,chat.csv=2,other.json=2");
    QVERIFY(unknown);
    QCOMPARE(*unknown, std::vector<std::string>{"other.json"});
    QCOMPARE(set.documents.size(), std::size_t(2));
    QCOMPARE(set.tokens, 3 + 2 * 4);
    QCOMPARE(set.documents[1].weight, 2.0);
}

void TestTrainBatches::sharesFollowTheWeights()
{
    const std::vector<data::MixGroup> groups = {{"rules.csv", {"dose", "fee"}, 3, 300, 0}, {"rules.csv", {}, 1, 100, 0}, {"", {"dose"}, 2, 0, 2}};
    const MixShares plain = mixShares(groups, {});
    QVERIFY(plain.isEstimate);
    QCOMPARE(plain.records, 6.0);
    QCOMPARE(plain.trainedTokens, 600.0); // those that are not counted are taken for as long as the others
    QCOMPARE(plain.files.size(), std::size_t(2));
    QCOMPARE(plain.files[0].set, std::string("rules.csv"));
    QCOMPARE(plain.files[0].with, 4.0 / 6);
    QCOMPARE(plain.files[1].set, std::string("own"));
    QCOMPARE(plain.tags[0].set, std::string("tag:dose"));
    QCOMPARE(plain.tags[0].records, std::int64_t(5));
    QCOMPARE(plain.tags[0].without, 5.0 / 6);
    const MixShares mixed = mixShares(groups, {{"own", 3}, {"tag:fee", 0}});
    QCOMPARE(mixed.records, 1.0 + 6);
    QCOMPARE(mixed.trainedTokens, 700.0);
    QCOMPARE(mixed.files[0].with, 1.0 / 7);
    QCOMPARE(mixed.files[0].without, 4.0 / 6);
    QCOMPARE(mixed.tags[0].with, 6.0 / 7);
    QCOMPARE(mixShares(groups, {{"own", 0}, {"rules.csv", 0}}).files[0].with, 0.0);
}

QTEST_APPLESS_MAIN(TestTrainBatches)
#include "tst_trainbatches.moc"
