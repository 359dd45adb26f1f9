// The service for one's own programs in the window: off at first, address and key while it is on, questions in the same line as all others,
// counted, and ended with the project and the window. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/playgroundpage.h"
#include "ui/playground/servedialog.h"
#include "ui/widgets/button.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class ServingTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_serving")); }
    void init();
    void cleanup();

    void isOffAtFirst();
    void switchGivesAddressAndKey();
    void questionsWaitInTheSameLine();
    void waitingQuestionEndsWithTheService();
    void failureIsTold();
    void endsWithTheProject();
    void endsWithTheWindow();

private:
    template <class T>
    T *inside(const char *name) const { return m_dialog->findChild<T *>(QLatin1String(name)); }
    void openDialog();
    void switchOn();

    std::unique_ptr<WindowFixture> m_fixture;
    PlaygroundPage *m_page = nullptr;
    ServeDialog *m_dialog = nullptr;
};

void ServingTest::init()
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
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(m_page->findChild<QComboBox *>(QStringLiteral("adapterChoice"))->count(), 1);
}

void ServingTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void ServingTest::openDialog()
{
    QTest::mouseClick(m_page->findChild<Button *>(QStringLiteral("serve")), Qt::LeftButton);
    QTRY_VERIFY((m_dialog = m_page->findChild<ServeDialog *>()) != nullptr);
    QTRY_VERIFY(m_dialog->isVisible());
}

void ServingTest::switchOn()
{
    openDialog();
    inside<QCheckBox>("serveSwitch")->setFocus();
    QTest::keyClick(inside<QCheckBox>("serveSwitch"), Qt::Key_Space);
    QTRY_COMPARE(inside<QLineEdit>("serveAddress")->text(), QStringLiteral("http://127.0.0.1:41234/v1"));
}

void ServingTest::isOffAtFirst()
{
    QVERIFY(!m_fixture->bridge->serving().isOn);
    openDialog();
    QVERIFY(!inside<QCheckBox>("serveSwitch")->isChecked());
    QVERIFY(inside<QLineEdit>("serveAddress")->text().isEmpty() && inside<QLineEdit>("serveKey")->text().isEmpty());
    QVERIFY(!inside<Button>("serveKeyCopy")->isEnabled());
    QVERIFY(inside<QLabel>("serveState")->text().contains(QStringLiteral("Off")));
    const auto controls = WindowFixture::controlsOf(*m_dialog);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
}

void ServingTest::switchGivesAddressAndKey()
{
    switchOn();
    QCOMPARE(m_fixture->engine->lastServed.adapter, std::string("1"));
    QVERIFY(!inside<QComboBox>("servedResult")->isEnabled());
    QTest::mouseClick(inside<Button>("serveKeyCopy"), Qt::LeftButton);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("fettle-0123456789abcdef"));
    QTest::mouseClick(inside<Button>("copyServeExample"), Qt::LeftButton);
    QVERIFY(QGuiApplication::clipboard()->text().contains(QStringLiteral("http://127.0.0.1:41234/v1/chat/completions")));
    m_fixture->engine->askAsProgram("Hello");
    QTRY_VERIFY2(inside<QLabel>("serveState")->text().contains(QStringLiteral("1 question answered")), qPrintable(inside<QLabel>("serveState")->text()));
    if (const QString to = qEnvironmentVariable("FETTLE_PICTURES"); !to.isEmpty())
        m_dialog->grab().save(to + QStringLiteral("/serve-dialog.png"));
    // It goes on without the dialog, and says so.
    QTest::mouseClick(inside<Button>("closeServe"), Qt::LeftButton);
    QTRY_VERIFY(m_page->findChild<ServeDialog *>() == nullptr);
    QCOMPARE(m_page->findChild<Button *>(QStringLiteral("serve"))->text(), QStringLiteral("Serving"));
    m_fixture->picture(QStringLiteral("serving"));
    m_fixture->picture(QStringLiteral("serving"), false, {1024, 700});
    openDialog();
    QVERIFY(inside<QCheckBox>("serveSwitch")->isChecked());
    QTest::keyClick(inside<QCheckBox>("serveSwitch"), Qt::Key_Space);
    QVERIFY(!m_fixture->bridge->serving().isOn);
    QVERIFY(inside<QLineEdit>("serveKey")->text().isEmpty());
}

// A program's question waits behind the one that the page has asked, and the window stays awake.
void ServingTest::questionsWaitInTheSameLine()
{
    auto order = std::make_shared<std::pair<std::mutex, std::vector<std::string>>>();
    m_fixture->engine->beforeAnswer = [order](const engine::GenerateRequest &request) {
        const std::scoped_lock lock(order->first);
        order->second.push_back(request.conversation.back().text);
    };
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    switchOn();
    m_dialog->accept();
    auto *composer = m_page->findChild<QPlainTextEdit *>(QStringLiteral("question"));
    composer->setPlainText(QStringLiteral("Mine"));
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    const auto asked = [order] {
        const std::scoped_lock lock(order->first);
        return order->second;
    };
    QTRY_COMPARE(asked().size(), std::size_t(1));
    m_fixture->engine->askAsProgram("A program's");
    QTest::qWait(50);
    QCOMPARE(asked().size(), std::size_t(1));
    QCOMPARE(m_fixture->bridge->serving().answered, 0);
    m_fixture->gate->release(1000);
    QTRY_COMPARE(m_fixture->bridge->serving().answered, 1);
    QCOMPARE(asked(), (std::vector<std::string>{"Mine", "A program's"}));
}

void ServingTest::waitingQuestionEndsWithTheService()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    switchOn();
    m_fixture->engine->askAsProgram("One");
    QTRY_COMPARE(m_fixture->bridge->currentJob().title, QStringLiteral("Answering a program"));
    m_fixture->engine->askAsProgram("Two");
    m_fixture->bridge->stopServing();
    m_fixture->gate->release(1000);
    QTRY_VERIFY(m_fixture->bridge->currentJob().id == 0);
    QVERIFY(!m_fixture->bridge->serving().isOn);
    // It can be put on again.
    m_fixture->bridge->startServing("base");
    QTRY_VERIFY(!m_fixture->bridge->serving().address.url.empty());
    QCOMPARE(m_fixture->engine->lastServed.adapter, std::string("base"));
}

void ServingTest::failureIsTold()
{
    m_fixture->engine->serveError = Error{ErrorCode::BadInput, "The port is taken.", "Try again.", {}};
    openDialog();
    QTest::keyClick(inside<QCheckBox>("serveSwitch"), Qt::Key_Space);
    QTRY_VERIFY(inside<QLabel>("serveState")->text().contains(QStringLiteral("The port is taken. Try again.")));
    QVERIFY(!inside<QCheckBox>("serveSwitch")->isChecked());
}

void ServingTest::endsWithTheProject()
{
    switchOn();
    m_dialog->accept();
    m_fixture->bridge->closeProject();
    QVERIFY(!m_fixture->bridge->serving().isOn);
    QCOMPARE(m_page->findChild<Button *>(QStringLiteral("serve"))->text(), QStringLiteral("Serve..."));
}

void ServingTest::endsWithTheWindow()
{
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { (void)gate->try_acquire_for(std::chrono::milliseconds(20)); };
    switchOn();
    m_fixture->engine->askAsProgram("One");
    QTRY_COMPARE(m_fixture->bridge->currentJob().title, QStringLiteral("Answering a program"));
    m_fixture->window.reset();
    m_fixture->bridge.reset(); // comes back: the question is withdrawn
    QVERIFY(!m_fixture->bridge);
}

QTEST_MAIN(ServingTest)
#include "tst_serving.moc"
