// "Why did it say that?" in the Playground: the index is built on demand, with progress and a way out; near rows lead to their records.
// FETTLE_PICTURES=FOLDER keeps a picture.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/playgroundpage.h"
#include "ui/playground/whydialog.h"
#include "ui/widgets/button.h"

#include <QComboBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QTest>
#include <QTreeWidget>

using namespace fettle;
using namespace fettle::ui;

class WhyTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_why")); }
    void init();
    void cleanup();

    void rowsLeadToTheirRecords();
    void indexIsBuiltOnDemand();
    void indexCanBeGivenUp();
    void closingGivesUp();
    void baseHasNoRows();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    void openDialog();

    std::unique_ptr<WindowFixture> m_fixture;
    PlaygroundPage *m_page = nullptr;
    WhyDialog *m_dialog = nullptr;
};

void WhyTest::init()
{
    m_fixture->start(40);
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.step = run.steps = 207;
    run.adapter = "runs/1/adapter";
    m_fixture->state->runs.push_back(run);
    m_fixture->engine->nearRows = {{RecordId{4}, 0.93, "Is ibuprofen safe for dogs?", "No. Human painkillers can kill a dog.", false}, {RecordId{1}, 0.41, "My dog has eaten chocolate.", "Ring us now.", true}};
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 1);
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(QStringLiteral("May my dog have ibuprofen?"));
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(named<Button>("whyTuned")->isEnabled());
}

void WhyTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void WhyTest::openDialog()
{
    QTest::mouseClick(named<Button>("whyTuned"), Qt::LeftButton);
    QTRY_VERIFY((m_dialog = m_page->findChild<WhyDialog *>()) != nullptr);
    QTRY_VERIFY(m_dialog->isVisible());
}

void WhyTest::rowsLeadToTheirRecords()
{
    m_fixture->engine->isIndexed = true;
    openDialog();
    auto *rows = m_dialog->findChild<QTreeWidget *>(QStringLiteral("nearRows"));
    QTRY_VERIFY(rows->isVisible());
    QCOMPARE(rows->topLevelItemCount(), 2);
    QCOMPARE(rows->topLevelItem(0)->text(0), QStringLiteral("93 %"));
    QVERIFY(rows->topLevelItem(1)->text(3).contains(QStringLiteral("changed since")));
    const auto controls = WindowFixture::controlsOf(*m_dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
        m_dialog->grab().save(to + QStringLiteral("/why-dialog.png"));
    QVERIFY(rows->hasFocus());
    QTest::keyClick(rows, Qt::Key_Down);
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("openNearRow")), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->window->currentPageId(), QStringLiteral("data"));
}

void WhyTest::indexIsBuiltOnDemand()
{
    m_fixture->engine->beforeRow = [gate = m_fixture->gate](int) { gate->acquire(); };
    openDialog();
    auto *build = m_dialog->findChild<Button *>(QStringLiteral("buildIndex"));
    QTRY_VERIFY(build->isVisible());
    QVERIFY(m_dialog->findChild<QLabel *>(QStringLiteral("whyMessage"))->text().contains(QStringLiteral("not indexed yet")));
    QTRY_VERIFY(build->hasFocus());
    QTest::keyClick(build, Qt::Key_Space);
    m_fixture->gate->release(20);
    QTRY_VERIFY(m_fixture->bridge->currentJob().share > 0.3);
    QVERIFY(m_dialog->findChild<Button *>(QStringLiteral("cancelIndex"))->isVisible());
    QTRY_VERIFY(WindowFixture::isTextShown(*m_dialog, QStringLiteral("left")));
    m_fixture->gate->release(1000);
    auto *rows = m_dialog->findChild<QTreeWidget *>(QStringLiteral("nearRows"));
    QTRY_VERIFY(rows->isVisible());
    QCOMPARE(rows->topLevelItemCount(), 2);
}

void WhyTest::indexCanBeGivenUp()
{
    m_fixture->engine->beforeRow = [gate = m_fixture->gate](int) { gate->acquire(); };
    openDialog();
    auto *build = m_dialog->findChild<Button *>(QStringLiteral("buildIndex"));
    QTRY_VERIFY(build->isVisible());
    QTest::mouseClick(build, Qt::LeftButton);
    m_fixture->gate->release(3);
    QTRY_VERIFY(m_fixture->bridge->currentJob().share > 0.02);
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("cancelIndex")), Qt::LeftButton);
    m_fixture->gate->release(1000);
    QTRY_VERIFY(build->isVisible());
    QVERIFY(m_dialog->findChild<QLabel *>(QStringLiteral("whyMessage"))->text().contains(QStringLiteral("given up")));
    QVERIFY(!m_fixture->engine->isIndexed);
}

void WhyTest::closingGivesUp()
{
    m_fixture->engine->beforeRow = [gate = m_fixture->gate](int) { gate->acquire(); };
    openDialog();
    QTRY_VERIFY(m_dialog->findChild<Button *>(QStringLiteral("buildIndex"))->isVisible());
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("buildIndex")), Qt::LeftButton);
    m_fixture->gate->release(3);
    QTRY_VERIFY(m_fixture->bridge->currentJob().share > 0.02);
    QTest::mouseClick(m_dialog->findChild<Button *>(QStringLiteral("closeWhy")), Qt::LeftButton);
    QTRY_VERIFY(m_page->findChild<WhyDialog *>() == nullptr);
    m_fixture->gate->release(1000);
    QTRY_VERIFY(m_fixture->bridge->currentJob().id == 0);
    QVERIFY(!m_fixture->engine->isIndexed);
}

void WhyTest::baseHasNoRows()
{
    QVERIFY(!named<Button>("whyBase")->isEnabled());
    QVERIFY(named<Button>("whyBase")->toolTip().contains(QStringLiteral("Only a run")));
}

QTEST_MAIN(WhyTest)
#include "tst_why.moc"
