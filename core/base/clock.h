// Time: of the day for people and databases, monotonic for measuring.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fettle {

// "2026-11-24T10:06:40+01:00": ISO 8601, local time, whole seconds.
[[nodiscard]] std::string isoNow();

// A stopwatch that starts when it is made.
class Stopwatch {
public:
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
    }
    void restart() { m_start = std::chrono::steady_clock::now(); }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

} // namespace fettle
