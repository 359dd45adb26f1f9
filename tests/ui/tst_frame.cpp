// The window driven with real keys and clicks: pages, command bar, messages, theme, sizes, projects.
#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/frame/commandbar.h"
#include "ui/frame/commandrow.h"
#include "ui/frame/fuzzymatch.h"
#include "ui/frame/mainwindow.h"
#include "ui/frame/rail.h"
#include "ui/frame/recentprojects.h"
#include "ui/frame/statusstrip.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/messagebar.h"

#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <semaphore>

using namespace fettle;
using namespace fettle::ui;

class FrameTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();

    void fuzzyMatches_data();
    void fuzzyMatches();
    void pagesByKey();
    void pagesThatNeedAProjectAreDimmed();
    void commandBarFindsAndRuns();
    void commandBarSaysWhyNot();
    void commandBarGivesTheKeyboardBack();
    void newProjectThroughTheDialog();
    void undoByKey();
    void errorsBecomeMessages();
    void messagesCloseAndCopy();
    void narrowWindow();
    void themeSwitches();
    void runIsShownInTheStatusStrip();
    void quittingDuringARunAsks();
    void recentProjectsAreKept();
    void everythingHasAName();

private:
    void makeWindow(bool isOpen);
    QListView *rows() { return m_window->commandBar().list(); }
    QStringList rowTexts();

    QTemporaryDir m_dir;
    std::unique_ptr<Theme> m_theme;
    FakeEngine *m_engine = nullptr;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    std::filesystem::path m_folder;
};

namespace {

// A page that needs a project, with one action, as other pages have them.
class NotesPage : public Page {
public:
    explicit NotesPage(const PageContext &pageContext) : Page(pageContext)
    {
        addPageAction(QStringLiteral("addNote"), QStringLiteral("Add a note..."), QStringLiteral("plus"), QKeySequence(QStringLiteral("Ctrl+I")),
                      QStringLiteral("Adds a note."), [this] { ++added; });
        auto *removing = addPageAction(QStringLiteral("removeNote"), QStringLiteral("Remove the note"), QStringLiteral("trash-2"), {},
                                       QStringLiteral("Removes it."), [] {});
        setActionPossible(removing, false, QStringLiteral("There is no note."));
    }
    void onShown() override { ++shown; }
    void openTarget(const QString &target) override { lastTarget = target; }
    int added = 0, shown = 0;
    QString lastTarget;
};

std::vector<PageEntry> testPages()
{
    auto pages = pageEntries();
    std::erase_if(pages, [](const PageEntry &entry) { return entry.id != QLatin1String("home") && entry.id != QLatin1String("models"); });
    pages.insert(pages.begin() + 1, PageEntry{QStringLiteral("notes"), QStringLiteral("Notes"), QStringLiteral("notebook-text"), true,
                                              [](const PageContext &context) -> Page * { return new NotesPage(context); }});
    return pages;
}

} // namespace

void FrameTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_frame"));
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    m_folder = (m_dir.path() + QStringLiteral("/Clinic.fettle")).toStdString();
    std::filesystem::create_directories(m_folder);
}

void FrameTest::init()
{
    QSettings().clear();
    makeWindow(true);
}

void FrameTest::cleanup()
{
    m_window.reset();
    m_bridge.reset();
    m_theme->apply(ThemeChoice::Light);
}

void FrameTest::makeWindow(bool isOpen)
{
    m_window.reset();
    m_bridge.reset();
    auto engine = std::make_unique<FakeEngine>();
    m_engine = engine.get();
    m_engine->addProject(m_folder, fakeRecords(40));
    m_bridge = std::make_unique<Bridge>(std::move(engine));
    m_window = std::make_unique<MainWindow>(*m_bridge, *m_theme, testPages());
    m_window->resize(1600, 1000);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    m_window->activateWindow();
    if (isOpen) {
        m_bridge->openProject(m_folder);
        QTRY_VERIFY(m_bridge->project());
    }
}

QStringList FrameTest::rowTexts()
{
    QStringList texts;
    for (int i = 0; i < rows()->model()->rowCount(); ++i)
        texts.append(rows()->model()->index(i, 0).data().toString());
    return texts;
}

void FrameTest::fuzzyMatches_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("matches");
    QTest::addColumn<QList<int>>("positions");
    QTest::newRow("run of letters") << "snap" << "Freeze snapshot" << true << QList<int>{7, 8, 9, 10};
    QTest::newRow("scattered") << "np" << "New project" << true << QList<int>{0, 4};
    QTest::newRow("case") << "NEW" << "new" << true << QList<int>{0, 1, 2};
    QTest::newRow("accent") << "cafe" << QString::fromUtf8("Café") << true << QList<int>{0, 1, 2, 3};
    QTest::newRow("wrong order") << "wn" << "new" << false << QList<int>{};
    QTest::newRow("nothing wanted") << "" << "text" << true << QList<int>{};
    QTest::newRow("too long") << "abc" << "ab" << false << QList<int>{};
    QTest::newRow("prefers word starts") << "op" << "Stop or open" << true << QList<int>{8, 9};
}

void FrameTest::fuzzyMatches()
{
    QFETCH(QString, pattern);
    QFETCH(QString, text);
    QFETCH(bool, matches);
    QFETCH(QList<int>, positions);
    const auto match = fuzzyMatch(pattern, text);
    QCOMPARE(match.has_value(), matches);
    if (match)
        QCOMPARE(match->positions, positions);
}

void FrameTest::pagesByKey()
{
    QCOMPARE(m_window->currentPageId(), QStringLiteral("home"));
    m_window->findChild<Rail *>()->button(0)->setFocus(Qt::TabFocusReason);
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(m_window->currentPageId(), QStringLiteral("notes"));
    auto *notes = static_cast<NotesPage *>(m_window->page(QStringLiteral("notes")));
    QCOMPARE(notes->shown, 1);
    // Its keys work at once, without a click into it.
    QVERIFY(QApplication::focusWidget() && (notes == QApplication::focusWidget() || notes->isAncestorOf(QApplication::focusWidget())));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_I, Qt::ControlModifier);
    QCOMPARE(notes->added, 1);
    QTest::keyClick(m_window.get(), Qt::Key_3, Qt::ControlModifier);
    QCOMPARE(m_window->currentPageId(), QStringLiteral("models"));
    QTest::mouseClick(m_window->findChild<Rail *>()->button(0), Qt::LeftButton);
    QCOMPARE(m_window->currentPageId(), QStringLiteral("home"));
    m_window->openPage(QStringLiteral("notes"), QStringLiteral("note 3"));
    QCOMPARE(notes->lastTarget, QStringLiteral("note 3"));
    m_window->openPage(QStringLiteral("no-such-page"));
    QCOMPARE(m_window->currentPageId(), QStringLiteral("notes"));
}

void FrameTest::pagesThatNeedAProjectAreDimmed()
{
    QVERIFY(m_window->findChild<Rail *>()->button(1)->isEnabled());
    m_window->openPage(QStringLiteral("notes"));
    m_bridge->closeProject();
    QVERIFY(!m_window->findChild<Rail *>()->button(1)->isEnabled());
    QCOMPARE(m_window->currentPageId(), QStringLiteral("home"));
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(m_window->currentPageId(), QStringLiteral("home"));
}

void FrameTest::commandBarFindsAndRuns()
{
    auto *notes = static_cast<NotesPage *>(m_window->page(QStringLiteral("notes")));
    QTest::keyClick(m_window.get(), Qt::Key_K, Qt::ControlModifier);
    QVERIFY(m_window->commandBar().isVisible());
    QCOMPARE(QApplication::focusWidget(), m_window->commandBar().field());
    QTest::keyClicks(m_window->commandBar().field(), QStringLiteral("add note"));
    QVERIFY(rowTexts().contains(QStringLiteral("Add a note...")));
    QCOMPARE(rows()->currentIndex().data().toString(), QStringLiteral("Add a note..."));
    QTest::keyClick(m_window->commandBar().field(), Qt::Key_Return);
    QVERIFY(!m_window->commandBar().isVisible());
    QCOMPARE(m_window->currentPageId(), QStringLiteral("notes")); // where the action lives
    QCOMPARE(notes->added, 1);
}

void FrameTest::commandBarSaysWhyNot()
{
    [[maybe_unused]] const Page *made = m_window->page(QStringLiteral("notes"));
    m_window->windowAction(QStringLiteral("commandBar"))->trigger();
    QTest::keyClicks(m_window->commandBar().field(), QStringLiteral("remove"));
    QVERIFY(rowTexts().contains(QStringLiteral("Remove the note")));
    for (int i = 0; i < rows()->model()->rowCount(); ++i) {
        const QModelIndex row = rows()->model()->index(i, 0);
        if (row.data().toString() == QLatin1String("Remove the note"))
            QCOMPARE(row.data(ReasonRole).toString(), QStringLiteral("There is no note."));
    }
    QTest::keyClick(m_window->commandBar().field(), Qt::Key_Return);
    QVERIFY(m_window->commandBar().isVisible()); // nothing happened
    QTest::keyClick(m_window->commandBar().field(), Qt::Key_Escape);
    QVERIFY(!m_window->commandBar().isVisible());
}

void FrameTest::commandBarGivesTheKeyboardBack()
{
    m_window->openPage(QStringLiteral("models"));
    auto *search = m_window->page(QStringLiteral("models"))->findChild<QLineEdit *>();
    search->setFocus();
    m_window->windowAction(QStringLiteral("commandBar"))->trigger();
    QVERIFY(!search->hasFocus());
    QTest::keyClick(m_window->commandBar().field(), Qt::Key_Escape);
    QVERIFY(search->hasFocus());
}

void FrameTest::newProjectThroughTheDialog()
{
    m_window->dialogs().setNextFileName(m_dir.path() + QStringLiteral("/Fresh"));
    QTest::keyClick(m_window.get(), Qt::Key_N, Qt::ControlModifier);
    QTRY_COMPARE(QString::fromStdString(m_bridge->project() ? m_bridge->project()->name() : ""), QStringLiteral("Fresh"));
    QVERIFY(m_window->windowTitle().startsWith(QStringLiteral("Fresh")));
    // The same name again is refused with a message, and the window stays usable.
    m_window->dialogs().setNextFileName(m_dir.path() + QStringLiteral("/Fresh"));
    QTest::keyClick(m_window.get(), Qt::Key_N, Qt::ControlModifier);
    QTRY_VERIFY(m_window->findChild<MessageBar *>());
}

void FrameTest::undoByKey()
{
    QVERIFY(!m_window->windowAction(QStringLiteral("undo"))->isEnabled());
    m_bridge->setStatus({RecordId{5}}, data::RecordStatus::Rejected);
    QTRY_VERIFY(m_window->windowAction(QStringLiteral("undo"))->isEnabled());
    QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
    QTRY_VERIFY(m_window->windowAction(QStringLiteral("redo"))->isEnabled());
    QCOMPARE(m_bridge->project()->record(RecordId{5})->status, data::RecordStatus::New);
    FakeProjectState &state = static_cast<const FakeProject *>(m_bridge->project())->state();
    const std::lock_guard lock(state.mutex);
    QVERIFY(!state.undoReaders.empty() && !state.undoReaders.contains(std::this_thread::get_id())); // the window does not wait for the database
}

void FrameTest::errorsBecomeMessages()
{
    emit m_bridge->errorOccurred(Error{ErrorCode::DiskFull, "The disk is full.", "Free 1.4 GB.", "ENOSPC"});
    auto *bar = m_window->findChild<MessageBar *>();
    QVERIFY(bar);
    QCOMPARE(bar->message().what, QStringLiteral("The disk is full."));
    QCOMPARE(bar->message().tone, MessageTone::Bad);
    emit m_bridge->errorOccurred(Error{ErrorCode::DiskFull, "The disk is full.", "Free 1.4 GB.", "ENOSPC"});
    QCOMPARE(m_window->findChildren<MessageBar *>().size(), 1); // not twice
    for (int i = 0; i < 6; ++i)
        emit m_bridge->errorOccurred(Error{ErrorCode::BadInput, "Error " + std::to_string(i) + ".", {}, {}});
    QVERIFY(m_window->findChildren<MessageBar *>().size() <= 3);
}

void FrameTest::messagesCloseAndCopy()
{
    bool isDone = false;
    m_window->showMessage({MessageTone::Warning, QStringLiteral("Six contradictions."), QStringLiteral("Settle them."), QStringLiteral("detail"),
                           QStringLiteral("Settle"), [&] { isDone = true; }});
    auto *bar = m_window->findChild<MessageBar *>();
    QVERIFY(bar);
    for (auto *button : bar->findChildren<Button *>()) {
        if (button->text() == QLatin1String("Settle") || button->text() == QLatin1String("Copy"))
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QVERIFY(isDone);
    QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("Six contradictions.\nSettle them.\ndetail"));
    for (auto *button : bar->findChildren<Button *>()) {
        if (button->accessibleName() == QLatin1String("Close this message"))
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_VERIFY(!m_window->findChild<MessageBar *>());
}

void FrameTest::narrowWindow()
{
    m_window->resize(1600, 1000);
    QTRY_COMPARE(m_window->findChild<Rail *>()->width(), 72);
    m_window->resize(1024, 700);
    QTRY_COMPARE(m_window->findChild<Rail *>()->width(), 48);
    QCOMPARE(m_window->width(), 1024); // nothing inside forces it wider
    QCOMPARE(m_window->height(), 700);
}

void FrameTest::themeSwitches()
{
    m_window->windowAction(QStringLiteral("themeDark"))->trigger();
    QCOMPARE(tokens().scheme, Scheme::Dark);
    QCOMPARE(MainWindow::storedThemeChoice(), ThemeChoice::Dark);
    m_window->windowAction(QStringLiteral("themeLight"))->trigger();
    QCOMPARE(tokens().scheme, Scheme::Light);
}

void FrameTest::runIsShownInTheStatusStrip()
{
    std::counting_semaphore<1000> gate(5);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    engine::TrainRequest request;
    request.recipe.method = "lora";
    m_bridge->startRun(request);
    QTRY_VERIFY(m_bridge->currentJob().share > 0);
    auto *strip = m_window->findChild<StatusStrip *>();
    QStringList texts;
    for (auto *label : strip->findChildren<QLabel *>()) {
        if (label->isVisible())
            texts.append(label->text());
    }
    QVERIFY2(texts.contains(QStringLiteral("Run 1")), qPrintable(texts.join(QLatin1Char('|'))));
    QVERIFY(texts.contains(QStringLiteral("LoRA")));
    QVERIFY(texts.contains(QStringLiteral("541 tokens/s")));
    QTest::mouseClick(strip->findChild<Button *>(), Qt::LeftButton); // pause
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
    QCOMPARE(m_bridge->project()->run(RunId{1})->state, engine::RunState::Paused);
}

void FrameTest::quittingDuringARunAsks()
{
    std::counting_semaphore<1000> gate(1);
    m_engine->beforeStep = [&](int) { gate.acquire(); };
    engine::TrainRequest request;
    request.recipe.method = "lora";
    m_bridge->startRun(request);
    QTRY_VERIFY(m_bridge->isRunActive());
    m_window->dialogs().setNextAnswer(1); // stay
    QVERIFY(!m_window->close());
    QVERIFY(m_window->dialogs().lastQuestion().has_value());
    gate.release(500);
    QTRY_VERIFY(!m_bridge->isRunActive());
}

void FrameTest::recentProjectsAreKept()
{
    const auto recent = recentProjects();
    QCOMPARE(recent.size(), 1);
    QCOMPARE(recent.first().name, QStringLiteral("Clinic"));
    QVERIFY(recent.first().exists);
    forgetProject(recent.first().folder);
    QVERIFY(recentProjects().isEmpty());
}

void FrameTest::everythingHasAName()
{
    for (const QString &id : {QStringLiteral("home"), QStringLiteral("models")}) {
        m_window->openPage(id);
        for (auto *button : m_window->findChildren<QAbstractButton *>()) {
            if (!button->isVisible() || qobject_cast<QLineEdit *>(button->parentWidget()))
                continue; // the sign inside a search field belongs to the field
            QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(),
                     qPrintable(QStringLiteral("a %1 on %2 has no name").arg(QString::fromLatin1(button->metaObject()->className()), id)));
        }
    }
}

QTEST_MAIN(FrameTest)
#include "tst_frame.moc"
