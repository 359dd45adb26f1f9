// Talking to a run while it learns, in the real window on the stand-in engine: the Playground offers the run, the badge says which step
// answered, the training goes on, and at its end the result takes its place. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/playgroundpage.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"

#include <QComboBox>
#include <QPlainTextEdit>
#include <QTest>
#include <QTextEdit>

using namespace fettle;
using namespace fettle::ui;

class LiveTalkTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_livetalk")); }
    void init();
    void cleanup();

    void runThatLearnsAnswers();
    void earlierChoiceStays();
    void trainedWeightsAreNotOffered();

private:
    // Opens the Playground where it is not open yet, and starts a run that has done so many steps and waits before the next.
    void startRun(const std::string &method, int steps);
    void ask();
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QComboBox *choice() const { return named<QComboBox>("adapterChoice"); }
    [[nodiscard]] Badge *badge() const { return m_page->findChildren<ColumnHead *>().at(1)->findChild<Badge *>(QStringLiteral("adapterBadge")); }

    std::unique_ptr<WindowFixture> m_fixture;
    Page *m_page = nullptr;
};

void LiveTalkTest::init()
{
    m_fixture->start(20);
    m_fixture->engine->beforeStep = [gate = m_fixture->gate](int) { gate->acquire(); };
    m_fixture->engine->answers = {{"live", "We open at half past seven."}};
}

void LiveTalkTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void LiveTalkTest::startRun(const std::string &method, int steps)
{
    if (!m_page)
        m_page = m_fixture->openPage(QStringLiteral("playground"));
    QVERIFY(m_page);
    engine::TrainRequest wish;
    wish.model = "smollm2-135m-instruct";
    wish.recipe.method = method;
    m_fixture->bridge->startRun(wish);
    m_fixture->gate->release(steps);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(steps));
}

void LiveTalkTest::ask()
{
    auto *composer = named<QPlainTextEdit>("question");
    composer->setFocus();
    composer->selectAll();
    QTest::keyClicks(composer, QStringLiteral("When do you open?"));
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
}

void LiveTalkTest::runThatLearnsAnswers()
{
    startRun("lora", 4);
    QTRY_COMPARE(choice()->currentText(), QStringLiteral("Run 1, learning now"));
    QVERIFY(!named<Button>("export")->isEnabled()); // it is not finished
    ask();
    QTRY_VERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("as soon as the training has done its present step")));
    QVERIFY(!badge()->isVisible()); // nothing has answered yet
    m_fixture->gate->release(1);
    QTRY_COMPARE(named<QTextEdit>("tunedAnswer")->toPlainText(), QStringLiteral("We open at half past seven."));
    QTRY_COMPARE(badge()->text(), QStringLiteral("Learning now, step 5"));
    QVERIFY(badge()->toolTip().contains(QStringLiteral("Run 1")));
    QVERIFY(m_fixture->bridge->isRunActive());
    m_fixture->picture(QStringLiteral("playground-live"));
    m_fixture->picture(QStringLiteral("playground-live"), true, {1024, 700});
    // The badge tells of the answer that stands there, not of the run as it is now.
    m_fixture->gate->release(2);
    QTRY_COMPARE(m_fixture->bridge->activeRunInfo().step, std::int64_t(7));
    QCOMPARE(badge()->text(), QStringLiteral("Learning now, step 5"));
    ask();
    m_fixture->gate->release(1);
    QTRY_COMPARE(badge()->text(), QStringLiteral("Learning now, step 8"));

    m_fixture->gate->release(1000);
    QTRY_VERIFY(!m_fixture->bridge->isRunActive());
    QTRY_COMPARE(choice()->currentText(), QStringLiteral("Run 1, step 60"));
    QCOMPARE(choice()->findData(QStringLiteral("live")), -1);
    QVERIFY(named<Button>("export")->isEnabled());
}

void LiveTalkTest::earlierChoiceStays()
{
    engine::RunInfo run;
    run.id = RunId{1};
    run.name = "Run 1";
    run.state = engine::RunState::Finished;
    run.method = "lora";
    run.step = run.steps = 207;
    run.adapter = "runs/1/adapter";
    m_fixture->state->runs.push_back(run);
    m_page = m_fixture->openPage(QStringLiteral("playground"));
    QTRY_COMPARE(choice()->currentText(), QStringLiteral("Run 1, step 207"));
    startRun("lora", 2);
    QTRY_COMPARE(choice()->itemText(0), QStringLiteral("Run 2, learning now"));
    QCOMPARE(choice()->currentText(), QStringLiteral("Run 1, step 207")); // what one compares is not changed under one's hands
    QVERIFY(named<Button>("export")->isEnabled());
}

void LiveTalkTest::trainedWeightsAreNotOffered()
{
    startRun("full", 21); // past its first checkpoint
    QTRY_COMPARE(choice()->count(), 1);
    QCOMPARE(choice()->currentText(), QStringLiteral("Run 1, checkpoint 20"));
}

QTEST_MAIN(LiveTalkTest)
#include "tst_livetalk.moc"
