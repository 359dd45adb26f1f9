// Steering runs on the Runs page, in the real window on the stand-in engine: another number of epochs while a run goes on.
// FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/runs/epochdialog.h"
#include "ui/runs/runspage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QApplication>
#include <QDoubleSpinBox>
#include <QTest>
#include <QTimer>

using namespace fettle;
using namespace fettle::ui;

class RunControlTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_runcontrol")); }
    void init();
    void cleanup();

    void epochsAreChangedWhileItLearns();
    void tooFewEpochsAreRefused();
    void epochsOfARunAtRestStay();

private:
    JobId startRun();
    void doSteps(int from, int to); // of the active run
    [[nodiscard]] QAction *action(const char *name) const { return m_page->findChild<QAction *>(QLatin1String(name)); }
    // Opens the dialog of the epochs, types, and hands it to the test.
    void withEpochDialog(const QString &typed, const std::function<void(EpochDialog &)> &look);

    std::unique_ptr<WindowFixture> m_fixture;
    RunsPage *m_page = nullptr;
};

void RunControlTest::init()
{
    m_fixture->start(20);
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    m_page = qobject_cast<RunsPage *>(m_fixture->openPage(QStringLiteral("runs")));
    QVERIFY(m_page);
}

void RunControlTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

JobId RunControlTest::startRun()
{
    engine::TrainRequest wish;
    wish.model = "smollm2-135m-instruct";
    wish.recipe.method = "lora";
    return m_fixture->bridge->startRun(wish);
}

void RunControlTest::doSteps(int from, int to)
{
    m_fixture->gate->release(to - from);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(to));
}

void RunControlTest::withEpochDialog(const QString &typed, const std::function<void(EpochDialog &)> &look)
{
    QTRY_VERIFY(action("changeEpochs")->isEnabled());
    bool wasThere = false;
    QTimer::singleShot(0, this, [&] {
        auto *dialog = qobject_cast<EpochDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog);
        wasThere = true;
        auto *wished = dialog->findChild<QDoubleSpinBox *>();
        wished->selectAll();
        QTest::keyClicks(wished, typed);
        look(*dialog);
        dialog->reject(); // nothing happens where it was accepted
    });
    action("changeEpochs")->trigger();
    QVERIFY(wasThere);
}

void RunControlTest::epochsAreChangedWhileItLearns()
{
    startRun(); // 3 epochs of 20 steps
    doSteps(0, 20);
    withEpochDialog(QStringLiteral("5"), [this](EpochDialog &dialog) {
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("Now: 3 epochs, 60 steps. Step 20 is done.")));
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("About 100 steps instead of 60. The run takes about 3 min longer and ends in about 5 min.")));
        if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
            dialog.grab().save(to + QStringLiteral("/epochs-light.png"));
        const WindowFixture::Controls controls = WindowFixture::controlsOf(dialog);
        QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
        // The run goes on behind the dialog.
        doSteps(20, 30);
        QTRY_VERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("Step 30 is done.")));
        QTest::keyClick(dialog.findChild<QDoubleSpinBox *>(), Qt::Key_Return);
        QVERIFY(!dialog.isVisible());
    });
    doSteps(30, 31);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().steps, std::int64_t(100));
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("From step 31 on the run has another number of epochs: 100 steps.")));
    QCOMPARE(m_page->curves().steps, std::int64_t(100));
    // And back, to less than it had at first.
    withEpochDialog(QStringLiteral("2"), [](EpochDialog &dialog) {
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("About 40 steps instead of 100. The run ends about 4 min sooner, in about 35 s.")));
        QTest::mouseClick(dialog.findChild<Button *>(QStringLiteral("changeEpochs")), Qt::LeftButton);
    });
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QCOMPARE(m_fixture->state->runs.back().step, std::int64_t(40));
    QCOMPARE(m_fixture->state->runs.back().state, engine::RunState::Finished);
}

void RunControlTest::tooFewEpochsAreRefused()
{
    startRun();
    doSteps(0, 30);
    withEpochDialog(QStringLiteral("1"), [](EpochDialog &dialog) {
        auto *change = dialog.findChild<Button *>(QStringLiteral("changeEpochs"));
        QVERIFY(!change->isEnabled());
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("1 epochs are over already: 1.50 have been read. Choose more, or stop the run.")));
        QCOMPARE(change->toolTip(), dialog.findChild<TextLabel *>(QStringLiteral("epochsMeaning"))->text());
        QTest::keyClick(dialog.findChild<QDoubleSpinBox *>(), Qt::Key_Return); // the way round the button
        QVERIFY(dialog.isVisible());
    });
    withEpochDialog(QStringLiteral("3"), [](EpochDialog &dialog) {
        QVERIFY(!dialog.findChild<Button *>(QStringLiteral("changeEpochs"))->isEnabled());
        QVERIFY(WindowFixture::isTextShown(dialog, QStringLiteral("This is what the run has now.")));
    });
    doSteps(30, 31);
    QCOMPARE(m_fixture->bridge->activeRunInfo().steps, std::int64_t(60));
}

void RunControlTest::epochsOfARunAtRestStay()
{
    QVERIFY(!action("changeEpochs")->isEnabled());
    startRun();
    doSteps(0, 5);
    QTRY_VERIFY(action("changeEpochs")->isEnabled());
    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_VERIFY(!action("changeEpochs")->isEnabled());
    QCOMPARE(action("changeEpochs")->property("reason").toString(), QStringLiteral("This run is not learning now."));
}

QTEST_MAIN(RunControlTest)
#include "tst_runcontrol.moc"
