// The time that a run still takes, with made-up durations: on steady runs the error after a tenth is below a tenth.
#include "core/train/timeleft.h"

#include <QTest>

#include <cmath>
#include <random>

using namespace fettle::train;

class TestTimeLeft : public QObject {
    Q_OBJECT
private slots:
    void nothingIsKnownBeforeTheFirstStep();
    void evaluationIsForetoldByItsParts();
    void evaluationsAreCounted_data();
    void evaluationsAreCounted();
    void steadyRunsAreForetold_data();
    void steadyRunsAreForetold();
};

void TestTimeLeft::nothingIsKnownBeforeTheFirstStep()
{
    QVERIFY(TimeLeft().seconds(10, 1) < 0);
}

// Reading the rows, and answers that are given beside it; what was measured whole counts once it is there.
void TestTimeLeft::evaluationIsForetoldByItsParts()
{
    TimeLeft estimate(3);
    estimate.stepTook(5);
    estimate.stepTook(2);
    QCOMPARE(estimate.seconds(10, 2), 10 * 2 + 2 * 3 * 2.0);
    estimate.besideTakes(4);
    QCOMPARE(estimate.seconds(10, 2), 10 * 2 + 2 * (3 * 2.0 + 4));
    estimate.readingTakes(1.5);
    QCOMPARE(estimate.seconds(10, 2), 10 * 2 + 2 * (1.5 + 4));
    estimate.evaluationTook(7);
    QCOMPARE(estimate.seconds(10, 2), 10 * 2 + 2 * 7.0);
}

void TestTimeLeft::evaluationsAreCounted_data()
{
    QTest::addColumn<int>("step");
    QTest::addColumn<int>("every");
    QTest::addColumn<int>("left");
    QTest::newRow("every 10, from the start") << 0 << 10 << 11;
    QTest::newRow("every 10, at one") << 10 << 10 << 10;
    QTest::newRow("every 10, just before one") << 19 << 10 << 10;
    QTest::newRow("epochs of 35") << 0 << 0 << 3;
    QTest::newRow("epochs of 35, in the last") << 90 << 0 << 1;
    QTest::newRow("at the end") << 105 << 10 << 0;
}

void TestTimeLeft::evaluationsAreCounted()
{
    QFETCH(int, step);
    QFETCH(int, every);
    QTEST(int(evaluationsAfter(step, 105, every, 35)), "left");
}

void TestTimeLeft::steadyRunsAreForetold_data()
{
    QTest::addColumn<int>("steps");
    QTest::addColumn<int>("every");
    QTest::addColumn<double>("evaluation"); // in steps
    QTest::addColumn<double>("noise");      // of a step
    for (const int steps : {100, 300, 5000}) {
        for (const double noise : {0.02, 0.05}) {
            QTest::addRow("%d steps, noise %.2f, cheap evaluations", steps, noise) << steps << steps / 3 << 2.0 << noise;
            QTest::addRow("%d steps, noise %.2f, many evaluations", steps, noise) << steps << 10 << 8.0 << noise;
        }
    }
}

void TestTimeLeft::steadyRunsAreForetold()
{
    QFETCH(int, steps);
    QFETCH(int, every);
    QFETCH(double, evaluation);
    QFETCH(double, noise);
    for (unsigned seed = 1; seed <= 50; ++seed) {
        std::mt19937 random(seed);
        std::normal_distribution<double> normal(0, 1);
        TimeLeft estimate(0.9 * evaluation); // the guess before the first one is measured
        double foretold = -1, actual = 0;
        for (int step = 1; step <= steps; ++step) {
            const double took = (step == 1 ? 6.0 : 1.0) * std::max(0.1, 1 + noise * normal(random));
            estimate.stepTook(took);
            actual += foretold >= 0 ? took : 0;
            if (step == steps / 10)
                foretold = estimate.seconds(steps - step, evaluationsAfter(step - 1, steps, every, steps));
            if (step % every == 0 || step == steps) {
                estimate.evaluationTook(evaluation);
                actual += foretold >= 0 ? evaluation : 0;
            }
        }
        QVERIFY2(std::abs(foretold - actual) < 0.1 * actual, qPrintable(QStringLiteral("seed %1: %2 instead of %3").arg(seed).arg(foretold).arg(actual)));
    }
}

QTEST_APPLESS_MAIN(TestTimeLeft)
#include "tst_timeleft.moc"
