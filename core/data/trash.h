// Records that were deleted. Nothing is thrown away: the history keeps what they were, and this brings them back under their old number.
#pragma once

#include "core/data/recordview.h"
#include "core/store/database.h"

namespace fettle::data {

// Newest deletion first, at most `most`.
[[nodiscard]] Result<std::vector<RecordVersion>> readDeleted(const store::Database &database, std::int64_t most);
[[nodiscard]] Result<std::int64_t> countDeleted(const store::Database &database);
// As one step of the history; numbers that are not deleted are passed over. Inside the caller's transaction. How many came back.
[[nodiscard]] Result<std::int64_t> restoreDeleted(const store::Database &database, const std::vector<RecordId> &ids);

} // namespace fettle::data
