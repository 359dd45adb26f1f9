// One level and one sink for the whole process.
#include "core/base/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

namespace fettle {

namespace {

std::atomic<LogLevel> g_level = LogLevel::Warning;
std::mutex g_mutex;
std::function<void(LogLevel, std::string_view)> g_sink;

const char *prefixOf(LogLevel level)
{
    switch (level) {
    case LogLevel::Debug: return "debug: ";
    case LogLevel::Info: return "";
    case LogLevel::Warning: return "warning: ";
    case LogLevel::Error: return "error: ";
    case LogLevel::Silent: break;
    }
    return "";
}

} // namespace

void setLogLevel(LogLevel lowest)
{
    g_level = lowest;
}

LogLevel logLevel()
{
    return g_level;
}

void setLogSink(std::function<void(LogLevel, std::string_view)> sink)
{
    const std::lock_guard lock(g_mutex);
    g_sink = std::move(sink);
}

void logLine(LogLevel level, std::string_view text)
{
    if (level < logLevel() || level == LogLevel::Silent)
        return;
    const std::lock_guard lock(g_mutex);
    if (g_sink)
        return g_sink(level, text);
    // One call for the whole line, so that lines of several processes do not mix.
    const std::string line = fmt::format("{}{}\n", prefixOf(level), text);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

} // namespace fettle
