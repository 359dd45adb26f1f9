// Home and Models with real clicks: first start, stages, what waits, before and after, the list of models.
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/frame/mainwindow.h"
#include "ui/home/beforeafter.h"
#include "ui/home/firststart.h"
#include "ui/home/homefacts.h"
#include "ui/home/overview.h"
#include "ui/home/projectrow.h"
#include "ui/home/resultstable.h"
#include "ui/home/stages.h"
#include "ui/home/waitslist.h"
#include "ui/models/modeldetail.h"
#include "ui/models/modeltable.h"
#include "ui/models/unusablerow.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class HomeTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void firstStartOffersThreeWays();
    void stagesSayWhatIs();
    void waitingThingsAreSorted();
    void beforeAndAfterIsAskedAndKept();
    void resultsAreSorted();
    void modelsAreListed();
    void modelBecomesTheBase();
    void modelIsAdded();
    void unusableModelSaysWhy();

private:
    void makeWindow(bool isOpen);
    template <class T>
    T *find() const { return m_window->findChild<T *>(); }
    Button *button(QWidget *in, const QString &text) const;
    QStringList texts(QWidget *in) const;

    QTemporaryDir m_dir;
    std::unique_ptr<Theme> m_theme;
    std::filesystem::path m_folder;
    FakeEngine *m_engine = nullptr;
    std::shared_ptr<FakeProjectState> m_state;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
};

namespace {

engine::RunInfo run(int id, engine::RunState state, std::optional<double> loss)
{
    engine::RunInfo info;
    info.id = RunId{id};
    info.name = "Run " + std::to_string(id);
    info.method = "lora";
    info.state = state;
    info.evalLoss = loss;
    info.steps = info.step = 60;
    info.seconds = 240;
    info.started = "2024-05-14T14:21:00";
    info.adapter = loss ? "runs/adapter" : "";
    return info;
}

} // namespace

void HomeTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_home"));
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    m_folder = (m_dir.path() + QStringLiteral("/Clinic.fettle")).toStdString();
    std::filesystem::create_directories(m_folder);
}

void HomeTest::init()
{
    QSettings().clear();
    auto engine = std::make_unique<FakeEngine>();
    m_engine = engine.get();
    m_state = m_engine->addProject(m_folder, fakeRecords(40));
    m_bridge = std::make_unique<Bridge>(std::move(engine));
}

void HomeTest::cleanup()
{
    m_window.reset();
    m_bridge.reset();
}

void HomeTest::makeWindow(bool isOpen)
{
    m_window = std::make_unique<MainWindow>(*m_bridge, *m_theme);
    m_window->resize(1600, 1000);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    if (isOpen) {
        m_bridge->openProject(m_folder);
        QTRY_VERIFY(m_bridge->project());
    }
}

Button *HomeTest::button(QWidget *in, const QString &text) const
{
    for (auto *candidate : in->findChildren<Button *>()) {
        if (candidate->text() == text && candidate->isVisible())
            return candidate;
    }
    return nullptr;
}

QStringList HomeTest::texts(QWidget *in) const
{
    QStringList list;
    for (auto *label : in->findChildren<QLabel *>())
        list.append(label->text());
    for (auto *label : in->findChildren<ElidedLabel *>())
        list.append(label->text());
    return list;
}

void HomeTest::firstStartOffersThreeWays()
{
    makeWindow(false);
    auto *first = find<FirstStart>();
    QVERIFY(first->isVisible());
    QTRY_VERIFY(texts(first).contains(QStringLiteral("Memory")));
    QVERIFY(button(first, QStringLiteral("Start the sample")));
    m_window->dialogs().setNextFileName(QString::fromStdString(m_folder.string()));
    QTest::mouseClick(button(first, QStringLiteral("Open...")), Qt::LeftButton);
    QTRY_VERIFY(m_bridge->project());
    QVERIFY(!first->isVisible());
    QVERIFY(find<Overview>()->isVisible());
}

void HomeTest::stagesSayWhatIs()
{
    makeWindow(true);
    auto *stages = find<StageRow>();
    QTRY_VERIFY(texts(stages->data()).contains(QStringLiteral("32 of 40")));
    QVERIFY(texts(stages->data()).contains(QStringLiteral("records approved, 8 wait for review")));
    QVERIFY(texts(stages->train()).contains(QStringLiteral("No run yet")));
    m_bridge->setStatus({RecordId{5}}, data::RecordStatus::Approved);
    QTRY_VERIFY(texts(stages->data()).contains(QStringLiteral("33 of 40"))); // follows without a click
    engine::TrainRequest request;
    request.recipe.method = "lora";
    m_bridge->startRun(request);
    QTRY_VERIFY(texts(stages->train()).contains(QStringLiteral("Run 1 finished")));
    QVERIFY(texts(stages->compare()).contains(QStringLiteral("Base and run 1")));
}

void HomeTest::waitingThingsAreSorted()
{
    makeWindow(true);
    auto *waits = find<WaitsList>();
    QTRY_VERIFY(waits->isVisible());
    QVERIFY(texts(waits).contains(QStringLiteral("2 contradictions")));
    HomeFacts facts;
    QVERIFY(waitingThings(facts).empty());
    facts.runs = {run(1, engine::RunState::Finished, 1.4), run(2, engine::RunState::Interrupted, {})};
    QCOMPARE(waitingThings(facts).front().resume, RunId{2});
    facts.runs.push_back(run(3, engine::RunState::Finished, 1.3)); // what came before is history
    QVERIFY(waitingThings(facts).empty());
}

void HomeTest::beforeAndAfterIsAskedAndKept()
{
    m_engine->answers = {{"base", "It is important to ask."}, {"1", "Ring us now."}};
    m_state->runs.push_back(run(1, engine::RunState::Finished, 1.4));
    makeWindow(true);
    auto *answers = find<BeforeAfter>();
    QTRY_VERIFY(answers->isVisible());
    QTRY_VERIFY(button(answers, QStringLiteral("Ask both")));
    QTest::mouseClick(button(answers, QStringLiteral("Ask both")), Qt::LeftButton);
    QTRY_VERIFY(texts(answers).contains(QStringLiteral("Ring us now.")));
    QVERIFY(texts(answers).contains(QStringLiteral("It is important to ask.")));
    QTRY_VERIFY(m_state->settings.contains("homeAnswers"));
    // A new window shows them without asking.
    m_window.reset();
    makeWindow(false);
    QTRY_VERIFY(texts(find<BeforeAfter>()).contains(QStringLiteral("Ring us now.")));
}

void HomeTest::resultsAreSorted()
{
    HomeFacts facts;
    facts.runs = {run(1, engine::RunState::Finished, 1.6), run(2, engine::RunState::Failed, {}), run(3, engine::RunState::Finished, 1.4)};
    const auto results = resultsByLoss(facts);
    QCOMPARE(results.size(), std::size_t(2));
    QCOMPARE(results.front().id, RunId{3});
    m_state->runs = facts.runs;
    makeWindow(true);
    QTRY_VERIFY(find<ResultsTable>()->isVisible());
}

void HomeTest::modelsAreListed()
{
    makeWindow(true);
    m_window->openPage(QStringLiteral("models"));
    auto *table = find<ModelTable>();
    QAbstractItemModelTester tester(table);
    QTRY_COMPARE(table->rowCount(), 3);
    QCOMPARE(m_window->findChildren<UnusableRow *>().size(), 2);
    auto *detail = find<ModelDetail>();
    QTRY_VERIFY(detail->isVisible());
    QVERIFY(texts(detail).contains(QStringLiteral("SmolLM2-135M-Instruct")));
    QVERIFY(texts(detail).contains(QStringLiteral("9, with 3 for keys and values")));
    auto *search = m_window->page(QStringLiteral("models"))->findChild<QLineEdit *>();
    QTest::keyClicks(search, QStringLiteral("360"));
    QCOMPARE(table->rowCount(), 1);
    QVERIFY(texts(detail).contains(QStringLiteral("SmolLM2-360M-Instruct")));
}

void HomeTest::modelBecomesTheBase()
{
    makeWindow(true);
    m_window->openPage(QStringLiteral("models"));
    auto *table = find<ModelTable>();
    QTRY_COMPARE(table->rowCount(), 3);
    m_window->page(QStringLiteral("models"))->findChild<QTableView *>()->selectRow(1);
    QTest::mouseClick(button(find<ModelDetail>(), QStringLiteral("Train this model")), Qt::LeftButton);
    QTRY_COMPARE(QString::fromStdString(m_bridge->baseModel()), QStringLiteral("/models/SmolLM2-360M-Instruct"));
    QTRY_VERIFY(table->index(1, 0).data(ModelTable::InUseRole).toBool());
}

void HomeTest::modelIsAdded()
{
    makeWindow(false);
    m_window->openPage(QStringLiteral("models"));
    auto *table = find<ModelTable>();
    QTRY_COMPARE(table->rowCount(), 3);
    auto other = m_engine->models.front();
    other.name = "tiny";
    other.path = "/elsewhere/tiny";
    m_engine->models.push_back(other);
    m_window->dialogs().setNextFileName(QStringLiteral("/elsewhere/tiny"));
    QTest::mouseClick(button(m_window->page(QStringLiteral("models")), QStringLiteral("Add folder...")), Qt::LeftButton);
    QTRY_COMPARE(table->rowCount(), 4);
    QVERIFY(QSettings().value(QStringLiteral("models/added")).toStringList().contains(QStringLiteral("/elsewhere/tiny")));
    QVERIFY(!button(find<ModelDetail>(), QStringLiteral("Train this model"))->isEnabled()); // no project is open
}

void HomeTest::unusableModelSaysWhy()
{
    makeWindow(true);
    m_window->openPage(QStringLiteral("models"));
    QTRY_COMPARE(m_window->findChildren<UnusableRow *>().size(), 2);
    QTest::mouseClick(m_window->findChildren<UnusableRow *>().first()->findChild<Link *>(), Qt::LeftButton);
    QVERIFY(texts(find<ModelDetail>()).join(QLatin1Char(' ')).contains(QStringLiteral("Shard 1 ends early")));
    QVERIFY(!button(find<ModelDetail>(), QStringLiteral("Train this model"))->isEnabled());
}

QTEST_MAIN(HomeTest)
#include "tst_home.moc"
