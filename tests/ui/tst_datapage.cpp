// The Data page in the real window: triage by keys, typing with the lens live, saving, undo, import. Filters and searches: tst_datalist. The
// engine is the stand-in; tst_dataproject does the road on a real project.
#include "tests/ui/support/datapagefixture.h"
#include "ui/data/badrows.h"
#include "ui/data/filterpane.h"
#include "ui/data/growingtext.h"
#include "ui/data/healthbar.h"
#include "ui/data/historydialog.h"
#include "ui/data/importdialog.h"
#include "ui/data/importpreview.h"
#include "ui/data/lenspane.h"
#include "ui/data/mappingtable.h"
#include "ui/data/ratingstars.h"
#include "ui/data/searchfield.h"
#include "ui/data/tablefooter.h"
#include "ui/data/tagrow.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/emptystate.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QTest>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;
using data::RecordStatus;

class DataPageTest : public QObject, DataPageFixture {
    Q_OBJECT

private slots:
    void initTestCase() { begin(); }
    void init() { renew(); }
    void cleanup() { close(); }

    void showsTheProject();
    void triageWithoutTheMouse();
    void ratingTakingBackAndNextToReview();
    void typingShowsInTheLensAndIsSaved();
    void undoTakesBackWhatWasTyped();
    void historyShowsAndPutsBack();
    void severalRecordsAtOnce();
    void deletingGoesToTheNext();
    void aNewRecordGetsTheKeyboard();
    void importsThroughTheDialog();
    void importSaysWhatToChoose();
    void narrowDropsColumns();
    void emptyProjectInvites();
    void tabReachesEverything();
};

void DataPageTest::showsTheProject()
{
    openWith(fakeRecords(40));
    QCOMPARE(find<RecordEditor>()->recordId().value, std::int64_t(1));
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
    QTRY_COMPARE(find<TableFooter>()->text(), QStringLiteral("40 shown, 1 selected"));
    const auto *model = find<RecordModel>();
    QTRY_VERIFY(model->rowAt(0) && model->rowAt(0)->tokens); // counted after the pause
    QTRY_VERIFY(find<HealthBar>()->chip(engine::RecordFlag::Empty)->count() == 1);
    picture(QStringLiteral("shows"));
}

void DataPageTest::triageWithoutTheMouse()
{
    openWith(fakeRecords(40));
    press(Qt::Key_J);
    press(Qt::Key_J);
    press(Qt::Key_K);
    press(Qt::Key_J);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(3));
    press(Qt::Key_R);
    QTRY_VERIFY(stored(3).status == RecordStatus::Rejected);
    press(Qt::Key_A);
    QTRY_VERIFY(stored(3).status == RecordStatus::Approved);
    press(Qt::Key_R);
    press(Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(stored(3).status == RecordStatus::Approved);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(4));
    press(Qt::Key_T);
    auto *tag = find<TagRow>()->findChild<QLineEdit *>();
    QTRY_VERIFY(tag->hasFocus());
    QTest::keyClicks(tag, QStringLiteral("jar")); // letters are letters here, not triage
    QTest::keyClick(tag, Qt::Key_Return);
    QTRY_VERIFY(stored(4).tags.back() == "jar");
    QTest::keyClick(tag, Qt::Key_Escape);
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
    press(Qt::Key_E);
    auto *field = qobject_cast<GrowingText *>(QApplication::focusWidget());
    QVERIFY(field);
    QTest::keyClicks(field, QStringLiteral("ra"));
    QVERIFY(field->exactText().endsWith(QStringLiteral("ra")));
    QVERIFY(stored(4).status != RecordStatus::Rejected);
    QTest::keyClick(field, Qt::Key_Escape);
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
    QTRY_VERIFY(QString::fromStdString(std::string(data::instructionOf(stored(4)))).endsWith(QStringLiteral("ra")));
}

void DataPageTest::ratingTakingBackAndNextToReview()
{
    auto records = fakeRecords(40);
    for (data::Record &record : records)
        record.status = RecordStatus::Approved;
    records[6].status = RecordStatus::New;
    openWith(std::move(records));
    press(Qt::Key_J);
    press(Qt::Key_4);
    QTRY_COMPARE(stored(2).rating, 4);
    QTRY_COMPARE(find<RatingStars>()->rating(), 4);
    press(Qt::Key_2);
    QTRY_COMPARE(stored(2).rating, 2);
    press(Qt::Key_U);
    QTRY_COMPARE(stored(2).rating, 4);
    press(Qt::Key_0);
    QTRY_COMPARE(stored(2).rating, 0);
    press(Qt::Key_J, Qt::ShiftModifier);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(7));
    press(Qt::Key_A);
    QTRY_VERIFY(stored(7).status == RecordStatus::Approved);
    press(Qt::Key_J, Qt::ShiftModifier);
    QTRY_VERIFY(find<TableFooter>()->text().contains(QStringLiteral("has been reviewed")));
}

void DataPageTest::typingShowsInTheLensAndIsSaved()
{
    openWith(fakeRecords(40));
    auto *lens = find<TokenLens>();
    const int before = lens->tiles()->trained;
    QList<GrowingText *> fields = find<RecordEditor>()->findChildren<GrowingText *>();
    GrowingText *response = nullptr;
    for (GrowingText *field : fields)
        if (field->isVisible() && field->accessibleName() == QStringLiteral("Response"))
            response = field;
    QVERIFY(response);
    response->setFocus();
    response->moveCursor(QTextCursor::End);
    QTest::keyClicks(response, QStringLiteral(" Come in now."));
    QTRY_COMPARE(lens->tiles()->trained, before + 3);
    QTRY_VERIFY(QString::fromStdString(stored(1).turns.back().text).endsWith(QStringLiteral("Come in now.")));
    QVERIFY(stored(1).status == RecordStatus::Edited || stored(1).status == RecordStatus::Approved);
    QVERIFY(response->hasFocus());                         // saving does not disturb
    QCOMPARE(response->textCursor().position(), int(response->exactText().size()));
    // A token selects its text.
    int now = -1;
    for (int token = 0; token < lens->tiles()->count(); ++token)
        if (lens->tiles()->tiles[static_cast<std::size_t>(token)].text == QStringLiteral(" now."))
            now = token;
    QVERIFY(now >= 0);
    QTest::mouseClick(lens->viewport(), Qt::LeftButton, {}, lens->tokenRect(now).center());
    QCOMPARE(response->textCursor().selectedText(), QStringLiteral(" now."));
}

void DataPageTest::undoTakesBackWhatWasTyped()
{
    openWith(fakeRecords(40));
    const std::string before = stored(1).turns.back().text;
    press(Qt::Key_R);
    QTRY_VERIFY(stored(1).status == RecordStatus::Rejected);
    QTRY_VERIFY(m_window->windowAction(QStringLiteral("undo"))->isEnabled());
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QTRY_VERIFY(stored(1).status == RecordStatus::Approved);

    press(Qt::Key_E);
    auto *field = qobject_cast<GrowingText *>(QApplication::focusWidget());
    QVERIFY(field);
    QTest::keyClicks(field, QStringLiteral("xyz"));
    QTest::keyClick(field, Qt::Key_Escape);
    QTRY_VERIFY(QString::fromStdString(std::string(data::instructionOf(stored(1)))).endsWith(QStringLiteral("xyz")));
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
    QTRY_VERIFY(m_window->windowAction(QStringLiteral("undo"))->isEnabled());
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QTRY_VERIFY(!QString::fromStdString(std::string(data::instructionOf(stored(1)))).endsWith(QStringLiteral("xyz")));
    QTRY_VERIFY(!field->exactText().endsWith(QStringLiteral("xyz"))); // the editor follows
    QCOMPARE(stored(1).turns.back().text, before);
}

void DataPageTest::historyShowsAndPutsBack()
{
    openWith(fakeRecords(40));
    const std::string before(data::responseOf(stored(1)));
    auto changed = stored(1);
    changed.turns.back().text = before + " Twice.";
    m_bridge->saveRecord(changed);
    QTRY_COMPARE(find<RecordEditor>()->responseText().toStdString(), before + " Twice.");
    press(Qt::Key_H);
    QTRY_VERIFY(find<HistoryDialog>());
    auto *dialog = find<HistoryDialog>();
    QTRY_COMPARE(dialog->versions()->count(), 2);
    QCOMPARE(dialog->versions()->currentRow(), 1);
    Button *putBack = nullptr;
    for (Button *button : dialog->findChildren<Button *>())
        if (button->text() == QStringLiteral("Put this version back"))
            putBack = button;
    QVERIFY(putBack->isEnabled());
    const auto marked = [&](const QString &part) {
        for (const QLabel *label : dialog->findChildren<QLabel *>())
            if (label->text().contains(QStringLiteral("underline;\">") + part))
                return true;
        return false;
    };
    QVERIFY(marked(QStringLiteral("Twice.")));
    QTest::keyClick(dialog->versions(), Qt::Key_Up);
    QVERIFY(!putBack->isEnabled()); // the record of now
    QTest::keyClick(dialog->versions(), Qt::Key_Down);
    QTest::mouseClick(putBack, Qt::LeftButton);
    QTRY_COMPARE(std::string(data::responseOf(stored(1))), before);
    QTRY_COMPARE(find<RecordEditor>()->responseText().toStdString(), before);
    m_bridge->undo();
    QTRY_COMPARE(std::string(data::responseOf(stored(1))), before + " Twice.");
    // Of a conversation every turn is compared, not the first question and the last answer alone.
    auto talk = stored(2);
    talk.turns = {{data::Role::User, "One?", {}}, {data::Role::Assistant, "Once.", {}}, {data::Role::User, "Two?", {}}, {data::Role::Assistant, "Two.", {}}};
    m_bridge->saveRecord(talk);
    QTRY_COMPARE(stored(2).turns.size(), std::size_t(4));
    talk.turns[1].text = "Middle.";
    m_bridge->saveRecord(talk);
    QTRY_COMPARE(stored(2).turns[1].text, std::string("Middle."));
    HistoryDialog conversation(*m_bridge, talk);
    conversation.show();
    QTRY_COMPARE(conversation.versions()->count(), 3);
    QStringList shown;
    for (const QLabel *label : conversation.findChildren<QLabel *>())
        if (label->isVisible())
            shown.append(label->text());
    QVERIFY(shown.contains(QStringLiteral("Conversation")) && !shown.contains(QStringLiteral("Response")));
    QVERIFY(shown.filter(QStringLiteral("Middle.")).size() == 1 && shown.filter(QStringLiteral("Once.")).size() == 1);
}

void DataPageTest::severalRecordsAtOnce()
{
    openWith(fakeRecords(40));
    for (int i = 0; i < 4; ++i)
        press(Qt::Key_Down, Qt::ShiftModifier);
    QTRY_COMPARE(find<TableFooter>()->text(), QStringLiteral("40 shown, 5 selected"));
    picture(QStringLiteral("several"));
    press(Qt::Key_T);
    QLineEdit *field = nullptr;
    for (QLineEdit *candidate : find<TableFooter>()->findChildren<QLineEdit *>())
        field = candidate;
    QTRY_VERIFY(field && field->hasFocus());
    QTest::keyClicks(field, QStringLiteral("checked"));
    QTest::keyClick(field, Qt::Key_Return);
    for (int id = 1; id <= 5; ++id)
        QTRY_VERIFY(stored(id).tags.back() == "checked");
    QVERIFY(stored(6).tags.back() != "checked");
    press(Qt::Key_R);
    for (int id = 1; id <= 5; ++id)
        QTRY_VERIFY(stored(id).status == RecordStatus::Rejected);
    QVERIFY(stored(6).status != RecordStatus::Rejected);
}

void DataPageTest::deletingGoesToTheNext()
{
    openWith(fakeRecords(40));
    press(Qt::Key_J);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(2));
    press(Qt::Key_Delete);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 39);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(3));
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
}

void DataPageTest::aNewRecordGetsTheKeyboard()
{
    openWith(fakeRecords(40));
    press(Qt::Key_N);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 41);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(41));
    QTRY_VERIFY(qobject_cast<GrowingText *>(QApplication::focusWidget()));
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("New question"));
    QTRY_COMPARE(stored(41).turns.front().text, std::string("New question"));
}

void DataPageTest::importsThroughTheDialog()
{
    openWith(fakeRecords(3));
    const QString file = m_folder->filePath(QStringLiteral("answers.csv"));
    QFile csv(file);
    QVERIFY(csv.open(QIODevice::WriteOnly));
    csv.write("question;house_answer;topic\nCan I book?;Yes, on Tuesdays.;reception\nIs it open?;;reception\nWho calls?;Ines calls.;phone\n");
    csv.close();
    m_window->dialogs().setNextFileName(file);
    press(Qt::Key_I, Qt::ControlModifier);
    QTRY_VERIFY(m_page->importDialog());
    ImportDialog *dialog = m_page->importDialog();
    QTRY_VERIFY(dialog->isReady());
    QVERIFY(dialog->formatBox()->currentText().startsWith(QStringLiteral("CSV")));
    QVERIFY(dialog->delimiterBox()->currentText().startsWith(QStringLiteral("Semicolon")));
    QCOMPARE(dialog->quoteBox()->currentText(), QStringLiteral("Double \", found"));
    if (!qEnvironmentVariable("FETTLE_PICTURES").isEmpty() && QTest::qWaitForWindowExposed(dialog))
        dialog->grab().save(qEnvironmentVariable("FETTLE_PICTURES") + QStringLiteral("/import.png"));
    // The mapping can be corrected, and the last choice of a field wins.
    for (const auto &[column, field] : {std::pair{"house_answer", "response"}, std::pair{"topic", "tags"}}) {
        QComboBox *box = dialog->mapping()->boxOf(QString::fromLatin1(column));
        QVERIFY(box);
        box->setCurrentIndex(box->findData(QString::fromLatin1(field)));
        emit box->activated(box->currentIndex());
    }
    QVERIFY(!dialog->isReady());
    QTRY_VERIFY(dialog->isReady());
    const int accepted = dialog->badRows()->list()->topLevelItemCount() == 0 ? 3 : 2;
    QCOMPARE(dialog->importButton()->text(), QStringLiteral("Import %1 records").arg(accepted));
    QTest::keyClick(dialog, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 3 + accepted);
    QTRY_VERIFY(!m_page->importDialog());
    const data::Record last = stored(3 + accepted);
    QCOMPARE(std::string(data::responseOf(last)), std::string("Ines calls."));
    QCOMPARE(last.tags, std::vector<std::string>{"phone"});
}

void DataPageTest::importSaysWhatToChoose()
{
    openWith(fakeRecords(3));
    const QString file = m_folder->filePath(QStringLiteral("fragen.csv"));
    QFile csv(file);
    QVERIFY(csv.open(QIODevice::WriteOnly));
    csv.write("Frage;Antwort\nWann?;Montags.\n");
    csv.close();
    m_page->openImport(file);
    ImportDialog *dialog = m_page->importDialog();
    QTRY_VERIFY(dialog->isReady());
    auto *preview = dialog->findChild<ImportPreview *>();
    QVERIFY(preview->shownText().contains(QLatin1String("which column is the instruction")));
    QComboBox *box = dialog->mapping()->boxOf(QStringLiteral("Frage"));
    box->setCurrentIndex(box->findData(QStringLiteral("instruction")));
    emit box->activated(box->currentIndex());
    QTRY_VERIFY(preview->shownText().contains(QLatin1String("Wann?")));
    QTest::keyClick(dialog, Qt::Key_Escape);
    QTRY_VERIFY(!m_page->importDialog());
    // Of a file that cannot be read nothing good is said.
    const QString damaged = m_folder->filePath(QStringLiteral("damaged.json"));
    QFile json(damaged);
    QVERIFY(json.open(QIODevice::WriteOnly));
    json.write("[{\"instruction\": \"Open");
    json.close();
    m_page->openImport(damaged);
    QTRY_COMPARE(m_page->importDialog()->badRows()->headline(), QStringLiteral("The file cannot be read"));
    QVERIFY(!m_page->importDialog()->importButton()->isEnabled());
    QTest::keyClick(m_page->importDialog(), Qt::Key_Escape);
}

void DataPageTest::narrowDropsColumns()
{
    openWith(fakeRecords(40));
    auto *table = find<RecordTable>();
    QVERIFY(!table->isColumnHidden(RecordModel::ResponseColumn));
    m_window->resize(1024, 700);
    QTRY_VERIFY(table->isColumnHidden(RecordModel::ResponseColumn));
    QTRY_VERIFY(!find<FilterPane>()->isVisible());
    const auto outside = [this] {
        QStringList names;
        for (QWidget *widget : m_page->findChildren<QWidget *>(Qt::FindDirectChildrenOnly))
            if (widget->isVisible() && !m_page->rect().contains(widget->geometry()))
                names << QString::fromUtf8(widget->metaObject()->className());
        return names;
    };
    QTRY_COMPARE(outside(), QStringList()); // the layout settles in several passes
    picture(QStringLiteral("narrow"));
}

void DataPageTest::emptyProjectInvites()
{
    openWith({});
    auto *empty = m_page->findChildren<EmptyState *>().isEmpty() ? nullptr : find<EmptyState>();
    QVERIFY(empty);
    QTRY_VERIFY(!find<RecordTable>()->isVisible());
    QVERIFY(!find<HealthBar>()->isVisible());
    picture(QStringLiteral("empty"));
    const QString file = m_folder->filePath(QStringLiteral("rows.jsonl"));
    QFile rows(file);
    QVERIFY(rows.open(QIODevice::WriteOnly));
    rows.write("{\"instruction\": \"Q\", \"output\": \"A\"}\n");
    rows.close();
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile(file)});
    QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &mime, Qt::LeftButton, {});
    QApplication::sendEvent(m_page, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(100, 100), Qt::CopyAction, &mime, Qt::LeftButton, {});
    QApplication::sendEvent(m_page, &drop);
    QTRY_VERIFY(m_page->importDialog());
    QTRY_VERIFY(m_page->importDialog()->isReady());
    QTest::mouseClick(m_page->importDialog()->importButton(), Qt::LeftButton);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 1);
    QTRY_VERIFY(find<RecordTable>()->isVisible());
}

void DataPageTest::tabReachesEverything()
{
    openWith(fakeRecords(40));
    find<SearchField>()->setFocus(Qt::TabFocusReason);
    QSet<QWidget *> reached;
    for (int i = 0; i < 120; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QWidget *focused = QApplication::focusWidget();
        QVERIFY(focused);
        QVERIFY2(!focused->accessibleName().isEmpty() || qobject_cast<QAbstractButton *>(focused),
                 qPrintable(QString::fromLatin1(focused->metaObject()->className())));
        reached.insert(focused);
    }
    QVERIFY(reached.contains(find<RecordTable>()));
    QVERIFY(reached.contains(find<TokenLens>()));
    QVERIFY(reached.contains(find<HealthBar>()->chip(std::nullopt))); // one stop for the chips; arrows choose among them
    QVERIFY(reached.contains(find<FilterPane>()->statusBox(RecordStatus::New)));
}

QTEST_MAIN(DataPageTest)
#include "tst_datapage.moc"
