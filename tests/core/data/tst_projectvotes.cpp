// Blind votes in a project: what is stored stays, votes replace and are taken back, files of colleagues come in whole or not at all, a
// project of the format before votes is brought up to date.
#include "core/engine/project.h"
#include "core/store/schema.h"
#include "tests/core/verifyok.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace fettle;
using namespace fettle::engine;
using evaluate::BallotPair;
using evaluate::BallotVote;
using evaluate::Choice;

// Evaluates once.
class TestProjectVotes : public QObject {
    Q_OBJECT
private slots:
    void init();
    void ballotsAreKept();
    void aPairStaysAsItWasSeen();
    void votesReplaceAndAreTakenBack();
    void votesNeedTheirPair();
    void importsAllOrNothing();
    void ballotsGoWithTheirRun();
    void everyVoteSurvivesAKill();
    void olderProjectIsBroughtUpToDate();

private:
    BallotInfo made(Project &project)
    {
        RunInfo run;
        run.method = "lora";
        const auto added = project.addRun(run);
        BallotInfo ballot;
        ballot.run = added->id;
        ballot.adapter = "1@40";
        ballot.name = "Run 1, step 40";
        ballot.seed = 0xFFFF'FFFF'FFFF'FFF0;
        ballot.wanted = 3;
        ballot.maxTokens = 64;
        auto stored = project.addBallot(ballot);
        for (int i = 0; i < 3; ++i)
            (void)project.addBallotPair(stored->id, {i, 10 + i, "Question", "Expected", {"a", "b \"c\""}, "base \xFF", "tuned", i % 2 == 0});
        return *stored;
    }
    std::filesystem::path m_path;
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestProjectVotes::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_path = m_folder->filePath(QStringLiteral("clinic.fettle")).toStdString();
}

void TestProjectVotes::ballotsAreKept()
{
    BallotInfo ballot;
    {
        auto project = Project::create(m_path);
        VERIFY_OK(project);
        ballot = made(*project);
        QCOMPARE(ballot.token.size(), std::size_t(32));
        QVERIFY(made(*project).token != ballot.token);
        VERIFY_OK(project->putVote(ballot.id, {1, "Ada", Choice::BothBad, ""}));
        VERIFY_OK(project->completeBallot(ballot.id));
    }
    const auto project = Project::open(m_path, Access::ReadOnly);
    VERIFY_OK(project);
    const auto ballots = project->ballots();
    VERIFY_OK(ballots);
    QCOMPARE(ballots->size(), std::size_t(2));
    const BallotInfo &kept = ballots->front();
    QCOMPARE(kept.token, ballot.token);
    QCOMPARE(kept.adapter, std::string("1@40"));
    QCOMPARE(kept.seed, std::uint64_t(0xFFFF'FFFF'FFFF'FFF0));
    QCOMPARE(kept.wanted, std::int64_t(3));
    QCOMPARE(kept.maxTokens, 64);
    QCOMPARE(kept.pairs, std::int64_t(3));
    QCOMPARE(kept.votes, std::int64_t(1));
    QVERIFY(kept.isComplete && !ballots->back().isComplete);
    const auto pairs = project->ballotPairs(kept.id);
    VERIFY_OK(pairs);
    QCOMPARE(pairs->at(1).tags, (std::vector<std::string>{"a", "b \"c\""}));
    QVERIFY(pairs->at(0).isBaseLeft && !pairs->at(1).isBaseLeft);
    QCOMPARE(pairs->at(2).record, std::int64_t(12));
    const auto votes = project->votes(kept.id);
    VERIFY_OK(votes);
    QCOMPARE(votes->at(0).choice, Choice::BothBad);
    QVERIFY(votes->at(0).at.size() >= 19);
}

void TestProjectVotes::aPairStaysAsItWasSeen()
{
    auto project = Project::create(m_path);
    VERIFY_OK(project);
    const BallotInfo ballot = made(*project);
    VERIFY_OK(project->putVote(ballot.id, {0, "Ada", Choice::Left, ""}));
    VERIFY_OK(project->addBallotPair(ballot.id, {0, 10, "Question", "Expected", {}, "another", "answer", false}));
    QCOMPARE(project->ballotPairs(ballot.id)->at(0).tuned, std::string("tuned"));
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(1));
}

void TestProjectVotes::votesReplaceAndAreTakenBack()
{
    auto project = Project::create(m_path);
    VERIFY_OK(project);
    const BallotInfo ballot = made(*project);
    VERIFY_OK(project->putVote(ballot.id, {0, "Ada", Choice::Left, "2026-11-24T10:00:00Z"}));
    VERIFY_OK(project->putVote(ballot.id, {0, "Bo", Choice::Right, "2026-11-24T10:00:01Z"}));
    VERIFY_OK(project->putVote(ballot.id, {0, "Ada", Choice::Equal, "2026-11-24T10:00:02Z"})); // changed her mind
    QCOMPARE(*project->votes(ballot.id), (std::vector<BallotVote>{{0, "Bo", Choice::Right, "2026-11-24T10:00:01Z"}, {0, "Ada", Choice::Equal, "2026-11-24T10:00:02Z"}}));
    VERIFY_OK(project->takeBackVote(ballot.id, 0, "Ada"));
    VERIFY_OK(project->takeBackVote(ballot.id, 0, "Ada")); // nothing left to do
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(1));
}

void TestProjectVotes::votesNeedTheirPair()
{
    auto project = Project::create(m_path);
    VERIFY_OK(project);
    const BallotInfo ballot = made(*project);
    QVERIFY(!project->putVote(ballot.id, {9, "Ada", Choice::Left, ""}).has_value());
    QVERIFY(!project->putVote({77}, {0, "Ada", Choice::Left, ""}).has_value());
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(0));
}

void TestProjectVotes::importsAllOrNothing()
{
    auto project = Project::create(m_path);
    VERIFY_OK(project);
    const BallotInfo ballot = made(*project);
    evaluate::BallotResult result{ballot.token, "Bo", {{0, "Bo", Choice::Left, ""}, {2, "Bo", Choice::Equal, ""}}};
    const auto imported = project->importVotes(result);
    VERIFY_OK(imported);
    QCOMPARE(imported->id, ballot.id);
    QCOMPARE(imported->votes, std::int64_t(2));
    VERIFY_OK(project->importVotes(result)); // the same file once more counts once
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(2));
    result.voter = "Cy";
    result.votes = {{1, "Cy", Choice::Left, ""}, {5, "Cy", Choice::Left, ""}};
    const auto refused = project->importVotes(result);
    QVERIFY(!refused.has_value());
    QVERIFY2(refused.error().message.find("question 6") != std::string::npos, refused.error().message.c_str());
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(2));
    result.token = std::string(32, 'f');
    QCOMPARE(project->importVotes(result).error().code, ErrorCode::NotFound);
}

void TestProjectVotes::ballotsGoWithTheirRun()
{
    auto project = Project::create(m_path);
    VERIFY_OK(project);
    const BallotInfo ballot = made(*project), other = made(*project);
    VERIFY_OK(project->putVote(ballot.id, {0, "Ada", Choice::Left, ""}));
    VERIFY_OK(project->deleteRun(ballot.run));
    QCOMPARE(project->ballots()->size(), std::size_t(1));
    QCOMPARE(project->ballotPairs(ballot.id)->size(), std::size_t(0));
    VERIFY_OK(project->deleteBallot(other.id));
    QCOMPARE(project->ballots()->size(), std::size_t(0));
}

// A child process votes and says so after each vote; it is killed at once. What was said is there.
void TestProjectVotes::everyVoteSurvivesAKill()
{
    BallotInfo ballot;
    {
        auto project = Project::create(m_path);
        VERIFY_OK(project);
        ballot = made(*project);
    }
    int ends[2];
    QCOMPARE(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        auto project = Project::open(m_path, Access::ReadWrite);
        for (int i = 0; project && i < 3; ++i) {
            if (project->putVote(ballot.id, {i, "Ada", Choice::Right, ""}) && write(ends[1], "v", 1) != 1)
                break;
        }
        for (;;)
            pause();
    }
    char said[3];
    for (char &one : said)
        QCOMPARE(read(ends[0], &one, 1), ssize_t(1));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto project = Project::open(m_path, Access::ReadWrite);
    VERIFY_OK(project);
    QCOMPARE(project->votes(ballot.id)->size(), std::size_t(3));
}

void TestProjectVotes::olderProjectIsBroughtUpToDate()
{
    std::filesystem::create_directories(m_path);
    {
        const auto database = store::Database::open(m_path / "project.db", store::OpenMode::Create);
        VERIFY_OK(database);
        VERIFY_OK(store::applySchema(**database, store::schemaSteps().first(1)));
        VERIFY_OK((*database)->execute("INSERT INTO run(name, state, method, modelPath, modelName, modelHash, recipe, step, steps, epoch, tokens, trainedTokens, seconds, started, adapter, failure) "
                                       "VALUES('Run 1', 6, 'lora', '', '', '', '{}', 0, 0, 0, 0, 0, 0, '', '', '')"));
    }
    auto project = Project::open(m_path, Access::ReadWrite);
    VERIFY_OK(project);
    QCOMPARE(project->runs()->size(), std::size_t(1));
    QCOMPARE(project->ballots()->size(), std::size_t(0));
    const BallotInfo ballot = made(*project);
    VERIFY_OK(project->putVote(ballot.id, {0, "Ada", Choice::Left, ""}));
}

QTEST_GUILESS_MAIN(TestProjectVotes)
#include "tst_projectvotes.moc"
