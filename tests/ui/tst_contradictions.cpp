// Settling contradictions in the real window: by the four keys, by clicked words, by a rule, with everything taken back again.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/comparedside.h"
#include "ui/data/contradictionview.h"
#include "ui/data/growingtext.h"
#include "ui/data/healthbar.h"
#include "ui/data/recordtable.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/choicebutton.h"
#include "ui/widgets/labels.h"

#include <QLabel>
#include <QRadioButton>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;
using data::RecordStatus;

class ContradictionsTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }

    void chipShowsPairs();
    void arrowsKeepOneSide();
    void mergedAnswerIsOneStep();
    void noContradictionCanBeTakenBack();
    void manyAtOnceByRule();
    void lettersInTheAnswerAreText();
    void recordOpensInTheTable();

private:
    void openPairs();
    [[nodiscard]] data::Record stored(std::int64_t id) const
    {
        const std::lock_guard lock(m_fixture->state->mutex);
        return m_fixture->state->records.at(id);
    }
    [[nodiscard]] ContradictionList *list() const { return m_view->list(); }

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
    ContradictionView *m_view = nullptr;
};

void ContradictionsTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_contradictions"));
    m_fixture->start(24);
    {
        // 4 and 12 contradict each other by themselves; two more pairs.
        const std::lock_guard lock(m_fixture->state->mutex);
        auto &records = m_fixture->state->records;
        records[17].turns = records[5].turns;
        records[17].turns.back().text = "Between 2 and 8 degrees, in the small fridge.";
        records[18].turns = records[6].turns;
        records[18].turns.back().text = "Nobody knows.";
        records[6].status = RecordStatus::Approved;
        records[18].status = RecordStatus::New;
        records[18].tags = {"doubt"};
        records[5].rating = 2;
        records[17].rating = 5;
    }
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    openPairs();
}

void ContradictionsTest::openPairs()
{
    auto *health = m_page->findChild<HealthBar *>();
    QTRY_COMPARE(health->chip(engine::RecordFlag::Contradiction)->count(), 6);
    QTest::mouseClick(health->chip(engine::RecordFlag::Contradiction), Qt::LeftButton);
    m_view = m_page->findChild<ContradictionView *>();
    QTRY_VERIFY(m_view->isVisible());
    QTRY_COMPARE(list()->pairCount(), 3);
    QTRY_COMPARE(list()->currentPair(), 0);
    QVERIFY(list()->hasFocus());
}

void ContradictionsTest::chipShowsPairs()
{
    QVERIFY(!m_page->findChild<RecordTable *>()->isVisible());
    QVERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("3 pairs to settle")));
    QVERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("Pair 1 of 3")));
    QVERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("No. 4")));
    QVERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("No. 12")));
    m_fixture->picture(QStringLiteral("contradictions"));
    m_fixture->picture(QStringLiteral("contradictions"), true);
    m_fixture->picture(QStringLiteral("contradictions"), false, {1024, 700});
    QTest::keyClick(list(), Qt::Key_J);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("Pair 2 of 3")));
    QTest::keyClick(list(), Qt::Key_K);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("Pair 1 of 3")));
    // Only words that the answers do not share are marked.
    bool hasMark = false;
    for (const QLabel *label : m_view->findChildren<QLabel *>())
        hasMark |= label->isVisible() && label->text().contains(QStringLiteral("<a href=\"0\"")) && label->text().contains(QStringLiteral("small amounts"));
    QVERIFY(hasMark);
}

void ContradictionsTest::arrowsKeepOneSide()
{
    QTest::keyClick(list(), Qt::Key_Left);
    QTRY_COMPARE(stored(12).status, RecordStatus::Rejected);
    QVERIFY(stored(4).status != RecordStatus::Rejected);
    QTRY_COMPARE(list()->pairCount(), 2);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("No. 17"))); // the next pair took the place
    QTest::keyClick(list(), Qt::Key_Right);
    QTRY_COMPARE(stored(5).status, RecordStatus::Rejected);
    QTRY_COMPARE(list()->pairCount(), 1);
    m_fixture->bridge->undo();
    m_fixture->bridge->undo();
    QTRY_COMPARE(list()->pairCount(), 3);
}

void ContradictionsTest::mergedAnswerIsOneStep()
{
    const std::string before(data::responseOf(stored(4)));
    auto *merge = m_view->findChild<GrowingText *>();
    QCOMPARE(merge->exactText().toStdString(), before);
    merge->moveCursor(QTextCursor::End);
    emit m_view->findChildren<ComparedSide *>().at(1)->wordsActivated(QStringLiteral("with food.")); // what a click on marked words sends
    QCOMPARE(merge->exactText().toStdString(), before + " with food.");
    QTest::mouseClick(m_view->findChildren<ChoiceButton *>().at(1), Qt::LeftButton);
    QTRY_COMPARE(stored(12).status, RecordStatus::Rejected);
    QCOMPARE(std::string(data::responseOf(stored(4))), before + " with food.");
    m_fixture->bridge->undo();
    QTRY_COMPARE(std::string(data::responseOf(stored(4))), before);
    QVERIFY(stored(12).status != RecordStatus::Rejected);
}

void ContradictionsTest::noContradictionCanBeTakenBack()
{
    QTest::keyClick(list(), Qt::Key_N);
    QTRY_COMPARE(list()->pairCount(), 2);
    QVERIFY(stored(4).status != RecordStatus::Rejected && stored(12).status != RecordStatus::Rejected);
    Link *back = nullptr;
    for (Link *link : m_view->findChildren<Link *>())
        if (link->text() == QStringLiteral("Take back"))
            back = link;
    QTRY_VERIFY(back && back->isVisible());
    QTest::mouseClick(back, Qt::LeftButton);
    QTRY_COMPARE(list()->pairCount(), 3);
    QVERIFY(!back->isVisible());
}

void ContradictionsTest::manyAtOnceByRule()
{
    const auto rules = m_view->findChildren<QRadioButton *>();
    QCOMPARE(rules.size(), 3);
    QVERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("6 stays, 18 becomes rejected")));
    QTest::mouseClick(rules.at(1), Qt::LeftButton, {}, QPoint(8, 8));
    QTRY_VERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("17 stays, 5 becomes rejected")));
    QTest::mouseClick(rules.at(2), Qt::LeftButton, {}, QPoint(8, 8));
    Button *settle = nullptr;
    for (Button *button : m_view->findChildren<Button *>())
        if (button->text() == QStringLiteral("Settle 3 pairs"))
            settle = button;
    QVERIFY(settle && settle->isEnabled());
    QTest::mouseClick(settle, Qt::LeftButton);
    QTRY_COMPARE(stored(4).status, RecordStatus::Rejected);
    QCOMPARE(stored(5).status, RecordStatus::Rejected);
    QCOMPARE(stored(6).status, RecordStatus::Rejected);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_view, QStringLiteral("Nothing to settle")));
    m_fixture->picture(QStringLiteral("contradictions-none"));
    QVERIFY(!settle->isEnabled());
    QCOMPARE(settle->text(), QStringLiteral("Settle pairs")); // a button does not offer to settle none
    m_fixture->bridge->undo(); // one step
    QTRY_COMPARE(list()->pairCount(), 3);
}

void ContradictionsTest::lettersInTheAnswerAreText()
{
    auto *merge = m_view->findChild<GrowingText *>();
    merge->setFocus();
    merge->selectAll();
    QTest::keyClicks(merge, QStringLiteral("mnjk"));
    QTest::keyClick(merge, Qt::Key_Left);
    QCOMPARE(merge->exactText(), QStringLiteral("mnjk"));
    QCOMPARE(list()->pairCount(), 3);
    QVERIFY(stored(12).status != RecordStatus::Rejected);
}

void ContradictionsTest::recordOpensInTheTable()
{
    for (Link *link : m_view->findChildren<Link *>()) {
        if (link->text() == QStringLiteral("Show as table")) {
            QTest::mouseClick(link, Qt::LeftButton);
            break;
        }
    }
    auto *table = m_page->findChild<RecordTable *>();
    QTRY_VERIFY(table->isVisible());
    QTRY_COMPARE(table->model()->rowCount(), 6);
}

QTEST_MAIN(ContradictionsTest)
#include "tst_contradictions.moc"
