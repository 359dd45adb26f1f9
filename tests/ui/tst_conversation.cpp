// Conversations in the Playground: follow-ups with each column's own answers, an edited question, a branch. The history that keeps and finds them is in
// tst_playgroundaround. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/playgroundfixture.h"
#include "ui/playground/correctiondialog.h"
#include "ui/playground/pastturn.h"
#include "ui/playground/tokenpane.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScrollArea>
#include <QScrollBar>
#include <QWheelEvent>

using namespace fettle;
using namespace fettle::ui;

class ConversationTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_conversation")); }
    void init();
    void cleanup();

    void followUpRemembersOwnAnswers();
    void earlierExchangesStayInView();
    void earlierExchangeIsWorkedOn();
    void longConversationScrolls();
    void turnsFollowTheColumns();
    void withoutFollowUpItBeginsAnew();
    void askedQuestionMakesRoomForAFollowUp();
    void questionsCanBeLookedThrough();
    void editedQuestionTakesItsPlace();
    void branchKeepsWhatWas();
    void copyHoldsTheWholeConversation();
    void contextAndToolsGoWithTheQuestion();
    void toolsThatAreNoListAreNotSent();
    void correctionKeepsWhatWasSaidBefore();
    void narrowWindowFits();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QList<AnswerColumn *> columns() const { return m_page->findChildren<AnswerColumn *>(); }
    [[nodiscard]] engine::GenerateRequest asked() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->asked.back();
    }
    void askAndWait(const QString &question);
    void press(const char *button) { QTest::mouseClick(named<Button>(button), Qt::LeftButton); }
    void follow(bool isFollowing) { named<QCheckBox>("followUp")->setChecked(isFollowing); }
    [[nodiscard]] QStringList history() const { return historyOf(*m_page); }
    [[nodiscard]] QList<PastTurn *> past() const // that can be seen, from top to bottom
    {
        QList<PastTurn *> turns = m_page->findChildren<PastTurn *>();
        turns.removeIf([](const PastTurn *turn) { return !turn->isVisibleTo(turn->parentWidget()); });
        std::ranges::sort(turns, {}, &QWidget::y);
        return turns;
    }
    static std::vector<std::string> texts(const std::vector<data::Turn> &turns)
    {
        std::vector<std::string> all;
        for (const auto &turn : turns)
            all.push_back(turn.text);
        return all;
    }

    struct Seen { std::mutex mutex; std::vector<engine::GenerateRequest> asked; };
    std::unique_ptr<WindowFixture> m_fixture;
    std::shared_ptr<Seen> m_seen;
    PlaygroundPage *m_page = nullptr;
};

void ConversationTest::init()
{
    m_fixture->start(40);
    m_seen = std::make_shared<Seen>();
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
    m_fixture->engine->answers = {{"base", "A base answer."}, {"1", "Run one says so."}, {"2", "Run two says so."}};
    m_fixture->engine->beforeAnswer = [seen = m_seen](const engine::GenerateRequest &request) {
        const std::scoped_lock lock(seen->mutex);
        seen->asked.push_back(request);
    };
    for (int id = 1; id <= 2; ++id) {
        engine::RunInfo run;
        run.id = RunId{id};
        run.name = "Run " + std::to_string(id);
        run.state = engine::RunState::Finished;
        run.step = run.steps = 207;
        run.adapter = "runs/" + std::to_string(id) + "/adapter";
        m_fixture->state->runs.push_back(run);
    }
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 2);
}

void ConversationTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void ConversationTest::askAndWait(const QString &question)
{
    const std::size_t before = [&] {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->asked.size();
    }();
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(question);
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY([&] {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->asked.size() > before;
    }());
    QTRY_VERIFY(!named<Button>("stop")->isEnabled() && columns().at(0)->isFinished());
}

void ConversationTest::followUpRemembersOwnAnswers()
{
    QVERIFY(!named<QCheckBox>("followUp")->isEnabled()); // there is nothing to follow
    named<QLineEdit>("system")->setText(QStringLiteral("Be brief."));
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    const auto request = asked();
    QCOMPARE(texts(request.columns[0].conversation), (std::vector<std::string>{"Be brief.", "First?", "A base answer.", "Second?"}));
    QCOMPARE(texts(request.columns[1].conversation), (std::vector<std::string>{"Be brief.", "First?", "Run two says so.", "Second?"}));
    QVERIFY(request.columns[1].conversation[2].role == data::Role::Assistant);
    QCOMPARE(named<TextLabel>("questionNumber")->text(), QStringLiteral("2 of 2"));
    m_fixture->picture(QStringLiteral("playground-conversation"));
    m_fixture->picture(QStringLiteral("playground-conversation"), true, {1024, 700});
}

void ConversationTest::earlierExchangesStayInView()
{
    askAndWait(QStringLiteral("First?"));
    QVERIFY(past().isEmpty());
    m_fixture->engine->answers["2"] = "Run two now says more.";
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    QCOMPARE(past().size(), 1);
    const PastTurn *first = past().front();
    QCOMPARE(first->question(), QStringLiteral("First?"));
    QCOMPARE(first->answerOf(1)->text(), QStringLiteral("A base answer."));
    QCOMPARE(first->answerOf(2)->text(), QStringLiteral("Run two says so."));
    QCOMPARE(first->answerOf(2)->divergence(), 0); // marked as it was
    QCOMPARE(first->answerOf(1)->divergence(), 0);
    QCOMPARE(columns().at(1)->text(), QStringLiteral("Run two now says more."));
    QVERIFY(named<QPlainTextEdit>("question")->toPlainText().isEmpty()); // it stands above the answers
    QTRY_VERIFY(2 * first->height() < named<QScrollArea>("turns")->viewport()->height()); // no higher than it needs: the last takes what is left
    const auto top = [](const QWidget *widget) { return widget->mapToGlobal(QPoint()).y(); };
    QTRY_VERIFY(top(first) + first->height() <= top(named<ElidedLabel>("askedQuestion")));
    for (const int column : {1, 2}) { // each below its own head
        const QWidget *own = columns().at(column - 1);
        QTRY_COMPARE(first->answerOf(column)->mapToGlobal(QPoint()).x(), own->mapToGlobal(QPoint()).x());
        QCOMPARE(first->answerOf(column)->width(), own->width());
    }
    // Going back changes which one is worked on, not their order.
    press("earlierQuestion");
    QCOMPARE(past().size(), 1);
    QCOMPARE(past().front()->question(), QStringLiteral("Second?"));
    QCOMPARE(past().front()->answerOf(2)->text(), QStringLiteral("Run two now says more."));
    QTRY_VERIFY(top(past().front()) > top(named<ElidedLabel>("askedQuestion")));
    // A new conversation begins with an empty page, and so does another project.
    follow(false);
    askAndWait(QStringLiteral("Third?"));
    QVERIFY(past().isEmpty());
}

// A click on an earlier question, one of its words or its buttons makes it the one that is worked on.
void ConversationTest::earlierExchangeIsWorkedOn()
{
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    QTextEdit &view = past().front()->answerOf(2)->textView();
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.cursorRect(view.document()->find(QStringLiteral("two"))).center() - QPoint(4, 0));
    QTRY_COMPARE(named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("First?"));
    QCOMPARE(columns().at(1)->chosenToken(), std::optional(1));
    QVERIFY(columns().at(1)->tokenPane().isVisible());
    QTest::mouseClick(past().front()->findChild<ElidedLabel *>(QStringLiteral("pastQuestion")), Qt::LeftButton);
    QTRY_COMPARE(named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("Second?"));
    QTest::mouseClick(past().front()->findChild<Button *>(QStringLiteral("pastcorrectTuned")), Qt::LeftButton);
    QTRY_VERIFY(m_page->findChild<CorrectionDialog *>() != nullptr);
    QCOMPARE(m_page->findChild<CorrectionDialog *>()->findChild<QPlainTextEdit *>(QStringLiteral("correctQuestion"))->toPlainText(), QStringLiteral("First?"));
    m_page->findChild<CorrectionDialog *>()->reject();
    named<QPlainTextEdit>("question")->clear();
    QTest::mouseClick(past().front()->findChild<Button *>(QStringLiteral("pastEdit")), Qt::LeftButton);
    QTRY_COMPARE(named<QPlainTextEdit>("question")->toPlainText(), QStringLiteral("Second?"));
    QTest::mouseClick(past().front()->findChild<Button *>(QStringLiteral("pastBranch")), Qt::LeftButton);
    QTRY_VERIFY(past().isEmpty()); // what came after it is in the history
    QCOMPARE(named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("First?"));
    askAndWait(QStringLiteral("Other second?"));
    QCOMPARE(texts(asked().columns[0].conversation), (std::vector<std::string>{"First?", "A base answer.", "Other second?"}));
}

void ConversationTest::longConversationScrolls()
{
    m_fixture->engine->answers["base"] = QStringLiteral("%1\n\n%2").arg(QString(600, QLatin1Char('x')), QString(300, QLatin1Char('y'))).toStdString();
    m_fixture->window->resize(1024, 700);
    askAndWait(QStringLiteral("Question 1?"));
    follow(true);
    for (int i = 2; i <= 6; ++i)
        askAndWait(QStringLiteral("Question %1?").arg(i));
    QCOMPARE(past().size(), 5);
    auto *turns = named<QScrollArea>("turns");
    const QScrollBar *bar = turns->verticalScrollBar();
    const auto isInView = [&](const char *name) {
        const auto *question = named<ElidedLabel>(name);
        const int y = question->mapTo(turns->viewport(), QPoint()).y();
        return y >= 0 && y + question->height() <= turns->viewport()->height();
    };
    QTRY_VERIFY(bar->maximum() > 0);
    QTRY_COMPARE(bar->value(), bar->maximum()); // the newest can be seen
    QVERIFY(named<QScrollBar>("turnBar")->isVisible());
    QVERIFY(named<Separator>("headLine")->isVisible()); // heads and answers do not run into each other
    for (int i = 5; i >= 1; --i) {
        press("earlierQuestion");
        QCOMPARE(named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("Question %1?").arg(i));
        QTRY_VERIFY(isInView("askedQuestion"));
    }
    m_fixture->picture(QStringLiteral("playground-turns"));
    m_fixture->picture(QStringLiteral("playground-turns"), true);
    QTRY_COMPARE(bar->value(), 0);
    QVERIFY(!named<Separator>("headLine")->isVisible());
    // The wheel over an answer moves the whole conversation.
    const int before = bar->value();
    QTextEdit &view = columns().at(0)->textView();
    const QPointF point = view.viewport()->rect().center();
    QWheelEvent wheel(point, view.viewport()->mapToGlobal(point), {}, QPoint(0, -240), Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QSpontaneKeyEvent::setSpontaneous(&wheel); // as from the mouse: what one widget leaves goes to the one that holds it
    qApp->notify(view.viewport(), &wheel);
    QTRY_VERIFY(bar->value() > before);
    // While an answer grows the reader is left where they look.
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(QStringLiteral("Question 7?"));
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    m_fixture->gate->release(2);
    QTRY_VERIFY(!columns().at(0)->answer().empty());
    QTRY_COMPARE(bar->value(), bar->maximum());
    named<QScrollBar>("turnBar")->setValue(0);
    m_fixture->gate->release(1000);
    QTRY_VERIFY(columns().at(0)->isFinished() && columns().at(1)->isFinished());
    QCOMPARE(bar->value(), 0);
}

// An added column has no answer to what was asked before it came, and says so; a removed one takes its answers from the page.
void ConversationTest::turnsFollowTheColumns()
{
    askAndWait(QStringLiteral("First?"));
    QTest::mouseClick(named<Button>("addColumn"), Qt::LeftButton);
    QTRY_VERIFY(m_page->findChild<QMenu *>(QStringLiteral("columnMenu")));
    m_page->findChild<QMenu *>(QStringLiteral("columnMenu"))->actions().at(1)->trigger();
    QTRY_VERIFY(named<QTextEdit>("answer3") != nullptr);
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    QCOMPARE(past().size(), 1);
    QVERIFY(past().front()->answerOf(3)->text().isEmpty());
    QCOMPARE(past().front()->answerOf(3)->ending(), QStringLiteral("not asked"));
    QTRY_COMPARE(past().front()->answerOf(3)->mapToGlobal(QPoint()).x(), named<QTextEdit>("answer3")->parentWidget()->mapToGlobal(QPoint()).x());
    QTest::mouseClick(named<Button>("removeColumn"), Qt::LeftButton);
    QTRY_VERIFY(named<QTextEdit>("answer3") == nullptr);
    QCOMPARE(past().size(), 1);
    QVERIFY(past().front()->answerOf(3) == nullptr);
}

void ConversationTest::withoutFollowUpItBeginsAnew()
{
    askAndWait(QStringLiteral("First?"));
    askAndWait(QStringLiteral("Second?"));
    QCOMPARE(asked().conversation.size(), std::size_t(1));
    QVERIFY(asked().columns[0].conversation.empty());
    QVERIFY(!named<TextLabel>("questionNumber")->isVisible());
    QTRY_COMPARE(history(), (QStringList{QStringLiteral("Second?"), QStringLiteral("First?")}));
}

// What was asked stands above already: it is not to be joined to the next question. What was not asked yet stays.
void ConversationTest::askedQuestionMakesRoomForAFollowUp()
{
    auto *composer = named<QPlainTextEdit>("question");
    askAndWait(QStringLiteral("First?"));
    follow(true);
    QCOMPARE(composer->toPlainText(), QString());
    follow(false);
    composer->setPlainText(QStringLiteral("Second?"));
    follow(true);
    QCOMPARE(composer->toPlainText(), QStringLiteral("Second?"));
}

void ConversationTest::questionsCanBeLookedThrough()
{
    askAndWait(QStringLiteral("First?"));
    m_fixture->engine->answers["base"] = "Another answer.";
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    press("earlierQuestion");
    QCOMPARE(named<ElidedLabel>("askedQuestion")->text(), QStringLiteral("First?"));
    QCOMPARE(named<QTextEdit>("baseAnswer")->toPlainText(), QStringLiteral("A base answer."));
    QVERIFY(m_page->findChildren<ColumnHead *>().at(1)->findChild<Badge *>(QStringLiteral("hashBadge"))->isVisible()); // of that answer
    QCOMPARE(columns().at(1)->divergence(), 0);
    QVERIFY(!named<Button>("earlierQuestion")->isEnabled());
    press("laterQuestion");
    QCOMPARE(named<QTextEdit>("baseAnswer")->toPlainText(), QStringLiteral("Another answer."));
}

void ConversationTest::editedQuestionTakesItsPlace()
{
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    press("earlierQuestion");
    QTest::keyClick(m_page, Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), QStringLiteral("First?"));
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("takes the place of number 1")));
    askAndWait(QStringLiteral("First, better?"));
    QCOMPARE(texts(asked().conversation), (std::vector<std::string>{"First, better?"}));
    QVERIFY(!named<TextLabel>("questionNumber")->isVisible()); // what followed has gone from here
    QTRY_COMPARE(history(), (QStringList{QStringLiteral("First, better?"), QStringLiteral("First?")}));
    openFromHistory(*m_page, QStringLiteral("First?"));
    QTRY_COMPARE(named<TextLabel>("questionNumber")->text(), QStringLiteral("2 of 2")); // ... and is still there
}

void ConversationTest::branchKeepsWhatWas()
{
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    press("earlierQuestion");
    press("branchConversation");
    askAndWait(QStringLiteral("Other second?"));
    QCOMPARE(texts(asked().columns[0].conversation), (std::vector<std::string>{"First?", "A base answer.", "Other second?"}));
    QTRY_COMPARE(history().size(), 2);
    const auto kept = m_fixture->state->history;
    QCOMPARE(kept.size(), std::size_t(2));
    QCOMPARE(kept[0].exchanges[1].question, std::string("Second?"));
    QCOMPARE(kept[1].exchanges[1].question, std::string("Other second?"));
    // Asked again, with another seed: the answer before stays in the history as well.
    press("askAgain");
    QTRY_COMPARE(history().size(), 3);
}

void ConversationTest::copyHoldsTheWholeConversation()
{
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    for (QAction *action : m_page->actions())
        if (action->objectName() == QLatin1String("copyComparison"))
            action->trigger();
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.indexOf(QStringLiteral("**Question:** First?")) < text.indexOf(QStringLiteral("**Question:** Second?")), qPrintable(text));
    QCOMPARE(text.count(QStringLiteral("> Run two says so.")), 2);
}

void ConversationTest::contextAndToolsGoWithTheQuestion()
{
    const QString tools = QStringLiteral(R"([{"type": "function", "function": {"name": "book_visit"}}, {"name": "fee_of"}])");
    auto *fold = named<Button>("promptParts");
    auto *context = named<QPlainTextEdit>("context"), *toolField = named<QPlainTextEdit>("tools");
    QVERIFY(!context->isVisible() && fold->text() == QStringLiteral("Context and tools"));
    QTest::mouseClick(fold, Qt::LeftButton);
    QVERIFY(context->isVisible() && context->hasFocus());
    QTest::keyClicks(context, QStringLiteral("Rex, 12 kg"));
    QTest::keyClick(context, Qt::Key_Tab);
    QVERIFY(toolField->hasFocus());
    toolField->setPlainText(tools);
    QCOMPARE(named<TextLabel>("toolNote")->text(), QStringLiteral("book_visit, fee_of"));
    m_fixture->picture(QStringLiteral("playground-context"));
    m_fixture->picture(QStringLiteral("playground-context"), true, {1024, 700});
    QTest::mouseClick(fold, Qt::LeftButton);
    QVERIFY(!context->isVisible());
    QCOMPARE(fold->text(), QStringLiteral("Context, 2 tools")); // folded away, it is still said
    askAndWait(QStringLiteral("How much may he have?"));
    QCOMPARE(asked().context, std::string("Rex, 12 kg"));
    QCOMPARE(asked().toolsJson, tools.toStdString());
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("The tools were not read")));
    follow(true);
    askAndWait(QStringLiteral("And a cat?"));
    QCOMPARE(asked().context, std::string("Rex, 12 kg")); // of the first question still
    // Kept with a saved question and in the history, found by their words, copied, and put back.
    named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("How much may he have?"));
    press("savePrompt");
    auto *list = m_page->findChild<QListWidget *>();
    QTRY_COMPARE(list->item(0)->text(), QStringLiteral("How much may he have?"));
    QCOMPARE(m_fixture->state->prompts.back().context, std::string("Rex, 12 kg"));
    QTRY_COMPARE(history().size(), 1);
    QCOMPARE(m_fixture->state->history.back().toolsJson, tools.toStdString());
    named<QLineEdit>("findQuestions")->setText(QStringLiteral("rex"));
    QCOMPARE(history().size(), 1);
    QVERIFY(!list->item(0)->isHidden());
    for (QAction *action : m_page->actions())
        if (action->objectName() == QLatin1String("copyComparison"))
            action->trigger();
    const QString text = QGuiApplication::clipboard()->text();
    QVERIFY2(text.contains(QStringLiteral("> Rex, 12 kg")) && text.contains(QStringLiteral("**Tools:** book_visit, fee_of")) && text.contains(QStringLiteral("temperature 0.7")), qPrintable(text));
    named<QLineEdit>("findQuestions")->clear();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center()); // a held-out one, without
    QVERIFY(context->toPlainText().isEmpty() && toolField->toPlainText().isEmpty());
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(0)).center());
    QCOMPARE(context->toPlainText(), QStringLiteral("Rex, 12 kg"));
    named<QPlainTextEdit>("context")->clear();
    openFromHistory(*m_page, QStringLiteral("How much may he have?"));
    QTRY_COMPARE(context->toPlainText(), QStringLiteral("Rex, 12 kg"));
}

void ConversationTest::toolsThatAreNoListAreNotSent()
{
    auto *tools = named<QPlainTextEdit>("tools");
    named<QPlainTextEdit>("question")->setPlainText(QStringLiteral("When?"));
    for (const char *wrong : {"[{\"name\": \"a\"", "{\"name\": \"a\"}", "[{\"kind\": 1}]"}) {
        tools->setPlainText(QLatin1String(wrong));
        QVERIFY2(!named<Button>("send")->isEnabled(), wrong);
        QVERIFY2(!named<TextLabel>("toolNote")->text().isEmpty(), wrong);
    }
    QTest::keyClick(named<QPlainTextEdit>("question"), Qt::Key_Return, Qt::ControlModifier);
    QVERIFY(!named<Button>("stop")->isEnabled());
    tools->clear();
    QVERIFY(named<Button>("send")->isEnabled());
}

// The corrected answer of a follow-up is learnt with all that was said before it; earlier answers of the model are read, never learnt.
void ConversationTest::correctionKeepsWhatWasSaidBefore()
{
    named<QLineEdit>("system")->setText(QStringLiteral("Be brief."));
    named<QPlainTextEdit>("context")->setPlainText(QStringLiteral("Rex, 12 kg"));
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    press("correctTuned");
    QTRY_VERIFY(m_page->findChild<CorrectionDialog *>() != nullptr);
    auto *dialog = m_page->findChild<CorrectionDialog *>();
    QTRY_VERIFY(dialog->isVisible());
    QVERIFY(dialog->findChild<QLabel *>(QStringLiteral("correctBefore"))->isVisible());
    QCOMPARE(dialog->findChild<QPlainTextEdit *>(QStringLiteral("correctQuestion"))->toPlainText(), QStringLiteral("Second?"));
    QVERIFY(dialog->findChild<QPlainTextEdit *>(QStringLiteral("correctContext"))->isVisible());
    dialog->findChild<QPlainTextEdit *>(QStringLiteral("correctAnswer"))->setPlainText(QStringLiteral("Right."));
    const data::Record record = dialog->record();
    QCOMPARE(texts(record.turns), (std::vector<std::string>{"Be brief.", "First?", "Run two says so.", "Second?", "Right."}));
    QCOMPARE(record.turns[2].extraJson, std::string(R"({"weight": 0})"));
    QVERIFY(record.turns.back().extraJson.empty());
    QCOMPARE(record.context, std::string("Rex, 12 kg"));
    m_fixture->picture(QStringLiteral("playground-correct-follow-up"));
    dialog->reject();
}

void ConversationTest::narrowWindowFits()
{
    m_fixture->window->resize(1024, 700);
    QTRY_COMPARE(m_fixture->window->width(), 1024);
    askAndWait(QStringLiteral("First?"));
    follow(true);
    askAndWait(QStringLiteral("Second?"));
    for (auto *widget : m_page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus))
            continue;
        const auto *turns = named<QScrollArea>("turns");
        if (turns->isAncestorOf(widget)) // scrolled to when it gets the keyboard
            continue;
        const QRect place(widget->mapTo(m_page, QPoint(0, 0)), widget->size());
        QVERIFY2(m_page->rect().contains(place), widget->metaObject()->className());
        QVERIFY2(widget->width() >= widget->minimumSizeHint().width(), widget->metaObject()->className());
    }
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
}

QTEST_MAIN(ConversationTest)
#include "tst_conversation.moc"
