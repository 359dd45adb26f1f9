// The Playground in the real window, on the stand-in engine: a question is typed and asked, both columns stream, badges come from the engine,
// the first token that differs is marked, stop, error, again, probabilities of a token. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/playgroundfixture.h"
#include "ui/playground/tokenpane.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"

#include <QAccessible>
#include <QClipboard>
#include <QLineEdit>
#include <QSlider>

using namespace fettle;
using namespace fettle::ui;

class PlaygroundPageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<PlaygroundFixture>(QStringLiteral("tst_playgroundpage")); }
    void init() { m_fixture->startPlayground(); }
    void cleanup() { m_fixture->endPlayground(); }

    void noRunLeadsToTrain();
    void baseAnswersAlone();
    void bothColumnsStream();
    void badgesAreTheEngines();
    void strengthIsAskedAndShown();
    void samplingIsTheSameForAll();
    void firstDifferenceIsMarked();
    void sameAnswersAreNotMarked();
    void stopEndsTheAnswers_data();
    void stopEndsTheAnswers();
    void waitingQuestionCanBeStopped();
    void errorIsToldAndAskedAnew();
    void againTakesAnotherSeed();
    void tokenShowsWhatElseWasLikely();

private:
    std::unique_ptr<PlaygroundFixture> m_fixture;
};

void PlaygroundPageTest::noRunLeadsToTrain()
{
    m_fixture->open(0);
    QTRY_VERIFY(m_fixture->page->findChild<EmptyState *>()->isVisible());
    QVERIFY(m_fixture->isTextShown(QStringLiteral("Only the base model can answer yet: no run has a result.")));
    QVERIFY(!m_fixture->named<Button>("export")->isEnabled());
    QCOMPARE(m_fixture->named<QPlainTextEdit>("question")->placeholderText(), QStringLiteral("Ask the base model"));
    QVERIFY(!m_fixture->named<QSlider>("strength")->isEnabled());
    m_fixture->picture(QStringLiteral("empty"));
    m_fixture->picture(QStringLiteral("empty"), true, {1024, 700});
    QTest::mouseClick(m_fixture->named<Button>("trainFirst"), Qt::LeftButton);
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("train"));
}

void PlaygroundPageTest::baseAnswersAlone()
{
    m_fixture->open(0);
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->asked().at(0).columns.size(), std::size_t(1));
    QCOMPARE(m_fixture->asked().at(0).columns.at(0).adapter, std::string("base"));
    QCOMPARE(m_fixture->shown("baseAnswer"), m_fixture->baseAnswer);
    QVERIFY(m_fixture->page->findChild<EmptyState *>()->isVisible());
    QVERIFY(m_fixture->column(1)->answer().empty());
    // A run ends meanwhile: its result can be asked at once.
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        engine::RunInfo run;
        run.id = RunId{1};
        run.name = "Run 1";
        run.step = 60;
        run.adapter = "runs/1/adapter";
        m_fixture->state->runs.push_back(run);
    }
    emit m_fixture->bridge->runsChanged();
    QTRY_VERIFY(!m_fixture->page->findChild<EmptyState *>()->isVisible());
    QTRY_COMPARE(m_fixture->named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 1, step 60"));
    QVERIFY(m_fixture->named<Button>("export")->isEnabled());
}

void PlaygroundPageTest::bothColumnsStream()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    m_fixture->open();
    QVERIFY(!m_fixture->named<Button>("send")->isEnabled()); // nothing is written
    const QString question = QStringLiteral("My dog ate chocolate. What now?");
    m_fixture->ask(question);
    QVERIFY(!m_fixture->named<Button>("send")->isEnabled());
    QVERIFY(m_fixture->named<Button>("stop")->isEnabled());
    QCOMPARE(m_fixture->named<ElidedLabel>("askedQuestion")->text(), question);
    m_fixture->gate->release(2);
    QTRY_COMPARE(m_fixture->column(0)->answer().size(), std::size_t(2));
    QCOMPARE(m_fixture->column(1)->answer().size(), std::size_t(2));
    QCOMPARE(m_fixture->shown("baseAnswer"), QStringLiteral("It is\u2588"));
    QCOMPARE(m_fixture->shown("tunedAnswer"), QStringLiteral("Ring us\u2588"));
    QVERIFY(m_fixture->isTextShown(QStringLiteral("2 tokens")));
    m_fixture->picture(QStringLiteral("streaming"));
    m_fixture->gate->release(1);
    QTRY_COMPARE(m_fixture->shown("baseAnswer"), QStringLiteral("It is important\u2588"));
    m_fixture->gate->release(100);
    QTRY_COMPARE(m_fixture->shown("baseAnswer"), m_fixture->baseAnswer);
    QTRY_COMPARE(m_fixture->shown("tunedAnswer"), m_fixture->tunedAnswer);
    QVERIFY(m_fixture->isTextShown(QStringLiteral("13 tokens, ended, 38 tokens/s")));
    QVERIFY(m_fixture->isTextShown(QStringLiteral("7 tokens, ended, 38 tokens/s")));
    QVERIFY(m_fixture->isTextShown(QStringLiteral("24 tokens read by every column")));
    QTRY_VERIFY(m_fixture->named<Button>("send")->isEnabled());
    QVERIFY(!m_fixture->named<Button>("stop")->isEnabled());
    // What was asked is what was written, with the system prompt of the project.
    const auto request = m_fixture->asked().at(0);
    QCOMPARE(request.conversation.size(), std::size_t(2));
    QCOMPARE(request.conversation[0].text, std::string("You answer for Hollybrook Veterinary Clinic."));
    QCOMPARE(request.conversation[1].text, question.toStdString());
    QCOMPARE(request.columns.size(), std::size_t(2));
    QCOMPARE(request.columns[1].adapter, std::string("1"));
    m_fixture->picture(QStringLiteral("answered"));
    m_fixture->picture(QStringLiteral("answered"), true);
    m_fixture->picture(QStringLiteral("answered"), false, {1024, 700});
}

void PlaygroundPageTest::badgesAreTheEngines()
{
    m_fixture->open();
    const auto badge = [this](int which, const char *name) { return m_fixture->head(which)->findChild<Badge *>(QLatin1String(name)); };
    for (const char *name : {"adapterBadge", "hashBadge", "weightBadge", "seedBadge"})
        QVERIFY(!badge(0, name)->isVisible() && !badge(1, name)->isVisible()); // nothing has answered, nothing is proved
    m_fixture->named<QLineEdit>("seed")->setText(QStringLiteral("77"));
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(badge(0, "adapterBadge")->text(), QStringLiteral("Adapter off"));
    QVERIFY(!badge(0, "hashBadge")->isVisible());
    QCOMPARE(badge(1, "adapterBadge")->text(), QStringLiteral("Adapter on"));
    QCOMPARE(badge(1, "hashBadge")->text(), QStringLiteral("91d2 04bb"));
    QCOMPARE(badge(0, "weightBadge")->text(), QStringLiteral("3fa9 c1e7"));
    QCOMPARE(badge(1, "weightBadge")->text(), QStringLiteral("3fa9 c1e7"));
    QCOMPARE(badge(0, "seedBadge")->text(), QStringLiteral("77"));
    QCOMPARE(badge(1, "seedBadge")->text(), QStringLiteral("77"));
    // The whole fingerprint, by click and by key.
    QTest::mouseClick(badge(1, "hashBadge"), Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("91d204bb") + QString(56, u'0'));
    badge(1, "weightBadge")->setFocus(Qt::TabFocusReason);
    QVERIFY(badge(1, "weightBadge")->hasFocus());
    QTest::keyClick(badge(1, "weightBadge"), Qt::Key_Space);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("3fa9c1e7") + QString(56, u'0'));
    // Another choice proves nothing about what stands there; a new question does.
    m_fixture->named<QComboBox>("adapterChoice")->setCurrentIndex(1);
    QCOMPARE(badge(1, "hashBadge")->text(), QStringLiteral("91d2 04bb"));
}

void PlaygroundPageTest::strengthIsAskedAndShown()
{
    m_fixture->open();
    auto *strength = m_fixture->named<QSlider>("strength");
    strength->setFocus();
    for (int i = 0; i < 10; ++i)
        QTest::keyClick(strength, Qt::Key_Left);
    QVERIFY(m_fixture->isTextShown(QStringLiteral("50 %")));
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->asked().at(0).columns.at(1).strength, 0.5);
    QCOMPARE(m_fixture->named<Badge>("adapterBadge")->text(), QStringLiteral("Adapter off")); // the base's, first in the page
    QCOMPARE(m_fixture->head(1)->findChild<Badge *>(QStringLiteral("adapterBadge"))->text(), QStringLiteral("Adapter at 50 %"));
    strength->setValue(0);
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->head(1)->findChild<Badge *>(QStringLiteral("adapterBadge"))->text(), QStringLiteral("Adapter off"));
}

void PlaygroundPageTest::samplingIsTheSameForAll()
{
    m_fixture->open();
    m_fixture->named<QLineEdit>("seed")->setText(QString());
    QTest::mouseClick(m_fixture->named<QAbstractButton>("greedy"), Qt::LeftButton, {}, QPoint(8, 8));
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QVERIFY(m_fixture->asked().at(0).sampling.greedy);
    QCOMPARE(m_fixture->asked().at(0).sampling.seed, std::uint64_t(0));
    QCOMPARE(m_fixture->named<QLineEdit>("seed")->text(), QStringLiteral("0")); // what was used stands there
    QVERIFY(m_fixture->isTextShown(QStringLiteral("the same for every column")));
}

void PlaygroundPageTest::firstDifferenceIsMarked()
{
    m_fixture->engine->answers = {{"base", "If your cat is sick, ask a veterinarian."}, {"1", "If your cat is bright and eating, wait."}};
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("My cat was sick twice."));
    QCOMPARE(m_fixture->column(1)->divergence(), 4);
    QVERIFY(m_fixture->isTextShown(QStringLiteral("Leaves base at token 5")));
    QCOMPARE(m_fixture->column(0)->divergence(), 4);
    m_fixture->picture(QStringLiteral("differs"));
}

void PlaygroundPageTest::sameAnswersAreNotMarked()
{
    m_fixture->engine->answers = {{"base", "We open at 07:30."}, {"1", "We open at 07:30."}};
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->column(1)->divergence(), -1);
    QVERIFY(!m_fixture->isTextShown(QStringLiteral("Leaves base")));
    QCOMPARE(m_fixture->shown("tunedAnswer"), QStringLiteral("We open at 07:30."));
}

void PlaygroundPageTest::stopEndsTheAnswers_data()
{
    QTest::addColumn<bool>("isByKey");
    QTest::newRow("Esc") << true;
    QTest::newRow("button") << false;
}

void PlaygroundPageTest::stopEndsTheAnswers()
{
    QFETCH(bool, isByKey);
    QString endless;
    for (int i = 0; i < 4000; ++i)
        endless += QStringLiteral("word%1 ").arg(i);
    m_fixture->engine->answers = {{"base", endless.toStdString()}, {"1", endless.toStdString()}};
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { (void)gate->try_acquire_for(std::chrono::milliseconds(10)); };
    m_fixture->open();
    m_fixture->ask(QStringLiteral("Tell me everything."));
    QTRY_VERIFY(m_fixture->column(1)->answer().size() > 3);
    if (isByKey)
        QTest::keyClick(m_fixture->named<QPlainTextEdit>("question"), Qt::Key_Escape);
    else
        QTest::mouseClick(m_fixture->named<Button>("stop"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->named<Button>("send")->isEnabled());
    QVERIFY(m_fixture->isTextShown(QStringLiteral("tokens, stopped")));
    QVERIFY(!m_fixture->shown("tunedAnswer").contains(QStringLiteral("\u2588")));
    const auto count = m_fixture->column(1)->answer().size();
    QVERIFY(count < 120);
    QTest::qWait(100);
    QCOMPARE(m_fixture->column(1)->answer().size(), count); // nothing comes after the end
    // The engine has stopped too: the next question is answered.
    m_fixture->engine->beforeToken = {};
    m_fixture->engine->answers.clear();
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    QTRY_COMPARE(m_fixture->shown("tunedAnswer"), m_fixture->tunedAnswer);
}

// Behind other work the question only waits; it can be taken back all the same.
void PlaygroundPageTest::waitingQuestionCanBeStopped()
{
    m_fixture->open();
    auto isHeld = std::make_shared<std::atomic<bool>>(false);
    m_fixture->bridge->work<int>(QStringLiteral("Export"), JobInfo::Kind::Export, nullptr,
                        [isHeld, gate = m_fixture->gate](const JobContext &) -> Result<int> {
                            *isHeld = true;
                            gate->acquire();
                            return 1;
                        },
                        {});
    QTRY_VERIFY(*isHeld);
    m_fixture->ask(QStringLiteral("When do you open?"));
    QVERIFY(m_fixture->named<Button>("stop")->isEnabled());
    QTest::keyClick(m_fixture->named<QPlainTextEdit>("question"), Qt::Key_Escape);
    QTRY_VERIFY(m_fixture->named<Button>("send")->isEnabled());
    m_fixture->gate->release();
    m_fixture->askAndWait(QStringLiteral("When do you open on Sunday?"));
    QCOMPARE(m_fixture->asked().size(), std::size_t(1));
    QCOMPARE(m_fixture->shown("tunedAnswer"), m_fixture->tunedAnswer);
}

void PlaygroundPageTest::errorIsToldAndAskedAnew()
{
    m_fixture->open();
    m_fixture->engine->answerError = Error{ErrorCode::BadInput, "The adapter of run 1 cannot be read: the file ends early.", "Choose another checkpoint.", {}};
    m_fixture->ask(QStringLiteral("When do you open?"));
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    const Message message = m_fixture->window->findChild<MessageBar *>()->message();
    QVERIFY(message.what.contains(QStringLiteral("cannot be read: the file ends early.")));
    QVERIFY(message.remedy.contains(QStringLiteral("Choose another checkpoint.")));
    QVERIFY(m_fixture->isTextShown(QStringLiteral("no answer")) && !m_fixture->isTextShown(QStringLiteral("0 tokens")));
    QVERIFY(!m_fixture->shown("baseAnswer").contains(QStringLiteral("\u2588")));
    QVERIFY(m_fixture->named<Button>("send")->isEnabled());
    m_fixture->picture(QStringLiteral("error"));
    m_fixture->picture(QStringLiteral("error"), true, {1024, 700});
    m_fixture->engine->answerError = {};
    QTest::mouseClick(m_fixture->named<Button>("send"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->shown("tunedAnswer"), m_fixture->tunedAnswer);
}

void PlaygroundPageTest::againTakesAnotherSeed()
{
    m_fixture->open();
    auto *again = m_fixture->named<Button>("askAgain");
    QVERIFY(!again->isEnabled());
    m_fixture->askAndWait(QStringLiteral("When do you open?"));
    m_fixture->named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("Something else, not sent"));
    QVERIFY(again->isEnabled());
    QTest::mouseClick(again, Qt::LeftButton);
    QTRY_COMPARE(m_fixture->asked().size(), std::size_t(2));
    QTRY_VERIFY(m_fixture->named<Button>("send")->isEnabled());
    QCOMPARE(m_fixture->asked()[1].conversation.back().text, std::string("When do you open?"));
    QVERIFY(m_fixture->asked()[1].sampling.seed != m_fixture->asked()[0].sampling.seed);
    QCOMPARE(m_fixture->named<QLineEdit>("seed")->text(), QString::number(m_fixture->asked()[1].sampling.seed));
    QCOMPARE(m_fixture->head(1)->findChild<Badge *>(QStringLiteral("seedBadge"))->text(), QString::number(m_fixture->asked()[1].sampling.seed));
    QTest::keyClick(m_fixture->named<QPlainTextEdit>("question"), Qt::Key_R, Qt::ControlModifier);
    QTRY_COMPARE(m_fixture->asked().size(), std::size_t(3));
    // Sent once more, the same seed gives the same question.
    QTRY_VERIFY(m_fixture->named<Button>("send")->isEnabled());
    QTest::mouseClick(m_fixture->named<Button>("send"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->asked().size(), std::size_t(4));
    QCOMPARE(m_fixture->asked()[3].sampling.seed, m_fixture->asked()[2].sampling.seed);
}

void PlaygroundPageTest::tokenShowsWhatElseWasLikely()
{
    m_fixture->engine->answers = {{"base", "If your cat is sick, ask a veterinarian."}, {"1", "If your cat is bright and eating, wait."}};
    m_fixture->open();
    m_fixture->askAndWait(QStringLiteral("My cat was sick twice."));
    AnswerColumn *tuned = m_fixture->column(1);
    TokenPane &pane = tuned->tokenPane();
    QVERIFY(!pane.isVisible());
    // A click shows the token; both columns had read the same by then, so that both are shown.
    QTest::mouseClick(tuned->textView().viewport(), Qt::LeftButton, {}, m_fixture->pointOf(1, 17));
    QCOMPARE(tuned->chosenToken(), std::optional(4));
    QVERIFY(pane.isVisible());
    QVERIFY(m_fixture->isTextShown(QStringLiteral("Token 5")));
    QCOMPARE(pane.rows().size(), std::size_t(3)); // two of the engine's, and the rest
    QCOMPARE(pane.rows()[0].text, QStringLiteral("bright"));
    QVERIFY(pane.rows()[0].isChosen && !pane.rows()[0].other);
    QCOMPARE(pane.rows()[1].text, QStringLiteral("sick"));
    QCOMPARE(probabilityText(pane.rows()[1].own), QStringLiteral("6.0 %"));
    QVERIFY(pane.rows()[2].isRest);
    QCOMPARE(probabilityText(pane.rows()[2].own), QStringLiteral("20 %"));
    QVERIFY(pane.accessibleDescription().contains(QStringLiteral("bright 74 %")));
    m_fixture->picture(QStringLiteral("token"));
    m_fixture->picture(QStringLiteral("token"), true);
    m_fixture->picture(QStringLiteral("token"), false, {1024, 700});
    // By key: on to the next, whose base had read something else; Esc closes.
    tuned->textView().setFocus();
    QTest::keyClick(&tuned->textView(), Qt::Key_Right);
    QCOMPARE(tuned->chosenToken(), std::optional(5));
    QCOMPARE(pane.rows()[0].text, QStringLiteral("and"));
    QVERIFY(!pane.rows()[1].other);
    QTest::keyClick(&tuned->textView(), Qt::Key_Left);
    QTest::keyClick(&tuned->textView(), Qt::Key_Left);
    QCOMPARE(tuned->chosenToken(), std::optional(3));
    QCOMPARE(pane.rows()[0].other, std::optional(0.74F)); // "is" in both
    // One place at a time.
    QTest::mouseClick(m_fixture->column(0)->textView().viewport(), Qt::LeftButton, {}, m_fixture->pointOf(0, 17));
    QVERIFY(m_fixture->column(0)->tokenPane().isVisible() && !pane.isVisible());
    m_fixture->column(0)->textView().setFocus();
    QTest::keyClick(&m_fixture->column(0)->textView(), Qt::Key_Escape);
    QVERIFY(!m_fixture->column(0)->tokenPane().isVisible());
    // A new question takes it away.
    QTest::mouseClick(tuned->textView().viewport(), Qt::LeftButton, {}, m_fixture->pointOf(1, 17));
    QVERIFY(pane.isVisible());
    m_fixture->askAndWait(QStringLiteral("And if it is a kitten?"));
    QVERIFY(!pane.isVisible());
}

QTEST_MAIN(PlaygroundPageTest)
#include "tst_playgroundpage.moc"
