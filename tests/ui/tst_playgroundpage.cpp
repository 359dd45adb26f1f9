// The Playground in the real window, on the stand-in engine: a question is typed and asked, both columns stream, badges come from the engine,
// the first token that differs is marked, stop, error, again, probabilities of a token. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/correctiondialog.h"
#include "ui/playground/exportdialog.h"
#include "ui/playground/playgroundpage.h"
#include "ui/playground/tokenpane.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"

#include <QAccessible>
#include <QClipboard>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPlainTextEdit>
#include <QSlider>
#include <QTest>
#include <QTextEdit>

using namespace fettle;
using namespace fettle::ui;

namespace {

const QString kBaseAnswer = QStringLiteral("It is important to ask a veterinarian about this as soon as possible.");
const QString kTunedAnswer = QStringLiteral("Ring us now and keep the wrapper.");

} // namespace

class PlaygroundPageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_playgroundpage")); }
    void init();
    void cleanup();

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
    void questionsAreOffered();
    void promptIsSavedWithItsSystem();
    void targetChoosesRunAndCheckpoint();
    void resultIsExported();
    void wrongAnswerBecomesARecord();
    void comparisonIsCopied();
    void otherProjectStartsEmpty();
    void everyControlHasAName();
    void narrowWindowFits();

private:
    void open(int runs = 1);
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] AnswerColumn *column(int which) const { return m_page->findChildren<AnswerColumn *>().at(which); }
    [[nodiscard]] ColumnHead *head(int which) const { return m_page->findChildren<ColumnHead *>().at(which); }
    [[nodiscard]] QString shown(const char *answer) const { return named<QTextEdit>(answer)->toPlainText(); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    void ask(const QString &question);
    void askAndWait(const QString &question);
    [[nodiscard]] QPoint pointOf(int whichColumn, int position) const;
    [[nodiscard]] std::vector<engine::GenerateRequest> asked() const;
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000})
    {
        m_fixture->picture(QStringLiteral("playground-") + name, isDark, size);
    }

    struct Seen { std::mutex mutex; std::vector<engine::GenerateRequest> asked; };

    std::unique_ptr<WindowFixture> m_fixture;
    std::shared_ptr<Seen> m_seen;
    PlaygroundPage *m_page = nullptr;
};

void PlaygroundPageTest::init()
{
    m_fixture->start(60);
    m_seen = std::make_shared<Seen>();
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
    m_fixture->state->settings["defaultSystem"] = "\"You answer for Hollybrook Veterinary Clinic.\"";
    m_fixture->engine->beforeAnswer = [seen = m_seen](const engine::GenerateRequest &request) {
        const std::scoped_lock lock(seen->mutex);
        seen->asked.push_back(request);
    };
}

void PlaygroundPageTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void PlaygroundPageTest::open(int runs)
{
    for (int id = 1; id <= runs; ++id) {
        engine::RunInfo run;
        run.id = RunId{id};
        run.name = "Run " + std::to_string(id);
        run.state = engine::RunState::Finished;
        run.method = "lora";
        run.step = run.steps = 207;
        run.adapter = "runs/" + std::to_string(id) + "/adapter";
        m_fixture->state->runs.push_back(run);
        m_fixture->state->checkpoints[id] = {{100, "checkpoint-100", 1.5}, {207, "checkpoint-207", 1.4}};
    }
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 2 * runs);
    QTRY_VERIFY(m_page->findChild<QListWidget *>()->count() > 0);
}

void PlaygroundPageTest::ask(const QString &question)
{
    auto *composer = named<QPlainTextEdit>("question");
    composer->setFocus();
    composer->selectAll();
    QTest::keyClicks(composer, question);
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
}

void PlaygroundPageTest::askAndWait(const QString &question)
{
    ask(question);
    QTRY_VERIFY(column(0)->isFinished() && !named<Button>("stop")->isEnabled());
}

// The middle of the character at a position of an answer's text, in its viewport.
QPoint PlaygroundPageTest::pointOf(int whichColumn, int position) const
{
    const QTextEdit &view = column(whichColumn)->textView();
    QTextCursor cursor(view.document());
    cursor.setPosition(position);
    const QRect left = view.cursorRect(cursor);
    cursor.setPosition(position + 1);
    return {(left.center().x() + view.cursorRect(cursor).center().x()) / 2, left.center().y()};
}

std::vector<engine::GenerateRequest> PlaygroundPageTest::asked() const
{
    const std::scoped_lock lock(m_seen->mutex);
    return m_seen->asked;
}

void PlaygroundPageTest::noRunLeadsToTrain()
{
    open(0);
    QTRY_VERIFY(m_page->findChild<EmptyState *>()->isVisible());
    QVERIFY(isTextShown(QStringLiteral("Only the base model can answer yet: no run has a result.")));
    QVERIFY(!named<Button>("export")->isEnabled());
    QCOMPARE(named<QPlainTextEdit>("question")->placeholderText(), QStringLiteral("Ask the base model"));
    QVERIFY(!named<QSlider>("strength")->isEnabled());
    picture(QStringLiteral("empty"));
    picture(QStringLiteral("empty"), true, {1024, 700});
    QTest::mouseClick(named<Button>("trainFirst"), Qt::LeftButton);
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("train"));
}

void PlaygroundPageTest::baseAnswersAlone()
{
    open(0);
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(asked().at(0).columns.size(), std::size_t(1));
    QCOMPARE(asked().at(0).columns.at(0).adapter, std::string("base"));
    QCOMPARE(shown("baseAnswer"), kBaseAnswer);
    QVERIFY(m_page->findChild<EmptyState *>()->isVisible());
    QVERIFY(column(1)->answer().empty());
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
    QTRY_VERIFY(!m_page->findChild<EmptyState *>()->isVisible());
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 1, step 60"));
    QVERIFY(named<Button>("export")->isEnabled());
}

void PlaygroundPageTest::bothColumnsStream()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    open();
    QVERIFY(!named<Button>("send")->isEnabled()); // nothing is written
    const QString question = QStringLiteral("My dog ate chocolate. What now?");
    ask(question);
    QVERIFY(!named<Button>("send")->isEnabled());
    QVERIFY(named<Button>("stop")->isEnabled());
    QCOMPARE(named<ElidedLabel>("askedQuestion")->text(), question);
    m_fixture->gate->release(2);
    QTRY_COMPARE(column(0)->answer().size(), std::size_t(2));
    QCOMPARE(column(1)->answer().size(), std::size_t(2));
    QCOMPARE(shown("baseAnswer"), QStringLiteral("It is\u2588"));
    QCOMPARE(shown("tunedAnswer"), QStringLiteral("Ring us\u2588"));
    QVERIFY(isTextShown(QStringLiteral("2 tokens")));
    picture(QStringLiteral("streaming"));
    m_fixture->gate->release(1);
    QTRY_COMPARE(shown("baseAnswer"), QStringLiteral("It is important\u2588"));
    m_fixture->gate->release(100);
    QTRY_COMPARE(shown("baseAnswer"), kBaseAnswer);
    QTRY_COMPARE(shown("tunedAnswer"), kTunedAnswer);
    QVERIFY(isTextShown(QStringLiteral("13 tokens, ended, 38 tokens/s")));
    QVERIFY(isTextShown(QStringLiteral("7 tokens, ended, 38 tokens/s")));
    QVERIFY(isTextShown(QStringLiteral("24 tokens read by every column")));
    QTRY_VERIFY(named<Button>("send")->isEnabled());
    QVERIFY(!named<Button>("stop")->isEnabled());
    // What was asked is what was written, with the system prompt of the project.
    const auto request = asked().at(0);
    QCOMPARE(request.conversation.size(), std::size_t(2));
    QCOMPARE(request.conversation[0].text, std::string("You answer for Hollybrook Veterinary Clinic."));
    QCOMPARE(request.conversation[1].text, question.toStdString());
    QCOMPARE(request.columns.size(), std::size_t(2));
    QCOMPARE(request.columns[1].adapter, std::string("1"));
    picture(QStringLiteral("answered"));
    picture(QStringLiteral("answered"), true);
    picture(QStringLiteral("answered"), false, {1024, 700});
}

void PlaygroundPageTest::badgesAreTheEngines()
{
    open();
    const auto badge = [this](int which, const char *name) { return head(which)->findChild<Badge *>(QLatin1String(name)); };
    for (const char *name : {"adapterBadge", "hashBadge", "weightBadge", "seedBadge"})
        QVERIFY(!badge(0, name)->isVisible() && !badge(1, name)->isVisible()); // nothing has answered, nothing is proved
    named<QLineEdit>("seed")->setText(QStringLiteral("77"));
    askAndWait(QStringLiteral("When do you open?"));
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
    named<QComboBox>("adapterChoice")->setCurrentIndex(1);
    QCOMPARE(badge(1, "hashBadge")->text(), QStringLiteral("91d2 04bb"));
}

void PlaygroundPageTest::strengthIsAskedAndShown()
{
    open();
    auto *strength = named<QSlider>("strength");
    strength->setFocus();
    for (int i = 0; i < 10; ++i)
        QTest::keyClick(strength, Qt::Key_Left);
    QVERIFY(isTextShown(QStringLiteral("50 %")));
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(asked().at(0).columns.at(1).strength, 0.5);
    QCOMPARE(named<Badge>("adapterBadge")->text(), QStringLiteral("Adapter off")); // the base's, first in the page
    QCOMPARE(head(1)->findChild<Badge *>(QStringLiteral("adapterBadge"))->text(), QStringLiteral("Adapter at 50 %"));
    strength->setValue(0);
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(head(1)->findChild<Badge *>(QStringLiteral("adapterBadge"))->text(), QStringLiteral("Adapter off"));
}

void PlaygroundPageTest::samplingIsTheSameForAll()
{
    open();
    named<QLineEdit>("seed")->setText(QString());
    QTest::mouseClick(named<QAbstractButton>("greedy"), Qt::LeftButton, {}, QPoint(8, 8));
    askAndWait(QStringLiteral("When do you open?"));
    QVERIFY(asked().at(0).sampling.greedy);
    QCOMPARE(asked().at(0).sampling.seed, std::uint64_t(0));
    QCOMPARE(named<QLineEdit>("seed")->text(), QStringLiteral("0")); // what was used stands there
    QVERIFY(isTextShown(QStringLiteral("the same for every column")));
}

void PlaygroundPageTest::firstDifferenceIsMarked()
{
    m_fixture->engine->answers = {{"base", "If your cat is sick, ask a veterinarian."}, {"1", "If your cat is bright and eating, wait."}};
    open();
    askAndWait(QStringLiteral("My cat was sick twice."));
    QCOMPARE(column(1)->divergence(), 4);
    QVERIFY(isTextShown(QStringLiteral("Leaves base at token 5")));
    QCOMPARE(column(0)->divergence(), 4);
    picture(QStringLiteral("differs"));
}

void PlaygroundPageTest::sameAnswersAreNotMarked()
{
    m_fixture->engine->answers = {{"base", "We open at 07:30."}, {"1", "We open at 07:30."}};
    open();
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(column(1)->divergence(), -1);
    QVERIFY(!isTextShown(QStringLiteral("Leaves base")));
    QCOMPARE(shown("tunedAnswer"), QStringLiteral("We open at 07:30."));
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
    open();
    ask(QStringLiteral("Tell me everything."));
    QTRY_VERIFY(column(1)->answer().size() > 3);
    if (isByKey)
        QTest::keyClick(named<QPlainTextEdit>("question"), Qt::Key_Escape);
    else
        QTest::mouseClick(named<Button>("stop"), Qt::LeftButton);
    QTRY_VERIFY(named<Button>("send")->isEnabled());
    QVERIFY(isTextShown(QStringLiteral("tokens, stopped")));
    QVERIFY(!shown("tunedAnswer").contains(QStringLiteral("\u2588")));
    const auto count = column(1)->answer().size();
    QVERIFY(count < 120);
    QTest::qWait(100);
    QCOMPARE(column(1)->answer().size(), count); // nothing comes after the end
    // The engine has stopped too: the next question is answered.
    m_fixture->engine->beforeToken = {};
    m_fixture->engine->answers.clear();
    askAndWait(QStringLiteral("When do you open?"));
    QTRY_COMPARE(shown("tunedAnswer"), kTunedAnswer);
}

// Behind other work the question only waits; it can be taken back all the same.
void PlaygroundPageTest::waitingQuestionCanBeStopped()
{
    open();
    auto isHeld = std::make_shared<std::atomic<bool>>(false);
    m_fixture->bridge->work<int>(QStringLiteral("Export"), JobInfo::Kind::Export, nullptr,
                        [isHeld, gate = m_fixture->gate](const JobContext &) -> Result<int> {
                            *isHeld = true;
                            gate->acquire();
                            return 1;
                        },
                        {});
    QTRY_VERIFY(*isHeld);
    ask(QStringLiteral("When do you open?"));
    QVERIFY(named<Button>("stop")->isEnabled());
    QTest::keyClick(named<QPlainTextEdit>("question"), Qt::Key_Escape);
    QTRY_VERIFY(named<Button>("send")->isEnabled());
    m_fixture->gate->release();
    askAndWait(QStringLiteral("When do you open on Sunday?"));
    QCOMPARE(asked().size(), std::size_t(1));
    QCOMPARE(shown("tunedAnswer"), kTunedAnswer);
}

void PlaygroundPageTest::errorIsToldAndAskedAnew()
{
    open();
    m_fixture->engine->answerError = Error{ErrorCode::BadInput, "The adapter of run 1 cannot be read: the file ends early.", "Choose another checkpoint.", {}};
    ask(QStringLiteral("When do you open?"));
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    const Message message = m_fixture->window->findChild<MessageBar *>()->message();
    QVERIFY(message.what.contains(QStringLiteral("cannot be read: the file ends early.")));
    QVERIFY(message.remedy.contains(QStringLiteral("Choose another checkpoint.")));
    QVERIFY(isTextShown(QStringLiteral("no answer")) && !isTextShown(QStringLiteral("0 tokens")));
    QVERIFY(!shown("baseAnswer").contains(QStringLiteral("\u2588")));
    QVERIFY(named<Button>("send")->isEnabled());
    picture(QStringLiteral("error"));
    picture(QStringLiteral("error"), true, {1024, 700});
    m_fixture->engine->answerError = {};
    QTest::mouseClick(named<Button>("send"), Qt::LeftButton);
    QTRY_COMPARE(shown("tunedAnswer"), kTunedAnswer);
}

void PlaygroundPageTest::againTakesAnotherSeed()
{
    open();
    auto *again = named<Button>("askAgain");
    QVERIFY(!again->isEnabled());
    askAndWait(QStringLiteral("When do you open?"));
    named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("Something else, not sent"));
    QVERIFY(again->isEnabled());
    QTest::mouseClick(again, Qt::LeftButton);
    QTRY_COMPARE(asked().size(), std::size_t(2));
    QTRY_VERIFY(named<Button>("send")->isEnabled());
    QCOMPARE(asked()[1].conversation.back().text, std::string("When do you open?"));
    QVERIFY(asked()[1].sampling.seed != asked()[0].sampling.seed);
    QCOMPARE(named<QLineEdit>("seed")->text(), QString::number(asked()[1].sampling.seed));
    QCOMPARE(head(1)->findChild<Badge *>(QStringLiteral("seedBadge"))->text(), QString::number(asked()[1].sampling.seed));
    QTest::keyClick(named<QPlainTextEdit>("question"), Qt::Key_R, Qt::ControlModifier);
    QTRY_COMPARE(asked().size(), std::size_t(3));
    // Sent once more, the same seed gives the same question.
    QTRY_VERIFY(named<Button>("send")->isEnabled());
    QTest::mouseClick(named<Button>("send"), Qt::LeftButton);
    QTRY_COMPARE(asked().size(), std::size_t(4));
    QCOMPARE(asked()[3].sampling.seed, asked()[2].sampling.seed);
}

void PlaygroundPageTest::tokenShowsWhatElseWasLikely()
{
    m_fixture->engine->answers = {{"base", "If your cat is sick, ask a veterinarian."}, {"1", "If your cat is bright and eating, wait."}};
    open();
    askAndWait(QStringLiteral("My cat was sick twice."));
    AnswerColumn *tuned = column(1);
    TokenPane &pane = tuned->tokenPane();
    QVERIFY(!pane.isVisible());
    // A click shows the token; both columns had read the same by then, so that both are shown.
    QTest::mouseClick(tuned->textView().viewport(), Qt::LeftButton, {}, pointOf(1, 17));
    QCOMPARE(tuned->chosenToken(), std::optional(4));
    QVERIFY(pane.isVisible());
    QVERIFY(isTextShown(QStringLiteral("Token 5")));
    QCOMPARE(pane.rows().size(), std::size_t(3)); // two of the engine's, and the rest
    QCOMPARE(pane.rows()[0].text, QStringLiteral("bright"));
    QVERIFY(pane.rows()[0].isChosen && !pane.rows()[0].other);
    QCOMPARE(pane.rows()[1].text, QStringLiteral("sick"));
    QCOMPARE(probabilityText(pane.rows()[1].own), QStringLiteral("6.0 %"));
    QVERIFY(pane.rows()[2].isRest);
    QCOMPARE(probabilityText(pane.rows()[2].own), QStringLiteral("20 %"));
    QVERIFY(pane.accessibleDescription().contains(QStringLiteral("bright 74 %")));
    picture(QStringLiteral("token"));
    picture(QStringLiteral("token"), true);
    picture(QStringLiteral("token"), false, {1024, 700});
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
    QTest::mouseClick(column(0)->textView().viewport(), Qt::LeftButton, {}, pointOf(0, 17));
    QVERIFY(column(0)->tokenPane().isVisible() && !pane.isVisible());
    column(0)->textView().setFocus();
    QTest::keyClick(&column(0)->textView(), Qt::Key_Escape);
    QVERIFY(!column(0)->tokenPane().isVisible());
    // A new question takes it away.
    QTest::mouseClick(tuned->textView().viewport(), Qt::LeftButton, {}, pointOf(1, 17));
    QVERIFY(pane.isVisible());
    askAndWait(QStringLiteral("And if it is a kitten?"));
    QVERIFY(!pane.isVisible());
}

void PlaygroundPageTest::questionsAreOffered()
{
    open();
    auto *list = m_page->findChild<QListWidget *>();
    QCOMPARE(list->count(), 6); // the held-out records of the sixty
    QVERIFY(list->item(0)->toolTip().startsWith(QStringLiteral("Held out, never seen in training:")));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center());
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), list->item(1)->data(Qt::UserRole).toString());
    // The same one again, after the field was changed.
    named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("changed"));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center());
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), list->item(1)->data(Qt::UserRole).toString());
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Down);
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_COMPARE(asked().size(), std::size_t(1));
    QCOMPARE(asked()[0].conversation.back().text, list->item(2)->data(Qt::UserRole).toString().toStdString());
}

void PlaygroundPageTest::promptIsSavedWithItsSystem()
{
    open();
    named<QLineEdit>("system")->setText(QStringLiteral("Be brief."));
    named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("How long does a cat fast?"));
    QTest::mouseClick(named<Button>("savePrompt"), Qt::LeftButton);
    auto *list = m_page->findChild<QListWidget *>();
    QTRY_COMPARE(list->count(), 7);
    QCOMPARE(list->item(0)->text(), QStringLiteral("How long does a cat fast?"));
    named<QLineEdit>("system")->setText(QStringLiteral("Be long."));
    named<QPlainTextEdit>("question")->clear();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(0)).center());
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), QStringLiteral("How long does a cat fast?"));
    QCOMPARE(named<QLineEdit>("system")->text(), QStringLiteral("Be brief."));
}

void PlaygroundPageTest::targetChoosesRunAndCheckpoint()
{
    open(2);
    QCOMPARE(named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 2, step 207")); // the newest
    m_fixture->window->openPage(QStringLiteral("playground"), QStringLiteral("run 1 100"));
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 1, checkpoint 100"));
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(asked().at(0).columns.at(1).adapter, std::string("1@100"));
    m_fixture->window->openPage(QStringLiteral("playground"), QStringLiteral("run 2"));
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->currentText(), QStringLiteral("Run 2, step 207"));
}

void PlaygroundPageTest::resultIsExported()
{
    open();
    QTest::mouseClick(named<Button>("export"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<ExportDialog *>() != nullptr);
    auto *dialog = m_fixture->window->findChild<ExportDialog *>();
    QTRY_VERIFY(dialog->isVisible());
    const auto inside = [&](const char *name) { return dialog->findChild<QWidget *>(QLatin1String(name)); };
    auto *start = qobject_cast<Button *>(inside("startExport"));
    auto *reason = qobject_cast<QLabel *>(inside("exportReason"));
    auto *verdict = qobject_cast<QLabel *>(inside("exportVerdict"));

    // The method of run 1 is LoRA: no AdapterHub, and it says why.
    dialog->choose("adapterhub");
    QTRY_VERIFY(!start->isEnabled());
    QVERIFY(reason->isVisible() && reason->text().contains(QStringLiteral("bottleneck")));
    dialog->choose("ollama");
    QVERIFY(start->isEnabled() && !reason->isVisible());
    QVERIFY(inside("exportSystem")->isVisible());

    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-ollama")));
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->isVisible());
    QVERIFY2(verdict->text().contains(QStringLiteral("proved")), qPrintable(verdict->text()));
    QVERIFY(m_fixture->engine->lastExport.target == "ollama" && m_fixture->engine->lastExport.type == "q8_0");
    QVERIFY(qobject_cast<QPlainTextEdit *>(inside("exportNext"))->toPlainText().contains(QStringLiteral("ollama create run-1")));

    // Few bits: the file is whole, but nobody is told that it answers like its source.
    m_fixture->engine->isExportRounded = true;
    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-small")));
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->text().contains(QStringLiteral("undamaged")) && !verdict->text().contains(QStringLiteral("proved")));
    m_fixture->engine->isExportRounded = false;

    // A file that does not answer alike is never called good; an error says what to do.
    m_fixture->engine->exportCause = "tokenizer: splits in another way";
    m_fixture->window->dialogs().setNextFileName(m_fixture->dir.filePath(QStringLiteral("run-1-gguf")));
    dialog->choose("gguf");
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY(verdict->isVisible() && verdict->text().contains(QStringLiteral("Do not use it")));
    QVERIFY(!inside("exportNext")->isVisible());
    const auto controls = WindowFixture::controlsOf(*dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QTest::mouseClick(qobject_cast<Button *>(inside("exportClose")), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<ExportDialog *>() == nullptr);
}

void PlaygroundPageTest::wrongAnswerBecomesARecord()
{
    open();
    askAndWait(QStringLiteral("When do you open?"));
    const QString said = column(1)->text().trimmed();
    QVERIFY(!said.isEmpty());
    QTest::mouseClick(named<Button>("correctTuned"), Qt::LeftButton);
    QTRY_VERIFY(m_page->findChild<CorrectionDialog *>() != nullptr);
    auto *dialog = m_page->findChild<CorrectionDialog *>();
    QTRY_VERIFY(dialog->isVisible());
    auto *answer = dialog->findChild<QPlainTextEdit *>(QStringLiteral("correctAnswer"));
    auto *save = dialog->findChild<Button *>(QStringLiteral("saveCorrection"));
    QCOMPARE(answer->toPlainText(), said);
    QVERIFY(!save->isEnabled()); // nothing was corrected yet
    const auto controls = WindowFixture::controlsOf(*dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    answer->setPlainText(QStringLiteral("At half past eight, Thursdays at ten."));
    QVERIFY(save->isEnabled());
    QTest::mouseClick(dialog->findChild<Button *>(QStringLiteral("tryCorrection")), Qt::LeftButton);
    auto *trial = dialog->findChild<QTextEdit *>(QStringLiteral("correctTrial"));
    QTRY_VERIFY(trial->isVisible());
    QVERIFY2(trial->toPlainText().contains(QStringLiteral("At half past eight")) && trial->toPlainText().contains(QStringLiteral("1 of 2")), qPrintable(trial->toPlainText()));
    QTest::mouseClick(save, Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QVERIFY(m_fixture->window->findChild<MessageBar *>()->message().what.contains(QStringLiteral("Saved as record")));
    engine::RecordFilter filter;
    const auto ids = m_fixture->bridge->project()->recordIds(filter);
    QVERIFY(ids.has_value());
    const auto newest = *std::max_element(ids->begin(), ids->end(), [](RecordId a, RecordId b) { return a.value < b.value; });
    const auto record = m_fixture->bridge->project()->record(newest);
    QVERIFY(record.has_value());
    QCOMPARE(std::string(data::instructionOf(*record)), std::string("When do you open?"));
    QCOMPARE(std::string(data::responseOf(*record)), std::string("At half past eight, Thursdays at ten."));
    QCOMPARE(record->tags, std::vector<std::string>{"corrected"});
    QVERIFY(record->split == data::Split::Train && record->status == data::RecordStatus::Approved);
    QVERIFY(QString::fromStdString(record->note).contains(said));
}

void PlaygroundPageTest::comparisonIsCopied()
{
    open();
    askAndWait(QStringLiteral("When do you open?"));
    QAction *copy = nullptr;
    for (QAction *action : m_page->actions())
        if (action->objectName() == QLatin1String("copyComparison"))
            copy = action;
    QVERIFY(copy != nullptr && copy->isEnabled());
    copy->trigger();
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.contains(QStringLiteral("**Question:** When do you open?")) && text.contains(QStringLiteral("> ") + column(0)->text().section(QLatin1Char('\n'), 0, 0)), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("no adapter, weights")) && text.contains(QStringLiteral("seed 1207")));
}

// What was asked in one project is not shown in another, and does not go on there.
void PlaygroundPageTest::otherProjectStartsEmpty()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { (void)gate->try_acquire_for(std::chrono::milliseconds(20)); };
    open();
    ask(QStringLiteral("When do you open?"));
    QTRY_VERIFY(column(1)->answer().size() > 1);
    const std::filesystem::path other = (m_fixture->dir.path() + QStringLiteral("/Other.fettle")).toStdString();
    std::filesystem::create_directories(other);
    m_fixture->engine->addProject(other, fakeRecords(20));
    m_fixture->bridge->openProject(other);
    QTRY_COMPARE(m_fixture->bridge->project() ? m_fixture->bridge->project()->folder() : std::filesystem::path(), other);
    QTRY_VERIFY(column(0)->answer().empty());
    QTest::qWait(200);
    QVERIFY(column(0)->answer().empty() && column(1)->answer().empty());
    QVERIFY(!named<ElidedLabel>("askedQuestion")->text().contains(QStringLiteral("When do you open?")));
    QVERIFY(named<QPlainTextEdit>("question")->toPlainText().isEmpty());
    QVERIFY(!named<Button>("stop")->isEnabled());
    QVERIFY(!named<Button>("askAgain")->isEnabled());
    QVERIFY(!head(1)->findChild<Badge *>(QStringLiteral("hashBadge"))->isVisible());
}

void PlaygroundPageTest::everyControlHasAName()
{
    open();
    askAndWait(QStringLiteral("When do you open?"));
    QTest::mouseClick(column(1)->textView().viewport(), Qt::LeftButton, {}, pointOf(1, 2));
    QVERIFY(column(1)->tokenPane().isVisible());
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QVERIFY2(controls.count > 18, QByteArray::number(controls.count).constData());
    // Tab reaches all of it from the question on, and comes back.
    QSet<QString> reached;
    auto *composer = named<QPlainTextEdit>("question");
    composer->setFocus();
    for (int i = 0; i < 80; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        reached.insert(QApplication::focusWidget()->objectName());
        if (QApplication::focusWidget() == composer)
            break;
    }
    QCOMPARE(QApplication::focusWidget(), composer);
    for (const char *wanted : {"system", "send", "seed", "greedy", "adapterChoice", "strength", "hashBadge", "askAgain", "baseAnswer", "tunedAnswer", "export"})
        QVERIFY2(reached.contains(QLatin1String(wanted)), wanted);
}

void PlaygroundPageTest::narrowWindowFits()
{
    m_fixture->state->settings["defaultSystem"] = "\"You answer for Hollybrook Veterinary Clinic. Be short, calm and exact.\"";
    open();
    QVERIFY(!named<Button>("questions")->isVisible());
    m_fixture->window->resize(1024, 700);
    QTRY_COMPARE(m_fixture->window->width(), 1024);
    QTRY_VERIFY(named<Button>("questions")->isVisible());
    QVERIFY(!m_page->findChild<QListWidget *>()->isVisible());
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->window->width(), 1024);
    for (auto *widget : m_page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus))
            continue;
        const QRect place(widget->mapTo(m_page, QPoint(0, 0)), widget->size());
        QVERIFY2(m_page->rect().contains(place), widget->metaObject()->className());
        QVERIFY2(widget->width() >= widget->minimumSizeHint().width(), widget->metaObject()->className());
    }
    // The questions are still there.
    QTest::mouseClick(named<Button>("questions"), Qt::LeftButton);
    QMenu *menu = nullptr;
    QTRY_VERIFY((menu = qobject_cast<QMenu *>(QApplication::activePopupWidget())));
    QVERIFY(menu->actions().size() > 6);
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Return);
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), m_page->findChild<QListWidget *>()->item(0)->data(Qt::UserRole).toString());
}

QTEST_MAIN(PlaygroundPageTest)
#include "tst_playgroundpage.moc"
