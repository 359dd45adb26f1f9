// Answers that a model proposes, in the real window on the stand-in engine: asked for, written before one's eyes, accepted, corrected, discarded,
// many at once, and between the steps of a run. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/datapage.h"
#include "ui/data/draftbox.h"
#include "ui/data/draftdialog.h"
#include "ui/data/draftstrip.h"
#include "ui/data/fieldbox.h"
#include "ui/data/growingtext.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/searchfield.h"
#include "ui/data/tablefooter.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QRadioButton>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

namespace {
constexpr auto kAnswer = "It is important to ask a veterinarian about this as soon as possible."; // of the stand-in's base model
}

class DraftsTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }

    void draftIsAProposalUntilAccepted();
    void draftIsWrittenBeforeOnesEyes();
    void correctedDraftIsAccepted();
    void discardedDraftLeavesTheRecord();
    void manyAreDraftedAndJudged();
    void stoppingKeepsWhatIsWritten();
    void recordsWithoutAQuestionArePassedOver();
    void failureIsTold();
    void runGoesOnBetweenDrafts();
    void everyControlIsNamed();
    void longNamesDoNotWidenTheEditor();

private:
    template <class T>
    [[nodiscard]] T *find() const { return m_page->findChild<T *>(); }
    [[nodiscard]] DraftBox *box() const { return find<RecordEditor>()->draftBox(); }
    [[nodiscard]] QString shownText() const { return box()->isVisible() ? box()->text()->exactText() : QString(); }
    [[nodiscard]] QString draftText() const { return box()->hasDraft() ? shownText() : QString(); } // of one that is complete
    [[nodiscard]] data::Record stored(std::int64_t id) const
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        return m_fixture->state->records.at(id);
    }
    [[nodiscard]] std::size_t drafts() const
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        return m_fixture->state->drafts.size();
    }
    void press(int key, Qt::KeyboardModifiers modifiers = {}) { QTest::keyClick(find<RecordTable>(), Qt::Key(key), modifiers); }
    void goTo(int row)
    {
        find<RecordTable>()->goTo(row);
        QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(row + 1));
        find<RecordTable>()->setFocus();
    }
    // The dialog, answered as it opens.
    void draft(bool areAnswered, bool isWholeList = false)
    {
        press(Qt::Key_D);
        auto *dialog = find<DraftDialog>();
        QVERIFY(dialog && dialog->isVisible());
        dialog->findChild<QCheckBox *>()->setChecked(areAnswered);
        if (isWholeList)
            dialog->findChildren<QRadioButton *>().at(1)->setChecked(true);
        m_fixture->picture(QStringLiteral("draft-dialog"));
        QTest::mouseClick(dialog->findChild<Button *>(QStringLiteral("startDrafting")), Qt::LeftButton);
        QTRY_VERIFY(!find<DraftDialog>());
        m_fixture->window->activateWindow(); // which a desktop does by itself
        QVERIFY(QTest::qWaitForWindowActive(m_fixture->window.get()));
        find<RecordTable>()->setFocus();
    }

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void DraftsTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_drafts"));
    m_fixture->start(40);
    m_page = m_fixture->openPage(QStringLiteral("data"));
    QVERIFY(m_page);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
    QTRY_VERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("No. 1")));
}

void DraftsTest::longNamesDoNotWidenTheEditor()
{
    DraftBox box;
    QAction accept(QStringLiteral("Accept draft")), correct(QStringLiteral("Correct")), discard(QStringLiteral("Discard draft"));
    accept.setShortcut(Qt::Key_Y);
    correct.setShortcut(Qt::SHIFT | Qt::Key_E);
    discard.setShortcut(Qt::Key_X);
    box.followActions(&accept, &correct, &discard);
    box.setDraft({1}, data::AnswerDraft{"An answer", std::string(200, 'm'), "", true});
    QVERIFY(box.isVisible());
    QVERIFY2(box.minimumSizeHint().width() <= 360, qPrintable(QString::number(box.minimumSizeHint().width()))); // the editor's room in a window of 1,024
}

void DraftsTest::draftIsAProposalUntilAccepted()
{
    goTo(14); // has no answer
    QVERIFY(!box()->isVisible());
    QAction *accept = m_page->findChild<QAction *>(QStringLiteral("acceptDraft"));
    QVERIFY(!accept->isEnabled());
    draft(true);
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer));
    QTRY_VERIFY(accept->isEnabled());
    QVERIFY(data::responseOf(stored(15)).empty());
    QVERIFY(find<RecordEditor>()->responseText().isEmpty());
    QVERIFY(WindowFixture::isTextShown(*box(), QStringLiteral("Draft by smollm2-135m-instruct")));
    QVERIFY(WindowFixture::isTextShown(*box(), QStringLiteral("not learnt")));
    const RecordModel *model = find<RecordModel>();
    QTRY_COMPARE(model->index(14, RecordModel::ResponseColumn).data().toString(), QStringLiteral("Draft: ") + kAnswer);
    m_fixture->picture(QStringLiteral("draft"));
    m_fixture->picture(QStringLiteral("draft"), true);
    m_fixture->picture(QStringLiteral("draft"), false, {1024, 700});
    find<RecordTable>()->setFocus();
    press(Qt::Key_Y);
    QTRY_COMPARE(QString::fromStdString(std::string(data::responseOf(stored(15)))), QLatin1String(kAnswer));
    QCOMPARE(stored(15).tags.back(), std::string("drafted"));
    QCOMPARE(stored(15).status, data::RecordStatus::Edited);
    QTRY_VERIFY(!box()->isVisible());
    QTRY_COMPARE(find<RecordEditor>()->responseText(), QLatin1String(kAnswer));
    QVERIFY(!accept->isEnabled());
    press(Qt::Key_U); // takes the answer back, and the draft can be judged again
    QTRY_VERIFY(data::responseOf(stored(15)).empty());
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer));
    QTRY_VERIFY(accept->isEnabled());
}

void DraftsTest::draftIsWrittenBeforeOnesEyes()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    const auto offers = m_page->findChildren<FieldBox *>();
    Link *offer = nullptr;
    for (FieldBox *field : offers)
        for (Link *link : field->findChildren<Link *>())
            if (link->isVisible() && link->text() == QStringLiteral("Draft with the base model"))
                offer = link;
    QVERIFY(offer);
    const std::string before(data::responseOf(stored(1)));
    QTest::mouseClick(offer, Qt::LeftButton);
    m_fixture->gate->release(3);
    QTRY_COMPARE(shownText(), QStringLiteral("It is important"));
    QVERIFY(box()->text()->isReadOnly());
    QVERIFY(!box()->hasDraft());
    m_fixture->picture(QStringLiteral("draft-growing"));
    goTo(3); // another record has no draft
    QTRY_VERIFY(!box()->isVisible());
    goTo(0);
    m_fixture->gate->release(1000);
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer));
    QTRY_VERIFY(box()->hasDraft());
    QVERIFY(!box()->text()->isReadOnly());
    QCOMPARE(std::string(data::responseOf(stored(1))), before); // an answer that is there stays
}

void DraftsTest::correctedDraftIsAccepted()
{
    goTo(14);
    draft(true);
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer));
    find<RecordTable>()->setFocus();
    press(Qt::Key_E, Qt::ShiftModifier);
    QTRY_VERIFY(box()->text()->hasFocus());
    QTest::keyClicks(box()->text(), QStringLiteral(" Yes."));
    goTo(13);
    goTo(14); // what was corrected stays where it was written
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer) + QStringLiteral(" Yes."));
    QVERIFY(data::responseOf(stored(15)).empty());
    press(Qt::Key_E, Qt::ShiftModifier);
    QTRY_VERIFY(box()->text()->hasFocus());
    QTest::keyClicks(box()->text(), QStringLiteral(" Now."));
    QTest::keyClick(box()->text(), Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(QString::fromStdString(std::string(data::responseOf(stored(15)))), QLatin1String(kAnswer) + QStringLiteral(" Yes. Now."));
    QTRY_COMPARE(stored(15).status, data::RecordStatus::Approved);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(16));
    QTRY_VERIFY(!box()->isVisible());
    QCOMPARE(drafts(), std::size_t(0));
}

void DraftsTest::discardedDraftLeavesTheRecord()
{
    draft(true);
    QTRY_COMPARE(draftText(), QLatin1String(kAnswer));
    const data::Record before = stored(1);
    for (Button *button : box()->findChildren<Button *>())
        if (button->text() == QStringLiteral("Discard"))
            QTest::mouseClick(button, Qt::LeftButton);
    QTRY_VERIFY(!box()->isVisible());
    QCOMPARE(drafts(), std::size_t(0));
    QVERIFY(stored(1) == before);
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
}

void DraftsTest::manyAreDraftedAndJudged()
{
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        for (const int id : {3, 8, 20})
            m_fixture->state->records[id].turns.back().text.clear();
    }
    draft(false, true); // those without an answer: 3, 8, 15, 20
    QTRY_COMPARE(drafts(), std::size_t(4));
    auto *strip = find<DraftStrip>();
    QTRY_VERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("4 drafts wait for you")));
    auto *show = strip->findChild<Link *>();
    QTRY_COMPARE(show->text(), QStringLiteral("Show the drafts"));
    QTest::mouseClick(show, Qt::LeftButton);
    QCOMPARE(find<SearchField>()->text(), QStringLiteral("has:draft"));
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 4);
    m_fixture->picture(QStringLiteral("drafts-listed"));
    find<RecordTable>()->goTo(0);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(3));
    QTRY_VERIFY(box()->hasDraft());
    find<RecordTable>()->setFocus();
    press(Qt::Key_X); // the next one takes its place
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 3);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(8));
    press(Qt::Key_A, Qt::ControlModifier);
    const auto steps = [this] {
        const std::scoped_lock lock(m_fixture->state->mutex);
        return m_fixture->state->done.size();
    };
    const std::size_t before = steps();
    press(Qt::Key_Y);
    QTRY_COMPARE(drafts(), std::size_t(0));
    QCOMPARE(steps(), before + 1);
    QTRY_COMPARE(show->text(), QStringLiteral("Show all records"));
    QTest::mouseClick(show, Qt::LeftButton);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QTRY_VERIFY(!strip->isVisible());
}

void DraftsTest::stoppingKeepsWhatIsWritten()
{
    m_fixture->engine->beforeAnswer = [gate = m_fixture->gate](const engine::GenerateRequest &) { gate->acquire(); };
    draft(true, true);
    auto *strip = find<DraftStrip>();
    QTRY_VERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("0 of 40")));
    m_fixture->gate->release(2);
    QTRY_COMPARE(drafts(), std::size_t(2));
    QTRY_VERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("smollm2-135m-instruct drafts answers: 2 of 40")));
    QTRY_COMPARE(m_fixture->bridge->currentJob().share, 2.0 / 40);
    QVERIFY(m_fixture->bridge->currentJob().canCancel);
    QVERIFY(!m_page->findChild<QAction *>(QStringLiteral("draftAnswers"))->isEnabled());
    m_fixture->picture(QStringLiteral("drafting"));
    for (Button *button : strip->findChildren<Button *>())
        QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(!m_fixture->bridge->drafting().isOn);
    m_fixture->gate->release(1);
    QTRY_COMPARE(m_fixture->bridge->currentJob().id, JobId(0));
    QTRY_VERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("2 drafts wait for you")));
    QCOMPARE(drafts(), std::size_t(2));
    // The status strip's cancel is the same.
    find<RecordTable>()->setFocus();
    draft(true, true);
    QTRY_VERIFY(m_fixture->bridge->currentJob().id != 0);
    m_fixture->bridge->cancel(m_fixture->bridge->currentJob().id);
    QVERIFY(!m_fixture->bridge->drafting().isOn);
    m_fixture->gate->release(1);
    QTRY_COMPARE(m_fixture->bridge->currentJob().id, JobId(0));
}

void DraftsTest::recordsWithoutAQuestionArePassedOver()
{
    {
        const std::scoped_lock lock(m_fixture->state->mutex);
        auto &turns = m_fixture->state->records[1].turns;
        std::erase_if(turns, [](const data::Turn &turn) { return turn.role == data::Role::User; });
    }
    draft(true);
    QTRY_COMPARE(find<TableFooter>()->text(), QStringLiteral("There is no question at the end of this record to answer."));
    QCOMPARE(drafts(), std::size_t(0));
}

void DraftsTest::failureIsTold()
{
    m_fixture->engine->answerError = Error{ErrorCode::OutOfMemory, "There is too little memory.", "Close other programs."};
    draft(true);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("There is too little memory.")));
    QVERIFY(!m_fixture->bridge->drafting().isOn);
    QVERIFY(!find<DraftStrip>()->isVisible());
}

void DraftsTest::runGoesOnBetweenDrafts()
{
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    engine::TrainRequest wish;
    wish.model = "smollm2-135m-instruct";
    wish.recipe.method = "lora";
    m_fixture->bridge->startRun(wish);
    m_fixture->gate->release(2);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(2));
    draft(true, true);
    m_fixture->gate->release(3);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(5));
    QTRY_VERIFY(drafts() >= 1);
    QVERIFY(drafts() < 40); // not all at once, with the run waiting
    QVERIFY(m_fixture->bridge->isRunActive());
    m_fixture->gate->release(1000);
    QTRY_COMPARE(drafts(), std::size_t(40));
    QTRY_VERIFY(!m_fixture->bridge->drafting().isOn);
}

void DraftsTest::everyControlIsNamed()
{
    draft(true);
    QTRY_VERIFY(box()->hasDraft());
    QTRY_VERIFY(find<DraftStrip>()->isVisible());
    for (const QWidget *part : std::initializer_list<QWidget *>{box(), find<DraftStrip>()}) {
        const auto controls = WindowFixture::controlsOf(*part);
        QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed);
        QVERIFY(controls.count > 0);
    }
    press(Qt::Key_D);
    auto *dialog = find<DraftDialog>();
    QVERIFY(dialog);
    const auto own = WindowFixture::controlsOf(*dialog);
    QVERIFY2(own.unnamed.isEmpty(), own.unnamed);
    QVERIFY(own.count >= 6);
    QTest::keyClick(dialog, Qt::Key_Escape);
}

QTEST_MAIN(DraftsTest)
#include "tst_drafts.moc"
