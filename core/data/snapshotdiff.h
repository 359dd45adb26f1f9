// What differs between two frozen selections, or between one and the records as they are now.
#pragma once

#include "core/base/result.h"
#include "core/data/recordview.h"

#include <optional>
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
// A name that people know it by. Inside the caller's transaction. Errors: NotFound.
[[nodiscard]] Result<> nameSnapshot(const store::Database &database, SnapshotId id, const std::string &name);

} // namespace fettle::data
