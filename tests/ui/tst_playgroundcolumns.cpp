// Further columns of the Playground: added and removed by mouse and keyboard, asked together with the others, another base that says so, and
// a layout that scrolls sideways. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/ui/support/windowfixture.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/playgroundpage.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QMenu>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QTest>
#include <QTextEdit>

#include <algorithm>
#include <ranges>

using namespace fettle;
using namespace fettle::ui;

class PlaygroundColumnsTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_fixture = std::make_unique<WindowFixture>(QStringLiteral("tst_playgroundcolumns")); }
    void init();
    void cleanup();

    void columnIsAddedByKeys();
    void everyColumnIsAskedTogether();
    void anotherBaseSaysSo();
    void adapterComesFromAFolder();
    void twoAdaptersAreMixed();
    void sixAreTheMost();
    void columnIsRemoved();
    void removingStopsTheAnswers();
    void columnsScrollSideways_data();
    void columnsScrollSideways();
    void everyControlHasAName();

private:
    template <class T>
    T *named(const char *name) const { return m_page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QList<AnswerColumn *> columns() const { return m_page->findChildren<AnswerColumn *>(); }
    [[nodiscard]] QList<ColumnHead *> heads() const { return m_page->findChildren<ColumnHead *>(); }
    [[nodiscard]] QAction *action(const char *name) const;
    void add(const QString &text);
    void askAndWait(const QString &question);
    [[nodiscard]] engine::GenerateRequest asked() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->asked.empty() ? engine::GenerateRequest() : m_seen->asked.back();
    }

    struct Seen { std::mutex mutex; std::vector<engine::GenerateRequest> asked; };
    std::unique_ptr<WindowFixture> m_fixture;
    std::shared_ptr<Seen> m_seen;
    PlaygroundPage *m_page = nullptr;
};

void PlaygroundColumnsTest::init()
{
    m_fixture->start(60);
    m_seen = std::make_shared<Seen>();
    m_fixture->state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
    m_fixture->engine->beforeAnswer = [seen = m_seen](const engine::GenerateRequest &request) {
        const std::scoped_lock lock(seen->mutex);
        seen->asked.push_back(request);
    };
    m_fixture->engine->answers = {{"1", "It is important to keep the wrapper."}, {"2@100", "It is a pity."}, {"/models/stories260K", "Once upon a time."}};
    engine::Inspection adapter;
    adapter.kind = "adapter";
    adapter.name = "letters";
    adapter.path = "/adapters/letters";
    m_fixture->engine->models.push_back(adapter);
    for (int id = 1; id <= 2; ++id) {
        engine::RunInfo run;
        run.id = RunId{id};
        run.name = "Run " + std::to_string(id);
        run.state = engine::RunState::Finished;
        run.method = "lora";
        run.step = run.steps = 207;
        run.adapter = "runs/" + std::to_string(id) + "/adapter";
        m_fixture->state->runs.push_back(run);
        m_fixture->state->checkpoints[id] = {{100, "checkpoint-100", 1.5}, {207, "checkpoint-207", 1.4}};
    }
    m_page = qobject_cast<PlaygroundPage *>(m_fixture->openPage(QStringLiteral("playground")));
    QVERIFY(m_page);
    QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 4);
}

void PlaygroundColumnsTest::cleanup()
{
    m_page = nullptr;
    m_fixture->end();
}

QAction *PlaygroundColumnsTest::action(const char *name) const
{
    for (QAction *action : m_page->actions())
        if (action->objectName() == QLatin1String(name))
            return action;
    return nullptr;
}

// The action of the menu, or of a menu in it, by its text.
void PlaygroundColumnsTest::add(const QString &text)
{
    QTest::mouseClick(named<Button>("addColumn"), Qt::LeftButton);
    QMenu *menu = nullptr;
    QTRY_VERIFY((menu = qobject_cast<QMenu *>(QApplication::activePopupWidget())));
    const auto find = [&]() -> QAction * {
        for (QAction *entry : menu->actions()) {
            if (entry->text() == text)
                return entry;
            for (QAction *inner : entry->menu() ? entry->menu()->actions() : QList<QAction *>())
                if (inner->text() == text)
                    return inner;
        }
        return nullptr;
    };
    QAction *found = find();
    QVERIFY2(found != nullptr, qPrintable(text));
    found->trigger();
    menu->close();
    m_fixture->window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_fixture->window.get()));
}

void PlaygroundColumnsTest::askAndWait(const QString &question)
{
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(question);
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(columns().at(0)->isFinished() && !columns().at(0)->answer().empty() && !named<Button>("stop")->isEnabled());
}

void PlaygroundColumnsTest::columnIsAddedByKeys()
{
    QCOMPARE(columns().size(), 2);
    QTest::keyClick(m_fixture->window.get(), Qt::Key_Plus, Qt::ControlModifier);
    QMenu *menu = nullptr;
    QTRY_VERIFY((menu = qobject_cast<QMenu *>(QApplication::activePopupWidget())));
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Down);
    QTest::keyClick(menu, Qt::Key_Return);
    QTRY_COMPARE(columns().size(), 3);
    QCOMPARE(heads().at(2)->columnName(), QStringLiteral("Run 2, checkpoint 100"));
    QVERIFY(named<QPlainTextEdit>("question")->hasFocus()); // one can ask at once
    QCOMPARE(named<QPlainTextEdit>("question")->placeholderText(), QStringLiteral("Ask all columns"));
    QTest::keyClick(m_fixture->window.get(), Qt::Key_Minus, Qt::ControlModifier);
    QTRY_COMPARE(columns().size(), 2);
}

void PlaygroundColumnsTest::everyColumnIsAskedTogether()
{
    add(QStringLiteral("Run 1, step 207"));
    add(QStringLiteral("Run 2, checkpoint 100"));
    heads().at(3)->findChild<QSlider *>(QStringLiteral("strength"))->setValue(50);
    askAndWait(QStringLiteral("My dog ate chocolate."));
    const auto request = asked();
    QCOMPARE(request.columns.size(), std::size_t(4));
    QCOMPARE(request.columns[1].adapter, std::string("2"));
    QCOMPARE(request.columns[2].adapter, std::string("1"));
    QCOMPARE(request.columns[2].strength, 1.0);
    QCOMPARE(request.columns[3].adapter, std::string("2@100"));
    QCOMPARE(request.columns[3].strength, 0.5);
    QCOMPARE(named<QTextEdit>("answer3")->toPlainText(), QStringLiteral("It is important to keep the wrapper."));
    QCOMPARE(named<QTextEdit>("answer4")->toPlainText(), QStringLiteral("It is a pity."));
    // Each leaves the base where it does; the base is marked where the first of them leaves.
    QCOMPARE(columns().at(1)->divergence(), 0);
    QCOMPARE(columns().at(2)->divergence(), 4);
    QCOMPARE(columns().at(3)->divergence(), 2);
    QCOMPARE(columns().at(0)->divergence(), 0);
    for (int i = 0; i < 4; ++i)
        QVERIFY(heads().at(i)->findChild<Badge *>(QStringLiteral("adapterBadge"))->isVisible());
    QCOMPARE(heads().at(3)->findChild<Badge *>(QStringLiteral("adapterBadge"))->text(), QStringLiteral("Adapter at 50 %"));
    // A token of column 3 stands beside the base's.
    columns().at(2)->textView().setFocus();
    QTest::keyClick(&columns().at(2)->textView(), Qt::Key_Right);
    QCOMPARE(columns().at(2)->chosenToken(), std::optional(4));
    QTest::keyClick(&columns().at(1)->textView(), Qt::Key_Right);
    QVERIFY(!columns().at(2)->chosenToken()); // one place at a time
    m_fixture->picture(QStringLiteral("playground-columns"));
    m_fixture->picture(QStringLiteral("playground-columns"), true, {1024, 700});
}

void PlaygroundColumnsTest::anotherBaseSaysSo()
{
    QTRY_VERIFY(action("addColumn")->isEnabled());
    QTest::qWait(0);
    add(QStringLiteral("stories260K"));
    QTRY_COMPARE(columns().size(), 3);
    QVERIFY(!heads().at(2)->findChild<QSlider *>(QStringLiteral("strength"))->isEnabled());
    askAndWait(QStringLiteral("When do you open?"));
    const auto request = asked();
    QCOMPARE(request.columns[2].adapter, std::string("base"));
    QCOMPARE(request.columns[2].model, std::string("/models/stories260K"));
    auto *badge = heads().at(2)->findChild<Badge *>(QStringLiteral("templateBadge"));
    QVERIFY(badge->isVisible());
    QVERIFY2(badge->toolTip().contains(QStringLiteral("stories260K")) && badge->toolTip().contains(QStringLiteral("31 tokens")), qPrintable(badge->toolTip()));
    QVERIFY(!heads().at(1)->findChild<Badge *>(QStringLiteral("templateBadge"))->isVisible());
    QVERIFY(WindowFixture::isTextShown(*m_page, QStringLiteral("another base reads its own template")));
    QCOMPARE(columns().at(2)->divergence(), -1); // its words are split in another way
    QCOMPARE(heads().at(2)->findChild<Badge *>(QStringLiteral("weightBadge"))->text(), QStringLiteral("77b0 d2aa"));
    m_fixture->picture(QStringLiteral("playground-otherbase"));
}

void PlaygroundColumnsTest::adapterComesFromAFolder()
{
    m_fixture->window->dialogs().setNextFileName(QStringLiteral("/adapters/letters"));
    add(QStringLiteral("Adapter from a folder..."));
    QTRY_COMPARE(columns().size(), 3);
    QCOMPARE(heads().at(2)->columnName(), QStringLiteral("letters"));
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(asked().columns[2].adapter, std::string("/adapters/letters"));
    // What is neither is told, and adds nothing.
    m_fixture->window->dialogs().setNextFileName(QStringLiteral("/adapters/holiday"));
    add(QStringLiteral("Adapter from a folder..."));
    QTRY_VERIFY(m_fixture->window->findChild<MessageBar *>() != nullptr);
    QCOMPARE(columns().size(), 3);
    // It stays among the choices of the further columns when the runs are read anew.
    emit m_fixture->bridge->runsChanged();
    QTRY_COMPARE(heads().at(2)->findChild<QComboBox *>()->count(), 5);
    QCOMPARE(heads().at(2)->columnName(), QStringLiteral("letters"));
}

void PlaygroundColumnsTest::twoAdaptersAreMixed()
{
    ColumnHead *tuned = heads().at(1);
    const int height = tuned->height();
    QVERIFY(!tuned->findChild<QComboBox *>(QStringLiteral("secondChoice"))->isVisible());
    QTest::mouseClick(tuned->findChild<Button *>(QStringLiteral("mixAdapters")), Qt::LeftButton);
    auto *second = tuned->findChild<QComboBox *>(QStringLiteral("secondChoice"));
    QVERIFY(second->isVisible());
    QVERIFY(tuned->height() > height);
    QCOMPARE(heads().at(0)->height(), tuned->height()); // the badges of all stay on one line
    const auto edges = [tuned](const char *name) { // left and right
        const auto *widget = tuned->findChild<QWidget *>(QLatin1String(name));
        const int left = widget->mapTo(tuned, QPoint(0, 0)).x();
        return std::pair(left, left + widget->width());
    };
    QTRY_COMPARE(edges("secondChoice"), edges("adapterChoice"));
    QTRY_COMPARE(edges("secondStrength"), edges("strength"));
    second->setFocus();
    QTest::keyClick(second, Qt::Key_Down);
    QTest::keyClick(second, Qt::Key_Down);
    QCOMPARE(second->currentText(), QStringLiteral("Run 1, step 207"));
    auto *strength = tuned->findChild<QSlider *>(QStringLiteral("secondStrength"));
    strength->setFocus();
    QTest::keyClick(strength, Qt::Key_Home);
    for (int i = 0; i < 8; ++i)
        QTest::keyClick(strength, Qt::Key_Right);
    tuned->findChild<QSlider *>(QStringLiteral("strength"))->setValue(150);
    askAndWait(QStringLiteral("When do you open?"));
    const auto choice = asked().columns.at(1);
    QCOMPARE(choice.adapter, std::string("2"));
    QCOMPARE(choice.strength, 1.5);
    QCOMPARE(choice.second, std::string("1"));
    QCOMPARE(choice.secondStrength, 0.4);
    auto *badge = tuned->findChild<Badge *>(QStringLiteral("secondBadge"));
    QVERIFY(badge->isVisible());
    QCOMPARE(badge->text(), QStringLiteral("c07e 5a13 at 40 %"));
    QVERIFY(tuned->proof().contains(QStringLiteral("c07e 5a13 at 40 %")) && tuned->proof().contains(QStringLiteral("91d2 04bb at 150 %")));
    m_fixture->picture(QStringLiteral("playground-mixed"));
    m_fixture->picture(QStringLiteral("playground-mixed"), true, {1024, 700});
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    // Off again: one adapter, and the heads are as they were.
    QTest::mouseClick(tuned->findChild<Button *>(QStringLiteral("mixAdapters")), Qt::LeftButton);
    QVERIFY(!second->isVisible());
    QCOMPARE(tuned->height(), height);
    askAndWait(QStringLiteral("And now?"));
    QVERIFY(asked().columns.at(1).second.empty());
}

void PlaygroundColumnsTest::sixAreTheMost()
{
    for (int i = 0; i < 4; ++i)
        add(QStringLiteral("Run 1, step 207"));
    QCOMPARE(columns().size(), 6);
    QVERIFY(!named<Button>("addColumn")->isEnabled());
    QVERIFY(named<Button>("addColumn")->toolTip().contains(QStringLiteral("Six")));
    QVERIFY(!action("addColumn")->isEnabled());
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(asked().columns.size(), std::size_t(6));
    m_fixture->picture(QStringLiteral("playground-six"));
}

void PlaygroundColumnsTest::columnIsRemoved()
{
    add(QStringLiteral("Run 1, step 207"));
    add(QStringLiteral("Run 2, checkpoint 100"));
    askAndWait(QStringLiteral("When do you open?"));
    QTest::mouseClick(heads().at(2)->findChild<Button *>(QStringLiteral("removeColumn")), Qt::LeftButton);
    QTRY_COMPARE(columns().size(), 3);
    QCOMPARE(heads().at(2)->columnName(), QStringLiteral("Run 2, checkpoint 100"));
    QCOMPARE(named<QTextEdit>("answer4")->toPlainText(), QStringLiteral("It is a pity.")); // its answer stays
    // By key: the one that has the keyboard.
    add(QStringLiteral("Run 1, checkpoint 100"));
    QVERIFY(named<QTextEdit>("answer3"));
    columns().at(2)->textView().setFocus();
    QTest::keyClick(&columns().at(2)->textView(), Qt::Key_Minus, Qt::ControlModifier);
    QTRY_COMPARE(columns().size(), 3);
    QCOMPARE(heads().at(2)->columnName(), QStringLiteral("Run 1, checkpoint 100"));
    askAndWait(QStringLiteral("And now?"));
    QCOMPARE(asked().columns.size(), std::size_t(3));
}

void PlaygroundColumnsTest::removingStopsTheAnswers()
{
    add(QStringLiteral("Run 1, step 207"));
    m_fixture->engine->beforeToken = [gate = m_fixture->gate](int) { gate->acquire(); };
    auto *composer = named<QPlainTextEdit>("question");
    composer->setPlainText(QStringLiteral("When do you open?"));
    composer->setFocus();
    QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    m_fixture->gate->release(2);
    QTRY_COMPARE(columns().at(2)->answer().size(), std::size_t(2));
    QTest::mouseClick(heads().at(2)->findChild<Button *>(QStringLiteral("removeColumn")), Qt::LeftButton);
    QTRY_COMPARE(columns().size(), 2);
    QVERIFY(columns().at(0)->isFinished());
    m_fixture->gate->release(1000);
    askAndWait(QStringLiteral("Again?"));
    QCOMPARE(asked().columns.size(), std::size_t(2));
}

void PlaygroundColumnsTest::columnsScrollSideways_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("more");
    QTest::newRow("three in a small window") << QSize(1024, 700) << 1;
    QTest::newRow("six in a small window") << QSize(1024, 700) << 4;
    QTest::newRow("three in a large window") << QSize(1600, 1000) << 1;
    QTest::newRow("six in a large window") << QSize(1600, 1000) << 4;
}

void PlaygroundColumnsTest::columnsScrollSideways()
{
    QFETCH(QSize, size);
    QFETCH(int, more);
    m_fixture->window->resize(size);
    QTRY_COMPARE(m_fixture->window->size(), size);
    for (int i = 0; i < more; ++i)
        add(QStringLiteral("Run 1, step 207"));
    askAndWait(QStringLiteral("When do you open?"));
    QCOMPARE(m_fixture->window->size(), size);
    auto *scroll = named<QScrollArea>("columns");
    // All of it is laid out: every head stands above its answer.
    QTRY_VERIFY2(std::ranges::all_of(std::views::iota(0, 2 + more), [&](int i) {
        return std::abs(heads().at(i)->mapTo(scroll->widget(), QPoint()).x() - columns().at(i)->textView().mapTo(scroll->widget(), QPoint()).x()) <= 1;
    }), qPrintable(QStringLiteral("columns of %1 and %2").arg(heads().at(1)->width()).arg(columns().at(1)->width())));
    for (int i = 0; i < 2 + more; ++i) {
        const QWidget *head = heads().at(i)->parentWidget();
        const QWidget *answer = &columns().at(i)->textView();
        const int headLeft = heads().at(i)->mapTo(scroll->widget(), QPoint()).x(), answerLeft = answer->mapTo(scroll->widget(), QPoint()).x();
        QVERIFY2(std::abs(headLeft - answerLeft) <= 1, qPrintable(QStringLiteral("column %1: %2 and %3").arg(i).arg(headLeft).arg(answerLeft)));
        QVERIFY2(head->width() >= 360 && std::abs(head->width() - heads().at(0)->parentWidget()->width()) <= 1, qPrintable(QString::number(head->width())));
        for (const QWidget *inside : heads().at(i)->findChildren<QWidget *>()) // nothing is squeezed or lies over its neighbour
            QVERIFY2(!inside->isVisible() || inside->mapTo(heads().at(i), QPoint(inside->width(), 0)).x() <= heads().at(i)->width(), inside->metaObject()->className());
    }
    // The question stays in view wherever one looks.
    QScrollBar *bar = scroll->horizontalScrollBar();
    QTRY_COMPARE(bar->maximum() > 0, (2 + more) * 364 > scroll->viewport()->width()); // the page is laid out
    const auto *question = named<ElidedLabel>("askedQuestion");
    const auto *again = named<Button>("askAgain");
    for (const int place : {0, bar->maximum()}) {
        bar->setValue(place);
        QTRY_VERIFY(scroll->viewport()->rect().contains(QRect(question->mapTo(scroll->viewport(), QPoint()), QSize(60, question->height()))));
        QTRY_VERIFY(scroll->viewport()->rect().contains(QRect(again->mapTo(scroll->viewport(), QPoint()), again->size())));
    }
}

void PlaygroundColumnsTest::everyControlHasAName()
{
    add(QStringLiteral("Run 1, step 207"));
    askAndWait(QStringLiteral("When do you open?"));
    const auto controls = WindowFixture::controlsOf(*m_page);
    QVERIFY2(controls.unnamed.isEmpty(), controls.unnamed.constData());
    QSet<QString> reached;
    auto *composer = named<QPlainTextEdit>("question");
    composer->setFocus();
    for (int i = 0; i < 100; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        reached.insert(QApplication::focusWidget()->objectName());
        if (QApplication::focusWidget() == composer)
            break;
    }
    QCOMPARE(QApplication::focusWidget(), composer);
    for (const char *wanted : {"addColumn", "removeColumn", "answer3", "correct3"})
        QVERIFY2(reached.contains(QLatin1String(wanted)), wanted);
}

QTEST_MAIN(PlaygroundColumnsTest)
#include "tst_playgroundcolumns.moc"
