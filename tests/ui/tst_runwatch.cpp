// While nobody looks: the desktop says when a run has ended by itself, and the computer is kept awake exactly while one goes on or waits.
#include "tests/ui/support/windowfixture.h"
#include "ui/desktop/runwatch.h"
#include "ui/runs/runspage.h"

#include <QAction>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

namespace {

// What the desktop was asked for, on the thread of the watch.
struct FakeDesktop {
    std::mutex mutex;
    std::vector<Notification> told;
    int awakes = 0;              // times that it was asked to stay awake
    std::atomic<int> held = 0;   // handles that live now
    bool isAbsent = false;
    std::shared_ptr<DesktopMessages> messages = std::make_shared<DesktopMessages>();

    RunWatch::Desktop desktop()
    {
        return {[this](const Notification &notification) -> Result<> {
                    const std::scoped_lock lock(mutex);
                    if (isAbsent)
                        return fail(ErrorCode::NotFound, "There is no message bus here.");
                    told.push_back(notification);
                    return {};
                },
                [this](const QString &) -> Result<std::shared_ptr<void>> {
                    const std::scoped_lock lock(mutex);
                    ++awakes;
                    if (isAbsent)
                        return fail(ErrorCode::NotFound, "There is no message bus here.");
                    ++held;
                    return std::shared_ptr<void>(&held, [this](void *) { --held; });
                }, messages};
    }
    std::size_t count()
    {
        const std::scoped_lock lock(mutex);
        return told.size();
    }
    Notification last()
    {
        const std::scoped_lock lock(mutex);
        return told.empty() ? Notification{} : told.back();
    }
};

} // namespace

class RunWatchTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_runwatch")); }
    void init();
    void cleanup();

    void finishedRunIsTold();
    void failedRunIsTold();
    void stoppedAndPausedRunsAreKnown();
    void staysAwakeWhileARunGoesOnOrWaits();
    void withoutADesktopNothingIsSaid();
    void canBeSwitchedOff();
    void aClickBringsTheRunForward();

private:
    void startRun()
    {
        engine::TrainRequest wish;
        wish.model = "smollm2-135m-instruct";
        wish.recipe.method = "lora";
        m_fixture->bridge->startRun(wish);
    }
    void startRunAndWait()
    {
        startRun();
        QTRY_VERIFY(m_fixture->bridge->activeRunInfo().id.isValid());
    }
    void finishRun()
    {
        m_fixture->gate->release(1000);
        QTRY_VERIFY(!m_fixture->bridge->isRunActive() && m_fixture->bridge->queuedRuns() == 0);
        while (m_fixture->gate->try_acquire()) {} // the next run waits again
    }

    std::unique_ptr<WindowFixture> m_fixture;
    FakeDesktop m_desktop;
    std::unique_ptr<RunWatch> m_watch;
};

void RunWatchTest::init()
{
    m_fixture->start(20);
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    QVERIFY(m_fixture->openPage(QStringLiteral("home")));
    m_desktop.told.clear();
    m_desktop.awakes = 0;
    m_desktop.isAbsent = false;
    m_watch = std::make_unique<RunWatch>(*m_fixture->bridge, m_desktop.desktop());
}

void RunWatchTest::cleanup()
{
    m_watch.reset();
    QCOMPARE(m_desktop.held.load(), 0); // nothing is held beyond the program
    m_fixture->end();
}

void RunWatchTest::finishedRunIsTold()
{
    startRunAndWait();
    finishRun();
    QTRY_COMPARE(m_desktop.count(), std::size_t(1));
    QCOMPARE(m_desktop.last().title, QStringLiteral("Run 1 has finished"));
    QVERIFY2(m_desktop.last().text.startsWith(QStringLiteral("60 steps in 4 min. Held-out loss ")), qPrintable(m_desktop.last().text));
}

void RunWatchTest::failedRunIsTold()
{
    m_fixture->engine->runError = Error{ErrorCode::DiskFull, "The disk is full.", {}, "Free some space."};
    startRunAndWait();
    finishRun();
    QTRY_COMPARE(m_desktop.count(), std::size_t(1));
    QCOMPARE(m_desktop.last().title, QStringLiteral("Run 1 has failed"));
    QCOMPARE(m_desktop.last().text, QStringLiteral("The disk is full."));
}

void RunWatchTest::stoppedAndPausedRunsAreKnown()
{
    startRunAndWait();
    m_fixture->bridge->pauseRun();
    finishRun();
    m_fixture->bridge->resumeRun(RunId{1}, {});
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    m_fixture->bridge->stopRun(engine::RunControl::Wish::StopAndKeep);
    finishRun();
    QTRY_COMPARE(m_desktop.held.load(), 0); // the last that the watch does
    QCOMPARE(m_desktop.count(), std::size_t(0));
}

void RunWatchTest::staysAwakeWhileARunGoesOnOrWaits()
{
    QCOMPARE(m_desktop.awakes, 0);
    startRunAndWait();
    startRun();
    QTRY_COMPARE(m_desktop.held.load(), 1);
    m_fixture->gate->release(60);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().id, RunId{2});
    QCOMPARE(m_desktop.held.load(), 1); // between two runs there is no gap
    finishRun();
    QTRY_COMPARE(m_desktop.held.load(), 0);
    QCOMPARE(m_desktop.awakes, 1);
    startRunAndWait();
    QTRY_COMPARE(m_desktop.held.load(), 1);
    finishRun();
}

void RunWatchTest::withoutADesktopNothingIsSaid()
{
    m_desktop.isAbsent = true;
    startRunAndWait();
    finishRun();
    QTRY_COMPARE(m_desktop.awakes, 1);
    QCOMPARE(m_desktop.held.load(), 0);
    QCOMPARE(m_fixture->state->runs.back().state, engine::RunState::Finished);
}

void RunWatchTest::canBeSwitchedOff()
{
    QAction *action = m_fixture->window->windowAction(QStringLiteral("notifyWhenRunEnds"));
    QVERIFY(action && action->isChecked());
    action->trigger();
    QVERIFY(!RunWatch::isNotifying());
    startRunAndWait();
    QTRY_COMPARE(m_desktop.held.load(), 1); // sleep has nothing to do with it
    finishRun();
    QTRY_COMPARE(m_desktop.held.load(), 0);
    QCOMPARE(m_desktop.count(), std::size_t(0));
    action->trigger();
    startRunAndWait();
    finishRun();
    QTRY_COMPARE(m_desktop.count(), std::size_t(1));
}

void RunWatchTest::aClickBringsTheRunForward()
{
    connect(m_watch.get(), &RunWatch::runWished, m_fixture->window.get(), &MainWindow::comeForward);
    startRunAndWait();
    finishRun();
    startRunAndWait();
    finishRun();
    QTRY_COMPARE(m_desktop.count(), std::size_t(2));
    m_fixture->window->showMinimized();
    QVERIFY(!m_fixture->window->isActiveWindow() || m_fixture->window->isMinimized());
    emit m_desktop.messages->activated(m_desktop.told.front().target);
    QTRY_VERIFY(!m_fixture->window->isMinimized());
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("runs"));
    auto *page = qobject_cast<RunsPage *>(m_fixture->window->page(QStringLiteral("runs")));
    QTRY_COMPARE(page->shownRun(), RunId{1});
    // Of a project that is not open any more only the window comes.
    m_fixture->bridge->closeProject();
    m_fixture->window->showMinimized();
    emit m_desktop.messages->activated(m_desktop.last().target);
    QTRY_VERIFY(!m_fixture->window->isMinimized());
    QVERIFY(m_fixture->window->currentPageId() != QStringLiteral("runs"));
}

QTEST_MAIN(RunWatchTest)
#include "tst_runwatch.moc"
