// What was asked in the playground and what was answered, kept in the project: one file of JSON lines, written only at its end. A line with
// the id of an earlier one takes its place. What was likely at every word lies in a file for each conversation beside it, read when it is opened.
// Knows no model and no window.
#pragma once

#include "core/engine/playground.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fettle::engine {

struct HistoryAnswer {
    std::string name;             // of the column: "Run 3, step 207"
    std::string adapter, model;   // as ColumnChoice
    double strength = 1.0;
    std::string text;
    std::vector<GeneratedToken> tokens = {};   // with what else was likely; empty in what readHistory gives, see readHistoryWords
    std::string ending = {};                   // "ended, 93 tokens/s"
    std::optional<ColumnBadge> badge = {};     // of the weights that answered
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
    std::string baseModel = {};               // that answered, as the project names it
};

// Durable when it returns. Errors: those of writing (NoPermission, DiskFull).
[[nodiscard]] Result<> addHistory(const std::filesystem::path &projectFolder, const HistoryEntry &entry);
[[nodiscard]] Result<> removeHistory(const std::filesystem::path &projectFolder, const std::string &id);
// Newest first, at most `most`. A file that is not there is an empty history; lines that are no entry are passed over.
[[nodiscard]] Result<std::vector<HistoryEntry>> readHistory(const std::filesystem::path &projectFolder, std::size_t most);

// The same entry with the tokens, endings and badges of its answers. What was kept of other texts than those of the entry, or nothing at all,
// leaves an answer as it is. Errors: BadInput (the file is damaged), those of reading.
[[nodiscard]] Result<HistoryEntry> readHistoryWords(const std::filesystem::path &projectFolder, HistoryEntry entry);

} // namespace fettle::engine
