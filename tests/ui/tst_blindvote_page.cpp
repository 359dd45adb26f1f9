// The blind vote in the real window, on the stand-in engine: begun with the mouse, voted with real keys and clicks while pairs are still being
// answered, taken back, skipped, revealed; kept, sent out as a page, and read back. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/playground/blindvote.h"
#include "ui/playground/playgroundpage.h"
#include "ui/playground/votewidgets.h"
#include "ui/widgets/button.h"
#include "ui/widgets/choicebutton.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"
#include "ui/widgets/segmented.h"

#include <QAccessible>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QFile>
#include <QHeaderView>
#include <QLineEdit>
#include <QScrollBar>
#include <QSpinBox>
#include <QTest>
#include <QTreeWidget>

#include <thread>

using namespace fettle;
using namespace fettle::ui;
using evaluate::BallotVote;
using evaluate::Choice;

class BlindVotePageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_blindvote_page")); }
    void init();
    void cleanup();

    void needsResultAndName();
    void keysVote_data();
    void keysVote();
    void clicksVote();
    void sidesAreNotTold();
    void firstPairCanBeJudgedAtOnce();
    void votesAreOnTheDiskAtOnce();
    void takesBackAndSkips();
    void endShowsTheResult();
    void resultOnDemandAndBack();
    void pauseEndsBeforeTheNextAnswerAndGoesOn();
    void failedBallotIsNamed();
    void voteThatCannotBeStoredIsOpenAgain();
    void keysDoNotVoteSideBySide();
    void pageGoesOutAndVotesComeBack();
    void hostileVotesAreRefused();
    void voteIsDeleted();
    void everyControlHasAName();
    void fitsNarrowWindows();

private:
    void open();
    void startVote(const QString &voter = QStringLiteral("Ada"), int count = 6);
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QString shown(const char *name) const { return named<TextLabel>(name)->text(); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    void press(Qt::Key key) { QTest::keyClick(QApplication::focusWidget(), key); }
    [[nodiscard]] std::vector<BallotVote> stored() const
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        return m_fixture->state->votes[1];
    }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000}) { m_fixture->picture(QStringLiteral("vote-") + name, isDark, size); }
    void pictures(const QString &name)
    {
        picture(name);
        picture(name, true);
        picture(name, false, {1024, 700});
    }

    std::unique_ptr<WindowFixture> m_fixture;
    PlaygroundPage *m_page = nullptr;
};

void BlindVotePageTest::init()
{
    m_fixture->start(120); // 12 of them held out
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
}

void BlindVotePageTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void BlindVotePageTest::open()
{
    engine::RunInfo run;
    run.id = RunId{7};
    run.name = "Run 7";
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.step = run.steps = 207;
    run.adapter = "runs/7/adapter";
    m_fixture->state->runs.push_back(run);
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    auto *modes = named<Segmented>("playgroundMode");
    QTest::mouseClick(modes, Qt::LeftButton, {}, QPoint(modes->width() / 2, modes->height() / 2));
    QTRY_COMPARE(named<QComboBox>("voteResultChoice")->count(), 1);
    QVERIFY(named<QTreeWidget>("ballots")->isVisible());
}

void BlindVotePageTest::startVote(const QString &voter, int count)
{
    auto *name = named<QLineEdit>("voter");
    name->setFocus();
    name->selectAll();
    QTest::keyClicks(name, voter);
    named<QSpinBox>("voteCount")->setValue(count);
    QTest::mouseClick(named<Button>("startVote"), Qt::LeftButton);
    QTRY_VERIFY(named<TextLabel>("voteQuestion")->isVisible());
}

void BlindVotePageTest::needsResultAndName()
{
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    auto *modes = named<Segmented>("playgroundMode");
    QTest::mouseClick(modes, Qt::LeftButton, {}, QPoint(modes->width() / 2, modes->height() / 2));
    QVERIFY(!named<Button>("startVote")->isEnabled());
    QVERIFY(isTextShown(QStringLiteral("Train first")));
    picture(QStringLiteral("empty"));
    cleanup();
    init();
    open();
    named<QLineEdit>("voter")->clear();
    QVERIFY(!named<Button>("startVote")->isEnabled());
    QVERIFY(isTextShown(QStringLiteral("Write your name")));
}

void BlindVotePageTest::keysVote_data()
{
    QTest::addColumn<int>("key");
    QTest::addColumn<int>("choice");
    QTest::newRow("1: A") << int(Qt::Key_1) << int(Choice::Left);
    QTest::newRow("2: B") << int(Qt::Key_2) << int(Choice::Right);
    QTest::newRow("0: equal") << int(Qt::Key_0) << int(Choice::Equal);
    QTest::newRow("B: both bad") << int(Qt::Key_B) << int(Choice::BothBad);
}

void BlindVotePageTest::keysVote()
{
    QFETCH(int, key);
    QFETCH(int, choice);
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 1 of 6"));
    const QString question = shown("voteQuestion");
    press(Qt::Key(key));
    QTRY_COMPARE(stored().size(), std::size_t(1));
    QCOMPARE(stored()[0].choice, Choice(choice));
    QCOMPARE(stored()[0].voter, std::string("Ada"));
    QCOMPARE(stored()[0].position, std::int64_t(0));
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 2 of 6"));
    QVERIFY(shown("voteQuestion") != question);
}

void BlindVotePageTest::clicksVote()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    for (const char *button : {"voteRight", "voteLeft", "voteEqual", "voteBothBad"})
        QTest::mouseClick(named<ChoiceButton>(button), Qt::LeftButton);
    QTRY_COMPARE(stored().size(), std::size_t(4));
    QCOMPARE(stored()[0].choice, Choice::Right);
    QCOMPARE(stored()[3].choice, Choice::BothBad);
    press(Qt::Key_1); // the keys go on voting after a click
    QTRY_COMPARE(stored().size(), std::size_t(5));
}

// Sides change from pair to pair, and no text on the page says which is whose.
void BlindVotePageTest::sidesAreNotTold()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    QVERIFY(shown("voteLeftAnswer").startsWith(QStringLiteral("Please ask a veterinarian"))); // base
    QVERIFY(!isTextShown(QStringLiteral("Run 7")) && !isTextShown(QStringLiteral("Base")));
    press(Qt::Key_1);
    QVERIFY(shown("voteRightAnswer").startsWith(QStringLiteral("Please ask a veterinarian")));
    QVERIFY(!isTextShown(QStringLiteral("Run 7")) && !isTextShown(QStringLiteral("Base")));
    pictures(QStringLiteral("voting"));
}

void BlindVotePageTest::firstPairCanBeJudgedAtOnce()
{
    m_fixture->engine->beforePair = [gate = m_fixture->gate](std::size_t) { gate->acquire(); };
    open();
    startVote();
    QVERIFY(isTextShown(QStringLiteral("The next pair is being answered.")));
    QVERIFY(!named<ChoiceButton>("voteLeft")->isEnabled());
    press(Qt::Key_1); // too early: nothing happens
    m_fixture->gate->release(1);
    QTRY_VERIFY(named<ChoiceButton>("voteLeft")->isEnabled());
    QCOMPARE(shown("voteReady"), QStringLiteral("1 of 6 answered"));
    picture(QStringLiteral("preparing"));
    press(Qt::Key_2);
    QTRY_COMPARE(stored().size(), std::size_t(1));
    QVERIFY(!named<ChoiceButton>("voteLeft")->isEnabled());
    m_fixture->gate->release(1);
    QTRY_VERIFY(named<ChoiceButton>("voteLeft")->isEnabled());
    press(Qt::Key_2);
    m_fixture->gate->release(100);
    QTRY_VERIFY(!named<TextLabel>("voteReady")->isVisible());
    QTRY_VERIFY(m_fixture->state->ballots.at(0).isComplete);
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 3 of 6"));
}

void BlindVotePageTest::votesAreOnTheDiskAtOnce()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    press(Qt::Key_1);
    press(Qt::Key_0);
    QTRY_COMPARE(stored().size(), std::size_t(2));
    // Another window on the same project, as after a crash: the vote goes on behind the two votes.
    QTest::mouseClick(named<Button>("leaveVote"), Qt::LeftButton);
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItemCount(), 1);
    QCOMPARE(named<QTreeWidget>("ballots")->topLevelItem(0)->text(2), QStringLiteral("2"));
    pictures(QStringLiteral("start"));
    QTest::mouseClick(named<Button>("openVote"), Qt::LeftButton);
    QTRY_COMPARE(shown("votePlace"), QStringLiteral("Question 3 of 6"));
    press(Qt::Key_2);
    QTRY_COMPARE(stored().size(), std::size_t(3));
    QCOMPARE(stored()[2].position, std::int64_t(2));
    // Somebody else begins at the first question.
    QTest::mouseClick(named<Button>("leaveVote"), Qt::LeftButton);
    named<QLineEdit>("voter")->setText(QStringLiteral("Bo"));
    QTRY_VERIFY(named<Button>("openVote")->isEnabled());
    QTest::mouseClick(named<Button>("openVote"), Qt::LeftButton);
    QTRY_COMPARE(shown("votePlace"), QStringLiteral("Question 1 of 6"));
}

void BlindVotePageTest::takesBackAndSkips()
{
    open();
    startVote();
    QTRY_COMPARE(m_fixture->state->ballotPairs[1].size(), std::size_t(6));
    const QString first = shown("voteQuestion");
    QVERIFY(!named<Button>("takeBackVote")->isEnabled());
    press(Qt::Key_1);
    QCOMPARE(named<Button>("takeBackVote")->text(), QStringLiteral("Take back vote 1"));
    press(Qt::Key_Backspace);
    QTRY_COMPARE(stored().size(), std::size_t(0));
    QCOMPARE(shown("voteQuestion"), first);
    press(Qt::Key_S);
    QVERIFY(shown("voteQuestion") != first);
    for (int i = 0; i < 5; ++i)
        press(Qt::Key_0);
    QCOMPARE(shown("voteQuestion"), first); // skipped ones come last
    QVERIFY(!named<Button>("skipQuestion")->isEnabled());
    QTest::mouseClick(named<Button>("takeBackVote"), Qt::LeftButton);
    QTRY_COMPARE(stored().size(), std::size_t(4));
}

void BlindVotePageTest::endShowsTheResult()
{
    open();
    startVote(QStringLiteral("Ada"), 12);
    QTRY_COMPARE(m_fixture->state->ballotPairs[1].size(), std::size_t(12));
    // Even positions have the base at the left: the tuned one is chosen ten times, the base once, once both are bad.
    for (int i = 0; i < 12; ++i)
        press(i == 11 ? Qt::Key_B : i == 4 ? Qt::Key_1 : i % 2 == 0 ? Qt::Key_2 : Qt::Key_1);
    QTRY_VERIFY(named<TextLabel>("voteVerdict")->isVisible());
    QCOMPARE(shown("voteVerdict"), QStringLiteral("Run 7, step 207 is better than its base model."));
    // 10.5 of 12: statsmodels proportion_confint(10.5, 12, method="wilson") is 0.5971 to 0.9711.
    QCOMPARE(shown("voteRate"), QStringLiteral("Win rate 88 %, 95 % interval 60 to 97 %"));
    // scipy binomtest(10, 11).pvalue is 0.01172.
    QVERIFY2(shown("voteTest").contains(QStringLiteral("about once in 85 votes (sign test, p = 0.012)")), qPrintable(shown("voteTest")));
    QVERIFY(shown("voteEnough").startsWith(QStringLiteral("Enough votes")));
    auto *tags = named<QTreeWidget>("voteTags");
    QVERIFY(tags->topLevelItemCount() > 1);
    int votes = 0;
    for (int i = 0; i < tags->topLevelItemCount(); ++i)
        votes += tags->topLevelItem(i)->text(1).toInt();
    QCOMPARE(votes, 12);
    auto *voters = named<QTreeWidget>("voteVoters");
    QCOMPARE(voters->topLevelItemCount(), 1);
    QCOMPARE(voters->topLevelItem(0)->text(0), QStringLiteral("Ada"));
    QCOMPARE(voters->topLevelItem(0)->text(2), QStringLiteral("10"));
    for (const QTreeWidget *table : {tags, voters}) // no empty room below the last row
        QTRY_COMPARE(table->height(), table->header()->height() + table->topLevelItemCount() * table->visualItemRect(table->topLevelItem(0)).height());
    // Now it is said which answer was whose.
    auto *questions = named<QTreeWidget>("voteQuestions");
    QCOMPARE(questions->topLevelItemCount(), 12);
    QCOMPARE(questions->topLevelItem(0)->text(1), QStringLiteral("tuned"));
    QCOMPARE(questions->topLevelItem(4)->text(1), QStringLiteral("base"));
    QCOMPARE(questions->topLevelItem(11)->text(1), QStringLiteral("both bad"));
    QVERIFY(questions->topLevelItem(1)->text(2).startsWith(QStringLiteral("Please ask a veterinarian")));
    pictures(QStringLiteral("result"));
    m_fixture->window->resize(1024, 700);
    for (const QTreeWidget *table : {tags, voters})
        QTRY_COMPARE(table->verticalScrollBar()->maximum(), 0); // a low window shows all four tags
    press(Qt::Key_1); // nothing left to judge
    QTest::qWait(50);
    QCOMPARE(stored().size(), std::size_t(12));
    press(Qt::Key_Backspace); // the last one again
    QTRY_VERIFY(named<TextLabel>("voteQuestion")->isVisible());
    QTRY_COMPARE(stored().size(), std::size_t(11));
}

void BlindVotePageTest::resultOnDemandAndBack()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    press(Qt::Key_2);
    QTest::mouseClick(named<Button>("showVoteResult"), Qt::LeftButton);
    QVERIFY(named<TextLabel>("voteVerdict")->isVisible());
    QVERIFY(shown("voteVerdict").startsWith(QStringLiteral("No winner yet")));
    QVERIFY(shown("voteEnough").startsWith(QStringLiteral("Not enough votes: if it goes on like this, about 3 more will tell.")));
    QCOMPARE(named<Button>("showVoteResult")->text(), QStringLiteral("Back to the questions"));
    press(Qt::Key_1); // no question is shown
    QTest::mouseClick(named<Button>("showVoteResult"), Qt::LeftButton);
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 2 of 6"));
    QCOMPARE(stored().size(), std::size_t(1));
}

void BlindVotePageTest::pauseEndsBeforeTheNextAnswerAndGoesOn()
{
    std::atomic<bool> isHeld = true;
    m_fixture->engine->beforePair = [&isHeld](std::size_t index) {
        while (isHeld && index == 2)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    };
    open();
    startVote();
    QTRY_COMPARE(shown("voteReady"), QStringLiteral("2 of 6 answered"));
    press(Qt::Key_1);
    QTest::mouseClick(named<Button>("leaveVote"), Qt::LeftButton);
    QVERIFY(named<QTreeWidget>("ballots")->isVisible());
    isHeld = false;
    QTRY_COMPARE(m_fixture->bridge->currentJob().id, JobId(0));
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItemCount(), 1);
    QCOMPARE(named<QTreeWidget>("ballots")->topLevelItem(0)->text(1), QStringLiteral("2 of 6"));
    QVERIFY(!m_fixture->state->ballots.at(0).isComplete);
    QTest::keyClick(named<QTreeWidget>("ballots"), Qt::Key_Return);
    QTRY_VERIFY(m_fixture->state->ballots.at(0).isComplete);
    QTRY_COMPARE(shown("votePlace"), QStringLiteral("Question 2 of 6"));
    QCOMPARE(m_fixture->state->ballotPairs[1].size(), std::size_t(6));
}

void BlindVotePageTest::failedBallotIsNamed()
{
    for (auto &[id, record] : m_fixture->state->records)
        record.split = data::Split::Train;
    m_fixture->engine->ballotError = Error{ErrorCode::BadInput, "The data of Run 7 has no held-out rows.", "Vote on saved questions.", {}};
    open();
    named<QLineEdit>("voter")->setText(QStringLiteral("Ada"));
    QTest::mouseClick(named<Button>("startVote"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QCOMPARE(m_fixture->window->findChild<MessageBar *>()->message().what, QStringLiteral("The data of Run 7 has no held-out rows."));
    QTRY_VERIFY(named<QTreeWidget>("ballots")->isVisible());
    QTRY_VERIFY(m_fixture->state->ballots.empty()); // nothing is left of it
}

void BlindVotePageTest::voteThatCannotBeStoredIsOpenAgain()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    const QString question = shown("voteQuestion");
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        m_fixture->state->voteError = Error{ErrorCode::DiskFull, "The disk is full.", "Free some space.", {}};
    }
    press(Qt::Key_1);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QTRY_COMPARE(shown("voteQuestion"), question);
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 1 of 6"));
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        m_fixture->state->voteError.reset();
    }
    press(Qt::Key_1);
    QTRY_COMPARE(stored().size(), std::size_t(1));
}

void BlindVotePageTest::keysDoNotVoteSideBySide()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    auto *modes = named<Segmented>("playgroundMode");
    QTest::mouseClick(modes, Qt::LeftButton, {}, QPoint(modes->width() / 8, modes->height() / 2));
    press(Qt::Key_1);
    press(Qt::Key_B);
    QTest::qWait(50);
    QCOMPARE(stored().size(), std::size_t(0));
    QVERIFY(!named<Button>("leaveVote")->isEnabled());
    QTest::mouseClick(modes, Qt::LeftButton, {}, QPoint(modes->width() / 2, modes->height() / 2));
    QCOMPARE(shown("votePlace"), QStringLiteral("Question 1 of 6"));
}

void BlindVotePageTest::pageGoesOutAndVotesComeBack()
{
    open();
    startVote();
    QTRY_VERIFY(m_fixture->state->ballots.at(0).isComplete);
    QTRY_VERIFY(named<Button>("writeBallotPage")->isEnabled());
    const QString page = m_fixture->dir.filePath(QStringLiteral("ballot.html"));
    m_fixture->window->dialogs().setNextFileName(page);
    QTest::mouseClick(named<Button>("writeBallotPage"), Qt::LeftButton);
    QTRY_VERIFY(QFile::exists(page));
    QFile written(page);
    QVERIFY(written.open(QIODevice::ReadOnly));
    const QByteArray token = QByteArray::fromStdString(m_fixture->state->ballots.at(0).token);
    const QByteArray text = written.readAll();
    QVERIFY(text.contains(token) && text.contains("Please ask a veterinarian") && !text.contains("Run 7"));
    // A colleague votes twice for the tuned model and sends the file back.
    const QString votes = m_fixture->dir.filePath(QStringLiteral("votes-bo.json"));
    QFile back(votes);
    QVERIFY(back.open(QIODevice::WriteOnly));
    back.write("{\"format\":\"fettle-votes\",\"version\":1,\"ballot\":\"" + token
               + "\",\"voter\":\"Bo\",\"votes\":[{\"question\":0,\"choice\":\"right\"},{\"question\":1,\"choice\":\"left\"}]}");
    back.close();
    QTest::mouseClick(named<Button>("leaveVote"), Qt::LeftButton);
    m_fixture->window->dialogs().setNextFileName(votes);
    QTest::mouseClick(named<Button>("importVotes"), Qt::LeftButton);
    QTRY_COMPARE(stored().size(), std::size_t(2));
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItemCount(), 1);
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItem(0)->text(2), QStringLiteral("2"));
    QTest::mouseClick(named<Button>("openVote"), Qt::LeftButton);
    QTRY_VERIFY(named<Button>("showVoteResult")->isVisible());
    QTest::mouseClick(named<Button>("showVoteResult"), Qt::LeftButton);
    auto *voters = named<QTreeWidget>("voteVoters");
    QTRY_COMPARE(voters->topLevelItemCount(), 1);
    QCOMPARE(voters->topLevelItem(0)->text(0), QStringLiteral("Bo"));
    QCOMPARE(voters->topLevelItem(0)->text(2), QStringLiteral("2"));
}

void BlindVotePageTest::hostileVotesAreRefused()
{
    open();
    const QString votes = m_fixture->dir.filePath(QStringLiteral("votes-evil.json"));
    QFile file(votes);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"format\":\"fettle-votes\",\"version\":1,\"ballot\":\"../../x\",\"voter\":\"Bo\",\"votes\":[]}");
    file.close();
    m_fixture->window->dialogs().setNextFileName(votes);
    QTest::mouseClick(named<Button>("importVotes"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    const QString what = m_fixture->window->findChild<MessageBar *>()->message().what;
    QVERIFY2(what.contains(QStringLiteral("votes-evil.json")) && what.contains(QStringLiteral("\"ballot\"")), qPrintable(what));
}

void BlindVotePageTest::voteIsDeleted()
{
    open();
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    press(Qt::Key_1);
    QTest::mouseClick(named<Button>("leaveVote"), Qt::LeftButton);
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItemCount(), 1);
    m_fixture->window->dialogs().setNextAnswer(1);
    QTest::mouseClick(named<Button>("deleteVote"), Qt::LeftButton);
    QCOMPARE(m_fixture->window->dialogs().lastQuestion()->text, QStringLiteral("Lost with it: 1 vote, those of colleagues too."));
    QCOMPARE(m_fixture->state->ballots.size(), std::size_t(1));
    m_fixture->window->dialogs().setNextAnswer(0);
    QTest::mouseClick(named<Button>("deleteVote"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->state->ballots.empty());
    QTRY_COMPARE(named<QTreeWidget>("ballots")->topLevelItemCount(), 0);
}

void BlindVotePageTest::everyControlHasAName()
{
    open();
    const auto check = [this](int atLeast) {
        const auto controls = WindowFixture::controlsOf(*m_page);
        QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
        QVERIFY2(controls.count >= atLeast, QByteArray::number(controls.count).constData());
    };
    check(10);
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    check(10);
    QTest::mouseClick(named<Button>("showVoteResult"), Qt::LeftButton);
    check(5);
}

void BlindVotePageTest::fitsNarrowWindows()
{
    open();
    m_fixture->window->resize(1024, 700);
    QTRY_COMPARE(m_fixture->window->width(), 1024);
    startVote();
    QTRY_VERIFY(!shown("voteLeftAnswer").isEmpty());
    press(Qt::Key_1);
    QCOMPARE(m_fixture->window->size(), QSize(1024, 700));
    for (const char *name : {"voteLeft", "voteEqual", "voteBothBad", "voteRight"}) {
        auto *button = named<ChoiceButton>(name);
        const QRect place(button->mapTo(m_fixture->window.get(), QPoint()), button->size());
        QVERIFY2(m_fixture->window->rect().contains(place) && button->width() >= button->minimumSizeHint().width(), name);
    }
    QVERIFY(named<TextLabel>("voteLeftAnswer")->parentWidget()->height() > 100); // room to read
}

QTEST_MAIN(BlindVotePageTest)
#include "tst_blindvote_page.moc"
