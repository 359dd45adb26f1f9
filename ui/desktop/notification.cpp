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
const auto kClick = QStringLiteral("default"); // the name of the action of the message itself

} // namespace

DesktopMessages::DesktopMessages(QObject *parent) : QObject(parent) {}
DesktopMessages::~DesktopMessages() = default;

Result<> DesktopMessages::show(const Notification &notification)
{
    if (!m_bus || !m_bus->isConnected()) {
        m_bus = std::make_unique<DesktopBus>(DesktopBus::Which::Session);
        m_bus->listen(kNotifications, "ActionInvoked", this, SLOT(actionInvoked(uint, QString)));
        m_bus->listen(kNotifications, "ActivationToken", this, SLOT(tokenGiven(uint, QString)));
        m_bus->listen(kNotificationPortal, "ActionInvoked", this, SLOT(portalActionInvoked(QString, QString, QVariantList)));
    }
    // A server that reads markup would take "<" of a run's name for some.
    const auto abilities = m_bus->call(kNotifications, "GetCapabilities", {});
    const QStringList able = abilities && !abilities->isEmpty() ? abilities->front().toStringList() : QStringList();
    const QString body = able.contains(QStringLiteral("body-markup")) ? notification.text.toHtmlEscaped() : notification.text;
    const bool isClickable = !notification.target.isEmpty();
    const QStringList actions = isClickable && able.contains(QStringLiteral("actions")) ? QStringList{kClick, tr("Show")} : QStringList();
    const QVariantMap hints{{QStringLiteral("desktop-entry"), QStringLiteral("fettle")}};
    const auto shown = m_bus->call(kNotifications, "Notify", {QStringLiteral("Fettle"), 0U, QStringLiteral("fettle"), notification.title, body, actions, hints, kServersOwnTime});
    if (shown) {
        const std::scoped_lock lock(m_mutex);
        if (!shown->isEmpty())
            m_targets[QString::number(shown->front().toUInt())] = notification.target;
        return {};
    }
    const QString id = QStringLiteral("run-ended-%1").arg(++m_portalCount);
    QVariantMap content{{QStringLiteral("title"), notification.title}, {QStringLiteral("body"), notification.text}};
    if (isClickable)
        content[QStringLiteral("default-action")] = kClick;
    {
        const std::scoped_lock lock(m_mutex);
        m_targets[id] = notification.target;
    }
    const auto told = m_bus->call(kNotificationPortal, "AddNotification", {id, content});
    return told ? Result<>() : passError(told);
}

QString DesktopMessages::targetOf(const QString &key)
{
    const std::scoped_lock lock(m_mutex);
    const auto found = m_targets.find(key);
    return found == m_targets.end() ? QString() : found->second;
}

void DesktopMessages::actionInvoked(uint id, const QString &action)
{
    if (const QString target = targetOf(QString::number(id)); action == kClick && !target.isEmpty())
        emit activated(target);
}

void DesktopMessages::tokenGiven(uint id, const QString &token)
{
    if (!targetOf(QString::number(id)).isEmpty())
        qputenv("XDG_ACTIVATION_TOKEN", token.toUtf8()); // where Qt looks when a window asks to be activated
}

void DesktopMessages::portalActionInvoked(const QString &id, const QString &action, const QVariantList &)
{
    if (const QString target = targetOf(id); action == kClick && !target.isEmpty())
        emit activated(target);
}

#else

class DesktopBus {};

DesktopMessages::DesktopMessages(QObject *parent) : QObject(parent) {}
DesktopMessages::~DesktopMessages() = default;

Result<> DesktopMessages::show(const Notification &)
{
    return fail(ErrorCode::NotFound, "This program was built without a way to the desktop's messages.");
}

QString DesktopMessages::targetOf(const QString &) { return {}; }
void DesktopMessages::actionInvoked(uint, const QString &) {}
void DesktopMessages::tokenGiven(uint, const QString &) {}
void DesktopMessages::portalActionInvoked(const QString &, const QString &, const QVariantList &) {}

#endif

} // namespace fettle::ui
