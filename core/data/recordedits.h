// The actions that change records. Each writes one journal entry and runs inside the caller's transaction; none does anything when
// nothing would change. Errors: BadInput (text that cannot be stored), NotFound, and those of the database.
#pragma once

#include "core/base/progress.h"
#include "core/data/recordstate.h"

#include <stop_token>

namespace fettle::data {

// Ids of the records are ignored; new ones are given, in order.
[[nodiscard]] Result<std::vector<RecordId>> addRecords(const store::Database &database, const std::vector<Record> &records, const std::string &what,
                                                       const ProgressCallback &progress = {}, std::stop_token stop = {});
[[nodiscard]] Result<> saveRecord(const store::Database &database, const Record &record);
// Stores the record and rejects the other one, as one step: how two answers to a question become one.
[[nodiscard]] Result<> mergeRecords(const store::Database &database, const Record &kept, RecordId other);
[[nodiscard]] Result<> setStatus(const store::Database &database, const std::vector<RecordId> &ids, RecordStatus status);
[[nodiscard]] Result<> setSplit(const store::Database &database, const std::vector<RecordId> &ids, Split split);
[[nodiscard]] Result<> setRating(const store::Database &database, const std::vector<RecordId> &ids, int rating);
[[nodiscard]] Result<> addTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag);
[[nodiscard]] Result<> removeTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag);
[[nodiscard]] Result<> deleteRecords(const store::Database &database, const std::vector<RecordId> &ids);

} // namespace fettle::data
