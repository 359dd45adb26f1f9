// One column's words in the eyes of another, in the real window: colours by probability, the probabilities of both at every place, and the picture
// of the comparison at its full length. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/pastturn.h"
#include "ui/playground/playgroundpage.h"
#include "ui/playground/shiftlegend.h"
#include "ui/playground/tokenpane.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/messagebar.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHelpEvent>
#include <QFile>
#include <QImage>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QSpinBox>
#include <QTest>
#include <QTextEdit>
#include <QToolTip>

#include <cmath>

using namespace fettle;
using namespace fettle::ui;

class WordShiftTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_wordshift")); }
    void init();
    void cleanup();

    void stepsAreThoseOfTheLegend();
    void textIsReadableOnEveryStep_data();
    void textIsReadableOnEveryStep();
    void wordsAreColouredOnDemand();
    void everyPlaceHasBothProbabilities();
    void readingFollowsTheQuestion();
    void historyHasItsProbabilities();
    void earlierExchangesAreColouredToo();
    void failureIsTold();
    void pictureHoldsTheWholeAnswer();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] AnswerColumn *column(int which) const { return m_page->findChildren<AnswerColumn *>().at(which); }
    void askAndWait(const QString &question);
    void openFromHistory(); // the newest, after a restart
    void colour() { QTest::mouseClick(named<Button>("colourByShift"), Qt::LeftButton); }
    [[nodiscard]] QColor ground(int which, const QString &word) const; // behind the word
    [[nodiscard]] std::vector<engine::GenerateRequest> read() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->read;
    }

    struct Seen { std::mutex mutex; std::vector<engine::GenerateRequest> read; };
    std::unique_ptr<WindowFixture> m_fixture;
    std::shared_ptr<Seen> m_seen;
    PlaygroundPage *m_page = nullptr;
};

void WordShiftTest::init()
{
    m_fixture->start(20);
    m_seen = std::make_shared<Seen>();
    m_fixture->engine->answers = {{"base", "If your cat is sick, ask."}, {"1", "If your cat is bright and eating, wait."}};
    m_fixture->engine->beforeReading = [seen = m_seen](const engine::GenerateRequest &request, const std::vector<TokenId> &) {
        const std::scoped_lock lock(seen->mutex);
        seen->read.push_back(request);
    };
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.step = run.steps = 207;
    run.adapter = "runs/1/adapter";
    m_fixture->state->runs.push_back(run);
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 1);
}

void WordShiftTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void WordShiftTest::askAndWait(const QString &question)
{
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(question);
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(column(1)->isFinished() && !named<Button>("stop")->isEnabled());
}

QColor WordShiftTest::ground(int which, const QString &word) const
{
    const QTextCursor found = column(which)->textView().document()->find(word);
    return found.isNull() ? QColor(Qt::magenta) : found.charFormat().background().style() == Qt::NoBrush ? QColor() : found.charFormat().background().color();
}

void WordShiftTest::stepsAreThoseOfTheLegend()
{
    QCOMPARE(shiftStep(0.02F, 0.9F), 0);
    QCOMPARE(shiftStep(0.5F, 0.75F), 1);
    QCOMPARE(shiftStep(0.5F, 0.55F), 2);
    QCOMPARE(shiftStep(0.5F, 0.5F), 2);
    QCOMPARE(shiftStep(0.5F, 0.2F), 3);
    QCOMPARE(shiftStep(0.9F, 0.02F), 4);
}

void WordShiftTest::textIsReadableOnEveryStep_data()
{
    QTest::addColumn<int>("scheme");
    QTest::newRow("light") << static_cast<int>(Scheme::Light);
    QTest::newRow("dark") << static_cast<int>(Scheme::Dark);
}

void WordShiftTest::textIsReadableOnEveryStep()
{
    QFETCH(int, scheme);
    const Tokens &t = tokensOf(static_cast<Scheme>(scheme));
    const auto light = [](const QColor &colour) { // WCAG 2.1, relative luminance
        const auto part = [](double value) { return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); };
        return 0.2126 * part(colour.redF()) + 0.7152 * part(colour.greenF()) + 0.0722 * part(colour.blueF());
    };
    for (const QColor &step : t.shiftSteps) {
        const double a = light(step), b = light(t.text);
        QVERIFY2((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05) >= 4.5, qPrintable(step.name()));
    }
}

void WordShiftTest::wordsAreColouredOnDemand()
{
    askAndWait(QStringLiteral("My cat was sick."));
    QVERIFY(read().empty()); // nothing is read that nobody wants to see
    QVERIFY(!m_page->findChild<ShiftLegend *>()->isVisible());
    colour();
    QVERIFY(m_page->findChild<ShiftLegend *>()->isVisible());
    QTRY_VERIFY(!column(0)->reading().empty() && !column(1)->reading().empty());
    // The tuned answer is read by the base, the base's by the tuned one; each after the prompt that was answered.
    QCOMPARE(read().size(), std::size_t(2));
    QCOMPARE(read()[0].columns.front().adapter, std::string("1"));
    QCOMPARE(read()[1].columns.front().adapter, std::string("base"));
    QCOMPARE(read()[1].conversation.back().text, std::string("My cat was sick."));
    const Tokens &t = tokens();
    QCOMPARE(ground(1, QStringLiteral("If")), t.shiftSteps[4]);  // 74 % against 2 %
    QCOMPARE(ground(1, QStringLiteral("your")), QColor());       // as likely in both
    QCOMPARE(ground(1, QStringLiteral("bright")), t.shiftSteps[4]);
    m_fixture->picture(QStringLiteral("playground-shift"));
    m_fixture->picture(QStringLiteral("playground-shift"), true);
    m_fixture->picture(QStringLiteral("playground-shift"), false, {1024, 700});
    colour();
    QVERIFY(!m_page->findChild<ShiftLegend *>()->isVisible());
    QCOMPARE(ground(1, QStringLiteral("If")), QColor());
    colour();
    QCOMPARE(ground(1, QStringLiteral("If")), t.shiftSteps[4]);
    QCOMPARE(read().size(), std::size_t(2)); // known already
}

void WordShiftTest::everyPlaceHasBothProbabilities()
{
    askAndWait(QStringLiteral("My cat was sick."));
    QTextEdit &view = column(1)->textView();
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_Right); // the first that differs
    QCOMPARE(column(1)->chosenToken(), std::optional(4));
    QVERIFY(read().empty()); // the base stood there, too
    QTest::keyClick(&view, Qt::Key_Right); // "and": behind it
    QTRY_COMPARE(read().size(), std::size_t(2));
    TokenPane &pane = column(1)->tokenPane();
    QTRY_VERIFY(pane.rows().front().other.has_value());
    QCOMPARE(*pane.rows().front().other, 0.74F);
    QCOMPARE(pane.rows()[1].other, std::optional(0.41F)); // "sick" in the eyes of the base
    // The pointer says the same.
    QTextCursor cursor = view.document()->find(QStringLiteral("eating"));
    cursor.setPosition(cursor.selectionStart() + 2);
    const QPoint point = view.cursorRect(cursor).center() + QPoint(2, 0);
    QHelpEvent help(QEvent::ToolTip, point, view.viewport()->mapToGlobal(point));
    QApplication::sendEvent(view.viewport(), &help);
    QTRY_VERIFY2(QToolTip::text().contains(QStringLiteral("Token 7: 74 %  (Base 2.0 %)")), qPrintable(QToolTip::text()));
    QToolTip::hideText();
}

void WordShiftTest::openFromHistory()
{
    m_fixture->restart();
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 1);
    auto *list = named<QListWidget>("history");
    QTRY_VERIFY(list->count() > 1);
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(1)).center());
    QTRY_VERIFY(!column(0)->text().isEmpty());
}

// Coloured are the words of every exchange that can be seen.
void WordShiftTest::earlierExchangesAreColouredToo()
{
    askAndWait(QStringLiteral("My cat was sick."));
    named<QCheckBox>("followUp")->setChecked(true);
    askAndWait(QStringLiteral("And my dog?"));
    colour();
    QTRY_COMPARE(read().size(), std::size_t(4));
    const auto *past = m_page->findChild<PastTurn *>();
    QVERIFY(past && past->isVisible());
    QTRY_VERIFY(!past->answerOf(2)->reading().empty());
    QCOMPARE(read()[1].conversation.size(), std::size_t(1)); // after its own question only
    QCOMPARE(read()[3].conversation.size(), std::size_t(3));
    const QTextCursor found = past->answerOf(2)->textView().document()->find(QStringLiteral("If"));
    QCOMPARE(found.charFormat().background().color(), tokens().shiftSteps[4]);
    m_fixture->picture(QStringLiteral("playground-shift-turns"));
    QTest::mouseClick(named<Button>("earlierQuestion"), Qt::LeftButton);
    QVERIFY(!column(1)->reading().empty()); // known already
    QCOMPARE(read().size(), std::size_t(4));
}

void WordShiftTest::readingFollowsTheQuestion()
{
    colour();
    askAndWait(QStringLiteral("My cat was sick."));
    QTRY_COMPARE(read().size(), std::size_t(2));
    QTRY_VERIFY(!column(1)->reading().empty());
    askAndWait(QStringLiteral("And my dog?"));
    QTRY_COMPARE(read().size(), std::size_t(4));
    QTRY_VERIFY(!column(1)->reading().empty());
    QCOMPARE(read()[3].conversation.back().text, std::string("And my dog?"));
}

// An answer out of the history has its probabilities, its badges, and can be read by the others; one that was kept as text only says so.
void WordShiftTest::historyHasItsProbabilities()
{
    askAndWait(QStringLiteral("My cat was sick."));
    const auto before = column(1)->answer();
    openFromHistory();
    QCOMPARE(column(1)->answer().size(), before.size());
    QCOMPARE(column(1)->answer()[4].alternatives.size(), before[4].alternatives.size());
    QCOMPARE(column(1)->divergence(), 4);
    QVERIFY(column(1)->ending().contains(QStringLiteral("ended")));
    QVERIFY(m_page->findChildren<ColumnHead *>().at(1)->findChild<Badge *>(QStringLiteral("hashBadge"))->isVisible());
    QTextEdit &view = column(1)->textView();
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_Right); // the first that differs
    QCOMPARE(column(1)->chosenToken(), std::optional(4));
    QVERIFY(!column(1)->tokenPane().rows().empty());
    QVERIFY(read().empty()); // nothing had to be computed for that
    colour();
    QTRY_VERIFY(!column(0)->reading().empty() && !column(1)->reading().empty());
    // Answered by another base model than that of today: its tokens say nothing to this one.
    m_fixture->state->history.back().baseModel = "other";
    openFromHistory();
    colour();
    QTRY_VERIFY2(m_page->findChild<ShiftLegend *>()->note().contains(QStringLiteral("base")), qPrintable(m_page->findChild<ShiftLegend *>()->note()));
    for (auto &answer : m_fixture->state->history.back().exchanges[0].answers)
        answer.tokens.clear();
    openFromHistory();
    colour();
    QVERIFY2(m_page->findChild<ShiftLegend *>()->note().contains(QStringLiteral("without its probabilities")), qPrintable(m_page->findChild<ShiftLegend *>()->note()));
}

void WordShiftTest::failureIsTold()
{
    askAndWait(QStringLiteral("My cat was sick."));
    m_fixture->engine->readingError = Error{ErrorCode::NotFound, "The adapter of run 1 is gone.", {}, {}};
    colour();
    QTRY_COMPARE(m_page->findChild<ShiftLegend *>()->note(), QStringLiteral("The adapter of run 1 is gone."));
    QVERIFY(column(1)->reading().empty());
}

void WordShiftTest::pictureHoldsTheWholeAnswer()
{
    std::string endless;
    for (int i = 0; i < 600; ++i)
        endless += "word" + std::to_string(i) + " ";
    m_fixture->engine->answers["1"] = endless;
    named<QSpinBox>("longest")->setValue(2000);
    askAndWait(QStringLiteral("Tell me everything."));
    QTextEdit &view = column(1)->textView();
    QScrollBar *bar = named<QScrollArea>("turns")->verticalScrollBar();
    QTRY_VERIFY(bar->maximum() > 400); // it does not fit
    bar->setValue(200);
    const int width = column(1)->width();
    const QString file = m_fixture->dir.filePath(QStringLiteral("comparison.png"));
    m_fixture->window->dialogs().setNextFileName(file);
    for (QAction *action : m_page->actions())
        if (action->objectName() == QLatin1String("saveComparison"))
            action->trigger();
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QTRY_VERIFY(QFile::exists(file));
    const QImage picture(file);
    QVERIFY(!picture.isNull());
    const double sharp = picture.width() / (column(0)->width() + column(1)->width() + 1.0);
    QVERIFY2(picture.height() / sharp > view.document()->size().height(), QByteArray::number(picture.height()).constData());
    QVERIFY(picture.height() / sharp > m_fixture->window->height());
    // The last lines are there: something is written in the lower part of the right half, above the foot.
    int dark = 0;
    for (int y = picture.height() - static_cast<int>(120 * sharp); y < picture.height() - static_cast<int>(50 * sharp); ++y)
        for (int x = picture.width() / 2 + 20; x < picture.width() - 20; ++x)
            dark += qGray(picture.pixel(x, y)) < 100 ? 1 : 0;
    QVERIFY2(dark > 200, QByteArray::number(dark).constData());
    QCOMPARE(column(1)->width(), width); // and the window is as it was, with the message above it
    QCOMPARE(bar->value(), 200);
    if (const QString folder = qEnvironmentVariable("FETTLE_PICTURES"); !folder.isEmpty())
        picture.save(folder + QStringLiteral("/playground-report.png"));
}

QTEST_MAIN(WordShiftTest)
#include "tst_wordshift.moc"
