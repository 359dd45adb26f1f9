// Resume equals the uninterrupted run bit for bit: at every step, in the warm-up, across epoch ends, with dropout and packing; also from
// the previous checkpoint when the newest one is damaged.
#include "core/torch.h"
#include "trainfixture.h"

#include <QTemporaryDir>
#include <QTest>
#include <chrono>
#include <thread>

using namespace fettle;
using namespace fettle::train;
using namespace trainfixture;

namespace {

// 14 documents, 4 in a step: 4 steps an epoch, the last one smaller; 3 epochs; the warm-up takes 5 steps and ends inside the second.
Recipe resumeRecipe()
{
    return recipe({"epochs=3", "rowsPerStep=2", "gradientAccumulation=2", "tokensPerMicroBatch=40", "dropout=0.2", "warmup=5", "learningRate=0.02", "schedule=cosine",
                   "weightDecay=0.05", "evalEvery=3", "checkpointEvery=1", "keepCheckpoints=50"});
}

} // namespace

class TestTrainResume : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void atEveryStep_data();
    void atEveryStep();
    void afterAPauseAnywhere_data();
    void afterAPauseAnywhere();
    void fromThePreviousOneWhenDamaged();
    void otherDataOrSettingsAreRefused();
    void timeOfEvaluationsIsRemembered_data();
    void timeOfEvaluationsIsRemembered();
    void epochsAreChangedWhileItRuns_data();
    void epochsAreChangedWhileItRuns();
    void impossibleEpochsAreRefused();

private:
    Trace resumed(const fs::path &checkpoints, const fs::path &from, Trace before);
    QTemporaryDir m_dir;
    std::vector<Document> m_train = documents(14, 21);
    std::vector<Document> m_heldOut = documents(3, 22);
    Trace m_whole;
    fs::path m_wholeFolder;
};

void TestTrainResume::initTestCase()
{
    at::set_num_threads(1);
    m_wholeFolder = m_dir.filePath(QStringLiteral("whole")).toStdString();
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = resumeRecipe();
    setup.adapter = freshAdapter(setup.recipe);
    setup.trainDocuments = m_train;
    setup.heldOutDocuments = m_heldOut;
    setup.checkpointFolder = m_wholeFolder;
    const auto outcome = runTraining(setup, tracing(m_whole));
    QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
    finishTrace(m_whole, m_wholeFolder);
    QCOMPARE(m_whole.losses.size(), 12U);
}

// Goes on from `from`, writing into `checkpoints`. Returns what the run as a whole has seen.
Trace TestTrainResume::resumed(const fs::path &checkpoints, const fs::path &from, Trace before)
{
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = resumeRecipe();
    auto adapter = tune::loadPeftFolder(from, weights()->config);
    if (!adapter)
        qFatal("%s", adapter.error().message.c_str());
    setup.adapter = *adapter;
    setup.trainDocuments = m_train;
    setup.heldOutDocuments = m_heldOut;
    setup.checkpointFolder = checkpoints;
    setup.resumeFrom = from;
    const auto outcome = runTraining(setup, tracing(before));
    if (!outcome)
        qFatal("%s", outcome.error().message.c_str());
    finishTrace(before, checkpoints);
    return before;
}

void TestTrainResume::atEveryStep_data()
{
    QTest::addColumn<int>("step");
    for (int step = 1; step <= 12; ++step)
        QTest::addRow("step %d", step) << step;
}

void TestTrainResume::atEveryStep()
{
    QFETCH(int, step);
    // Only what lies up to the checkpoint is known: the rest must come out the same.
    const fs::path folder = m_dir.filePath(QStringLiteral("from-%1").arg(step)).toStdString();
    fs::create_directories(folder);
    const fs::path from = folder / ("step-" + std::to_string(step));
    fs::copy(m_wholeFolder / from.filename(), from);
    const Trace trace = resumed(folder, from, upTo(m_whole, step));
    QVERIFY(trace.losses == m_whole.losses);
    QVERIFY(trace.evaluations == m_whole.evaluations);
    QVERIFY(trace.rows == m_whole.rows);
    QCOMPARE(trace.adapter, m_whole.adapter);
    QCOMPARE(trace.optimizer, m_whole.optimizer);
}

void TestTrainResume::afterAPauseAnywhere_data()
{
    // The loop asks before every row and every layer of a step, up and down, in evaluations and between steps: inside the warm-up, at the end of an
    // epoch, during an evaluation, in the middle of a step.
    QTest::addColumn<int>("question");
    for (int question = 1; question <= 125; question += 4)
        QTest::addRow("question %d", question) << question;
}

void TestTrainResume::afterAPauseAnywhere()
{
    QFETCH(int, question);
    const fs::path folder = m_dir.filePath(QStringLiteral("paused-%1").arg(question)).toStdString();
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = resumeRecipe();
    setup.adapter = freshAdapter(setup.recipe);
    setup.trainDocuments = m_train;
    setup.heldOutDocuments = m_heldOut;
    setup.checkpointFolder = folder;
    Trace trace;
    TrainerHooks hooks = tracing(trace);
    int asked = 0;
    hooks.wish = [&] { return ++asked >= question ? Wish::Pause : Wish::Continue; };
    const auto outcome = runTraining(setup, hooks);
    QVERIFY(outcome.has_value());
    QCOMPARE(outcome->end, TrainEnd::Paused);
    QVERIFY(outcome->progress.step < 12);
    const auto newest = newestValidCheckpoint(folder);
    QVERIFY(newest.has_value());
    QVERIFY(resumed(folder, newest->checkpoint.path, trace) == m_whole);
}

void TestTrainResume::fromThePreviousOneWhenDamaged()
{
    const fs::path folder = m_dir.filePath(QStringLiteral("damaged")).toStdString();
    fs::create_directories(folder);
    for (const char *name : {"step-6", "step-7"})
        fs::copy(m_wholeFolder / name, folder / name);
    QFile optimizer(QString::fromStdString((folder / "step-7" / "optimizer.safetensors").string()));
    QVERIFY(optimizer.open(QIODevice::ReadWrite));
    QVERIFY(optimizer.resize(optimizer.size() - 1));
    optimizer.close();
    const auto newest = newestValidCheckpoint(folder);
    QVERIFY(newest.has_value());
    QCOMPARE(newest->checkpoint.step, 6);
    QCOMPARE(newest->damaged.size(), 1U);
    dropCheckpointsAfter(folder, 6);
    QVERIFY(resumed(folder, newest->checkpoint.path, upTo(m_whole, 6)) == m_whole);
}

void TestTrainResume::otherDataOrSettingsAreRefused()
{
    const fs::path from = m_wholeFolder / "step-4";
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = resumeRecipe();
    setup.adapter = freshAdapter(setup.recipe);
    setup.trainDocuments = m_train;
    setup.heldOutDocuments = m_heldOut;
    setup.resumeFrom = from;
    std::vector<Document> changed = m_train;
    changed[3].ids[1] += 1;
    setup.trainDocuments = changed;
    const auto otherData = runTraining(setup, {});
    QVERIFY(!otherData.has_value());
    QCOMPARE(otherData.error().code, ErrorCode::BadInput);
    setup.trainDocuments = m_train;
    setup.recipe.values["learningRate"] = 0.5;
    const auto otherSettings = runTraining(setup, {});
    QVERIFY(!otherSettings.has_value());
    QCOMPARE(otherSettings.error().code, ErrorCode::BadInput);
}

// Listeners take long at an evaluation, and a run that is resumed before its next one says so from its first step on.
void TestTrainResume::timeOfEvaluationsIsRemembered_data()
{
    QTest::addColumn<int>("pauseAt");
    QTest::newRow("it was measured") << 4;
    QTest::newRow("listeners knew it") << 2;
}

void TestTrainResume::timeOfEvaluationsIsRemembered()
{
    QFETCH(int, pauseAt);
    constexpr auto kAnswers = std::chrono::milliseconds(40);
    const fs::path folder = m_dir.filePath(QStringLiteral("remembered-%1").arg(pauseAt)).toStdString();
    const auto secondsLeftAfter = [&](std::optional<fs::path> from, int stopAt) {
        TrainerSetup setup;
        setup.weights = weights();
        setup.recipe = resumeRecipe(); // evaluates after 3, 6, 9 and 12 steps
        setup.adapter = freshAdapter(setup.recipe);
        if (from)
            setup.adapter = tune::loadPeftFolder(*from, weights()->config).value();
        setup.trainDocuments = m_train;
        setup.heldOutDocuments = m_heldOut;
        setup.checkpointFolder = folder;
        setup.resumeFrom = from;
        double left = -1;
        std::int64_t done = 0;
        TrainerHooks hooks;
        hooks.stepFinished = [&](const StepReport &step) {
            left = step.secondsLeft;
            done = step.step;
        };
        hooks.evaluated = [&](const EvalReport &) { std::this_thread::sleep_for(kAnswers); };
        if (!from) // what has been answered once is not answered again
            hooks.besideEvaluation = [&] { return std::chrono::duration<double>(kAnswers).count(); };
        hooks.wish = [&] { return done >= stopAt ? Wish::Pause : Wish::Continue; };
        const auto outcome = runTraining(setup, hooks);
        return outcome && outcome->end == TrainEnd::Paused ? left : -1;
    };
    QVERIFY(secondsLeftAfter({}, pauseAt) > 0);
    const auto newest = newestValidCheckpoint(folder);
    QVERIFY(newest.has_value());
    const std::int64_t evaluations = 4 - (pauseAt + 1 > 3 ? 1 : 0);
    QVERIFY(secondsLeftAfter(newest->checkpoint.path, pauseAt + 1) >= double(evaluations) * std::chrono::duration<double>(kAnswers).count());
}

// Longer and shorter, wished when 5 steps are done. Resumed from before and after the change, it is the same run, and from step 5 on the
// rates are those of a run of the new length.
void TestTrainResume::epochsAreChangedWhileItRuns_data()
{
    QTest::addColumn<double>("epochs");
    QTest::addColumn<int>("steps");
    QTest::newRow("longer") << 4.0 << 16;
    QTest::newRow("shorter") << 2.0 << 8;
}

void TestTrainResume::epochsAreChangedWhileItRuns()
{
    QFETCH(double, epochs);
    QFETCH(int, steps);
    const fs::path folder = m_dir.filePath(QStringLiteral("epochs-%1").arg(steps)).toStdString();
    std::vector<EpochChange> recorded;
    const auto train = [&](const fs::path &checkpoints, std::optional<fs::path> from, Trace &trace, std::map<std::int64_t, double> &rates) {
        TrainerSetup setup;
        setup.weights = weights();
        setup.recipe = resumeRecipe();
        setup.adapter = freshAdapter(setup.recipe);
        if (from)
            setup.adapter = tune::loadPeftFolder(*from, weights()->config).value();
        setup.trainDocuments = m_train;
        setup.heldOutDocuments = m_heldOut;
        setup.checkpointFolder = checkpoints;
        setup.resumeFrom = from;
        setup.epochChanges = recorded;
        TrainerHooks hooks = tracing(trace);
        std::int64_t done = 0;
        hooks.stepFinished = [&, traced = hooks.stepFinished](const StepReport &step) {
            traced(step);
            done = step.step;
            rates[step.step] = step.learningRate;
        };
        if (!from) {
            hooks.takeEpochs = [&]() -> std::optional<double> { return done == 5 && recorded.empty() ? std::optional(epochs) : std::nullopt; };
            hooks.epochsChanging = [&](const EpochChange &change, std::int64_t all) {
                recorded.push_back(change);
                return all == steps;
            };
        }
        const auto outcome = runTraining(setup, hooks);
        QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
        QCOMPARE(outcome->steps, steps);
        finishTrace(trace, checkpoints);
    };
    Trace whole;
    std::map<std::int64_t, double> rates;
    train(folder, {}, whole, rates);
    QCOMPARE(recorded.size(), 1U);
    QCOMPARE(recorded.front().step, 5);
    QCOMPARE(whole.losses.size(), std::size_t(steps));
    const Schedule before{ScheduleKind::Cosine, 0.02, 5, 12}, after{ScheduleKind::Cosine, 0.02, 5, steps};
    for (const auto &[step, rate] : rates)
        QCOMPARE(rate, (step <= 5 ? before : after).at(step - 1));
    for (const int step : {3, 5, 7}) {
        const fs::path again = m_dir.filePath(QStringLiteral("epochs-%1-from-%2").arg(steps).arg(step)).toStdString();
        const fs::path from = again / ("step-" + std::to_string(step));
        fs::create_directories(again);
        fs::copy(folder / from.filename(), from);
        Trace trace = upTo(whole, step);
        train(again, from, trace, rates);
        QVERIFY(trace == whole);
    }
}

void TestTrainResume::impossibleEpochsAreRefused()
{
    TrainerSetup setup;
    setup.weights = weights();
    setup.recipe = resumeRecipe();
    setup.adapter = freshAdapter(setup.recipe);
    setup.trainDocuments = m_train;
    Trace trace;
    TrainerHooks hooks = tracing(trace);
    std::vector<double> wishes{1.0, -2.0, 5000.0}; // over already, and outside of the range
    hooks.takeEpochs = [&]() -> std::optional<double> {
        if (trace.losses.size() < 6 || wishes.empty())
            return {};
        const double wish = wishes.back();
        wishes.pop_back();
        return wish;
    };
    int refused = 0;
    hooks.epochsRefused = [&](const std::string &) { ++refused; };
    const auto outcome = runTraining(setup, hooks);
    QVERIFY(outcome.has_value());
    QCOMPARE(refused, 3);
    QCOMPARE(trace.losses.size(), 12U);
}

QTEST_APPLESS_MAIN(TestTrainResume)
#include "tst_trainresume.moc"
