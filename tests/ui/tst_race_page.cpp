// A method race from the Train page, in the real window on the stand-in engine: what races, what is queued, how it stands, the best one click away.
// FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/trainfixture.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/overlaychart.h"
#include "ui/train/racedialog.h"
#include "ui/train/raceview.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QTest>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;

class RacePageTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_race_page")); }
    void init();
    void cleanup();

    void choiceShowsTheRuns();
    void runsAreQueuedAndCompared();
    void curvesStandBesideTheTable();
    void leadIsJudgedRecordByRecord();
    void bestSettingsAreUsed();
    void bestIsOpenedInThePlayground();
    void exactAnswersAreCounted();
    void everyControlHasAName();

private:
    RaceDialog *openDialog();
    void race(); // LoRA and prefix tuning, run to their end
    static void tick(RaceDialog &dialog, const char *name)
    {
        auto *box = dialog.findChild<QCheckBox *>(QLatin1String(name));
        QTest::mouseClick(box, Qt::LeftButton, {}, QPoint(8, box->height() / 2)); // its text ends before its middle
    }
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    void click(const char *name) { QTest::mouseClick(named<Button>(name), Qt::LeftButton); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    [[nodiscard]] QString cell(int row, int column) const { return named<QTreeWidget>("raceTable")->topLevelItem(row)->text(column); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000})
    {
        m_fixture->picture(QStringLiteral("race-") + name, isDark, size);
    }

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void RacePageTest::init()
{
    m_fixture->startTrain();
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(named<Button>("startRun")->isEnabled() && isTextShown(QStringLiteral("Ready")));
}

void RacePageTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

RaceDialog *RacePageTest::openDialog()
{
    click("methodRace");
    return m_page->findChild<RaceDialog *>();
}

void RacePageTest::race()
{
    RaceDialog *dialog = openDialog();
    QVERIFY(dialog);
    tick(*dialog, "race-prefix");
    QTest::mouseClick(dialog->findChild<Button *>(QStringLiteral("queueRace")), Qt::LeftButton);
    m_fixture->gate->release(120);
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(2));
    QTRY_VERIFY(!m_fixture->bridge->isRunActive() && m_fixture->bridge->queuedRuns() == 0);
    QTRY_VERIFY(isTextShown(QStringLiteral("learnt most from the same records")));
}

void RacePageTest::choiceShowsTheRuns()
{
    RaceDialog *dialog = openDialog();
    QVERIFY(dialog);
    auto *queue = dialog->findChild<Button *>(QStringLiteral("queueRace"));
    QVERIFY(!queue->isEnabled()); // one alone
    QVERIFY(WindowFixture::isTextShown(*dialog, QStringLiteral("One alone is no race.")));
    auto *setting = dialog->findChild<QComboBox *>(QStringLiteral("raceSetting"));
    setting->setCurrentIndex(setting->findData(QStringLiteral("rank")));
    auto *values = dialog->findChild<QLineEdit *>(QStringLiteral("raceValues"));
    values->setFocus();
    QTest::keyClicks(values, QStringLiteral("8, 16"));
    QVERIFY(queue->isEnabled());
    QVERIFY(WindowFixture::isTextShown(*dialog, QStringLiteral("LoRA, rank 8")));
    tick(*dialog, "race-ia3");
    QCOMPARE(dialog->lanes().size(), std::size_t(3));
    QCOMPARE(queue->text(), QStringLiteral("Queue 3 runs"));
    if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
        dialog->grab().save(to + QStringLiteral("/race-dialog.png"));
    QTest::keyClicks(values, QStringLiteral(", -1"));
    QVERIFY(!queue->isEnabled());
    QTest::keyClick(dialog, Qt::Key_Escape);
    QVERIFY(m_fixture->trained().empty());
}

void RacePageTest::runsAreQueuedAndCompared()
{
    race();
    if (QTest::currentTestFailed())
        return;
    const auto trained = m_fixture->trained();
    QCOMPARE(trained[0].recipe.method, std::string("lora"));
    QCOMPARE(trained[1].recipe.method, std::string("prefix"));
    QVERIFY(trained[0].snapshot.isValid());
    QCOMPARE(trained[0].snapshot, trained[1].snapshot);
    QCOMPARE(trained[0].tags, std::vector<std::string>{"race 1"});
    QCOMPARE(trained[0].recipe.integer("seed"), trained[1].recipe.integer("seed"));
    QCOMPARE(trained[0].recipe.real("epochs"), trained[1].recipe.real("epochs"));
    auto *table = named<QTreeWidget>("raceTable");
    QTRY_COMPARE(table->topLevelItemCount(), 2);
    QCOMPARE(cell(0, 0), QStringLiteral("Prefix tuning  ·  Run 2"));
    QVERIFY(isTextShown(QStringLiteral("Prefix tuning learnt most from the same records.")));
    QCOMPARE(cell(0, 2), QStringLiteral("–")); // nobody has asked yet
    QCOMPARE(cell(1, 3), QStringLiteral("4.88 M"));
    QCOMPARE(cell(0, 5), QStringLiteral("3.70 GB"));
    QCOMPARE(cell(0, 4), QStringLiteral("3.9"));
    picture(QStringLiteral("over"));
    picture(QStringLiteral("over"), true);
    picture(QStringLiteral("over"), false, {1024, 700});
    // Back and forth.
    click("leaveRace");
    QVERIFY(isTextShown(QStringLiteral("Base model")));
    click("raceResults");
    QTRY_VERIFY(named<QTreeWidget>("raceTable")->isVisible());
}

void RacePageTest::curvesStandBesideTheTable()
{
    race();
    if (QTest::currentTestFailed())
        return;
    auto *chart = named<OverlayChart>("raceChart");
    QTRY_COMPARE(chart->lines().size(), std::size_t(2));
    QVERIFY(chart->isVisible());
    // In the order in which they began, whoever leads.
    QVERIFY(chart->lines()[0].name.startsWith(QStringLiteral("LoRA")) && chart->lines()[1].name.startsWith(QStringLiteral("Prefix")));
    QVERIFY(chart->lines()[0].x.size() >= 2 && std::ranges::is_sorted(chart->lines()[0].x));
    QCOMPARE(chart->lines()[0].x.back(), chart->lines()[1].x.back()); // the same number of tokens
    auto *table = named<QTreeWidget>("raceTable");
    QCOMPARE(table->topLevelItem(0)->data(0, Qt::UserRole + 1).toInt(), 1); // the colour of the best is that of its curve
    QCOMPARE(table->topLevelItem(1)->data(0, Qt::UserRole + 1).toInt(), 0);
    const auto toggles = m_page->findChildren<LineToggle *>();
    QCOMPARE(toggles.size(), 2);
    QTest::mouseClick(toggles[0], Qt::LeftButton);
    QVERIFY(!chart->isSeriesShown(0) && chart->isSeriesShown(1));
    // The value under the pointer stands in the legend.
    for (auto *child : chart->findChildren<QWidget *>()) {
        if (child->inherits("QCustomPlot"))
            QTest::mouseMove(child, QPoint(qRound(chart->pixelOf(chart->lines()[1].x.back(), 2).x()), 60));
    }
    QTRY_VERIFY(!toggles[1]->value().isEmpty());
}

void RacePageTest::leadIsJudgedRecordByRecord()
{
    race();
    if (QTest::currentTestFailed())
        return;
    QVERIFY(isTextShown(QStringLiteral("a small lead may be chance"))); // nothing was kept by record
    const auto keep = [this](std::int64_t run, const std::function<float(int row)> &loss) {
        data::LossLedger ledger;
        ledger.heldOut.at = {20, 60};
        for (int row = 0; row < 30; ++row) {
            ledger.heldOut.rows.push_back(RecordId{row + 1});
            ledger.heldOut.losses.resize(2);
            ledger.heldOut.losses[0].push_back(2.5F);
            ledger.heldOut.losses[1].push_back(loss(row));
        }
        const std::scoped_lock lock(m_fixture->state->mutex);
        m_fixture->state->ledgers[run] = ledger;
    };
    keep(2, [](int row) { return 1 + 0.05F * float(row); }); // the best
    keep(1, [](int row) { return 1.25F + 0.05F * float(row) + (row % 2 ? 0.05F : -0.05F); });
    emit m_fixture->bridge->runsChanged();
    QTRY_VERIFY(isTextShown(QStringLiteral("Record by record the lead is 0.25 (95 % interval 0.2")) && isTextShown(QStringLiteral("on these 30 held-out records it is real")));
    picture(QStringLiteral("lead"));
    keep(1, [](int row) { return 1.01F + 0.05F * float(row) + (row % 2 ? 0.4F : -0.4F); });
    emit m_fixture->bridge->runsChanged();
    QTRY_VERIFY(isTextShown(QStringLiteral("on these 30 held-out records it may be chance")));
}

void RacePageTest::bestSettingsAreUsed()
{
    race();
    if (QTest::currentTestFailed())
        return;
    click("useBest");
    QVERIFY(isTextShown(QStringLiteral("Base model")));
    QCOMPARE(m_page->request().recipe.method, std::string("prefix"));
    QCOMPARE(m_page->request().recipe.real("learningRate"), m_fixture->trained()[1].recipe.real("learningRate"));
}

void RacePageTest::bestIsOpenedInThePlayground()
{
    race();
    if (QTest::currentTestFailed())
        return;
    click("playBest");
    QTRY_COMPARE(m_fixture->window->currentPageId(), QStringLiteral("playground"));
}

void RacePageTest::exactAnswersAreCounted()
{
    race();
    if (QTest::currentTestFailed())
        return;
    QTRY_VERIFY(named<Button>("askRace")->isEnabled());
    click("askRace");
    QTRY_VERIFY(cell(0, 2).endsWith(QStringLiteral(" %")));
    QVERIFY(cell(1, 2).endsWith(QStringLiteral(" %")));
}

void RacePageTest::everyControlHasAName()
{
    race();
    if (QTest::currentTestFailed())
        return;
    const WindowFixture::Controls controls = WindowFixture::controlsOf(*m_page->findChild<RaceView *>());
    QVERIFY(controls.count >= 5);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    RaceDialog *dialog = openDialog();
    const WindowFixture::Controls choices = WindowFixture::controlsOf(*dialog);
    QVERIFY(choices.count >= 9);
    QVERIFY2(choices.unnamed.isEmpty(), choices.unnamed.constData());
    dialog->reject();
}

QTEST_MAIN(RacePageTest)
#include "tst_race_page.moc"
