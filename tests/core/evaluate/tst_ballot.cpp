// Blind votes: what the choices say (against statsmodels and scipy), the page that goes out, and the files that come back, hostile ones too.
#include "core/evaluate/ballotfile.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::evaluate;

namespace {

const QString kToken = QStringLiteral("0123456789abcdef0123456789abcdef");

std::vector<JudgedPair> judged(int base, int tuned, int equal, int bothBad)
{
    std::vector<JudgedPair> pairs;
    const auto add = [&pairs](int count, Preference preference) {
        for (int i = 0; i < count; ++i)
            pairs.push_back({preference, "Ada", {}});
    };
    add(base, Preference::Base);
    add(tuned, Preference::Tuned);
    add(equal, Preference::Equal);
    add(bothBad, Preference::BothBad);
    return pairs;
}

std::vector<BallotPair> somePairs()
{
    return {{0, 11, "Is it open?", "Yes.", {"hours"}, "base one", "tuned one", true},
            {1, 12, "</script><script>alert(1)</script>", "", {"hours", "odd"}, "<b>base</b>", "tuned \"two\" & \xE2\x80\xA8 more", false},
            {3, 13, "Third?", "", {}, "base three", "tuned three", true}};
}

} // namespace

class TestBallot : public QObject {
    Q_OBJECT
private slots:
    void tallyIsThatOfStatsmodels_data();
    void tallyIsThatOfStatsmodels();
    void nothingIsKnownWithoutVotes();
    void sidesAreUnveiled_data();
    void sidesAreUnveiled();
    void tagsAndVotersAreCountedApart();
    void pageHoldsAllAndTellsNothing();
    void pageGivesWhatIsRead_data();
    void pageGivesWhatIsRead();
    void votesAreRead();
    void hostileFilesAreRefused_data();
    void hostileFilesAreRefused();
    void hugeFileIsNotRead();

private:
    std::filesystem::path file(const QByteArray &text)
    {
        const QString name = m_folder.filePath(QStringLiteral("votes-ada.json"));
        QFile written(name);
        if (!written.open(QIODevice::WriteOnly) || written.write(text) != text.size())
            return {};
        return name.toStdString();
    }
    QTemporaryDir m_folder;
};

// statsmodels 0.14 proportion_confint(method="wilson"), scipy binomtest; needed: the first n at which that interval leaves out one half.
void TestBallot::tallyIsThatOfStatsmodels_data()
{
    QTest::addColumn<int>("base");
    QTest::addColumn<int>("tuned");
    QTest::addColumn<int>("equal");
    QTest::addColumn<int>("bothBad");
    QTest::addColumn<double>("winRate");
    QTest::addColumn<double>("low");
    QTest::addColumn<double>("high");
    QTest::addColumn<double>("chance");
    QTest::addColumn<int>("needed");
    QTest::addColumn<bool>("isClear");
    QTest::newRow("1 to 0") << 0 << 1 << 0 << 0 << 1.0 << 0.2065493143772374 << 1.0 << 1.0 << 4 << false;
    QTest::newRow("7 to 3") << 3 << 7 << 0 << 0 << 0.7 << 0.39677814746114537 << 0.8922087325936989 << 0.34375 << 25 << false;
    QTest::newRow("9 to 2, 1 equal") << 2 << 9 << 1 << 0 << 0.7916666666666666 << 0.5088141930100762 << 0.9330643031076997 << 0.0654296875 << 12 << false;
    QTest::newRow("10 to 10") << 10 << 10 << 0 << 0 << 0.5 << 0.2992980081982123 << 0.7007019918017877 << 1.0 << 0 << false;
    QTest::newRow("25 to 5, 10 equal") << 5 << 25 << 6 << 4 << 0.75 << 0.5980603857923197 << 0.858128813609037 << 0.0003249142318964005 << 16 << true;
    QTest::newRow("60 to 40, 20 equal") << 40 << 60 << 11 << 9 << 0.5833333333333334 << 0.49388032700164236 << 0.6676164785952405 << 0.05688793364098089 << 139 << false;
    QTest::newRow("30 to 0") << 0 << 30 << 0 << 0 << 1.0 << 0.8864866068260311 << 1.0 << 1.862645149230957e-09 << 4 << true;
    QTest::newRow("0 to 12, 5 equal") << 12 << 0 << 3 << 2 << 0.14705882352941177 << 0.04672956971620959 << 0.3774949961723918 << 0.00048828125 << 8 << true;
    QTest::newRow("5100 to 4900") << 4900 << 5100 << 0 << 0 << 0.51 << 0.5002001808627039 << 0.5197921391698825 << 0.04658552770494645 << 9604 << true;
}

void TestBallot::tallyIsThatOfStatsmodels()
{
    QFETCH(int, base);
    QFETCH(int, tuned);
    QFETCH(int, equal);
    QFETCH(int, bothBad);
    const VoteTally tally = tallyOf(judged(base, tuned, equal, bothBad));
    QCOMPARE(tally.votes, std::int64_t(base + tuned + equal + bothBad));
    QCOMPARE(tally.bothBad, std::int64_t(bothBad));
    const auto near = [](double value, double wanted, double tolerance) { return std::abs(value - wanted) <= tolerance; };
    QVERIFY(near(tally.winRate, *static_cast<const double *>(QTest::qData("winRate", QMetaType::Double)), 1e-15));
    QVERIFY(near(tally.interval.low, *static_cast<const double *>(QTest::qData("low", QMetaType::Double)), 1e-12));
    QVERIFY(near(tally.interval.high, *static_cast<const double *>(QTest::qData("high", QMetaType::Double)), 1e-12));
    const double chance = *static_cast<const double *>(QTest::qData("chance", QMetaType::Double));
    QVERIFY2(near(tally.chance, chance, 1e-9 * chance), qPrintable(QString::number(tally.chance, 'g', 17)));
    QFETCH(int, needed);
    QCOMPARE(tally.votesNeeded.value_or(0), std::int64_t(needed));
    QTEST(tally.isClear, "isClear");
}

void TestBallot::nothingIsKnownWithoutVotes()
{
    const VoteTally tally = tallyOf({});
    QCOMPARE(tally.votes, std::int64_t(0));
    QCOMPARE(tally.interval.low, 0.0);
    QCOMPARE(tally.interval.high, 1.0);
    QVERIFY(!tally.isClear && !tally.votesNeeded);
}

void TestBallot::sidesAreUnveiled_data()
{
    QTest::addColumn<bool>("isBaseLeft");
    QTest::addColumn<int>("choice");
    QTest::addColumn<int>("preference");
    const auto row = [](const char *name, bool isBaseLeft, Choice choice, Preference preference) {
        QTest::newRow(name) << isBaseLeft << static_cast<int>(choice) << static_cast<int>(preference);
    };
    row("left, base left", true, Choice::Left, Preference::Base);
    row("right, base left", true, Choice::Right, Preference::Tuned);
    row("left, base right", false, Choice::Left, Preference::Tuned);
    row("right, base right", false, Choice::Right, Preference::Base);
    row("equal", false, Choice::Equal, Preference::Equal);
    row("both bad", true, Choice::BothBad, Preference::BothBad);
}

void TestBallot::sidesAreUnveiled()
{
    QFETCH(bool, isBaseLeft);
    QFETCH(int, choice);
    BallotPair pair;
    pair.isBaseLeft = isBaseLeft;
    QTEST(static_cast<int>(preferenceOf(pair, static_cast<Choice>(choice))), "preference");
    QCOMPARE(choiceOf(nameOf(static_cast<Choice>(choice))), std::optional(static_cast<Choice>(choice)));
}

void TestBallot::tagsAndVotersAreCountedApart()
{
    const std::vector<BallotVote> votes = {{0, "Ada", Choice::Right, ""}, {1, "Ada", Choice::Left, ""}, {3, "Ada", Choice::Equal, ""},
                                           {0, "Bo", Choice::Left, ""},   {7, "Bo", Choice::Left, ""}}; // there is no pair 7
    const auto all = judgedPairs(somePairs(), votes);
    QCOMPARE(all.size(), std::size_t(4));
    const auto tags = tallyTags(all);
    QCOMPARE(tags.size(), std::size_t(2));
    QCOMPARE(tags[0].name, std::string("hours"));
    QCOMPARE(tags[0].tally.tuned, std::int64_t(2));
    QCOMPARE(tags[0].tally.base, std::int64_t(1));
    QCOMPARE(tags[1].name, std::string("odd"));
    QCOMPARE(tags[1].tally.votes, std::int64_t(1));
    const auto voters = tallyVoters(all);
    QCOMPARE(voters.size(), std::size_t(2));
    QCOMPARE(voters[0].tally.votes, std::int64_t(3));
    QCOMPARE(voters[1].tally.base, std::int64_t(1));
}

void TestBallot::pageHoldsAllAndTellsNothing()
{
    const QString page = QString::fromStdString(ballotPage(somePairs(), kToken.toStdString(), "Clinic <one>"));
    // Nothing from elsewhere, and nothing that is an address.
    QVERIFY(!page.contains(QRegularExpression(QStringLiteral("https?:|//[a-z]|@import|url\\("))));
    QVERIFY(page.contains(QStringLiteral("default-src 'none'")));
    // Text of records cannot end the script that holds it.
    QCOMPARE(page.count(QStringLiteral("</script>")), 2);
    const auto found = QRegularExpression(QStringLiteral("id=\"ballot\">(.*?)</script>")).match(page);
    QVERIFY(found.hasMatch());
    const QJsonObject ballot = QJsonDocument::fromJson(found.captured(1).toUtf8()).object();
    const QJsonArray pairs = ballot[QStringLiteral("pairs")].toArray();
    QCOMPARE(pairs.size(), 3);
    QCOMPARE(pairs[1][QStringLiteral("question")].toString(), QStringLiteral("</script><script>alert(1)</script>"));
    QCOMPARE(pairs[1][QStringLiteral("left")].toString(), QString::fromUtf8("tuned \"two\" & \xE2\x80\xA8 more"));
    QCOMPARE(pairs[0][QStringLiteral("left")].toString(), QStringLiteral("base one"));
    QCOMPARE(pairs[2][QStringLiteral("question_number")].toInt(), 3);
    // Which side is whose, the tags and the expected answer stay at home.
    QCOMPARE(pairs[0].toObject().keys(), (QStringList{QStringLiteral("left"), QStringLiteral("question"), QStringLiteral("question_number"), QStringLiteral("right")}));
}

void TestBallot::pageGivesWhatIsRead_data()
{
    QTest::addColumn<QString>("browser");
    QTest::addColumn<QString>("script");
    QTest::addColumn<QString>("voter");
    QTest::newRow("on a stand-in for the browser") << QString() << QStringLiteral("fill_ballot.js") << QStringLiteral("Ada Lovelace");
    QTest::newRow("in Chromium") << QStringLiteral("chromium") << QStringLiteral("fill_ballot_browser.js") << QStringLiteral("Ada 2");
}

// The page's own script, run by Node: keys vote, Backspace takes back, the saved file is read here.
void TestBallot::pageGivesWhatIsRead()
{
    QFETCH(QString, browser);
    QFETCH(QString, script);
    QFETCH(QString, voter);
    const QString node = QStandardPaths::findExecutable(QStringLiteral("node"));
    if (node.isEmpty() || (!browser.isEmpty() && QStandardPaths::findExecutable(browser).isEmpty()))
        QSKIP("Node or the browser is not installed.");
    QFile page(m_folder.filePath(QStringLiteral("ballot.html")));
    QVERIFY(page.open(QIODevice::WriteOnly));
    page.write(QByteArray::fromStdString(ballotPage(somePairs(), kToken.toStdString(), "Clinic")));
    page.close();
    const QString saved = m_folder.filePath(QStringLiteral("votes.json"));
    QProcess process;
    QStringList arguments = {QStringLiteral(FETTLE_FIXTURES "/") + script, page.fileName(), saved};
    if (!browser.isEmpty())
        arguments.insert(1, QStandardPaths::findExecutable(browser));
    QFile::remove(saved);
    process.start(node, arguments);
    QVERIFY(process.waitForFinished(-1));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    const auto result = readBallotResult(saved.toStdString());
    QVERIFY2(result.has_value(), result ? "" : result.error().message.c_str());
    QCOMPARE(QString::fromStdString(result->voter), voter);
    QCOMPARE(result->token, kToken.toStdString());
    QCOMPARE(result->votes.size(), std::size_t(3));
    // Pressed: 1, 2, Backspace, B, 0.
    QCOMPARE(result->votes[0].choice, Choice::Left);
    QCOMPARE(result->votes[1].choice, Choice::BothBad);
    QCOMPARE(result->votes[2].choice, Choice::Equal);
    QCOMPARE(result->votes[2].position, std::int64_t(3));
}

void TestBallot::votesAreRead()
{
    const auto result = readBallotResult(file("{\"format\":\"fettle-votes\",\"version\":1,\"ballot\":\"" + kToken.toLatin1()
                                              + "\",\"voter\":\"Zo\xC3\xAB\",\"votes\":[{\"question\":4,\"choice\":\"right\",\"at\":\"2026-11-24T10:00:00Z\"},{\"question\":0,\"choice\":\"bothBad\"}]}"));
    QVERIFY2(result.has_value(), result ? "" : result.error().message.c_str());
    QCOMPARE(result->votes.size(), std::size_t(2));
    QCOMPARE(result->votes[0], (BallotVote{4, "Zo\xC3\xAB", Choice::Right, "2026-11-24T10:00:00Z"}));
    QCOMPARE(result->votes[1].choice, Choice::BothBad);
}

void TestBallot::hostileFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("names"); // part of the message
    const QByteArray token = kToken.toLatin1();
    const auto with = [token](const QByteArray &format, const QByteArray &version, const QByteArray &ballot, const QByteArray &voter, const QByteArray &votes) {
        return QByteArray("{\"format\":" + format + ",\"version\":" + version + ",\"ballot\":" + ballot + ",\"voter\":" + voter + ",\"votes\":" + votes + "}");
    };
    const QByteArray good = "\"fettle-votes\"", name = "\"Ada\"", ballot = "\"" + token + "\"", vote = "[{\"question\":0,\"choice\":\"left\"}]";
    QTest::newRow("empty") << QByteArray() << QStringLiteral("votes-ada.json");
    QTest::newRow("no JSON") << QByteArray("<html>") << QStringLiteral("votes-ada.json");
    QTest::newRow("list") << QByteArray("[]") << QStringLiteral("no file of votes");
    QTest::newRow("other format") << with("\"mine\"", "1", ballot, name, vote) << QStringLiteral("\"format\" holds \"mine\"");
    QTest::newRow("newer version") << with(good, "2", ballot, name, vote) << QStringLiteral("version 2");
    QTest::newRow("version as text") << with(good, "\"1\"", ballot, name, vote) << QStringLiteral("version");
    QTest::newRow("token of a path") << with(good, "1", "\"../../etc/passwd\"", name, vote) << QStringLiteral("\"ballot\"");
    QTest::newRow("token as number") << with(good, "1", "7", name, vote) << QStringLiteral("ballot");
    QTest::newRow("no name") << with(good, "1", ballot, "\"  \"", vote) << QStringLiteral("\"voter\"");
    QTest::newRow("long name") << with(good, "1", ballot, "\"" + QByteArray(400, 'a') + "\"", vote) << QStringLiteral("\"voter\"");
    QTest::newRow("name with a line break") << with(good, "1", ballot, "\"A\\nB\"", vote) << QStringLiteral("\"voter\"");
    QTest::newRow("no votes") << with(good, "1", ballot, name, "[]") << QStringLiteral("\"votes\"");
    QTest::newRow("votes as object") << with(good, "1", ballot, name, "{}") << QStringLiteral("\"votes\"");
    QTest::newRow("vote as number") << with(good, "1", ballot, name, "[7]") << QStringLiteral("votes[0]");
    QTest::newRow("unknown choice") << with(good, "1", ballot, name, "[{\"question\":0,\"choice\":\"tuned\"}]") << QStringLiteral("\"tuned\"");
    QTest::newRow("negative question") << with(good, "1", ballot, name, "[{\"question\":-1,\"choice\":\"left\"}]") << QStringLiteral("-1");
    QTest::newRow("fractional question") << with(good, "1", ballot, name, "[{\"question\":0.5,\"choice\":\"left\"}]") << QStringLiteral("question");
    QTest::newRow("twice") << with(good, "1", ballot, name, "[{\"question\":0,\"choice\":\"left\"},{\"question\":0,\"choice\":\"left\"}]") << QStringLiteral("twice");
    QTest::newRow("long time") << with(good, "1", ballot, name, "[{\"question\":0,\"choice\":\"left\",\"at\":\"" + QByteArray(99, '1') + "\"}]") << QStringLiteral("\"at\"");
    QTest::newRow("deep") << with(good, "1", ballot, name, QByteArray(5000, '[') + QByteArray(5000, ']')) << QStringLiteral("votes-ada.json");
    QTest::newRow("repeated key") << QByteArray("{\"format\":\"fettle-votes\",\"format\":\"x\"}") << QStringLiteral("format");
    QByteArray many = "[";
    for (int i = 0; i < 10'001; ++i)
        many += QByteArray(i ? "," : "") + "{\"question\":" + QByteArray::number(i) + ",\"choice\":\"left\"}";
    QTest::newRow("too many votes") << with(good, "1", ballot, name, many + "]") << QStringLiteral("10001 votes");
}

void TestBallot::hostileFilesAreRefused()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, names);
    const auto result = readBallotResult(file(text));
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY2(result.error().message.find("votes-ada.json") != std::string::npos, result.error().message.c_str());
    QVERIFY2(QString::fromStdString(result.error().message).contains(names), result.error().message.c_str());
}

void TestBallot::hugeFileIsNotRead()
{
    const QString name = m_folder.filePath(QStringLiteral("votes-huge.json"));
    QFile huge(name);
    QVERIFY(huge.open(QIODevice::WriteOnly) && huge.resize(8ll << 30)); // sparse
    const auto result = readBallotResult(name.toStdString());
    QVERIFY(!result.has_value());
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY(!readBallotResult(m_folder.filePath(QStringLiteral("none.json")).toStdString()).has_value());
}

QTEST_GUILESS_MAIN(TestBallot)
#include "tst_ballot.moc"
