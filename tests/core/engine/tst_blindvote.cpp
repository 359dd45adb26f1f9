// Preparing a blind vote on the tiny chat model with a run of its own: which pairs come, when, from which rows, and what a cancel costs.
#include "core/engine/ballot.h"
#include "core/engine/playground.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>

#include <set>
#include <thread>

using namespace fettle;
using namespace fettle::engine;
using evaluate::BallotPair;
namespace fs = std::filesystem;

// Evaluates once.
namespace {
const std::string kModel = FETTLE_FIXTURES "/tinychat";
}

class TestBlindVote : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void pairsAreTheModelsAnswers();
    void wholeConversationIsShown();
    void sameSeedSamePairs();
    void sidesAndQuestionsFollowTheSeed();
    void firstPairComesBeforeTheRest();
    void cancelEndsSoonAndGoesOn();
    void savedQuestionsCanBeAsked();
    void nothingToAskIsNamed();
    void sameAnswersAreNamed();

private:
    BallotInfo ballot(std::int64_t wanted = 6) const
    {
        BallotInfo made;
        made.id = {1};
        made.run = m_run;
        made.adapter = "1";
        made.name = "Run 1";
        made.wanted = wanted;
        made.maxTokens = 12;
        return made;
    }
    Result<BallotOutcome> prepare(const BallotInfo &info, std::vector<BallotPair> &pairs, std::stop_token stop = {}) const
    {
        return prepareBallot(info, kModel, *m_project, {.threads = 1}, [&pairs](const BallotPair &pair) { pairs.push_back(pair); }, {}, stop);
    }
    void forgetAnswers() const { fs::remove_all(m_project->folder() / "evaluations"); }

    QTemporaryDir m_folder;
    std::optional<Project> m_project;
    RunId m_run;
};

void TestBlindVote::initTestCase()
{
    auto project = Project::create(fs::path(m_folder.path().toStdString()) / "shelves.fettle");
    VERIFY_OK(project);
    m_project = std::move(*project);
    std::vector<data::Record> records;
    for (int i = 0; i < 40; ++i) {
        data::Record record = data::makePair(fmt::format("Which shelf holds box {}?", i), i == 3 ? "Mind the step." : "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40));
        record.split = i % 4 == 3 ? data::Split::HeldOut : data::Split::Train;
        record.tags = {"boxes"};
        records.push_back(std::move(record));
    }
    VERIFY_OK(m_project->addRecords(records, "test"));
    TrainRequest training;
    training.model = kModel;
    training.compute.threads = 1;
    for (const char *setting : {"epochs=2", "rowsPerStep=5", "learningRate=0.02", "rank=4", "checkpointEvery=0", "evalEvery=0"})
        QVERIFY(train::applySetting(training.recipe, setting).has_value());
    const auto trained = trainRun(*m_project, training);
    VERIFY_OK(trained);
    m_run = trained->run.id;
}

void TestBlindVote::pairsAreTheModelsAnswers()
{
    std::vector<BallotPair> pairs;
    const auto outcome = prepare(ballot(10), pairs);
    VERIFY_OK(outcome);
    QCOMPARE(outcome->pairs, static_cast<std::int64_t>(pairs.size()));
    QVERIFY(pairs.size() > 2);
    QVERIFY(static_cast<std::int64_t>(pairs.size()) + outcome->sameAnswers <= 10);
    const auto held = m_project->snapshotRecords(m_project->run(m_run)->snapshot, data::Split::HeldOut);
    VERIFY_OK(held);
    auto playground = Playground::open(kModel);
    VERIFY_OK(playground);
    std::set<std::int64_t> seen;
    for (const BallotPair &pair : pairs) {
        QVERIFY(seen.insert(pair.record).second); // no question twice
        const auto record = std::find_if(held->begin(), held->end(), [&](const data::Record &one) { return one.id.value == pair.record; });
        QVERIFY(record != held->end()); // of the run's own held-out rows
        QVERIFY(pair.question.starts_with(data::instructionOf(*record)));
        QCOMPARE(pair.question.find("Mind the step.") != std::string::npos, !record->context.empty());
        QCOMPARE(pair.tags, (std::vector<std::string>{"boxes"}));
        if (!record->context.empty())
            continue; // the playground has no field for it
        GenerateRequest asked;
        asked.columns = {{"base", 1.0}, {"1", 1.0}};
        asked.conversation = {record->turns.front()};
        asked.sampling.greedy = true;
        asked.sampling.maxTokens = 12;
        const auto answers = (*playground)->generate(asked, &*m_project);
        VERIFY_OK(answers);
        QCOMPARE(pair.base, answers->at(0).text);
        QCOMPARE(pair.tuned, answers->at(1).text);
        QVERIFY(pair.base != pair.tuned);
    }
}

void TestBlindVote::wholeConversationIsShown()
{
    using data::Role;
    data::Record record = data::makePair("Where?", "Mind the step.", "There.", "Be short.");
    QCOMPARE(questionText(record), std::string("Where?\n\nMind the step."));
    record.turns.push_back({Role::User, "And when?", {}});
    record.turns.push_back({Role::Assistant, "Now.", {}});
    QCOMPARE(questionText(record), std::string("Asked: Where?\n\nMind the step.\n\nAnswered: There.\n\nAsked: And when?"));
    QCOMPARE(questionText({}), std::string());
}

void TestBlindVote::sameSeedSamePairs()
{
    std::vector<BallotPair> first, second;
    VERIFY_OK(prepare(ballot(), first));
    forgetAnswers();
    VERIFY_OK(prepare(ballot(), second));
    QCOMPARE(first.size(), second.size());
    const auto byPosition = [](const BallotPair &left, const BallotPair &right) { return left.position < right.position; };
    std::sort(first.begin(), first.end(), byPosition);
    std::sort(second.begin(), second.end(), byPosition);
    for (std::size_t i = 0; i < first.size(); ++i) {
        QCOMPARE(first[i].position, second[i].position);
        QCOMPARE(first[i].record, second[i].record);
        QCOMPARE(first[i].tuned, second[i].tuned);
        QCOMPARE(first[i].isBaseLeft, second[i].isBaseLeft);
    }
}

void TestBlindVote::sidesAndQuestionsFollowTheSeed()
{
    int left = 0, all = 0;
    std::set<std::int64_t> firsts;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        BallotInfo info = ballot(4);
        info.seed = seed;
        std::vector<BallotPair> pairs;
        VERIFY_OK(prepare(info, pairs));
        for (const BallotPair &pair : pairs) {
            left += pair.isBaseLeft;
            ++all;
        }
        firsts.insert(pairs.front().record);
    }
    QVERIFY2(left > all / 3 && left < all * 2 / 3, qPrintable(QStringLiteral("%1 of %2").arg(left).arg(all)));
    QVERIFY(firsts.size() > 3);
}

void TestBlindVote::firstPairComesBeforeTheRest()
{
    forgetAnswers();
    std::vector<std::int64_t> answersKept; // on disk when each pair came
    const auto outcome = prepareBallot(ballot(), kModel, *m_project, {.threads = 1}, [&](const BallotPair &) {
        std::int64_t lines = 0;
        for (const auto &file : fs::directory_iterator(m_project->folder() / "evaluations")) {
            QFile kept(QString::fromStdString(file.path().string()));
            QVERIFY(kept.open(QIODevice::ReadOnly));
            lines += kept.readAll().count('\n');
        }
        answersKept.push_back(lines);
    });
    VERIFY_OK(outcome);
    QVERIFY(answersKept.size() > 2);
    QVERIFY2(answersKept.front() <= 2 * (1 + outcome->sameAnswers), qPrintable(QString::number(answersKept.front())));
}

void TestBlindVote::cancelEndsSoonAndGoesOn()
{
    forgetAnswers();
    std::stop_source source;
    std::vector<BallotPair> some;
    const auto cancelled = prepareBallot(ballot(), kModel, *m_project, {.threads = 1}, [&](const BallotPair &pair) {
        some.push_back(pair);
        source.request_stop();
    }, {}, source.get_token());
    QVERIFY(!cancelled.has_value());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    QCOMPARE(some.size(), std::size_t(1));
    std::vector<BallotPair> all;
    VERIFY_OK(prepare(ballot(), all));
    QVERIFY(std::any_of(all.begin(), all.end(), [&](const BallotPair &pair) { return pair.position == some[0].position && pair.tuned == some[0].tuned; }));
    // Before the first answer.
    forgetAnswers();
    std::stop_source soon;
    soon.request_stop();
    std::vector<BallotPair> none;
    const auto stopped = prepare(ballot(10), none, soon.get_token());
    QVERIFY(!stopped.has_value());
    QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
    QVERIFY(none.empty());
}

void TestBlindVote::savedQuestionsCanBeAsked()
{
    BallotInfo info = ballot();
    info.source = BallotSource::Prompts;
    std::vector<BallotPair> pairs;
    const auto nothing = prepare(info, pairs);
    QVERIFY(!nothing.has_value());
    QVERIFY(nothing.error().message.find("no saved questions") != std::string::npos);
    SavedPrompt prompt;
    prompt.text = "Which shelf holds box 7?";
    VERIFY_OK(m_project->savePrompt(prompt));
    VERIFY_OK(prepare(info, pairs));
    QCOMPARE(pairs.size(), std::size_t(1));
    QCOMPARE(pairs[0].question, prompt.text);
    QCOMPARE(pairs[0].record, std::int64_t(0));
    QVERIFY(pairs[0].expected.empty());
}

void TestBlindVote::nothingToAskIsNamed()
{
    std::vector<BallotPair> pairs;
    BallotInfo unknown = ballot();
    unknown.adapter = "9";
    QCOMPARE(prepare(unknown, pairs).error().code, ErrorCode::NotFound);
    unknown = ballot();
    unknown.run = {9};
    QCOMPARE(prepare(unknown, pairs).error().code, ErrorCode::NotFound);
    QVERIFY(pairs.empty());
}

void TestBlindVote::sameAnswersAreNamed()
{
    BallotInfo info = ballot();
    info.adapter = "base"; // the same model twice
    std::vector<BallotPair> pairs;
    const auto refused = prepare(info, pairs);
    QVERIFY(!refused.has_value());
    QVERIFY2(refused.error().message.find("word for word alike") != std::string::npos, refused.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestBlindVote)
#include "tst_blindvote.moc"
