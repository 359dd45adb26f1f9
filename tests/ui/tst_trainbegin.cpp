// What a run begins with on the Train page: afresh, or going on from an adapter.
#include "tests/ui/support/trainfixture.h"
#include "ui/frame/dialogs.h"
#include "ui/train/methodchoice.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"

#include <QApplication>
#include <QComboBox>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TrainBeginTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_trainbegin")); }
    void init();
    void cleanup();

    void goesOnFromARun();
    void anotherMethodBeginsAfresh();
    void goesOnFromAFolder();
    void standsOnTopOfARun();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] engine::TrainRequest planned() const { return m_fixture->lastPlanned(); }
    void choose(const QString &entry); // with the keyboard, as people do
    [[nodiscard]] QStringList entries() const;

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void TrainBeginTest::init()
{
    m_fixture->startTrain();
    const auto addRun = [this](std::int64_t id, const char *method, const char *recipe, const char *model, const char *adapter) {
        engine::RunInfo run;
        run.id = RunId{id};
        run.name = "Run " + std::to_string(id);
        run.method = method;
        run.state = engine::RunState::Finished;
        run.modelPath = model;
        run.recipeJson = recipe;
        run.adapter = adapter;
        m_fixture->state->runs.push_back(run);
    };
    addRun(1, "lora", R"({"method": "lora", "rank": 24})", "/models/SmolLM2-135M-Instruct", "/runs/1/adapter");
    addRun(2, "prefix", R"({"method": "prefix"})", "/models/SmolLM2-135M-Instruct", "/runs/2/adapter");
    addRun(3, "lora", R"({"method": "lora"})", "/models/another", "/runs/3/adapter");
    addRun(4, "lora", R"({"method": "lora"})", "/models/SmolLM2-135M-Instruct", "");
    addRun(5, "lora", R"({"method": "lora", "init": "pissa"})", "/models/SmolLM2-135M-Instruct", "/runs/5/adapter");
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("Ready")));
    QTRY_COMPARE(entries(), (QStringList{"Begins afresh", "Goes on from Run 2 (Prefix)", "Goes on from Run 1 (LoRA)", "On top of Run 5 (LoRA)", "On top of Run 1 (LoRA)", "Goes on from a folder..."}));
}

void TrainBeginTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

QStringList TrainBeginTest::entries() const
{
    QStringList texts;
    const auto *box = named<QComboBox>("begin");
    for (int i = 0; i < box->count(); ++i)
        texts << box->itemText(i);
    return texts;
}

void TrainBeginTest::choose(const QString &entry)
{
    auto *box = named<QComboBox>("begin");
    const int steps = box->findText(entry) - box->currentIndex();
    QVERIFY(box->findText(entry) >= 0);
    box->setFocus();
    box->showPopup();
    QWidget *list = nullptr;
    QTRY_VERIFY((list = QApplication::activePopupWidget()));
    for (int i = 0; i < std::abs(steps); ++i)
        QTest::keyClick(QApplication::focusWidget(), steps > 0 ? Qt::Key_Down : Qt::Key_Up);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
    QTRY_VERIFY(QApplication::activePopupWidget() == nullptr);
}

void TrainBeginTest::goesOnFromARun()
{
    choose(QStringLiteral("Goes on from Run 1 (LoRA)"));
    QTRY_COMPARE(planned().adapter, std::string("1"));
    // What the adapter settled is shown and cannot be changed; the rest can.
    auto *rank = named<QSpinBox>("rank");
    QTRY_COMPARE(rank->value(), 24);
    QVERIFY(!rank->isEnabled() && rank->toolTip().contains(QStringLiteral("settled")));
    QVERIFY(named<QWidget>("learningRate")->isEnabled() && named<QWidget>("epochs")->isEnabled());
    m_fixture->picture(QStringLiteral("train-goes-on"));
    // A reset brings the preset's rate, and leaves the adapter's rank.
    QTest::mouseClick(named<Button>("resetSettings"), Qt::LeftButton);
    QTRY_COMPARE(planned().recipe.real("learningRate"), 0.001);
    QCOMPARE(planned().recipe.integer("rank"), 24);
    QTRY_VERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("Ready")));
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(m_fixture->trained().front().adapter, std::string("1"));
    QCOMPARE(m_fixture->trained().front().recipe.integer("rank"), 24);
}

void TrainBeginTest::anotherMethodBeginsAfresh()
{
    choose(QStringLiteral("Goes on from Run 2 (Prefix)"));
    QTRY_COMPARE(planned().recipe.method, std::string("prefix"));
    QTest::mouseClick(named<MethodChoice>("methods")->card("lora"), Qt::LeftButton);
    QTRY_COMPARE(planned().recipe.method, std::string("lora"));
    QVERIFY(planned().adapter.empty() && named<QSpinBox>("rank")->isEnabled());
    QCOMPARE(named<QComboBox>("begin")->currentIndex(), 0);
}

void TrainBeginTest::goesOnFromAFolder()
{
    const QString folder = m_fixture->dir.filePath(QStringLiteral("house-style"));
    m_fixture->window->dialogs().setNextFileName(folder);
    choose(QStringLiteral("Goes on from a folder..."));
    QTRY_COMPARE(planned().adapter, folder.toStdString());
    QCOMPARE(named<QComboBox>("begin")->currentText(), QStringLiteral("Goes on from house-style"));
    // Cancelled: it stays as it is.
    m_fixture->window->dialogs().setNextFileName({});
    choose(QStringLiteral("Goes on from a folder..."));
    QCOMPARE(named<QComboBox>("begin")->currentText(), QStringLiteral("Goes on from house-style"));
    choose(QStringLiteral("Begins afresh"));
    QTRY_VERIFY(planned().adapter.empty());
}

// A new adapter, of any method, on a base into which the run is written.
void TrainBeginTest::standsOnTopOfARun()
{
    choose(QStringLiteral("On top of Run 5 (LoRA)"));
    QTRY_COMPARE(planned().onto, std::string("5"));
    QVERIFY(planned().adapter.empty() && named<QSpinBox>("rank")->isEnabled());
    QTest::mouseClick(named<MethodChoice>("methods")->card("prefix"), Qt::LeftButton);
    QTRY_COMPARE(planned().recipe.method, std::string("prefix"));
    QCOMPARE(planned().onto, std::string("5"));
    QCOMPARE(named<QComboBox>("begin")->currentText(), QStringLiteral("On top of Run 5 (LoRA)"));
    QTRY_VERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("Ready")));
    QTest::mouseClick(named<Button>("startRun"), Qt::LeftButton);
    QTRY_COMPARE(m_fixture->trained().size(), std::size_t(1));
    QCOMPARE(m_fixture->trained().front().onto, std::string("5"));
    // One or the other.
    m_fixture->window->openPage(QStringLiteral("train"));
    choose(QStringLiteral("Goes on from Run 1 (LoRA)"));
    QTRY_COMPARE(planned().adapter, std::string("1"));
    QVERIFY(planned().onto.empty());
}

QTEST_MAIN(TrainBeginTest)
#include "tst_trainbegin.moc"
