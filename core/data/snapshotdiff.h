// What differs between two frozen selections, or between one and the records as they are now.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/recordview.h"

#include <optional>
#include <stop_token>
#include <vector>

namespace fettle::store {
class Database;
}

namespace fettle::data {

struct SnapshotChange { // only before: removed; only after: added; both: its text, tags, split or note differ
    std::optional<Record> before, after;
};
struct SnapshotDiff {
    std::int64_t added = 0, removed = 0, changed = 0, same = 0;
    std::vector<SnapshotChange> shown; // the first of them, in the order of their numbers
};

// newer: nothing means the records as they are now, without the rejected and the empty ones. Errors: NotFound.
[[nodiscard]] Result<SnapshotDiff> diffSnapshots(const store::Database &database, SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown);
// Makes the records again what the snapshot holds, as one step of undo: what was changed since gets its text, tags, note and split back, what was
// deleted, rejected or emptied comes back, and what was added is deleted. Records that are rejected or empty, which no snapshot holds, stay. Gives the
// number of records that were changed. Inside the caller's transaction. Errors: NotFound, Cancelled.
[[nodiscard]] Result<std::int64_t> backToSnapshot(const store::Database &database, SnapshotId id, const ProgressCallback &progress = {}, std::stop_token stop = {});
// A name that people know it by. Inside the caller's transaction. Errors: NotFound.
[[nodiscard]] Result<> nameSnapshot(const store::Database &database, SnapshotId id, const std::string &name);

} // namespace fettle::data
