// Frozen selections of records: which contents in which split, in order. Cheap, because contents are stored once and never change.
#pragma once

#include "core/data/recordview.h"
#include "core/store/database.h"

namespace fettle::data {

// Rows that match the filter, are not rejected and not empty. Unassigned rows are put into splits by shares: rows with the same question
// stay together (no leak), and a question's place depends on the seed and the question only, so that it hardly moves when records are added.
// The same rows in the same splits give the same snapshot again. Runs inside the caller's transaction.
// Errors: BadInput (no row is left; shares that are negative or do not add up to 1).
[[nodiscard]] Result<SnapshotInfo> freezeSnapshot(const store::Database &database, const RecordFilter &filter, const SplitShares &shares);
// Errors: NotFound.
[[nodiscard]] Result<> requireSnapshot(const store::Database &database, SnapshotId id);
[[nodiscard]] Result<std::vector<SnapshotInfo>> readSnapshots(const store::Database &database); // newest last
// The rows as they were frozen, in order. Errors: NotFound.
[[nodiscard]] Result<std::vector<Record>> readSnapshotRecords(const store::Database &database, SnapshotId id, std::optional<Split> split);

} // namespace fettle::data
