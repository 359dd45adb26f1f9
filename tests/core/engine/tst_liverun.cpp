// Talking to a run while it learns: between its steps the playground answers with the adapter as it is, and the run's result stays the same
// bit for bit, for every method that has an adapter.
#include "core/torch.h"

#include "core/engine/playground.h"
#include "core/tune/adapter.h"
#include "tests/core/verifyok.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

GenerateRequest question(std::initializer_list<ColumnChoice> columns)
{
    GenerateRequest request;
    request.columns = columns;
    request.conversation = {{data::Role::User, "Which shelf holds box 3?", {}}};
    request.sampling.maxTokens = 6;
    return request;
}

std::string fileBytes(const fs::path &path)
{
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : "missing";
}

// What the run gives, whatever its method calls the file.
std::string resultOf(const RunInfo &run)
{
    for (const char *name : {"adapter_model.safetensors", "adapter.safetensors"}) {
        if (fs::exists(fs::path(run.adapter) / name))
            return fileBytes(fs::path(run.adapter) / name);
    }
    return "nothing in " + run.adapter;
}

} // namespace

class TestLiveRun : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        m_playground = std::move(*opened);
    }
    void talkChangesNothing_data();
    void talkChangesNothing();
    void answersAreTheCheckpoints();
    void pausedRunsGoOnExactly();
    void refusals();

private:
    Project newProject();
    TrainRequest request(std::initializer_list<const char *> settings = {}) const;

    QTemporaryDir m_dir;
    int m_count = 0;
    std::unique_ptr<Playground> m_playground;
};

Project TestLiveRun::newProject()
{
    auto created = Project::create(m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString());
    std::vector<data::Record> records;
    for (int i = 0; i < 24; ++i) {
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
        records.back().split = i % 8 == 7 ? data::Split::HeldOut : data::Split::Train;
    }
    if (!created || !created->addRecords(std::move(records), "Added rows"))
        qFatal("no project");
    return std::move(*created);
}

TrainRequest TestLiveRun::request(std::initializer_list<const char *> settings) const
{
    TrainRequest made;
    made.model = kModel;
    made.compute.threads = 1;
    const auto set = [&](const char *setting) {
        if (!train::applySetting(made.recipe, setting))
            qFatal("%s", setting);
    };
    for (const char *setting : settings)
        set(setting);
    for (const char *setting : {"epochs=2", "rowsPerStep=5", "learningRate=0.02", "checkpointEvery=2"})
        set(setting);
    return made;
}

void TestLiveRun::talkChangesNothing_data()
{
    QTest::addColumn<QStringList>("settings");
    const QString dropout = QStringLiteral("dropout=0.1");
    QTest::newRow("lora") << QStringList{QStringLiteral("method=lora"), dropout};
    QTest::newRow("dora") << QStringList{QStringLiteral("method=lora"), QStringLiteral("dora=true"), dropout};
    QTest::newRow("pissa") << QStringList{QStringLiteral("method=lora"), QStringLiteral("init=pissa")};
    QTest::newRow("bottleneck") << QStringList{QStringLiteral("method=bottleneck"), QStringLiteral("reductionFactor=4"), dropout};
    QTest::newRow("ia3") << QStringList{QStringLiteral("method=ia3")};
    QTest::newRow("prefix") << QStringList{QStringLiteral("method=prefix"), QStringLiteral("virtualTokens=4")};
    QTest::newRow("projected prefix") << QStringList{QStringLiteral("method=prefix"), QStringLiteral("virtualTokens=4"), QStringLiteral("projection=true")};
    QTest::newRow("prompt") << QStringList{QStringLiteral("method=prompt"), QStringLiteral("virtualTokens=4")};
}

void TestLiveRun::talkChangesNothing()
{
    QFETCH(QStringList, settings);
    TrainRequest wish = request();
    wish.recipe.method = settings.front().section(QLatin1Char('='), 1).toStdString();
    for (const QString &setting : settings.mid(1))
        VERIFY_OK(train::applySetting(wish.recipe, setting.toStdString()));

    Project silent = newProject();
    const auto alone = trainRun(silent, wish);
    VERIFY_OK(alone);

    Project asked = newProject();
    RunEvents events;
    std::vector<ColumnBadge> badges;
    std::set<std::string> answers;
    events.betweenSteps = [&](const LiveRun &live) {
        const std::string before = live.adapter->hash();
        const auto results = m_playground->generate(question({{"base", 1.0}, {kLiveAdapter, 1.0}}), &asked, {}, {}, &live);
        VERIFY_OK(results);
        QCOMPARE(live.adapter->hash(), before);
        QCOMPARE(results->back().badge.step, live.step);
        badges.push_back(results->back().badge);
        answers.insert(results->back().text);
    };
    const auto talked = trainRun(asked, wish, events);
    VERIFY_OK(talked);
    QVERIFY(talked->run.steps > 5);
    QCOMPARE(static_cast<std::int64_t>(badges.size()), talked->run.steps); // once after every step
    for (std::size_t i = 0; i < badges.size(); ++i) {
        QVERIFY(badges[i].isLive && badges[i].isAdapterOn);
        QCOMPARE(badges[i].step, static_cast<std::int64_t>(i + 1));
        QVERIFY(i == 0 || badges[i].adapterHash != badges[i - 1].adapterHash); // it learns on
    }
    QVERIFY(resultOf(talked->run).size() > 100);
    QCOMPARE(resultOf(talked->run), resultOf(alone->run));
    const auto talkedPoints = asked.metrics(talked->run.id, -1), alonePoints = silent.metrics(alone->run.id, -1);
    VERIFY_OK(talkedPoints);
    VERIFY_OK(alonePoints);
    QVERIFY(std::ranges::equal(*talkedPoints, *alonePoints, {}, &MetricPoint::loss, &MetricPoint::loss));
}

// What answers between the steps is what a checkpoint of the same step answers afterwards.
void TestLiveRun::answersAreTheCheckpoints()
{
    Project project = newProject();
    std::map<std::int64_t, ColumnResult> live;
    RunEvents events;
    events.betweenSteps = [&](const LiveRun &run) {
        const auto results = m_playground->generate(question({{kLiveAdapter, 1.0}}), &project, {}, {}, &run);
        VERIFY_OK(results);
        QCOMPARE(results->front().badge.adapterName, run.name);
        live[run.step] = results->front();
    };
    const auto summary = trainRun(project, request({"rank=4", "keepCheckpoints=10"}), events);
    VERIFY_OK(summary);
    const auto checkpoints = project.checkpoints(summary->run.id);
    VERIFY_OK(checkpoints);
    QVERIFY(checkpoints->size() > 2);
    for (const CheckpointInfo &checkpoint : *checkpoints) {
        const auto later = m_playground->generate(question({{fmt::format("{}@{}", summary->run.id.value, checkpoint.step), 1.0}}), &project);
        VERIFY_OK(later);
        QCOMPARE(live.at(checkpoint.step).ids, later->front().ids);
        QCOMPARE(live.at(checkpoint.step).badge.adapterHash, later->front().badge.adapterHash);
        QVERIFY(!later->front().badge.isLive);
    }
    const auto base = m_playground->generate(question({{"base", 1.0}}), &project);
    VERIFY_OK(base);
    QVERIFY(live.rbegin()->second.ids != base->front().ids); // it answers with what it has learnt
}

void TestLiveRun::pausedRunsGoOnExactly()
{
    Project silent = newProject();
    const auto alone = trainRun(silent, request({"rank=4", "dropout=0.1"}));
    VERIFY_OK(alone);
    Project asked = newProject();
    RunControl control;
    RunEvents events;
    events.betweenSteps = [&](const LiveRun &live) {
        VERIFY_OK(m_playground->generate(question({{kLiveAdapter, 0.5}}), &asked, {}, {}, &live));
        if (live.step == 3)
            control.wish = RunControl::Wish::Pause;
    };
    const auto paused = trainRun(asked, request({"rank=4", "dropout=0.1"}), events, &control);
    VERIFY_OK(paused);
    QVERIFY(paused->isPaused);
    QCOMPARE(paused->run.step, 3);
    control.wish = RunControl::Wish::Continue;
    ComputeOptions oneThread;
    oneThread.threads = 1;
    const auto resumed = resumeRun(asked, paused->run.id, oneThread, events);
    VERIFY_OK(resumed);
    QCOMPARE(resultOf(resumed->run), resultOf(alone->run));
}

void TestLiveRun::refusals()
{
    const auto none = m_playground->generate(question({{kLiveAdapter, 1.0}}), nullptr);
    QVERIFY(!none);
    QCOMPARE(none.error().code, ErrorCode::NotFound);
    QVERIFY(!none.error().hint.empty());

    Project project = newProject();
    RunEvents events;
    int asked = 0;
    events.betweenSteps = [&](const LiveRun &live) {
        ++asked;
        LiveRun other = live;
        other.model = fs::path(FETTLE_FIXTURES) / "tinymodels";
        const auto elsewhere = m_playground->generate(question({{kLiveAdapter, 1.0}}), &project, {}, {}, &other);
        QVERIFY(!elsewhere);
        QCOMPARE(elsewhere.error().code, ErrorCode::BadInput);
        QVERIFY2(elsewhere.error().message.find(live.name) != std::string::npos, elsewhere.error().message.c_str());
        // Strength 0 is the base model, and says so.
        const auto off = m_playground->generate(question({{kLiveAdapter, 0.0}}), &project, {}, {}, &live);
        VERIFY_OK(off);
        QVERIFY(!off->front().badge.isAdapterOn);
    };
    VERIFY_OK(trainRun(project, request({"rank=4"}), events));
    QVERIFY(asked > 0);
    // Weights that are trained themselves have no adapter to copy.
    bool isRefused = false;
    events.betweenSteps = [&](const LiveRun &live) { isRefused = !m_playground->generate(question({{kLiveAdapter, 1.0}}), &project, {}, {}, &live); };
    TrainRequest full = request();
    full.recipe.method = "full";
    VERIFY_OK(trainRun(project, full, events));
    QVERIFY(isRefused);
}

QTEST_APPLESS_MAIN(TestLiveRun)
#include "tst_liverun.moc"
