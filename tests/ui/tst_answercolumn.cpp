// One answer of the playground by itself: how it grows, what is marked, which token lies below the pointer, what its probabilities say.
#include "ui/playground/answercolumn.h"
#include "ui/playground/tokenpane.h"
#include "ui/theme/theme.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QClipboard>
#include <QElapsedTimer>
#include <QGuiApplication>
#include <QHelpEvent>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTextEdit>
#include <QToolTip>

using namespace fettle;
using namespace fettle::ui;
using Answer = std::vector<engine::GeneratedToken>;

class AnswerColumnTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup() { m_column.reset(); }

    void firstDifferenceIsFound_data();
    void firstDifferenceIsFound();
    void differenceIsMarked();
    void coloursFollowTheTheme();
    void endIsTold_data();
    void endIsTold();
    void answerIsCopied();
    void selectionStaysWhileTheAnswerGrows();
    void longAnswerIsQuick();
    void everyCharacterBelongsToItsToken();
    void keysGoFromTokenToToken();
    void pointerIsToldWhatElseWasLikely();
    void probabilitiesAreExact_data();
    void probabilitiesAreExact();
    void tokensCanBeSeen();
    void rowsAddUp();
    void rareTokenHasItsRow();

private:
    static Answer answer(const QStringList &words);
    void write(const QStringList &words);
    [[nodiscard]] QTextCharFormat formatAt(int position) const;
    [[nodiscard]] QPoint pointOf(int position, double share) const;

    std::unique_ptr<Theme> m_theme;
    std::unique_ptr<AnswerColumn> m_column;
};

void AnswerColumnTest::initTestCase()
{
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
}

void AnswerColumnTest::init()
{
    m_theme->apply(ThemeChoice::Light);
    m_column = std::make_unique<AnswerColumn>(false);
    m_column->resize(600, 400);
    m_column->show();
    m_column->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_column.get()));
}

// Equal words are equal tokens.
Answer AnswerColumnTest::answer(const QStringList &words)
{
    Answer tokens;
    for (const QString &word : words)
        tokens.push_back({0, TokenId(qHash(word) % 49152), word.toStdString(), 0.5F, {{1, " sick", 0.3F}, {2, "\n", 0.1F}}});
    return tokens;
}

void AnswerColumnTest::write(const QStringList &words)
{
    m_column->begin();
    for (const auto &token : answer(words))
        m_column->append({token});
}

QTextCharFormat AnswerColumnTest::formatAt(int position) const
{
    QTextCursor cursor(m_column->textView().document());
    cursor.setPosition(position + 1);
    return cursor.charFormat();
}

// A point at a share of the width of a character of the text, in its viewport.
QPoint AnswerColumnTest::pointOf(int position, double share) const
{
    const QTextEdit &view = m_column->textView();
    QTextCursor cursor(view.document());
    cursor.setPosition(position);
    const QRect left = view.cursorRect(cursor);
    cursor.setPosition(position + 1);
    const int right = view.cursorRect(cursor).x();
    return {qRound(left.x() + share * (right - left.x())), left.center().y()};
}

void AnswerColumnTest::firstDifferenceIsFound_data()
{
    QTest::addColumn<QStringList>("base");
    QTest::addColumn<bool>("hasBaseEnded");
    QTest::addColumn<QStringList>("other");
    QTest::addColumn<bool>("hasOtherEnded");
    QTest::addColumn<int>("token");
    const QStringList one = {"We"}, two = {"We", " open"}, more = {"We", " open", " at"}, unlike = {"We", " close", " at"};
    QTest::newRow("nothing yet") << QStringList() << false << QStringList() << false << -1;
    QTest::newRow("the same so far") << two << false << more << false << -1;
    QTest::newRow("another word") << more << false << unlike << false << 1;
    QTest::newRow("the first word") << more << true << QStringList{"I", " open"} << true << 0;
    QTest::newRow("the base has ended") << two << true << more << false << 2;
    QTest::newRow("the other has ended") << more << false << one << true << 1;
    QTest::newRow("the base may go on") << two << false << more << true << -1;
    QTest::newRow("the same to the end") << more << true << more << true << -1;
    QTest::newRow("no answer at all") << QStringList() << true << one << true << 0;
}

void AnswerColumnTest::firstDifferenceIsFound()
{
    QFETCH(QStringList, base);
    QFETCH(bool, hasBaseEnded);
    QFETCH(QStringList, other);
    QFETCH(bool, hasOtherEnded);
    QTEST(firstDifference(answer(base), hasBaseEnded, answer(other), hasOtherEnded), "token");
}

void AnswerColumnTest::differenceIsMarked()
{
    write({"If", " your", " cat", " is", " bright", " and", " eating"});
    QCOMPARE(formatAt(3).foreground().color(), tokens().text); // nothing to compare with yet
    m_column->setDivergence(4);
    QCOMPARE(formatAt(3).foreground().color(), tokens().muted);
    QVERIFY(formatAt(14).background().style() == Qt::NoBrush); // the space before the word
    QCOMPARE(formatAt(15).background().color(), tokens().accentSoft);
    QVERIFY(formatAt(15).fontUnderline());
    QCOMPARE(formatAt(22).foreground().color(), tokens().text);
    QVERIFY(!formatAt(22).fontUnderline());
    // A flag stands before the word, in the gap that the space leaves.
    const QImage image = m_column->textView().viewport()->grab().toImage();
    const QPoint flag = (pointOf(14, 1.0) - QPoint(2, 0)) * image.devicePixelRatio();
    QCOMPARE(image.pixelColor(flag), tokens().accent);
    // What comes later is plain, too, and the text is what was written.
    m_column->append(answer({" well"}));
    QCOMPARE(formatAt(34).foreground().color(), tokens().text);
    QCOMPARE(m_column->textView().toPlainText(), QStringLiteral("If your cat is bright and eating well\u2588"));
    QCOMPARE(m_column->text(), QStringLiteral("If your cat is bright and eating well"));
}

void AnswerColumnTest::coloursFollowTheTheme()
{
    write({"If", " your", " cat"});
    m_column->setDivergence(2);
    m_theme->apply(ThemeChoice::Dark);
    QTRY_COMPARE(formatAt(9).background().color(), tokensOf(Scheme::Dark).accentSoft);
    QCOMPARE(formatAt(3).foreground().color(), tokensOf(Scheme::Dark).muted);
}

void AnswerColumnTest::endIsTold_data()
{
    QTest::addColumn<engine::FinishReason>("reason");
    QTest::addColumn<QString>("text");
    QTest::newRow("end of turn") << engine::FinishReason::EndOfTurn << QStringLiteral("2 token(s), ended, 38 tokens/s");
    QTest::newRow("longest answer") << engine::FinishReason::MaxTokens << QStringLiteral("2 token(s), cut at the longest answer, 38 tokens/s");
    QTest::newRow("context") << engine::FinishReason::ContextFull << QStringLiteral("2 token(s), the model can read no more, 38 tokens/s");
    QTest::newRow("stopped") << engine::FinishReason::Stopped << QStringLiteral("2 token(s), stopped");
}

void AnswerColumnTest::endIsTold()
{
    QFETCH(engine::FinishReason, reason);
    write({"We", " open"});
    QVERIFY(!m_column->isFinished());
    engine::ColumnResult result;
    result.finish = reason;
    result.tokensPerSecond = 38.2;
    m_column->finish(result);
    QVERIFY(m_column->isFinished());
    QCOMPARE(m_column->textView().toPlainText(), QStringLiteral("We open"));
    QFETCH(QString, text);
    const auto labels = m_column->findChildren<ElidedLabel *>();
    QVERIFY(std::ranges::any_of(labels, [&](const ElidedLabel *label) { return label->text() == text; }));
    m_column->resize(200, m_column->height()); // a narrow column says it without the speed, never with half a word
    QTRY_VERIFY(std::ranges::any_of(labels, [whole = text.section(QStringLiteral(", 38"), 0, 0)](const ElidedLabel *label) { return label->text() == whole; }));
    m_column->stop(QStringLiteral("stopped later")); // it has ended already
    QVERIFY(std::ranges::none_of(labels, [](const ElidedLabel *label) { return label->text().contains(QStringLiteral("later")); }));
}

void AnswerColumnTest::answerIsCopied()
{
    Button *copy = nullptr;
    for (auto *button : m_column->findChildren<Button *>())
        if (button->accessibleName().startsWith(QStringLiteral("Copy")))
            copy = button;
    QVERIFY(copy && !copy->isEnabled());
    write({"We", " open", ".\n", "Come!"});
    QVERIFY(!copy->isEnabled()); // not whole yet
    m_column->stop(QStringLiteral("stopped"));
    QTest::mouseClick(copy, Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("We open.\nCome!"));
}

void AnswerColumnTest::selectionStaysWhileTheAnswerGrows()
{
    write({"It", " is", " important"});
    QTextEdit &view = m_column->textView();
    QTextCursor cursor(view.document());
    cursor.setPosition(0);
    cursor.setPosition(5, QTextCursor::KeepAnchor);
    view.setTextCursor(cursor);
    for (const auto &token : answer({" to", " ask"}))
        m_column->append({token});
    QCOMPARE(view.textCursor().selectedText(), QStringLiteral("It is"));
    QCOMPARE(view.toPlainText(), QStringLiteral("It is important to ask\u2588"));
}

void AnswerColumnTest::longAnswerIsQuick()
{
    m_column->begin();
    const auto append = [this](int begin, int end) {
        QElapsedTimer timer;
        timer.start();
        for (int i = begin; i < end; ++i)
            m_column->append({{0, i, i % 12 == 11 ? "\n" : " word", 0.5F, {}}});
        return timer.nsecsElapsed();
    };
    const auto first = append(0, 2048), second = append(2048, 4096);
    QVERIFY2(second < 6 * first, qPrintable(QStringLiteral("%1 and %2 ns").arg(first).arg(second))); // 3 where each token reads all before it
    QCOMPARE(m_column->answer().size(), std::size_t(4096));
    const QTextEdit &view = m_column->textView();
    QVERIFY(view.document()->size().height() > 1000);
    QTRY_VERIFY(view.height() >= view.document()->size().height()); // all of it: who holds it scrolls
    QCOMPARE(view.verticalScrollBar()->value(), 0);
}

void AnswerColumnTest::everyCharacterBelongsToItsToken()
{
    write({"If", " your", " cat", " is", "\n", "bright", " \u00E4nd", " eating"});
    m_column->stop(QStringLiteral("ended"));
    m_column->setDivergence(3);
    const QString text = m_column->text();
    const std::vector<int> starts = {0, 2, 7, 11, 14, 15, 21, 25};
    for (int i = 0; i < text.size() - 1; ++i) {
        if (text.at(i) == u'\n')
            continue;
        const int token = int(std::upper_bound(starts.begin(), starts.end(), i) - starts.begin()) - 1;
        for (const double share : {0.2, 0.8})
            QVERIFY2(m_column->tokenAt(pointOf(i, share)) == token, qPrintable(QStringLiteral("%1 at %2").arg(i).arg(share)));
    }
    QCOMPARE(m_column->tokenAt({200, 300}), std::optional<int>());
    QCOMPARE(m_column->tokenAt({2, 2}), std::optional<int>());
}

void AnswerColumnTest::keysGoFromTokenToToken()
{
    write({"If", " your", " cat", " is", " bright"});
    m_column->setDivergence(4);
    QSignalSpy chosen(m_column.get(), &AnswerColumn::tokenChosen);
    QTextEdit &view = m_column->textView();
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_Right);
    QCOMPARE(m_column->chosenToken(), std::optional(4)); // first where it leaves the base
    QTest::keyClick(&view, Qt::Key_Right);
    QCOMPARE(m_column->chosenToken(), std::optional(4)); // the last
    for (int i = 0; i < 6; ++i)
        QTest::keyClick(&view, Qt::Key_Left);
    QCOMPARE(m_column->chosenToken(), std::optional(0));
    QCOMPARE(chosen.size(), 5);
    QVERIFY(m_column->tokenPane().isVisible());
    QCOMPARE(formatAt(1).background().color(), tokens().selection);
    QTest::keyClick(&view, Qt::Key_Escape);
    QVERIFY(!m_column->chosenToken() && !m_column->tokenPane().isVisible());
    // By its button, too; the keyboard goes back to the text.
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::mouseClick(m_column->tokenPane().findChild<Button *>(), Qt::LeftButton);
    QVERIFY(!m_column->chosenToken() && view.hasFocus());
}

void AnswerColumnTest::pointerIsToldWhatElseWasLikely()
{
    write({"If", " your", " cat"});
    QWidget *viewport = m_column->textView().viewport();
    const QPoint point = pointOf(4, 0.5);
    QHelpEvent help(QEvent::ToolTip, point, viewport->mapToGlobal(point));
    QApplication::sendEvent(viewport, &help);
    QCOMPARE(QToolTip::text(), QStringLiteral("Token 2: 50 %\nsick  30 %\n\u21B5  10 %\nA click shows this below the answer."));
    QToolTip::hideText();
}

void AnswerColumnTest::probabilitiesAreExact_data()
{
    QTest::addColumn<float>("probability");
    QTest::addColumn<QString>("text");
    QTest::newRow("certain") << 1.0F << QStringLiteral("100 %");
    QTest::newRow("almost certain") << 0.9971F << QStringLiteral("99.7 %");
    QTest::newRow("likely") << 0.74F << QStringLiteral("74 %");
    QTest::newRow("ten") << 0.0996F << QStringLiteral("10 %");
    QTest::newRow("unlikely") << 0.0042F << QStringLiteral("0.4 %");
    QTest::newRow("hardly") << 0.0004F << QStringLiteral("< 0.1 %");
    QTest::newRow("none") << 0.0F << QStringLiteral("< 0.1 %");
}

void AnswerColumnTest::probabilitiesAreExact()
{
    QFETCH(float, probability);
    QTEST(probabilityText(probability), "text");
}

void AnswerColumnTest::tokensCanBeSeen()
{
    QCOMPARE(visibleToken(" bright"), QStringLiteral("bright"));
    QCOMPARE(visibleToken("\n"), QStringLiteral("\u21B5"));
    QCOMPARE(visibleToken("  "), QStringLiteral("\u2423\u2423"));
    QCOMPARE(visibleToken("a b"), QStringLiteral("a\u2423b"));
}

void AnswerColumnTest::rowsAddUp()
{
    const engine::GeneratedToken own{1, 5, " bright", 0.5F, {{5, " bright", 0.5F}, {6, " sick", 0.25F}}};
    const engine::GeneratedToken base{0, 6, " sick", 0.75F, {{6, " sick", 0.75F}, {7, " ill", 0.125F}}};
    TokenPane pane;
    pane.showToken(4, own, QStringLiteral("Run 1"), true, &base, QStringLiteral("Base"));
    QCOMPARE(pane.rows().size(), std::size_t(3));
    QVERIFY(pane.rows()[0].isChosen && pane.rows()[0].own == 0.5F && !pane.rows()[0].other); // the base has others among its five
    QVERIFY(!pane.rows()[1].isChosen && pane.rows()[1].own == 0.25F && pane.rows()[1].other == 0.75F);
    QVERIFY(pane.rows()[2].isRest && pane.rows()[2].own == 0.25F);
    QCOMPARE(pane.accessibleDescription(), QStringLiteral("Token 5: bright 50 %; sick 25 %, Base 75 %; all others 25 %."));
    pane.showToken(4, own, QStringLiteral("Run 1"), true, nullptr, QStringLiteral("Base"));
    QVERIFY(!pane.rows()[1].other);
    QVERIFY(!pane.accessibleDescription().contains(QStringLiteral("Base")));
}

void AnswerColumnTest::rareTokenHasItsRow()
{
    const engine::GeneratedToken rare{0, 9, " odd", 0.0625F, {{5, " bright", 0.5F}, {6, " sick", 0.25F}}};
    TokenPane pane;
    pane.showToken(0, rare, QStringLiteral("Base"), false, nullptr, {});
    QCOMPARE(pane.rows().size(), std::size_t(4));
    QCOMPARE(pane.rows()[2].text, QStringLiteral("odd"));
    QVERIFY(pane.rows()[2].isChosen && !pane.rows()[0].isChosen);
    QCOMPARE(pane.rows()[3].own, 0.1875F);
}

QTEST_MAIN(AnswerColumnTest)
#include "tst_answercolumn.moc"
