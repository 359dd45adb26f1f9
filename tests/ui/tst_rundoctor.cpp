// The run doctor on made-up curves: every ailment is found where it is, and nothing on good runs of many shapes.
#include "ui/runs/rundoctor.h"

#include <QTest>

#include <cmath>
#include <random>

using namespace fettle;
using namespace fettle::ui;

namespace {

struct Shape {
    int steps = 200;
    std::function<double(double)> loss = [](double x) { return 0.8 + 2.0 * std::exp(-5 * x); };
    std::function<double(double)> heldOut = [](double x) { return 1.0 + 1.9 * std::exp(-5 * x); };
    std::function<double(double)> gradNorm = [](double) { return 0.6; };
    std::function<double(double)> pace = [](double) { return 540.0; };
    double noise = 0.1;
    std::function<double(double)> general = [](double x) { return 2.6 + 0.05 * x; }; // hardly forgets
    std::int64_t heldOutTokens = 4000;
    engine::RunRows rows{400, 0, 0, 300};
    std::function<std::int64_t(double)> pageFaults = [](double x) { return x < 0.1 ? 4000 : 0; }; // the model's file is read at the start
    double rowTokens = 60;
    double lagging = 0.5; // loss of the rows of one tag in the last epoch; all begin at 2.8, the others end at 0.8
    unsigned seed = 7;
};

RunCurves curvesOf(const Shape &shape)
{
    RunCurves curves;
    curves.steps = shape.steps;
    curves.general.push_back({0, shape.general(0)});
    std::mt19937 random(shape.seed);
    std::normal_distribution<double> normal(0, 1);
    for (int step = 1; step <= shape.steps; ++step) {
        const double x = double(step) / shape.steps;
        engine::MetricPoint point;
        point.step = step;
        point.epoch = 3 * x;
        point.loss = shape.loss(x) + shape.noise * normal(random);
        point.gradNorm = shape.gradNorm(x) * std::exp(0.2 * normal(random));
        point.tokensPerSecond = shape.pace(x) * (1 + 0.05 * normal(random));
        point.seconds = 2.0 * step;
        point.pageFaults = shape.pageFaults(x);
        point.tokens = std::int64_t(point.epoch * double(shape.rows.all) * shape.rowTokens);
        curves.points.push_back(point);
        if (step % (shape.steps / 10) == 0) {
            curves.evals.push_back({step, shape.heldOut(x), shape.heldOutTokens});
            curves.checkpoints.push_back({step, {}, shape.heldOut(x)});
            curves.general.push_back({step, shape.general(x)});
        }
    }
    for (const auto &[tag, rows, last] : {std::tuple("hours", 60, 0.8), std::tuple("dosage of drops", 12, shape.lagging), std::tuple("", 300, 0.8), std::tuple("one", 1, 2.7)})
        curves.tags.push_back({engine::LedgerPart::Train, tag, rows, {1, 2, 3}, {2.8, 0.5 * (2.8 + last), last}});
    return curves;
}

std::vector<RunFinding> findingsOf(const Shape &shape, engine::RunState state = engine::RunState::Finished, const char *recipe = R"({"clipNorm": 1.0, "learningRate": 2e-4, "maxLength": 256})")
{
    engine::RunInfo run;
    run.state = state;
    run.recipeJson = recipe;
    run.rows = shape.rows;
    return runFindings(curvesOf(shape), run);
}

} // namespace

Q_DECLARE_METATYPE(Shape)

class RunDoctorTest : public QObject {
    Q_OBJECT

private slots:
    void ailmentsAreFound_data();
    void ailmentsAreFound();
    void goodRunsHaveNone_data();
    void goodRunsHaveNone();
    void unpackedRowsAreTold_data();
    void unpackedRowsAreTold();
    void whatIsSoundIsListed();
    void rulesWaitForTheEnd();
    void shortAndEmptyRunsAreLeftAlone();
};

void RunDoctorTest::ailmentsAreFound_data()
{
    QTest::addColumn<Shape>("shape");
    QTest::addColumn<int>("ailment");
    QTest::addColumn<double>("from");
    QTest::addColumn<QString>("cure");
    const auto row = [](const char *name, Ailment ailment, double from, const char *cure, auto change) {
        Shape shape;
        change(shape);
        QTest::newRow(name) << shape << int(ailment) << from << cure;
    };
    row("diverges", Ailment::Diverges, 100, "learningRate=4e-05", [](Shape &s) { s.loss = [](double x) { return x < 0.5 ? 2.5 - 2 * x : 1.5 + 6 * (x - 0.5); }; });
    row("not a number", Ailment::Diverges, 190, "learningRate=4e-05", [](Shape &s) { s.loss = [](double x) { return x < 0.98 ? 2.5 - x : 40.0; }; });
    row("rate too high", Ailment::RateTooHigh, 1, "learningRate=0.0001", [](Shape &s) { s.loss = [](double x) { return x < 0.1 ? 2.8 + 20 * x : 1.0 + 3.8 * std::exp(-8 * (x - 0.1)); }; });
    row("rate too low", Ailment::RateTooLow, 1, "learningRate=0.0006", [](Shape &s) { s.loss = [](double x) { return 2.5 - 0.05 * x; }; s.heldOut = [](double x) { return 2.6 - 0.04 * x; }; });
    row("memorises", Ailment::Memorises, 100, "100", [](Shape &s) { s.heldOut = [](double x) { return 1.2 + 3 * (x - 0.5) * (x - 0.5); }; });
    row("few held-out tokens", Ailment::FewHeldOutTokens, 20, "evalFraction=0.2", [](Shape &s) { s.heldOutTokens = 90; });
    row("held-out leaks", Ailment::HeldOutLeaks, 20, "finding:leak", [](Shape &s) { s.heldOut = [](double x) { return 0.1 + std::exp(-5 * x); }; });
    row("clipped", Ailment::Clipped, 21, "learningRate=0.0001", [](Shape &s) { s.gradNorm = [](double) { return 6.0; }; });
    row("forgets", Ailment::Forgets, 80, "learningRate=0.0001", [](Shape &s) { s.general = [](double x) { return 2.6 + 0.6 * x; }; });
    row("slows", Ailment::Slows, 161, "", [](Shape &s) { s.pace = [](double x) { return x < 0.75 ? 540.0 : 120.0; }; });
    row("answers cut", Ailment::AnswersCut, 1, "maxLength=1024", [](Shape &s) { s.rows = {400, 148, 0, 1000}; });
    row("no end mark anywhere", Ailment::NoEnd, 1, "", [](Shape &s) { s.rows = {400, 0, 400, 300}; });
    row("often no end mark", Ailment::NoEnd, 1, "", [](Shape &s) { s.rows = {400, 0, 100, 300}; });
    row("one tag lags behind", Ailment::TagLags, 1, "tag:\"dosage of drops\"", [](Shape &s) { s.lagging = 2.4; });
    row("memory on the disk", Ailment::Pages, 101, "tokensPerMicroBatch=512", [](Shape &s) { s.pageFaults = [](double x) { return x < 0.3 ? 0 : 900; }; });
    row("memory on the disk, and slow for it", Ailment::Pages, 101, "tokensPerMicroBatch=512", [](Shape &s) {
        s.pageFaults = [](double x) { return x < 0.7 ? 0 : 9000; };
        s.pace = [](double x) { return x < 0.7 ? 540.0 : 40.0; };
    });
}

void RunDoctorTest::ailmentsAreFound()
{
    QFETCH(Shape, shape);
    QFETCH(int, ailment);
    QFETCH(double, from);
    QFETCH(QString, cure);
    const auto findings = findingsOf(shape);
    QCOMPARE(findings.size(), std::size_t(1));
    QCOMPARE(int(findings.front().ailment), ailment);
    QVERIFY2(std::abs(findings.front().from - from) <= 12, qPrintable(QString::number(findings.front().from)));
    QVERIFY(findings.front().to > findings.front().from);
    QVERIFY(!findings.front().what.isEmpty() && !findings.front().remedy.isEmpty());
    QCOMPARE(findings.front().cureValue, cure);
    QCOMPARE(findings.front().cure == Cure::None, cure.isEmpty());
    QCOMPARE(findings.front().cure == Cure::MakeResult, ailment == int(Ailment::Memorises));
    QCOMPARE(findings.front().isOfTags, ailment == int(Ailment::TagLags));
}

void RunDoctorTest::goodRunsHaveNone_data()
{
    QTest::addColumn<Shape>("shape");
    const auto row = [](const char *name, auto change) {
        for (unsigned seed = 1; seed <= 20; ++seed) {
            Shape shape;
            shape.seed = seed;
            change(shape);
            QTest::addRow("%s, seed %u", name, seed) << shape;
        }
    };
    row("as usual", [](Shape &) {});
    row("short", [](Shape &s) { s.steps = 40; });
    row("noisy", [](Shape &s) { s.noise = 0.35; });
    row("warm-up", [](Shape &s) { s.loss = [](double x) { return x < 0.05 ? 2.8 : 0.8 + 2.0 * std::exp(-5 * (x - 0.05)); }; });
    row("held-out flat at the end", [](Shape &s) { s.heldOut = [](double x) { return x < 0.6 ? 1.6 - x : 1.0 + 0.01 * x; }; });
    row("large gradients at the start", [](Shape &s) { s.gradNorm = [](double x) { return 0.5 + 6 * std::exp(-20 * x); }; });
    row("general questions wobble", [](Shape &s) { s.general = [](double x) { return 2.6 + 0.15 * std::sin(20 * x); }; });
    row("a few long rows", [](Shape &s) { s.rows = {400, 7, 0, 900}; });
    row("a run of an older version", [](Shape &s) { s.rows = {}; });
    row("a tag that is harder", [](Shape &s) { s.lagging = 1.6; });
    row("a hitch of the disk", [](Shape &s) { s.pageFaults = [](double x) { return x > 0.6 && x < 0.7 ? 5000 : 3; }; });
    row("nearly nothing left to learn", [](Shape &s) { s.loss = [](double x) { return 0.3 - 0.01 * x; }; s.heldOut = [](double) { return 0.35; }; s.noise = 0.02; });
}

void RunDoctorTest::goodRunsHaveNone()
{
    QFETCH(Shape, shape);
    const auto findings = findingsOf(shape);
    QVERIFY2(findings.empty(), findings.empty() ? "" : qPrintable(findings.front().what));
}

void RunDoctorTest::unpackedRowsAreTold_data()
{
    QTest::addColumn<QByteArray>("recipe");
    QTest::addColumn<double>("rowTokens");
    QTest::addColumn<bool>("isTold");
    QTest::newRow("short rows") << QByteArray(R"({"packing": false, "rowsPerStep": 8, "tokensPerMicroBatch": 1024})") << 60.0 << true;
    QTest::newRow("rows that fill it") << QByteArray(R"({"packing": false, "rowsPerStep": 8, "tokensPerMicroBatch": 1024})") << 500.0 << false;
    QTest::newRow("one row a step") << QByteArray(R"({"packing": false, "rowsPerStep": 1, "tokensPerMicroBatch": 1024})") << 60.0 << false;
    QTest::newRow("packed") << QByteArray(R"({"packing": true, "rowsPerStep": 8, "tokensPerMicroBatch": 1024})") << 60.0 << false;
    QTest::newRow("not a word about it") << QByteArray("{}") << 60.0 << false;
    QTest::newRow("no yes or no") << QByteArray(R"({"packing": "no"})") << 60.0 << false;
}

void RunDoctorTest::unpackedRowsAreTold()
{
    QFETCH(QByteArray, recipe);
    QFETCH(double, rowTokens);
    QFETCH(bool, isTold);
    Shape shape;
    shape.rowTokens = rowTokens;
    const auto findings = findingsOf(shape, engine::RunState::Finished, recipe.constData());
    QCOMPARE(findings.size(), std::size_t(isTold));
    if (!isTold)
        return;
    QCOMPARE(findings.front().ailment, Ailment::ReadOneByOne);
    QCOMPARE(findings.front().cureValue, QStringLiteral("packing=true"));
    QVERIFY(findings.front().what.contains(QStringLiteral("60 tokens")));
}

void RunDoctorTest::whatIsSoundIsListed()
{
    const auto namesOf = [](const Shape &shape, engine::RunState state = engine::RunState::Finished) {
        engine::RunInfo run;
        run.state = state;
        run.rows = shape.rows;
        run.recipeJson = "{}";
        QStringList names;
        for (const SoundCheck &check : diagnosisOf(curvesOf(shape), run).sound)
            names.append(check.name + QStringLiteral(": ") + check.detail);
        return names.join(QLatin1Char('\n'));
    };
    const QString all = namesOf({});
    for (const char *check : {"Learning rate: loss from ", "Memorising: held out ", "Held-out records: 4", "Length of answers: none is cut off", "End mark: learnt in every row",
                              "Tags: none lags behind", "General knowledge: loss ", "Speed: "})
        QVERIFY2(all.contains(QLatin1String(check)), qPrintable(all));
    Shape shape;
    shape.rows = {400, 148, 400, 1000};
    shape.pace = [](double x) { return x < 0.75 ? 540.0 : 120.0; };
    const QString some = namesOf(shape);
    for (const char *check : {"Length", "End mark", "Speed"})
        QVERIFY2(!some.contains(QLatin1String(check)), qPrintable(some));
    QVERIFY(some.contains(QStringLiteral("Learning rate")));
    QVERIFY(!namesOf({}, engine::RunState::Running).contains(QStringLiteral("Learning rate"))); // too early to say
    shape = {};
    shape.steps = 10;
    shape.rows = {};
    QVERIFY(!namesOf(shape).contains(QStringLiteral("Speed")) && !namesOf(shape).contains(QStringLiteral("End mark")));
}

void RunDoctorTest::rulesWaitForTheEnd()
{
    Shape shape;
    shape.loss = [](double x) { return 2.5 - 0.05 * x; };
    shape.heldOut = [](double x) { return 2.6 - 0.04 * x; };
    QVERIFY(findingsOf(shape, engine::RunState::Running).empty());
}

void RunDoctorTest::shortAndEmptyRunsAreLeftAlone()
{
    engine::RunInfo run;
    run.state = engine::RunState::Finished;
    QVERIFY(runFindings({}, run).empty());
    Shape shape;
    shape.steps = 10;
    shape.gradNorm = [](double) { return 9.0; };
    shape.loss = [](double x) { return 2 + 3 * x; };
    shape.heldOut = [](double) { return 3.0; };
    QVERIFY(findingsOf(shape, engine::RunState::Finished, "{").empty()); // a broken recipe too
}

QTEST_APPLESS_MAIN(RunDoctorTest)
#include "tst_rundoctor.moc"
