// A window as its user sees it: shown, active, on a project, one page open.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/frame/mainwindow.h"

#include <QSignalSpy>
#include <QTest>
#include <memory>

namespace fettle::ui {

struct OpenWindow {
    std::unique_ptr<Bridge> bridge;
    std::unique_ptr<MainWindow> window;
    QWidget *page = nullptr; // null: the window, the project or the page did not open
};

[[nodiscard]] inline OpenWindow openWindow(std::unique_ptr<EngineApi> engine, Theme &theme, const QString &project, const QString &page)
{
    OpenWindow opened;
    opened.bridge = std::make_unique<Bridge>(std::move(engine));
    opened.window = std::make_unique<MainWindow>(*opened.bridge, theme);
    opened.window->resize(1600, 1000);
    opened.window->show();
    opened.window->activateWindow();
    if (!QTest::qWaitForWindowActive(opened.window.get()))
        return opened;
    QSignalSpy projects(opened.bridge.get(), &Bridge::projectOpened);
    opened.window->start({project});
    if (projects.isEmpty() && !projects.wait())
        return opened;
    opened.window->openPage(page);
    opened.page = opened.window->page(page);
    return opened;
}

} // namespace fettle::ui
