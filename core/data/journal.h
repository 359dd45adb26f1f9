// The history of a project: one entry for each action of the user, with the values before and after of every record it touched. Undo and
// redo go through it without end, also after a restart; a new action drops what could be redone. Runs inside the caller's transaction.
#pragma once

#include "core/data/recordstate.h"
#include "core/data/recordview.h"

#include <functional>

namespace fettle::data {

class JournalWriter {
public:
    // Opens an entry; nothing is kept of it when finish() finds that no record changed.
    [[nodiscard]] static Result<JournalWriter> begin(const store::Database &database);
    [[nodiscard]] Result<> added(RecordId id, const RecordState &after);
    [[nodiscard]] Result<> changed(RecordId id, const RecordState &before, const RecordState &after);
    [[nodiscard]] Result<> removed(RecordId id, const RecordState &before);
    // Images that were written by one statement for many records (see bulkedits.cpp).
    void countBulk(std::int64_t records) { m_records += records; }
    [[nodiscard]] std::int64_t entry() const { return m_entry; }
    [[nodiscard]] std::int64_t records() const { return m_records; }
    [[nodiscard]] Result<> finish(const std::string &what);

private:
    JournalWriter(const store::Database *database, std::int64_t entry) : m_database(database), m_entry(entry) { }
    Result<> write(RecordId id, std::optional<std::string> before, std::optional<std::string> after);
    const store::Database *m_database;
    std::int64_t m_entry = 0;
    std::int64_t m_records = 0;
};

enum class JournalStep { Undo, Redo };

// What would be taken back (repeated) next; nothing where there is none.
[[nodiscard]] Result<std::optional<JournalEntry>> nextEntry(const store::Database &database, JournalStep step);
// Errors: NotFound when there is nothing to take back or repeat.
[[nodiscard]] Result<JournalEntry> applyNextEntry(const store::Database &database, JournalStep step);
// Newest first; entries that are undone at present are not listed.
[[nodiscard]] Result<std::vector<JournalEntry>> readJournal(const store::Database &database, std::int64_t newest);

// What a record has been, newest first; the last one is as it came into the project. Entries that are undone are not listed.
// Errors: NotFound, BadInput (a damaged history).
[[nodiscard]] Result<std::vector<RecordVersion>> readHistory(const store::Database &database, RecordId id);

} // namespace fettle::data
