#include "core/data/trash.h"

#include "core/base/words.h"
#include "core/data/journal.h"
#include "core/data/recordedits.h"

#include <fmt/format.h>

namespace fettle::data {

namespace {

// The newest deletion of each number that stands in no table now. An undone one never happened.
constexpr std::string_view kDeleted = "FROM journalItem i JOIN journal j ON j.id = i.entry WHERE i.after IS NULL AND j.isUndone = 0 "
                                      "AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = i.record) "
                                      "AND NOT EXISTS (SELECT 1 FROM journalItem l JOIN journal lj ON lj.id = l.entry "
                                      "WHERE l.record = i.record AND l.after IS NULL AND lj.isUndone = 0 AND l.entry > i.entry)";

} // namespace

Result<std::vector<RecordVersion>> readDeleted(const store::Database &database, std::int64_t most)
{
    auto statement = database.prepare(fmt::format("SELECT j.id, j.what, j.at, j.records, i.record, i.before {} ORDER BY j.id DESC, i.record LIMIT ?", kDeleted));
    if (!statement)
        return passError(statement);
    statement->bind(most);
    std::vector<RecordVersion> deleted;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return deleted;
        auto state = stateFromImage(statement->view(5));
        if (!state)
            return passError(state);
        auto record = recordOf(database, {statement->integer(4)}, std::move(*state));
        if (!record)
            return passError(record);
        deleted.push_back({{statement->integer(0), statement->text(1), statement->text(2), statement->integer(3)}, std::move(*record)});
    }
}

Result<std::int64_t> countDeleted(const store::Database &database)
{
    return database.integer(fmt::format("SELECT count(*) {}", kDeleted));
}

Result<std::int64_t> restoreDeleted(const store::Database &database, const std::vector<RecordId> &ids)
{
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    auto find = database.prepare(fmt::format("SELECT i.before {} AND i.record = ?", kDeleted));
    auto loss = database.prepare("UPDATE record SET (loss, lossRun) = (SELECT loss, run FROM loss WHERE record = ?1 ORDER BY run DESC LIMIT 1) WHERE id = ?1");
    if (!find || !loss)
        return passError(find ? loss : find);
    for (const RecordId id : ids) {
        find->reset();
        const auto found = find->bind(id.value).step();
        if (!found)
            return passError(found);
        if (!*found)
            continue;
        const auto state = stateFromImage(find->view(0));
        if (!state)
            return passError(state);
        if (const auto inserted = insertState(database, id, *state); !inserted)
            return passError(inserted);
        if (auto done = loss->bind(id.value).run(); !done)
            return passError(done);
        if (auto done = writer->added(id, *state); !done)
            return passError(done);
    }
    const std::int64_t count = writer->records();
    if (auto done = writer->finish(tr("Took {} out of the trash", countedRecords(count))); !done)
        return passError(done);
    return count;
}

} // namespace fettle::data
