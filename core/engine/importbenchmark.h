// How Fettle copes with a million records: importing, listing, searching, opening again, saving. Part of benchmark.h.
#pragma once

#include "core/engine/benchmark.h"

#include <string>
#include <vector>

namespace fettle::engine {

// Writes that many made-up records of about 1,000 bytes each as JSON lines: few words are frequent, most are rare. Errors: those of the disk, Cancelled.
[[nodiscard]] Result<> writeBenchmarkRows(const std::filesystem::path &file, std::int64_t rows, const ProgressCallback &progress = {}, std::stop_token stop = {});
// What is searched for in them, as one types it: a rare word, frequent words, two of them, a phrase, a word and a tag, a beginning without another word.
[[nodiscard]] std::vector<std::string> benchmarkQueries();

// Makes a file of that many records (about 1,000 bytes each) in an empty folder, imports it into a project beside it and works with that.
// Errors: DiskFull (with the space that is needed), those of the project, Cancelled.
[[nodiscard]] Result<> benchmarkImport(const std::filesystem::path &folder, std::int64_t rows, Figures &figures, const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::engine
