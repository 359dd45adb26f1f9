// See windowfixture.h.
#include "tests/ui/support/windowfixture.h"

#include "ui/widgets/labels.h"

#include <QAbstractSpinBox>
#include <QAccessible>
#include <QCoreApplication>
#include <QLabel>
#include <QSettings>
#include <QStandardPaths>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

namespace fettle::ui {

WindowFixture::WindowFixture(const QString &name)
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(name);
    theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    folder = (dir.path() + QStringLiteral("/Hollybrook answers.fettle")).toStdString();
    std::filesystem::create_directories(folder);
}

void WindowFixture::start(int records)
{
    QSettings().clear();
    auto owned = std::make_unique<FakeEngine>();
    engine = owned.get();
    state = engine->addProject(folder, fakeRecords(records));
    openWindow(std::move(owned));
}

void WindowFixture::restart()
{
    window.reset();
    // The run that is held is let go when the bridge is already waiting for it.
    const auto letGo = std::async(std::launch::async, [gate = gate] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        gate->release(1'000'000);
    });
    bridge.reset();
    auto owned = std::make_unique<FakeEngine>();
    engine = owned.get();
    engine->putProject(folder, state);
    openWindow(std::move(owned));
}

void WindowFixture::openWindow(std::unique_ptr<FakeEngine> owned)
{
    gate = std::make_shared<std::counting_semaphore<>>(0);
    bridge = std::make_unique<Bridge>(std::move(owned));
    window = std::make_unique<MainWindow>(*bridge, *theme);
    window->resize(1600, 1000);
    window->show();
    window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(window.get()));
}

void WindowFixture::end()
{
    gate->release(1'000'000); // nothing is held while the threads end
    theme->apply(ThemeChoice::Light);
    window.reset();
    bridge.reset();
}

Page *WindowFixture::openPage(const QString &id)
{
    bridge->openProject(folder);
    if (!QTest::qWaitFor([this] { return bridge->project() != nullptr; }))
        return nullptr;
    window->openPage(id);
    return window->page(id);
}

bool WindowFixture::isTextShown(const QWidget &page, const QString &part)
{
    const auto shows = [&](const QWidget *widget, const QString &text) { return widget->isVisible() && text.contains(part); };
    const auto labels = page.findChildren<QLabel *>();
    const auto elided = page.findChildren<ElidedLabel *>();
    return std::ranges::any_of(labels, [&](const QLabel *label) { return shows(label, label->text()); })
        || std::ranges::any_of(elided, [&](const ElidedLabel *label) { return shows(label, label->text()); });
}

WindowFixture::Controls WindowFixture::controlsOf(const QWidget &page)
{
    Controls controls;
    for (auto *widget : page.findChildren<QWidget *>()) {
        if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || qobject_cast<QAbstractSpinBox *>(widget->parentWidget()))
            continue;
        ++controls.count;
        auto *accessible = QAccessible::queryAccessibleInterface(widget);
        const bool hasName = accessible && !accessible->text(QAccessible::Name).isEmpty();
        const bool hasHelp = !widget->toolTip().isEmpty() || (accessible && !accessible->text(QAccessible::Description).isEmpty());
        if (controls.unnamed.isEmpty() && !(hasName && hasHelp))
            controls.unnamed = widget->metaObject()->className() + QByteArray(" ") + widget->objectName().toUtf8();
    }
    return controls;
}

void WindowFixture::picture(const QString &name, bool isDark, QSize size)
{
    const QString to = qEnvironmentVariable("FETTLE_PICTURES");
    if (to.isEmpty())
        return;
    theme->apply(isDark ? ThemeChoice::Dark : ThemeChoice::Light);
    window->resize(size);
    QTest::qWait(200);
    window->grab().save(QStringLiteral("%1/%2-%3-%4.png").arg(to, name, isDark ? QStringLiteral("dark") : QStringLiteral("light")).arg(size.width()));
    theme->apply(ThemeChoice::Light);
    window->resize(1600, 1000);
    QTest::qWait(50);
}

} // namespace fettle::ui
