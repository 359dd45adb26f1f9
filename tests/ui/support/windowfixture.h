// The real window on the stand-in engine with one project, for the tests of its pages: made anew for each test, and looked at.
#pragma once

#include "tests/ui/support/fakeengine.h"
#include "ui/bridge/bridge.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"

#include <QTemporaryDir>

#include <semaphore>

namespace fettle::ui {

class WindowFixture {
public:
    // name: of the test, for its own settings.
    explicit WindowFixture(const QString &name);

    void start(int records); // window and engine; the project is there but not open
    void restart(); // the program ends and is started anew; the projects stay as they are
    void end();
    // Opens the project and the page.
    [[nodiscard]] Page *openPage(const QString &id);
    // A text in a label of the page that can be seen.
    [[nodiscard]] static bool isTextShown(const QWidget &page, const QString &part);
    // What the keyboard can reach on a page, and the first of it that has no accessible name or no help.
    struct Controls { int count = 0; QByteArray unnamed; };
    [[nodiscard]] static Controls controlsOf(const QWidget &page);
    // Keeps a picture of the window where FETTLE_PICTURES names a folder.
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000});

    QTemporaryDir dir;
    std::unique_ptr<Theme> theme;
    std::filesystem::path folder;
    FakeEngine *engine = nullptr;
    std::shared_ptr<FakeProjectState> state;
    std::shared_ptr<std::counting_semaphore<>> gate; // where a test holds the engine; opened at the end
    std::unique_ptr<Bridge> bridge;
    std::unique_ptr<MainWindow> window;

private:
    void openWindow(std::unique_ptr<FakeEngine> owned);
};

} // namespace fettle::ui
