// What was asked in the playground and what was answered, kept in the project: one file of JSON lines, written only at its end. A line with
// the id of an earlier one takes its place. Knows no model and no window.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fettle::engine {

struct HistoryAnswer {
    std::string name;             // of the column: "Run 3, step 207"
    std::string adapter, model;   // as ColumnChoice
    double strength = 1.0;
    std::string text;
};
struct HistoryExchange {
    std::string question;
    std::vector<HistoryAnswer> answers;
};
struct HistoryEntry {
    std::string id;               // of the conversation
    std::string when;             // ISO 8601
    std::string system;
    std::uint64_t seed = 0;
    std::vector<HistoryExchange> exchanges;
    std::string context = {}, toolsJson = {}; // of the first question
};

// Durable when it returns. Errors: those of writing (NoPermission, DiskFull).
[[nodiscard]] Result<> addHistory(const std::filesystem::path &projectFolder, const HistoryEntry &entry);
[[nodiscard]] Result<> removeHistory(const std::filesystem::path &projectFolder, const std::string &id);
// Newest first, at most `most`. A file that is not there is an empty history; lines that are no entry are passed over.
[[nodiscard]] Result<std::vector<HistoryEntry>> readHistory(const std::filesystem::path &projectFolder, std::size_t most);

} // namespace fettle::engine
