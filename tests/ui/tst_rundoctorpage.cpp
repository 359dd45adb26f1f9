// The buttons of the run doctor in the real window on the stand-in engine: they show the evidence, prepare the run that is advised, list the
// records that it is about. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/data/datapage.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runspage.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"

#include <QComboBox>
#include <QLineEdit>
#include <QTabBar>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class RunDoctorPageTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();
    void runIsPreparedAnew();
    void recordsAreListed();
    void evidenceIsShown();

private:
    [[nodiscard]] Button *button(const QString &text) const;
    WindowFixture m_fixture{QStringLiteral("tst_rundoctorpage")};
    RunsPage *m_page = nullptr;
};

// A run with two findings: rows are cut off, and what is tagged "poison" is not learnt.
void RunDoctorPageTest::init()
{
    m_fixture.start(40);
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.modelName = "smollm2-135m-instruct";
    run.recipeJson = R"({"method": "lora", "rank": 8, "maxLength": 128, "epochs": 3})";
    run.step = run.steps = 60;
    run.rows = {400, 148, 0, 300};
    auto &state = *m_fixture.state;
    data::LossTable &train = state.ledgers[1].train;
    train.at = {1, 2, 3};
    train.losses.resize(3);
    for (int id = 1; id <= 20; ++id) {
        const bool isPoison = id <= 6;
        state.records[id].tags = {isPoison ? "poison" : "dog"};
        train.rows.push_back(RecordId{id});
        for (std::size_t epoch = 0; epoch < 3; ++epoch)
            train.losses[epoch].push_back(isPoison ? 2.9F - 0.1F * float(epoch) : 2.8F - 0.9F * float(epoch));
    }
    for (int step = 1; step <= 60; ++step)
        state.metrics[1].push_back({step, step / 20.0, 3 - 0.03 * step, 1e-3, 0.5, 540, step * 2048LL, 1 << 30, step * 4.0});
    state.runs.push_back(run);
    m_page = qobject_cast<RunsPage *>(m_fixture.openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
    auto *pane = m_page->findChild<RunPane *>();
    QTRY_COMPARE(pane->tabs().tabText(2), QStringLiteral("Doctor 2"));
    QTest::mouseClick(&pane->tabs(), Qt::LeftButton, {}, pane->tabs().tabRect(2).center());
}

void RunDoctorPageTest::cleanup()
{
    m_page = nullptr;
    m_fixture.end();
}

Button *RunDoctorPageTest::button(const QString &text) const
{
    for (auto *found : m_page->findChildren<Button *>()) {
        if (found->isVisible() && found->text() == text)
            return found;
    }
    return nullptr;
}

void RunDoctorPageTest::runIsPreparedAnew()
{
    m_fixture.picture(QStringLiteral("doctor-buttons"));
    m_fixture.picture(QStringLiteral("doctor-buttons"), true, {1024, 700});
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("37 % of the rows")));
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("Looked at and in order")));
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("learnt in every row")));
    Button *again = button(QStringLiteral("Try maximum length 320 tokens"));
    QVERIFY(again);
    QVERIFY(!again->toolTip().isEmpty());
    QTest::mouseClick(again, Qt::LeftButton);
    QTRY_COMPARE(m_fixture.window->currentPageId(), QStringLiteral("train"));
    const auto *train = qobject_cast<TrainPage *>(m_fixture.window->page(QStringLiteral("train")));
    QTRY_COMPARE(train->request().recipe.integer("maxLength"), 320);
    QCOMPARE(train->request().recipe.integer("rank"), 8); // as the run had it
    QTest::qWait(0);
    QTRY_COMPARE(train->request().recipe.integer("maxLength"), 320); // presets that come with the data do not take it back
}

void RunDoctorPageTest::recordsAreListed()
{
    Button *show = button(QStringLiteral("Show the records"));
    QVERIFY(show);
    QTest::mouseClick(show, Qt::LeftButton);
    QTRY_COMPARE(m_fixture.window->currentPageId(), QStringLiteral("data"));
    const auto edits = m_fixture.window->page(QStringLiteral("data"))->findChildren<QLineEdit *>();
    QVERIFY(std::ranges::any_of(edits, [](const QLineEdit *edit) { return edit->text() == QLatin1String("tag:poison"); }));
}

void RunDoctorPageTest::evidenceIsShown()
{
    const auto shows = m_page->findChildren<Button *>();
    QList<Button *> where;
    for (Button *found : shows) {
        if (found->isVisible() && found->text() == QLatin1String("Show where"))
            where.append(found);
    }
    QCOMPARE(where.size(), 2);
    auto *chart = m_page->findChild<ChartPane *>();
    QTest::mouseClick(where[0], Qt::LeftButton);
    QCOMPARE(chart->shownCurves(), CurveChoice::TrainByTag); // the tag's own curve is the evidence
    QTest::mouseClick(where[1], Qt::LeftButton);
    QCOMPARE(chart->shownCurves(), CurveChoice::WholeRun);
    QVERIFY(chart->loss().evidence());
    QCOMPARE(chart->loss().evidence()->from, 1);
}

QTEST_MAIN(RunDoctorPageTest)
#include "tst_rundoctorpage.moc"
