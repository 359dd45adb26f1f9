// The freedesktop.org ways: org.freedesktop.Notifications, and the portal where a program is shut off from it. Other systems add their branch
// here. See notification.h.
#include "ui/desktop/notification.h"

#include "ui/desktop/desktopbus.h"

namespace fettle::ui {

#ifdef FETTLE_WITH_DBUS

namespace {

constexpr DesktopBus::Place kNotifications{"org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications"};
constexpr DesktopBus::Place kNotificationPortal{"org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Notification"};
constexpr int kServersOwnTime = -1; // how long a message stays

} // namespace

Result<> notifyDesktop(const Notification &notification)
{
    DesktopBus bus(DesktopBus::Which::Session);
    // A server that reads markup would take "<" of a run's name for some.
    const auto abilities = bus.call(kNotifications, "GetCapabilities", {});
    const bool readsMarkup = abilities && !abilities->isEmpty() && abilities->front().toStringList().contains(QStringLiteral("body-markup"));
    const QString body = readsMarkup ? notification.text.toHtmlEscaped() : notification.text;
    const QVariantMap hints{{QStringLiteral("desktop-entry"), QStringLiteral("fettle")}};
    if (bus.call(kNotifications, "Notify", {QStringLiteral("Fettle"), 0U, QStringLiteral("fettle"), notification.title, body, QStringList(), hints, kServersOwnTime}))
        return {};
    const QVariantMap content{{QStringLiteral("title"), notification.title}, {QStringLiteral("body"), notification.text}};
    const auto told = bus.call(kNotificationPortal, "AddNotification", {QStringLiteral("run-ended"), content});
    return told ? Result<>() : passError(told);
}

#else

Result<> notifyDesktop(const Notification &)
{
    return fail(ErrorCode::NotFound, "This program was built without a way to the desktop's messages.");
}

#endif

} // namespace fettle::ui
