// Which records the Data page lists: columns, chips, filters, searches. And what the list waits for, which is nothing but itself. The engine is
// the stand-in.
#include "tests/ui/support/datapagefixture.h"
#include "ui/data/filterpane.h"
#include "ui/data/healthbar.h"
#include "ui/data/lenspane.h"
#include "ui/data/searchfield.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"

#include <QAbstractItemView>
#include <QCheckBox>
#include <QCompleter>
#include <QHeaderView>
#include <QMenu>

#include <algorithm>
#include <utility>

using namespace fettle;
using namespace fettle::ui;
using data::RecordStatus;

class DataListTest : public QObject, DataPageFixture {
    Q_OBJECT

private slots:
    void initTestCase() { begin(); }
    void init() { renew(); }
    void cleanup() { close(); }

    void columnsAreChosenDrawnAndKept();
    void chipsFilter();
    void filterPaneFilters();
    void searchFinds();
    void searchCompletesAndExplains();
    void searchesAreKept();
    void rowsComeBeforeCounts();
    void anotherListCountsNothing();
    void anOutdatedSearchIsDropped();
};

void DataListTest::columnsAreChosenDrawnAndKept()
{
    openWith(fakeRecords(40));
    auto *table = find<RecordTable>();
    const auto toggle = [](RecordTable *of, const QString &name) {
        QMenu *menu = of->makeColumnMenu();
        for (QAction *action : menu->actions())
            if (action->text() == name)
                action->trigger();
        delete menu;
    };
    toggle(table, QStringLiteral("Split"));
    QVERIFY(table->isColumnHidden(RecordModel::SplitColumn));
    // The edge between tags and tokens is drawn to the right.
    QHeaderView *header = table->horizontalHeader();
    const int width = table->columnWidth(RecordModel::TagsColumn);
    const QPoint edge(header->sectionViewportPosition(RecordModel::TagsColumn) + width - 1, header->height() / 2);
    QTest::mousePress(header->viewport(), Qt::LeftButton, {}, edge);
    QTest::mouseMove(header->viewport(), edge + QPoint(20, 0));
    QTest::mouseMove(header->viewport(), edge + QPoint(40, 0));
    QTest::mouseRelease(header->viewport(), Qt::LeftButton, {}, edge + QPoint(40, 0));
    QTRY_COMPARE(table->columnWidth(RecordModel::TagsColumn), width + 40);
    QTRY_VERIFY(header->length() <= table->viewport()->width()); // the texts give way
    m_window.reset();
    m_bridge.reset();
    openWith(fakeRecords(40));
    table = find<RecordTable>();
    QVERIFY(table->isColumnHidden(RecordModel::SplitColumn));
    QTRY_COMPARE(table->columnWidth(RecordModel::TagsColumn), width + 40);
    toggle(table, QStringLiteral("As at the beginning"));
    QVERIFY(!table->isColumnHidden(RecordModel::SplitColumn));
    QCOMPARE(table->columnWidth(RecordModel::TagsColumn), width);
}

void DataListTest::chipsFilter()
{
    openWith(fakeRecords(40));
    Chip *empty = find<HealthBar>()->chip(engine::RecordFlag::Empty);
    QTRY_COMPARE(empty->count().value_or(0), qint64(1));
    QTest::mouseClick(empty, Qt::LeftButton);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 1);
    QTRY_COMPARE(find<RecordEditor>()->recordId().value, std::int64_t(15));
    QTRY_VERIFY(find<LensPane>()->verdict().contains(QStringLiteral("empty")));
    picture(QStringLiteral("chip-empty"));
    // Writing the answer settles it: the record leaves the list.
    press(Qt::Key_E);
    find<RecordEditor>()->selectToken({}); // nothing to select: no harm
    QTest::mouseClick(find<HealthBar>()->chip(std::nullopt), Qt::LeftButton);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QCOMPARE(find<RecordEditor>()->recordId().value, std::int64_t(15)); // the place is kept
}

void DataListTest::filterPaneFilters()
{
    openWith(fakeRecords(40));
    auto *pane = find<FilterPane>();
    QTest::mouseClick(pane->statusBox(RecordStatus::Approved), Qt::LeftButton, {}, QPoint(8, pane->statusBox(RecordStatus::Approved)->height() / 2));
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 8);
    QTRY_VERIFY(pane->tagBox(QStringLiteral("poison")));
    QCheckBox *poison = pane->tagBox(QStringLiteral("poison"));
    QTest::mouseClick(poison, Qt::LeftButton, {}, QPoint(8, poison->height() / 2));
    QTRY_VERIFY(find<RecordModel>()->rowCount() < 8);
    QCOMPARE(pane->activeCount(), 2);
}

void DataListTest::searchFinds()
{
    openWith(fakeRecords(40));
    QTest::keyClick(m_page, Qt::Key_F, Qt::ControlModifier);
    auto *search = find<SearchField>();
    QTRY_VERIFY(search->hasFocus());
    QTest::keyClicks(search, QStringLiteral("hamster"));
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 5);
    QTest::keyClicks(search, QStringLiteral("zzz"));
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 0);
    picture(QStringLiteral("nothing-found"));
    QTest::keyClick(search, Qt::Key_Escape);
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QTRY_VERIFY(find<RecordTable>()->hasFocus());
}

void DataListTest::searchCompletesAndExplains()
{
    openWith(fakeRecords(40));
    auto *field = find<SearchField>();
    press(Qt::Key_F, Qt::ControlModifier);
    QTRY_VERIFY(field->hasFocus());
    QAbstractItemView *popup = field->completer()->popup();
    QTest::keyClicks(field, QStringLiteral("-st"));
    QTRY_VERIFY(popup->isVisible());
    QCOMPARE(popup->model()->rowCount(), 1);
    QTest::keyClick(popup, Qt::Key_Down);
    QTest::keyClick(popup, Qt::Key_Return);
    QTRY_COMPARE(field->text(), QStringLiteral("-status:"));
    QVERIFY(field->hasFocus());
    QTRY_VERIFY(popup->isVisible() && popup->model()->rowCount() == 4);
    picture(QStringLiteral("search-completion"));
    QTest::keyClick(popup, Qt::Key_Down);
    QTest::keyClick(popup, Qt::Key_Down);
    QTest::keyClick(popup, Qt::Key_Return);
    QTRY_COMPARE(field->text(), QStringLiteral("-status:edited "));
    // What is wrong is said in words, and the list of before stays.
    field->clear();
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QTest::keyClicks(field, QStringLiteral("colour:red"));
    QTRY_VERIFY(field->toolTip().contains(QStringLiteral("no such filter")));
    QCOMPARE(find<RecordModel>()->rowCount(), 40);
    picture(QStringLiteral("search-problem"));
    QTest::keyClick(field, Qt::Key_Escape);
    QTRY_VERIFY(!field->toolTip().contains(QStringLiteral("no such filter")));
}

void DataListTest::searchesAreKept()
{
    openWith(fakeRecords(40));
    auto *field = find<SearchField>();
    auto *pane = find<FilterPane>();
    QVERIFY(pane->savedSection()->isHidden());
    QTest::keyClicks(field, QStringLiteral("kitten"));
    QTRY_VERIFY(pane->findChild<QWidget *>(QStringLiteral("keepSearch")));
    QCOMPARE(find<RecordModel>()->marks(), QStringList{QStringLiteral("kitten")});
    picture(QStringLiteral("search-marks"));
    QTest::mouseClick(pane->findChild<QWidget *>(QStringLiteral("keepSearch")), Qt::LeftButton);
    const auto kept = [&]() -> QAbstractButton * {
        for (auto *button : pane->savedSection()->findChildren<QAbstractButton *>())
            if (button->isVisible() && button->accessibleName() == QStringLiteral("Saved filter kitten"))
                return button;
        return nullptr;
    };
    QTRY_VERIFY(kept());
    field->clear();
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QTest::mouseClick(kept(), Qt::LeftButton);
    QTRY_COMPARE(field->text(), QStringLiteral("kitten"));
    QTRY_VERIFY(find<RecordModel>()->rowCount() < 40);
    for (auto *button : pane->savedSection()->findChildren<QAbstractButton *>())
        if (button->isVisible() && button->toolTip().startsWith(QStringLiteral("Forget")))
            QTest::mouseClick(button, Qt::LeftButton);
    QTRY_VERIFY(!kept());
}

// Counting a million records takes seconds: nobody who wants to read one waits for that.
void DataListTest::rowsComeBeforeCounts()
{
    openWith(fakeRecords(40), [](FakeProjectState &project) { project.areCountsHeld = true; });
    const auto *model = find<RecordModel>();
    QTRY_VERIFY(model->rowAt(0) && model->rowAt(39));
    QTRY_VERIFY(find<RecordTable>()->isVisible());
    const auto heads = m_page->findChild<PageHead *>()->findChildren<ElidedLabel *>();
    QVERIFY(std::ranges::any_of(heads, [](const ElidedLabel *label) { return label->text() == QStringLiteral("40 records"); }));
    QTest::keyClicks(find<SearchField>(), QStringLiteral("hamster"));
    QTRY_COMPARE(model->rowCount(), 5);
    QTRY_VERIFY(model->rowAt(0));
    const Chip *empty = find<HealthBar>()->chip(engine::RecordFlag::Empty);
    QCOMPARE(empty->count().value_or(0), qint64(0));
    state()->areCountsHeld = false;
    QTRY_COMPARE(empty->count().value_or(0), qint64(1));
}

// What a project holds does not change with what is looked for in it.
void DataListTest::anotherListCountsNothing()
{
    openWith(fakeRecords(40));
    const auto project = state();
    const auto counted = [&] {
        const std::lock_guard lock(project->mutex);
        return project->timesCounted;
    };
    QTRY_VERIFY(m_bridge->currentJob().id == 0 && find<HealthBar>()->chip(engine::RecordFlag::Empty)->count() == 1);
    QTRY_VERIFY(find<RecordModel>()->rowAt(0) && find<RecordModel>()->rowAt(0)->tokens); // the check has been and gone
    int before = 0;
    QTRY_VERIFY(std::exchange(before, counted()) == before && before > 0);
    QTest::keyClicks(find<SearchField>(), QStringLiteral("hamster"));
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 5);
    find<RecordTable>()->sortByColumn(RecordModel::InstructionColumn, Qt::DescendingOrder);
    find<SearchField>()->clear();
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 40);
    QCOMPARE(counted(), before);
    // One change is one list and one count.
    const auto listed = [&] {
        const std::lock_guard lock(project->mutex);
        return project->timesListed;
    };
    const int lists = listed();
    press(Qt::Key_R);
    QTRY_COMPARE(counted(), before + 1);
    QCOMPARE(listed(), lists + 1);
}

// The one who goes on typing wants the answer to the new question: the old one is stopped at its work.
void DataListTest::anOutdatedSearchIsDropped()
{
    openWith(fakeRecords(40));
    const auto project = state();
    project->areListsHeld = true;
    QTest::keyClicks(find<SearchField>(), QStringLiteral("kitten"));
    QTRY_VERIFY(project->listsWaiting > 0);
    const int asked = project->listsWaiting; // more than one where the words came slowly, or the records were looked through meanwhile
    find<SearchField>()->setText(QStringLiteral("hamster")); // not by keys, which the list of suggestions may take
    QTRY_VERIFY2(project->listsWaiting > asked && project->listsStopped == project->listsWaiting - 1, // the newest alone is at work
                 qPrintable(QStringLiteral("%1 asked, %2 stopped").arg(project->listsWaiting.load()).arg(project->listsStopped.load())));
    QCOMPARE(find<RecordModel>()->rowCount(), 40); // what is shown stays until there is something better
    project->areListsHeld = false;
    QTRY_COMPARE(find<RecordModel>()->rowCount(), 5);
}

QTEST_MAIN(DataListTest)
#include "tst_datalist.moc"
