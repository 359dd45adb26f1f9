// The numbers behind the Runs page: smoothing, thinning, epochs, merging of what arrives, the log, the words of a failure.
#include "ui/runs/runlog.h"
#include "ui/runs/runwords.h"
#include "ui/runs/smallchart.h"

#include <QTest>

#include <cmath>

using namespace fettle;
using namespace fettle::ui;

class RunCurvesTest : public QObject {
    Q_OBJECT

private slots:
    void spikesDoNotFlattenASmallChart();
    void oddStepsAreAboveTheUsual();
    void smoothingBeginsAtTheFirstValue();
    void smoothingPassesOverWhatIsNotFinite();
    void thinningKeepsExtremes_data();
    void thinningKeepsExtremes();
    void seriesFollowTheRun();
    void epochsReachThePlannedEnd();
    void resumedStepsReplaceWhatLayAfter();
    void gapsAreSeen();
    void bestCheckpointIsTheLowest();
    void failureIsSplit_data();
    void failureIsSplit();
    void logIsNewestFirst();
};

namespace {

RunCurves curve(int steps)
{
    RunCurves curves;
    curves.steps = steps;
    for (int i = 1; i <= steps; ++i) {
        engine::MetricPoint point;
        point.step = i;
        point.epoch = 3.0 * i / steps;
        point.loss = 1.0 + 1.0 / i;
        point.seconds = i;
        curves.points.push_back(point);
    }
    return curves;
}

} // namespace

void RunCurvesTest::smoothingBeginsAtTheFirstValue()
{
    // By hand, weight 0.5: 4; (0.5 * 2 + 0.5 * 2) / 0.75; (0.5 * 2 + 0.5 * 8) / 0.875.
    const auto smooth = smoothedValues({4, 2, 8}, 0.5);
    QCOMPARE(smooth[0], 4.0);
    QCOMPARE(smooth[1], 2.0 / 0.75);
    QCOMPARE(smooth[2], 5.0 / 0.875);
    QCOMPARE(smoothedValues({4, 2, 8}, 0.0), (std::vector<double>{4, 2, 8}));
    for (const double value : smoothedValues(std::vector<double>(50, 3.0), 0.99))
        QVERIFY(std::abs(value - 3.0) < 1e-9); // a constant stays what it is
}

void RunCurvesTest::smoothingPassesOverWhatIsNotFinite()
{
    const auto smooth = smoothedValues({2, std::nan(""), INFINITY, 2}, 0.9);
    QCOMPARE(smooth[1], 2.0);
    QVERIFY(std::abs(smooth[3] - 2.0) < 1e-12);
}

void RunCurvesTest::thinningKeepsExtremes_data()
{
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("columns");
    QTest::newRow("fewer than columns") << 50 << 400;
    QTest::newRow("a long run") << 100'000 << 700;
    QTest::newRow("one column") << 1000 << 1;
}

void RunCurvesTest::thinningKeepsExtremes()
{
    QFETCH(int, count);
    QFETCH(int, columns);
    std::vector<double> x, y;
    StepSeries steps, values;
    for (int i = 0; i < count; ++i) {
        x.push_back(i);
        y.push_back(i % 97 == 5 ? std::nan("") : std::sin(i * 0.7) + (i == count / 3 ? 50 : 0)); // one spike
        steps.append(x.back());
        values.append(y.back());
    }
    const auto finite = std::ranges::count_if(y, [](double value) { return std::isfinite(value); });
    const QPolygonF line = thinnedPoints(x, y, 0, count - 1, columns);
    QVERIFY(line.size() <= 2 * (columns + 2));
    QVERIFY(std::ranges::any_of(line, [](const QPointF &point) { return point.y() > 40; })); // the spike is not lost
    QVERIFY(std::ranges::is_sorted(line, {}, &QPointF::x));
    if (count < columns)
        QCOMPARE(line.size(), finite);
    // The blocks of a series change nothing, whatever is in view.
    for (const auto &[from, to] : {std::pair(0.0, count - 1.0), std::pair(0.31 * count, 0.77 * count), std::pair(-5.0, count + 9.0), std::pair(count - 3.0, count - 1.0)})
        QCOMPARE(thinnedPoints(steps, values, from, to, columns), thinnedPoints(x, y, from, to, columns));
    const QPolygonF mean = averagedPoints(steps, values, 0, count - 1, columns);
    if (columns == 1) {
        double sum = 0;
        for (int i = 0; i + 1 < count; ++i) // the last one begins a column of its own
            sum += std::isfinite(y[std::size_t(i)]) ? y[std::size_t(i)] : 0;
        QVERIFY(std::abs(mean.first().y() - sum / double(finite - 1)) < 1e-9);
    }
    QVERIFY(mean.size() <= columns + 2);
    QVERIFY(std::ranges::is_sorted(mean, {}, &QPointF::x));
    QVERIFY(thinnedPoints(x, y, 5, 5, columns).isEmpty());
    QVERIFY(averagedPoints(steps, values, 5, 5, columns).isEmpty());
    QVERIFY(thinnedPoints(StepSeries(), StepSeries(), 0, 1, columns).isEmpty());
}

// What a chart draws follows the run: by what is added, and anew where the run went back to an earlier step.
void RunCurvesTest::seriesFollowTheRun()
{
    RunCurves curves = curve(500);
    RunSeries series(RunAxis::Epochs, 0.5);
    series.follow(curves);
    const auto isWhole = [&] {
        std::vector<double> losses;
        for (const engine::MetricPoint &point : curves.points)
            losses.push_back(point.loss);
        const std::vector<double> smooth = smoothedValues(losses, series.smoothing());
        if (series.size() != curves.points.size() || series.x.size() != curves.points.size())
            return false;
        for (std::size_t i = 0; i < curves.points.size(); ++i) {
            if (series.x[i] != axisValue(curves.points[i], series.axis()) || series.loss[i] != curves.points[i].loss || series.smooth[i] != smooth[i])
                return false;
        }
        return true;
    };
    QVERIFY(isWhole());
    engine::MetricPoint point = curves.points.back();
    for (int i = 0; i < 70; ++i) {
        ++point.step;
        point.loss = 1 + 0.01 * i;
        appendPoints(curves, {point});
        series.follow(curves);
    }
    QVERIFY(isWhole());
    point.step = 300; // resumed there: as many points as at step 300, and more than before where it goes on
    point.loss = 9;
    appendPoints(curves, {point});
    for (int i = 0; i < 400; ++i) {
        ++point.step;
        appendPoints(curves, {point});
    }
    series.follow(curves);
    QVERIFY(isWhole());
    series.setSmoothing(0.9);
    series.setAxis(RunAxis::Minutes, curves);
    QVERIFY(isWhole());
    curves = curve(20);
    series.follow(curves);
    QVERIFY(isWhole());
}

void RunCurvesTest::epochsReachThePlannedEnd()
{
    RunCurves curves = curve(60);
    curves.points.resize(30); // half way through three epochs of 20 steps
    const auto starts = epochStarts(curves);
    QCOMPARE(starts.size(), std::size_t(2));
    QCOMPARE(starts[0].step, 20.0);
    QCOMPARE(starts[0].epoch, 2);
    QCOMPARE(starts[1].step, 40.0); // not reached yet, shown all the same
    QVERIFY(epochStarts({}).empty());
}

void RunCurvesTest::resumedStepsReplaceWhatLayAfter()
{
    RunCurves curves = curve(30);
    curves.evals = {{20, 1.5, 100}, {30, 1.4, 100}};
    curves.checkpoints = {{20, "a", 1.5}, {30, "b", 1.4}};
    engine::MetricPoint again;
    again.step = 21;
    again.loss = 9;
    appendPoints(curves, {again});
    QCOMPARE(curves.points.size(), std::size_t(21));
    QCOMPARE(curves.points.back().loss, 9.0);
    QCOMPARE(curves.evals.size(), std::size_t(1));
    QCOMPARE(curves.checkpoints.size(), std::size_t(1));
}

void RunCurvesTest::gapsAreSeen()
{
    RunCurves curves = curve(10);
    QVERIFY(!stepBeforeGap(curves));
    curves.points.erase(curves.points.begin() + 4);
    QCOMPARE(stepBeforeGap(curves), std::optional<std::int64_t>(4));
}

void RunCurvesTest::bestCheckpointIsTheLowest()
{
    RunCurves curves;
    QVERIFY(!bestCheckpoint(curves));
    curves.checkpoints = {{20, "a", 1.5}, {40, "b", 1.2}, {60, "c", 1.3}, {80, "d", std::nullopt}};
    QCOMPARE(bestCheckpoint(curves), std::optional<std::int64_t>(40));
}

void RunCurvesTest::failureIsSplit_data()
{
    QTest::addColumn<QString>("failure");
    QTest::addColumn<QString>("what");
    QTest::addColumn<QString>("remedy");
    QTest::newRow("both") << "The disk is full. Free 59 MB and resume." << "The disk is full." << "Free 59 MB and resume.";
    QTest::newRow("message alone") << "The loss is not finite." << "The loss is not finite." << "";
    QTest::newRow("full stop in a name") << "Cannot write \"a. B.part\". Choose another folder." << "Cannot write \"a. B.part\"." << "Choose another folder.";
    QTest::newRow("number") << "The loss is 3.5 at step 4. Lower the rate." << "The loss is 3.5 at step 4." << "Lower the rate.";
    QTest::newRow("nothing") << "" << "" << "";
}

void RunCurvesTest::failureIsSplit()
{
    QFETCH(QString, failure);
    QTEST(failureWords(failure.toStdString()).what, "what");
    QTEST(failureWords(failure.toStdString()).remedy, "remedy");
}

void RunCurvesTest::logIsNewestFirst()
{
    RunCurves curves = curve(40);
    curves.evals = {{20, 1.5, 100}, {40, 1.6, 100}};
    curves.checkpoints = {{20, "a", 1.5}, {40, "b", 1.6}};
    engine::RunInfo run;
    run.id = RunId{1};
    run.state = engine::RunState::Finished;
    run.step = run.steps = 40;
    run.started = "2024-05-14T14:21:00";
    run.modelName = "SmolLM2";
    const auto entries = runLogEntries(run, curves, {});
    QCOMPARE(entries.size(), std::size_t(6));
    QCOMPARE(entries.front().text, QStringLiteral("Finished"));
    QCOMPARE(entries[1].text, QStringLiteral("Checkpoint saved"));
    QVERIFY(entries[2].text.contains(QStringLiteral("above the best")));
    QCOMPARE(entries.back().text, QStringLiteral("Started on SmolLM2"));
}

void RunCurvesTest::spikesDoNotFlattenASmallChart()
{
    QPolygonF line;
    for (int step = 0; step < 200; ++step)
        line.append(QPointF(step, step == 70 ? 500.0 : 1 + 0.1 * std::sin(step)));
    QVERIFY(SmallChart::topOf(line) < 4);
    line[70].setY(2.5); // near enough to be seen as a whole
    QCOMPARE(SmallChart::topOf(line), 2.5);
    QCOMPARE(SmallChart::topOf(QPolygonF{{1, 3}, {2, 900}}), 900.0); // too few to tell what is usual
}

void RunCurvesTest::oddStepsAreAboveTheUsual()
{
    std::vector<double> falls;
    for (int step = 0; step < 200; ++step)
        falls.push_back(0.4 + 8 * std::exp(-step / 2.0)); // most of it in the first steps
    QVERIFY(usualTop(falls) >= falls.front());
    const double top = usualTop(falls);
    falls[70] = falls[130] = falls.back() = 500;
    QCOMPARE(usualTop(falls), top);
    std::vector<double> noise;
    for (int step = 0; step < 500; ++step)
        noise.push_back(0.8 + 0.3 * std::sin(step * 7.3));
    QVERIFY(usualTop(noise) > 0.8 + 0.98 * 0.3); // noise is no outlier
    std::vector<double> grows;
    for (int step = 0; step < 300; ++step)
        grows.push_back(step < 280 ? 1 : std::pow(1.5, step - 280));
    QVERIFY(usualTop(grows) > grows.back() / 2); // nor is what has begun to diverge
    QCOMPARE(usualTop({3, 900}), 900.0); // too few to tell what is usual
    QCOMPARE(usualTop({}), 0.0);
}

QTEST_GUILESS_MAIN(RunCurvesTest)
#include "tst_runcurves.moc"
