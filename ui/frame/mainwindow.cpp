// Layout, pages and wiring; the actions are in mainactions.cpp. See mainwindow.h.
#include "ui/frame/mainwindow.h"

#include "ui/frame/commandbar.h"
#include "ui/frame/englishplurals.h"
#include "ui/frame/modelname.h"
#include "ui/frame/rail.h"
#include "ui/frame/recentprojects.h"
#include "ui/frame/statusstrip.h"
#include "ui/frame/topbar.h"

#include <QCloseEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QSettings>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kMostMessages = 3;

} // namespace

MainWindow::MainWindow(Bridge &bridge, Theme &theme, QWidget *parent) : MainWindow(bridge, theme, pageEntries(), parent) {}

MainWindow::MainWindow(Bridge &bridge, Theme &theme, std::vector<PageEntry> pages, QWidget *parent)
    : QMainWindow(parent), m_bridge(bridge), m_theme(theme), m_entries(std::move(pages)), m_pages(m_entries.size(), nullptr),
      m_context{bridge,
                m_dialogs,
                theme,
                [this](Message message) { showMessage(std::move(message)); },
                [this](const QString &id, const QString &target) { openPage(id, target); },
                [this](const QString &name) { return windowAction(name); }}
{
    installEnglishPlurals();
    setupActions();
    setupLayout();
    setupMenus();
    connectBridge();
    setMinimumSize(900, 600);
    resize(1600, 1000);
    restoreGeometry(QSettings().value(QStringLiteral("window/geometry")).toByteArray());
    projectSwitched();
    openPage(m_entries.empty() ? QString() : m_entries.front().id);
}

MainWindow::~MainWindow() = default;

void MainWindow::setupLayout()
{
    auto *central = new QWidget;
    auto *columns = new QHBoxLayout(central);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    m_rail = new Rail;
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const PageEntry &entry = m_entries[i];
        m_rail->addPage(entry.title, entry.iconName, tr("%1  (Ctrl+%2)").arg(entry.title).arg(i + 1));
    }
    connect(m_rail, &Rail::chosen, this, &MainWindow::showPage);
    columns->addWidget(m_rail);

    auto *rows = new QVBoxLayout;
    rows->setSpacing(0);
    m_topBar = new TopBar(m_actions[QStringLiteral("undo")], m_actions[QStringLiteral("redo")], m_actions[QStringLiteral("commandBar")],
                          m_actions[QStringLiteral("help")]);
    connect(m_topBar, &TopBar::modelClicked, this, [this] { openPage(QStringLiteral("models")); });
    m_messages = new QVBoxLayout;
    m_messages->setSpacing(0);
    m_stack = new QStackedWidget;
    m_status = new StatusStrip(m_bridge);
    connect(m_status, &StatusStrip::jobClicked, this, [this] {
        const JobInfo &job = m_bridge.currentJob();
        if (job.kind == JobInfo::Kind::Run)
            openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(m_bridge.activeRun().value));
    });
    rows->addWidget(m_topBar);
    rows->addLayout(m_messages);
    rows->addWidget(m_stack, 1);
    rows->addWidget(m_status);
    columns->addLayout(rows, 1);
    setCentralWidget(central);

    m_commandBar = new CommandBar(this);
    m_commandBar->hide();
}

void MainWindow::connectBridge()
{
    connect(&m_bridge, &Bridge::projectOpened, this, &MainWindow::projectSwitched);
    connect(&m_bridge, &Bridge::projectClosed, this, &MainWindow::projectSwitched);
    connect(&m_bridge, &Bridge::undoChanged, this, &MainWindow::updateActions);
    connect(&m_bridge, &Bridge::settingsChanged, this, &MainWindow::updateModelChip);
    connect(&m_bridge, &Bridge::errorOccurred, this, [this](const Error &error) {
        // The Runs page shows the failure of a run itself, with the way back.
        const bool isFailedRun = m_bridge.activeRunInfo().id.isValid() && m_bridge.activeRunInfo().state == engine::RunState::Failed;
        if (!isFailedRun || currentPageId() != QLatin1String("runs"))
            showMessage(messageOf(error));
    });
    // With every step of a run: asks the project nothing.
    const auto showActivity = [this] {
        const int runs = indexOf(QStringLiteral("runs"));
        if (runs >= 0)
            m_rail->setPageActive(runs, m_bridge.isRunActive());
        const bool hasProject = m_bridge.project() != nullptr;
        setActionPossible(m_actions[QStringLiteral("closeProject")], hasProject && !m_bridge.isRunActive(),
                          hasProject ? tr("A run is learning. Pause or stop it first.") : tr("No project is open."));
        setActionPossible(m_actions[QStringLiteral("pauseRun")], m_bridge.isRunActive(), tr("No run is going on."));
    };
    for (const auto signal : {&Bridge::jobChanged, &Bridge::projectOpened, &Bridge::projectClosed})
        connect(&m_bridge, signal, this, showActivity);
    connect(&m_bridge, &Bridge::runEnded, this, showActivity);
    showActivity();
}

int MainWindow::indexOf(const QString &id) const
{
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        if (m_entries[i].id == id)
            return int(i);
    }
    return -1;
}

QString MainWindow::currentPageId() const
{
    return m_current >= 0 ? m_entries[std::size_t(m_current)].id : QString();
}

Page *MainWindow::page(const QString &id)
{
    const int index = indexOf(id);
    if (index < 0)
        return nullptr;
    Page *&page = m_pages[std::size_t(index)];
    if (!page) {
        page = m_entries[std::size_t(index)].make(m_context);
        page->setObjectName(id);
        page->setAccessibleName(m_entries[std::size_t(index)].title);
        m_stack->addWidget(page);
        connect(page, &Page::activityChanged, this, [this, index](bool isActive) { m_rail->setPageActive(index, isActive); });
        page->setProject();
    }
    return page;
}

void MainWindow::openPage(const QString &id, const QString &target)
{
    const int index = indexOf(id);
    if (index < 0 || !m_rail->button(index)->isEnabled())
        return;
    showPage(index);
    if (!target.isEmpty())
        page(id)->openTarget(target);
}

void MainWindow::comeForward(RunId run)
{
    setWindowState((windowState() & ~Qt::WindowMinimized) | Qt::WindowActive);
    show();
    raise();
    activateWindow();
    if (run.isValid())
        openPage(QStringLiteral("runs"), QStringLiteral("run %1").arg(run.value));
}

void MainWindow::showPage(int index)
{
    Page *shown = page(m_entries[std::size_t(index)].id);
    m_rail->setCurrent(index);
    m_stack->setCurrentWidget(shown);
    const bool isNew = index != m_current;
    m_current = index;
    if (!isNew)
        return;
    // A page's keys work while the keyboard is in it: where it was last, or in the page as a whole.
    QWidget *before = shown->focusWidget();
    (before ? before : shown)->setFocus(Qt::OtherFocusReason);
    shown->onShown();
}

void MainWindow::makeRemainingPages()
{
    // One for each turn of the event loop, so that the window answers in between. The command bar then knows their actions.
    for (const PageEntry &entry : m_entries) {
        if (m_pages[std::size_t(indexOf(entry.id))])
            continue;
        [[maybe_unused]] const Page *made = page(entry.id);
        QTimer::singleShot(0, this, &MainWindow::makeRemainingPages);
        return;
    }
}

void MainWindow::start(const StartWish &wish)
{
    QTimer::singleShot(0, this, [this, wish] {
        QString chosen = wish.folder;
        if (wish.isSample) {
            startSample();
        } else if (chosen.isEmpty()) {
            for (const RecentProject &recent : recentProjects()) {
                if (recent.exists) {
                    chosen = recent.folder;
                    break;
                }
            }
        }
        if (!chosen.isEmpty())
            openProjectFolder(chosen);
        QTimer::singleShot(0, this, &MainWindow::makeRemainingPages);
    });
}

void MainWindow::projectSwitched()
{
    const ProjectApi *project = m_bridge.project();
    const QString name = project ? QString::fromStdString(project->name()) : QString();
    m_topBar->setProjectName(name);
    setWindowTitle(name.isEmpty() ? tr("Fettle") : tr("%1 - Fettle").arg(name));
    for (std::size_t i = 0; i < m_entries.size(); ++i)
        m_rail->setPageEnabled(int(i), project || !m_entries[i].needsProject);
    if (project)
        rememberProject(QString::fromStdString(project->folder().string()), name);
    else if (m_current >= 0 && m_entries[std::size_t(m_current)].needsProject)
        showPage(0);
    for (Page *page : m_pages) {
        if (page)
            page->setProject();
    }
    updateModelChip();
    updateActions();
}

void MainWindow::updateModelChip()
{
    const QString model = QString::fromStdString(m_bridge.baseModel());
    readModelName(m_bridge, this, "modelChip", [this, model](const QString &name) { m_topBar->setModel(name, tr("Base model: %1").arg(model)); });
}

void MainWindow::showMessage(Message message)
{
    // The same message twice in a row is shown once.
    for (int i = 0; i < m_messages->count(); ++i) {
        auto *bar = qobject_cast<MessageBar *>(m_messages->itemAt(i)->widget());
        if (bar && bar->message().what == message.what && bar->message().remedy == message.remedy)
            return;
    }
    auto *bar = new MessageBar(std::move(message));
    connect(bar, &MessageBar::closed, bar, &QObject::deleteLater);
    m_messages->insertWidget(0, bar);
    while (m_messages->count() > kMostMessages)
        delete m_messages->itemAt(m_messages->count() - 1)->widget();
}

void MainWindow::resizeEvent(QResizeEvent *event)
{
    const bool isNarrow = width() < kNarrowBelow;
    m_rail->setNarrow(isNarrow);
    m_topBar->setNarrow(isNarrow);
    m_status->setNarrow(isNarrow);
    m_commandBar->placeOver(m_topBar->commandField());
    QMainWindow::resizeEvent(event);
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (m_bridge.isRunActive()) {
        const int answer = m_dialogs.ask(this, {tr("%1 is still learning.").arg(QString::fromStdString(m_bridge.activeRunInfo().name)),
                                               tr("It can be paused now and goes on exactly there at the next start."),
                                               {tr("Pause and quit"), tr("Stay")}});
        if (answer != 0) {
            event->ignore();
            return;
        }
    }
    QSettings().setValue(QStringLiteral("window/geometry"), saveGeometry());
    QMainWindow::closeEvent(event);
}

} // namespace fettle::ui
