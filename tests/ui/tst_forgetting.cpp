// The forgetting meter on the Runs page: its curve, the line that warns, the doctor's finding; left out where a run was not measured.
#include "tests/ui/support/windowfixture.h"
#include "ui/runs/doctorpane.h"
#include "ui/runs/runspage.h"
#include "ui/runs/smallchart.h"

#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class ForgettingTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup() { m_fixture->end(); }
    void risingWarns();
    void steadyDoesNot();
    void unmeasuredRunsHaveNoCurve();
    void liveReadingsArrive();

private:
    void open(std::vector<engine::GeneralPoint> general);
    [[nodiscard]] SmallChart *chart() const
    {
        for (auto *small : m_page->findChildren<SmallChart *>()) {
            if (small->accessibleName() == QStringLiteral("General questions"))
                return small;
        }
        return nullptr;
    }
    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void ForgettingTest::init()
{
    m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_forgetting"));
    m_fixture->start(20);
}

void ForgettingTest::open(std::vector<engine::GeneralPoint> general)
{
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.steps = run.step = 60;
    run.recipeJson = R"({"method": "lora", "learningRate": 0.0002})";
    run.started = "2024-05-14T14:21:00";
    FakeProjectState &state = *m_fixture->state;
    state.runs.push_back(run);
    for (int step = 1; step <= 60; ++step)
        state.metrics[1].push_back({step, step / 20.0, 0.6 + 2.0 * std::exp(-step / 15.0), 1e-4, 0.5, 500, step * 400, 2'000'000'000, step * 0.5, 0.7});
    for (const int step : {20, 40, 60})
        state.evals[1].push_back({step, 0.9 + 1.8 * std::exp(-step / 15.0), 4000});
    state.general[1] = std::move(general);
    m_page = m_fixture->openPage(QStringLiteral("runs"));
    QVERIFY(m_page);
    QTRY_COMPARE(qobject_cast<RunsPage *>(m_page)->shownRun(), RunId{1});
    QTRY_VERIFY(chart() && !m_page->findChildren<SmallChart *>().first()->valueText().isEmpty());
}

void ForgettingTest::risingWarns()
{
    open({{0, 2.6}, {20, 2.7}, {40, 2.95}, {60, 3.2}});
    QTRY_VERIFY(chart()->isVisible() && chart()->isAboveLimit());
    QCOMPARE(chart()->valueText(), QStringLiteral("3.20"));
    QVERIFY(std::abs(*chart()->warningLimit() - 2.86) < 1e-9);
    QVERIFY(chart()->accessibleDescription().contains(QStringLiteral("above the warning line")));
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("1 finding")) || m_page->findChild<DoctorPane *>() != nullptr);
    chart()->setCursor(25); // the reading that stood there then
    QCOMPARE(chart()->valueText(), QStringLiteral("2.70"));
    QVERIFY(!chart()->isAboveLimit());
    chart()->setCursor({});
    m_fixture->picture(QStringLiteral("forgetting"));
    m_fixture->picture(QStringLiteral("forgetting"), true);
    m_fixture->picture(QStringLiteral("forgetting"), false, {1024, 700});
}

void ForgettingTest::steadyDoesNot()
{
    open({{0, 2.6}, {20, 2.62}, {40, 2.58}, {60, 2.65}});
    QTRY_VERIFY(chart()->isVisible());
    QVERIFY(!chart()->isAboveLimit());
    QVERIFY(chart()->warningLimit());
}

void ForgettingTest::unmeasuredRunsHaveNoCurve()
{
    open({});
    QTRY_VERIFY(!chart()->isVisible());
    QVERIFY(m_page->findChildren<SmallChart *>().first()->isVisible());
}

void ForgettingTest::liveReadingsArrive()
{
    open({{0, 2.6}, {20, 2.7}});
    QTRY_VERIFY(chart()->isVisible());
    emit m_fixture->bridge->generalMeasured(RunId{1}, {40, 3.4});
    QTRY_COMPARE(chart()->valueText(), QStringLiteral("3.40"));
    QVERIFY(chart()->isAboveLimit());
    emit m_fixture->bridge->generalMeasured(RunId{2}, {60, 9.9}); // of another run
    QCOMPARE(chart()->valueText(), QStringLiteral("3.40"));
}

QTEST_MAIN(ForgettingTest)
#include "tst_forgetting.moc"
