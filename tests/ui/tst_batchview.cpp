// The batch evaluation in the real window, on the stand-in engine: which rows are asked, progress, cancel and going on, summary, filters,
// regressions first, the report. FETTLE_PICTURES=FOLDER keeps pictures of the states.
#include "tests/ui/support/windowfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/playground/batchview.h"
#include "ui/playground/evaluationmodel.h"
#include "ui/playground/evaluationwords.h"
#include "ui/playground/playgroundpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/segmented.h"

#include <QAbstractItemModelTester>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QComboBox>
#include <QElapsedTimer>
#include <QFile>
#include <QPlainTextEdit>
#include <QTableView>
#include <QTest>
#include <QTreeWidget>

#include <thread>

using namespace fettle;
using namespace fettle::ui;
using evaluate::Measure;
using evaluate::Verdict;

class BatchViewTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_batchview")); }
    void init();
    void cleanup();

    void needsAResult();
    void rowsAreThoseOfTheRun_data();
    void rowsAreThoseOfTheRun();
    void fileIsAsked();
    void summaryShowsThePairedChange();
    void regressionsComeFirstAndFilter();
    void cancelEndsBeforeTheNextAnswerAndGoesOn();
    void errorIsToldAndTheOldResultStays();
    void judgeIsAskedAndItsBiasShown();
    void reportIsWritten();
    void questionGoesSideBySide();
    void changesAreNamedByTheirInterval_data();
    void changesAreNamedByTheirInterval();
    void largeEvaluationIsShownFast();
    void everyControlHasAName();
    void fitsNarrowWindows();

private:
    void open(int runs = 1);
    void evaluate();
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] EvaluationModel *model() const { return m_page->findChild<EvaluationModel *>(); }
    [[nodiscard]] QString cell(int row, int column) const { return model()->index(row, column).data().toString(); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000}) { m_fixture->picture(QStringLiteral("batch-") + name, isDark, size); }

    std::unique_ptr<WindowFixture> m_fixture;
    PlaygroundPage *m_page = nullptr;
};

void BatchViewTest::init()
{
    m_fixture->start(200);
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
}

void BatchViewTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void BatchViewTest::open(int runs)
{
    auto &state = *m_fixture->state;
    for (const auto &[id, record] : state.records)
        state.snapshotRecords[1].push_back(record);
    if (runs > 0) {
        engine::RunInfo run;
        run.id = RunId{7};
        run.name = "Run 7";
        run.state = engine::RunState::Finished;
        run.snapshot = SnapshotId{1};
        run.step = run.steps = 207;
        run.adapter = "runs/7/adapter";
        state.runs.push_back(run);
    }
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    auto *modes = named<Segmented>("playgroundMode");
    QTest::mouseClick(modes, Qt::LeftButton, {}, QPoint(modes->width() - 10, modes->height() / 2));
    QTRY_COMPARE(named<QComboBox>("batchResult")->count(), runs);
    QVERIFY(named<Button>("evaluateRows")->isVisible());
}

void BatchViewTest::evaluate()
{
    QTest::mouseClick(named<Button>("evaluateRows"), Qt::LeftButton);
    QTRY_VERIFY(named<QTableView>("batchAnswers")->isVisible());
}

void BatchViewTest::needsAResult()
{
    open(0);
    QVERIFY(!named<Button>("evaluateRows")->isEnabled());
    QVERIFY(isTextShown(QStringLiteral("Train first")));
}

void BatchViewTest::rowsAreThoseOfTheRun_data()
{
    QTest::addColumn<int>("choice");
    QTest::addColumn<int>("rows");
    QTest::newRow("held out") << 0 << 20; // every tenth of 200
    QTest::newRow("test") << 1 << 5;
    QTest::newRow("training") << 2 << 175;
}

void BatchViewTest::rowsAreThoseOfTheRun()
{
    QFETCH(int, choice);
    int changed = 0;
    for (auto &[id, record] : m_fixture->state->records) {
        if (record.split == data::Split::Train && changed < 5 && ++changed)
            record.split = data::Split::Test;
    }
    open();
    // What was edited since the run does not count: its snapshot does.
    m_fixture->state->records.begin()->second.split = data::Split::Unassigned;
    named<QComboBox>("batchRows")->setCurrentIndex(choice);
    evaluate();
    QTEST(model()->rowCount(), "rows");
}

void BatchViewTest::fileIsAsked()
{
    open();
    const QString name = m_fixture->dir.filePath(QStringLiteral("questions.jsonl"));
    QFile file(name);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"instruction\":\"One?\",\"output\":\"Yes.\"}\n{\"instruction\":\"Two?\",\"output\":\"No.\"}\n");
    file.close();
    m_fixture->window->dialogs().setNextFileName(name);
    auto *rows = named<QComboBox>("batchRows");
    rows->setFocus();
    QTest::keyClick(rows, Qt::Key_End);
    QTRY_COMPARE(rows->currentText(), QStringLiteral("questions.jsonl..."));
    evaluate();
    QCOMPARE(model()->rowCount(), 2);
    QVERIFY(isTextShown(QStringLiteral("questions.jsonl")));
    // A dialog that is closed leaves the choice as it was.
    QTest::keyClick(rows, Qt::Key_Home);
    QCOMPARE(rows->currentIndex(), 0);
}

void BatchViewTest::summaryShowsThePairedChange()
{
    open();
    evaluate();
    auto *measures = named<QTreeWidget>("measures");
    const QTreeWidgetItem *loss = measures->topLevelItem(0);
    QCOMPARE(loss->text(0), QStringLiteral("Loss"));
    // 20 rows: base 2.0 to 2.5 in turn; tuned 0.5 above it at 3, 10 and 17, else 0.9 below it.
    QCOMPARE(loss->text(1), QStringLiteral("2.23"));
    QCOMPARE(loss->text(2), QStringLiteral("1.54"));
    QCOMPARE(loss->text(4), QString(QChar(0x2212)) + QStringLiteral("0.69"));
    QCOMPARE(loss->text(6), QStringLiteral("better"));
    QVERIFY(loss->toolTip(0).contains(QStringLiteral("Lower is better")));
    auto *tags = named<QTreeWidget>("evaluationTags");
    QVERIFY(tags->topLevelItemCount() >= 4);
    for (int i = 1; i < tags->topLevelItemCount(); ++i)
        QVERIFY(tags->topLevelItem(i - 1)->text(3).toDouble() >= tags->topLevelItem(i)->text(3).toDouble());
    QVERIFY(isTextShown(QStringLiteral("Run 7, step 207 against base · Held-out rows of the run, 20 questions")));
}

void BatchViewTest::regressionsComeFirstAndFilter()
{
    open();
    QAbstractItemModelTester tester(model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    evaluate();
    QCOMPARE(cell(0, EvaluationModel::Standing), QStringLiteral("worse"));
    QCOMPARE(cell(0, EvaluationModel::Gain), QStringLiteral("+0.50"));
    QCOMPARE(cell(2, EvaluationModel::Standing), QStringLiteral("worse"));
    QVERIFY(cell(3, EvaluationModel::Standing) != QStringLiteral("worse"));
    const std::pair<const char *, int> filters[] = {{"filterWorse", 3}, {"filterChanged", 0}, {"filterSame", 4}, {"filterBetter", 13}, {"filterAll", 20}};
    for (const auto &[name, count] : filters) {
        auto *chip = named<Chip>(name);
        QCOMPARE(chip->count(), std::optional<qint64>(count));
        QTest::mouseClick(chip, Qt::LeftButton);
        QCOMPARE(model()->rowCount(), count);
        QVERIFY(chip->isChecked());
    }
    QVERIFY(!named<Chip>("filterWorse")->isChecked());
    // The first row is shown beside the table; J and K move.
    named<QTableView>("batchAnswers")->setFocus();
    QCOMPARE(named<TextLabel>("batchNumber")->text(), QStringLiteral("1 of 20"));
    QCOMPARE(named<TextLabel>("batchTuned")->text(), QStringLiteral("I do not know."));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_J);
    QCOMPARE(named<TextLabel>("batchNumber")->text(), QStringLiteral("2 of 20"));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_K);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_K); // already the first
    QCOMPARE(named<TextLabel>("batchNumber")->text(), QStringLiteral("1 of 20"));
    picture(QStringLiteral("result"));
    picture(QStringLiteral("result"), true);
    picture(QStringLiteral("result"), false, {1024, 700});
}

void BatchViewTest::cancelEndsBeforeTheNextAnswerAndGoesOn()
{
    std::atomic<bool> isHeld = true;
    m_fixture->engine->beforePair = [&isHeld](std::size_t index) {
        while (isHeld && index == 5)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    };
    open();
    QTest::mouseClick(named<Button>("evaluateRows"), Qt::LeftButton);
    QVERIFY(!named<Button>("evaluateRows")->isEnabled());
    QTRY_COMPARE(m_page->findChild<BatchView *>()->findChild<ProgressLine *>()->share(), 0.25);
    QVERIFY(isTextShown(QStringLiteral("Answering questions")));
    picture(QStringLiteral("running"));
    QTest::mouseClick(named<Button>("cancelEvaluation"), Qt::LeftButton);
    isHeld = false;
    QTRY_VERIFY(named<Button>("evaluateRows")->isEnabled());
    QVERIFY(isTextShown(QStringLiteral("Stopped. The answers so far are kept")));
    QVERIFY(!named<Button>("cancelEvaluation")->isVisible());
    QVERIFY(!m_fixture->window->findChild<MessageBar *>()); // what one wished is no error
    evaluate();
    QCOMPARE(model()->rowCount(), 20);
}

void BatchViewTest::errorIsToldAndTheOldResultStays()
{
    open();
    evaluate();
    m_fixture->state->runs.clear(); // deleted behind the window's back
    QTest::mouseClick(named<Button>("evaluateRows"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QVERIFY(named<QTableView>("batchAnswers")->isVisible());
    QCOMPARE(model()->rowCount(), 20);
}

void BatchViewTest::judgeIsAskedAndItsBiasShown()
{
    auto asked = std::make_shared<engine::EvaluationRequest>();
    m_fixture->engine->beforeEvaluation = [asked](const engine::EvaluationRequest &request) { *asked = request; };
    m_fixture->engine->changeComparison = [](evaluate::Comparison &comparison) {
        std::vector<evaluate::JudgedRow> rows;
        for (std::size_t i = 0; i < comparison.rows.size(); ++i) {
            evaluate::QuestionRow &row = comparison.rows[i];
            if (row.answers[0].text != row.answers[1].text)
                row.judged = evaluate::JudgeReading{0.9, i % 2 == 0 ? 0.8 : 0.3};
            rows.push_back({row.judged, !row.judged, row.tags});
        }
        comparison.judge = evaluate::summariseJudge(rows);
        comparison.judge->judge = "SmolLM2-360M-Instruct";
        comparison.judge->rubric = "Kind.";
    };
    open();
    auto *judge = named<QComboBox>("batchJudge");
    auto *rubric = named<QPlainTextEdit>("batchRubric");
    QVERIFY(!rubric->isVisible()); // nobody judges
    QTRY_VERIFY(judge->findText(QStringLiteral("SmolLM2-360M-Instruct")) > 0);
    QVERIFY(judge->findText(QStringLiteral("Run 7, step 207")) > 0 && judge->findText(QStringLiteral("Base model")) == 1);
    judge->setCurrentIndex(judge->findText(QStringLiteral("SmolLM2-360M-Instruct")));
    QVERIFY(rubric->isVisible());
    QCOMPARE(rubric->toPlainText().toStdString(), evaluate::defaultRubric());
    rubric->setPlainText(QStringLiteral("Kind."));
    evaluate();
    QCOMPARE(asked->judge.model, std::string("/models/SmolLM2-360M-Instruct"));
    QCOMPARE(asked->judge.rubric, std::string("Kind."));
    QCOMPARE(asked->judge.adapter, std::string("base"));
    const QString note = named<TextLabel>("judgeNote")->text();
    QVERIFY2(note.contains(QStringLiteral("SmolLM2-360M-Instruct prefers")) && note.contains(QStringLiteral("goes by the place")), qPrintable(note));
    QVERIFY(!named<QTableView>("batchAnswers")->isColumnHidden(EvaluationModel::Judged));
    QVERIFY(named<TextLabel>("batchJudged")->isVisible());
    picture(QStringLiteral("judged"));
    picture(QStringLiteral("judged"), true);
    picture(QStringLiteral("judged"), false, {1024, 700});
    // A run judges as well: on the base model, with what it has learnt.
    judge->setCurrentIndex(judge->findText(QStringLiteral("Run 7, step 207")));
    evaluate();
    QTRY_COMPARE(asked->judge.adapter, std::string("7"));
    QCOMPARE(asked->judge.model, std::string("smollm2-135m-instruct"));
    // Without one, nothing speaks of a judge.
    m_fixture->engine->changeComparison = {};
    judge->setCurrentIndex(0);
    evaluate();
    QTRY_VERIFY(!named<TextLabel>("judgeNote")->isVisible());
    QVERIFY(asked->judge.model.empty());
    QVERIFY(named<QTableView>("batchAnswers")->isColumnHidden(EvaluationModel::Judged));
    QVERIFY(!named<TextLabel>("batchJudged")->isVisible());
}

void BatchViewTest::reportIsWritten()
{
    open();
    QVERIFY(!named<Button>("saveEvaluation")->isEnabled());
    evaluate();
    const QString file = m_fixture->dir.filePath(QStringLiteral("report.csv"));
    m_fixture->window->dialogs().setNextFileName(file);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_S, Qt::ControlModifier);
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>());
    QFile written(file);
    QVERIFY(written.open(QIODevice::ReadOnly));
    QVERIFY(written.readAll().count("\r\n") >= 21);
}

void BatchViewTest::questionGoesSideBySide()
{
    open();
    evaluate();
    const QString question = named<TextLabel>("batchQuestion")->text();
    QVERIFY(!question.isEmpty());
    QTest::mouseClick(named<Button>("askSideBySide"), Qt::LeftButton);
    QVERIFY(named<QPlainTextEdit>("question")->isVisible());
    QCOMPARE(named<QPlainTextEdit>("question")->toPlainText(), question);
}

void BatchViewTest::changesAreNamedByTheirInterval_data()
{
    QTest::addColumn<int>("measure");
    QTest::addColumn<double>("low");
    QTest::addColumn<double>("high");
    QTest::addColumn<QString>("name");
    QTest::newRow("loss falls") << int(Measure::Loss) << -1.4 << -1.2 << QStringLiteral("better");
    QTest::newRow("loss rises") << int(Measure::Loss) << 0.1 << 0.2 << QStringLiteral("worse");
    QTest::newRow("loss, zero within") << int(Measure::Loss) << -0.1 << 0.2 << QStringLiteral("may be luck");
    QTest::newRow("match rises") << int(Measure::ExactMatch) << 0.1 << 0.2 << QStringLiteral("better");
    QTest::newRow("match falls") << int(Measure::ExactMatch) << -0.2 << -0.1 << QStringLiteral("worse");
    QTest::newRow("more words") << int(Measure::Words) << 1.0 << 2.0 << QStringLiteral("different");
    QTest::newRow("nothing changes") << int(Measure::Chrf) << 0.0 << 0.0 << QStringLiteral("no change");
}

void BatchViewTest::changesAreNamedByTheirInterval()
{
    QFETCH(int, measure);
    QFETCH(double, low);
    QFETCH(double, high);
    evaluate::MeasureSummary summary;
    summary.measure = Measure(measure);
    summary.differences = {{0, {0, 0}}, {(low + high) / 2, {low, high}}};
    QTEST(changeName(changeOf(summary)), "name");
}

void BatchViewTest::largeEvaluationIsShownFast()
{
    QElapsedTimer timer;
    timer.start();
    auto comparison = std::make_shared<evaluate::Comparison>();
    comparison->columns = {"base", "Run 7"};
    for (int i = 0; i < 100'000; ++i)
        comparison->rows.push_back({i + 1, "Question " + std::to_string(i), "Yes.", {}, {"tag"}, {{"No.", 2, true, 2.0, 4}, {"Yes.", 2, true, 2.0 - (i % 7 - 3) * 0.2, 4}}});
    const qint64 made = timer.nsecsElapsed(); // what the rows cost by themselves
    EvaluationModel large;
    timer.restart();
    large.setComparison(comparison);
    large.setFilter(Verdict::Worse);
    const qint64 shown = timer.nsecsElapsed();
    QVERIFY2(shown < 5 * made, qPrintable(QStringLiteral("%1 and %2 ns").arg(made).arg(shown)));
    QCOMPARE(large.count(Verdict::Worse), qint64(large.rowCount()));
    QVERIFY(large.standing(0).gain <= large.standing(large.rowCount() - 1).gain);
}

void BatchViewTest::everyControlHasAName()
{
    open();
    evaluate();
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QVERIFY2(controls.count >= 14, QByteArray::number(controls.count).constData());
}

void BatchViewTest::fitsNarrowWindows()
{
    open();
    m_fixture->window->resize(1024, 700);
    evaluate();
    QCOMPARE(m_fixture->window->size(), QSize(1024, 700));
    for (const char *name : {"evaluateRows", "saveEvaluation"}) {
        auto *button = named<Button>(name);
        QVERIFY2(m_fixture->window->rect().contains(QRect(button->mapTo(m_fixture->window.get(), QPoint()), button->size())), name);
    }
    QVERIFY(named<QTableView>("batchAnswers")->height() > 150);
}

QTEST_MAIN(BatchViewTest)
#include "tst_batchview.moc"
