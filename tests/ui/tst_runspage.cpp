// The Runs page in the real window, on the stand-in engine: the list, steps that arrive, pause, resume and stop by clicks and keys, failure and
// interruption. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/runspagefixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/labeldialog.h"
#include "ui/runs/losschart.h"
#include "ui/runs/runlist.h"
#include "ui/runs/scrubber.h"
#include "ui/widgets/button.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/messagebar.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QLineEdit>
#include <QListView>
#include <QSet>
#include <QSlider>
#include <QTabBar>
#include <QTest>
#include <QTimer>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunsPageTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_runs.start(); }
    void cleanup() { m_runs.end(); }

    void emptyProjectLeadsToTrain();
    void listIsNewestFirst();
    void curveGrowsAsStepsArrive();
    void spacePausesAndResumeGoesOn();
    void stopAsks_data();
    void stopAsks();
    void spacePressesTheFocusedButton();
    void failureSaysWhatAndOffersTheWayBack();
    void interruptedRunOffersItsNewestCheckpoint();
    void runsAreNamedAndArchived();
    void targetChoosesRunAndCheckpoint();
    void everyControlHasAName();
    void narrowWindowFits();

private:
    RunsPageFixture m_runs{QStringLiteral("tst_runspage")};
};

void RunsPageTest::emptyProjectLeadsToTrain()
{
    m_runs.open();
    QVERIFY(m_runs.find<EmptyState>()->isVisible());
    m_runs.window.picture(QStringLiteral("empty"));
    m_runs.window.picture(QStringLiteral("empty"), true, {1024, 700});
    QTest::mouseClick(m_runs.button(QStringLiteral("Train a model")), Qt::LeftButton);
    QCOMPARE(m_runs.window.window->currentPageId(), QStringLiteral("train"));
}

void RunsPageTest::listIsNewestFirst()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.addRun(2, RunState::Cancelled, 60, 24);
    m_runs.addRun(3, RunState::Finished, 60, 60);
    m_runs.open();
    QAbstractItemModelTester tester(m_runs.find<RunListModel>());
    QCOMPARE(m_runs.find<RunListModel>()->runAt(0)->id, RunId{3});
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{3});
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    auto *list = m_runs.find<RunList>();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(1, 0)).center());
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{2});
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(24));
    QCOMPARE(m_runs.badge(), QStringLiteral("Stopped"));
    QVERIFY(list->model()->index(1, 0).data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("stopped by you at 24")));
    QTest::keyClick(list, Qt::Key_Down);
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{1});
}

void RunsPageTest::curveGrowsAsStepsArrive()
{
    m_runs.open();
    m_runs.startRun();
    QTRY_COMPARE(m_runs.find<RunListModel>()->rowCount(), 1);
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{1});
    m_runs.window.gate->release(10);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(10));
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Running"));
    QVERIFY(m_runs.page->curves().checkpoints.empty());
    m_runs.window.gate->release(15);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(25));
    QTRY_COMPARE(m_runs.page->curves().evals.size(), std::size_t(1));
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    QVERIFY(m_runs.find<RunListModel>()->index(0).data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("step 25 of 60")));
    QVERIFY(m_runs.find<LossChart>()->accessibleDescription().contains(QStringLiteral("Step 25 of 60")));
    QCOMPARE(m_runs.find<LossChart>()->drawnPoints(), 25);
    // The page was elsewhere for a while: nothing is missing.
    m_runs.window.window->openPage(QStringLiteral("home"));
    m_runs.window.gate->release(10);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(35));
    m_runs.window.window->openPage(QStringLiteral("runs"));
    QTRY_COMPARE(m_runs.find<LossChart>()->drawnPoints(), 35);
    m_runs.window.gate->release(100);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Finished"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    QVERIFY(!m_runs.button(QStringLiteral("Pause")) && !m_runs.button(QStringLiteral("Stop")) && !m_runs.button(QStringLiteral("Resume")));
}

void RunsPageTest::spacePausesAndResumeGoesOn()
{
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(25);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(25));
    m_runs.find<RunList>()->setFocus();
    QTest::keyClick(m_runs.find<RunList>(), Qt::Key_Space);
    QVERIFY(!m_runs.button(QStringLiteral("Pause"))->isEnabled()); // asked once
    m_runs.window.gate->release(1);
    QTRY_COMPARE(m_runs.stored(1), RunState::Paused);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Paused"));
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Resume from step 26")));
    m_runs.window.gate->release(10);
    QTest::mouseClick(m_runs.button(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Running"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(36));
    // By button, then back by key.
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Pause")));
    QTest::mouseClick(m_runs.button(QStringLiteral("Pause")), Qt::LeftButton);
    m_runs.window.gate->release(1);
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Resume from step 37")));
    m_runs.find<RunList>()->setFocus();
    QTest::keyClick(m_runs.find<RunList>(), Qt::Key_Space);
    m_runs.window.gate->release(100);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Finished"));
}

void RunsPageTest::stopAsks_data()
{
    QTest::addColumn<int>("answer");
    QTest::addColumn<bool>("isStopped");
    QTest::newRow("keep") << 0 << true;
    QTest::newRow("discard") << 1 << true;
    QTest::newRow("go on") << 2 << false;
}

void RunsPageTest::stopAsks()
{
    QFETCH(int, answer);
    QFETCH(bool, isStopped);
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(5);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(5));
    m_runs.window.window->dialogs().setNextAnswer(answer);
    QTest::mouseClick(m_runs.button(QStringLiteral("Stop...")), Qt::LeftButton);
    QVERIFY(m_runs.window.window->dialogs().lastQuestion());
    QCOMPARE(m_runs.window.window->dialogs().lastQuestion()->title, QStringLiteral("Stop Run 1?"));
    m_runs.window.gate->release(1);
    if (isStopped) {
        QTRY_COMPARE(m_runs.badge(), QStringLiteral("Stopped"));
    } else {
        QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(6));
        QCOMPARE(m_runs.badge(), QStringLiteral("Running"));
    }
}

void RunsPageTest::spacePressesTheFocusedButton()
{
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(5);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(5));
    m_runs.window.window->dialogs().setNextAnswer(2);
    m_runs.button(QStringLiteral("Stop..."))->setFocus(Qt::TabFocusReason);
    QTest::keyClick(m_runs.button(QStringLiteral("Stop...")), Qt::Key_Space);
    QVERIFY(m_runs.window.window->dialogs().lastQuestion()); // Stop was asked for, not Pause
    m_runs.window.gate->release(1);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(6));
    QVERIFY(m_runs.button(QStringLiteral("Pause"))->isEnabled());
}

void RunsPageTest::failureSaysWhatAndOffersTheWayBack()
{
    m_runs.window.engine->runError = Error{ErrorCode::DiskFull, "The disk \"Data\" is full.", "Free 59 MB, then resume.", "errno 28"};
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(100);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Failed"));
    QTRY_VERIFY(m_runs.find<MessageBar>());
    QTRY_VERIFY(m_runs.find<MessageBar>()->message().what.contains(QStringLiteral("Run 1 stopped at step 30: The disk \"Data\" is full.")));
    QTRY_VERIFY(m_runs.find<MessageBar>()->message().remedy.contains(QStringLiteral("Nothing before step 20 is lost; 10 ")));
    QCOMPARE(m_runs.window.window->findChildren<MessageBar *>().size(), m_runs.page->findChildren<MessageBar *>().size()); // said once
    QCOMPARE(m_runs.find<LossChart>()->lost()->from, std::int64_t(20));
    QCOMPARE(m_runs.find<LossChart>()->lost()->to, std::int64_t(30));
    // Closing the bar leaves the way back in the head.
    m_runs.window.engine->runError.reset();
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Resume from step 20")));
    QTest::mouseClick(m_runs.button(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Finished"));
    QTRY_VERIFY(!m_runs.find<MessageBar>());
    QVERIFY(!m_runs.find<LossChart>()->lost());
}

void RunsPageTest::interruptedRunOffersItsNewestCheckpoint()
{
    m_runs.addRun(1, RunState::Running, 60, 47); // no process works on it: opening the project marks it
    m_runs.open();
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Interrupted"));
    QTRY_VERIFY(m_runs.find<MessageBar>());
    QVERIFY(m_runs.find<MessageBar>()->message().what.contains(QStringLiteral("step 47")));
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Resume from step 40")));
    m_runs.window.picture(QStringLiteral("interrupted"));
    auto *close = m_runs.find<MessageBar>()->findChildren<Button *>().last();
    QTest::mouseClick(close, Qt::LeftButton);
    QTRY_VERIFY(!m_runs.find<MessageBar>());
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Resume from step 40"))); // now in the head
    m_runs.window.gate->release(100);
    QTest::mouseClick(m_runs.button(QStringLiteral("Resume from step 40")), Qt::LeftButton);
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Finished"));
}

void RunsPageTest::runsAreNamedAndArchived()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.addRun(2, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{2});
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<LabelDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        const auto fields = dialog->findChildren<QLineEdit *>();
        fields[0]->setText(QStringLiteral(" First  try "));
        fields[1]->setText(QStringLiteral("draft, , clinic"));
        dialog->accept();
    });
    QTest::keyClick(m_runs.find<RunList>(), Qt::Key_F2);
    QTRY_COMPARE(m_runs.window.state->runs[1].name, std::string("First try"));
    QCOMPARE(m_runs.window.state->runs[1].tags, (std::vector<std::string>{"draft", "clinic"}));
    QTRY_VERIFY(m_runs.find<RunListModel>()->index(0).data(Qt::AccessibleTextRole).toString().startsWith(QStringLiteral("First try")));
    m_runs.page->findChild<QAction *>(QStringLiteral("archiveRun"))->trigger();
    QTRY_COMPARE(m_runs.find<RunListModel>()->rowCount(), 1);
    QCOMPARE(m_runs.page->shownRun(), RunId{1});
    m_runs.page->findChild<QAction *>(QStringLiteral("showArchivedRuns"))->trigger();
    QTRY_COMPARE(m_runs.find<RunListModel>()->rowCount(), 2);
}

void RunsPageTest::targetChoosesRunAndCheckpoint()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.addRun(2, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{2});
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 1 40"));
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{1});
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(40));
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 1 20"));
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 99")); // unknown: nothing happens
    QTest::qWait(50);
    QCOMPARE(m_runs.page->shownRun(), RunId{1});
}

void RunsPageTest::everyControlHasAName()
{
    m_runs.addRun(1, RunState::Failed, 207, 140);
    m_runs.open();
    QTRY_VERIFY(m_runs.find<MessageBar>());
    for (auto *widget : m_runs.page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || widget->inherits("QCustomPlot"))
            continue;
        auto *accessible = QAccessible::queryAccessibleInterface(widget);
        QVERIFY2(accessible && !accessible->text(QAccessible::Name).isEmpty(), widget->metaObject()->className());
    }
    // Tab reaches list, head, chart, scrubber and tabs.
    QSet<QString> reached;
    m_runs.find<RunList>()->setFocus();
    for (int i = 0; i < 60; ++i) {
        QVERIFY2(QApplication::focusWidget(), qPrintable(QStringList(reached.values()).join(QLatin1Char(' '))));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        reached.insert(QString::fromLatin1(QApplication::focusWidget()->metaObject()->className()));
    }
    for (const char *wanted : {"fettle::ui::RunList", "fettle::ui::LossChart", "fettle::ui::Scrubber", "QTabBar", "fettle::ui::Segmented", "QSlider"})
        QVERIFY2(reached.contains(QString::fromLatin1(wanted)), wanted);
}

void RunsPageTest::narrowWindowFits()
{
    m_runs.addRun(1, RunState::Finished, 207, 207);
    m_runs.addRun(2, RunState::Paused, 207, 64);
    m_runs.addRun(3, RunState::Cancelled, 207, 90);
    m_runs.addRun(4, RunState::Failed, 207, 153);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(153));
    m_runs.window.picture(QStringLiteral("failed"));
    m_runs.window.picture(QStringLiteral("failed"), true);
    m_runs.window.picture(QStringLiteral("failed"), false, {1024, 700});
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 2"));
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{2});
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(64));
    m_runs.window.picture(QStringLiteral("paused"));
    m_runs.window.window->resize(1024, 700);
    QTRY_VERIFY(m_runs.find<ChartPane>()->width() < 600);
    QVERIFY(m_runs.window.window->width() == 1024);
    QVERIFY(m_runs.find<LossChart>()->plotRect().width() > 250);
    // The state of a live run, for the picture.
    m_runs.window.engine->runSteps = 207;
    m_runs.startRun();
    m_runs.window.gate->release(129);
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{5});
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(129));
    m_runs.window.picture(QStringLiteral("running"));
    m_runs.window.picture(QStringLiteral("running"), true);
    m_runs.window.picture(QStringLiteral("running"), false, {1024, 700});
    m_runs.window.picture(QStringLiteral("running"), true, {1024, 700});
}

QTEST_MAIN(RunsPageTest)
#include "tst_runspage.moc"
