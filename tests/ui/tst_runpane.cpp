// What stands beside the curves of a run: answers to the probe prompts, checkpoints, the doctor, settings, log. FETTLE_PICTURES=FOLDER keeps
// pictures.
#include "tests/ui/support/runspagefixture.h"
#include "ui/runs/losschart.h"
#include "ui/runs/probedialog.h"
#include "ui/runs/runlog.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runsettings.h"
#include "ui/runs/scrubber.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"

#include <QAction>
#include <QApplication>
#include <QPlainTextEdit>
#include <QTabBar>
#include <QTest>
#include <QTimer>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunPaneTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_runs.start(); }
    void cleanup() { m_runs.end(); }

    void doctorPointsAtTheCurve();
    void doctorReadsALongRun();
    void promptsAreChosen();
    void checkpointBecomesTheResult();
    void settingsMarkWhatDiffers();
    void logTells();
    void tabsFitANarrowWindow();

private:
    RunsPageFixture m_runs{QStringLiteral("tst_runpane")};
};

void RunPaneTest::doctorPointsAtTheCurve()
{
    m_runs.addRun(1, RunState::Finished, 200, 200);
    auto &evals = m_runs.window.state->evals[1];
    for (std::size_t i = 0; i < evals.size(); ++i)
        evals[i].loss = evals[i].step <= 60 ? 1.5 - double(evals[i].step) / 200 : 1.2 + double(evals[i].step - 60) / 200;
    m_runs.open();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(200));
    QTRY_COMPARE(m_runs.find<RunPane>()->tabs().tabText(2), QStringLiteral("Doctor 1"));
    m_runs.find<RunPane>()->tabs().setCurrentIndex(2);
    QCOMPARE(m_runs.find<DoctorPane>()->findings().front().ailment, Ailment::Memorises);
    QTest::mouseClick(m_runs.button(QStringLiteral("Show where")), Qt::LeftButton);
    QVERIFY(m_runs.find<LossChart>()->evidence());
    QCOMPARE(m_runs.find<LossChart>()->evidence()->from, std::int64_t(60));
    m_runs.window.picture(QStringLiteral("doctor"));
    m_runs.window.picture(QStringLiteral("doctor"), true, {1024, 700});
    QVERIFY(m_runs.button(QStringLiteral("Make step 60 the result")));
    QTest::mouseClick(m_runs.button(QStringLiteral("Make step 60 the result")), Qt::LeftButton);
    QTRY_COMPARE(m_runs.window.state->runs[0].resultStep, std::optional<std::int64_t>(60));
}

// A run that is too long to be read on the way: the findings come a moment later, and only where that run is still shown.
void RunPaneTest::doctorReadsALongRun()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.addRun(2, RunState::Finished, 60'000, 60'000, true);
    auto &evals = m_runs.window.state->evals[2];
    for (std::size_t i = 0; i < evals.size(); ++i)
        evals[i].loss = i < 20 ? 1.5 - 0.02 * double(i) : 1.1 + 0.03 * double(i - 19);
    m_runs.open();
    const auto doctorTab = [this] { return m_runs.find<RunPane>()->tabs().tabText(2); };
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60'000));
    QTRY_COMPARE(doctorTab(), QStringLiteral("Doctor 1"));
    QCOMPARE(m_runs.find<DoctorPane>()->findings().front().ailment, Ailment::Memorises);
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 1"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    QTRY_COMPARE(doctorTab(), QStringLiteral("Doctor"));
    // Forth and back: what is read of the long run meanwhile is not said of the short one.
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 2"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60'000));
    m_runs.window.window->openPage(QStringLiteral("runs"), QStringLiteral("run 1"));
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    bool isIdle = false; // the job of the doctor is done
    m_runs.window.bridge->readSlowly<int>(m_runs.page, [](const ProjectApi *, const JobContext &) { return Result<int>(0); }, [&](Result<int>) { isIdle = true; });
    QTRY_VERIFY(isIdle);
    QCOMPARE(doctorTab(), QStringLiteral("Doctor"));
}

void RunPaneTest::promptsAreChosen()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->shownRun(), RunId{1});
    QTRY_VERIFY(m_runs.isOffered(QStringLiteral("Choose probe prompts")));
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<ProbeDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        auto *own = dialog->findChild<QPlainTextEdit *>();
        own->setFocus();
        QTest::keyClicks(own, QStringLiteral("When do you open?"));
        QTest::keyClick(own, Qt::Key_Return);
        QTest::keyClick(own, Qt::Key_Return);
        QTest::keyClicks(own, QStringLiteral("And on Sunday?"));
        dialog->accept();
    });
    QTest::mouseClick(m_runs.button(QStringLiteral("Choose probe prompts")), Qt::LeftButton);
    QTRY_VERIFY(m_runs.window.state->settings.contains(data::kProbeSetting));
    const data::ProbeChoice choice = data::probeChoiceFrom(m_runs.window.state->settings[data::kProbeSetting]);
    QCOMPARE(choice.own, (std::vector<std::string>{"When do you open?", "And on Sunday?"}));
    QCOMPARE(int(choice.fromHeldOut), 6);
}

void RunPaneTest::checkpointBecomesTheResult()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    {
        const std::scoped_lock lock(m_runs.window.state->mutex);
        m_runs.window.state->runs[0].adapter = "runs/1/adapter";
    }
    m_runs.open();
    QTRY_COMPARE(m_runs.find<Scrubber>()->chosenStep(), std::optional<std::int64_t>(60));
    auto *make = m_runs.page->findChild<QAction *>(QStringLiteral("makeResult"));
    QVERIFY(!make->isEnabled()); // the end is the result already
    m_runs.find<Scrubber>()->choose(20);
    QTRY_VERIFY(make->isEnabled());
    make->trigger();
    QTRY_COMPARE(m_runs.window.state->runs[0].resultStep, std::optional<std::int64_t>(20));
    QTRY_VERIFY(!make->isEnabled());
}

void RunPaneTest::settingsMarkWhatDiffers()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    m_runs.find<RunPane>()->tabs().setCurrentIndex(3);
    const auto row = [this](const QString &name) -> SettingRow * {
        for (auto *candidate : m_runs.page->findChildren<SettingRow *>()) {
            if (candidate->name() == name)
                return candidate;
        }
        return nullptr;
    };
    QVERIFY(row(QStringLiteral("Learning rate")) && row(QStringLiteral("Learning rate"))->isChanged());
    QCOMPARE(row(QStringLiteral("Learning rate"))->value(), QStringLiteral("0.001"));
    QCOMPARE(row(QStringLiteral("Schedule"))->value(), QStringLiteral("Cosine"));
    QVERIFY(!row(QStringLiteral("Rank"))->isChanged());
    QCOMPARE(row(QStringLiteral("Seed"))->value(), QStringLiteral("1207"));
    auto *chip = m_runs.find<RunSettings>()->findChild<Chip *>();
    QCOMPARE(chip->count(), std::optional<qint64>(2));
    m_runs.window.picture(QStringLiteral("settings"));
    m_runs.window.picture(QStringLiteral("settings"), true);
    QTest::mouseClick(chip, Qt::LeftButton);
    QVERIFY(row(QStringLiteral("Learning rate"))->isVisible());
    QVERIFY(!row(QStringLiteral("Rank"))->isVisible());
}

void RunPaneTest::logTells()
{
    m_runs.window.engine->runNotice = "2 of 20 rows are left out: nothing in them is learnt.";
    m_runs.open();
    m_runs.startRun();
    m_runs.window.gate->release(25);
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(25));
    m_runs.find<RunPane>()->tabs().setCurrentIndex(4);
    const auto texts = [this] {
        QStringList list;
        const auto *model = m_runs.find<RunLogModel>();
        for (int i = 0; i < model->rowCount(); ++i)
            list.append(model->index(i).data().toString());
        return list;
    };
    QTRY_VERIFY(texts().contains(QStringLiteral("Checkpoint saved")));
    QVERIFY(texts().contains(QStringLiteral("Learns")));
    QVERIFY(texts().contains(QString::fromStdString(m_runs.window.engine->runNotice)));
    QVERIFY(texts().last().startsWith(QStringLiteral("Started on")));
    m_runs.window.gate->release(100);
    QTRY_COMPARE(texts().first(), QStringLiteral("Finished"));
    m_runs.window.picture(QStringLiteral("log"));
}

// Names where there is room, else the name of the chosen one and icons; a screen reader has the names always.
void RunPaneTest::tabsFitANarrowWindow()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    QTabBar &tabs = m_runs.find<RunPane>()->tabs();
    QTRY_COMPARE(tabs.tabText(4), QStringLiteral("Log"));
    const auto fit = [&tabs] {
        for (int i = 0; i < tabs.count(); ++i) {
            if (!tabs.rect().contains(tabs.tabRect(i)))
                return false;
        }
        return true;
    };
    QTRY_VERIFY(fit());
    m_runs.window.window->resize(1024, 700);
    QTRY_COMPARE(tabs.tabText(4), QString());
    QTRY_VERIFY(fit());
    QCOMPARE(tabs.tabText(0), QStringLiteral("Answers"));
    for (int i = 1; i < tabs.count(); ++i) {
        QVERIFY(!tabs.tabIcon(i).isNull() && !tabs.accessibleTabName(i).isEmpty());
        QTest::mouseClick(&tabs, Qt::LeftButton, {}, tabs.tabRect(i).center());
        QCOMPARE(tabs.currentIndex(), i);
        QCOMPARE(tabs.tabText(i), tabs.accessibleTabName(i));
        QTRY_VERIFY(fit());
    }
    m_runs.window.window->resize(1600, 1000);
    QTRY_COMPARE(tabs.tabText(1), QStringLiteral("Checkpoints"));
    QVERIFY(tabs.tabIcon(1).isNull());
}

QTEST_MAIN(RunPaneTest)
#include "tst_runpane.moc"
