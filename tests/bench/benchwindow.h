// For benchmarks of the window: the real window on the real engine, and how long it lets an event wait.
#pragma once

#include "core/base/clock.h"
#include "tests/ui/support/cputime.h"
#include "ui/bridge/realengine.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QEventLoop>
#include <QTimer>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace fettle::ui {

// How late the timer comes that should come every ten milliseconds: so long would a key press have waited. And the most that the window's
// thread computed between two beats, in which other programs have no part.
class Heartbeat : public QObject {
public:
    Heartbeat()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(kBeatMs);
        connect(&m_timer, &QTimer::timeout, this, [this] {
            m_late.push_back(std::max(0.0, m_watch.seconds() * 1e3 - kBeatMs));
            m_watch.restart();
            const double computed = threadSeconds();
            m_mostComputed = std::max(m_mostComputed, computed - m_computed);
            m_computed = computed;
        });
    }
    void begin()
    {
        m_late.clear();
        m_mostComputed = 0;
        goOn();
    }
    void stop() { m_timer.stop(); }
    void goOn()
    {
        m_computed = threadSeconds();
        m_watch.restart();
        m_timer.start();
    }
    void tell(const char *what)
    {
        m_timer.stop();
        std::ranges::sort(m_late);
        if (!m_late.empty())
            std::printf("%-12s %6zu beats: median %5.1f ms, 99 %% %5.1f ms, longest %5.1f ms; computed at most %5.1f ms between two\n", what, m_late.size(), m_late[m_late.size() / 2],
                        m_late[m_late.size() * 99 / 100], m_late.back(), m_mostComputed * 1e3);
        std::fflush(stdout);
    }

private:
    static constexpr int kBeatMs = 10;
    QTimer m_timer;
    Stopwatch m_watch;
    std::vector<double> m_late;
    double m_computed = 0, m_mostComputed = 0;
};

// Serves events for a moment and sleeps in between, as the program does: processEvents() with a time limit would turn in circles and take a core.
inline void rest()
{
    QEventLoop loop;
    QTimer::singleShot(5, &loop, &QEventLoop::quit);
    loop.exec();
}

// False where the condition did not come true in time.
template <class Condition>
bool wait(Condition condition, double seconds)
{
    const Stopwatch watch;
    while (!condition() && watch.seconds() < seconds)
        rest();
    return condition();
}

struct Window {
    Theme theme{*qApp, ThemeChoice::Light};
    Bridge bridge{makeRealEngine()};
    MainWindow window{bridge, theme};

    bool open(const QString &project)
    {
        window.resize(1600, 1000);
        window.show();
        bool isOpen = false;
        QObject::connect(&bridge, &Bridge::projectOpened, &window, [&isOpen] { isOpen = true; });
        window.start({project});
        return wait([&] { return isOpen; }, 30);
    }
};

} // namespace fettle::ui
