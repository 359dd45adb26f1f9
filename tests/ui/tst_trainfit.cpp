// "Does it fit?" on the Train page, in the real window on the stand-in engine: on demand, before a start, changes that make it fit, cancelling.
// FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/trainfixture.h"
#include "ui/train/fitview.h"
#include "ui/train/memorybar.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"

#include <QLabel>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TrainFitTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_trainfit")); }
    void init();
    void cleanup();

    void isMeasuredOnDemand();
    void energyIsSaidWhereItIsTold();
    void changedSettingsAreNotMeasured();
    void everyStartIsMeasured();
    void tooLargeOffersChanges();
    void tooLargeCanBeStartedAnyway();
    void cancelledMeasurementStartsNothing();
    void failureIsTold();
    void waitingRunIsNotMeasured();
    void everyControlHasANameAndFits();

private:
    // Requests in the order in which they came.
    struct Asked { std::mutex mutex; std::vector<engine::FitRequest> requests; };

    void open();
    void makeTooLarge(); // unless 512 tokens are read at a time
    [[nodiscard]] std::vector<engine::FitRequest> asked() const
    {
        const std::scoped_lock lock(m_asked->mutex);
        return m_asked->requests;
    }
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    void click(const char *name) { QTest::mouseClick(named<Button>(name), Qt::LeftButton); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000})
    {
        m_fixture->picture(QStringLiteral("fit-") + name, isDark, size);
    }

    std::unique_ptr<TrainFixture> m_fixture;
    std::shared_ptr<Asked> m_asked;
    TrainPage *m_page = nullptr;
};

void TrainFitTest::init()
{
    m_fixture->startTrain();
    m_asked = std::make_shared<Asked>();
    m_fixture->engine->changeFit = [asked = m_asked](const engine::FitRequest &request, engine::FitResult &) {
        const std::scoped_lock lock(asked->mutex);
        asked->requests.push_back(request);
    };
}

void TrainFitTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void TrainFitTest::open()
{
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(named<Button>("startRun")->isEnabled() && isTextShown(QStringLiteral("Ready")));
}

void TrainFitTest::makeTooLarge()
{
    m_fixture->engine->changeFit = [asked = m_asked](const engine::FitRequest &request, engine::FitResult &fit) {
        const std::scoped_lock lock(asked->mutex);
        asked->requests.push_back(request);
        if (request.run.recipe.integer("tokensPerMicroBatch") == 512)
            return;
        fit.bytes.activations = 9'500'000'000;
        fit.suggestions = {{"Read 512 tokens at a time", "a step takes 8 % longer", {"tokensPerMicroBatch=512"}, 5'100'000'000, 4.2},
                           {"Compute layers again instead of keeping them", "a step takes 25 % longer", {"checkpointing=full"}, 4'000'000'000, 4.9},
                           {"Both: 512 tokens at a time, layers computed again", "a step takes 33 % longer", {"tokensPerMicroBatch=512", "checkpointing=full"}, 2'000'000'000, 5.2}};
    };
}

void TrainFitTest::isMeasuredOnDemand()
{
    open();
    QVERIFY(isTextShown(QStringLiteral("Not measured yet")));
    QVERIFY(!m_page->findChild<MemoryBar *>()->isVisible());
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("It fits")));
    QCOMPARE(asked().size(), std::size_t(1));
    QCOMPARE(asked()[0].run.recipe, m_page->request().recipe);
    QVERIFY(m_page->findChild<MemoryBar *>()->isVisible());
    for (const char *part : {"540 MB", "39 MB", "20 MB", "2.31 GB", "300 MB", "6 GB", "6.19 GB", "15.4 GB in this computer"})
        QVERIFY2(isTextShown(QLatin1String(part)), part);
    QVERIFY(isTextShown(QStringLiteral("3.9 s for each step, 4 min for all 60 steps.")));
    QVERIFY(m_fixture->trained().empty()); // only measured
    picture(QStringLiteral("fits"));
    picture(QStringLiteral("fits"), true);
    picture(QStringLiteral("fits"), false, {1024, 700});
}

void TrainFitTest::energyIsSaidWhereItIsTold()
{
    open();
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("It fits")));
    QVERIFY(!isTextShown(QStringLiteral("The processor uses")));
    m_fixture->engine->changeFit = [](const engine::FitRequest &, engine::FitResult &fit) { fit.joulesPerStep = 150; };
    named<QSpinBox>("rank")->setValue(32);
    QTRY_VERIFY(named<Button>("measureFit")->isEnabled());
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("The processor uses about 2.5 Wh for it.")) || isTextShown(QStringLiteral("The processor uses about 2.50 Wh for it.")));
}

void TrainFitTest::changedSettingsAreNotMeasured()
{
    open();
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("It fits")));
    named<QSpinBox>("rank")->setValue(32);
    QVERIFY(isTextShown(QStringLiteral("Not measured yet")));
    QTRY_VERIFY(named<Button>("measureFit")->isEnabled());
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("It fits")));
    QCOMPARE(asked().back().run.recipe.integer("rank"), 32);
}

void TrainFitTest::everyStartIsMeasured()
{
    open();
    QTest::keyClick(m_page, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(asked().size(), std::size_t(1));
    QCOMPARE(asked()[0].run.recipe, m_fixture->trained()[0].recipe);
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("runs"));
}

void TrainFitTest::tooLargeOffersChanges()
{
    makeTooLarge();
    open();
    click("startRun");
    QTRY_VERIFY(isTextShown(QStringLiteral("Too large by 999 MB")));
    QVERIFY(m_fixture->trained().empty());
    QVERIFY(isTextShown(QStringLiteral("Read 512 tokens at a time")));
    QVERIFY(isTextShown(QStringLiteral("5.10 GB in all; a step takes 8 % longer")));
    QVERIFY(named<Button>("useFit-2"));
    picture(QStringLiteral("toolarge"));
    picture(QStringLiteral("toolarge"), true);
    picture(QStringLiteral("toolarge"), false, {1024, 700});
    click("useFit-0");
    QTRY_VERIFY(isTextShown(QStringLiteral("It fits"))); // measured again without being asked
    QCOMPARE(m_page->request().recipe.integer("tokensPerMicroBatch"), 512);
    QVERIFY(m_fixture->trained().empty());
    QCOMPARE(named<Button>("startRun")->text(), QStringLiteral("Start run"));
    click("startRun");
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(asked().size(), std::size_t(2)); // what is measured already is not measured again
}

void TrainFitTest::tooLargeCanBeStartedAnyway()
{
    makeTooLarge();
    open();
    click("startRun");
    QTRY_COMPARE(named<Button>("startRun")->text(), QStringLiteral("Start anyway"));
    click("startRun");
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(asked().size(), std::size_t(1));
}

void TrainFitTest::cancelledMeasurementStartsNothing()
{
    const auto hold = std::make_shared<std::counting_semaphore<>>(0);
    m_fixture->engine->changeFit = [hold](const engine::FitRequest &, engine::FitResult &) { hold->acquire(); };
    open();
    click("startRun");
    QTRY_VERIFY(isTextShown(QStringLiteral("Computing 1024 tokens at once")));
    QVERIFY(isTextShown(QStringLiteral("Starts as soon as it is measured.")));
    picture(QStringLiteral("measuring"));
    click("cancelFit");
    hold->release();
    QTRY_VERIFY(isTextShown(QStringLiteral("Not measured yet")));
    QVERIFY(m_fixture->trained().empty());
    click("startRun"); // without the measurement, as it was wished
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
}

void TrainFitTest::failureIsTold()
{
    m_fixture->engine->fitError = Error{ErrorCode::OutOfMemory, "The memory ran out while measuring.", "Close other programs.", {}};
    open();
    click("measureFit");
    QTRY_VERIFY(isTextShown(QStringLiteral("Cannot be measured")));
    QVERIFY(isTextShown(QStringLiteral("The memory ran out while measuring. Close other programs.")));
}

// What waits behind a run cannot be measured now: its memory is not free.
void TrainFitTest::waitingRunIsNotMeasured()
{
    open();
    click("startRun");
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    m_fixture->window->openPage(QStringLiteral("train"));
    QTRY_VERIFY(named<Button>("startRun")->isEnabled() && isTextShown(QStringLiteral("Ready")));
    click("startRun");
    QTRY_COMPARE(m_fixture->bridge->queuedRuns(), 1);
    QCOMPARE(asked().size(), std::size_t(1));
}

void TrainFitTest::everyControlHasANameAndFits()
{
    makeTooLarge();
    open();
    click("measureFit");
    QTRY_VERIFY(named<Button>("useFit-0"));
    auto *view = m_page->findChild<FitView *>();
    const WindowFixture::Controls controls = WindowFixture::controlsOf(*view);
    QCOMPARE(controls.count, 3);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    m_fixture->window->resize(1024, 700);
    QTRY_COMPARE(m_fixture->window->width(), 1024);
    for (auto *label : view->findChildren<QLabel *>()) {
        if (label->isVisible() && !label->wordWrap())
            QVERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
    }
}

QTEST_MAIN(TrainFitTest)
#include "tst_trainfit.moc"
