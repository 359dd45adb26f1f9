// The actions and menus of the window itself. See mainwindow.h.
#include "ui/desktop/runwatch.h"
#include "ui/frame/commandbar.h"
#include "ui/frame/mainwindow.h"
#include "ui/frame/rail.h"
#include "ui/frame/recentprojects.h"
#include "ui/frame/topbar.h"

#include <QActionGroup>
#include <QApplication>
#include <QDir>
#include <QFileInfo>
#include <QMenu>
#include <QSettings>
#include <QStandardPaths>

namespace fettle::ui {

namespace {

const auto kThemeKey = QStringLiteral("window/theme");

std::filesystem::path pathOf(const QString &text)
{
    return std::filesystem::path(text.toStdString());
}

} // namespace

ThemeChoice MainWindow::storedThemeChoice()
{
    const QString stored = QSettings().value(kThemeKey).toString();
    return stored == QLatin1String("dark") ? ThemeChoice::Dark : stored == QLatin1String("light") ? ThemeChoice::Light : ThemeChoice::System;
}

void MainWindow::applyTheme(ThemeChoice choice)
{
    m_theme.apply(choice);
    QSettings().setValue(kThemeKey, choice == ThemeChoice::Dark ? QStringLiteral("dark")
                             : choice == ThemeChoice::Light     ? QStringLiteral("light")
                                                                : QStringLiteral("system"));
}

QAction *MainWindow::addWindowAction(const QString &name, const QString &text, const QString &iconName, const QKeySequence &keys,
                                     const QString &help, std::function<void()> does)
{
    QAction *action = makeAction(this, name, text, iconName, keys, help);
    connect(action, &QAction::triggered, this, [does = std::move(does)] { does(); });
    addAction(action);
    m_actions.insert(name, action);
    return action;
}

void MainWindow::setupActions()
{
    addWindowAction(QStringLiteral("newProject"), tr("New project..."), QStringLiteral("plus"), QKeySequence::New,
                    tr("Begins with your own questions and answers."), [this] { newProject(); });
    addWindowAction(QStringLiteral("openProject"), tr("Open project..."), QStringLiteral("folder-open"), QKeySequence::Open,
                    tr("Continues in a project folder from this or another computer."), [this] { chooseProject(); });
    addWindowAction(QStringLiteral("startSample"), tr("Start the guided sample"), QStringLiteral("route"), {},
                    tr("Makes the sample project and shows its records."), [this] { startSample(); });
    addWindowAction(QStringLiteral("closeProject"), tr("Close the project"), QStringLiteral("x"), {},
                    tr("Closes the project; everything is saved already."), [this] { m_bridge.closeProject(); });
    addWindowAction(QStringLiteral("undo"), tr("Undo"), QStringLiteral("undo-2"), QKeySequence::Undo, tr("Takes back the last change."),
                    [this] { m_bridge.undo(); });
    addWindowAction(QStringLiteral("redo"), tr("Redo"), QStringLiteral("redo-2"), QKeySequence::Redo,
                    tr("Repeats the change that was taken back."), [this] { m_bridge.redo(); });
    addWindowAction(QStringLiteral("commandBar"), tr("Search actions and pages"), QStringLiteral("search"), QKeySequence(tr("Ctrl+K")),
                    tr("Finds every action by its name."), [this] { m_commandBar->open(m_topBar->commandField()); });
    addWindowAction(QStringLiteral("help"), tr("Help"), QStringLiteral("circle-question-mark"), QKeySequence::HelpContents,
                    tr("Keys, and what this window can do."), [this] { showHelp(); });
    addWindowAction(QStringLiteral("pauseRun"), tr("Pause the run"), QStringLiteral("pause"), {},
                    tr("Saves a complete checkpoint and frees the memory."), [this] { m_bridge.pauseRun(); });
    addWindowAction(QStringLiteral("quit"), tr("Quit"), QStringLiteral("log-out"), QKeySequence::Quit, tr("Closes the window."),
                    [this] { close(); });
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const QString id = m_entries[i].id;
        QAction *action = addWindowAction(QStringLiteral("page-") + id, tr("Go to %1").arg(m_entries[i].title), m_entries[i].iconName,
                                          QKeySequence(QStringLiteral("Ctrl+%1").arg(i + 1)), tr("Shows this page."),
                                          [this, id] { openPage(id); });
        action->setShortcutContext(Qt::WindowShortcut);
    }
}

void MainWindow::setupMenus()
{
    m_settingsMenu = new QMenu(this);
    auto *themes = new QActionGroup(this);
    const std::pair<ThemeChoice, QString> choices[] = {
        {ThemeChoice::System, tr("Look: as the system")}, {ThemeChoice::Light, tr("Look: light")}, {ThemeChoice::Dark, tr("Look: dark")}};
    for (const auto &[choice, text] : choices) {
        const QString name = choice == ThemeChoice::System ? QStringLiteral("themeSystem")
            : choice == ThemeChoice::Light                 ? QStringLiteral("themeLight")
                                                           : QStringLiteral("themeDark");
        QAction *action = addWindowAction(name, text,
                                          choice == ThemeChoice::System ? QStringLiteral("monitor")
                                              : choice == ThemeChoice::Light ? QStringLiteral("sun") : QStringLiteral("moon"),
                                          {}, tr("Changes the colours of the window."), [this, choice = choice] { applyTheme(choice); });
        action->setCheckable(true);
        action->setChecked(m_theme.choice() == choice);
        themes->addAction(action);
        m_settingsMenu->addAction(action);
    }
    m_settingsMenu->addSeparator();
    QAction *notify = addWindowAction(QStringLiteral("notifyWhenRunEnds"), tr("Tell me when a run ends"), QStringLiteral("message-square"), {},
                                      tr("The desktop shows a message, although the window is covered."), [] {});
    notify->setCheckable(true);
    notify->setChecked(RunWatch::isNotifying());
    connect(notify, &QAction::toggled, this, &RunWatch::setNotifying);
    m_settingsMenu->addAction(notify);
    m_settingsMenu->addSeparator();
    m_settingsMenu->addAction(m_actions[QStringLiteral("quit")]);
    connect(m_rail->settingsButton(), &RailButton::clicked, this, [this] {
        const RailButton *button = m_rail->settingsButton();
        m_settingsMenu->popup(button->mapToGlobal(QPoint(button->width() + 4, button->height() - m_settingsMenu->sizeHint().height())));
    });
    m_projectMenu = new QMenu(this);
    connect(m_projectMenu, &QMenu::aboutToShow, this, &MainWindow::fillProjectMenu);
    m_topBar->setProjectMenu(m_projectMenu);
}

void MainWindow::fillProjectMenu()
{
    m_projectMenu->clear();
    m_projectMenu->addAction(m_actions[QStringLiteral("newProject")]);
    m_projectMenu->addAction(m_actions[QStringLiteral("openProject")]);
    m_projectMenu->addAction(m_actions[QStringLiteral("startSample")]);
    m_projectMenu->addSeparator();
    for (const RecentProject &recent : recentProjects()) {
        QAction *action = m_projectMenu->addAction(recent.name, this, [this, folder = recent.folder] { openProjectFolder(folder); });
        action->setEnabled(recent.exists);
        action->setToolTip(recent.folder);
    }
    if (m_bridge.project()) {
        m_projectMenu->addSeparator();
        m_projectMenu->addAction(m_actions[QStringLiteral("closeProject")]);
    }
}

void MainWindow::newProject()
{
    QString folder = m_dialogs.saveFile(this, tr("Name and place of the new project"), tr("my-answers.fettle"));
    if (folder.isEmpty())
        return;
    if (!folder.endsWith(QLatin1String(".fettle")))
        folder += QLatin1String(".fettle");
    m_bridge.createProject(pathOf(folder), this, [this](Result<> result) {
        if (!result)
            showMessage(messageOf(result.error()));
        else
            openPage(QStringLiteral("data"));
    });
}

void MainWindow::chooseProject()
{
    const QString folder = m_dialogs.openFolder(this, tr("Choose a project folder (its name ends in .fettle)"));
    if (!folder.isEmpty())
        openProjectFolder(folder);
}

void MainWindow::openProjectFolder(const QString &folder)
{
    m_bridge.openProject(pathOf(folder), this, [this](Result<> result) {
        if (!result)
            showMessage(messageOf(result.error()));
    });
}

void MainWindow::startSample()
{
    const QString parent = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    QDir().mkpath(parent);
    const QString base = QDir(parent).filePath(tr("Guided sample"));
    QString folder = base + QStringLiteral(".fettle");
    if (QFileInfo::exists(folder)) { // begun before: go on there
        openProjectFolder(folder);
        return;
    }
    m_bridge.createSampleProject(pathOf(folder), this, [this](Result<> result) {
        if (!result)
            showMessage(messageOf(result.error()));
        else
            openPage(QStringLiteral("data"));
    });
}

void MainWindow::updateActions()
{
    using Entries = std::pair<std::optional<engine::JournalEntry>, std::optional<engine::JournalEntry>>;
    m_bridge.read<Entries>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<Entries> { return project ? Entries{project->undoEntry(), project->redoEntry()} : Entries{}; },
        [this](const Result<Entries> &entries) {
            if (entries)
                showUndo(entries->first, entries->second);
        },
        "undo and redo");
    const bool hasProject = m_bridge.project() != nullptr;
    for (const PageEntry &entry : m_entries)
        setActionPossible(m_actions[QStringLiteral("page-") + entry.id], hasProject || !entry.needsProject,
                          tr("Open a project first."));
}

void MainWindow::showUndo(const std::optional<engine::JournalEntry> &undo, const std::optional<engine::JournalEntry> &redo)
{
    QAction *undoAction = m_actions[QStringLiteral("undo")];
    QAction *redoAction = m_actions[QStringLiteral("redo")];
    setActionPossible(undoAction, undo.has_value(), tr("There is no change to take back."));
    setActionPossible(redoAction, redo.has_value(), tr("No change was taken back."));
    undoAction->setToolTip(undo ? tr("Undo: %1").arg(QString::fromStdString(undo->what)) : tr("Undo"));
    redoAction->setToolTip(redo ? tr("Redo: %1").arg(QString::fromStdString(redo->what)) : tr("Redo"));
}

void MainWindow::showHelp()
{
    showMessage({MessageTone::Info, tr("Ctrl+1 to Ctrl+6 show the pages, Ctrl+K finds every action by its name."),
                 tr("Rest the pointer on a control to read what it does. Keys are printed on the controls that they trigger."), {}, {}, {}});
}

} // namespace fettle::ui
