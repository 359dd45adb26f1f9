// The training loop on a tiny Llama: parity with PEFT and a hand-written torch loop, determinism, stopping, errors.
#include "core/model/decoder.h"
#include "core/torch.h"
#include "core/train/lossbatch.h"
#include "core/train/measure.h"
#include "trainfixture.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>
#include <sys/resource.h>

using namespace fettle;
using namespace fettle::train;
using namespace trainfixture;

namespace {

// An adapter in a computer that has memory for so many tokens at a time.
class Narrow : public tune::Adapter {
public:
    Narrow(std::shared_ptr<tune::LoraAdapter> inner, std::int64_t room) : m_inner(std::move(inner)), m_room(room) { }
    std::vector<tune::NamedParameter> parameters() const override { return m_inner->parameters(); }
    std::string hash() const override { return m_inner->hash(); }
    Result<> save(const std::filesystem::path &folder) const override { return m_inner->save(folder); }
    std::string whyNotMerged() const override { return m_inner->whyNotMerged(); }
    std::vector<model::LowRank> lowRank(std::int64_t layer, model::LinearMap map) const override { return m_inner->lowRank(layer, map); }
    at::Tensor embedded(const model::PackedBatch &batch, at::Tensor h) const override
    {
        if (batch.tokens() > m_room)
            throw std::bad_alloc();
        return h;
    }

private:
    std::shared_ptr<tune::LoraAdapter> m_inner;
    std::int64_t m_room;
};

} // namespace

class TestTrainLoop : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { at::set_num_threads(1); }
    void tenLossesEqualPeft_data();
    void tenLossesEqualPeft();
    void sameRunTwiceIsEqual();
    void evaluatesAndKeepsTheBest();
    void refusesNothingToLearn();
    void nonFiniteLossStopsAndKeepsTheCheckpoint();
    void stopsBetweenRows_data();
    void stopsBetweenRows();
    void checkpointsOnRequest();
    void gradientAccumulationIsALargerStep();
    void activationCheckpointingChangesNothing_data();
    void activationCheckpointingChangesNothing();
    void roundedProductsConvergeToTheSame();
    void checkpointFolderThatCannotBeWritten();
    void checkpointThatDoesNotFitKeepsTheOlderOne();
    void outOfMemoryReadsTheStepInSmallerRows();
    void outOfMemoryOfOneRecordEndsWithAdvice();
    void measuringChangesNothing();
    void aStopEndsThePass_data();
    void aStopEndsThePass();

private:
    TrainerSetup setup(const std::vector<Document> &train, const std::vector<Document> &heldOut, const Recipe &chosen, const QString &name)
    {
        TrainerSetup made;
        made.weights = weights();
        made.adapter = freshAdapter(chosen);
        made.trainDocuments = train;
        made.heldOutDocuments = heldOut;
        made.recipe = chosen;
        if (!name.isEmpty())
            made.checkpointFolder = m_dir.filePath(name).toStdString();
        return made;
    }
    QTemporaryDir m_dir;
};

void TestTrainLoop::tenLossesEqualPeft_data()
{
    QTest::addColumn<bool>("isPacked");
    QTest::addColumn<int>("tokens");
    QTest::newRow("a row for each document") << false << 64;
    QTest::newRow("packed") << true << 1024;
    QTest::newRow("packed in several rows") << true << 48;
}

void TestTrainLoop::tenLossesEqualPeft()
{
    QFETCH(bool, isPacked);
    QFETCH(int, tokens);
    const nlohmann::json expected = json("parity.json");
    const std::vector<Document> train = documents(expected.at("documents"));
    Recipe chosen = recipe({"sampler=sequential", "schedule=linear"});
    chosen.values["packing"] = isPacked;
    chosen.values["tokensPerMicroBatch"] = std::int64_t{tokens};
    chosen.values["rowsPerStep"] = expected.at("rowsPerStep").get<std::int64_t>();
    chosen.values["maxSteps"] = expected.at("steps").get<std::int64_t>();
    chosen.values["warmup"] = expected.at("warmup").get<double>();
    chosen.values["learningRate"] = expected.at("learningRate").get<double>();
    chosen.values["weightDecay"] = expected.at("weightDecay").get<double>();
    chosen.values["clipNorm"] = expected.at("clipNorm").get<double>();

    TrainerSetup run = setup(train, {}, chosen, {});
    auto adapter = tune::loadPeftFolder(folder() / "adapter-before", weights()->config);
    QVERIFY2(adapter.has_value(), adapter ? "" : adapter.error().message.c_str());
    run.adapter = *adapter;
    std::vector<StepReport> steps;
    TrainerHooks hooks;
    hooks.stepFinished = [&](const StepReport &step) { steps.push_back(step); };
    const auto outcome = runTraining(run, hooks);
    QVERIFY2(outcome.has_value(), outcome ? "" : (outcome.error().message + outcome.error().detail).c_str());

    const auto losses = expected.at("losses").get<std::vector<double>>();
    const auto norms = expected.at("gradNorms").get<std::vector<double>>();
    const auto rates = expected.at("rates").get<std::vector<double>>();
    QCOMPARE(steps.size(), losses.size());
    double worst = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        const double relative = std::abs(steps[i].loss - losses[i]) / losses[i];
        worst = std::max(worst, relative);
        QVERIFY2(relative < 1e-4, qPrintable(QStringLiteral("step %1: loss %2 instead of %3").arg(i + 1).arg(steps[i].loss).arg(losses[i])));
        QVERIFY(std::abs(steps[i].gradNorm - norms[i]) / norms[i] < 1e-4);
        QVERIFY(std::abs(steps[i].learningRate - rates[i]) < 1e-15);
    }
    qInfo("largest relative difference of a loss: %.1e", worst);

    const auto after = tune::loadPeftFolder(folder() / "adapter-after", weights()->config);
    QVERIFY(after.has_value());
    const auto mine = run.adapter->parameters();
    const auto theirs = (*after)->parameters();
    QCOMPARE(mine.size(), theirs.size());
    for (std::size_t i = 0; i < mine.size(); ++i) {
        QCOMPARE(mine[i].name, theirs[i].name);
        QVERIFY2((mine[i].tensor - theirs[i].tensor).abs().max().item<double>() < 2e-4, mine[i].name.c_str());
    }
}

void TestTrainLoop::sameRunTwiceIsEqual()
{
    const std::vector<Document> train = documents(20, 1);
    const std::vector<Document> heldOut = documents(5, 2);
    const Recipe chosen = recipe({"epochs=2", "rowsPerStep=6", "tokensPerMicroBatch=64", "dropout=0.1", "learningRate=0.01"});
    Trace traces[2];
    for (int i = 0; i < 2; ++i) {
        const QString name = QStringLiteral("twice%1").arg(i);
        const auto outcome = runTraining(setup(train, heldOut, chosen, name), tracing(traces[i]));
        QVERIFY(outcome.has_value());
        QCOMPARE(outcome->progress.step, 8);
        finishTrace(traces[i], m_dir.filePath(name).toStdString());
    }
    QVERIFY(traces[0] == traces[1]);
    QCOMPARE(traces[0].losses.size(), 8U);
    QCOMPARE(traces[0].evaluations.size(), 2U);
    // Another seed is another run.
    Trace other;
    Recipe reseeded = chosen;
    reseeded.values["seed"] = std::int64_t{5};
    QVERIFY(runTraining(setup(train, heldOut, reseeded, {}), tracing(other)).has_value());
    QVERIFY(other.losses != traces[0].losses);
}

void TestTrainLoop::evaluatesAndKeepsTheBest()
{
    const std::vector<Document> train = documents(12, 3);
    const std::vector<Document> heldOut = documents(6, 4);
    // A wild learning rate at the end of a constant schedule: the best checkpoint is not the newest.
    const Recipe chosen = recipe({"maxSteps=12", "rowsPerStep=4", "evalEvery=2", "checkpointEvery=2", "keepCheckpoints=1", "schedule=constant",
                                  "learningRate=0.5", "warmup=0", "clipNorm=0"});
    std::vector<EvalReport> evaluations;
    std::vector<std::int64_t> removed;
    std::vector<CheckpointReport> written;
    TrainerHooks hooks;
    hooks.evaluated = [&](const EvalReport &report) { evaluations.push_back(report); };
    hooks.checkpointed = [&](const CheckpointReport &report) { written.push_back(report); };
    hooks.checkpointRemoved = [&](std::int64_t step) { removed.push_back(step); };
    const auto outcome = runTraining(setup(train, heldOut, chosen, QStringLiteral("best")), hooks);
    QVERIFY(outcome.has_value());
    QCOMPARE(evaluations.size(), 6U);
    QCOMPARE(written.size(), 6U);
    const auto best = std::ranges::min_element(evaluations, {}, &EvalReport::loss);
    QCOMPARE(outcome->progress.bestStep, best->step);
    QVERIFY(outcome->progress.evalLoss);
    std::set<std::int64_t> kept;
    for (const CheckpointOnDisk &checkpoint : listCheckpoints(m_dir.filePath(QStringLiteral("best")).toStdString()))
        kept.insert(checkpoint.step);
    QVERIFY((kept == std::set<std::int64_t>({best->step, 12})));
    QCOMPARE(removed.size(), 6 - kept.size());
}

void TestTrainLoop::refusesNothingToLearn()
{
    std::vector<Document> train = documents(3, 5);
    for (Document &document : train)
        std::ranges::fill(document.trained, std::uint8_t{0});
    train[0].trained[0] = 1; // the first token is never a target
    const auto outcome = runTraining(setup(train, {}, recipe({}), QStringLiteral("nothing")), {});
    QVERIFY(!outcome.has_value());
    QCOMPARE(outcome.error().code, ErrorCode::BadInput);
    QVERIFY(!std::filesystem::exists(m_dir.filePath(QStringLiteral("nothing")).toStdString()));
}

void TestTrainLoop::nonFiniteLossStopsAndKeepsTheCheckpoint()
{
    const std::vector<Document> train = documents(12, 6);
    const Recipe chosen = recipe({"maxSteps=12", "rowsPerStep=4", "checkpointEvery=1", "schedule=constant", "warmup=0"});
    const TrainerSetup run = setup(train, {}, chosen, QStringLiteral("nan"));
    TrainerHooks hooks;
    std::string good;
    hooks.checkpointed = [&](const CheckpointReport &report) {
        if (report.step != 3)
            return;
        good = fileHash(report.path / "adapter_model.safetensors");
        torch::NoGradGuard noGrad; // as if the third step had gone wild
        run.adapter->parameters().front().tensor.fill_(std::numeric_limits<float>::quiet_NaN());
    };
    const auto outcome = runTraining(run, hooks);
    QVERIFY(!outcome.has_value());
    QCOMPARE(outcome.error().code, ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(outcome.error().message).contains(QStringLiteral("step 4")), outcome.error().message.c_str());
    QVERIFY(QString::fromStdString(outcome.error().hint).contains(QStringLiteral("checkpoint of step 3")));
    const auto newest = newestValidCheckpoint(run.checkpointFolder);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->checkpoint.step, 3);
    QCOMPARE(fileHash(newest->checkpoint.path / "adapter_model.safetensors"), good);
}

void TestTrainLoop::stopsBetweenRows_data()
{
    QTest::addColumn<int>("wish");
    QTest::addColumn<int>("end");
    QTest::addColumn<bool>("hasCheckpoint");
    QTest::newRow("pause") << static_cast<int>(Wish::Pause) << static_cast<int>(TrainEnd::Paused) << true;
    QTest::newRow("stop and keep") << static_cast<int>(Wish::StopAndKeep) << static_cast<int>(TrainEnd::Stopped) << true;
    QTest::newRow("stop and discard") << static_cast<int>(Wish::StopAndDiscard) << static_cast<int>(TrainEnd::Discarded) << false;
    QTest::newRow("stop token") << -1 << static_cast<int>(TrainEnd::Stopped) << true;
}

void TestTrainLoop::stopsBetweenRows()
{
    QFETCH(int, wish);
    QFETCH(int, end);
    QFETCH(bool, hasCheckpoint);
    const std::vector<Document> train = documents(40, 7);
    // One row for each document: a step has 20 rows, the wish comes in the middle of the second.
    const Recipe chosen = recipe({"maxSteps=50", "rowsPerStep=20", "packing=false"});
    const QString name = QStringLiteral("stop-%1").arg(QString::fromLatin1(QTest::currentDataTag()));
    std::stop_source source;
    int asked = 0; // in the second step
    int askedAfterwards = 0;
    bool isWished = false;
    std::int64_t steps = 0;
    TrainerHooks hooks;
    hooks.wish = [&] {
        if (isWished)
            ++askedAfterwards;
        if (steps == 1 && ++asked == 30) {
            isWished = true;
            if (wish < 0)
                source.request_stop();
        }
        return isWished && wish >= 0 ? static_cast<Wish>(wish) : Wish::Continue;
    };
    hooks.stepFinished = [&](const StepReport &step) { steps = step.step; };
    const auto outcome = runTraining(setup(train, {}, chosen, name), hooks, source.get_token());
    QVERIFY(outcome.has_value());
    QCOMPARE(static_cast<int>(outcome->end), end);
    QCOMPARE(steps, 1);
    QCOMPARE(outcome->progress.step, 1); // the step under way is dropped, not half applied
    QVERIFY(askedAfterwards <= 2);       // not one more layer was computed
    const auto checkpoints = listCheckpoints(m_dir.filePath(name).toStdString());
    QCOMPARE(!checkpoints.empty(), hasCheckpoint);
}

void TestTrainLoop::checkpointsOnRequest()
{
    const std::vector<Document> train = documents(12, 8);
    const Recipe chosen = recipe({"maxSteps=6", "rowsPerStep=4", "checkpointEvery=100", "keepCheckpoints=10"});
    std::int64_t done = 0;
    TrainerHooks hooks;
    hooks.stepFinished = [&](const StepReport &step) { done = step.step; };
    hooks.takeCheckpointRequest = [&] { return done == 2; };
    QVERIFY(runTraining(setup(train, {}, chosen, QStringLiteral("request")), hooks).has_value());
    const auto checkpoints = listCheckpoints(m_dir.filePath(QStringLiteral("request")).toStdString());
    QCOMPARE(checkpoints.size(), 2U);
    QCOMPARE(checkpoints[0].step, 2);
    QCOMPARE(checkpoints[1].step, 6);
}

void TestTrainLoop::gradientAccumulationIsALargerStep()
{
    const std::vector<Document> train = documents(16, 9);
    Trace one;
    Trace other;
    QVERIFY(runTraining(setup(train, {}, recipe({"epochs=1", "rowsPerStep=8"}), {}), tracing(one)).has_value());
    QVERIFY(runTraining(setup(train, {}, recipe({"epochs=1", "rowsPerStep=2", "gradientAccumulation=4"}), {}), tracing(other)).has_value());
    QVERIFY(one.losses == other.losses);
}

void TestTrainLoop::activationCheckpointingChangesNothing_data()
{
    QTest::addColumn<QString>("setting");
    QTest::newRow("selective") << "checkpointing=selective";
    QTest::newRow("full") << "checkpointing=full";
}

void TestTrainLoop::activationCheckpointingChangesNothing()
{
    QFETCH(QString, setting);
    const std::vector<Document> train = documents(16, 12);
    Trace kept;
    Trace computedAgain;
    Recipe chosen = recipe({"epochs=3", "rowsPerStep=4", "dropout=0.1", "learningRate=0.01"});
    QVERIFY(runTraining(setup(train, {}, chosen, {}), tracing(kept)).has_value());
    QVERIFY(applySetting(chosen, setting.toStdString()).has_value());
    QVERIFY(runTraining(setup(train, {}, chosen, {}), tracing(computedAgain)).has_value());
    QCOMPARE(kept.losses.size(), computedAgain.losses.size());
    for (const auto &[step, loss] : kept.losses)
        QVERIFY(std::abs(computedAgain.losses[step] - loss) < 1e-5 * loss);
}

// What permits to offer 16 bits at all: the held-out loss falls to the same place.
void TestTrainLoop::roundedProductsConvergeToTheSame()
{
    if (!model::fast::hasBf16Products())
        QSKIP("this processor has no products of 16-bit numbers");
    const std::vector<Document> train = documents(64, 12), heldOut = documents(16, 13);
    const auto heldOutLosses = [&](const char *compute) {
        Trace trace;
        const Recipe chosen = recipe({"epochs=8", "rowsPerStep=8", "learningRate=0.01", "evalEvery=8", compute});
        if (!runTraining(setup(train, heldOut, chosen, {}), tracing(trace)))
            trace.evaluations.clear();
        return trace.evaluations;
    };
    const auto exact = heldOutLosses("compute=fp32"), rounded = heldOutLosses("compute=bf16");
    QVERIFY(exact.size() > 4);
    QCOMPARE(rounded.size(), exact.size());
    QVERIFY(exact.rbegin()->second < 0.7 * exact.begin()->second); // something is learnt
    QVERIFY(rounded != exact);
    for (const auto &[step, loss] : exact)
        QVERIFY2(std::abs(rounded.at(step) - loss) < 0.01 * loss, qPrintable(QStringLiteral("step %1: %2 and %3").arg(step).arg(loss).arg(rounded.at(step))));
}

void TestTrainLoop::checkpointFolderThatCannotBeWritten()
{
    const std::vector<Document> train = documents(4, 10);
    TrainerSetup run = setup(train, {}, recipe({"maxSteps=2", "rowsPerStep=4"}), {});
    QFile file(m_dir.filePath(QStringLiteral("a-file")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    run.checkpointFolder = std::filesystem::path(file.fileName().toStdString()) / "checkpoints";
    const auto outcome = runTraining(run, {});
    QVERIFY(!outcome.has_value());
    QVERIFY(exitCode(outcome.error().code) == 3 || exitCode(outcome.error().code) == 4);
}

// No file may grow beyond a few bytes from the second checkpoint on, as on a full disk.
void TestTrainLoop::checkpointThatDoesNotFitKeepsTheOlderOne()
{
    const std::vector<Document> train = documents(12, 11);
    const TrainerSetup run = setup(train, {}, recipe({"maxSteps=8", "rowsPerStep=4", "checkpointEvery=2", "keepCheckpoints=1"}), QStringLiteral("full"));
    rlimit before{};
    QCOMPARE(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto oldHandler = std::signal(SIGXFSZ, SIG_IGN);
    TrainerHooks hooks;
    hooks.checkpointed = [&](const CheckpointReport &) {
        const rlimit small{4096, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    };
    const auto outcome = runTraining(run, hooks);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, oldHandler);
    QVERIFY(!outcome.has_value());
    QVERIFY(!outcome.error().hint.empty());
    const auto newest = newestValidCheckpoint(run.checkpointFolder);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->checkpoint.step, 2);
    QVERIFY(!std::filesystem::exists(run.checkpointFolder / "step-4.tmp"));
}

void TestTrainLoop::outOfMemoryReadsTheStepInSmallerRows()
{
    const std::vector<Document> train = documents(24, 3);
    const Recipe chosen = recipe({"rowsPerStep=8", "maxSteps=6", "rank=4", "dropout=0", "learningRate=0.01"});
    std::map<bool, std::vector<double>> losses;
    std::vector<std::int64_t> smaller;
    for (const bool isNarrow : {false, true}) {
        TrainerSetup run = setup(train, {}, chosen, {});
        run.adapter = std::make_shared<Narrow>(freshAdapter(chosen), isNarrow ? 40 : 100000);
        TrainerHooks hooks;
        hooks.stepFinished = [&](const StepReport &step) { losses[isNarrow].push_back(step.loss); };
        hooks.madeSmaller = [&](std::int64_t step, std::int64_t tokens) {
            QVERIFY(step >= 1);
            smaller.push_back(tokens);
        };
        const auto outcome = runTraining(run, hooks);
        QVERIFY2(outcome.has_value(), outcome ? "" : (outcome.error().message + outcome.error().detail).c_str());
        QCOMPARE(outcome->progress.step, 6);
        QCOMPARE(smaller.empty(), !isNarrow);
    }
    QVERIFY(smaller.back() <= 40);
    // The effective batch is the same: so are the losses, but for rounding.
    QCOMPARE(losses[true].size(), losses[false].size());
    for (std::size_t i = 0; i < losses[true].size(); ++i)
        QVERIFY2(std::abs(losses[true][i] - losses[false][i]) < 1e-4 * losses[false][i], qPrintable(QString::number(losses[true][i] - losses[false][i])));
}

void TestTrainLoop::outOfMemoryOfOneRecordEndsWithAdvice()
{
    const std::vector<Document> train = documents(24, 3);
    const Recipe chosen = recipe({"rowsPerStep=8", "maxSteps=6", "rank=4", "dropout=0"});
    TrainerSetup run = setup(train, {}, chosen, {});
    run.adapter = std::make_shared<Narrow>(freshAdapter(chosen), 6);
    const auto outcome = runTraining(run, {});
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, ErrorCode::OutOfMemory);
    QVERIFY2(outcome.error().message.find("one record") != std::string::npos, outcome.error().message.c_str());
    QVERIFY2(outcome.error().hint.find("maxLength") != std::string::npos, outcome.error().hint.c_str());
}

void TestTrainLoop::measuringChangesNothing()
{
    const std::vector<Document> train = documents(24, 3);
    const Recipe chosen = recipe({"rowsPerStep=8", "rank=4", "weightDecay=0.1"});
    const TrainerSetup run = setup(train, {}, chosen, {});
    const std::string before = run.adapter->hash();
    const PackedRow row = longestRow(train, chosen);
    std::int64_t longest = 0;
    const BatchPlan plan(train, batchSettings(chosen));
    for (std::int64_t step = 0; step < totalSteps(chosen, plan.stepsPerEpoch()); ++step)
        for (const PackedRow &each : plan.rows(step))
            longest = std::max(longest, each.length());
    QCOMPARE(row.length(), longest);
    QCOMPARE(shortened(row, train, 7).length(), 7);
    QVERIFY(shortened(row, train, 2).trainedTokens() > 0);
    const auto pass = measurePass(run, row);
    QVERIFY2(pass.has_value(), pass ? "" : pass.error().message.c_str());
    QCOMPARE(pass->gradientBytes, run.adapter->parameterCount() * 4);
    QCOMPARE(pass->optimizerBytes, run.adapter->parameterCount() * 8);
    QVERIFY(pass->peakBytes > 0 && pass->rowSeconds > 0);
    QCOMPARE(run.adapter->hash(), before);
    QVERIFY(!run.adapter->isTraining());
}

void TestTrainLoop::aStopEndsThePass_data()
{
    QTest::addColumn<bool>("isPlain");
    QTest::addColumn<int>("question");
    // Two layers: each is asked about on the way up and on the way down; the plain path has nothing to do below the first.
    for (const bool isPlain : {false, true})
        for (int question = 1; question <= (isPlain ? 3 : 4); ++question)
            QTest::addRow("%s, question %d", isPlain ? "plain" : "fast", question) << isPlain << question;
}

void TestTrainLoop::aStopEndsThePass()
{
    QFETCH(bool, isPlain);
    QFETCH(int, question);
    const std::vector<Document> train = documents(6, 3);
    const TrainerSetup run = setup(train, {}, recipe({"rank=4", "dropout=0"}), {});
    run.adapter->setTraining(true);
    const model::LossBatch batch = toLossBatch(longestRow(train, run.recipe));
    int asked = 0, stopAt = 0;
    model::LossOptions options;
    options.path = isPlain ? model::LossPath::Plain : model::LossPath::Fast;
    options.isStopped = [&] { return ++asked == stopAt; };
    model::LossEngine engine(run.weights, options);
    const auto whole = engine.lossAndGradient(batch, *run.adapter, 1.0);
    QVERIFY(whole.has_value());
    QCOMPARE(asked, isPlain ? 3 : 4);
    asked = 0;
    stopAt = question;
    const auto stopped = engine.lossAndGradient(batch, *run.adapter, 1.0);
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().code, ErrorCode::Cancelled);
    QCOMPARE(asked, question); // not one layer more
    stopAt = 0;
    const auto again = engine.lossAndGradient(batch, *run.adapter, 1.0);
    QVERIFY(again.has_value());
    QCOMPARE(again->sum, whole->sum);
}

QTEST_APPLESS_MAIN(TestTrainLoop)
#include "tst_trainloop.moc"
