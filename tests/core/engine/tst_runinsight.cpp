// What a run tells about what it learns, with the tiny chat model: answers to probe prompts, the ledger of losses, early stopping, a
// checkpoint made the result. None of it changes a bit of what is trained.
#include "core/engine/playground.h"
#include "core/engine/training.h"
#include "core/train/checkpoint.h"
#include "tests/core/verifyok.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

std::vector<data::Record> someRecords(int count)
{
    std::vector<data::Record> records;
    for (int i = 0; i < count; ++i) {
        data::Record record = data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40));
        record.split = i % 4 == 3 ? data::Split::HeldOut : data::Split::Train;
        records.push_back(std::move(record));
    }
    return records;
}

TrainRequest request(std::initializer_list<const char *> settings = {})
{
    TrainRequest made;
    made.model = kModel;
    made.compute.threads = 1;
    for (const char *setting : {"epochs=3", "rowsPerStep=6", "learningRate=0.02", "rank=4", "dropout=0.1", "checkpointEvery=2", "evalEvery=3"})
        if (!train::applySetting(made.recipe, setting))
            qFatal("%s", setting);
    for (const char *setting : settings)
        if (!train::applySetting(made.recipe, setting))
            qFatal("%s", setting);
    return made;
}

std::string adapterBytes(const RunInfo &run)
{
    QFile file(QString::fromStdString((fs::path(run.adapter) / "adapter_model.safetensors").string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : "missing";
}

std::vector<std::string> answersAt(const data::RunProbes &probes, std::int64_t step)
{
    std::vector<std::string> answers;
    for (const data::ProbeAnswer &answer : probes.answers) {
        if (answer.step == step)
            answers.push_back(answer.text);
    }
    return answers;
}

} // namespace

class TestRunInsight : public QObject {
    Q_OBJECT
private slots:
    void probesAreAnsweredAndChangeNothing();
    void answersAreThoseOfTheCheckpoint();
    void ownQuestionsAreAsked();
    void trainingRowsAreAskedWhereNothingIsHeldOut();
    void aPauseDoesNotWaitForAnswers();
    void wholeModelsAnswerToo();
    void ledgerHoldsEveryReading();
    void ledgerSurvivesAnInterruption();
    void forgettingIsMeasuredAndChangesNothing();
    void forgettingIsMeasuredWithoutHeldOutRows();
    void patienceEndsTheRunAtItsBest();
    void aCheckpointBecomesTheResult();
    void labelsStayWhileTheRunWrites();

private:
    Project project(const data::ProbeChoice &choice = {}); // a fresh one with rows
    QTemporaryDir m_dir;
    int m_count = 0;
};

Project TestRunInsight::project(const data::ProbeChoice &choice)
{
    auto created = Project::create(m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString());
    if (!created || !created->addRecords(someRecords(24), "Added rows") || !created->setSetting(data::kProbeSetting, data::probeChoiceText(choice)))
        qFatal("no project");
    return std::move(*created);
}

void TestRunInsight::probesAreAnsweredAndChangeNothing()
{
    Project with = project({4, 12, {}}), without = project({0, 12, {}});
    std::vector<std::int64_t> probed;
    RunEvents events;
    events.probed = [&](RunId, std::int64_t step) { probed.push_back(step); };
    const auto run = trainRun(with, request(), events);
    VERIFY_OK(run);
    const auto plain = trainRun(without, request());
    VERIFY_OK(plain);
    QCOMPARE(adapterBytes(run->run), adapterBytes(plain->run)); // the same bits
    QCOMPARE(run->run.evalLoss, plain->run.evalLoss);

    const auto probes = with.probes(run->run.id);
    VERIFY_OK(probes);
    QCOMPARE(probes->questions.size(), 4U);
    QVERIFY(probes->questions.front().record.isValid());
    QVERIFY(QString::fromStdString(probes->questions.front().expected).startsWith(QStringLiteral("Box ")));
    // 18 rows, 6 a step: 9 steps; the base once, each evaluation and each checkpoint once.
    QCOMPARE(probed, (std::vector<std::int64_t>{data::kBaseStep, 2, 3, 4, 6, 8, 9}));
    for (const std::int64_t step : probed)
        QCOMPARE(answersAt(*probes, step).size(), 4U);
    QVERIFY(answersAt(*probes, 9) != answersAt(*probes, data::kBaseStep));
    const auto none = without.probes(plain->run.id);
    VERIFY_OK(none);
    QVERIFY(none->questions.empty() && none->answers.empty());
}

void TestRunInsight::answersAreThoseOfTheCheckpoint()
{
    Project own = project({2, 16, {}});
    const auto run = trainRun(own, request());
    VERIFY_OK(run);
    const auto probes = own.probes(run->run.id);
    VERIFY_OK(probes);
    auto playground = Playground::open(kModel, {.threads = 1});
    VERIFY_OK(playground);
    for (std::size_t position = 0; position < 2; ++position) {
        GenerateRequest ask;
        ask.columns = {{"base", 1.0}, {fmt::format("{}@9", run->run.id.value), 1.0}};
        ask.conversation = {{data::Role::User, probes->questions[position].question, {}}};
        ask.sampling.greedy = true;
        ask.sampling.maxTokens = 16;
        const auto answers = (*playground)->generate(ask, &own);
        VERIFY_OK(answers);
        QCOMPARE(answersAt(*probes, data::kBaseStep)[position], (*answers)[0].text);
        QCOMPARE(answersAt(*probes, 9)[position], (*answers)[1].text);
    }
}

void TestRunInsight::ownQuestionsAreAsked()
{
    Project own = project({1, 8, {"Where is box 99?", "And now?"}});
    const auto run = trainRun(own, request({"maxSteps=2"}));
    VERIFY_OK(run);
    const auto probes = own.probes(run->run.id);
    VERIFY_OK(probes);
    QCOMPARE(probes->questions.size(), 3U);
    QCOMPARE(probes->questions[0].question, std::string("Where is box 99?"));
    QVERIFY(!probes->questions[0].record.isValid());
    QVERIFY(probes->questions[2].record.isValid());
    QCOMPARE(answersAt(*probes, 2).size(), 3U);
}

void TestRunInsight::trainingRowsAreAskedWhereNothingIsHeldOut()
{
    Project own = project({2, 8, {}});
    const auto ids = own.recordIds({});
    VERIFY_OK(ids);
    VERIFY_OK(own.setSplit(*ids, data::Split::Train));
    const auto run = trainRun(own, request({"maxSteps=4"}));
    VERIFY_OK(run);
    const auto probes = own.probes(run->run.id);
    VERIFY_OK(probes);
    QCOMPARE(probes->questions.size(), 2U);
    QVERIFY(answersAt(*probes, 2).size() == 2 && answersAt(*probes, 4).size() == 2); // at the checkpoints
}

void TestRunInsight::aPauseDoesNotWaitForAnswers()
{
    Project own = project({4, 12, {}});
    RunControl control;
    RunEvents events;
    events.evaluated = [&](RunId, const EvalPoint &) { control.wish = RunControl::Wish::Pause; };
    const auto paused = trainRun(own, request(), events, &control);
    VERIFY_OK(paused);
    QVERIFY(paused->isPaused);
    QCOMPARE(paused->run.step, 3);
    auto probes = own.probes(paused->run.id);
    VERIFY_OK(probes);
    QVERIFY(answersAt(*probes, 3).empty());
    const auto resumed = resumeRun(own, paused->run.id, {.threads = 1});
    VERIFY_OK(resumed);
    Project other = project({4, 12, {}});
    const auto whole = trainRun(other, request());
    VERIFY_OK(whole);
    probes = own.probes(paused->run.id);
    const auto expected = other.probes(whole->run.id);
    VERIFY_OK(probes);
    VERIFY_OK(expected);
    QCOMPARE(probes->questions, expected->questions);
    QCOMPARE(probes->answers, expected->answers); // caught up, and the rest the same
    QCOMPARE(adapterBytes(resumed->run), adapterBytes(whole->run));
}

void TestRunInsight::wholeModelsAnswerToo()
{
    Project own = project({2, 8, {}});
    TrainRequest full = request({"maxSteps=4"});
    full.recipe.method = "full";
    full.recipe.values.clear();
    for (const char *setting : {"maxSteps=4", "rowsPerStep=6", "learningRate=0.001", "checkpointEvery=2", "evalEvery=2"})
        QVERIFY(train::applySetting(full.recipe, setting));
    const auto run = trainRun(own, full);
    VERIFY_OK(run);
    const auto probes = own.probes(run->run.id);
    VERIFY_OK(probes);
    QCOMPARE(answersAt(*probes, data::kBaseStep).size(), 2U);
    QCOMPARE(answersAt(*probes, 4).size(), 2U);
}

void TestRunInsight::ledgerHoldsEveryReading()
{
    Project own = project();
    const auto run = trainRun(own, request());
    VERIFY_OK(run);
    const auto ledger = own.lossLedger(run->run.id);
    VERIFY_OK(ledger);
    QCOMPARE(ledger->train.rows.size(), 18U);
    QCOMPARE(ledger->train.at, (std::vector<std::int64_t>{1, 2, 3}));
    QCOMPARE(ledger->heldOut.rows.size(), 6U);
    QCOMPARE(ledger->heldOut.at, (std::vector<std::int64_t>{3, 6, 9}));
    double mean[3] = {};
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
        for (const float loss : ledger->train.losses[epoch]) {
            QVERIFY(std::isfinite(loss) && loss > 0);
            mean[epoch] += double(loss) / 18;
        }
    }
    QVERIFY(mean[2] < mean[0]);
    // The newest reading is what stands beside the record.
    const auto rows = own.recordRows(ledger->train.rows);
    VERIFY_OK(rows);
    for (std::size_t i = 0; i < rows->size(); ++i)
        QVERIFY(std::abs(*(*rows)[i].loss - double(ledger->train.losses[2][i])) < 1e-6);
    // Token accuracy is kept beside the loss.
    const auto metrics = own.metrics(run->run.id);
    const auto evals = own.evals(run->run.id);
    VERIFY_OK(metrics);
    VERIFY_OK(evals);
    QVERIFY(metrics->back().accuracy > metrics->front().accuracy);
    QVERIFY(evals->back().accuracy > 0 && evals->back().accuracy <= 1);
}

void TestRunInsight::ledgerSurvivesAnInterruption()
{
    Project own = project(), other = project();
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 5)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(own, request(), events, &control);
    VERIFY_OK(paused);
    fs::remove_all(own.runFolder(paused->run.id) / "checkpoints" / "step-5"); // as after a power cut: step 4 is the newest, in epoch 2
    const auto resumed = resumeRun(own, paused->run.id, {.threads = 1});
    VERIFY_OK(resumed);
    const auto whole = trainRun(other, request());
    VERIFY_OK(whole);
    const auto got = own.lossLedger(paused->run.id), expected = other.lossLedger(whole->run.id);
    VERIFY_OK(got);
    VERIFY_OK(expected);
    QCOMPARE(got->train.losses, expected->train.losses);
    QCOMPARE(got->heldOut.at, expected->heldOut.at);
    QCOMPARE(got->heldOut.losses, expected->heldOut.losses);
}

void TestRunInsight::forgettingIsMeasuredAndChangesNothing()
{
    Project with = project({0, 8, {}}), without = project({0, 8, {}}), interrupted = project({0, 8, {}});
    std::vector<GeneralPoint> seen;
    RunEvents events;
    events.generalMeasured = [&](RunId, const GeneralPoint &point) { seen.push_back(point); };
    const auto run = trainRun(with, request(), events);
    VERIFY_OK(run);
    const auto plain = trainRun(without, request({"watchGeneral=false"}));
    VERIFY_OK(plain);
    QCOMPARE(adapterBytes(run->run), adapterBytes(plain->run)); // the same bits
    QCOMPARE(run->run.trainLoss, plain->run.trainLoss);
    QCOMPARE(run->run.evalLoss, plain->run.evalLoss);
    QVERIFY(without.generalLosses(plain->run.id)->empty());

    // Before the run and at each evaluation.
    const auto stored = with.generalLosses(run->run.id);
    VERIFY_OK(stored);
    QCOMPARE(stored->size(), 4U);
    for (std::size_t i = 0; i < stored->size(); ++i) {
        QCOMPARE((*stored)[i].step, std::int64_t(3 * i));
        QVERIFY(std::isfinite((*stored)[i].loss) && (*stored)[i].loss > 0);
        QVERIFY(std::abs((*stored)[i].loss - seen[i].loss) < 1e-5);
    }
    QVERIFY(stored->back().loss != stored->front().loss);
    const auto table = with.lossTable(run->run.id, LedgerPart::General);
    VERIFY_OK(table);
    QCOMPARE(table->rows.size(), 24U);

    // A run that was interrupted has the same readings.
    RunControl control;
    RunEvents pausing;
    pausing.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 5)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(interrupted, request(), pausing, &control);
    VERIFY_OK(paused);
    VERIFY_OK(resumeRun(interrupted, paused->run.id, {.threads = 1}));
    const auto again = interrupted.lossTable(paused->run.id, LedgerPart::General);
    VERIFY_OK(again);
    QCOMPARE(again->at, table->at);
    QCOMPARE(again->losses, table->losses);
}

void TestRunInsight::forgettingIsMeasuredWithoutHeldOutRows()
{
    Project own = project({0, 8, {}});
    const auto ids = own.recordIds({});
    VERIFY_OK(ids);
    VERIFY_OK(own.setSplit(*ids, data::Split::Train));
    const auto run = trainRun(own, request({"epochs=1", "evalEvery=0"}));
    VERIFY_OK(run);
    const auto stored = own.generalLosses(run->run.id);
    VERIFY_OK(stored);
    QCOMPARE(stored->size(), 2U); // before and at the end of the epoch
    QCOMPARE(stored->back().step, run->run.step);
}

void TestRunInsight::patienceEndsTheRunAtItsBest()
{
    Project own = project({2, 8, {}});
    std::vector<std::string> notices;
    std::vector<EvalPoint> evals;
    RunEvents events;
    events.noticed = [&](RunId, const std::string &text) { notices.push_back(text); };
    events.evaluated = [&](RunId, const EvalPoint &point) { evals.push_back(point); };
    // A learning rate that makes it worse after a while: the held-out loss cannot fall for ever.
    const auto run = trainRun(own, request({"epochs=60", "learningRate=0.05", "schedule=constant", "patience=2", "evalEvery=3", "checkpointEvery=1000", "keepCheckpoints=1"}), events);
    VERIFY_OK(run);
    QCOMPARE(run->run.state, RunState::Finished);
    QVERIFY(run->run.step < run->run.steps);
    const auto best = std::ranges::min_element(evals, {}, &EvalPoint::loss);
    QCOMPARE(evals.end() - best, 3); // the best and two after it
    QVERIFY(run->run.resultStep);
    QCOMPARE(*run->run.resultStep, best->step);
    QVERIFY(QString::fromStdString(notices.back()).contains(QStringLiteral("has not fallen for 2 evaluations")));
    const auto stored = own.run(run->run.id);
    VERIFY_OK(stored);
    QCOMPARE(stored->resultStep, run->run.resultStep);
    const fs::path checkpoint = own.runFolder(run->run.id) / "checkpoints" / fmt::format("step-{}", best->step);
    VERIFY_OK(train::verifyCheckpoint(checkpoint));
    RunInfo atBest = run->run;
    atBest.adapter = checkpoint.string();
    QCOMPARE(adapterBytes(run->run), adapterBytes(atBest));
}

void TestRunInsight::aCheckpointBecomesTheResult()
{
    Project own = project();
    const auto run = trainRun(own, request({"keepCheckpoints=9"}));
    VERIFY_OK(run);
    const std::string atEnd = adapterBytes(run->run);
    const auto changed = own.makeResult(run->run.id, 4);
    VERIFY_OK(changed);
    QCOMPARE(changed->resultStep, std::optional<std::int64_t>(4));
    QVERIFY(adapterBytes(*changed) != atEnd);
    QVERIFY(!fs::exists(fs::path(changed->adapter) / "optimizer.safetensors"));
    const auto back = own.makeResult(run->run.id, 9);
    VERIFY_OK(back);
    QCOMPARE(adapterBytes(*back), atEnd);
    QVERIFY(!own.makeResult(run->run.id, 5)); // never kept
    QFile file(QString::fromStdString((own.runFolder(run->run.id) / "checkpoints/step-4/adapter_model.safetensors").string()));
    QVERIFY(file.open(QIODevice::ReadWrite) && file.resize(file.size() - 1));
    file.close();
    const auto damaged = own.makeResult(run->run.id, 4);
    QVERIFY(!damaged);
    QCOMPARE(damaged.error().code, ErrorCode::BadInput);
    QCOMPARE(adapterBytes(*own.run(run->run.id)), atEnd); // untouched
}

void TestRunInsight::labelsStayWhileTheRunWrites()
{
    Project own = project({0, 8, {}});
    RunEvents events;
    events.stepFinished = [&](RunId run, const MetricPoint &point, double) {
        if (point.step == 3)
            QVERIFY(own.labelRun(run, {"House rules, first try", {"draft", "clinic"}, "Rank 4 only", true}).has_value());
    };
    const auto run = trainRun(own, request(), events);
    VERIFY_OK(run);
    const auto stored = own.run(run->run.id);
    VERIFY_OK(stored);
    QCOMPARE(stored->name, std::string("House rules, first try"));
    QCOMPARE(stored->tags, (std::vector<std::string>{"draft", "clinic"}));
    QCOMPARE(stored->note, std::string("Rank 4 only"));
    QVERIFY(stored->isArchived);
    QVERIFY(!own.labelRun(run->run.id, {}).has_value());
}

QTEST_APPLESS_MAIN(TestRunInsight)
#include "tst_runinsight.moc"
