// The Runs page in the real window, on the stand-in engine: steps arrive and the curve grows, pause, resume and stop by clicks and keys,
// failure and interruption, checkpoints, settings, log, zoom, theme. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/frame/mainwindow.h"
#include "ui/runs/answerpane.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/probedialog.h"
#include "ui/runs/checkpointpane.h"
#include "ui/runs/eventfile.h"
#include "ui/runs/labeldialog.h"
#include "ui/runs/losschart.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runlog.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runsettings.h"
#include "ui/runs/runspage.h"
#include "ui/runs/scrubber.h"
#include "ui/runs/smallchart.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QComboBox>
#include <QDateTime>
#include <QElapsedTimer>
#include <QFile>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProcess>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <QTabBar>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <QtEndian>
#include <QWheelEvent>

#include <cmath>
#include <semaphore>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunsPageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void emptyProjectLeadsToTrain();
    void listIsNewestFirst();
    void curveGrowsAsStepsArrive();
    void spacePausesAndResumeGoesOn();
    void stopAsks_data();
    void stopAsks();
    void spacePressesTheFocusedButton();
    void failureSaysWhatAndOffersTheWayBack();
    void interruptedRunOffersItsNewestCheckpoint();
    void themeRecoloursTheChart();
    void aLongRunOpensQuickly();
    void wheelZoomsAndTheWholeComesBack();
    void pointerReadsThroughAllCharts();
    void keysGoFromCheckpointToCheckpoint();
    void draggingShowsTheAnswers();
    void axisCountsTokensEpochsAndMinutes();
    void runsAreNamedAndArchived();
    void doctorPointsAtTheCurve();
    void promptsAreChosen();
    void checkpointBecomesTheResult();
    void targetChoosesRunAndCheckpoint();
    void settingsMarkWhatDiffers();
    void logTells();
    void numbersAreSaved();
    void reportAndEventFileAreSaved();
    void everyControlHasAName();
    void narrowWindowFits();

private:
    void open();
    void addRun(int id, RunState state, int steps, int done, bool isBig = false);
    void startRun();
    template <class T>
    T *find() const { return m_page->findChild<T *>(); }
    [[nodiscard]] Button *button(const QString &start) const;
    // Shown and ready to be pressed: while a page reads, a button may be there and still wait.
    [[nodiscard]] bool isOffered(const QString &start) const { return button(start) && button(start)->isEnabled(); }
    [[nodiscard]] QString badge() const { return find<Badge>()->text(); }
    [[nodiscard]] RunState stored(int id) const;
    [[nodiscard]] QWidget *plot() const;
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000});

    QTemporaryDir m_dir;
    std::unique_ptr<Theme> m_theme;
    std::filesystem::path m_folder;
    FakeEngine *m_engine = nullptr;
    std::shared_ptr<FakeProjectState> m_state;
    std::shared_ptr<std::counting_semaphore<>> m_steps; // lets a run go on
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    RunsPage *m_page = nullptr;
};

void RunsPageTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_runspage"));
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    m_folder = (m_dir.path() + QStringLiteral("/Hollybrook answers.fettle")).toStdString();
    std::filesystem::create_directories(m_folder);
}

void RunsPageTest::init()
{
    QSettings().clear();
    auto engine = std::make_unique<FakeEngine>();
    m_engine = engine.get();
    m_engine->runSteps = 60;
    m_state = m_engine->addProject(m_folder, fakeRecords(20));
    m_steps = std::make_shared<std::counting_semaphore<>>(0);
    m_engine->beforeStep = [steps = m_steps](int) { steps->acquire(); };
    m_bridge = std::make_unique<Bridge>(std::move(engine));
    m_window = std::make_unique<MainWindow>(*m_bridge, *m_theme);
    m_window->resize(1600, 1000);
    m_window->show();
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void RunsPageTest::cleanup()
{
    m_steps->release(1'000'000); // nothing is held while the threads end
    m_theme->apply(ThemeChoice::Light);
    m_page = nullptr;
    m_window.reset();
    m_bridge.reset();
}

void RunsPageTest::open()
{
    m_bridge->openProject(m_folder);
    QTRY_VERIFY(m_bridge->project());
    m_window->openPage(QStringLiteral("runs"));
    m_page = qobject_cast<RunsPage *>(m_window->page(QStringLiteral("runs")));
    QVERIFY(m_page);
    QTRY_COMPARE(find<RunListModel>()->rowCount(), int(m_state->runs.size()));
}

void RunsPageTest::addRun(int id, RunState state, int steps, int done, bool isBig)
{
    engine::RunInfo run;
    run.id = RunId{id};
    run.name = "Run " + std::to_string(id);
    run.state = state;
    run.method = "lora";
    run.modelName = "SmolLM2-135M-Instruct";
    run.snapshot = SnapshotId{6};
    run.recipeJson = R"({"method": "lora", "rank": 16, "learningRate": 0.001, "seed": 1207, "epochs": 3.0, "schedule": "cosine"})";
    run.steps = steps;
    run.step = done;
    run.started = QDateTime::currentDateTime().addSecs(-90'000LL * (9 - id)).toString(Qt::ISODate).toStdString();
    run.seconds = done * 3.9;
    run.tokens = done * 2048LL;
    auto &points = m_state->metrics[id];
    const int every = isBig ? steps / 50 : 20;
    quint32 chance = 7; // the same picture at each call
    for (int step = 1; step <= done; ++step) {
        chance = chance * 1664525U + 1013904223U;
        const double noise = (double(chance >> 8) / double(1 << 24) - 0.5);
        const double where = double(step) / steps;
        engine::MetricPoint point;
        point.step = step;
        point.epoch = 3.0 * where;
        point.loss = 0.75 + 2.1 * std::exp(-where * 5.5) + noise * 0.32;
        point.learningRate = 1e-3 * std::min(1.0, where * 20) * (1 - where);
        point.gradNorm = 0.4 + std::exp(-where * 12) + noise * 0.1 + (step == steps / 2 ? 2.4 : 0);
        point.tokensPerSecond = 541 + noise * 30;
        point.tokens = step * 2048LL;
        point.peakBytes = 3'100'000'000 + std::int64_t(6e8 * std::min(1.0, where * 4));
        point.seconds = step * 3.9;
        points.push_back(point);
        if (step % every == 0) {
            m_state->evals[id].push_back({step, 1.25 + 1.5 * std::exp(-where * 4.5), 5000});
            run.evalLoss = m_state->evals[id].back().loss;
            m_state->checkpoints[id].push_back({step, "checkpoint", run.evalLoss});
        }
    }
    if (state == RunState::Failed)
        run.failure = "The disk \"Data\" is full. The checkpoint needs 59 MB, 12 MB are free.";
    m_state->runs.push_back(run);
}

void RunsPageTest::startRun()
{
    engine::TrainRequest request;
    request.recipe.method = "lora";
    request.snapshot = SnapshotId{1};
    m_bridge->startRun(request);
}

Button *RunsPageTest::button(const QString &start) const
{
    for (auto *candidate : m_page->findChildren<Button *>()) {
        if (candidate->isVisible() && !candidate->text().isEmpty() && candidate->text().startsWith(start))
            return candidate;
    }
    return nullptr;
}

RunState RunsPageTest::stored(int id) const
{
    const std::scoped_lock lock(m_state->mutex);
    return m_state->runs.at(std::size_t(id - 1)).state;
}

QWidget *RunsPageTest::plot() const
{
    for (auto *child : find<LossChart>()->findChildren<QWidget *>()) {
        if (child->inherits("QCustomPlot"))
            return child;
    }
    return nullptr;
}

void RunsPageTest::picture(const QString &name, bool isDark, QSize size)
{
    const QString folder = qEnvironmentVariable("FETTLE_PICTURES");
    if (folder.isEmpty())
        return;
    m_theme->apply(isDark ? ThemeChoice::Dark : ThemeChoice::Light);
    m_window->resize(size);
    QTest::qWait(200);
    m_window->grab().save(QStringLiteral("%1/%2-%3-%4.png").arg(folder, name, isDark ? QStringLiteral("dark") : QStringLiteral("light")).arg(size.width()));
    m_theme->apply(ThemeChoice::Light);
    m_window->resize(1600, 1000);
    QTest::qWait(50);
}

void RunsPageTest::emptyProjectLeadsToTrain()
{
    open();
    QVERIFY(find<EmptyState>()->isVisible());
    picture(QStringLiteral("empty"));
    picture(QStringLiteral("empty"), true, {1024, 700});
    QTest::mouseClick(button(QStringLiteral("Train a model")), Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), QStringLiteral("train"));
}

void RunsPageTest::listIsNewestFirst()
{
    addRun(1, RunState::Finished, 60, 60);
    addRun(2, RunState::Cancelled, 60, 24);
    addRun(3, RunState::Finished, 60, 60);
    open();
    QAbstractItemModelTester tester(find<RunListModel>());
    QCOMPARE(find<RunListModel>()->runAt(0)->id, RunId{3});
    QTRY_COMPARE(m_page->shownRun(), RunId{3});
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
    auto *list = find<RunList>();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(list->model()->index(1, 0)).center());
    QTRY_COMPARE(m_page->shownRun(), RunId{2});
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(24));
    QCOMPARE(badge(), QStringLiteral("Stopped"));
    QVERIFY(list->model()->index(1, 0).data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("stopped by you at 24")));
    QTest::keyClick(list, Qt::Key_Down);
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
}

void RunsPageTest::curveGrowsAsStepsArrive()
{
    open();
    startRun();
    QTRY_COMPARE(find<RunListModel>()->rowCount(), 1);
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
    m_steps->release(10);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(10));
    QTRY_COMPARE(badge(), QStringLiteral("Running"));
    QVERIFY(m_page->curves().checkpoints.empty());
    m_steps->release(15);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(25));
    QTRY_COMPARE(m_page->curves().evals.size(), std::size_t(1));
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    QVERIFY(find<RunListModel>()->index(0).data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("step 25 of 60")));
    QVERIFY(find<LossChart>()->accessibleDescription().contains(QStringLiteral("Step 25 of 60")));
    QCOMPARE(find<LossChart>()->drawnPoints(), 25);
    // The page was elsewhere for a while: nothing is missing.
    m_window->openPage(QStringLiteral("home"));
    m_steps->release(10);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(35));
    m_window->openPage(QStringLiteral("runs"));
    QTRY_COMPARE(find<LossChart>()->drawnPoints(), 35);
    m_steps->release(100);
    QTRY_COMPARE(badge(), QStringLiteral("Finished"));
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
    QVERIFY(!button(QStringLiteral("Pause")) && !button(QStringLiteral("Stop")) && !button(QStringLiteral("Resume")));
}

void RunsPageTest::spacePausesAndResumeGoesOn()
{
    open();
    startRun();
    m_steps->release(25);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(25));
    find<RunList>()->setFocus();
    QTest::keyClick(find<RunList>(), Qt::Key_Space);
    QVERIFY(!button(QStringLiteral("Pause"))->isEnabled()); // asked once
    m_steps->release(1);
    QTRY_COMPARE(stored(1), RunState::Paused);
    QTRY_COMPARE(badge(), QStringLiteral("Paused"));
    QTRY_VERIFY(isOffered(QStringLiteral("Resume from step 26")));
    m_steps->release(10);
    QTest::mouseClick(button(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_COMPARE(badge(), QStringLiteral("Running"));
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(36));
    // By button, then back by key.
    QTRY_VERIFY(isOffered(QStringLiteral("Pause")));
    QTest::mouseClick(button(QStringLiteral("Pause")), Qt::LeftButton);
    m_steps->release(1);
    QTRY_VERIFY(isOffered(QStringLiteral("Resume from step 37")));
    find<RunList>()->setFocus();
    QTest::keyClick(find<RunList>(), Qt::Key_Space);
    m_steps->release(100);
    QTRY_COMPARE(badge(), QStringLiteral("Finished"));
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
    open();
    startRun();
    m_steps->release(5);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(5));
    m_window->dialogs().setNextAnswer(answer);
    QTest::mouseClick(button(QStringLiteral("Stop...")), Qt::LeftButton);
    QVERIFY(m_window->dialogs().lastQuestion());
    QCOMPARE(m_window->dialogs().lastQuestion()->title, QStringLiteral("Stop Run 1?"));
    m_steps->release(1);
    if (isStopped) {
        QTRY_COMPARE(badge(), QStringLiteral("Stopped"));
    } else {
        QTRY_COMPARE(m_page->curves().points.size(), std::size_t(6));
        QCOMPARE(badge(), QStringLiteral("Running"));
    }
}

void RunsPageTest::spacePressesTheFocusedButton()
{
    open();
    startRun();
    m_steps->release(5);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(5));
    m_window->dialogs().setNextAnswer(2);
    button(QStringLiteral("Stop..."))->setFocus(Qt::TabFocusReason);
    QTest::keyClick(button(QStringLiteral("Stop...")), Qt::Key_Space);
    QVERIFY(m_window->dialogs().lastQuestion()); // Stop was asked for, not Pause
    m_steps->release(1);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(6));
    QVERIFY(button(QStringLiteral("Pause"))->isEnabled());
}

void RunsPageTest::failureSaysWhatAndOffersTheWayBack()
{
    m_engine->runError = Error{ErrorCode::DiskFull, "The disk \"Data\" is full.", "Free 59 MB, then resume.", "errno 28"};
    open();
    startRun();
    m_steps->release(100);
    QTRY_COMPARE(badge(), QStringLiteral("Failed"));
    QTRY_VERIFY(find<MessageBar>());
    QTRY_VERIFY(find<MessageBar>()->message().what.contains(QStringLiteral("Run 1 stopped at step 30: The disk \"Data\" is full.")));
    QTRY_VERIFY(find<MessageBar>()->message().remedy.contains(QStringLiteral("Nothing before step 20 is lost; 10 ")));
    QCOMPARE(m_window->findChildren<MessageBar *>().size(), m_page->findChildren<MessageBar *>().size()); // said once
    QCOMPARE(find<LossChart>()->lost()->from, std::int64_t(20));
    QCOMPARE(find<LossChart>()->lost()->to, std::int64_t(30));
    // Closing the bar leaves the way back in the head.
    m_engine->runError.reset();
    QTRY_VERIFY(isOffered(QStringLiteral("Resume from step 20")));
    QTest::mouseClick(button(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_COMPARE(badge(), QStringLiteral("Finished"));
    QTRY_VERIFY(!find<MessageBar>());
    QVERIFY(!find<LossChart>()->lost());
}

void RunsPageTest::interruptedRunOffersItsNewestCheckpoint()
{
    addRun(1, RunState::Running, 60, 47); // no process works on it: opening the project marks it
    open();
    QTRY_COMPARE(badge(), QStringLiteral("Interrupted"));
    QTRY_VERIFY(find<MessageBar>());
    QVERIFY(find<MessageBar>()->message().what.contains(QStringLiteral("step 47")));
    QTRY_VERIFY(isOffered(QStringLiteral("Resume from step 40")));
    picture(QStringLiteral("interrupted"));
    auto *close = find<MessageBar>()->findChildren<Button *>().last();
    QTest::mouseClick(close, Qt::LeftButton);
    QTRY_VERIFY(!find<MessageBar>());
    QTRY_VERIFY(isOffered(QStringLiteral("Resume from step 40"))); // now in the head
    m_steps->release(100);
    QTest::mouseClick(button(QStringLiteral("Resume from step 40")), Qt::LeftButton);
    QTRY_COMPARE(badge(), QStringLiteral("Finished"));
}

void RunsPageTest::themeRecoloursTheChart()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(find<LossChart>()->drawnPoints(), 60);
    const auto count = [this](const QColor &colour) {
        const QImage image = find<LossChart>()->grab().toImage();
        int found = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x)
                found += image.pixelColor(x, y) == colour ? 1 : 0;
        }
        return found;
    };
    const Tokens &light = tokensOf(Scheme::Light), &dark = tokensOf(Scheme::Dark);
    QTRY_VERIFY(count(light.series[0]) > 50);
    QVERIFY(count(light.surface1) > 10'000);
    m_theme->apply(ThemeChoice::Dark);
    QTRY_VERIFY(count(dark.series[0]) > 50);
    QVERIFY(count(dark.surface1) > 10'000);
    QVERIFY(count(dark.borderStrong) > 100); // axes
    QCOMPARE(count(light.surface1), 0);
}

void RunsPageTest::aLongRunOpensQuickly()
{
    addRun(1, RunState::Finished, 100'000, 100'000, true);
    QElapsedTimer timer;
    timer.start();
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(100'000));
    QTRY_VERIFY(find<LossChart>()->drawnPoints() > 500);
    const qint64 opened = timer.elapsed();
    QVERIFY(find<LossChart>()->drawnPoints() <= 2 * (find<LossChart>()->plotRect().width() + 2));
    timer.restart();
    for (int i = 0; i < 25; ++i)
        find<LossChart>()->refresh(); // a second of live redraws
    qInfo("100,000 steps: open %lld ms, refresh %.1f ms", static_cast<long long>(opened), double(timer.elapsed()) / 25);
    QVERIFY2(opened < 4000, qPrintable(QString::number(opened)));
    picture(QStringLiteral("long"));
}

void RunsPageTest::wheelZoomsAndTheWholeComesBack()
{
    addRun(1, RunState::Finished, 200, 200);
    open();
    auto *chart = find<LossChart>();
    QTRY_COMPARE(chart->viewTo(), 200.0);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(200));
    const QPointF middle = chart->plotRect().center();
    QWheelEvent wheel(middle, plot()->mapToGlobal(middle), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(plot(), &wheel);
    QVERIFY(chart->viewTo() - chart->viewFrom() < 190);
    const double from = chart->viewFrom();
    // Pan by dragging: the view moves, never beyond the run.
    QTest::mousePress(plot(), Qt::LeftButton, {}, middle.toPoint());
    QTest::mouseMove(plot(), middle.toPoint() + QPoint(60, 0));
    QTest::mouseMove(plot(), middle.toPoint() + QPoint(120, 0));
    QTest::mouseRelease(plot(), Qt::LeftButton, {}, middle.toPoint() + QPoint(120, 0));
    QVERIFY(chart->viewFrom() < from);
    QVERIFY(chart->viewFrom() >= 0);
    QTest::keyClick(chart, Qt::Key_0);
    QCOMPARE(chart->viewFrom(), 0.0);
    QCOMPARE(chart->viewTo(), 200.0);
    QTest::keyClick(chart, Qt::Key_Plus);
    QVERIFY(chart->viewTo() - chart->viewFrom() < 200);
    // Logarithmic and smoothed otherwise: the picture changes, the program does not stumble.
    QTest::mouseClick(button(QStringLiteral("Log axis")), Qt::LeftButton);
    find<ChartPane>()->smoothing().setValue(0);
    QCOMPARE(chart->readingAt(100)->smoothed, chart->readingAt(100)->raw);
    QCOMPARE(QSettings().value(QStringLiteral("runs/smoothing")).toInt(), 0);
}

void RunsPageTest::pointerReadsThroughAllCharts()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    auto *chart = find<LossChart>();
    QTRY_COMPARE(chart->drawnPoints(), 60);
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *rate = find<SmallChart>();
    const QString atEnd = rate->valueText();
    QTest::mouseMove(plot(), QPoint(int(chart->xOf(30)), 100));
    QTRY_VERIFY(chart->cursor());
    QCOMPARE(chart->readingAt(*chart->cursor())->step, std::int64_t(30));
    QCOMPARE(chart->readingAt(30)->epoch, 2);
    QCOMPARE(chart->readingAt(30)->heldOut->step, std::int64_t(20));
    QVERIFY(rate->valueText() != atEnd);
    QTest::mouseMove(plot(), QPoint(2, 2)); // outside the axes
    QTRY_VERIFY(!chart->cursor());
    QCOMPARE(rate->valueText(), atEnd);
}

void RunsPageTest::keysGoFromCheckpointToCheckpoint()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    auto *scrubber = find<Scrubber>();
    QTRY_COMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
    find<RunPane>()->tabs().setCurrentIndex(1); // the table of checkpoints
    QTest::keyClick(scrubber, Qt::Key_Left);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(40));
    QCOMPARE(find<LossChart>()->chosen(), std::optional<std::int64_t>(40));
    QCOMPARE(find<QTableWidget>()->currentRow(), 1); // newest first
    QTest::keyClick(find<LossChart>(), Qt::Key_Left);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(20));
    QTest::keyClick(find<LossChart>(), Qt::Key_End);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
    QTest::keyClick(scrubber, Qt::Key_Home);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(20));
    QTest::mouseClick(scrubber, Qt::LeftButton, {}, scrubber->checkpointPosition(1));
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(40));
    find<QTableWidget>()->setCurrentCell(0, 0);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
}

void RunsPageTest::draggingShowsTheAnswers()
{
    m_engine->probeQuestions = {"When does the desk open?", "May a dog have grapes?"};
    m_engine->runSteps = 60;
    open();
    startRun();
    m_steps->release(100);
    QTRY_COMPARE(m_page->curves().answered, (std::vector<std::int64_t>{20, 40, 60}));
    QTRY_COMPARE(badge(), QStringLiteral("Finished"));
    auto *answers = find<AnswerPane>();
    QCOMPARE(answers->questionCount(), 2);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 60."));
    QCOMPARE(answers->verdictText(0), QStringLiteral("differs from Base model in 4 words"));
    QTRY_VERIFY(answers->otherText(0).contains(QStringLiteral("not"))); // a new child of a layout is shown a moment later
    // By mouse: over the whole run, from stop to stop.
    auto *chart = find<LossChart>();
    const auto at = [&](double step) { return QPoint(int(chart->xOf(step)), chart->plotRect().center().y()); };
    QTest::mousePress(plot(), Qt::LeftButton, {}, at(55));
    QTest::mouseMove(plot(), at(45));
    QTest::mouseMove(plot(), at(41));
    QTRY_COMPARE(answers->answerText(1), QStringLiteral("I am sure about this since step 40."));
    QTest::mouseMove(plot(), at(18));
    QTRY_COMPARE(answers->answerText(1), QStringLiteral("I am sure about this since step 20."));
    QTest::mouseRelease(plot(), Qt::LeftButton, {}, at(18));
    QCOMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    // By keys, and against the step before.
    chart->setFocus();
    QTest::keyClick(chart, Qt::Key_Right);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 40."));
    answers->setAgainst(AnswerPane::Against::Before);
    QCOMPARE(answers->verdictText(0), QStringLiteral("differs from Step 20 in 1 word"));
    QVERIFY(answers->otherText(0).contains(QStringLiteral("20.")));
    picture(QStringLiteral("answers"));
    picture(QStringLiteral("answers"), true, {1024, 700});
    // A checkpoint that was not kept cannot be opened, its answers can still be read.
    m_state->checkpoints[1].erase(m_state->checkpoints[1].begin());
    m_window->openPage(QStringLiteral("home"), {});
    m_window->openPage(QStringLiteral("runs"), {});
    emit m_bridge->checkpointed(RunId{1}, {60, "", {}});
    QTRY_COMPARE(m_page->curves().checkpoints.size(), std::size_t(2));
    QTest::keyClick(chart, Qt::Key_Home);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 20."));
    QVERIFY(!m_page->findChild<QAction *>(QStringLiteral("openCheckpoint"))->isEnabled());
    // Zoomed in, dragging moves the view and not the choice.
    chart->zoom(0.5, 30);
    const double from = chart->viewFrom();
    QTest::mousePress(plot(), Qt::LeftButton, {}, at(35));
    QTest::mouseMove(plot(), at(30));
    QTest::mouseMove(plot(), at(28));
    QTest::mouseRelease(plot(), Qt::LeftButton, {}, at(28));
    QVERIFY(chart->viewFrom() != from);
    QCOMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
}

void RunsPageTest::axisCountsTokensEpochsAndMinutes()
{
    addRun(1, RunState::Finished, 60, 60);
    // The second half took three times as long.
    for (engine::MetricPoint &point : m_state->metrics[1])
        point.seconds = point.step <= 30 ? 60.0 * double(point.step) : 1800 + 180.0 * double(point.step - 30);
    open();
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *chart = find<LossChart>();
    const QRect rect = chart->plotRect();
    const auto share = [&](double step) { return (chart->xOf(step) - rect.left()) / rect.width(); };
    QVERIFY(std::abs(share(30) - 0.5) < 0.01);
    QComboBox &axis = find<ChartPane>()->axis();
    axis.setFocus();
    QTest::keyClick(&axis, Qt::Key_End); // minutes
    QTRY_VERIFY(std::abs(share(30) - 0.25) < 0.01);
    QVERIFY(std::abs(share(45) - 0.625) < 0.01);
    QVERIFY(std::abs(chart->viewTo() - 60) < 0.01); // still said in steps
    // A click finds the step below it, the scrubber lies under it.
    QTest::mouseClick(plot(), Qt::LeftButton, {}, QPoint(int(chart->xOf(21)), rect.center().y()));
    QCOMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    QTRY_VERIFY(std::abs(find<Scrubber>()->checkpointPosition(0).x() - chart->xOf(20)) < 3);
    picture(QStringLiteral("minutes"));
    axis.setCurrentIndex(1);
    QVERIFY(std::abs(share(30) - 0.5) < 0.01); // the same number of tokens each step
    axis.setCurrentIndex(2);
    QVERIFY(std::abs(share(40) - 2.0 / 3) < 0.01);
    // Pictures of lines hold the words of the chart as text or curves, not as pixels.
    for (const QString &kind : {QStringLiteral("svg"), QStringLiteral("pdf")}) {
        const QString name = m_dir.filePath(QStringLiteral("chart.") + kind);
        m_window->dialogs().setNextFileName(name);
        m_page->findChild<QAction *>(QStringLiteral("saveChartPicture"))->trigger();
        QTRY_VERIFY(QFile::exists(name));
        QFile file(name);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(bytes.startsWith(kind == QLatin1String("pdf") ? "%PDF" : "<?xml"));
        QVERIFY(!bytes.contains("<image") && !bytes.contains("/Subtype /Image"));
        QVERIFY(bytes.size() > 3000);
    }
}

void RunsPageTest::runsAreNamedAndArchived()
{
    addRun(1, RunState::Finished, 60, 60);
    addRun(2, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(m_page->shownRun(), RunId{2});
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<LabelDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        const auto fields = dialog->findChildren<QLineEdit *>();
        fields[0]->setText(QStringLiteral(" First  try "));
        fields[1]->setText(QStringLiteral("draft, , clinic"));
        dialog->accept();
    });
    QTest::keyClick(find<RunList>(), Qt::Key_F2);
    QTRY_COMPARE(m_state->runs[1].name, std::string("First try"));
    QCOMPARE(m_state->runs[1].tags, (std::vector<std::string>{"draft", "clinic"}));
    QTRY_VERIFY(find<RunListModel>()->index(0).data(Qt::AccessibleTextRole).toString().startsWith(QStringLiteral("First try")));
    m_page->findChild<QAction *>(QStringLiteral("archiveRun"))->trigger();
    QTRY_COMPARE(find<RunListModel>()->rowCount(), 1);
    QCOMPARE(m_page->shownRun(), RunId{1});
    m_page->findChild<QAction *>(QStringLiteral("showArchivedRuns"))->trigger();
    QTRY_COMPARE(find<RunListModel>()->rowCount(), 2);
}

void RunsPageTest::doctorPointsAtTheCurve()
{
    addRun(1, RunState::Finished, 200, 200);
    auto &evals = m_state->evals[1];
    for (std::size_t i = 0; i < evals.size(); ++i)
        evals[i].loss = evals[i].step <= 60 ? 1.5 - double(evals[i].step) / 200 : 1.2 + double(evals[i].step - 60) / 200;
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(200));
    QTRY_COMPARE(find<RunPane>()->tabs().tabText(2), QStringLiteral("Doctor 1"));
    find<RunPane>()->tabs().setCurrentIndex(2);
    QCOMPARE(find<DoctorPane>()->findings().front().ailment, Ailment::Memorises);
    QTest::mouseClick(button(QStringLiteral("Show where")), Qt::LeftButton);
    QVERIFY(find<LossChart>()->evidence());
    QCOMPARE(find<LossChart>()->evidence()->from, std::int64_t(60));
    picture(QStringLiteral("doctor"));
    picture(QStringLiteral("doctor"), true, {1024, 700});
    QVERIFY(button(QStringLiteral("Make step 60 the result")));
    QTest::mouseClick(button(QStringLiteral("Make step 60 the result")), Qt::LeftButton);
    QTRY_COMPARE(m_state->runs[0].resultStep, std::optional<std::int64_t>(60));
}

void RunsPageTest::promptsAreChosen()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
    QTRY_VERIFY(isOffered(QStringLiteral("Choose probe prompts")));
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<ProbeDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        auto *own = dialog->findChild<QPlainTextEdit *>();
        own->setFocus();
        QTest::keyClicks(own, QStringLiteral("When do you open?"));
        QTest::keyClick(own, Qt::Key_Return);
        QTest::keyClick(own, Qt::Key_Return);
        QTest::keyClicks(own, QStringLiteral("And on Sunday?"));
        dialog->accept();
    });
    QTest::mouseClick(button(QStringLiteral("Choose probe prompts")), Qt::LeftButton);
    QTRY_VERIFY(m_state->settings.contains(data::kProbeSetting));
    const data::ProbeChoice choice = data::probeChoiceFrom(m_state->settings[data::kProbeSetting]);
    QCOMPARE(choice.own, (std::vector<std::string>{"When do you open?", "And on Sunday?"}));
    QCOMPARE(int(choice.fromHeldOut), 6);
}

void RunsPageTest::checkpointBecomesTheResult()
{
    addRun(1, RunState::Finished, 60, 60);
    {
        const std::scoped_lock lock(m_state->mutex);
        m_state->runs[0].adapter = "runs/1/adapter";
    }
    open();
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *make = m_page->findChild<QAction *>(QStringLiteral("makeResult"));
    QVERIFY(!make->isEnabled()); // the end is the result already
    find<Scrubber>()->choose(20);
    QTRY_VERIFY(make->isEnabled());
    make->trigger();
    QTRY_COMPARE(m_state->runs[0].resultStep, std::optional<std::int64_t>(20));
    QTRY_VERIFY(!make->isEnabled());
}

void RunsPageTest::targetChoosesRunAndCheckpoint()
{
    addRun(1, RunState::Finished, 60, 60);
    addRun(2, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(m_page->shownRun(), RunId{2});
    m_window->openPage(QStringLiteral("runs"), QStringLiteral("run 1 40"));
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(40));
    m_window->openPage(QStringLiteral("runs"), QStringLiteral("run 1 20"));
    QTRY_COMPARE(find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    m_window->openPage(QStringLiteral("runs"), QStringLiteral("run 99")); // unknown: nothing happens
    QTest::qWait(50);
    QCOMPARE(m_page->shownRun(), RunId{1});
}

void RunsPageTest::settingsMarkWhatDiffers()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
    find<RunPane>()->tabs().setCurrentIndex(3);
    const auto row = [this](const QString &name) -> SettingRow * {
        for (auto *candidate : m_page->findChildren<SettingRow *>()) {
            if (candidate->name() == name)
                return candidate;
        }
        return nullptr;
    };
    QVERIFY(row(QStringLiteral("Learning rate")) && row(QStringLiteral("Learning rate"))->isChanged());
    QCOMPARE(row(QStringLiteral("Learning rate"))->value(), QStringLiteral("0.001"));
    QCOMPARE(row(QStringLiteral("Schedule"))->value(), QStringLiteral("Cosine"));
    QVERIFY(!row(QStringLiteral("Rank"))->isChanged());
    QCOMPARE(row(QStringLiteral("Seed"))->value(), QStringLiteral("1207"));
    auto *chip = find<RunSettings>()->findChild<Chip *>();
    QCOMPARE(chip->count(), std::optional<qint64>(2));
    picture(QStringLiteral("settings"));
    picture(QStringLiteral("settings"), true);
    QTest::mouseClick(chip, Qt::LeftButton);
    QVERIFY(row(QStringLiteral("Learning rate"))->isVisible());
    QVERIFY(!row(QStringLiteral("Rank"))->isVisible());
}

void RunsPageTest::logTells()
{
    m_engine->runNotice = "2 of 20 rows are left out: nothing in them is learnt.";
    open();
    startRun();
    m_steps->release(25);
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(25));
    find<RunPane>()->tabs().setCurrentIndex(4);
    const auto texts = [this] {
        QStringList list;
        const auto *model = find<RunLogModel>();
        for (int i = 0; i < model->rowCount(); ++i)
            list.append(model->index(i).data().toString());
        return list;
    };
    QTRY_VERIFY(texts().contains(QStringLiteral("Checkpoint saved")));
    QVERIFY(texts().contains(QStringLiteral("Learns")));
    QVERIFY(texts().contains(QString::fromStdString(m_engine->runNotice)));
    QVERIFY(texts().last().startsWith(QStringLiteral("Started on")));
    m_steps->release(100);
    QTRY_COMPARE(texts().first(), QStringLiteral("Finished"));
    picture(QStringLiteral("log"));
}

void RunsPageTest::numbersAreSaved()
{
    addRun(1, RunState::Finished, 60, 60);
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
    const QString csv = m_dir.filePath(QStringLiteral("curves.csv"));
    m_window->dialogs().setNextFileName(csv);
    m_page->findChild<QAction *>(QStringLiteral("saveChartNumbers"))->trigger();
    QTRY_VERIFY(QFile::exists(csv));
    QFile file(csv);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto lines = file.readAll().split('\n');
    QCOMPARE(lines.size(), 62); // head, 60 steps, the end of the last line
    QVERIFY(lines[20].startsWith("20,1,"));
    const QString png = m_dir.filePath(QStringLiteral("chart.png"));
    m_window->dialogs().setNextFileName(png);
    m_page->findChild<QAction *>(QStringLiteral("saveChartPicture"))->trigger();
    QTRY_VERIFY(QFile::exists(png));
    QVERIFY(QImage(png).width() > 1000);
}

void RunsPageTest::reportAndEventFileAreSaved()
{
    addRun(1, RunState::Finished, 60, 60);
    m_state->runs[0].name = "Try <1>";
    m_state->probes[1].questions = {{{}, "When do you <open>?", {}}};
    m_state->probes[1].answers = {{data::kBaseStep, 0, "I am not sure."}, {60, 0, "I am certain."}};
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
    QTRY_COMPARE(find<AnswerPane>()->questionCount(), 1);
    const auto saved = [&](const QString &action, const QString &fileName) {
        const QString name = m_dir.filePath(fileName);
        m_window->dialogs().setNextFileName(name);
        m_page->findChild<QAction *>(action)->trigger();
        QByteArray bytes;
        [&] { QTRY_VERIFY(QFileInfo(name).size() > 0); }();
        QFile file(name);
        if (file.open(QIODevice::ReadOnly))
            bytes = file.readAll();
        return bytes;
    };
    const QByteArray page = saved(QStringLiteral("saveReport"), QStringLiteral("report.html"));
    QVERIFY(page.startsWith("<!DOCTYPE html>"));
    for (const char *part : {"<title>Try &lt;1&gt;</title>", "When do you &lt;open&gt;?", "I am <mark>", "<svg", "Learning rate", "Nothing found"})
        QVERIFY2(page.contains(part), part);
    QVERIFY(!page.contains("src=") && !page.contains("href=\"http")); // nothing from elsewhere
    // Frames of the event file: each with its length and two checksums.
    QCOMPARE(crc32c("123456789"), 0xE3069283U);
    const QByteArray events = saved(QStringLiteral("saveEvents"), QStringLiteral("events.out.tfevents.run-1"));
    int frames = 0;
    for (qsizetype at = 0; at < events.size(); ++frames) {
        const auto length = qFromLittleEndian<quint64>(events.constData() + at);
        QVERIFY(at + 16 + qsizetype(length) <= events.size());
        const auto expected = [&](qsizetype from, qsizetype size) {
            const std::uint32_t crc = crc32c({events.constData() + from, std::size_t(size)});
            return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
        };
        QCOMPARE(qFromLittleEndian<quint32>(events.constData() + at + 8), expected(at, 8));
        QCOMPARE(qFromLittleEndian<quint32>(events.constData() + at + 12 + qsizetype(length)), expected(at + 12, qsizetype(length)));
        at += 16 + qsizetype(length);
    }
    QCOMPARE(frames, 61);
    QVERIFY(events.contains("brain.Event:2") && events.contains("held_out/loss"));
    // TensorBoard itself reads the same values, where FETTLE_TENSORBOARD_PYTHON names a Python that has it.
    if (const QString python = qEnvironmentVariable("FETTLE_TENSORBOARD_PYTHON"); !python.isEmpty()) {
        QVERIFY(!saved(QStringLiteral("saveChartNumbers"), QStringLiteral("run-1.csv")).isEmpty());
        QProcess reader;
        reader.setProcessChannelMode(QProcess::MergedChannels);
        reader.start(python, {QStringLiteral(FETTLE_SOURCE_DIR "/tests/parity/check_events.py"), m_dir.filePath(QStringLiteral("events.out.tfevents.run-1")), m_dir.filePath(QStringLiteral("run-1.csv"))});
        QVERIFY(reader.waitForFinished(120'000));
        QVERIFY2(reader.exitCode() == 0, reader.readAll().constData());
    }
}

void RunsPageTest::everyControlHasAName()
{
    addRun(1, RunState::Failed, 207, 140);
    open();
    QTRY_VERIFY(find<MessageBar>());
    for (auto *widget : m_page->findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || widget->inherits("QCustomPlot"))
            continue;
        auto *accessible = QAccessible::queryAccessibleInterface(widget);
        QVERIFY2(accessible && !accessible->text(QAccessible::Name).isEmpty(), widget->metaObject()->className());
    }
    // Tab reaches list, head, chart, scrubber and tabs.
    QSet<QString> reached;
    find<RunList>()->setFocus();
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
    addRun(1, RunState::Finished, 207, 207);
    addRun(2, RunState::Paused, 207, 64);
    addRun(3, RunState::Cancelled, 207, 90);
    addRun(4, RunState::Failed, 207, 153);
    open();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(153));
    picture(QStringLiteral("failed"));
    picture(QStringLiteral("failed"), true);
    picture(QStringLiteral("failed"), false, {1024, 700});
    m_window->openPage(QStringLiteral("runs"), QStringLiteral("run 2"));
    QTRY_COMPARE(m_page->shownRun(), RunId{2});
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(64));
    picture(QStringLiteral("paused"));
    m_window->resize(1024, 700);
    QTRY_VERIFY(find<ChartPane>()->width() < 600);
    QVERIFY(m_window->width() == 1024);
    QVERIFY(find<LossChart>()->plotRect().width() > 250);
    // The state of a live run, for the picture.
    m_engine->runSteps = 207;
    startRun();
    m_steps->release(129);
    QTRY_COMPARE(m_page->shownRun(), RunId{5});
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(129));
    picture(QStringLiteral("running"));
    picture(QStringLiteral("running"), true);
    picture(QStringLiteral("running"), false, {1024, 700});
    picture(QStringLiteral("running"), true, {1024, 700});
}

QTEST_MAIN(RunsPageTest)
#include "tst_runspage.moc"
