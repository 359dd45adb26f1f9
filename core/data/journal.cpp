// Writing and replaying the history.
#include "core/data/journal.h"

#include "core/base/clock.h"
#include "core/base/words.h"

namespace fettle::data {

namespace {

JournalEntry entryOf(const store::Statement &row)
{
    return {row.integer(0), row.text(1), row.text(2), row.integer(3)};
}

// Puts one record back to the side of the item that is given; other is the side it has now.
Result<> restore(const store::Database &database, RecordId id, const std::optional<std::string> &wanted, const std::optional<std::string> &other)
{
    if (!wanted)
        return removeState(database, id);
    if (other)
        return applyImage(database, id, *wanted);
    const auto state = stateFromImage(*wanted);
    if (!state)
        return passError(state);
    const auto inserted = insertState(database, id, *state);
    if (!inserted)
        return passError(inserted);
    // The newest loss that was measured for the record came back with it.
    auto loss = database.prepare("UPDATE record SET (loss, lossRun) = (SELECT loss, run FROM loss WHERE record = ?1 ORDER BY run DESC LIMIT 1) WHERE id = ?1");
    if (!loss)
        return passError(loss);
    return loss->bind(id.value).run();
}

} // namespace

Result<JournalWriter> JournalWriter::begin(const store::Database &database)
{
    auto insert = database.prepare("INSERT INTO journal(what, at, records) VALUES('', ?, 0)");
    if (!insert)
        return passError(insert);
    if (auto done = insert->bind(isoNow()).run(); !done)
        return passError(done);
    return JournalWriter(&database, database.lastInsertId());
}

Result<> JournalWriter::added(RecordId id, const RecordState &after)
{
    return write(id, std::nullopt, imageOf(after).dump());
}

Result<> JournalWriter::changed(RecordId id, const RecordState &before, const RecordState &after)
{
    if (before == after)
        return {};
    return write(id, imageOf(before, after).dump(), imageOf(after, before).dump());
}

Result<> JournalWriter::removed(RecordId id, const RecordState &before)
{
    return write(id, imageOf(before).dump(), std::nullopt);
}

Result<> JournalWriter::write(RecordId id, std::optional<std::string> before, std::optional<std::string> after)
{
    auto insert = m_database->prepare("INSERT INTO journalItem(entry, record, before, after) VALUES(?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    insert->bind(m_entry).bind(id.value);
    before ? insert->bind(*before) : insert->bindNull();
    after ? insert->bind(*after) : insert->bindNull();
    ++m_records;
    return insert->run();
}

Result<> JournalWriter::finish(const std::string &what)
{
    if (m_records == 0) {
        auto remove = m_database->prepare("DELETE FROM journal WHERE id = ?");
        if (!remove)
            return passError(remove);
        return remove->bind(m_entry).run();
    }
    auto drop = m_database->prepare("DELETE FROM journal WHERE isUndone = 1");
    if (!drop)
        return passError(drop);
    if (auto done = drop->run(); !done)
        return done;
    auto update = m_database->prepare("UPDATE journal SET what = ?, records = ? WHERE id = ?");
    if (!update)
        return passError(update);
    return update->bind(what).bind(m_records).bind(m_entry).run();
}

Result<std::optional<JournalEntry>> nextEntry(const store::Database &database, JournalStep step)
{
    auto statement = database.prepare(step == JournalStep::Undo
                                          ? "SELECT id, what, at, records FROM journal WHERE isUndone = 0 ORDER BY id DESC LIMIT 1"
                                          : "SELECT id, what, at, records FROM journal WHERE isUndone = 1 ORDER BY id LIMIT 1");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->step();
    if (!hasRow)
        return passError(hasRow);
    return *hasRow ? std::optional(entryOf(*statement)) : std::nullopt;
}

Result<JournalEntry> applyNextEntry(const store::Database &database, JournalStep step)
{
    const auto entry = nextEntry(database, step);
    if (!entry)
        return passError(entry);
    if (!*entry)
        return fail(ErrorCode::NotFound, step == JournalStep::Undo ? tr("There is nothing to undo.") : tr("There is nothing to redo."));
    auto items = database.prepare("SELECT record, before, after FROM journalItem WHERE entry = ?");
    if (!items)
        return passError(items);
    items->bind((*entry)->number);
    for (;;) {
        const auto hasRow = items->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        const auto before = items->isNull(1) ? std::nullopt : std::optional(items->text(1));
        const auto after = items->isNull(2) ? std::nullopt : std::optional(items->text(2));
        const RecordId id{items->integer(0)};
        const auto done = step == JournalStep::Undo ? restore(database, id, before, after) : restore(database, id, after, before);
        if (!done)
            return passError(done);
    }
    auto mark = database.prepare("UPDATE journal SET isUndone = ? WHERE id = ?");
    if (!mark)
        return passError(mark);
    if (auto done = mark->bind(step == JournalStep::Undo ? 1 : 0).bind((*entry)->number).run(); !done)
        return passError(done);
    return **entry;
}

Result<std::vector<JournalEntry>> readJournal(const store::Database &database, std::int64_t newest)
{
    auto statement = database.prepare("SELECT id, what, at, records FROM journal WHERE isUndone = 0 ORDER BY id DESC LIMIT ?");
    if (!statement)
        return passError(statement);
    statement->bind(newest);
    std::vector<JournalEntry> entries;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return entries;
        entries.push_back(entryOf(*statement));
    }
}

Result<std::vector<RecordVersion>> readHistory(const store::Database &database, RecordId id)
{
    const auto now = readState(database, id);
    if (!now)
        return passError(now);
    if (!*now)
        return fail(ErrorCode::NotFound, tr("There is no record {} in this project.", id.value), tr("It may have been deleted: undo brings it back."));
    auto items = database.prepare("SELECT j.id, j.what, j.at, j.records, i.before FROM journalItem i JOIN journal j ON j.id = i.entry "
                                  "WHERE i.record = ? AND j.isUndone = 0 ORDER BY j.id DESC");
    if (!items)
        return passError(items);
    items->bind(id.value);
    std::vector<RecordVersion> versions;
    nlohmann::json image = imageOf(**now); // walked backwards, one entry at a time
    for (;;) {
        const auto hasRow = items->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return versions;
        auto state = stateFromImage(image.dump());
        if (!state)
            return passError(state);
        auto record = recordOf(database, id, std::move(*state));
        if (!record)
            return passError(record);
        versions.push_back({entryOf(*items), std::move(*record)});
        if (items->isNull(4))
            return versions; // added here
        const auto before = nlohmann::json::parse(items->text(4), nullptr, false);
        if (!before.is_object())
            return fail(ErrorCode::BadInput, tr("The history of record {} is damaged at entry {}.", id.value, items->integer(0)),
                        tr("The record itself is not affected. Restore the project folder from a copy to see its history."));
        image.update(before);
    }
}

} // namespace fettle::data
