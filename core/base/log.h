// Messages for the person who looks after the program, one line each, to standard error unless a sink is set. Safe from any thread.
// Not for results and not for errors that a caller handles: those are values.
#pragma once

#include <fmt/format.h>
#include <functional>
#include <string_view>
#include <utility>

namespace fettle {

enum class LogLevel { Debug, Info, Warning, Error, Silent };

void setLogLevel(LogLevel lowest); // default: Warning
[[nodiscard]] LogLevel logLevel();
// Replaces the sink; an empty function restores standard error. The sink is called under a lock: it must not log.
void setLogSink(std::function<void(LogLevel, std::string_view)> sink);
void logLine(LogLevel level, std::string_view text);

template <class... Arguments>
void logDebug(fmt::format_string<Arguments...> format, Arguments &&...arguments)
{
    if (logLevel() <= LogLevel::Debug)
        logLine(LogLevel::Debug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void logInfo(fmt::format_string<Arguments...> format, Arguments &&...arguments)
{
    if (logLevel() <= LogLevel::Info)
        logLine(LogLevel::Info, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void logWarning(fmt::format_string<Arguments...> format, Arguments &&...arguments)
{
    if (logLevel() <= LogLevel::Warning)
        logLine(LogLevel::Warning, fmt::format(format, std::forward<Arguments>(arguments)...));
}

} // namespace fettle
