// Batch evaluation on a project with the tiny chat model and a run of its own: answers, losses, what is kept, going on after a cancel.
#include "core/engine/delivery.h"
#include "core/engine/evaluation.h"
#include "core/engine/lens.h"
#include "core/engine/playground.h"
#include "tests/core/verifyok.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>

#include <chrono>
#include <cmath>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

} // namespace

class TestEvaluation : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void answersAreThePlaygrounds();
    void lossesAreThoseOfScore();
    void whatIsKnownIsNotAskedAgain();
    void aDamagedStoreCostsOneAnswer();
    void goesOnAfterACancel();
    void rowsThatCannotBeAskedAreNamed();
    void writesBothFiles();
    void modelJudgesBothOrders();
    void nothingToAsk();

private:
    EvaluationRequest request(std::vector<std::string> columns = {"base", "1"}) const
    {
        EvaluationRequest made;
        made.model = kModel;
        made.columns = std::move(columns);
        made.records = m_records;
        made.maxTokens = 12;
        made.compute.threads = 1;
        return made;
    }
    fs::path store() const { return m_project->folder() / "evaluations"; }
    static std::vector<std::string> texts(const EvaluationResult &result)
    {
        std::vector<std::string> texts;
        for (const auto &row : result.comparison.rows) {
            for (const auto &answer : row.answers)
                texts.push_back(answer.text);
        }
        return texts;
    }

    QTemporaryDir m_folder;
    std::optional<Project> m_project;
    std::vector<data::Record> m_records;
};

void TestEvaluation::initTestCase()
{
    QVERIFY(m_folder.isValid());
    auto project = Project::create(fs::path(m_folder.path().toStdString()) / "shelves.fettle");
    VERIFY_OK(project);
    m_project = std::move(*project);
    std::vector<data::Record> records;
    for (int i = 0; i < 40; ++i) {
        data::Record record = data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40));
        record.split = i % 8 == 7 ? data::Split::HeldOut : data::Split::Train;
        record.tags = {i % 2 ? "odd" : "even"};
        records.push_back(std::move(record));
    }
    records[15].note = "fact: shelf 25";
    const auto added = m_project->addRecords(records, "test");
    VERIFY_OK(added);
    TrainRequest training;
    training.model = kModel;
    training.compute.threads = 1;
    for (const char *setting : {"epochs=2", "rowsPerStep=5", "learningRate=0.02", "rank=4", "checkpointEvery=0", "evalEvery=0"})
        QVERIFY(train::applySetting(training.recipe, setting).has_value());
    const auto trained = trainRun(*m_project, training);
    VERIFY_OK(trained);
    auto held = recordsOfSplit(*m_project, data::Split::HeldOut);
    VERIFY_OK(held);
    m_records = std::move(*held);
    QCOMPARE(m_records.size(), std::size_t(5));
}

void TestEvaluation::answersAreThePlaygrounds()
{
    auto result = evaluateRecords(request(), &*m_project);
    VERIFY_OK(result);
    QCOMPARE(result->answered, std::int64_t(10));
    QCOMPARE(result->comparison.columns, (std::vector<std::string>{"base", "Run 1"}));
    QCOMPARE(result->comparison.rows.size(), std::size_t(5));
    auto playground = Playground::open(kModel);
    VERIFY_OK(playground);
    bool hasDifference = false;
    for (std::size_t i = 0; i < m_records.size(); ++i) {
        GenerateRequest asked;
        asked.columns = {{"base", 1.0}, {"1", 1.0}};
        asked.conversation = {m_records[i].turns.front()};
        asked.sampling.greedy = true;
        asked.sampling.maxTokens = 12;
        auto answers = (*playground)->generate(asked, &*m_project);
        VERIFY_OK(answers);
        const auto &row = result->comparison.rows[i];
        QCOMPARE(row.record, m_records[i].id.value);
        for (std::size_t column = 0; column < 2; ++column) {
            QCOMPARE(row.answers[column].text, (*answers)[column].text);
            QCOMPARE(row.answers[column].tokens, static_cast<std::int64_t>((*answers)[column].ids.size()));
            QCOMPARE(row.answers[column].hasEnded, (*answers)[column].finish == FinishReason::EndOfTurn);
        }
        hasDifference = hasDifference || row.answers[0].text != row.answers[1].text;
    }
    QVERIFY(hasDifference); // else the columns could be the same model
    QCOMPARE(result->comparison.tags.size(), std::size_t(1)); // held-out rows are odd
}

void TestEvaluation::lossesAreThoseOfScore()
{
    auto result = evaluateRecords(request(), &*m_project);
    VERIFY_OK(result);
    for (const auto &[column, adapter] : {std::pair<std::size_t, std::string>(0, "base"), {1, "1"}}) {
        auto scores = scoreRecords(kModel, adapter, m_records, data::TrainOn::Completion, &*m_project);
        VERIFY_OK(scores);
        for (std::size_t i = 0; i < m_records.size(); ++i) {
            const auto &answer = result->comparison.rows[i].answers[column];
            QVERIFY(answer.loss.has_value());
            QVERIFY(std::abs(*answer.loss - scores->rows[i].loss) < 1e-5);
            QCOMPARE(answer.lossTokens, scores->rows[i].tokens);
        }
        const auto &loss = result->comparison.measures.front();
        QVERIFY(loss.measure == evaluate::Measure::Loss);
        QVERIFY(std::abs(loss.columns[column].value - scores->loss) < 1e-5);
    }
    QVERIFY(result->comparison.measures.front().differences[1].value < 0); // the run has learnt something
}

void TestEvaluation::whatIsKnownIsNotAskedAgain()
{
    auto first = evaluateRecords(request(), &*m_project);
    VERIFY_OK(first);
    auto again = evaluateRecords(request(), &*m_project);
    VERIFY_OK(again);
    QCOMPARE(again->answered, std::int64_t(0));
    QCOMPARE(texts(*again), texts(*first));
    QVERIFY(again->comparison.rows[0].answers == first->comparison.rows[0].answers); // losses too
    auto changed = request();
    changed.records[2].turns[0].text += " Please.";
    auto one = evaluateRecords(changed, &*m_project);
    VERIFY_OK(one);
    QCOMPARE(one->answered, std::int64_t(2)); // one question, two columns
    auto longer = request();
    longer.maxTokens = 13;
    auto all = evaluateRecords(longer, &*m_project);
    VERIFY_OK(all);
    QCOMPARE(all->answered, std::int64_t(10)); // another setting, other answers
}

void TestEvaluation::aDamagedStoreCostsOneAnswer()
{
    fs::remove_all(store());
    auto first = evaluateRecords(request({"base"}), &*m_project);
    VERIFY_OK(first);
    QCOMPARE(first->answered, std::int64_t(5));
    const fs::path path = fs::directory_iterator(store())->path();
    QFile file(QString::fromStdString(path.string()));
    QVERIFY(file.open(QIODevice::ReadWrite));
    QList<QByteArray> lines = file.readAll().split('\n');
    QVERIFY(file.resize(0));
    lines[0] = "{\"prompt\": 3}"; // wrong types
    file.seek(0);
    file.write(lines.join('\n'));
    file.resize(file.size() - 5); // the end of a line, as a power cut would leave it
    file.close();
    auto again = evaluateRecords(request({"base"}), &*m_project);
    VERIFY_OK(again);
    QCOMPARE(again->answered, std::int64_t(1));
    QVERIFY(again->comparison.rows.back().answers[0].loss.has_value()); // the cut line was a loss
    QCOMPARE(texts(*again), texts(*first));
    auto third = evaluateRecords(request({"base"}), &*m_project);
    VERIFY_OK(third);
    QCOMPARE(third->answered, std::int64_t(0)); // what was written behind the cut line is read
}

void TestEvaluation::goesOnAfterACancel()
{
    fs::remove_all(store());
    std::stop_source source;
    auto asked = request();
    for (int i = 0; i < 30; ++i) {
        data::Record record = m_records[0];
        record.turns[0].text = fmt::format("Where is box {}?", 100 + i);
        asked.records.push_back(record);
    }
    std::chrono::steady_clock::time_point stopped;
    const ProgressCallback progress = [&](const Progress &at) {
        if (at.what == "Answering questions" && at.done == 3) {
            source.request_stop();
            stopped = std::chrono::steady_clock::now();
        }
    };
    auto cancelled = evaluateRecords(asked, &*m_project, progress, source.get_token());
    QVERIFY(std::chrono::steady_clock::now() - stopped < std::chrono::seconds(1));
    QVERIFY(!cancelled.has_value());
    QCOMPARE(cancelled.error().code, ErrorCode::Cancelled);
    auto rest = evaluateRecords(asked, &*m_project);
    VERIFY_OK(rest);
    QVERIFY(rest->answered <= 70 - 3 && rest->answered > 0);
}

void TestEvaluation::rowsThatCannotBeAskedAreNamed()
{
    auto asked = request({"base"});
    asked.records[1].turns.pop_back(); // no expected answer
    std::string words;
    for (int i = 0; i < 5000; ++i)
        words += "shelf ";
    asked.records[2].turns[0].text = words;
    auto result = evaluateRecords(asked, &*m_project);
    VERIFY_OK(result);
    QCOMPARE(result->leftOut.size(), std::size_t(2));
    QCOMPARE(result->leftOut[0].record, asked.records[1].id);
    QVERIFY(result->leftOut[1].reason.find("tokens") != std::string::npos);
    QCOMPARE(result->comparison.rows.size(), std::size_t(3));
}

void TestEvaluation::writesBothFiles()
{
    auto result = evaluateRecords(request(), &*m_project);
    VERIFY_OK(result);
    const fs::path folder = m_folder.path().toStdString();
    for (const auto &[name, beginning] : {std::pair("answers.csv", "\xEF\xBB\xBF" "record,question"), {"answers.json", "{\n"}}) {
        const auto written = writeEvaluation(result->comparison, {}, folder / name);
        VERIFY_OK(written);
        QFile file(QString::fromStdString((folder / name).string()));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray content = file.readAll();
        QVERIFY(content.startsWith(beginning) && content.contains("Run 1"));
    }
    const auto refused = writeEvaluation(result->comparison, {}, folder); // a folder is in the way
    QVERIFY(!refused.has_value());
}

// The judge's readings are the probabilities of its letters, pair by pair in both orders, and are kept.
void TestEvaluation::modelJudgesBothOrders()
{
    auto asked = request();
    asked.judge.model = kModel;
    asked.judge.rubric = "Shelves must be right.";
    auto result = evaluateRecords(asked, &*m_project);
    VERIFY_OK(result);
    const auto &comparison = result->comparison;
    QVERIFY(comparison.judge.has_value());
    QCOMPARE(comparison.judge->tally.votes, std::int64_t(5));
    QCOMPARE(comparison.judge->rubric, asked.judge.rubric);
    auto playground = Playground::open(kModel);
    VERIFY_OK(playground);
    auto lens = Lens::open(kModel);
    VERIFY_OK(lens);
    const TokenId letters[] = {(*lens)->tokenize("A", false)->ids[0], (*lens)->tokenize("B", false)->ids[0]};
    // As the playground itself would find it: A against B as the first token of the answer to the judge's question.
    const auto takesFirst = [&](const evaluate::QuestionRow &row, std::size_t first) {
        GenerateRequest question;
        question.columns = {{"base", 1.0}};
        question.conversation = {{data::Role::User, evaluate::judgeQuestion(asked.judge.rubric, row.question, row.expected, row.answers[first].text, row.answers[1 - first].text), {}}};
        double likely[2] = {};
        for (std::size_t letter = 0; letter < 2; ++letter)
            likely[letter] = double((*playground)->readAnswer(question, {letters[letter]}, &*m_project)->front().probability);
        return likely[0] / (likely[0] + likely[1]);
    };
    int read = 0;
    for (const auto &row : comparison.rows) {
        QCOMPARE(row.judged.has_value(), row.answers[0].text != row.answers[1].text);
        if (!row.judged)
            continue;
        ++read;
        QVERIFY(std::abs(row.judged->shownFirst - takesFirst(row, 1)) < 1e-5);
        QVERIFY(std::abs(row.judged->shownSecond - (1 - takesFirst(row, 0))) < 1e-5);
    }
    QVERIFY(read > 0);
    // Again: nothing is read anew, and another rubric is another measurement.
    const auto sizeOfStore = [this] {
        std::uintmax_t bytes = 0;
        for (const auto &file : fs::directory_iterator(store()))
            bytes += fs::file_size(file.path());
        return bytes;
    };
    const auto before = sizeOfStore();
    auto again = evaluateRecords(asked, &*m_project);
    VERIFY_OK(again);
    QCOMPARE(sizeOfStore(), before);
    for (std::size_t i = 0; i < comparison.rows.size(); ++i)
        QVERIFY(again->comparison.rows[i].judged == comparison.rows[i].judged);
    asked.judge.rubric = "Short answers are better.";
    VERIFY_OK(evaluateRecords(asked, &*m_project));
    QVERIFY(sizeOfStore() > before);
    // What is longer than the judge reads is left out, and said.
    asked.judge.rubric = std::string(5000, 'x') + " y z";
    auto tooLong = evaluateRecords(asked, &*m_project);
    VERIFY_OK(tooLong);
    QCOMPARE(tooLong->comparison.judge->leftOut, std::int64_t(read));
    // A run can judge too; it reads with its own weights.
    asked.judge.rubric = "Shelves must be right.";
    asked.judge.adapter = "1";
    auto trained = evaluateRecords(asked, &*m_project);
    VERIFY_OK(trained);
    bool isAnyOther = false;
    for (std::size_t i = 0; i < comparison.rows.size(); ++i)
        isAnyOther |= trained->comparison.rows[i].judged != comparison.rows[i].judged;
    QVERIFY(isAnyOther && trained->comparison.judge->judge != comparison.judge->judge);
    asked.judge.adapter = "no such run";
    QVERIFY(!evaluateRecords(asked, &*m_project));
    asked.judge.adapter = "base";
    asked.judge.model = "no such model";
    QVERIFY(!evaluateRecords(asked, &*m_project));
}

void TestEvaluation::nothingToAsk()
{
    auto asked = request();
    asked.records.clear();
    auto result = evaluateRecords(asked, nullptr);
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    asked = request({"no such adapter"});
    result = evaluateRecords(asked, nullptr);
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().code, ErrorCode::NotFound);
}

QTEST_GUILESS_MAIN(TestEvaluation)
#include "tst_evaluation.moc"
