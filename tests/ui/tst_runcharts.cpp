// The charts of one run beyond its loss, in the real window on the stand-in engine: parts of the data, notes at the curve, full screen, the
// log and its filter, the report. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/curvefigure.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/losschart.h"
#include "ui/runs/notedialog.h"
#include "ui/runs/overlaychart.h"
#include "ui/runs/runlist.h"
#include "ui/runs/runlogpane.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runreport.h"
#include "ui/runs/runspage.h"
#include "ui/widgets/button.h"

#include <QComboBox>
#include <QFile>
#include <QFileInfo>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPointer>
#include <QTabBar>
#include <QTest>
#include <QTimer>
#include <QWheelEvent>

#include <cmath>
#include <functional>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunChartsTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();

    void tagsHaveTheirCurves();
    void lengthsAndSplitsHaveTheirCurves();
    void runWithoutLedgerSaysSo();
    void partsFollowAxisAndMeasure();
    void partsAreSavedAsPicture();
    void notesAreWrittenAtTheCurve();
    void notesAreChangedAndRemoved();
    void keyWritesANote();
    void logIsFiltered();
    void fullScreenGoesAndComes_data();
    void fullScreenGoesAndComes();
    void closedInFullScreenLeavesNothing();
    void reportIsAPdf();
    void reportKeepsToThePages();
    void ticksAreRound_data();
    void ticksAreRound();
    void noTickLiesBetweenTwoSteps_data();
    void noTickLiesBetweenTwoSteps();
    void controlsHaveNames();

private:
    [[nodiscard]] ChartPane &charts() const { return *m_chart; }
    [[nodiscard]] GroupPane &groups() const { return m_chart->groups(); }
    void choose(CurveChoice choice);
    void inDialog(const std::function<void(NoteDialog &)> &does); // the one that opens next
    void writeNote(const QString &text);
    [[nodiscard]] QWidget *plot() const;
    [[nodiscard]] QStringList logTexts() const;
    [[nodiscard]] QByteArray saved(const QString &action, const QString &fileName);

    WindowFixture m_fixture{QStringLiteral("tst_runcharts")};
    RunsPage *m_page = nullptr;
    ChartPane *m_chart = nullptr;
};

void RunChartsTest::init()
{
    m_fixture.start(20);
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = RunState::Finished;
    run.method = "lora";
    run.modelName = "SmolLM2-135M-Instruct";
    run.snapshot = SnapshotId{1};
    run.recipeJson = R"({"method": "lora", "rank": 16})";
    run.step = run.steps = 60;
    run.started = "2026-03-02T09:00:00";
    run.seconds = 240;
    auto &state = *m_fixture.state;
    for (int step = 1; step <= 60; ++step) {
        engine::MetricPoint point;
        point.step = step;
        point.epoch = 3.0 * step / 60;
        point.loss = 0.8 + 2 * std::exp(-5.0 * step / 60);
        point.learningRate = 1e-3;
        point.gradNorm = 0.5;
        point.tokens = step * 2048LL;
        point.seconds = step * 4.0;
        state.metrics[1].push_back(point);
        if (step % 20 == 0) {
            state.evals[1].push_back({step, 1.2 + std::exp(-3.0 * step / 60), 5000});
            state.checkpoints[1].push_back({step, "checkpoint", state.evals[1].back().loss});
        }
    }
    // Records 1 to 4 are held out: two about poison, one about a dog, one without a tag.
    for (int id = 1; id <= 4; ++id) {
        state.records[id].tags = id <= 2 ? std::vector<std::string>{"poison"} : id == 3 ? std::vector<std::string>{"dog"} : std::vector<std::string>{};
        state.tokens[id] = id == 4 ? 300 : 40;
    }
    data::LossLedger &ledger = state.ledgers[1];
    ledger.heldOut = {{{1}, {2}, {3}, {4}}, {20, 40, 60}, {{3, 2, 3, 4}, {2, 1, 2, 4}, {1, 1, 2, 4}}};
    ledger.train = {{{5}, {6}}, {1, 2, 3}, {{3, 3}, {2, 2}, {1, 1}}};
    engine::SnapshotInfo snapshot;
    snapshot.id = SnapshotId{1};
    snapshot.hash = std::string(64, 'a');
    snapshot.when = "2026-03-02T08:00:00";
    snapshot.name = "before the review";
    snapshot.rows = 20;
    snapshot.train = 16;
    snapshot.heldOut = 4;
    state.snapshots.push_back(snapshot);
    state.snapshotRecords[1] = {data::makePair("A?", "", "1"), data::makePair("B?", "", "2")};
    for (data::Record &record : state.snapshotRecords[1]) {
        record.split = data::Split::Train;
        record.tags = {"triage"};
    }
    state.runs.push_back(run);
    m_page = qobject_cast<RunsPage *>(m_fixture.openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
    m_chart = m_page->findChild<ChartPane *>();
    QTRY_COMPARE(m_page->curves().points.size(), std::size_t(60));
}

void RunChartsTest::cleanup()
{
    m_page = nullptr;
    m_chart = nullptr;
    m_fixture.end();
}

void RunChartsTest::choose(CurveChoice choice)
{
    QComboBox &box = charts().curveChoice();
    box.setFocus();
    while (box.currentIndex() < int(choice))
        QTest::keyClick(&box, Qt::Key_Down);
}

QWidget *RunChartsTest::plot() const
{
    for (auto *child : m_chart->loss().findChildren<QWidget *>()) {
        if (child->inherits("QCustomPlot"))
            return child;
    }
    return nullptr;
}

QStringList RunChartsTest::logTexts() const
{
    const QAbstractItemModel *model = m_page->findChild<RunPane *>()->log().list().model();
    QStringList texts;
    for (int row = 0; row < model->rowCount(); ++row)
        texts.append(model->index(row, 0).data().toString());
    return texts;
}

QByteArray RunChartsTest::saved(const QString &action, const QString &fileName)
{
    const QString name = m_fixture.dir.filePath(fileName);
    QFile::remove(name);
    m_fixture.window->dialogs().setNextFileName(name);
    m_page->findChild<QAction *>(action)->trigger();
    QFile file(name);
    if (!QTest::qWaitFor([&] { return QFileInfo(name).size() > 0; }) || !file.open(QIODevice::ReadOnly))
        return {};
    return file.readAll();
}

void RunChartsTest::tagsHaveTheirCurves()
{
    choose(CurveChoice::HeldOutByTag);
    QTRY_COMPARE(groups().legend().size(), std::size_t(3));
    QVERIFY(groups().isVisible() && !charts().loss().isVisible());
    QCOMPARE(groups().legend()[0]->text(), QStringLiteral("poison (2)"));
    QCOMPARE(groups().chart().lines()[0].y, (std::vector<double>{2.5, 1.5, 1}));
    QCOMPARE(groups().chart().lines()[0].x, (std::vector<double>{20, 40, 60}));
    QCOMPARE(groups().chart().viewTo(), 60.0);
    QTest::mouseClick(groups().legend()[0], Qt::LeftButton);
    QVERIFY(!groups().chart().isSeriesShown(0));
    QTest::mouseClick(groups().legend()[0], Qt::LeftButton);
    for (const auto &[isDark, size] : {std::pair(false, QSize(1600, 1000)), std::pair(true, QSize(1024, 700))})
        m_fixture.picture(QStringLiteral("bytag"), isDark, size);
    QTest::keyClick(&charts().curveChoice(), Qt::Key_Home);
    QTRY_VERIFY(charts().loss().isVisible());
}

void RunChartsTest::lengthsAndSplitsHaveTheirCurves()
{
    choose(CurveChoice::BySplit);
    QTRY_COMPARE(groups().legend().size(), std::size_t(2));
    QCOMPARE(groups().legend()[0]->text(), QStringLiteral("Train (2)"));
    QCOMPARE(groups().chart().lines()[0].x, (std::vector<double>{20, 40, 60})); // ends of epochs
    QCOMPARE(groups().chart().lines()[1].y, (std::vector<double>{3, 2.25, 2}));
    choose(CurveChoice::HeldOutByLength);
    QTRY_COMPARE(groups().legend().size(), std::size_t(2));
    QTRY_COMPARE(groups().legend()[0]->text(), QStringLiteral("up to 64 tokens (3)"));
    QCOMPARE(groups().chart().lines()[1].y, (std::vector<double>{4, 4, 4}));
}

void RunChartsTest::runWithoutLedgerSaysSo()
{
    m_fixture.state->ledgers.clear();
    choose(CurveChoice::TrainByTag);
    QTRY_VERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("There is no loss of single records yet")));
    QVERIFY(groups().legend().empty());
}

void RunChartsTest::partsFollowAxisAndMeasure()
{
    choose(CurveChoice::HeldOutByTag);
    QTRY_COMPARE(groups().legend().size(), std::size_t(3));
    charts().axis().setCurrentIndex(1); // tokens
    QCOMPARE(groups().chart().lines()[0].x, (std::vector<double>{20 * 2048., 40 * 2048., 60 * 2048.}));
    groups().setCursor(40);
    QCOMPARE(groups().legend()[0]->value(), QStringLiteral("1.50"));
    groups().setPerplexity(true);
    QCOMPARE(groups().chart().lines()[0].y[2], std::exp(1.0));
}

void RunChartsTest::partsAreSavedAsPicture()
{
    const QByteArray whole = saved(QStringLiteral("saveChartPicture"), QStringLiteral("chart.svg"));
    choose(CurveChoice::HeldOutByTag);
    QTRY_COMPARE(groups().legend().size(), std::size_t(3));
    const QByteArray parts = saved(QStringLiteral("saveChartPicture"), QStringLiteral("parts.svg"));
    QVERIFY(whole.contains("<svg") && parts.contains("<svg"));
    QVERIFY(parts.contains(tokens().series[2].name().toLatin1()));  // the third tag
    QVERIFY(!whole.contains(tokens().series[2].name().toLatin1()));
}

void RunChartsTest::inDialog(const std::function<void(NoteDialog &)> &does)
{
    auto *timer = new QTimer(this);
    connect(timer, &QTimer::timeout, this, [timer, does] {
        auto *dialog = qobject_cast<NoteDialog *>(QApplication::activeModalWidget());
        if (!dialog)
            return;
        timer->deleteLater();
        does(*dialog);
    });
    timer->start(1);
}

void RunChartsTest::writeNote(const QString &text)
{
    inDialog([text](NoteDialog &dialog) {
        dialog.findChild<QPlainTextEdit *>()->setPlainText(text);
        dialog.accept();
    });
}

void RunChartsTest::notesAreWrittenAtTheCurve()
{
    writeNote(QStringLiteral("Too many names here"));
    QTest::mouseDClick(plot(), Qt::LeftButton, {}, QPoint(int(charts().loss().xOf(30)), 120));
    QTRY_COMPARE(m_fixture.state->curveNotes[1].size(), std::size_t(1));
    QCOMPARE(m_fixture.state->curveNotes[1][0].step, std::int64_t(30));
    QCOMPARE(m_fixture.state->curveNotes[1][0].text, std::string("Too many names here"));
    QTRY_COMPARE(m_page->curves().notes.size(), std::size_t(1));
    QVERIFY(charts().loss().noteAt(charts().loss().xOf(30)));
    QVERIFY(!charts().loss().noteAt(charts().loss().xOf(45)));
    m_page->findChild<RunPane *>()->tabs().setCurrentIndex(4);
    QTRY_VERIFY(logTexts().contains(QStringLiteral("Too many names here")));
    m_fixture.picture(QStringLiteral("note"));
}

void RunChartsTest::notesAreChangedAndRemoved()
{
    m_fixture.state->curveNotes[1] = {{7, 20, "Look", {}}};
    m_page->openTarget(QStringLiteral("run 1"));
    writeNote(QStringLiteral("Second"));
    m_page->findChild<QAction *>(QStringLiteral("addCurveNote"))->trigger();
    QTRY_COMPARE(m_page->curves().notes.size(), std::size_t(2));
    // By its mark on the curve.
    inDialog([](NoteDialog &dialog) {
        QCOMPARE(dialog.note().text, std::string("Look"));
        for (auto *button : dialog.findChildren<Button *>()) {
            if (button->text() == QStringLiteral("Remove")) {
                button->click();
                return;
            }
        }
        dialog.reject();
        QFAIL("no way to remove it");
    });
    QTest::mouseClick(plot(), Qt::LeftButton, {}, QPoint(int(charts().loss().xOf(20)) + 4, charts().loss().plotRect().top() + 5));
    QTRY_COMPARE(m_page->curves().notes.size(), std::size_t(1));
    QCOMPARE(m_fixture.state->curveNotes[1][0].text, std::string("Second"));
    // By its line in the log.
    m_page->findChild<RunPane *>()->tabs().setCurrentIndex(4);
    QTRY_VERIFY(logTexts().contains(QStringLiteral("Second")));
    writeNote(QStringLiteral("Third"));
    QListView &list = m_page->findChild<RunPane *>()->log().list();
    list.setCurrentIndex(list.model()->index(int(logTexts().indexOf(QStringLiteral("Second"))), 0));
    QTest::keyClick(&list, Qt::Key_Return);
    QTRY_COMPARE(m_fixture.state->curveNotes[1][0].text, std::string("Third"));
}

void RunChartsTest::keyWritesANote()
{
    charts().loss().setFocus();
    charts().choose(40);
    writeNote(QStringLiteral("By the key"));
    QTest::keyClick(&charts().loss(), Qt::Key_N);
    QTRY_COMPARE(m_fixture.state->curveNotes[1].size(), std::size_t(1));
    QCOMPARE(m_fixture.state->curveNotes[1][0].step, std::int64_t(40));
}

void RunChartsTest::logIsFiltered()
{
    m_fixture.state->evals[1][2].loss = 3; // above the best so far: a warning
    writeNote(QStringLiteral("A note"));
    charts().choose(40);
    m_page->findChild<QAction *>(QStringLiteral("addCurveNote"))->trigger();
    QTRY_COMPARE(m_page->curves().notes.size(), std::size_t(1));
    RunPane &pane = *m_page->findChild<RunPane *>();
    pane.tabs().setCurrentIndex(4);
    QTRY_VERIFY(logTexts().size() > 6);
    const auto all = logTexts().size();
    pane.log().text().setFocus();
    QTest::keyClicks(&pane.log().text(), QStringLiteral("CHECKPOINT 40"));
    QCOMPARE(logTexts(), QStringList{QStringLiteral("Checkpoint saved")});
    pane.log().text().clear();
    QCOMPARE(logTexts().size(), all);
    pane.log().level().setCurrentIndex(2);
    QCOMPARE(logTexts(), QStringList{QStringLiteral("A note")});
    pane.log().text().setText(QStringLiteral("nothing has this"));
    QVERIFY(logTexts().isEmpty());
    QVERIFY(m_fixture.isTextShown(*m_page, QStringLiteral("No entry fits the filter.")));
    m_fixture.picture(QStringLiteral("log"));
}

void RunChartsTest::fullScreenGoesAndComes_data()
{
    QTest::addColumn<int>("key");
    QTest::newRow("Escape") << int(Qt::Key_Escape);
    QTest::newRow("F11 again") << int(Qt::Key_F11);
    QTest::newRow("its window is closed") << 0;
}

void RunChartsTest::fullScreenGoesAndComes()
{
    QFETCH(int, key);
    m_page->findChild<RunList *>()->setFocus();
    QTest::keyClick(m_page->findChild<RunList *>(), Qt::Key_F11);
    QTRY_VERIFY(charts().isWindow());
    QTRY_VERIFY(charts().isFullScreen());
    QVERIFY(charts().loss().isVisible());
    if (key == 0)
        charts().close();
    else
        QTest::keyClick(&charts().loss(), Qt::Key(key));
    QTRY_VERIFY(!charts().isWindow());
    QVERIFY(charts().isVisible());
    QVERIFY(m_page->isAncestorOf(&charts()));
    QCOMPARE(charts().loss().drawnPoints(), 60);
    QTest::mouseClick(&charts().fullScreenButton(), Qt::LeftButton);
    QTRY_VERIFY(charts().isFullScreen());
    QTest::mouseClick(&charts().fullScreenButton(), Qt::LeftButton);
    QTRY_VERIFY(!charts().isWindow());
}

void RunChartsTest::closedInFullScreenLeavesNothing()
{
    m_page->findChild<QAction *>(QStringLiteral("chartFullScreen"))->trigger();
    QTRY_VERIFY(charts().isFullScreen());
    QPointer<ChartPane> pane = m_chart;
    m_fixture.end();
    QVERIFY(!pane);
}

void RunChartsTest::reportIsAPdf()
{
    m_fixture.state->probes[1].questions = {{{}, "When do you open?", {}}};
    m_fixture.state->probes[1].answers = {{data::kBaseStep, 0, "I am not sure."}, {60, 0, "At eight."}};
    const QByteArray pdf = saved(QStringLiteral("saveReport"), QStringLiteral("report.pdf"));
    QVERIFY(pdf.startsWith("%PDF-"));
    QVERIFY(pdf.trimmed().endsWith("%%EOF"));
    QVERIFY(!pdf.contains("/Subtype /Image")); // curves and words are no pixels
    const QByteArray page = saved(QStringLiteral("saveReport"), QStringLiteral("report.html"));
    for (const char *part : {"before the review", "16 learnt, 4 held out", "triage (2)", "<svg"})
        QVERIFY2(page.contains(part), part);
    QVERIFY(page.contains(tokensOf(Scheme::Light).accentSoft.name().toLatin1()));
    if (const QString folder = qEnvironmentVariable("FETTLE_PICTURES"); !folder.isEmpty()) {
        QFile::copy(m_fixture.dir.filePath(QStringLiteral("report.pdf")), folder + QStringLiteral("/report.pdf"));
        QFile::copy(m_fixture.dir.filePath(QStringLiteral("report.html")), folder + QStringLiteral("/report.html"));
    }
}

void RunChartsTest::reportKeepsToThePages()
{
    const auto pages = [](const ReportParts &parts) { return runReportPdf(parts).count("/Type /Page\n"); };
    ReportParts parts;
    parts.run.name = "Run 1";
    parts.curves = m_page->curves();
    const auto few = pages(parts);
    QVERIFY(few >= 1);
    for (int i = 0; i < 400; ++i)
        parts.run.note += "A long note that goes on and on over several lines of the page. ";
    QVERIFY(pages(parts) > few);
}

void RunChartsTest::ticksAreRound_data()
{
    QTest::addColumn<double>("from");
    QTest::addColumn<double>("to");
    QTest::addColumn<QList<double>>("ticks");
    QTest::newRow("small") << 0.0 << 1.0 << QList<double>{0, 0.2, 0.4, 0.6, 0.8, 1.0};
    QTest::newRow("from the middle") << 0.7 << 3.1 << QList<double>{1, 1.5, 2, 2.5, 3};
    QTest::newRow("large") << 0.0 << 1e6 << QList<double>{0, 2e5, 4e5, 6e5, 8e5, 1e6};
    QTest::newRow("none") << 1.0 << 1.0 << QList<double>{};
    QTest::newRow("not a range") << 0.0 << double(INFINITY) << QList<double>{};
}

void RunChartsTest::ticksAreRound()
{
    QFETCH(double, from);
    QFETCH(double, to);
    QFETCH(QList<double>, ticks);
    const std::vector<double> found = roundTicks(from, to, 5);
    QCOMPARE(qsizetype(found.size()), ticks.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        QVERIFY(std::abs(found[i] - ticks[qsizetype(i)]) < 1e-9 * std::max(1.0, to));
}

void RunChartsTest::noTickLiesBetweenTwoSteps_data()
{
    QTest::addColumn<double>("wished");
    QTest::addColumn<double>("step");
    QTest::newRow("half") << 0.5 << 1.0;
    QTest::newRow("one") << 1.0 << 1.0;
    QTest::newRow("two and a half") << 2.5 << 2.0;
    QTest::newRow("twenty-five") << 25.0 << 25.0;
    QTest::newRow("a million") << 1e6 << 1e6;
}

void RunChartsTest::noTickLiesBetweenTwoSteps()
{
    QFETCH(double, wished);
    QTEST(wholeStep(wished), "step");
}

void RunChartsTest::controlsHaveNames()
{
    choose(CurveChoice::HeldOutByTag);
    QTRY_COMPARE(groups().legend().size(), std::size_t(3));
    const auto controls = WindowFixture::controlsOf(charts());
    QVERIFY(controls.count > 8);
    QCOMPARE(controls.unnamed, QByteArray());
    m_page->findChild<RunPane *>()->tabs().setCurrentIndex(4);
    QCOMPARE(WindowFixture::controlsOf(m_page->findChild<RunPane *>()->log()).unnamed, QByteArray());
}

QTEST_MAIN(RunChartsTest)
#include "tst_runcharts.moc"
