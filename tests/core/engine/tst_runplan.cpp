// planRun on a whole project with the tiny chat model: it counts what the run then does, and names what is wrong before it.
#include "core/train/mixshares.h"
#include "tests/core/verifyok.h"
#include "trainingproject.h"

#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::engine;
using trainingproject::request, trainingproject::someRecords;
namespace fs = std::filesystem;

class TestRunPlan : public QObject {
    Q_OBJECT
private slots:
    void init();
    void planCountsWhatTheRunDoes();
    void mixOfTheProjectCanBeSwitchedOff();
    void planNamesProblems_data();
    void planNamesProblems();

private:
    Project &project() { return *m_project; }
    QTemporaryDir m_dir;
    std::optional<Project> m_project;
    int m_count = 0;
};

void TestRunPlan::init()
{
    m_project.reset();
    auto created = Project::create(m_dir.filePath(QStringLiteral("p%1.fettle").arg(++m_count)).toStdString());
    VERIFY_OK(created);
    m_project.emplace(std::move(*created));
    VERIFY_OK(project().addRecords(someRecords(24), "Added rows"));
}

void TestRunPlan::planCountsWhatTheRunDoes()
{
    const auto plan = planRun(project(), request());
    VERIFY_OK(plan);
    QCOMPARE(plan->trainRows, 21);
    QCOMPARE(plan->heldOutRows, 3);
    QCOMPARE(plan->stepsPerEpoch, 5);
    QCOMPARE(plan->steps, 15);
    std::size_t documents = 0;
    for (const auto &row : plan->firstBatch)
        documents += row.size();
    QCOMPARE(documents, 5U);
    const auto summary = trainRun(project(), request());
    VERIFY_OK(summary);
    QCOMPARE(summary->run.tokens, 3 * plan->tokens);
    QCOMPARE(summary->run.trainedTokens, 3 * plan->trainedTokens);
    const auto size = static_cast<std::int64_t>(fs::file_size(fs::path(summary->run.adapter) / "adapter_model.safetensors"));
    QVERIFY(size > plan->resultBytes && size < plan->resultBytes + 8192);
}

// The mix of the project holds for every run that does not say otherwise.
void TestRunPlan::mixOfTheProjectCanBeSwitchedOff()
{
    TrainRequest asked = request();
    const auto tokensOf = [&](const char *mix) {
        asked.recipe.values["mix"] = std::string(mix);
        const auto plan = planRun(project(), asked);
        return plan ? plan->tokens : std::int64_t(-1);
    };
    const std::int64_t once = tokensOf("");
    QVERIFY(once > 0);
    std::map<std::string, double> all; // twice what every record belongs to
    const auto groups = project().mixGroups(asked.recipe.integer("maxLength"));
    VERIFY_OK(groups);
    for (const data::MixGroup &group : *groups)
        all[group.source.empty() ? std::string(train::kOwnSet) : group.source] = 2;
    const std::string twice = train::weightsText(all);
    VERIFY_OK(project().setSetting("mix", nlohmann::json(twice).dump()));
    QCOMPARE(tokensOf(""), 2 * once);
    QCOMPARE(tokensOf("off"), once);
    VERIFY_OK(project().setSetting("mix", "\"\""));
    QCOMPARE(tokensOf(""), once);
    QCOMPARE(tokensOf(twice.c_str()), 2 * once);
}

void TestRunPlan::planNamesProblems_data()
{
    QTest::addColumn<QString>("setting");
    QTest::addColumn<QString>("code");
    QTest::addColumn<bool>("isBlocking");
    QTest::newRow("cut") << "maxLength=56" << "answersCut" << false;
    QTest::newRow("all cut") << "maxLength=8" << "nothingToLearn" << true;
    QTest::newRow("rate high") << "learningRate=0.5" << "learningRateHigh" << false;
    QTest::newRow("rate low") << "learningRate=1e-7" << "learningRateLow" << false;
    QTest::newRow("few steps") << "maxSteps=2" << "fewSteps" << false;
    QTest::newRow("mix") << "mix=own=2" << "mix" << false;
    QTest::newRow("unknown target") << "targets=no_such_proj" << "setting" << true;
}

void TestRunPlan::planNamesProblems()
{
    QFETCH(QString, setting);
    QFETCH(QString, code);
    QFETCH(bool, isBlocking);
    TrainRequest asked = request();
    VERIFY_OK(train::applySetting(asked.recipe, setting.toStdString()));
    const auto plan = planRun(project(), asked);
    VERIFY_OK(plan);
    const auto problem = std::ranges::find(plan->problems, code.toStdString(), &TrainPlan::Problem::code);
    QVERIFY2(problem != plan->problems.end(), plan->problems.empty() ? "no problem" : plan->problems.front().text.c_str());
    QCOMPARE(problem->isBlocking, isBlocking);
    QCOMPARE(problem->fixSetting.empty(), problem->fixLabel.empty());
    if (problem->fixSetting.empty())
        return;
    // The fix fixes it.
    VERIFY_OK(train::applySetting(asked.recipe, problem->fixSetting));
    const auto fixed = planRun(project(), asked);
    VERIFY_OK(fixed);
    QVERIFY(std::ranges::find(fixed->problems, code.toStdString(), &TrainPlan::Problem::code) == fixed->problems.end());
}

QTEST_GUILESS_MAIN(TestRunPlan)
#include "tst_runplan.moc"
