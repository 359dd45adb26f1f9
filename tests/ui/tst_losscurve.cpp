// The loss of a run on the Runs page: zoom and pan, the step under the pointer, the way from checkpoint to checkpoint with their answers, what
// the axis counts, colours, a long run. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/cputime.h"
#include "tests/ui/support/runspagefixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/answerpane.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/losschart.h"
#include "ui/runs/runpane.h"
#include "ui/runs/scrubber.h"
#include "ui/runs/smallchart.h"
#include "ui/widgets/button.h"

#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QFile>
#include <QSettings>
#include <QSlider>
#include <QTabBar>
#include <QTableWidget>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class LossCurveTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_runs.start(); }
    void cleanup() { m_runs.end(); }

    void themeRecoloursTheChart();
    void aLongRunIsDrawnFromFewPoints();
    void wheelZoomsAndTheWholeComesBack();
    void boxZooms_data();
    void boxZooms();
    void spikeDoesNotFlattenTheCurve_data();
    void spikeDoesNotFlattenTheCurve();
    void ticksAreNotRounded();
    void lastHeldOutCircleIsWhole();
    void pointerReadsThroughAllCharts();
    void keysGoFromCheckpointToCheckpoint();
    void draggingShowsTheAnswers();
    void otherSpacesAreNoOtherWords();
    void axisCountsTokensEpochsAndMinutes();

private:
    [[nodiscard]] double redrawSeconds() const;

    RunsPageFixture m_runs{QStringLiteral("tst_losscurve")};
};

void LossCurveTest::themeRecoloursTheChart()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.find<LossChart>()->drawnPoints(), 60);
    const auto count = [this](const QColor &colour) {
        const QImage image = m_runs.find<LossChart>()->grab().toImage();
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
    m_runs.window.theme->apply(ThemeChoice::Dark);
    QTRY_VERIFY(count(dark.series[0]) > 50);
    QVERIFY(count(dark.surface1) > 10'000);
    QVERIFY(count(dark.borderStrong) > 100); // axes
    QCOMPARE(count(light.surface1), 0);
}

// The time of the fastest of several redraws: what else the computer does counts less.
double LossCurveTest::redrawSeconds() const
{
    constexpr int kTries = 8, kRedraws = 5;
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTries; ++i) {
        const double before = threadSeconds();
        for (int redraw = 0; redraw < kRedraws; ++redraw)
            m_runs.find<ChartPane>()->refresh();
        best = std::min(best, threadSeconds() - before);
    }
    return best;
}

// As many points as fit into the picture are drawn, and a redraw does not look at each of them.
void LossCurveTest::aLongRunIsDrawnFromFewPoints()
{
    constexpr std::size_t kLong = 400'000, kShort = 20'000;
    m_runs.addRun(1, RunState::Finished, int(kShort), int(kShort), true);
    m_runs.addRun(2, RunState::Finished, int(kLong), int(kLong), true);
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(m_runs.page->curves().points.size(), kLong);
    QTRY_VERIFY(chart->drawnPoints() > 500);
    QVERIFY(chart->drawnPoints() <= 2 * (chart->plotRect().width() + 2));
    m_runs.window.picture(QStringLiteral("long"));
    const double ofLong = redrawSeconds();
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 1"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), kShort);
    const double ofShort = redrawSeconds();
    qInfo("a redraw of %zu steps takes %.1f times that of %zu", kLong, ofLong / ofShort, kShort);
    QVERIFY2(ofLong < 14 * ofShort, qPrintable(QStringLiteral("%1 times").arg(ofLong / ofShort))); // there are 20 times as many
}

void LossCurveTest::wheelZoomsAndTheWholeComesBack()
{
    m_runs.addRun(1, RunState::Finished, 200, 200);
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(chart->viewTo(), 200.0);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(200));
    const QPointF middle = chart->plotRect().center();
    QWheelEvent wheel(middle, m_runs.plot()->mapToGlobal(middle), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(m_runs.plot(), &wheel);
    QVERIFY(chart->viewTo() - chart->viewFrom() < 190);
    const double from = chart->viewFrom();
    // Pan by dragging: the view moves, never beyond the run.
    QTest::mousePress(m_runs.plot(), Qt::LeftButton, {}, middle.toPoint());
    QTest::mouseMove(m_runs.plot(), middle.toPoint() + QPoint(60, 0));
    QTest::mouseMove(m_runs.plot(), middle.toPoint() + QPoint(120, 0));
    QTest::mouseRelease(m_runs.plot(), Qt::LeftButton, {}, middle.toPoint() + QPoint(120, 0));
    QVERIFY(chart->viewFrom() < from);
    QVERIFY(chart->viewFrom() >= 0);
    QTest::keyClick(chart, Qt::Key_0);
    QCOMPARE(chart->viewFrom(), 0.0);
    QCOMPARE(chart->viewTo(), 200.0);
    QTest::keyClick(chart, Qt::Key_Plus);
    QVERIFY(chart->viewTo() - chart->viewFrom() < 200);
    // Logarithmic and smoothed otherwise: the picture changes, the program does not stumble.
    QTest::mouseClick(m_runs.button(QStringLiteral("Log axis")), Qt::LeftButton);
    m_runs.find<ChartPane>()->smoothing().setValue(0);
    QCOMPARE(chart->readingAt(100)->smoothed, chart->readingAt(100)->raw);
    QCOMPARE(QSettings().value(QStringLiteral("runs/smoothing")).toInt(), 0);
}

void LossCurveTest::boxZooms_data()
{
    QTest::addColumn<int>("button");
    QTest::addColumn<int>("modifier");
    QTest::newRow("Shift and the left button") << int(Qt::LeftButton) << int(Qt::ShiftModifier);
    QTest::newRow("right button") << int(Qt::RightButton) << int(Qt::NoModifier);
}

void LossCurveTest::boxZooms()
{
    QFETCH(int, button);
    QFETCH(int, modifier);
    m_runs.addRun(1, RunState::Finished, 200, 200);
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(chart->viewTo(), 200.0);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(200));
    const QRect plot = chart->plotRect();
    const QPoint from(int(chart->xOf(60)), plot.top() + 20), to(int(chart->xOf(120)), plot.bottom() - 20);
    const auto mouse = Qt::MouseButton(button);
    const auto keys = Qt::KeyboardModifiers(Qt::KeyboardModifier(modifier));
    QTest::mousePress(m_runs.plot(), mouse, keys, from);
    QTest::mouseMove(m_runs.plot(), (from + to) / 2);
    QTest::mouseMove(m_runs.plot(), to);
    QTest::mouseRelease(m_runs.plot(), mouse, keys, to);
    QTRY_VERIFY(std::abs(chart->viewFrom() - 60) < 2 && std::abs(chart->viewTo() - 120) < 2);
    const auto chosen = m_runs.find<Scrubber>()->chosenStep();
    QVERIFY(!chosen || *chosen == 200); // no step was chosen on the way
    QTest::keyClick(chart, Qt::Key_0);
    QCOMPARE(chart->viewTo(), 200.0);
}

// However far the smoothed line is lifted by it.
void LossCurveTest::spikeDoesNotFlattenTheCurve_data()
{
    QTest::addColumn<int>("smoothing");
    QTest::addColumn<double>("loss");
    QTest::newRow("hardly lifted") << 99 << 40.0;
    QTest::newRow("as usual") << 85 << 40.0;
    QTest::newRow("high") << 85 << 400.0;
    QTest::newRow("not smoothed") << 0 << 40.0;
}

void LossCurveTest::spikeDoesNotFlattenTheCurve()
{
    QFETCH(int, smoothing);
    QFETCH(double, loss);
    m_runs.addRun(1, RunState::Finished, 200, 200);
    m_runs.window.state->metrics[1][120].loss = loss;
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(200));
    m_runs.find<ChartPane>()->smoothing().setValue(smoothing);
    QTRY_VERIFY(chart->readingAt(121)->raw > 30);
    const QRect plot = chart->plotRect();
    QTRY_VERIFY(chart->yOf(40) < plot.top() - plot.height()); // far above the picture
    QVERIFY(chart->yOf(0.8) - chart->yOf(2.8) > plot.height() / 5.0); // the curve itself keeps its room
}

void LossCurveTest::ticksAreNotRounded()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    const auto spread = [&](double low, double high) {
        m_runs.window.state->evals[1].clear();
        for (engine::MetricPoint &point : m_runs.window.state->metrics[1])
            point.loss = low + (high - low) * double(point.step % 2);
    };
    const auto digits = [&] {
        const auto all = m_runs.plot()->findChildren<QObject *>();
        const auto axis = std::ranges::find_if(all, [](const QObject *child) { return child->inherits("QCPAxis") && child->property("numberFormat") == QVariant(QStringLiteral("f")); });
        return axis == all.end() ? -1 : (*axis)->property("numberPrecision").toInt();
    };
    spread(2.6, 3.8); // a tick each 0.25
    m_runs.open();
    QTRY_COMPARE(m_runs.find<LossChart>()->drawnPoints(), 60);
    m_runs.find<ChartPane>()->findChild<QSlider *>()->setValue(0);
    QTRY_COMPARE(digits(), 2);
    spread(1, 4); // each 0.5
    m_runs.page->setProject();
    m_runs.page->onShown();
    QTRY_COMPARE(digits(), 1);
}

void LossCurveTest::lastHeldOutCircleIsWhole()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(chart->drawnPoints(), 60);
    const auto pixelsBesideTheEdge = [&] {
        const QImage image = chart->grab().toImage();
        const double scale = image.devicePixelRatio();
        int found = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = int((chart->plotRect().right() + 2) * scale); x < image.width(); ++x)
                found += image.pixelColor(x, y).red() > image.pixelColor(x, y).blue() + 40 ? 1 : 0; // the colour of the line, smoothed
        }
        return found;
    };
    m_runs.find<Scrubber>()->setFocus();
    QTest::keyClick(m_runs.find<Scrubber>(), Qt::Key_Home); // the chosen step has a mark of its own
    QTRY_VERIFY(pixelsBesideTheEdge() > 2);
}

void LossCurveTest::pointerReadsThroughAllCharts()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    auto *chart = m_runs.find<LossChart>();
    QTRY_COMPARE(chart->drawnPoints(), 60);
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *rate = m_runs.find<SmallChart>();
    const QString atEnd = rate->valueText();
    QTest::mouseMove(m_runs.plot(), QPoint(int(chart->xOf(30)), 100));
    QTRY_VERIFY(chart->cursor());
    QCOMPARE(chart->readingAt(*chart->cursor())->step, std::int64_t(30));
    QCOMPARE(chart->readingAt(30)->epoch, 2);
    QCOMPARE(chart->readingAt(30)->heldOut->step, std::int64_t(20));
    QVERIFY(rate->valueText() != atEnd);
    QTest::mouseMove(m_runs.plot(), QPoint(2, 2)); // outside the axes
    QTRY_VERIFY(!chart->cursor());
    QCOMPARE(rate->valueText(), atEnd);
    for (const auto *small : m_runs.find<ChartPane>()->findChildren<SmallChart *>())
        QCOMPARE(small->isVisible(), small->accessibleName() != QStringLiteral("Token accuracy") && !small->isEmpty()); // not measured in this run
}

void LossCurveTest::keysGoFromCheckpointToCheckpoint()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    auto *scrubber = m_runs.find<Scrubber>();
    QTRY_COMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
    m_runs.find<RunPane>()->tabs().setCurrentIndex(1); // the table of checkpoints
    QTest::keyClick(scrubber, Qt::Key_Left);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(40));
    QCOMPARE(m_runs.find<LossChart>()->chosen(), std::optional<std::int64_t>(40));
    QCOMPARE(m_runs.find<QTableWidget>()->currentRow(), 1); // newest first
    QTest::keyClick(m_runs.find<LossChart>(), Qt::Key_Left);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(20));
    QTest::keyClick(m_runs.find<LossChart>(), Qt::Key_End);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
    QTest::keyClick(scrubber, Qt::Key_Home);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(20));
    QTest::mouseClick(scrubber, Qt::LeftButton, {}, scrubber->checkpointPosition(1));
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(40));
    m_runs.find<QTableWidget>()->setCurrentCell(0, 0);
    QCOMPARE(scrubber->chosenStep(), std::optional<std::int64_t>(60));
}

void LossCurveTest::draggingShowsTheAnswers()
{
    m_runs.window.engine->probeQuestions = {"When does the desk open?", "May a dog have grapes?"};
    m_runs.window.engine->runSteps = 60;
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(100);
    QTRY_COMPARE(m_runs.page->curves().answered, (std::vector<std::int64_t>{20, 40, 60}));
    QTRY_COMPARE(m_runs.badge(), QStringLiteral("Finished"));
    auto *answers = m_runs.find<AnswerPane>();
    QCOMPARE(answers->questionCount(), 2);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 60."));
    QCOMPARE(answers->verdictText(0), QStringLiteral("differs from Base model in 4 words"));
    QTRY_VERIFY(answers->otherText(0).contains(QStringLiteral("not"))); // a new child of a layout is shown a moment later
    // By mouse: over the whole run, from stop to stop.
    auto *chart = m_runs.find<LossChart>();
    const auto at = [&](double step) { return QPoint(int(chart->xOf(step)), chart->plotRect().center().y()); };
    QTest::mousePress(m_runs.plot(), Qt::LeftButton, {}, at(55));
    QTest::mouseMove(m_runs.plot(), at(45));
    QTest::mouseMove(m_runs.plot(), at(41));
    QTRY_COMPARE(answers->answerText(1), QStringLiteral("I am sure about this since step 40."));
    QTest::mouseMove(m_runs.plot(), at(18));
    QTRY_COMPARE(answers->answerText(1), QStringLiteral("I am sure about this since step 20."));
    QTest::mouseRelease(m_runs.plot(), Qt::LeftButton, {}, at(18));
    QCOMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    // By keys, and against the step before.
    chart->setFocus();
    QTest::keyClick(chart, Qt::Key_Right);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 40."));
    answers->setAgainst(AnswerPane::Against::Before);
    QCOMPARE(answers->verdictText(0), QStringLiteral("differs from Step 20 in 1 word"));
    QVERIFY(answers->otherText(0).contains(QStringLiteral("20.")));
    m_runs.window.picture(QStringLiteral("answers"));
    m_runs.window.picture(QStringLiteral("answers"), true, {1024, 700});
    // A checkpoint that was not kept cannot be opened, its answers can still be read.
    m_runs.window.state->checkpoints[1].erase(m_runs.window.state->checkpoints[1].begin());
    m_runs.window.window->openPage(QStringLiteral("home"), {});
    m_runs.window.window->openPage(QStringLiteral("runs"), {});
    emit m_runs.window.bridge->checkpointed(RunId{1}, {60, "", {}});
    QTRY_COMPARE(m_runs.page->curves().checkpoints.size(), std::size_t(2));
    QTest::keyClick(chart, Qt::Key_Home);
    QTRY_COMPARE(answers->answerText(0), QStringLiteral("I am sure about this since step 20."));
    QVERIFY(!m_runs.page->findChild<QAction *>(QStringLiteral("openCheckpoint"))->isEnabled());
    // Zoomed in, dragging moves the view and not the choice.
    chart->zoom(0.5, 30);
    const double from = chart->viewFrom();
    QTest::mousePress(m_runs.plot(), Qt::LeftButton, {}, at(35));
    QTest::mouseMove(m_runs.plot(), at(30));
    QTest::mouseMove(m_runs.plot(), at(28));
    QTest::mouseRelease(m_runs.plot(), Qt::LeftButton, {}, at(28));
    QVERIFY(chart->viewFrom() != from);
    QCOMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
}

void LossCurveTest::otherSpacesAreNoOtherWords()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.window.state->probes[1].questions = {{{}, "When do you open?", {}}};
    m_runs.window.state->probes[1].answers = {{data::kBaseStep, 0, "At eight,\nor later."}, {60, 0, "At eight, or later."}};
    m_runs.open();
    QTRY_COMPARE(m_runs.find<AnswerPane>()->questionCount(), 1);
    QTRY_COMPARE(m_runs.find<AnswerPane>()->verdictText(0), QStringLiteral("the same words as Base model, with other spaces or line breaks"));
}

void LossCurveTest::axisCountsTokensEpochsAndMinutes()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    // The second half took three times as long.
    for (engine::MetricPoint &point : m_runs.window.state->metrics[1])
        point.seconds = point.step <= 30 ? 60.0 * double(point.step) : 1800 + 180.0 * double(point.step - 30);
    m_runs.open();
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *chart = m_runs.find<LossChart>();
    const QRect rect = chart->plotRect();
    const auto share = [&](double step) { return (chart->xOf(step) - rect.left()) / rect.width(); };
    QVERIFY(std::abs(share(30) - 0.5) < 0.01);
    QComboBox &axis = m_runs.find<ChartPane>()->axis();
    axis.setFocus();
    QTest::keyClick(&axis, Qt::Key_End); // minutes
    QTRY_VERIFY(std::abs(share(30) - 0.25) < 0.01);
    QVERIFY(std::abs(share(45) - 0.625) < 0.01);
    QVERIFY(std::abs(chart->viewTo() - 60) < 0.01); // still said in steps
    // A click finds the step below it, the scrubber lies under it.
    QTest::mouseClick(m_runs.plot(), Qt::LeftButton, {}, QPoint(int(chart->xOf(21)), rect.center().y()));
    QCOMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(20));
    QTRY_VERIFY(std::abs(m_runs.find<Scrubber>()->checkpointPosition(0).x() - chart->xOf(20)) < 3);
    m_runs.window.picture(QStringLiteral("minutes"));
    axis.setCurrentIndex(1);
    QVERIFY(std::abs(share(30) - 0.5) < 0.01); // the same number of tokens each step
    axis.setCurrentIndex(2);
    QVERIFY(std::abs(share(40) - 2.0 / 3) < 0.01);
    // Pictures of lines hold the words of the chart as text or curves, not as pixels.
    for (const QString &kind : {QStringLiteral("svg"), QStringLiteral("pdf")}) {
        const QString name = m_runs.window.dir.filePath(QStringLiteral("chart.") + kind);
        m_runs.window.window->dialogs().setNextFileName(name);
        m_runs.page->findChild<QAction *>(QStringLiteral("saveChartPicture"))->trigger();
        QTRY_VERIFY(QFile::exists(name));
        QFile file(name);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(bytes.startsWith(kind == QLatin1String("pdf") ? "%PDF" : "<?xml"));
        QVERIFY(!bytes.contains("<image") && !bytes.contains("/Subtype /Image"));
        QVERIFY(bytes.size() > 3000);
    }
}

QTEST_MAIN(LossCurveTest)
#include "tst_losscurve.moc"
