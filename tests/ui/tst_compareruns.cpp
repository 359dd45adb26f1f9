// Runs side by side in the real window, on the stand-in engine: selected in the list, curves that are switched on and off, settings that
// differ, the data of two snapshots, the tables in a file. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/compareview.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/overlaychart.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runspage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

#include <QFile>
#include <QMenu>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTreeWidget>

#include <cmath>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class CompareRunsTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();

    void ctrlAndAClickCompares();
    void legendHidesALine();
    void settingsShowWhatDiffers();
    void dataOfTheSnapshotsDiffers();
    void tablesAreSaved();
    void anotherReference();
    void compareWithOffersTheOthers();
    void escapeGoesBack();
    void cursorReadsEveryLine();
    void longLinesAreThinned();
    void controlsHaveNames();

private:
    void addRun(int id, int rank, double best, int snapshot, int steps = 200);
    void open();
    void clickRun(int row, Qt::KeyboardModifiers keys = {});
    void compareAll();
    [[nodiscard]] CompareView &view() const { return *m_page->findChild<CompareView *>(); }
    [[nodiscard]] RunList &list() const { return *m_page->findChild<RunList *>(); }
    [[nodiscard]] static QStringList firstCells(const QTreeWidget &table);

    WindowFixture m_fixture{QStringLiteral("tst_compareruns")};
    RunsPage *m_page = nullptr;
};

void CompareRunsTest::init()
{
    m_fixture.start(20);
    const auto records = [](int from, int to) {
        std::vector<data::Record> all;
        for (int i = from; i <= to; ++i) {
            all.push_back(data::makePair("Question " + std::to_string(i) + "?", "", "Answer " + std::to_string(i)));
            all.back().id = RecordId{i};
            all.back().split = i % 5 == 0 ? data::Split::HeldOut : data::Split::Train;
        }
        return all;
    };
    m_fixture.state->snapshotRecords[5] = records(1, 10);
    m_fixture.state->snapshotRecords[6] = records(2, 11); // one removed, one added
    m_fixture.state->snapshotRecords[6][0].turns[1].text = "Another answer"; // record 2
    addRun(1, 8, 1.41, 5);
    addRun(2, 16, 1.37, 6);
    addRun(3, 8, 1.52, 5);
    open();
}

void CompareRunsTest::cleanup()
{
    m_page = nullptr;
    m_fixture.end();
}

void CompareRunsTest::addRun(int id, int rank, double best, int snapshot, int steps)
{
    engine::RunInfo run;
    run.id = RunId{id};
    run.name = "Run " + std::to_string(id);
    run.state = RunState::Finished;
    run.method = "lora";
    run.modelName = "SmolLM2-135M-Instruct";
    run.snapshot = SnapshotId{snapshot};
    run.recipeJson = R"({"method": "lora", "rank": )" + std::to_string(rank) + R"(, "learningRate": 0.001, "seed": 1207})";
    run.step = run.steps = steps;
    run.started = "2026-03-02T09:00:00";
    run.seconds = steps * 3.9;
    run.trainLoss = best - 0.2;
    run.evalLoss = best;
    auto &points = m_fixture.state->metrics[id];
    points.reserve(std::size_t(steps));
    for (int step = 1; step <= steps; ++step) {
        engine::MetricPoint point;
        point.step = step;
        point.epoch = 3.0 * step / steps;
        point.loss = best + 1.4 * std::exp(-4.0 * step / steps);
        point.tokens = step * 2000LL;
        point.seconds = step * 3.9;
        point.peakBytes = 3'600'000'000;
        points.push_back(point);
        if (step % std::max(1, steps / 10) == 0)
            m_fixture.state->evals[id].push_back({step, best + 1.4 * std::exp(-3.0 * step / steps), 5000});
    }
    m_fixture.state->evals[id].back().loss = best;
    m_fixture.state->runs.push_back(std::move(run));
}

void CompareRunsTest::open()
{
    m_page = qobject_cast<RunsPage *>(m_fixture.openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->shownRun(), RunId{3});
}

void CompareRunsTest::clickRun(int row, Qt::KeyboardModifiers keys)
{
    QTest::mouseClick(list().viewport(), Qt::LeftButton, keys, list().visualRect(list().model()->index(row, 0)).center());
}

// Run 3 first, then 2 and 1.
void CompareRunsTest::compareAll()
{
    clickRun(0);
    clickRun(1, Qt::ControlModifier);
    clickRun(2, Qt::ControlModifier);
    QTRY_COMPARE(view().comparison().runs.size(), std::size_t(3));
}

QStringList CompareRunsTest::firstCells(const QTreeWidget &table)
{
    QStringList cells;
    for (int i = 0; i < table.topLevelItemCount(); ++i)
        cells.append(table.topLevelItem(i)->text(0));
    return cells;
}

void CompareRunsTest::ctrlAndAClickCompares()
{
    QVERIFY(!view().isVisible());
    clickRun(1, Qt::ControlModifier);
    QTRY_VERIFY(view().isVisible());
    QTRY_COMPARE(view().comparison().runs.size(), std::size_t(2));
    QCOMPARE(view().comparison().runs[0].info.id, RunId{3}); // the one that was shown is the reference
    compareAll();
    QCOMPARE(firstCells(view().outcomes()), (QStringList{QStringLiteral("Run 3: LoRA, rank 8"), QStringLiteral("Run 2: LoRA, rank 16"), QStringLiteral("Run 1: LoRA, rank 8")}));
    QCOMPARE(view().outcomes().topLevelItem(1)->text(1), QStringLiteral("1.37"));
    QVERIFY(view().outcomes().topLevelItem(1)->font(1).bold());
    QVERIFY(!view().outcomes().topLevelItem(0)->font(1).bold());
    QCOMPARE(view().outcomes().topLevelItem(1)->text(5), QStringLiteral("4.88 M"));
    QVERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("2 things changed at once: data, rank")));
    const QTreeWidget &table = view().outcomes();
    const auto lowest = [&table] { return table.visualItemRect(table.topLevelItem(table.topLevelItemCount() - 1)).bottom(); };
    QTRY_VERIFY(table.viewport()->height() > lowest() && table.viewport()->height() < lowest() + 24); // what follows stands below it
    m_fixture.window->resize(1024, 700);
    QTRY_VERIFY(table.isColumnHidden(2));
    QTRY_COMPARE(table.horizontalScrollBar()->maximum(), 0); // what is left has room
    m_fixture.window->resize(1600, 1000);
    QTRY_VERIFY(!table.isColumnHidden(2));
    for (const auto &[isDark, size] : {std::pair(false, QSize(1600, 1000)), std::pair(true, QSize(1600, 1000)), std::pair(false, QSize(1024, 700))})
        m_fixture.picture(QStringLiteral("compare"), isDark, size);
    clickRun(2);
    QTRY_VERIFY(!view().isVisible());
    QTRY_COMPARE(m_page->shownRun(), RunId{1});
}

void CompareRunsTest::legendHidesALine()
{
    compareAll();
    QCOMPARE(view().legend().size(), std::size_t(3));
    QTest::mouseClick(view().legend()[1], Qt::LeftButton);
    QVERIFY(!view().chart().isSeriesShown(1));
    QVERIFY(view().chart().isSeriesShown(0));
    view().legend()[1]->setFocus();
    QTest::keyClick(view().legend()[1], Qt::Key_Space);
    QVERIFY(view().chart().isSeriesShown(1));
    auto *which = view().findChild<Segmented *>();
    which->setFocus();
    QTest::keyClick(which, Qt::Key_Right);
    QTest::keyClick(which, Qt::Key_Right); // both
    QCOMPARE(view().chart().lines().size(), std::size_t(6));
    QVERIFY(view().chart().lines()[0].isQuiet && !view().chart().lines()[1].isQuiet);
}

void CompareRunsTest::settingsShowWhatDiffers()
{
    compareAll();
    QCOMPARE(firstCells(view().settings()), (QStringList{QStringLiteral("Data"), QStringLiteral("Rank")}));
    const QTreeWidgetItem *rank = view().settings().topLevelItem(1);
    QCOMPARE(rank->text(1) + rank->text(2) + rank->text(3), QStringLiteral("8168"));
    QVERIFY(rank->font(2).bold() && !rank->font(3).bold());
    for (auto *chip : view().findChildren<Chip *>()) {
        if (chip->text() == QStringLiteral("Differences only"))
            QTest::mouseClick(chip, Qt::LeftButton);
    }
    QVERIFY(firstCells(view().settings()).contains(QStringLiteral("Learning rate")));
    QVERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("2 of ")));
}

void CompareRunsTest::dataOfTheSnapshotsDiffers()
{
    compareAll();
    QCOMPARE(firstCells(view().changes()), (QStringList{QStringLiteral("Question 1?"), QStringLiteral("Question 2?"), QStringLiteral("Question 11?")}));
    QCOMPARE(view().changes().topLevelItem(0)->text(2), QStringLiteral("removed"));
    QCOMPARE(view().changes().topLevelItem(1)->text(2), QStringLiteral("changed"));
    QCOMPARE(view().changes().topLevelItem(2)->text(2), QStringLiteral("added"));
    QVERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("1 added, 1 removed, 1 changed, 8 the same. The held-out records are the same in both")));
    clickRun(0);
    clickRun(2, Qt::ControlModifier); // the same snapshot
    QTRY_VERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("All runs learn from snapshot 5.")));
    QVERIFY(!view().changes().isVisible());
}

void CompareRunsTest::tablesAreSaved()
{
    compareAll();
    const QString name = m_fixture.dir.filePath(QStringLiteral("comparison.csv"));
    m_fixture.window->dialogs().setNextFileName(name);
    view().saveTables();
    QTRY_VERIFY(QFile::exists(name));
    QFile file(name);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray text = file.readAll();
    QVERIFY(text.startsWith("\xEF\xBB\xBF\"part\",\"name\",\"Run 3\",\"Run 2\",\"Run 1\"\r\n"));
    for (const char *line : {"\"outcome\",\"Best\",\"1.52\",\"1.37\",\"1.41\"\r\n", "\"setting\",\"Rank\",\"8\",\"16\",\"8\"\r\n", "\"data\",\"records changed\",\"\",\"1\",\"\"\r\n"})
        QVERIFY2(text.contains(line), line);
    const QString picture = m_fixture.dir.filePath(QStringLiteral("comparison.svg"));
    m_fixture.window->dialogs().setNextFileName(picture);
    view().savePicture();
    QTRY_VERIFY(QFile::exists(picture));
}

void CompareRunsTest::anotherReference()
{
    compareAll();
    auto *button = view().findChild<Button *>(QStringLiteral("referenceRun"));
    QTest::mouseClick(button, Qt::LeftButton);
    QMenu *menu = nullptr;
    QTRY_VERIFY(menu = qobject_cast<QMenu *>(QApplication::activePopupWidget()));
    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(menu->actions().at(1)).center());
    QTRY_COMPARE(view().comparison().runs[0].info.id, RunId{2});
    QTRY_COMPARE(button->text(), QStringLiteral("Reference: Run 2"));
}

void CompareRunsTest::compareWithOffersTheOthers()
{
    m_page->findChild<QAction *>(QStringLiteral("compareRuns"))->trigger();
    QMenu *menu = nullptr;
    QTRY_VERIFY(menu = qobject_cast<QMenu *>(QApplication::activePopupWidget()));
    QCOMPARE(menu->actions().size(), 2); // not with itself
    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(menu->actions().at(1)).center());
    QTRY_COMPARE(view().comparison().runs.size(), std::size_t(2));
    QCOMPARE(view().runs(), (std::vector<RunId>{{3}, {1}}));
}

void CompareRunsTest::escapeGoesBack()
{
    compareAll();
    view().chart().setFocus();
    QTest::keyClick(&view().chart(), Qt::Key_Escape);
    QTRY_VERIFY(!view().isVisible());
    QCOMPARE(list().selectedRuns().size(), std::size_t(1));
    clickRun(0);
    clickRun(1, Qt::ControlModifier);
    QTRY_COMPARE(view().comparison().runs.size(), std::size_t(2));
    QTreeWidget &table = view().outcomes();
    QCOMPARE(table.topLevelItemCount(), 2);
    QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, table.visualItemRect(table.topLevelItem(1)).center());
    QTest::mouseDClick(table.viewport(), Qt::LeftButton, {}, table.visualItemRect(table.topLevelItem(1)).center());
    QTRY_VERIFY(!view().isVisible());
    QTRY_COMPARE(m_page->shownRun(), RunId{2});
}

void CompareRunsTest::cursorReadsEveryLine()
{
    compareAll();
    const QPoint place = view().chart().pixelOf(190, 2).toPoint(); // the last measurement before it was at 180
    for (auto *child : view().chart().findChildren<QWidget *>()) {
        if (child->inherits("QCustomPlot"))
            QTest::mouseMove(child, QPoint(place.x(), 60));
    }
    QTRY_COMPARE(view().legend()[1]->value(), QStringLiteral("1.46"));
    QCOMPARE(view().legend()[0]->value(), QStringLiteral("1.61"));
}

void CompareRunsTest::longLinesAreThinned()
{
    OverlayChart chart;
    chart.resize(600, 300);
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    std::vector<double> x, y;
    for (int i = 0; i < 1'000'000; ++i) {
        x.push_back(i);
        y.push_back(i == 654'321 ? 7.0 : 1 + std::sin(i / 1e4));
    }
    chart.setLines({{QStringLiteral("long"), 0, false, std::move(x), std::move(y)}});
    QVERIFY(chart.drawnPoints(0) > 500);
    QVERIFY(chart.drawnPoints(0) <= 2 * (600 + 2));
    QVERIFY(chart.pixelOf(0, 7).y() > 0); // the one high point is in view
    QCOMPARE(chart.valueAt(0, 654'321), std::optional(7.0));
    const double all = chart.viewTo() - chart.viewFrom();
    QTest::keyClick(&chart, Qt::Key_Plus);
    QVERIFY(chart.viewTo() - chart.viewFrom() < all);
    QTest::keyClick(&chart, Qt::Key_0);
    QCOMPARE(chart.viewTo() - chart.viewFrom(), all);
}

void CompareRunsTest::controlsHaveNames()
{
    compareAll();
    const auto controls = WindowFixture::controlsOf(view());
    QVERIFY(controls.count > 8);
    QCOMPARE(controls.unnamed, QByteArray());
}

QTEST_MAIN(CompareRunsTest)
#include "tst_compareruns.moc"
