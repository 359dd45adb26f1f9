// Reads records from files of any supported shape. Never changes text in silence, never guesses in silence: what was recognised is in
// the report and can be overridden. Promise: accepted + rejected == rowsInFile, always.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/record.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::data {

struct ImportOptions {
    std::string format;    // "" = recognise; json, jsonl, csv, tsv, text, xlsx, parquet
    std::string encoding;  // "" = recognise; an ICU/IANA name
    char delimiter = '\0'; // '\0' = recognise
    // Field -> column, for example {"instruction", "question"}. Fields: instruction, context, response, system, tags. Empty = recognise.
    std::map<std::string, std::string> mapping;
    std::string sheet = {}; // of a workbook, by name; "" = the first that is not hidden
    std::map<std::string, Role> roles = {}; // speakers of conversations by their names in the file; the others as recognised
    std::string quote = {}; // of a table: "double", "single", "none"; "" = recognise
};

struct RejectedRow {
    std::int64_t row = 0;  // 1-based row of data (the CSV header is not a row)
    std::int64_t line = 0; // 1-based line of the file where the row begins
    std::string field;     // "" where the whole row is meant
    std::string reason;    // plain words, with the value where it helps
    std::string raw;       // the row as it stands in the file, at most 4 KiB
};

struct ImportNotice {
    std::string code; // stable: "emptyResponse", "byteOrderMark", "unknownColumn", "duplicateKey", ...
    std::int64_t count = 0;
    std::string text; // plain words
};

// What a column holds, so that the mapping can be corrected by looking instead of guessing.
struct ColumnFacts {
    std::string firstValue; // the first that is not empty, at most 120 code points, one line
    std::int64_t filled = 0; // rows (of those read) in which it is not empty
};

// Who speaks in the messages of a file.
struct SpeakerFacts {
    std::string name;         // as the file calls them
    std::optional<Role> role; // nothing: not known; rows with this speaker are rejected
    std::int64_t messages = 0;
};

struct ImportReport {
    std::string format;
    std::string shape;    // alpaca, prompt-completion, question-answer, dolly, sharegpt, messages, tree, instances, columns, ...
    std::string encoding;
    std::string sheet;               // of a workbook: the one that was read
    std::vector<std::string> sheets; // the others
    bool isPacked = false;           // gzip
    char delimiter = '\0';
    std::string quote; // "double", "single" or "none" where there are delimiters
    std::vector<std::string> columns;
    std::vector<ColumnFacts> columnFacts; // one for each of columns; empty where the format has no columns
    std::map<std::string, std::string> mapping; // what was used
    std::vector<SpeakerFacts> speakers; // by name; at most 64
    std::int64_t rowsInFile = 0;
    std::int64_t accepted = 0; // rows
    std::int64_t records = 0;  // made of the accepted rows: more where a row holds a tree or several instances
    std::vector<RejectedRow> rejected;
    std::vector<ImportNotice> notices;
};

struct ImportResult {
    ImportReport report;
    std::vector<Record> records;
};

// Reads the whole file, or the first maxRows rows for a preview (then rowsInFile counts the rows read).
// Errors: NotFound, NoPermission, BadInput (with format, line and remedy), Cancelled. Bad rows are not errors: they are in the report.
[[nodiscard]] Result<ImportResult> readRecords(const std::filesystem::path &file, const ImportOptions &options = {},
                                               std::optional<std::int64_t> maxRows = {}, const ProgressCallback &progress = {},
                                               std::stop_token stop = {});
// The same for text that is already in memory (standard input, paste); name stands in messages and in Record::source.
[[nodiscard]] Result<ImportResult> readRecordsFromMemory(std::string bytes, const std::string &name, const ImportOptions &options = {},
                                                         std::optional<std::int64_t> maxRows = {},
                                                         const ProgressCallback &progress = {}, std::stop_token stop = {});

// One conversation from JSON text: {"messages": [...], "tools": [...]}, a bare list of messages, or a row with instruction/input/output.
// Unlike a training row it need not have an answer. name stands in messages. Errors: BadInput.
[[nodiscard]] Result<Record> readConversation(const std::string &json, const std::string &name);

} // namespace fettle::data
