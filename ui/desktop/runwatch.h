// Looks after runs while nobody looks at the window: the computer stays awake as long as one goes on or waits, and the desktop says when one has
// ended by itself. What the desktop cannot do is left out and logged.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/desktop/notification.h"

#include <QObject>

namespace fettle::ui {

class RunWatch : public QObject {
    Q_OBJECT

public:
    // What the desktop is asked for, on a thread of its own. stayAwake: the computer is held awake for as long as the handle lives.
    struct Desktop {
        std::function<Result<>(const Notification &)> notify;
        std::function<Result<std::shared_ptr<void>>(const QString &why)> stayAwake;
        std::shared_ptr<DesktopMessages> messages = {}; // whose clicks are told; none: there are no clicks
    };
    [[nodiscard]] static Desktop realDesktop();

    explicit RunWatch(Bridge &bridge, Desktop desktop = realDesktop(), QObject *parent = nullptr);

    // The user's choice, kept between starts; at first yes.
    [[nodiscard]] static bool isNotifying();
    static void setNotifying(bool isNotifying);

signals:
    void runWished(fettle::RunId run); // its message was clicked; invalid: the project of the run is not open any more

private:
    void keepAwake();
    void runEnded(const engine::RunInfo &run);
    void activated(const QString &target);

    Bridge &m_bridge;
    Desktop m_desktop;
    bool m_isAwakeWanted = false;
    JobId m_nextJob = 1;
    std::shared_ptr<void> m_awake; // on the worker's thread
    Worker m_worker;               // last: it uses the members above
};

} // namespace fettle::ui
