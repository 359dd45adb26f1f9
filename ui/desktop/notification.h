// Messages of the desktop, seen although the window is covered or minimised; a click on one is told. How a desktop is told stands in
// notification.cpp and nowhere else.
#pragma once

#include "core/base/result.h"

#include <QObject>

#include <map>
#include <memory>
#include <mutex>

namespace fettle::ui {

class DesktopBus;

// text: plain. target: what a click is told with; empty: nothing happens.
struct Notification { QString title, text, target; };

class DesktopMessages : public QObject {
    Q_OBJECT

public:
    explicit DesktopMessages(QObject *parent = nullptr);
    ~DesktopMessages() override; // desktops take back what a program that is gone has shown

    // Waits for the desktop up to a second or two: not for the GUI thread; one thread at a time. Errors: NotFound, no desktop that shows messages.
    [[nodiscard]] Result<> show(const Notification &notification);

signals:
    void activated(const QString &target); // a message was clicked

private slots:
    void actionInvoked(uint id, const QString &action);
    void tokenGiven(uint id, const QString &token); // with which a window may come to the front
    void portalActionInvoked(const QString &id, const QString &action, const QVariantList &parameters);

private:
    [[nodiscard]] QString targetOf(const QString &key);

    std::unique_ptr<DesktopBus> m_bus; // kept open: clicks come through it
    std::mutex m_mutex;
    std::map<QString, QString> m_targets; // by the desktop's number of the message
    int m_portalCount = 0;
};

} // namespace fettle::ui
