#include "app/commandline/terminal.h"
#include "core/base/words.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace fettle::cli {

namespace {
double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string dump(const Json &document)
{
    // Text from files may hold invalid bytes; they become U+FFFD instead of an exception.
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::size_t displayWidth(const std::string &text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}
}

void Terminal::json(const Json &document) const
{
    if (m_common.isJson)
        jsonLine(document);
}

void Terminal::jsonLine(const Json &line) const
{
    if (!m_common.isJson)
        return;
    const std::string text = dump(line) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void Terminal::say(const std::string &text) const
{
    if (m_common.isJson)
        return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

void Terminal::note(const std::string &text)
{
    if (m_common.isQuiet)
        return;
    endProgress();
    fmt::print(stderr, "{}\n", text);
}

void Terminal::progress(const Progress &progress)
{
    std::string text = progress.what;
    if (progress.total > 0)
        text += tr("  {} of {}", progress.done, progress.total);
    else if (progress.done > 0)
        text += fmt::format("  {}", progress.done);
    if (progress.secondsLeft >= 0)
        text += tr("  {} left", formatDuration(progress.secondsLeft));
    progressText(text);
}

void Terminal::progressText(const std::string &text)
{
    if (m_common.isQuiet)
        return;
    const bool isTerminal = isatty(fileno(stderr)) != 0;
    const double now = secondsNow();
    if (now - m_lastLine < (isTerminal ? 0.1 : 15.0))
        return;
    m_lastLine = now;
    const std::size_t width = displayWidth(text);
    if (isTerminal)
        fmt::print(stderr, "\r{}{}", text, std::string(m_lineLength > width ? m_lineLength - width : 0, ' '));
    else
        fmt::print(stderr, "{}\n", text);
    m_lineLength = isTerminal ? width : 0;
}

void Terminal::endProgress()
{
    if (m_lineLength > 0)
        fmt::print(stderr, "\r{}\r", std::string(m_lineLength, ' '));
    m_lineLength = 0;
    m_lastLine = -1e9;
}

ProgressCallback Terminal::progressCallback()
{
    return [this](const Progress &step) { progress(step); };
}

int Terminal::fail(const Error &error)
{
    endProgress();
    fmt::print(stderr, "fettle: {}\n", error.message);
    if (!error.hint.empty())
        fmt::print(stderr, "  {}\n", error.hint);
    if (!error.detail.empty() && m_common.verbosity > 0)
        fmt::print(stderr, "  ({})\n", error.detail);
    if (m_common.isJson)
        jsonLine({{"event", "error"}, {"error", error.message}, {"hint", error.hint}, {"detail", error.detail}, {"exitCode", exitCode(error.code)}});
    return exitCode(error.code);
}

struct Interrupts::Watcher {
    std::jthread thread;
};

Interrupts::Interrupts() : m_watcher(new Watcher)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1); // ends the watcher itself
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    m_watcher->thread = std::jthread([signals, source = m_source]() mutable {
        int presses = 0;
        for (;;) {
            int number = 0;
            sigwait(&signals, &number);
            if (number == SIGUSR1)
                return;
            source.request_stop();
            if (++presses == 3) // the user insists
                _exit(130);
        }
    });
}

Interrupts::~Interrupts()
{
    pthread_kill(m_watcher->thread.native_handle(), SIGUSR1);
    m_watcher->thread.join();
    delete m_watcher;
}

std::string formatDuration(double seconds)
{
    const auto whole = static_cast<long>(seconds + 0.5);
    if (whole < 60)
        return fmt::format("{} s", whole);
    if (whole < 3600)
        return tr("{} min {} s", whole / 60, whole % 60);
    return tr("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string formatBytes(double bytes)
{
    if (bytes < 1e3)
        return fmt::format("{:.0f} B", bytes);
    if (bytes < 1e6)
        return fmt::format("{:.1f} kB", bytes / 1e3);
    if (bytes < 1e9)
        return fmt::format("{:.1f} MB", bytes / 1e6);
    return fmt::format("{:.2f} GB", bytes / 1e9);
}

std::string formatTable(const std::vector<std::string> &heads, const std::vector<std::vector<std::string>> &rows)
{
    std::vector<std::size_t> widths;
    for (const auto &head : heads)
        widths.push_back(displayWidth(head));
    for (const auto &row : rows)
        for (std::size_t c = 0; c < row.size() && c < widths.size(); ++c)
            widths[c] = std::max(widths[c], displayWidth(row[c]));
    const auto isNumber = [](const std::string &cell) {
        return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell[0])) || (cell[0] == '-' && cell.size() > 1));
    };
    const auto line = [&](const std::vector<std::string> &cells) {
        std::string text;
        for (std::size_t c = 0; c < cells.size() && c < widths.size(); ++c) {
            const std::string padding(widths[c] - std::min(widths[c], displayWidth(cells[c])), ' ');
            text += c ? "  " : "";
            text += isNumber(cells[c]) ? padding + cells[c] : cells[c] + (c + 1 < cells.size() ? padding : "");
        }
        return text;
    };
    std::string text = line(heads);
    for (const auto &row : rows)
        text += "\n" + line(row);
    return text;
}

} // namespace fettle::cli
