// How the command line speaks: JSON documents on standard output, people's words and the progress line on standard error.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

namespace fettle::cli {

using Json = nlohmann::ordered_json;

// Options that every verb takes.
struct Common {
    bool isJson = false;
    bool isQuiet = false;
    int verbosity = 0;
    int threads = 0;
    std::string device; // empty: what the settings say, else cpu
    std::string compute = "auto";
};

class Terminal {
public:
    explicit Terminal(const Common &common) : m_common(common) {}

    // One JSON document (or one line of a stream) on standard output; nothing where --json was not asked for.
    void json(const Json &document) const;
    void jsonLine(const Json &line) const;
    // For people, on standard output; nothing with --json.
    void say(const std::string &text) const;
    // For people, on standard error; nothing with -q.
    void note(const std::string &text);
    // The progress line: rewritten in place on a terminal, at most four lines a minute elsewhere.
    void progress(const Progress &progress);
    void progressText(const std::string &text);
    void endProgress();
    [[nodiscard]] ProgressCallback progressCallback();
    // Message and hint on standard error, {"error": ...} on standard output with --json. Returns the exit code.
    int fail(const Error &error);

    [[nodiscard]] bool isJson() const { return m_common.isJson; }
    [[nodiscard]] bool isQuiet() const { return m_common.isQuiet; }
    [[nodiscard]] const Common &common() const { return m_common; }

private:
    const Common &m_common;
    std::size_t m_lineLength = 0;
    double m_lastLine = -1e9;
};

// Stops on Ctrl+C (SIGINT) and SIGTERM. Make it before any other thread starts.
class Interrupts {
public:
    Interrupts();
    ~Interrupts();
    [[nodiscard]] std::stop_token token() const { return m_source.get_token(); }

private:
    std::stop_source m_source;
    struct Watcher;
    Watcher *m_watcher;
};

[[nodiscard]] std::string formatDuration(double seconds); // "4 min 10 s"
[[nodiscard]] std::string formatBytes(double bytes);      // "2.3 GB"
// A short table: columns padded, numbers right-aligned.
[[nodiscard]] std::string formatTable(const std::vector<std::string> &heads, const std::vector<std::vector<std::string>> &rows);

} // namespace fettle::cli
