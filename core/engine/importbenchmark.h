// How Fettle copes with a million records: importing, listing, searching, opening again, saving. Part of benchmark.h.
#pragma once

#include "core/engine/benchmark.h"

namespace fettle::engine {

// Makes a file of that many records (about 1,000 bytes each) in an empty folder, imports it into a project beside it and works with that.
// Errors: DiskFull (with the space that is needed), those of the project, Cancelled.
[[nodiscard]] Result<> benchmarkImport(const std::filesystem::path &folder, std::int64_t rows, Figures &figures, const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::engine
