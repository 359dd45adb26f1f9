// Starting from the Train page, in the real window on the stand-in engine: by key and by mouse, with what stands in the fields, behind another
// run, on a snapshot. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/trainfixture.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/segmented.h"

#include <QComboBox>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TrainStartTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_trainstart")); }
    void init();
    void cleanup();

    void ctrlEnterStartsAndLeadsToRuns();
    void typedValueIsTrainedWith_data();
    void typedValueIsTrainedWith();
    void secondRunWaits();
    void snapshotIsTrainedOn();

private:
    void open();
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    [[nodiscard]] engine::TrainRequest lastPlanned() const { return m_fixture->lastPlanned(); }
    [[nodiscard]] std::vector<engine::TrainRequest> trained() const { return m_fixture->trained(); }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000})
    {
        m_fixture->picture(QStringLiteral("train-") + name, isDark, size);
    }

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void TrainStartTest::init()
{
    m_fixture->startTrain();
}

void TrainStartTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void TrainStartTest::open()
{
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(!isTextShown(QStringLiteral("Reading the records")));
}

void TrainStartTest::ctrlEnterStartsAndLeadsToRuns()
{
    open();
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    named<Segmented>("preset")->setFocus();
    QTest::keyClick(named<Segmented>("preset"), Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(m_fixture->window->currentPageId(), QStringLiteral("runs"));
    QTRY_COMPARE(trained().size(), std::size_t(1));
    QCOMPARE(trained()[0].recipe, m_page->request().recipe);
    QCOMPARE(trained()[0].model, std::string("SmolLM2-135M-Instruct"));
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
}

// A value that stands in a field but was not confirmed yet is what the user sees, and so what is trained with.
void TrainStartTest::typedValueIsTrainedWith_data()
{
    QTest::addColumn<bool>("isByMouse");
    QTest::newRow("Ctrl+Enter") << false;
    QTest::newRow("click") << true;
}

void TrainStartTest::typedValueIsTrainedWith()
{
    QFETCH(bool, isByMouse);
    open();
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    auto *rank = named<QSpinBox>("rank");
    TrainFixture::type(rank, QStringLiteral("48"));
    if (isByMouse)
        QTest::mouseClick(m_fixture->window->windowHandle(), Qt::LeftButton, {},
                          named<Button>("startRun")->mapTo(m_fixture->window.get(), named<Button>("startRun")->rect().center()));
    else
        QTest::keyClick(rank, Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(trained().size(), std::size_t(1));
    QCOMPARE(trained()[0].recipe.integer("rank"), 48);
    QCOMPARE(m_fixture->window->currentPageId(), QStringLiteral("runs"));
}

void TrainStartTest::secondRunWaits()
{
    open();
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_VERIFY(m_fixture->bridge->isRunActive());
    m_fixture->window->openPage(QStringLiteral("train"));
    QTRY_COMPARE(named<Button>("startRun")->text(), QStringLiteral("Add to queue"));
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    picture(QStringLiteral("queue"));
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->bridge->queuedRuns(), 1);
    QCOMPARE(trained().size(), std::size_t(1));
    m_fixture->gate->release(60);
    QTRY_COMPARE(trained().size(), std::size_t(2));
    m_fixture->gate->release(60);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_COMPARE(named<Button>("startRun")->text(), QStringLiteral("Start run"));
}

void TrainStartTest::snapshotIsTrainedOn()
{
    open();
    m_fixture->bridge->freezeSnapshot({}, {}, nullptr, {});
    auto *snapshot = named<QComboBox>("snapshot");
    QTRY_COMPARE(snapshot->count(), 2);
    QCOMPARE(snapshot->currentIndex(), 0); // a new snapshot chooses nothing by itself
    snapshot->setFocus();
    QTest::keyClick(snapshot, Qt::Key_Down);
    QTRY_COMPARE(lastPlanned().snapshot, SnapshotId{1});
    QTRY_VERIFY(named<Button>("startRun")->isEnabled());
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_COMPARE(trained().size(), std::size_t(1));
    QCOMPARE(trained()[0].snapshot, SnapshotId{1});
}

QTEST_MAIN(TrainStartTest)
#include "tst_trainstart.moc"
