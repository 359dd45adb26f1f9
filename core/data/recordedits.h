// The actions that change records. Each writes one journal entry and runs inside the caller's transaction; none does anything when
// nothing would change. Errors: BadInput (text that cannot be stored), NotFound, and those of the database.
#pragma once

#include "core/base/progress.h"
#include "core/data/journal.h"
#include "core/data/recordstate.h"

#include <functional>
#include <stop_token>

namespace fettle::data {

// Adds records one by one, as one step. Runs inside the caller's transaction from begin to finish.
class RecordAdder {
public:
    [[nodiscard]] static Result<RecordAdder> begin(const store::Database &database);
    // Ids of the records are ignored; new ones are given, in order.
    [[nodiscard]] Result<RecordId> add(const PreparedRecord &prepared);
    [[nodiscard]] std::int64_t count() const { return m_writer.records(); }
    [[nodiscard]] Result<> finish(const std::string &what) { return m_writer.finish(what); }

private:
    RecordAdder(const store::Database &database, JournalWriter writer) : m_database(&database), m_writer(std::move(writer)) { }
    const store::Database *m_database;
    JournalWriter m_writer;
};

// Ids of the records are ignored; new ones are given, in order.
[[nodiscard]] Result<std::vector<RecordId>> addRecords(const store::Database &database, const std::vector<Record> &records, const std::string &what);
[[nodiscard]] Result<> saveRecord(const store::Database &database, const Record &record);
// Stores the record and rejects the other one, as one step: how two answers to a question become one.
[[nodiscard]] Result<> mergeRecords(const store::Database &database, const Record &kept, RecordId other);
// What a record becomes; nothing where it stays as it is.
using RecordChanger = std::function<Result<std::optional<Record>>(const Record &)>;
// As one step; what: its words, for the number of records that were changed (which is the result). Errors: Cancelled (nothing was changed).
[[nodiscard]] Result<std::int64_t> changeRecords(const store::Database &database, const std::vector<RecordId> &ids, const RecordChanger &changer,
                                                 const std::function<std::string(std::int64_t)> &what, const ProgressCallback &progress = {},
                                                 std::stop_token stop = {});
// "1 record", "12 records"
[[nodiscard]] std::string countedRecords(std::int64_t count);
[[nodiscard]] Result<> setStatus(const store::Database &database, const std::vector<RecordId> &ids, RecordStatus status);
[[nodiscard]] Result<> setSplit(const store::Database &database, const std::vector<RecordId> &ids, Split split);
[[nodiscard]] Result<> setRating(const store::Database &database, const std::vector<RecordId> &ids, int rating);
[[nodiscard]] Result<> addTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag);
[[nodiscard]] Result<> removeTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag);
[[nodiscard]] Result<> deleteRecords(const store::Database &database, const std::vector<RecordId> &ids);

} // namespace fettle::data
