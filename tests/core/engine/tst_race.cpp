// A race: what runs in it, that its runs learn the same rows with the same number of tokens, and how they stand afterwards.
#include "core/engine/race.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;

namespace {

train::Recipe common()
{
    train::Recipe recipe = train::presetRecipe(train::Preset::Quick, "lora", 20);
    for (const char *setting : {"epochs=2", "rowsPerStep=5", "maxLength=200", "seed=7"})
        if (!train::applySetting(recipe, setting))
            qFatal("%s", setting);
    return recipe;
}

} // namespace

class TestRace : public QObject {
    Q_OBJECT
private slots:
    void lanesKeepTheBudget();
    void gridIsSpread();
    void refusals_data();
    void refusals();
    void runsOfARaceAreComparable();
    void queueReadsItsBaseOnce();
};

void TestRace::lanesKeepTheBudget()
{
    const auto lanes = train::raceLanes({{"lora", "prefix", "ia3"}, {}}, common(), train::Preset::Quick, 20);
    VERIFY_OK(lanes);
    QCOMPARE(lanes->size(), 3U);
    QCOMPARE(lanes->front().name, std::string("LoRA"));
    QCOMPARE(lanes->front().recipe.real("learningRate"), common().real("learningRate"));
    for (const train::RaceLane &lane : *lanes) {
        QCOMPARE(lane.recipe.real("epochs"), common().real("epochs"));
        for (const char *key : {"rowsPerStep", "maxLength", "seed", "gradientAccumulation", "maxSteps"})
            QCOMPARE(lane.recipe.integer(key), common().integer(key));
        QCOMPARE(lane.recipe.integer("patience"), 0); // none ends early
    }
    // What belongs to the method is its preset's.
    QCOMPARE((*lanes)[1].recipe.real("learningRate"), train::presetRecipe(train::Preset::Quick, "prefix", 20).real("learningRate"));
}

void TestRace::gridIsSpread()
{
    const auto lanes = train::raceLanes({{"lora", "prefix"}, {{"rank", {"4", "8"}}, {"learningRate", {"0.001", "0.002"}}}}, common(), train::Preset::Quick, 20);
    VERIFY_OK(lanes);
    QCOMPARE(lanes->size(), 6U); // four of LoRA, two of prefix tuning, which has no rank
    QCOMPARE((*lanes)[0].name, std::string("LoRA, rank 4, learning rate 0.001"));
    QCOMPARE((*lanes)[3].recipe.integer("rank"), 8);
    QCOMPARE((*lanes)[3].recipe.real("alpha"), 16.0); // as strong as before: twice the rank
    QCOMPARE((*lanes)[3].recipe.real("learningRate"), 0.002);
    QCOMPARE((*lanes)[5].recipe.method, std::string("prefix"));
}

void TestRace::refusals_data()
{
    QTest::addColumn<QStringList>("methods");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QStringList>("values");
    QTest::newRow("alone") << QStringList{"lora"} << "" << QStringList{};
    QTest::newRow("no method") << QStringList{} << "" << QStringList{};
    QTest::newRow("unknown method") << QStringList{"lora", "magic"} << "" << QStringList{};
    QTest::newRow("unknown setting") << QStringList{"lora"} << "colour" << QStringList{"1", "2"};
    QTest::newRow("kept equal") << QStringList{"lora"} << "epochs" << QStringList{"1", "2"};
    QTest::newRow("of no method here") << QStringList{"lora"} << "virtualTokens" << QStringList{"10", "20"};
    QTest::newRow("out of range") << QStringList{"lora"} << "rank" << QStringList{"8", "-1"};
    QTest::newRow("too many") << QStringList{"lora"} << "rank" << QStringList{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"};
}

void TestRace::refusals()
{
    QFETCH(QStringList, methods);
    QFETCH(QString, key);
    QFETCH(QStringList, values);
    train::RaceChoice choice;
    for (const QString &method : methods)
        choice.methods.push_back(method.toStdString());
    if (!key.isEmpty()) {
        choice.grid.push_back({key.toStdString(), {}});
        for (const QString &value : values)
            choice.grid.back().second.push_back(value.toStdString());
    }
    const auto lanes = train::raceLanes(choice, common(), train::Preset::Quick, 20);
    QVERIFY(!lanes);
    QCOMPARE(lanes.error().code, ErrorCode::Usage);
    QVERIFY(!lanes.error().hint.empty());
}

void TestRace::runsOfARaceAreComparable()
{
    QTemporaryDir dir;
    auto project = Project::create(dir.filePath(QStringLiteral("p.fettle")).toStdString());
    VERIFY_OK(project);
    std::vector<data::Record> records;
    for (int i = 0; i < 24; ++i)
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), {}, fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
    VERIFY_OK(project->addRecords(records, "Added rows"));
    TrainRequest request;
    request.model = FETTLE_FIXTURES "/tinychat";
    request.compute.threads = 1;
    request.recipe = common();
    const auto lanes = train::raceLanes({{"lora", "prefix"}, {{"rank", {"2", "8"}}}}, request.recipe, train::Preset::Quick, 24);
    VERIFY_OK(lanes);
    const auto race = beginRace(*project, request);
    VERIFY_OK(race);
    QCOMPARE(race->tag, std::string("race 1"));
    for (const train::RaceLane &lane : *lanes)
        VERIFY_OK(trainRun(*project, laneRequest(request, lane, *race)));
    VERIFY_OK(trainRun(*project, request)); // not of the race
    const auto standings = raceStandings(*project, race->tag);
    VERIFY_OK(standings);
    QCOMPARE(standings->size(), 3U);
    double before = 0;
    for (const RaceStanding &standing : *standings) {
        QCOMPARE(standing.run.snapshot, race->snapshot);
        QCOMPARE(standing.run.tokens, standings->front().run.tokens);
        QCOMPARE(standing.run.trainedTokens, standings->front().run.trainedTokens);
        QVERIFY(standing.trainableParameters > 0 && standing.peakBytes > 0);
        QVERIFY(standing.run.evalLoss.has_value() && *standing.run.evalLoss >= before);
        QVERIFY(!standing.exactMatch);
        QVERIFY(standing.lane == "Prefix tuning" || standing.lane == "LoRA, rank 2" || standing.lane == "LoRA, rank 8");
        before = *standing.run.evalLoss;
    }
    const RunId best = standings->front().run.id;
    VERIFY_OK(keepExactMatches(*project, race->tag, {{best, 0.25}}));
    QCOMPARE(raceStandings(*project, race->tag)->front().exactMatch, std::optional(0.25));
    const auto next = beginRace(*project, request);
    VERIFY_OK(next);
    QCOMPARE(next->tag, std::string("race 2"));
    QVERIFY(raceStandings(*project, next->tag)->empty());
}

// Several adapters of one base, one after the other: the weights are read once, and each run learns to the last bit what it learns alone.
void TestRace::queueReadsItsBaseOnce()
{
    QTemporaryDir dir;
    auto project = Project::create(dir.filePath(QStringLiteral("p.fettle")).toStdString());
    VERIFY_OK(project);
    std::vector<data::Record> records;
    for (int i = 0; i < 12; ++i)
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), {}, fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
    VERIFY_OK(project->addRecords(records, "Added rows"));
    const auto snapshot = project->freezeSnapshot({}, {});
    VERIFY_OK(snapshot);
    const auto run = [&](const char *method, const std::vector<const char *> &settings, KeptBase *kept) {
        TrainRequest request;
        request.model = FETTLE_FIXTURES "/tinychat";
        request.compute.threads = 1;
        request.snapshot = snapshot->id;
        request.recipe = common();
        if (method != request.recipe.method) {
            request.recipe = train::presetRecipe(train::Preset::Quick, method, 20);
            request.recipe.values["maxSteps"] = std::int64_t{4};
        }
        for (const char *setting : settings)
            if (!train::applySetting(request.recipe, setting))
                qFatal("%s", setting);
        std::vector<double> losses;
        RunEvents events;
        events.stepFinished = [&](RunId, const MetricPoint &point, double) { losses.push_back(point.loss); };
        const auto summary = trainRun(*project, request, events, nullptr, {}, kept);
        if (!summary)
            qFatal("%s", summary.error().message.c_str());
        return losses;
    };
    KeptBase kept;
    for (const auto &[method, settings] : std::vector<std::pair<const char *, std::vector<const char *>>>{{"lora", {"rank=4"}},
                                           {"lora", {"rank=8", "dora=true"}},
                                           {"lora", {"rank=4", "init=pissa"}},
                                           {"lora", {"rank=4", "modulesToSave=embed_tokens"}},
                                           {"bottleneck", {}},
                                           {"prefix", {}},
                                           {"prompt", {}},
                                           {"ia3", {}},
                                           {"lora", {"rank=4"}}}) {
        const auto shared = run(method, settings, &kept), alone = run(method, settings, nullptr);
        QCOMPARE(shared, alone);
        QCOMPARE(kept.loads(), 1);
    }
    // Weights that lie otherwise in memory are others, and only one set is held.
    (void)run("lora", {"storage=nf4"}, &kept);
    QCOMPARE(kept.loads(), 2);
    (void)run("lora", {"storage=nf4"}, &kept);
    QCOMPARE(kept.loads(), 2);
    // What trains the weights themselves has its own, and leaves none behind that it has changed.
    (void)run("full", {"maxSteps=1"}, &kept);
    QCOMPARE(run("lora", {"rank=4"}, &kept), run("lora", {"rank=4"}, nullptr));
    QCOMPARE(kept.loads(), 3);
    kept.clear();
    (void)run("lora", {"rank=4"}, &kept);
    QCOMPARE(kept.loads(), 4);
}

QTEST_GUILESS_MAIN(TestRace)
#include "tst_race.moc"
