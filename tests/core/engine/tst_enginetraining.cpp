// trainRun and resumeRun on a whole project with the tiny chat model: what is stored, which events come, what is refused.
#include "core/engine/fit.h"
#include "core/engine/runmoves.h"
#include "core/engine/stackedbase.h"
#include "core/engine/training.h"
#include "core/model/fast/gemm.h"
#include "core/train/checkpoint.h"
#include "tests/core/verifyok.h"
#include "trainingproject.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::engine;
using trainingproject::kModel, trainingproject::request, trainingproject::someRecords;
namespace fs = std::filesystem;

namespace {

std::string fileBytes(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : "missing";
}

struct Seen {
    std::vector<RunState> states;
    std::vector<MetricPoint> steps;
    std::vector<EvalPoint> evals;
    std::vector<CheckpointInfo> checkpoints;
    std::vector<std::string> notices;
    RunEvents events()
    {
        RunEvents made;
        made.stateChanged = [this](const RunInfo &run) { states.push_back(run.state); };
        made.stepFinished = [this](RunId, const MetricPoint &point, double) { steps.push_back(point); };
        made.evaluated = [this](RunId, const EvalPoint &point) { evals.push_back(point); };
        made.checkpointed = [this](RunId, const CheckpointInfo &checkpoint) { checkpoints.push_back(checkpoint); };
        made.noticed = [this](RunId, const std::string &text) { notices.push_back(text); };
        return made;
    }
};

} // namespace

class TestEngineTraining : public QObject {
    Q_OBJECT
private slots:
    void init();
    void everyMoveIsInTheTable();
    void aRunIsStoredCompletely();
    void pausedRunsGoOnExactly();
    void sixteenBitsAreKeptWithTheRun();
    void epochsAreChangedAndRecorded();
    void interruptedRunsGoOnExactly();
    void damagedCheckpointIsPassedOverAndSaid();
    void stopAndKeepHasAResult();
    void stopAndDiscardLeavesNothing();
    void startsFromAnAdapter();
    void stacksOnAMergedBase();
    void modelWithoutTemplateIsTrainedPlainly();
    void refusals_data();
    void refusals();

private:
    Project &project() { return *m_project; }
    std::string finishedAdapter(); // bytes of the adapter of an uninterrupted run of request()
    QTemporaryDir m_dir;
    std::optional<Project> m_project;
    std::string m_finished;
    int m_count = 0;
};

void TestEngineTraining::init()
{
    m_project.reset();
    auto created = Project::create(m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString());
    VERIFY_OK(created);
    m_project.emplace(std::move(*created));
    VERIFY_OK(project().addRecords(someRecords(24), "Added rows"));
}

std::string TestEngineTraining::finishedAdapter()
{
    if (m_finished.empty()) {
        auto other = Project::create(m_dir.filePath(QStringLiteral("reference.fettle")).toStdString());
        if (!other || !other->addRecords(someRecords(24), "Added rows"))
            qFatal("no reference project");
        const auto summary = trainRun(*other, request());
        if (!summary)
            qFatal("%s", summary.error().message.c_str());
        m_finished = fileBytes(fs::path(summary->run.adapter) / "adapter_model.safetensors");
    }
    return m_finished;
}

void TestEngineTraining::everyMoveIsInTheTable()
{
    QVERIFY(isLegalMove(RunState::Preparing, RunState::Running));
    QVERIFY(!isLegalMove(RunState::Finished, RunState::Running));
    QVERIFY(!canResume(RunState::Finished));
    for (const RunState state : {RunState::Paused, RunState::Interrupted, RunState::Cancelled, RunState::Failed})
        QVERIFY(canResume(state));
    for (const RunState state : {RunState::Running, RunState::Pausing, RunState::Stopping, RunState::Preparing})
        QVERIFY(!isAtRest(state) && !canResume(state));
}

void TestEngineTraining::aRunIsStoredCompletely()
{
    Seen seen;
    const auto summary = trainRun(project(), request(), seen.events());
    VERIFY_OK(summary);
    const RunInfo &run = summary->run;
    QVERIFY((seen.states == std::vector{RunState::Preparing, RunState::Running, RunState::Finished}));
    // 21 training rows, 5 a step: 5 steps an epoch.
    QCOMPARE(run.steps, 15);
    QCOMPARE(seen.steps.size(), 15U);
    QCOMPARE(seen.evals.size(), 3U);
    QVERIFY(seen.steps.back().loss < seen.steps.front().loss);
    QVERIFY(run.trainLoss && run.evalLoss);
    QCOMPARE(*run.evalLoss, seen.evals.back().loss);
    QVERIFY(run.tokens > run.trainedTokens && run.trainedTokens > 0);

    const auto stored = project().run(run.id);
    VERIFY_OK(stored);
    QCOMPARE(stored->state, RunState::Finished);
    QCOMPARE(stored->step, 15);
    QVERIFY(!stored->modelHash.empty() && stored->snapshot.isValid());
    QVERIFY(nlohmann::json::parse(stored->recipeJson) == recipeToJson(request().recipe));
    const auto metrics = project().metrics(run.id);
    VERIFY_OK(metrics);
    QCOMPARE(metrics->size(), 15U);
    for (std::size_t i = 0; i < 15; ++i)
        QCOMPARE((*metrics)[i].loss, seen.steps[i].loss);
    const auto evals = project().evals(run.id);
    VERIFY_OK(evals);
    QCOMPARE(evals->size(), 3U);
    // Checkpoints in the database are those on the disk.
    const auto checkpoints = project().checkpoints(run.id);
    VERIFY_OK(checkpoints);
    const auto onDisk = train::listCheckpoints(project().runFolder(run.id) / "checkpoints");
    QCOMPARE(checkpoints->size(), onDisk.size());
    for (std::size_t i = 0; i < onDisk.size(); ++i)
        QCOMPARE((*checkpoints)[i].step, onDisk[i].step);
    QVERIFY(fs::exists(fs::path(stored->adapter) / "adapter_config.json"));
    QVERIFY(fs::exists(project().runFolder(run.id) / "recipe.json"));
    QCOMPARE(fileBytes(fs::path(stored->adapter) / "adapter_model.safetensors"), finishedAdapter());
    // The ledger: every training row has a loss now.
    const auto ids = project().recordIds({});
    VERIFY_OK(ids);
    const auto rows = project().recordRows(*ids);
    VERIFY_OK(rows);
    QCOMPARE(std::ranges::count_if(*rows, [](const RecordRow &row) { return row.loss.has_value(); }), 21);
}

void TestEngineTraining::pausedRunsGoOnExactly()
{
    Seen seen;
    RunControl control;
    RunEvents events = seen.events();
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        seen.steps.push_back(point);
        if (point.step == 7)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(project(), request(), events, &control);
    VERIFY_OK(paused);
    QVERIFY(paused->isPaused);
    QVERIFY((seen.states == std::vector{RunState::Preparing, RunState::Running, RunState::Pausing, RunState::Paused}));
    QCOMPARE(paused->run.step, 7);
    const auto resumed = resumeRun(project(), paused->run.id, {}, seen.events());
    VERIFY_OK(resumed);
    QCOMPARE(resumed->run.state, RunState::Finished);
    QCOMPARE(seen.steps.size(), 15U);
    QCOMPARE(fileBytes(fs::path(resumed->run.adapter) / "adapter_model.safetensors"), finishedAdapter());
    const auto metrics = project().metrics(paused->run.id);
    VERIFY_OK(metrics);
    QCOMPARE(metrics->size(), 15U);
    QVERIFY(!resumeRun(project(), paused->run.id, {}).has_value()); // finished
}

// Made longer at step 7 and killed before a checkpoint knew of it: it goes on as the run that was not killed.
void TestEngineTraining::sixteenBitsAreKeptWithTheRun()
{
    TrainRequest wanted = request();
    wanted.compute.compute = ComputeType::Bf16;
    RunControl control;
    Seen seen;
    RunEvents events = seen.events();
    events.stepFinished = [&](RunId, const MetricPoint &, double) { control.wish = RunControl::Wish::Pause; };
    const auto paused = trainRun(project(), wanted, events, &control);
    if (!model::fast::hasBf16Products()) {
        QVERIFY(!paused);
        QCOMPARE(paused.error().code, ErrorCode::Usage);
        return;
    }
    VERIFY_OK(paused);
    QVERIFY(paused->run.recipeJson.find("\"compute\":\"bf16\"") != std::string::npos);
    const auto otherwise = resumeRun(project(), paused->run.id, {.compute = ComputeType::Fp32});
    QVERIFY(!otherwise);
    QCOMPARE(otherwise.error().code, ErrorCode::Usage);
    const auto finished = resumeRun(project(), paused->run.id, {});
    VERIFY_OK(finished);
    auto other = Project::create(m_dir.filePath(QStringLiteral("bf16.fettle")).toStdString());
    VERIFY_OK(other);
    VERIFY_OK(other->addRecords(someRecords(24), "Added rows"));
    const auto whole = trainRun(*other, wanted);
    VERIFY_OK(whole);
    const auto adapterOf = [](const RunSummary &summary) { return fileBytes(fs::path(summary.run.adapter) / "adapter_model.safetensors"); };
    QVERIFY(adapterOf(*finished) == adapterOf(*whole)); // resumed bit for bit
    QVERIFY(adapterOf(*whole) != finishedAdapter());
}

void TestEngineTraining::epochsAreChangedAndRecorded()
{
    const auto before = request().recipe.real("epochs");
    const auto longer = [&](RunControl &control, std::int64_t pauseAt) {
        RunEvents events;
        events.stepFinished = [&control, pauseAt, before](RunId, const MetricPoint &point, double) {
            if (point.step == 7)
                control.epochs = before + 1;
            if (point.step == pauseAt)
                control.wish = RunControl::Wish::Pause;
        };
        return trainRun(project(), request(), events, &control);
    };
    RunControl control;
    const auto whole = longer(control, -1);
    VERIFY_OK(whole);
    QCOMPARE(whole->run.state, RunState::Finished);
    QVERIFY(whole->run.steps > 15);
    QCOMPARE(whole->run.step, whole->run.steps);
    const auto recorded = train::recipeFromJson(nlohmann::json::parse(project().run(whole->run.id)->recipeJson));
    VERIFY_OK(recorded);
    QCOMPARE(recorded->real("epochs"), before + 1);

    RunControl second;
    const auto paused = longer(second, 8);
    VERIFY_OK(paused);
    RunInfo run = paused->run;
    for (const char *late : {"step-7", "step-8"})
        fs::remove_all(project().runFolder(run.id) / "checkpoints" / late);
    run.state = RunState::Running;
    VERIFY_OK(project().updateRun(run));
    VERIFY_OK(project().markInterruptedRuns());
    const auto resumed = resumeRun(project(), run.id, {});
    VERIFY_OK(resumed);
    QCOMPARE(resumed->run.steps, whole->run.steps);
    QCOMPARE(fileBytes(fs::path(resumed->run.adapter) / "adapter_model.safetensors"), fileBytes(fs::path(whole->run.adapter) / "adapter_model.safetensors"));
}

void TestEngineTraining::interruptedRunsGoOnExactly()
{
    // As if the process had died: the run is stopped at step 7, the last checkpoint is that of step 6, metrics reach further.
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 7)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(project(), request(), events, &control);
    VERIFY_OK(paused);
    RunInfo run = paused->run;
    fs::remove_all(project().runFolder(run.id) / "checkpoints" / "step-7");
    run.state = RunState::Running;
    VERIFY_OK(project().updateRun(run));
    const auto marked = project().markInterruptedRuns();
    VERIFY_OK(marked);
    QCOMPARE(*marked, 1);
    Seen seen;
    const auto resumed = resumeRun(project(), run.id, {}, seen.events());
    VERIFY_OK(resumed);
    QCOMPARE(seen.steps.front().step, 7);
    QCOMPARE(fileBytes(fs::path(resumed->run.adapter) / "adapter_model.safetensors"), finishedAdapter());
    const auto metrics = project().metrics(run.id);
    VERIFY_OK(metrics);
    QCOMPARE(metrics->size(), 15U);
}

void TestEngineTraining::damagedCheckpointIsPassedOverAndSaid()
{
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 7)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(project(), request(), events, &control);
    VERIFY_OK(paused);
    QFile file(QString::fromStdString((project().runFolder(paused->run.id) / "checkpoints/step-7/optimizer.safetensors").string()));
    QVERIFY(file.open(QIODevice::ReadWrite) && file.resize(file.size() / 2));
    file.close();
    Seen seen;
    const auto resumed = resumeRun(project(), paused->run.id, {}, seen.events());
    VERIFY_OK(resumed);
    QVERIFY(!seen.notices.empty());
    QVERIFY2(QString::fromStdString(seen.notices.front()).contains(QStringLiteral("goes on from step 6")), seen.notices.front().c_str());
    QCOMPARE(fileBytes(fs::path(resumed->run.adapter) / "adapter_model.safetensors"), finishedAdapter());
}

void TestEngineTraining::stopAndKeepHasAResult()
{
    std::stop_source stop;
    Seen seen;
    RunEvents events = seen.events();
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 3)
            stop.request_stop();
    };
    const auto stopped = trainRun(project(), request(), events, nullptr, stop.get_token());
    VERIFY_OK(stopped);
    QVERIFY((seen.states == std::vector{RunState::Preparing, RunState::Running, RunState::Stopping, RunState::Cancelled}));
    QCOMPARE(stopped->run.step, 3);
    QVERIFY(fs::exists(fs::path(stopped->run.adapter) / "adapter_model.safetensors"));
    // It can still go on.
    const auto resumed = resumeRun(project(), stopped->run.id, {});
    VERIFY_OK(resumed);
    QCOMPARE(fileBytes(fs::path(resumed->run.adapter) / "adapter_model.safetensors"), finishedAdapter());
}

void TestEngineTraining::stopAndDiscardLeavesNothing()
{
    RunControl control;
    RunEvents events;
    events.stepFinished = [&](RunId, const MetricPoint &point, double) {
        if (point.step == 5)
            control.wish = RunControl::Wish::StopAndDiscard;
    };
    const auto stopped = trainRun(project(), request(), events, &control);
    VERIFY_OK(stopped);
    QCOMPARE(stopped->run.state, RunState::Cancelled);
    QVERIFY(stopped->run.adapter.empty());
    QVERIFY(!fs::exists(project().runFolder(stopped->run.id) / "checkpoints"));
    const auto checkpoints = project().checkpoints(stopped->run.id);
    VERIFY_OK(checkpoints);
    QVERIFY(checkpoints->empty());
}

void TestEngineTraining::startsFromAnAdapter()
{
    const auto first = trainRun(project(), request());
    VERIFY_OK(first);
    TrainRequest second = request({"epochs=1", "warmup=0"});
    second.adapter = "run1";
    Seen seen;
    const auto summary = trainRun(project(), second, seen.events());
    VERIFY_OK(summary);
    const auto metrics = project().metrics(first->run.id);
    VERIFY_OK(metrics);
    QVERIFY(seen.steps.front().loss < metrics->front().loss); // it knows already
}

void TestEngineTraining::stacksOnAMergedBase()
{
    const auto first = trainRun(project(), request());
    VERIFY_OK(first);
    const auto base = mergedBase(project(), kModel, "1");
    VERIFY_OK(base);
    QVERIFY(base->string().find("/bases/run-1-") != std::string::npos && fs::exists(*base / "model.safetensors"));
    const auto made = fs::last_write_time(*base / "model.safetensors");
    const auto again = mergedBase(project(), kModel, "1");
    VERIFY_OK(again);
    QVERIFY(*again == *base && fs::last_write_time(*base / "model.safetensors") == made); // made once
    const auto other = mergedBase(project(), kModel, fmt::format("1@{}", first->run.step));
    VERIFY_OK(other);
    QVERIFY(*other != *base);

    TrainRequest second = request({"rank=2", "warmup=0", "maxSteps=2"});
    second.onto = "1";
    Seen seen;
    const auto stacked = trainRun(project(), second, seen.events());
    VERIFY_OK(stacked);
    QCOMPARE(stacked->run.modelPath, base->string());
    FitRequest wanted;
    wanted.run = second;
    VERIFY_OK(measureFit(&project(), wanted));
    TrainRequest both = second;
    both.adapter = "1";
    const auto neither = trainRun(project(), both);
    QVERIFY(!neither && neither.error().code == ErrorCode::Usage);
    const auto metrics = project().metrics(first->run.id);
    VERIFY_OK(metrics);
    QVERIFY(seen.steps.front().loss < metrics->front().loss); // the base knows what the first run learnt
    QVERIFY(stacked->run.adapter != first->run.adapter);
    // What cannot be written into weights says so and leaves nothing behind.
    TrainRequest prefix = request();
    prefix.recipe = train::presetRecipe(train::Preset::Quick, "prefix", 20);
    prefix.recipe.values["maxSteps"] = std::int64_t{1};
    const auto third = trainRun(project(), prefix);
    VERIFY_OK(third);
    const auto refused = mergedBase(project(), kModel, std::to_string(third->run.id.value));
    QVERIFY(!refused && !refused.error().hint.empty());
}

// GPT-2 and other base models have no chat template: a plain one stands in, and the plan says so.
void TestEngineTraining::modelWithoutTemplateIsTrainedPlainly()
{
    const fs::path folder = m_dir.filePath(QStringLiteral("base")).toStdString();
    fs::copy(kModel, folder);
    fs::remove(folder / "chat_template.jinja");
    TrainRequest wish = request({"maxSteps=2"});
    wish.model = folder.string();
    const auto plan = planRun(project(), wish);
    VERIFY_OK(plan);
    const auto said = std::ranges::find(plan->problems, "plainTemplate", &TrainPlan::Problem::code);
    QVERIFY(said != plan->problems.end() && !said->isBlocking && said->text.find("Question:") != std::string::npos);
    const auto run = trainRun(project(), wish);
    VERIFY_OK(run);
    QCOMPARE(run->run.state, RunState::Finished);
    wish.model = kModel;
    const auto own = planRun(project(), wish);
    VERIFY_OK(own);
    QVERIFY(std::ranges::none_of(own->problems, [](const TrainPlan::Problem &problem) { return problem.code == "plainTemplate"; }));
}

void TestEngineTraining::refusals_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<int>("code");
    QTest::newRow("model") << "model" << static_cast<int>(ErrorCode::NotFound);
    QTest::newRow("setting") << "setting" << static_cast<int>(ErrorCode::Usage);
    QTest::newRow("target") << "target" << static_cast<int>(ErrorCode::Usage);
    QTest::newRow("cut") << "cut" << static_cast<int>(ErrorCode::BadInput);
    QTest::newRow("snapshot") << "snapshot" << static_cast<int>(ErrorCode::NotFound);
    QTest::newRow("device") << "device" << static_cast<int>(ErrorCode::Usage);
}

void TestEngineTraining::refusals()
{
    QFETCH(QString, what);
    QFETCH(int, code);
    TrainRequest wrong = request();
    if (what == "model")
        wrong.model = "no-such-model";
    else if (what == "setting")
        wrong.recipe.values["rank"] = std::int64_t{-1};
    else if (what == "target")
        VERIFY_OK(train::applySetting(wrong.recipe, "targets=no_such_proj"));
    else if (what == "cut")
        wrong.recipe.values["maxLength"] = std::int64_t{8};
    else if (what == "snapshot")
        wrong.snapshot = SnapshotId{99};
    else
        wrong.compute.device = "abacus";
    const auto refused = trainRun(project(), wrong);
    QVERIFY(!refused.has_value());
    QCOMPARE(static_cast<int>(refused.error().code), code);
    QVERIFY(!refused.error().hint.empty());
    const auto runs = project().runs();
    VERIFY_OK(runs);
    for (const RunInfo &run : *runs)
        QCOMPARE(run.state, RunState::Failed);
}

QTEST_GUILESS_MAIN(TestEngineTraining)
#include "tst_enginetraining.moc"
