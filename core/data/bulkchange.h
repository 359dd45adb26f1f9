// One change for many records: the fix of a finding, or find and replace. First looked at, then done as one step of the history.
#pragma once

#include "core/base/progress.h"
#include "core/data/recordview.h"
#include "core/data/replacement.h"

#include <stop_token>
#include <variant>

namespace fettle::store {
class Database;
}

namespace fettle::data {

// A finding: its fix. Near-duplicates and the like are rejected, never deleted.
using BulkChange = std::variant<RecordFlag, Replacement>;

struct ChangedRecord { Record before, after; };
struct BulkPreview {
    std::vector<RecordId> changed;     // every record that would be changed
    std::vector<ChangedRecord> shown;  // the first of them, with their texts
};

// Whether there is a fix that a program can do.
[[nodiscard]] bool hasFix(RecordFlag flag);
// The record after the fix; nothing where it helps nothing.
[[nodiscard]] std::optional<Record> fixedRecord(const Record &record, RecordFlag flag);

// ids: the records to look at, in this order. Errors: Cancelled, BadInput (see Replacer).
[[nodiscard]] Result<BulkPreview> previewChange(const store::Database &database, const BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                                const ProgressCallback &progress = {}, std::stop_token stop = {});
// How many were changed. Inside the caller's transaction.
[[nodiscard]] Result<std::int64_t> applyChange(const store::Database &database, const BulkChange &change, const std::vector<RecordId> &ids,
                                               const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::data
