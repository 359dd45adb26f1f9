// Records as a Parquet table of messages. Part of dataexport.h.
#pragma once

#include "core/data/dataexport.h"

namespace fettle::data {

// One row for each record: messages (role, content, and a column of JSON for each other field of a message), and context, tools, tags, split,
// rating, status, note where any record has them. Errors as exportRecords().
[[nodiscard]] Result<DataExportReport> exportParquet(const store::Database &database, const std::vector<RecordId> &ids, const std::filesystem::path &file,
                                                     const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::data
