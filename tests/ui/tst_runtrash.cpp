// Runs that are thrown away in the real window on the stand-in engine: the trash, its size, restore, delete for good.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runspage.h"
#include "ui/runs/runtrashdialog.h"
#include "ui/widgets/button.h"

#include <QTest>
#include <QTimer>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunTrashTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();

    void trashedRunLeavesTheList();
    void messageBringsItBack();
    void dialogRestoresWhatIsChosen();
    void dialogDeletesAfterAQuestion();
    void emptyTrashSaysSo();
    void workingRunStays();

private:
    void trash(const QString &action = QStringLiteral("trashRun")) { m_page->findChild<QAction *>(action)->trigger(); }
    [[nodiscard]] RunListModel &model() const { return *m_page->findChild<RunListModel *>(); }

    WindowFixture m_fixture{QStringLiteral("tst_runtrash")};
    RunsPage *m_page = nullptr;
};

void RunTrashTest::init()
{
    m_fixture.start(4);
    for (int id = 1; id <= 3; ++id) {
        engine::RunInfo run;
        run.id = RunId{id};
        run.name = "Run " + std::to_string(id);
        run.state = RunState::Finished;
        run.method = "lora";
        run.recipeJson = "{}";
        run.started = "2026-03-02T09:00:00";
        m_fixture.state->runs.push_back(run);
    }
    m_page = qobject_cast<RunsPage *>(m_fixture.openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->shownRun(), RunId{3});
}

void RunTrashTest::cleanup()
{
    m_page = nullptr;
    m_fixture.end();
}

void RunTrashTest::trashedRunLeavesTheList()
{
    trash();
    QTRY_COMPARE(model().rowCount(), 2);
    QCOMPARE(m_page->shownRun(), RunId{2});
    QCOMPARE(m_fixture.state->trashedRuns.size(), std::size_t(1));
    QTRY_VERIFY(m_fixture.isTextShown(*m_fixture.window, QStringLiteral("Run 3 is in the trash.")));
    QVERIFY(m_fixture.isTextShown(*m_fixture.window, QStringLiteral("1.20 GB become free when the trash is emptied.")));
}

void RunTrashTest::messageBringsItBack()
{
    trash();
    QTRY_COMPARE(model().rowCount(), 2);
    MessageBar *bar = nullptr;
    QTRY_VERIFY(bar = m_fixture.window->findChild<MessageBar *>());
    for (auto *button : bar->findChildren<Button *>()) {
        if (button->text() == QStringLiteral("Restore"))
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_COMPARE(model().rowCount(), 3);
    QVERIFY(m_fixture.state->trashedRuns.empty());
}

void RunTrashTest::dialogRestoresWhatIsChosen()
{
    trash();
    QTRY_COMPARE(model().rowCount(), 2);
    trash();
    QTRY_COMPARE(model().rowCount(), 1);
    RunTrashDialog dialog(*m_fixture.bridge, m_fixture.window->dialogs(), m_page);
    dialog.show();
    QTRY_COMPARE(dialog.list().topLevelItemCount(), 2);
    QCOMPARE(dialog.note(), QStringLiteral("2.40 GB become free when the trash is emptied."));
    QCOMPARE(dialog.list().topLevelItem(0)->text(3), QStringLiteral("1.20 GB"));
    QTest::mouseClick(dialog.list().viewport(), Qt::LeftButton, {}, dialog.list().visualItemRect(dialog.list().topLevelItem(0)).center());
    QCOMPARE(dialog.restoreButton().text(), QStringLiteral("Restore"));
    QTest::mouseClick(&dialog.restoreButton(), Qt::LeftButton);
    QTRY_COMPARE(dialog.list().topLevelItemCount(), 1);
    QTRY_COMPARE(model().rowCount(), 2);
    if (const QString folder = qEnvironmentVariable("FETTLE_PICTURES"); !folder.isEmpty())
        dialog.grab().save(folder + QStringLiteral("/trash.png"));
}

void RunTrashTest::dialogDeletesAfterAQuestion()
{
    trash();
    QTRY_COMPARE(model().rowCount(), 2);
    RunTrashDialog dialog(*m_fixture.bridge, m_fixture.window->dialogs(), m_page);
    dialog.show();
    QTRY_COMPARE(dialog.list().topLevelItemCount(), 1);
    m_fixture.window->dialogs().setNextAnswer(1); // keep
    QTest::mouseClick(&dialog.deleteButton(), Qt::LeftButton);
    QCOMPARE(m_fixture.state->trashedRuns.size(), std::size_t(1));
    QVERIFY(m_fixture.window->dialogs().lastQuestion()->text.contains(QStringLiteral("1.20 GB become free")));
    m_fixture.window->dialogs().setNextAnswer(0);
    QTest::mouseClick(&dialog.deleteButton(), Qt::LeftButton);
    QTRY_COMPARE(dialog.list().topLevelItemCount(), 0);
    QVERIFY(m_fixture.state->trashedRuns.empty());
    QCOMPARE(dialog.note(), QStringLiteral("The trash is empty."));
}

void RunTrashTest::emptyTrashSaysSo()
{
    QTimer::singleShot(0, this, [] {
        RunTrashDialog *dialog = nullptr;
        QTRY_VERIFY(dialog = qobject_cast<RunTrashDialog *>(QApplication::activeModalWidget()));
        QTRY_COMPARE(dialog->note(), QStringLiteral("The trash is empty."));
        QVERIFY(!dialog->restoreButton().isEnabled() && !dialog->deleteButton().isEnabled());
        dialog->reject();
    });
    trash(QStringLiteral("openRunTrash"));
}

void RunTrashTest::workingRunStays()
{
    m_fixture.state->runs[2].state = RunState::Running;
    m_page->onShown();
    QTRY_VERIFY(!m_page->findChild<QAction *>(QStringLiteral("trashRun"))->isEnabled());
}

QTEST_MAIN(RunTrashTest)
#include "tst_runtrash.moc"
