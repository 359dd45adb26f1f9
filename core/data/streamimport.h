// Reads a file in portions, so that a million records need the memory of some thousand. What is recognised and reported is the same as
// with readRecords().
#pragma once

#include "core/data/importer.h"

#include <functional>

namespace fettle::data {

// Takes the next records of the file, in order. An error ends the reading and is passed on.
using RecordSink = std::function<Result<>(std::vector<Record> records)>;
inline constexpr std::size_t kRecordsInPortion = 1024;

[[nodiscard]] Result<ImportReport> streamRecords(const std::filesystem::path &file, const ImportOptions &options, const RecordSink &sink,
                                                 const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::data
