// What the main window expects of a page, and what a page may use of the window. A page builds its own head (ui/widgets/pagehead.h),
// because some have a side list beside it.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/messagebar.h"

#include <QAction>
#include <QWidget>

#include <functional>

namespace fettle::ui {

class Dialogs;
class Theme;

// What the window lends its pages. All of it outlives them.
struct PageContext {
    Bridge &bridge;
    Dialogs &dialogs; // file and question dialogs; tests answer them
    Theme &theme;
    std::function<void(Message)> showMessage; // a bar above the page
    // Shows a page ("data", "train", "runs", "playground", "models", "home"); target tells it what to open, for example "record 412",
    // "flag contradiction", "find tag:dosage", "run 8", "run 8 120" (checkpoint), "model <path>", "again 8 learningRate=0.0001".
    std::function<void(const QString &page, const QString &target)> openPage;
    // Registers nothing: an action of the window by its object name ("newProject", "openProject", "startSample"), null if there is none.
    std::function<QAction *(const QString &name)> windowAction;
};

class Page : public QWidget {
    Q_OBJECT

public:
    explicit Page(const PageContext &context, QWidget *parent = nullptr) : QWidget(parent), m_context(context) {}

    // The project was opened, closed or replaced: context().bridge.project() says which. Called once after construction too.
    virtual void setProject() {}
    // The page has come into view.
    virtual void onShown() {}
    // Opens what openPage named. Unknown targets are ignored.
    virtual void openTarget(const QString &target) { Q_UNUSED(target) }

signals:
    // A dot on the page's icon in the rail: something goes on there.
    void activityChanged(bool isActive);

protected:
    [[nodiscard]] Bridge &bridge() const { return m_context.bridge; }
    [[nodiscard]] const PageContext &context() const { return m_context; }

    // Makes an action of the page: its shortcut works while the page is in view, and the command bar lists it.
    // help: one plain sentence. To disable it with a reason: setActionPossible.
    QAction *addPageAction(const QString &name, const QString &text, const QString &iconName, const QKeySequence &keys,
                           const QString &help, std::function<void()> does);

private:
    PageContext m_context;
};

// Enables an action or disables it and says why; the command bar shows the reason.
void setActionPossible(QAction *action, bool isPossible, const QString &reason = {});
// Icon of an action by name, kept so that the command bar can draw it in its own ink.
[[nodiscard]] QAction *makeAction(QObject *parent, const QString &name, const QString &text, const QString &iconName,
                                  const QKeySequence &keys, const QString &help);

} // namespace fettle::ui
