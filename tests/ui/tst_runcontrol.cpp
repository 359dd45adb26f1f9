// Steering runs on the Runs page, in the real window on the stand-in engine: another number of epochs while a run goes on, the queue of
// the runs that wait, and the gauges of the machine. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/runs/epochdialog.h"
#include "ui/runs/gaugestrip.h"
#include "ui/runs/runspage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QApplication>
#include <QDoubleSpinBox>
#include <QListWidget>
#include <QTest>
#include <QTimer>

using namespace fettle;
using namespace fettle::ui;

class RunControlTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_runcontrol")); }
    void init();
    void cleanup();

    void checkpointIsSavedNow();
    void epochsAreChangedWhileItLearns();
    void tooFewEpochsAreRefused();
    void epochsOfARunAtRestStay();
    void epochsOfAPausedRunAreChanged();
    void theQueueSurvivesTheEndOfTheProgram();
    void aDamagedQueueIsPassedOver_data();
    void aDamagedQueueIsPassedOver();
    void waitingRunsAreListed();
    void waitingRunsChangePlaces_data();
    void waitingRunsChangePlaces();
    void waitingRunIsTakenOut();
    void gaugesTellOnlyWhatIsKnown();
    void gaugesAreShownWhileARunWorks();
    void sleepingSensorHoldsNobodyUp();

private:
    JobId startRun(std::int64_t rank = 16);
    [[nodiscard]] QListWidget *queue() const { return m_page->findChild<QListWidget *>(QStringLiteral("queue")); }
    [[nodiscard]] QStringList waiting() const;
    [[nodiscard]] Button *button(const char *name) const { return m_page->findChild<Button *>(QLatin1String(name)); }
    void doSteps(int from, int to); // of the active run
    [[nodiscard]] QAction *action(const char *name) const { return m_page->findChild<QAction *>(QLatin1String(name)); }
    // Opens the dialog of the epochs, types, and hands it to the test.
    void withEpochDialog(const QString &typed, const std::function<void(EpochDialog &)> &look);

    std::unique_ptr<WindowFixture> m_fixture;
    std::vector<engine::TrainRequest> m_begun; // on the engine thread; read when it rests
    RunsPage *m_page = nullptr;
};

void RunControlTest::init()
{
    m_fixture->start(20);
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    m_begun.clear();
    m_fixture->engine->beforeRun = [this](const engine::TrainRequest &begun) { m_begun.push_back(begun); };
    m_page = qobject_cast<RunsPage *>(m_fixture->openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
}

void RunControlTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

JobId RunControlTest::startRun(std::int64_t rank)
{
    engine::TrainRequest wish;
    wish.model = "smollm2-135m-instruct";
    wish.recipe.method = "lora";
    wish.recipe.values["rank"] = rank;
    return m_fixture->bridge->startRun(wish);
}

void RunControlTest::doSteps(int from, int to)
{
    m_fixture->gate->release(to - from);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(to));
}

void RunControlTest::withEpochDialog(const QString &typed, const std::function<void(EpochDialog &)> &look)
{
    QTRY_VERIFY(action("changeEpochs")->isEnabled());
    bool wasThere = false;
    QTimer::singleShot(0, this, [&] {
        auto *dialog = qobject_cast<EpochDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        wasThere = true;
        auto *wished = dialog->findChild<QDoubleSpinBox *>();
        wished->selectAll();
        QTest::keyClicks(wished, typed);
        look(*dialog);
        if (dialog->isVisible())
            dialog->reject();
    });
    action("changeEpochs")->trigger();
    QVERIFY(wasThere);
}

void RunControlTest::checkpointIsSavedNow()
{
    QVERIFY(!action("checkpointNow")->isEnabled());
    startRun(8);
    doSteps(0, 5);
    QTRY_VERIFY(action("checkpointNow")->isEnabled());
    action("checkpointNow")->trigger();
    doSteps(5, 7);
    QTRY_COMPARE(m_page->curves().checkpoints.size(), std::size_t(1)); // once, and none was due
    QCOMPARE(m_page->curves().checkpoints.front().step, 6);
    QCOMPARE(m_fixture->bridge->activeRunInfo().state, engine::RunState::Running); // it goes on
}

void RunControlTest::epochsAreChangedWhileItLearns()
{
    startRun(); // 3 epochs of 20 steps
    doSteps(0, 20);
    withEpochDialog(QStringLiteral("5"), [this](EpochDialog &dialog) {
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("Now: 3 epochs, 60 steps. Step 20 is done.")));
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("About 100 steps instead of 60. The run takes about 3 min longer and ends in about 5 min.")));
        if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
            dialog.grab().save(to + QStringLiteral("/epochs-light.png"));
        const WindowFixture::Controls controls = WindowFixture::controlsOf(dialog);
        QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
        // The run goes on behind the dialog.
        doSteps(20, 30);
        QTRY_VERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("Step 30 is done.")));
        QTest::keyClick(dialog.findChild<QDoubleSpinBox *>(), Qt::Key_Return);
        QVERIFY(!dialog.isVisible());
    });
    doSteps(30, 31);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().steps, std::int64_t(100));
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("From step 31 on the run has another number of epochs: 100 steps.")));
    QCOMPARE(m_page->curves().steps, std::int64_t(100));
    doSteps(31, 32); // the time that is left is known anew
    // And back, to less than it had at first.
    withEpochDialog(QStringLiteral("2"), [](EpochDialog &dialog) {
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("About 40 steps instead of 100. The run ends about 4 min sooner, in about 31 s.")));
        QTest::mouseClick(dialog.findChild<Button *>(QStringLiteral("changeEpochs")), Qt::LeftButton);
    });
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QCOMPARE(m_fixture->state->runs.back().step, std::int64_t(40));
    QCOMPARE(m_fixture->state->runs.back().state, engine::RunState::Finished);
}

void RunControlTest::tooFewEpochsAreRefused()
{
    startRun();
    doSteps(0, 30);
    withEpochDialog(QStringLiteral("1"), [](EpochDialog &dialog) {
        auto *change = dialog.findChild<Button *>(QStringLiteral("changeEpochs"));
        QVERIFY(!change->isEnabled());
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("1 epochs are over already: 1.50 have been read. Choose more, or stop the run.")));
        QCOMPARE(change->toolTip(), dialog.findChild<TextLabel *>(QStringLiteral("epochsMeaning"))->text());
        QTest::keyClick(dialog.findChild<QDoubleSpinBox *>(), Qt::Key_Return); // the way round the button
        QVERIFY(dialog.isVisible());
    });
    withEpochDialog(QStringLiteral("3"), [](EpochDialog &dialog) {
        QVERIFY(!dialog.findChild<Button *>(QStringLiteral("changeEpochs"))->isEnabled());
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("This is what the run has now.")));
    });
    doSteps(30, 31);
    QCOMPARE(m_fixture->bridge->activeRunInfo().steps, std::int64_t(60));
}

void RunControlTest::epochsOfARunAtRestStay()
{
    QVERIFY(!action("changeEpochs")->isEnabled());
    startRun();
    doSteps(0, 5);
    QTRY_VERIFY(action("changeEpochs")->isEnabled());
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_VERIFY(!action("changeEpochs")->isEnabled());
    QCOMPARE(action("changeEpochs")->property("reason").toString(), QStringLiteral("This run neither learns nor can be resumed."));
}

void RunControlTest::epochsOfAPausedRunAreChanged()
{
    startRun(); // 3 epochs of 20 steps
    doSteps(0, 20);
    m_fixture->bridge->pauseRun();
    m_fixture->gate->release(1);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_COMPARE(m_fixture->state->runs.back().state, engine::RunState::Paused);
    withEpochDialog(QStringLiteral("5"), [](EpochDialog &dialog) {
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("About 100 steps instead of 60.")));
        if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
            dialog.grab().save(to + QStringLiteral("/epochs-paused-light.png"));
        QCOMPARE(dialog.findChild<Button *>(QStringLiteral("changeEpochs"))->text(), QStringLiteral("Change and resume"));
        QTest::keyClick(dialog.findChild<QDoubleSpinBox *>(), Qt::Key_Return);
    });
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QCOMPARE(m_fixture->state->runs.back().steps, std::int64_t(100));
    QCOMPARE(m_fixture->state->runs.back().state, engine::RunState::Finished);
}

// What waits is still there after the program was ended, in its order; it begins when one says so.
void RunControlTest::theQueueSurvivesTheEndOfTheProgram()
{
    startRun();
    doSteps(0, 1);
    startRun(8);
    startRun(4);
    startRun(2);
    QTRY_COMPARE(waiting().size(), qsizetype(3));
    queue()->setCurrentRow(2);
    QTest::mouseClick(button("queueUp"), Qt::LeftButton); // 8, 2, 4
    const QStringList before = waiting();
    QTRY_VERIFY(m_fixture->state->settings.contains(engine::kQueueSetting));
    QTRY_COMPARE(engine::runWishesFrom(m_fixture->state->settings[engine::kQueueSetting]).size(), std::size_t(3));
    m_fixture->restart();
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    m_begun.clear();
    m_fixture->engine->beforeRun = [this](const engine::TrainRequest &begun) { m_begun.push_back(begun); };
    m_page = qobject_cast<RunsPage *>(m_fixture->openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
    QTRY_COMPARE(waiting(), before);
    QVERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("3 runs waited when the program ended.")));
    QCOMPARE(m_fixture->bridge->queuedRuns(), 0);
    QVERIFY(!m_fixture->bridge->isRunActive());
    m_fixture->picture(QStringLiteral("kept-queue"));
    m_fixture->picture(QStringLiteral("kept-queue"), true);
    queue()->setCurrentRow(1);
    QTest::keyClick(queue(), Qt::Key_Delete); // 8, 4
    QTRY_COMPARE(waiting().size(), qsizetype(2));
    QTest::mouseClick(button("queueStart"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    QVERIFY(!button("queueStart")->isVisible());
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive() && m_fixture->bridge->queuedRuns() == 0);
    QCOMPARE(m_begun.size(), std::size_t(2));
    QCOMPARE(m_begun[0].recipe.integer("rank"), std::int64_t(8));
    QCOMPARE(m_begun[1].recipe.integer("rank"), std::int64_t(4));
    QTRY_COMPARE(m_fixture->state->settings[engine::kQueueSetting], std::string("[]"));
}

void RunControlTest::aDamagedQueueIsPassedOver_data()
{
    QTest::addColumn<QByteArray>("stored");
    QTest::addColumn<int>("runs");
    QTest::newRow("no JSON") << QByteArray("[{") << 0;
    QTest::newRow("no list") << QByteArray("{\"model\": 3}") << 0;
    QTest::newRow("no recipe") << QByteArray("[{\"model\": \"m\"}, 7, {\"resume\": \"x\"}]") << 0;
    QTest::newRow("an unknown setting") << QByteArray(R"([{"model": "m", "recipe": {"method": "lora", "colour": 3}}])") << 0;
    QTest::newRow("one of two") << QByteArray(R"([{"model": "m", "recipe": {"method": "magic"}}, {"model": "m", "recipe": {"method": "lora"}, "threads": 1e9}])") << 1;
}

void RunControlTest::aDamagedQueueIsPassedOver()
{
    QFETCH(QByteArray, stored);
    QTEST(int(engine::runWishesFrom(stored.toStdString()).size()), "runs");
}

QStringList RunControlTest::waiting() const
{
    QStringList texts;
    for (int i = 0; queue()->isVisible() && i < queue()->count(); ++i)
        texts.append(queue()->item(i)->text());
    return texts;
}

void RunControlTest::waitingRunsAreListed()
{
    startRun();
    doSteps(0, 1);
    QVERIFY(!queue()->isVisible()); // nothing waits
    startRun(8);
    startRun(32);
    QTRY_COMPARE(waiting(), QStringList({QStringLiteral("LoRA, rank 8"), QStringLiteral("LoRA, rank 32")}));
    const WindowFixture::Controls controls = WindowFixture::controlsOf(*queue()->parentWidget());
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    m_fixture->picture(QStringLiteral("runs-queue"));
    m_fixture->picture(QStringLiteral("runs-queue"), true, {1024, 700});
    m_fixture->gate->release(60);
    QTRY_COMPARE(waiting(), QStringList({QStringLiteral("LoRA, rank 32")}));
    // A paused run that is resumed waits its turn, too, and is called by its name.
    m_fixture->bridge->pauseRun();
    m_fixture->gate->release(1);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().id, RunId{3});
    QVERIFY(!queue()->isVisible());
    m_fixture->bridge->resumeRun(RunId{2}, {});
    QTRY_COMPARE(waiting().size(), 1);
    QVERIFY2(waiting().front().startsWith(QStringLiteral("Run 2, ")), qPrintable(waiting().front()));
}

void RunControlTest::waitingRunsChangePlaces_data()
{
    QTest::addColumn<bool>("isByKey");
    QTest::newRow("keys") << true;
    QTest::newRow("buttons") << false;
}

void RunControlTest::waitingRunsChangePlaces()
{
    QFETCH(bool, isByKey);
    const auto move = [&](const char *name, Qt::Key key) {
        if (isByKey)
            QTest::keyClick(queue(), key, Qt::AltModifier);
        else
            QTest::mouseClick(button(name), Qt::LeftButton);
    };
    startRun();
    doSteps(0, 1);
    for (const std::int64_t rank : {4, 8, 32})
        startRun(rank);
    const QString four = QStringLiteral("LoRA, rank 4"), eight = QStringLiteral("LoRA, rank 8"), many = QStringLiteral("LoRA, rank 32");
    QTRY_COMPARE(waiting(), QStringList({four, eight, many}));
    queue()->setFocus();
    queue()->setCurrentRow(2);
    QVERIFY(!button("queueDown")->isEnabled());
    move("queueUp", Qt::Key_Up);
    QCOMPARE(waiting(), QStringList({four, many, eight}));
    QCOMPARE(queue()->currentRow(), 1); // the same run stays chosen
    move("queueUp", Qt::Key_Up);
    QCOMPARE(waiting(), QStringList({many, four, eight}));
    QVERIFY(!button("queueUp")->isEnabled());
    move("queueUp", Qt::Key_Up); // there is no place before the first
    QCOMPARE(waiting(), QStringList({many, four, eight}));
    queue()->setCurrentRow(1);
    move("queueDown", Qt::Key_Down);
    QCOMPARE(waiting(), QStringList({many, eight, four}));
    // They start as they are listed.
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive() && m_fixture->bridge->queuedRuns() == 0);
    QVERIFY(!queue()->isVisible());
    std::vector<std::int64_t> ranks;
    for (const engine::TrainRequest &begun : m_begun)
        ranks.push_back(begun.recipe.integer("rank"));
    QCOMPARE(ranks, (std::vector<std::int64_t>{16, 32, 8, 4}));
}

void RunControlTest::waitingRunIsTakenOut()
{
    startRun();
    doSteps(0, 1);
    for (const std::int64_t rank : {4, 8, 32})
        startRun(rank);
    QTRY_COMPARE(waiting().size(), 3);
    queue()->setFocus();
    queue()->setCurrentRow(1);
    QTest::keyClick(queue(), Qt::Key_Delete);
    QCOMPARE(waiting(), QStringList({QStringLiteral("LoRA, rank 4"), QStringLiteral("LoRA, rank 32")}));
    QCOMPARE(queue()->currentRow(), 1);
    QTest::mouseClick(button("queueRemove"), Qt::LeftButton);
    QTest::mouseClick(button("queueRemove"), Qt::LeftButton);
    QVERIFY(!queue()->isVisible());
    QVERIFY(m_fixture->bridge->isRunActive()); // the one that learns is not touched
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QCOMPARE(m_fixture->state->runs.size(), std::size_t(1));
}

void RunControlTest::gaugesTellOnlyWhatIsKnown()
{
    const auto texts = [](const engine::Gauges &gauges, const RunSpeed &speed) {
        QStringList list;
        for (const Gauge &gauge : gaugesOf(gauges, speed))
            list << gauge.name + QLatin1Char(' ') + gauge.value;
        return list;
    };
    QCOMPARE(texts({}, {}), QStringList()); // never a 0 for what is not known
    engine::Gauges gauges;
    gauges.memory = {15'400'000'000, 6'000'000'000, 540'000'000, 3'700'000'000};
    QCOMPARE(texts(gauges, {541, 0}), QStringList({QStringLiteral("Tokens/s 541 now"), QStringLiteral("Memory 9.4 of 15.4 GB")}));
    gauges.diskLeftBytes = 41'000'000'000;
    gauges.sensors.processorCelsius = 64.4;
    gauges.sensors.gpus = {{"Invented 5000", 0.98, 12'100'000'000, 24'000'000'000, 71.0, 310.5}};
    QCOMPARE(texts(gauges, {541, 530}),
             QStringList({QStringLiteral("Tokens/s 541 now, mean 530"), QStringLiteral("Processor 64 °C"), QStringLiteral("Memory 9.4 of 15.4 GB"),
                          QStringLiteral("GPU 98 %, 71 °C, 311 W"), QStringLiteral("GPU memory 12.1 of 24.0 GB"), QStringLiteral("Disk 41 GB left")}));
    gauges.sensors.gpus.push_back({"Invented 5000", {}, {}, {}, 50.0, {}});
    QVERIFY(texts(gauges, {}).contains(QStringLiteral("GPU 2 50 °C")));
}

void RunControlTest::gaugesAreShownWhileARunWorks()
{
    auto *strip = m_page->findChild<QWidget *>(QStringLiteral("gauges"));
    QVERIFY(!strip->isVisible());
    m_fixture->engine->setSensors({0.93, 71.0, {{"Invented 5000", 0.98, 12'100'000'000, 24'000'000'000, 71.0, 310.5}}});
    startRun();
    doSteps(0, 21);
    QTRY_VERIFY(strip->isVisible());
    QTRY_VERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("541 now, mean 525")));
    QVERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("93 %, 71 °C")));
    QVERIFY(WindowFixture::isTextShown(*strip, QStringLiteral("41 GB left")));
    QVERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("Processor, 8 cores · 93 %"))); // the strip of every page
    m_fixture->picture(QStringLiteral("runs-gauges"));
    m_fixture->picture(QStringLiteral("runs-gauges"), true, {1024, 700});
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_VERIFY(!strip->isVisible());
}

void RunControlTest::sleepingSensorHoldsNobodyUp()
{
    FakeEngine &engine = *m_fixture->engine;
    const auto awake = qScopeGuard([&] {
        engine.areSensorsAsleep = false;
        engine.areSensorsAsleep.notify_all();
    });
    engine.areSensorsAsleep = true;
    const int begun = engine.gaugeReadings;
    QTRY_VERIFY(engine.gaugeReadings > begun); // and does not end
    std::optional<Result<int>> read;
    m_fixture->bridge->read<int>(m_page, [](const ProjectApi *, const JobContext &) { return Result<int>(7); }, [&](Result<int> result) { read = result; });
    QTRY_VERIFY(read.has_value());
}

QTEST_MAIN(RunControlTest)
#include "tst_runcontrol.moc"
