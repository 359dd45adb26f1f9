// A connection of its own to one of the desktop's message buses (D-Bus), closed at its end. Only where Qt has D-Bus; included by the two files
// that ask the desktop. Calls wait for their answer: not for the GUI thread.
#pragma once

#ifdef FETTLE_WITH_DBUS

#include "core/base/result.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QVariantList>

namespace fettle::ui {

class DesktopBus {
public:
    enum class Which { Session, System };
    explicit DesktopBus(Which which);
    ~DesktopBus();
    DesktopBus(const DesktopBus &) = delete;
    DesktopBus &operator=(const DesktopBus &) = delete;

    struct Place { const char *service, *path, *interface; };
    // The arguments of the reply. Errors: NotFound (no bus, nobody answers in time, a refusal).
    [[nodiscard]] Result<QVariantList> call(const Place &place, const char *method, const QVariantList &arguments);
    // Calls the slot (SLOT(...)) on the receiver's thread as often as the place sends the signal, for as long as both live.
    void listen(const Place &place, const char *signal, QObject *receiver, const char *slot);
    [[nodiscard]] bool isConnected() const { return m_bus.isConnected(); }

private:
    QString m_name;
    QDBusConnection m_bus;
};

} // namespace fettle::ui

#endif
