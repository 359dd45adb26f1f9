// The window: rail, top bar, messages, pages, status strip, command bar. Wires them; holds no data of its own.
#pragma once

#include "ui/frame/dialogs.h"
#include "ui/frame/page.h"
#include "ui/frame/pagelist.h"
#include "ui/theme/theme.h"

#include <QHash>
#include <QMainWindow>

class QMenu;
class QStackedWidget;
class QVBoxLayout;

namespace fettle::ui {

// What to open once the window is on screen.
struct StartWish {
    QString folder;        // of a project; empty: the newest one
    bool isSample = false; // the guided sample instead
};

class CommandBar;
class Rail;
class StatusStrip;
class TopBar;

class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(Bridge &bridge, Theme &theme, QWidget *parent = nullptr);
    MainWindow(Bridge &bridge, Theme &theme, std::vector<PageEntry> pages, QWidget *parent = nullptr); // tests choose the pages
    ~MainWindow() override;

    [[nodiscard]] static ThemeChoice storedThemeChoice();
    void start(const StartWish &wish);

    void openPage(const QString &id, const QString &target = {});
    void comeForward(RunId run); // above other windows, with this run in view where it is valid
    [[nodiscard]] Page *page(const QString &id); // made at its first use
    [[nodiscard]] QString currentPageId() const;
    [[nodiscard]] Dialogs &dialogs() { return m_dialogs; }
    [[nodiscard]] CommandBar &commandBar() { return *m_commandBar; }
    [[nodiscard]] QAction *windowAction(const QString &name) const { return m_actions.value(name); }
    void showMessage(Message message);

protected:
    void resizeEvent(QResizeEvent *event) override;
    void closeEvent(QCloseEvent *event) override;

private:
    QAction *addWindowAction(const QString &name, const QString &text, const QString &iconName, const QKeySequence &keys,
                             const QString &help, std::function<void()> does);
    void setupActions();
    void setupLayout();
    void setupMenus();
    void connectBridge();
    void fillProjectMenu();
    void makeRemainingPages();
    void showPage(int index);
    void newProject();
    void chooseProject();
    void openProjectFolder(const QString &folder);
    void startSample();
    void projectSwitched();
    void updateActions();
    void showUndo(const std::optional<engine::JournalEntry> &undo, const std::optional<engine::JournalEntry> &redo);
    void updateModelChip();
    void applyTheme(ThemeChoice choice);
    void showHelp();
    [[nodiscard]] int indexOf(const QString &id) const;

    Bridge &m_bridge;
    Theme &m_theme;
    Dialogs m_dialogs;
    std::vector<PageEntry> m_entries;
    std::vector<Page *> m_pages; // null until first used
    PageContext m_context;
    QHash<QString, QAction *> m_actions;
    Rail *m_rail = nullptr;
    TopBar *m_topBar = nullptr;
    StatusStrip *m_status = nullptr;
    QStackedWidget *m_stack = nullptr;
    QVBoxLayout *m_messages = nullptr;
    QMenu *m_projectMenu = nullptr;
    QMenu *m_settingsMenu = nullptr;
    CommandBar *m_commandBar = nullptr;
    int m_current = -1;
};

} // namespace fettle::ui
