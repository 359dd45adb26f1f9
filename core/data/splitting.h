// Dividing records into train, held-out and test. What asks the same or nearly the same stays on one side, so that nothing leaks.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/recordview.h"

#include <stop_token>

namespace fettle::store {
class Database;
}

namespace fettle::data {

enum class SplitBy {
    Chance,      // at random
    WithinTags,  // at random, with the shares kept in each first tag
    WholeTags,   // records with the same first tag stay together
    WholeSources // records of the same file stay together
};

struct SplitRule {
    SplitBy by = SplitBy::Chance;
    SplitShares shares{0.8, 0.1, 0.1, 1207};
    bool keepsAssigned = true; // records that have a split keep it, and what asks nearly the same follows them
};

struct SplitPlan {
    std::vector<std::pair<RecordId, Split>> moves; // only records whose split changes
    std::map<Split, std::int64_t> counts;          // of the records that were divided, as they would be
    std::int64_t groups = 0;                       // that stay together
};

// Rejected records are left out. The same rule, records and seed give the same plan. Errors: BadInput (shares), Cancelled.
[[nodiscard]] Result<SplitPlan> planSplits(const store::Database &database, const std::vector<RecordId> &ids, const SplitRule &rule,
                                           const ProgressCallback &progress = {}, std::stop_token stop = {});
// As one step of the history, inside the caller's transaction.
[[nodiscard]] Result<> applySplits(const store::Database &database, const SplitPlan &plan);

} // namespace fettle::data
