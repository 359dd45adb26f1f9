// Many records at once in the real window on a real project: the fix of a finding, find and replace, dividing, the trash, export, snapshots.
#include "tests/ui/support/openwindow.h"

#include "ui/bridge/bridge.h"
#include "ui/bridge/realengine.h"
#include "ui/data/badrows.h"
#include "ui/data/bulkdialog.h"
#include "ui/data/changepreview.h"
#include "ui/data/dataexportdialog.h"
#include "ui/data/datapage.h"
#include "ui/data/healthbar.h"
#include "ui/data/importdialog.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/repairdialog.h"
#include "ui/data/snapshotsdialog.h"
#include "ui/data/splitdialog.h"
#include "ui/data/trashdialog.h"
#include "ui/frame/dialogs.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"

#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QFile>
#include <QComboBox>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QSettings>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;
using data::RecordStatus;
using engine::RecordFlag;

class BulkChangesTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void fixShowsFirstWhatItDoes();
    void tickLeavesARecordOut();
    void replaceIsOneStep();
    void badPatternIsNamed();
    void dividesTheRecords();
    void deletedRecordsComeBack();
    void exportedFileIsImportedAgain();
    void clipboardIsImported();
    void rejectedRowsAreRepaired_data();
    void rejectedRowsAreRepaired();
    void anyRecordIsReviewed();
    void tagsAreChangedInTheTable();
    void snapshotsAreNamedAndCompared();
    void moreFindingsThanRoom();
    void everyDialogCanBeReachedByKeyboard();

private:
    void act(const char *name)
    {
        QAction *action = m_page->findChild<QAction *>(QLatin1String(name));
        QVERIFY2(action, name);
        QVERIFY2(action->isEnabled(), name);
        action->trigger();
    }
    template <class Dialog>
    [[nodiscard]] Dialog *dialog() const { return m_page->findChild<Dialog *>(); }
    [[nodiscard]] data::Record stored(std::int64_t id) const
    {
        const auto project = engine::Project::open(m_folder->filePath("p.fettle").toStdString(), engine::Access::ReadOnly);
        return project ? project->record({id}).value_or(data::Record{}) : data::Record{};
    }

    std::unique_ptr<Theme> m_theme;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    DataPage *m_page = nullptr;
    RecordModel *m_model = nullptr;
    HealthBar *m_health = nullptr;
};

void BulkChangesTest::initTestCase()
{
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
}

void BulkChangesTest::init()
{
    QSettings().clear();
    m_folder = std::make_unique<QTemporaryDir>();
    const QString path = m_folder->filePath("p.fettle");
    {
        auto project = engine::Project::create(path.toStdString());
        QVERIFY(project);
        QVERIFY(project->setSetting("baseModel", "\"" FETTLE_FIXTURES "/tinychat\""));
        std::vector<data::Record> records;
        records.push_back(data::makePair("Whom do I ask?", "", "Mail anna@clinic.de."));
        records.push_back(data::makePair("And at night?", "", "Ring +44 1632 960114 now."));
        records.push_back(data::makePair("Which room?", "", "Room 5, the cats wait there."));
        records.push_back(data::makePair("Where do cats wait?", "", "As an AI model, I am here. In room 5."));
        QVERIFY(project->addRecords(records, "Added"));
        QVERIFY(project->updateFindings());
    }
    OpenWindow opened = openWindow(makeRealEngine(), *m_theme, path, QStringLiteral("data"));
    m_bridge = std::move(opened.bridge);
    m_window = std::move(opened.window);
    m_page = qobject_cast<DataPage *>(opened.page);
    QVERIFY(m_page);
    m_model = m_page->findChild<RecordModel *>();
    m_health = m_page->findChild<HealthBar *>();
    QTRY_COMPARE(m_model->rowCount(), 4);
    QTRY_COMPARE(m_health->chip(RecordFlag::PersonalData)->count().value_or(0), 2);
}

void BulkChangesTest::cleanup()
{
    m_window.reset();
    m_bridge.reset();
}

void BulkChangesTest::fixShowsFirstWhatItDoes()
{
    QVERIFY(m_health->fixButton()->isVisible());
    QTest::mouseClick(m_health->chip(RecordFlag::PersonalData), Qt::LeftButton);
    QTRY_COMPARE(m_model->rowCount(), 2);
    QCOMPARE(m_health->fixButton()->text(), QStringLiteral("Mask 2 records..."));
    QTest::mouseClick(m_health->fixButton(), Qt::LeftButton);
    auto *fix = dialog<BulkDialog>();
    QVERIFY(fix);
    QTRY_COMPARE(fix->applyButton()->text(), QStringLiteral("Change 2 records"));
    QVERIFY(fix->preview()->shownText().contains(QLatin1String("anna@clinic.de")));
    QVERIFY(fix->preview()->shownText().contains(QLatin1String("[MAIL]")));
    QCOMPARE(stored(1).turns[1].text, std::string("Mail anna@clinic.de.")); // nothing has happened
    QTest::mouseClick(fix->applyButton(), Qt::LeftButton);
    QTRY_COMPARE(stored(1).turns[1].text, std::string("Mail [MAIL]."));
    QCOMPARE(stored(2).turns[1].text, std::string("Ring [PHONE] now."));
    QTRY_COMPARE(m_health->chip(RecordFlag::PersonalData)->count().value_or(9), 0);
    m_bridge->undo();
    QTRY_COMPARE(stored(2).turns[1].text, std::string("Ring +44 1632 960114 now."));
    QCOMPARE(stored(1).turns[1].text, std::string("Mail anna@clinic.de."));
}

void BulkChangesTest::tickLeavesARecordOut()
{
    QTest::mouseClick(m_health->chip(RecordFlag::PersonalData), Qt::LeftButton);
    QTRY_COMPARE(m_model->rowCount(), 2);
    QTest::mouseClick(m_health->fixButton(), Qt::LeftButton);
    auto *fix = dialog<BulkDialog>();
    QTRY_COMPARE(fix->preview()->list()->count(), 2);
    fix->preview()->list()->item(0)->setCheckState(Qt::Unchecked);
    QCOMPARE(fix->applyButton()->text(), QStringLiteral("Change 1 record"));
    QTest::mouseClick(fix->applyButton(), Qt::LeftButton);
    QTRY_COMPARE(stored(2).turns[1].text, std::string("Ring [PHONE] now."));
    QCOMPARE(stored(1).turns[1].text, std::string("Mail anna@clinic.de."));
}

void BulkChangesTest::replaceIsOneStep()
{
    act("replaceInRecords");
    auto *replace = dialog<BulkDialog>();
    QVERIFY(replace);
    QTest::keyClicks(replace->findField(), QStringLiteral("ROOM 5"));
    QTest::keyClicks(replace->withField(), QStringLiteral("room 6"));
    QTRY_COMPARE(replace->applyButton()->text(), QStringLiteral("Change 2 records"));
    // Nothing can be done that was not shown before.
    QTRY_VERIFY(replace->applyButton()->isEnabled());
    QTest::keyClick(replace->withField(), Qt::Key_X);
    QVERIFY(!replace->applyButton()->isEnabled());
    QTest::keyClick(replace->withField(), Qt::Key_Backspace);
    QTRY_VERIFY(replace->applyButton()->isEnabled());
    QTest::mouseClick(replace->applyButton(), Qt::LeftButton);
    QTRY_COMPARE(stored(4).turns[1].text, std::string("As an AI model, I am here. In room 6."));
    QCOMPARE(stored(3).turns[1].text, std::string("room 6, the cats wait there."));
    m_bridge->undo();
    QTRY_COMPARE(stored(4).turns[1].text, std::string("As an AI model, I am here. In room 5."));
    QCOMPARE(stored(3).status, RecordStatus::New);
}

void BulkChangesTest::badPatternIsNamed()
{
    act("replaceInRecords");
    auto *replace = dialog<BulkDialog>();
    for (QCheckBox *box : replace->findChildren<QCheckBox *>())
        if (box->text() == QLatin1String("Regular expression"))
            box->setChecked(true);
    QTest::keyClicks(replace->findField(), QStringLiteral("(room"));
    QTRY_VERIFY(replace->problem().contains(QLatin1String("character")));
    QVERIFY(!replace->applyButton()->isEnabled());
    QTest::keyClicks(replace->findField(), QStringLiteral(") (\\d)"));
    QTRY_COMPARE(replace->applyButton()->text(), QStringLiteral("Change 2 records"));
    QVERIFY(replace->problem().isEmpty());
    QTest::keyClick(replace, Qt::Key_Escape);
}

void BulkChangesTest::dividesTheRecords()
{
    act("divideRecords");
    auto *split = dialog<SplitDialog>();
    QVERIFY(split);
    split->heldOutBox()->setValue(50);
    QTRY_COMPARE(split->summary(), QStringLiteral("2 to train, 2 held out, 0 for the test; 4 records change."));
    QTest::mouseClick(split->divideButton(), Qt::LeftButton);
    const auto heldOut = [this] {
        int count = 0;
        for (int id = 1; id <= 4; ++id)
            count += stored(id).split == data::Split::HeldOut ? 1 : 0;
        return count;
    };
    QTRY_COMPARE(heldOut(), 2);
    m_bridge->undo();
    QTRY_COMPARE(heldOut(), 0);
}

void BulkChangesTest::deletedRecordsComeBack()
{
    m_bridge->deleteRecords({RecordId{2}, RecordId{3}});
    QTRY_COMPARE(m_model->rowCount(), 2);
    act("openTrash");
    auto *trash = dialog<TrashDialog>();
    QVERIFY(trash);
    QTRY_COMPARE(trash->list()->topLevelItemCount(), 2);
    QCOMPARE(trash->list()->topLevelItem(1)->text(0), QStringLiteral("Which room?"));
    trash->list()->clearSelection();
    trash->list()->topLevelItem(1)->setSelected(true);
    QTest::mouseClick(trash->restoreButton(), Qt::LeftButton);
    QTRY_COMPARE(m_model->rowCount(), 3);
    QCOMPARE(stored(3).turns[0].text, std::string("Which room?"));
}

void BulkChangesTest::exportedFileIsImportedAgain()
{
    const QString file = m_folder->filePath("out.jsonl");
    m_window->dialogs().setNextFileName(file);
    act("exportRecords");
    auto *out = dialog<DataExportDialog>();
    QVERIFY(out);
    QTest::mouseClick(out->exportButton(), Qt::LeftButton);
    QTRY_VERIFY(!dialog<DataExportDialog>() || !out->isVisible());
    const auto read = data::readRecords(file.toStdString());
    QVERIFY(read);
    QCOMPARE(read->records.size(), std::size_t(4));
    QCOMPARE(data::contentHash(read->records[3]), data::contentHash(stored(4)));
}

void BulkChangesTest::clipboardIsImported()
{
    QGuiApplication::clipboard()->setText(QStringLiteral("question\tanswer\nWho cleans?\tMr Lund.\n"));
    act("pasteRecords");
    QTRY_VERIFY(m_page->importDialog());
    QTRY_VERIFY(m_page->importDialog()->isReady());
    QTest::mouseClick(m_page->importDialog()->importButton(), Qt::LeftButton);
    QTRY_COMPARE(m_model->rowCount(), 5);
    QCOMPARE(stored(5).turns[1].text, std::string("Mr Lund."));
    QCOMPARE(stored(5).source, std::string("clipboard, line 2"));
}

void BulkChangesTest::rejectedRowsAreRepaired_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("repaired");
    QTest::newRow("lines") << "rows.jsonl" << QByteArray("{\"question\": \"A?\", \"answer\": \"a\"}\n{\"question\": \"B?\", \"answer\": \"b\"\n")
                           << "{\"question\": \"B?\", \"answer\": \"b\"}";
    QTest::newRow("table") << "rows.csv" << QByteArray("question;answer\nA?;a\nB?;b;c\n") << "B?;b";
    QTest::newRow("single quotes") << "rows.csv" << QByteArray("'question';'answer'\n'A?';'a'\n'B?';'b';'c'\n") << "'B?';'b'";
    QTest::newRow("not UTF-8") << "rows.csv" << QByteArray("question;answer\nWann ist die T\xfcr offen, und f\xfcr wen?;F\xfcr alle, von fr\xfch bis sp\xe4t.\nB?;b;c\n") << "B?;b";
}

void BulkChangesTest::rejectedRowsAreRepaired()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    QFETCH(QString, repaired);
    QFile file(m_folder->filePath(name));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
    file.close();
    m_page->openImport(file.fileName());
    ImportDialog *import = m_page->importDialog();
    QVERIFY(import);
    QTRY_VERIFY(import->isReady());
    QCOMPARE(import->importButton()->text(), QStringLiteral("Import 1 record"));
    if (bytes.contains('\xfc')) { // told below the reasons, whole
        const auto labels = import->badRows()->findChildren<QLabel *>();
        QVERIFY(std::ranges::any_of(labels, [](const QLabel *label) { return label->isVisible() && label->text().startsWith(QStringLiteral("The file is not UTF-8; it was read as")); }));
    }
    QVERIFY(import->badRows()->repairButton()->isEnabled());
    QTest::mouseClick(import->badRows()->repairButton(), Qt::LeftButton);
    auto *repair = import->findChild<RepairDialog *>();
    QVERIFY(repair);
    QVERIFY(!repair->useButton()->isEnabled());
    QVERIFY(!repair->problem().isEmpty());
    repair->textField()->setPlainText(repaired);
    QVERIFY2(repair->useButton()->isEnabled(), qPrintable(repair->problem()));
    QTest::mouseClick(repair->useButton(), Qt::LeftButton);
    QCOMPARE(import->importButton()->text(), QStringLiteral("Import 2 records"));
    QTest::mouseClick(import->importButton(), Qt::LeftButton);
    QTRY_COMPARE(m_model->rowCount(), 6);
    QCOMPARE(QString::fromStdString(stored(6).turns[0].text), QStringLiteral("B?"));
    QCOMPARE(QString::fromStdString(stored(6).turns[1].text), QStringLiteral("b"));
    QVERIFY(QString::fromStdString(stored(6).source).startsWith(name + QStringLiteral(", line ")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), bytes); // never changed
}

void BulkChangesTest::anyRecordIsReviewed()
{
    m_bridge->setStatus({RecordId{1}, RecordId{2}, RecordId{4}}, RecordStatus::Approved);
    QTRY_COMPARE(stored(4).status, RecordStatus::Approved);
    act("randomUnreviewed");
    QTRY_COMPARE(m_page->findChild<RecordEditor *>()->recordId(), RecordId{3});
}

void BulkChangesTest::tagsAreChangedInTheTable()
{
    auto *table = m_page->findChild<RecordTable *>();
    QTRY_VERIFY(m_model->rowAt(1));
    table->goTo(1);
    table->setFocus();
    const QRect cell = table->visualRect(m_model->index(1, RecordModel::TagsColumn));
    QTest::mouseDClick(table->viewport(), Qt::LeftButton, {}, cell.center());
    const auto line = [&] { return table->findChild<QLineEdit *>(QStringLiteral("tagsInCell")); };
    QTRY_VERIFY(line());
    QTest::keyClicks(line(), QStringLiteral("night, urgent ,night"));
    QTest::keyClick(line(), Qt::Key_Return);
    QTRY_COMPARE(stored(2).tags, (std::vector<std::string>{"night", "urgent"}));
    QTRY_VERIFY(!line());
    QTRY_VERIFY(m_model->rowAt(1) && m_model->rowAt(1)->tags.size() == 2);
    QTest::keyClick(table, Qt::Key_F2); // tags of the current record
    QTRY_VERIFY(line());
    QCOMPARE(line()->text(), QStringLiteral("night, urgent"));
    QTest::keyClicks(line(), QStringLiteral("x"));
    QTest::keyClick(line(), Qt::Key_Escape);
    QTRY_VERIFY(!line());
    QCOMPARE(stored(2).tags.size(), std::size_t(2));
}

void BulkChangesTest::snapshotsAreNamedAndCompared()
{
    bool isFrozen = false;
    m_bridge->freezeSnapshot({}, {1, 0, 0, 1}, this, [&](Result<engine::SnapshotInfo> snapshot) { isFrozen = snapshot.has_value(); });
    QTRY_VERIFY(isFrozen);
    m_bridge->setStatus({RecordId{1}}, RecordStatus::Rejected);
    QTRY_COMPARE(stored(1).status, RecordStatus::Rejected);
    act("compareSnapshots");
    auto *snapshots = dialog<SnapshotsDialog>();
    QVERIFY(snapshots);
    QTRY_COMPARE(snapshots->summary(), QStringLiteral("0 added, 1 removed, 0 changed, 3 the same"));
    QVERIFY(snapshots->changes()->list()->item(0)->text().startsWith(QLatin1String("Removed: 1")));
    QTest::keyClicks(snapshots->nameField(), QStringLiteral("first"));
    QTest::keyClick(snapshots->nameField(), Qt::Key_Return);
    QTRY_VERIFY(snapshots->olderBox()->itemText(0).contains(QLatin1String("first")));
    QTRY_VERIFY(snapshots->backButton()->isEnabled());
    QTest::mouseClick(snapshots->backButton(), Qt::LeftButton);
    QTRY_VERIFY(!dialog<SnapshotsDialog>());
    QCOMPARE(stored(1).status, RecordStatus::New);
    act("compareSnapshots");
    snapshots = dialog<SnapshotsDialog>();
    QTRY_COMPARE(snapshots->summary(), QStringLiteral("0 added, 0 removed, 0 changed, 4 the same"));
    QVERIFY(!snapshots->backButton()->isEnabled());
    QTest::keyClick(snapshots, Qt::Key_Escape);
    QTRY_VERIFY(!dialog<SnapshotsDialog>());
    m_bridge->undo();
    QTRY_COMPARE(stored(1).status, RecordStatus::Rejected);
}

void BulkChangesTest::moreFindingsThanRoom()
{
    m_window->resize(1024, 700);
    QTRY_VERIFY(m_health->moreButton()->isVisible());
    QVERIFY(m_health->chip(RecordFlag::PersonalData)->isVisible()); // has something to tell
    QVERIFY(!m_health->chip(RecordFlag::RareTag)->isVisible());
    const QRect last = m_health->fixButton()->geometry();
    QVERIFY(m_health->rect().contains(last));
    QVERIFY(!last.intersects(m_health->moreButton()->geometry()));
}

void BulkChangesTest::everyDialogCanBeReachedByKeyboard()
{
    for (const char *name : {"replaceInRecords", "divideRecords", "openTrash", "exportRecords", "compareSnapshots"}) {
        act(name);
        auto *shown = m_page->findChild<QDialog *>(QString(), Qt::FindDirectChildrenOnly);
        QVERIFY2(shown, name);
        for (const QWidget *widget : shown->findChildren<QWidget *>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() || widget->objectName().startsWith(QLatin1String("qt_")))
                continue;
            const auto *button = qobject_cast<const QAbstractButton *>(widget);
            const QString text = button && !button->text().isEmpty() ? button->text() : widget->accessibleName();
            const bool isPart = qobject_cast<const QLineEdit *>(widget) && qobject_cast<const QAbstractSpinBox *>(widget->parentWidget());
            const bool isPane = widget->inherits("QScrollArea") || widget->inherits("QComboBoxListView");
            QVERIFY2(isPart || isPane || !text.isEmpty(), (QByteArray(name) + ' ' + widget->metaObject()->className()).constData());
        }
        delete shown;
    }
}

QTEST_MAIN(BulkChangesTest)
#include "tst_bulkchanges_real.moc"
