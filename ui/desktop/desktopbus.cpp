// See desktopbus.h.
#include "ui/desktop/desktopbus.h"

#ifdef FETTLE_WITH_DBUS

#include <QFileInfo>

#include <atomic>
#include <unistd.h>

namespace fettle::ui {

namespace {

constexpr int kReplyMs = 1000;

// Without an address the library would start a bus of its own for a session that has none.
bool hasSessionBus()
{
    return qEnvironmentVariableIsSet("DBUS_SESSION_BUS_ADDRESS") || QFileInfo::exists(QStringLiteral("/run/user/%1/bus").arg(getuid()));
}

QDBusConnection connectTo(DesktopBus::Which which, const QString &name)
{
    if (which == DesktopBus::Which::System)
        return QDBusConnection::connectToBus(QDBusConnection::SystemBus, name);
    return hasSessionBus() ? QDBusConnection::connectToBus(QDBusConnection::SessionBus, name) : QDBusConnection(name);
}

QString freshName()
{
    static std::atomic<int> count = 0;
    return QStringLiteral("fettle-desktop-%1").arg(++count);
}

} // namespace

DesktopBus::DesktopBus(Which which) : m_name(freshName()), m_bus(connectTo(which, m_name)) {}

DesktopBus::~DesktopBus()
{
    QDBusConnection::disconnectFromBus(m_name);
}

void DesktopBus::listen(const Place &place, const char *signal, QObject *receiver, const char *slot)
{
    m_bus.connect(QLatin1String(place.service), QLatin1String(place.path), QLatin1String(place.interface), QLatin1String(signal), receiver, slot);
}

Result<QVariantList> DesktopBus::call(const Place &place, const char *method, const QVariantList &arguments)
{
    if (!m_bus.isConnected())
        return fail(ErrorCode::NotFound, "There is no message bus here.");
    QDBusMessage message = QDBusMessage::createMethodCall(QLatin1String(place.service), QLatin1String(place.path), QLatin1String(place.interface), QLatin1String(method));
    message.setArguments(arguments);
    const QDBusMessage reply = m_bus.call(message, QDBus::Block, kReplyMs);
    if (reply.type() != QDBusMessage::ReplyMessage)
        return fail(ErrorCode::NotFound, std::string(place.service) + " does not answer: " + reply.errorMessage().toStdString());
    return reply.arguments();
}

} // namespace fettle::ui

#endif
