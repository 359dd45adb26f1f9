// While one lives, the computer does not fall asleep by itself. How a system is asked stands in sleepguard.cpp and nowhere else.
#pragma once

#include "core/base/result.h"

#include <QString>

#include <memory>

namespace fettle::ui {

class SleepGuard {
public:
    // why: one sentence for people who ask the system what keeps it awake. Waits for the system up to a second or two: not for the GUI thread.
    // Errors: NotFound, the system cannot be asked or does not grant it.
    [[nodiscard]] static Result<std::unique_ptr<SleepGuard>> take(const QString &why);
    ~SleepGuard();

    struct Hold;
    explicit SleepGuard(std::unique_ptr<Hold> hold);

private:
    std::unique_ptr<Hold> m_hold;
};

} // namespace fettle::ui
