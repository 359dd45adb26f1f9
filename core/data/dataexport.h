// Records as files that other programs train on, and that give the same records when they are imported again: turns with everything they
// hold, tools, context, tags, split, rating, status and note. Only the source becomes the name of the new file.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/recordview.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::store {
class Database;
}

namespace fettle::data {

enum class DataFormat {
    Messages,         // JSONL, OpenAI messages; the context joined to the first question, and named beside it
    PromptCompletion, // JSONL; lists of messages where a record has a system text, a context or more turns
    Alpaca,           // JSON, with the turns before as history
    ShareGpt,         // JSON
    Csv,              // pairs only
    Parquet           // a table of messages, with everything
};
[[nodiscard]] std::string_view nameOf(DataFormat format); // "messages", "prompt-completion", "alpaca", "sharegpt", "csv", "parquet"
[[nodiscard]] std::optional<DataFormat> dataFormatFrom(std::string_view name);

struct DataExportReport {
    std::int64_t rows = 0;
    struct Skipped { RecordId id; std::string reason; };
    std::vector<Skipped> skipped; // what the format cannot hold
};

// The file is complete or not there at all. Errors: DiskFull, NoPermission, Cancelled, and those of the database.
[[nodiscard]] Result<DataExportReport> exportRecords(const store::Database &database, const std::vector<RecordId> &ids, DataFormat format,
                                                     const std::filesystem::path &file, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::data
