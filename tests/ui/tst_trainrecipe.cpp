// Recipes on the Train page: saved and loaded, copied as a command line, compared with an earlier run.
#include "tests/ui/support/trainfixture.h"
#include "core/train/commandtext.h"
#include "ui/frame/dialogs.h"
#include "ui/train/methodchoice.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/button.h"
#include "ui/widgets/segmented.h"

#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QMenu>
#include <QSpinBox>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class TrainRecipeTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<TrainFixture>(QStringLiteral("tst_trainrecipe")); }
    void init();
    void cleanup();

    void savedRecipeIsLoaded();
    void whatIsNoRecipeIsTold();
    void commandLineIsCopied();
    void earlierRunIsTheMeasure();
    void presetEndsTheComparison();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*m_page, part); }
    [[nodiscard]] train::Recipe planned() const { return m_fixture->lastPlanned().recipe; }
    void setRank(int rank);
    void choose(const QString &entry); // of the recipe's menu, or of a menu in it

    std::unique_ptr<TrainFixture> m_fixture;
    TrainPage *m_page = nullptr;
};

void TrainRecipeTest::init()
{
    m_fixture->startTrain();
    engine::RunInfo run;
    run.id = RunId{4};
    run.name = "Night run";
    run.method = "lora";
    run.state = engine::RunState::Finished;
    run.recipeJson = R"({"method": "lora", "rank": 24, "alpha": 48, "epochs": 7, "learningRate": 0.0003})";
    m_fixture->state->runs.push_back(run);
    m_page = qobject_cast<TrainPage *>(m_fixture->openPage(QStringLiteral("train")));
    QVERIFY(m_page);
    QTRY_VERIFY(isTextShown(QStringLiteral("Ready")));
}

void TrainRecipeTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

void TrainRecipeTest::setRank(int rank)
{
    auto *box = named<QSpinBox>("rank");
    TrainFixture::type(box, QString::number(rank));
    QTest::keyClick(box, Qt::Key_Return);
    QTRY_COMPARE(planned().integer("rank"), rank);
}

void TrainRecipeTest::choose(const QString &entry)
{
    QTest::mouseClick(named<Button>("recipe"), Qt::LeftButton);
    QMenu *menu = nullptr;
    QTRY_VERIFY((menu = qobject_cast<QMenu *>(QApplication::activePopupWidget())));
    QAction *found = nullptr;
    for (QAction *action : menu->actions()) {
        if (action->text() == entry)
            found = action;
        for (QAction *inner : action->menu() ? action->menu()->actions() : QList<QAction *>())
            found = inner->text() == entry ? inner : found;
    }
    QVERIFY2(found != nullptr, qPrintable(entry));
    found->trigger();
    menu->close();
}

void TrainRecipeTest::savedRecipeIsLoaded()
{
    setRank(40);
    const train::Recipe saved = planned();
    const QString file = m_fixture->dir.filePath(QStringLiteral("night.json"));
    m_fixture->window->dialogs().setNextFileName(file);
    choose(QStringLiteral("Save the recipe..."));
    QTRY_VERIFY(QFile::exists(file));
    QTRY_VERIFY(WindowFixture::isTextShown(*m_fixture->window, QStringLiteral("is written")));
    // Everything is changed, and comes back, the method too.
    QTest::mouseClick(named<MethodChoice>("methods")->card("prefix"), Qt::LeftButton);
    QTRY_COMPARE(planned().method, std::string("prefix"));
    m_fixture->window->dialogs().setNextFileName(file);
    choose(QStringLiteral("Load a recipe..."));
    QTRY_COMPARE(planned().method, std::string("lora"));
    QCOMPARE(planned().integer("rank"), 40);
    QCOMPARE(train::assignmentsOf(planned()), train::assignmentsOf(saved));
    QVERIFY(isTextShown(QStringLiteral("was 16")) && isTextShown(QStringLiteral("changed from Quick")));
}

void TrainRecipeTest::whatIsNoRecipeIsTold()
{
    const train::Recipe before = planned();
    for (const auto &[text, reason] : {std::pair{"not json", "line 1"}, std::pair{R"({"rnak": 3})", "rnak"}, std::pair{R"({"rank": 0})", "rank"}}) {
        const QString path = m_fixture->dir.filePath(QStringLiteral("bad.json"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(text);
        file.close();
        m_fixture->window->dialogs().setNextFileName(path);
        choose(QStringLiteral("Load a recipe..."));
        QTRY_VERIFY2(WindowFixture::isTextShown(*m_fixture->window, QLatin1String(reason)), text);
        for (MessageBar *bar : m_fixture->window->findChildren<MessageBar *>())
            delete bar;
    }
    QVERIFY(planned() == before);
}

void TrainRecipeTest::commandLineIsCopied()
{
    setRank(40);
    choose(QStringLiteral("Copy as command line"));
    const QString line = QGuiApplication::clipboard()->text();
    QVERIFY2(line.startsWith(QStringLiteral("fettle train --model SmolLM2-135M-Instruct --project ")), qPrintable(line));
    QVERIFY(line.contains(QStringLiteral(" --method lora ")) && line.contains(QStringLiteral(" --set rank=40")));
    QVERIFY(line.contains(QString::fromStdString(m_fixture->folder.string())) && !line.contains(QLatin1Char('\n')));
}

void TrainRecipeTest::earlierRunIsTheMeasure()
{
    choose(QStringLiteral("Night run (LoRA)"));
    QVERIFY(isTextShown(QStringLiteral("was 24")) && isTextShown(QStringLiteral("was 7")));
    QVERIFY(isTextShown(QStringLiteral("changed from Night run")));
    m_fixture->picture(QStringLiteral("recipe-against-run"));
    // Reset takes the settings of that run.
    QTest::mouseClick(named<Button>("resetSettings"), Qt::LeftButton);
    QTRY_COMPARE(planned().integer("rank"), 24);
    QCOMPARE(planned().real("epochs"), 7.0);
    QVERIFY(isTextShown(QStringLiteral("As in Night run")) && !isTextShown(QStringLiteral("was 24")));
    // With another method, what both have is compared.
    QTest::mouseClick(named<MethodChoice>("methods")->card("prefix"), Qt::LeftButton);
    QTRY_COMPARE(planned().method, std::string("prefix"));
    QCOMPARE(planned().real("epochs"), 7.0);
    QVERIFY(!isTextShown(QStringLiteral("was 7")));
}

void TrainRecipeTest::presetEndsTheComparison()
{
    choose(QStringLiteral("Night run (LoRA)"));
    QVERIFY(isTextShown(QStringLiteral("changed from Night run")));
    choose(QStringLiteral("The preset"));
    QVERIFY(!isTextShown(QStringLiteral("Night run")) && !isTextShown(QStringLiteral("changed from")));
    choose(QStringLiteral("Night run (LoRA)"));
    auto *preset = named<Segmented>("preset");
    emit preset->chosen(1);
    QTRY_VERIFY(!isTextShown(QStringLiteral("Night run")));
}

QTEST_MAIN(TrainRecipeTest)
#include "tst_trainrecipe.moc"
