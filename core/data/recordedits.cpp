// Edits of records with their history. Status and split of many records are set by one statement each, images included.
#include "core/data/recordedits.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/journal.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace fettle::data {

namespace {

std::string counted(std::size_t count, const std::vector<RecordId> &ids)
{
    return count == 1 ? tr("record {}", ids.front().value) : tr("{} records", count);
}

// Fills the connection's own table of chosen numbers.
Result<> choose(const store::Database &database, const std::vector<RecordId> &ids)
{
    if (auto done = database.execute("CREATE TEMP TABLE IF NOT EXISTS chosen(id INTEGER PRIMARY KEY); DELETE FROM temp.chosen"); !done)
        return done;
    auto insert = database.prepare("INSERT OR IGNORE INTO temp.chosen(id) VALUES(?)");
    if (!insert)
        return passError(insert);
    for (const RecordId id : ids) {
        if (auto done = insert->bind(id.value).run(); !done)
            return done;
    }
    return {};
}

// column is "status", "split" or "rating", which are also the keys of the images.
Result<> setColumn(const store::Database &database, const std::vector<RecordId> &ids, std::string_view column, int value, const std::string &what)
{
    if (auto done = choose(database, ids); !done)
        return done;
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    auto images = database.prepare(fmt::format("INSERT INTO journalItem(entry, record, before, after) "
                                               "SELECT ?1, id, json_object('{0}', {0}), json_object('{0}', ?2) FROM record "
                                               "WHERE id IN (SELECT id FROM temp.chosen) AND {0} <> ?2",
                                               column));
    if (!images)
        return passError(images);
    if (auto done = images->bind(writer->entry()).bind(value).run(); !done)
        return done;
    writer->countBulk(database.changedRows());
    auto update = database.prepare(fmt::format("UPDATE record SET {0} = ?1, updated = ?2 WHERE id IN (SELECT id FROM temp.chosen) AND {0} <> ?1", column));
    if (!update)
        return passError(update);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    if (auto done = update->bind(value).bind(static_cast<std::int64_t>(now)).run(); !done)
        return done;
    return writer->finish(what);
}

enum class TagChange { Add, Remove };

Result<> changeTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag, TagChange change, const std::string &what)
{
    if (tag.empty() || !isValidUtf8(tag))
        return fail(ErrorCode::BadInput, tr("A tag cannot be empty."), tr("Type a word for the tag."));
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    for (const RecordId id : ids) {
        const auto before = readState(database, id);
        if (!before)
            return passError(before);
        if (!*before)
            continue;
        RecordState after = **before;
        const auto found = std::find(after.tags.begin(), after.tags.end(), tag);
        if ((found != after.tags.end()) == (change == TagChange::Add))
            continue;
        if (change == TagChange::Add)
            after.tags.push_back(tag);
        else
            after.tags.erase(std::remove(after.tags.begin(), after.tags.end(), tag), after.tags.end());
        if (auto done = writer->changed(id, **before, after); !done)
            return done;
        if (auto done = applyImage(database, id, imageOf(after, **before).dump()); !done)
            return done;
    }
    return writer->finish(what);
}

} // namespace

Result<RecordAdder> RecordAdder::begin(const store::Database &database)
{
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    return RecordAdder(database, std::move(*writer));
}

Result<RecordId> RecordAdder::add(const PreparedRecord &prepared)
{
    const auto content = putContent(*m_database, prepared, Indexing::Now);
    if (!content)
        return passError(content);
    const RecordState state = stateOf(prepared.record, *content);
    const auto id = insertState(*m_database, {}, state);
    if (!id)
        return id;
    if (auto done = m_writer.added(*id, state); !done)
        return passError(done);
    return id;
}

Result<std::vector<RecordId>> addRecords(const store::Database &database, const std::vector<Record> &records, const std::string &what)
{
    auto adder = RecordAdder::begin(database);
    if (!adder)
        return passError(adder);
    std::vector<RecordId> ids;
    ids.reserve(records.size());
    for (const Record &record : records) {
        const auto ready = prepared(record);
        if (!ready)
            return passError(ready);
        const auto id = adder->add(*ready);
        if (!id)
            return passError(id);
        ids.push_back(*id);
    }
    if (auto done = adder->finish(what); !done)
        return passError(done);
    return ids;
}

namespace {

// Records written anew as one entry of the journal. Their texts are indexed at the end, all at once.
class RecordRewriter {
public:
    static Result<RecordRewriter> begin(const store::Database &database)
    {
        const auto last = database.integer("SELECT coalesce(max(id), 0) FROM content");
        if (!last)
            return passError(last);
        auto writer = JournalWriter::begin(database);
        if (!writer)
            return passError(writer);
        return RecordRewriter(database, std::move(*writer), *last);
    }

    // A change of what is trained makes the status Edited. Errors: NotFound.
    Result<> write(const Record &record)
    {
        const auto ready = prepared(record);
        if (!ready)
            return passError(ready);
        const auto before = readState(*m_database, record.id);
        if (!before)
            return passError(before);
        if (!*before)
            return fail(ErrorCode::NotFound, tr("There is no record {} in this project.", record.id.value),
                        tr("It may have been deleted: undo brings it back."));
        const auto content = putContent(*m_database, *ready, Indexing::Later);
        if (!content)
            return passError(content);
        RecordState after = stateOf(record, *content);
        if (after.content != (*before)->content && after.status == (*before)->status)
            after.status = RecordStatus::Edited;
        if (after == **before)
            return {};
        if (auto done = m_writer.changed(record.id, **before, after); !done)
            return done;
        return applyImage(*m_database, record.id, imageOf(after, **before).dump());
    }

    [[nodiscard]] std::int64_t count() const { return m_writer.records(); }

    Result<> finish(const std::string &what, std::stop_token stop = {})
    {
        if (auto done = m_writer.finish(what); !done)
            return done;
        return indexContents(*m_database, m_lastContent, std::move(stop));
    }

private:
    RecordRewriter(const store::Database &database, JournalWriter writer, std::int64_t lastContent)
        : m_database(&database), m_writer(std::move(writer)), m_lastContent(lastContent)
    {
    }
    const store::Database *m_database;
    JournalWriter m_writer;
    std::int64_t m_lastContent; // before
};

} // namespace

Result<> saveRecord(const store::Database &database, const Record &record)
{
    auto writer = RecordRewriter::begin(database);
    if (!writer)
        return passError(writer);
    if (auto done = writer->write(record); !done)
        return done;
    return writer->finish(tr("Edited record {}", record.id.value));
}

Result<> mergeRecords(const store::Database &database, const Record &kept, RecordId other)
{
    auto rejected = readRecord(database, other);
    if (!rejected)
        return passError(rejected);
    rejected->status = RecordStatus::Rejected;
    auto writer = RecordRewriter::begin(database);
    if (!writer)
        return passError(writer);
    if (auto done = writer->write(kept); !done)
        return done;
    if (auto done = writer->write(*rejected); !done)
        return done;
    return writer->finish(tr("Merged record {} into {}", other.value, kept.id.value));
}

std::string countedRecords(std::int64_t count)
{
    return count == 1 ? tr("1 record") : tr("{} records", count);
}

Result<std::int64_t> changeRecords(const store::Database &database, const std::vector<RecordId> &ids, const RecordChanger &changer,
                                   const std::function<std::string(std::int64_t)> &what, const ProgressCallback &progress, std::stop_token stop)
{
    auto writer = RecordRewriter::begin(database);
    if (!writer)
        return passError(writer);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 256 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Changing the records was cancelled."), tr("Nothing was changed."));
            if (progress)
                progress({tr("Changing records"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size())});
        }
        const auto state = readState(database, ids[i]);
        if (!state)
            return passError(state);
        if (!*state)
            continue; // deleted meanwhile
        const auto record = recordOf(database, ids[i], **state);
        if (!record)
            return passError(record);
        const auto changed = changer(*record);
        if (!changed)
            return passError(changed);
        if (!*changed)
            continue;
        if (auto done = writer->write(**changed); !done)
            return passError(done);
    }
    const std::int64_t count = writer->count();
    if (auto done = writer->finish(what(count), stop); !done)
        return passError(done);
    return count;
}

Result<> setStatus(const store::Database &database, const std::vector<RecordId> &ids, RecordStatus status)
{
    if (ids.empty())
        return {};
    const std::string_view verb = status == RecordStatus::Approved ? "Approved" : status == RecordStatus::Rejected ? "Rejected" : "Marked";
    std::string what = fmt::format("{} {}", verb, counted(ids.size(), ids));
    if (verb == "Marked")
        what += tr(" as {}", nameOf(status));
    return setColumn(database, ids, "status", static_cast<int>(status), what);
}

Result<> setSplit(const store::Database &database, const std::vector<RecordId> &ids, Split split)
{
    if (ids.empty())
        return {};
    return setColumn(database, ids, "split", static_cast<int>(split),
                     split == Split::Unassigned ? tr("Took {} out of its split", counted(ids.size(), ids))
                                                : tr("Moved {} to {}", counted(ids.size(), ids), nameOf(split)));
}

Result<> setRating(const store::Database &database, const std::vector<RecordId> &ids, int rating)
{
    if (rating < 0 || rating > 5)
        return fail(ErrorCode::BadInput, tr("The rating {} is not between 0 and 5.", rating), tr("Choose 1 to 5 stars, or 0 for none."));
    if (ids.empty())
        return {};
    return setColumn(database, ids, "rating", rating,
                     rating == 0 ? tr("Took the rating off {}", counted(ids.size(), ids)) : tr("Rated {} with {} of 5", counted(ids.size(), ids), rating));
}

Result<> addTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag)
{
    if (ids.empty())
        return {};
    return changeTag(database, ids, tag, TagChange::Add, tr("Tagged {} with {}", counted(ids.size(), ids), tag));
}

Result<> removeTag(const store::Database &database, const std::vector<RecordId> &ids, const std::string &tag)
{
    if (ids.empty())
        return {};
    return changeTag(database, ids, tag, TagChange::Remove, tr("Removed the tag {} from {}", tag, counted(ids.size(), ids)));
}

Result<> deleteRecords(const store::Database &database, const std::vector<RecordId> &ids)
{
    if (ids.empty())
        return {};
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    for (const RecordId id : ids) {
        const auto before = readState(database, id);
        if (!before)
            return passError(before);
        if (!*before)
            continue; // deleted already, or named twice
        if (auto done = writer->removed(id, **before); !done)
            return done;
        if (auto done = removeState(database, id); !done)
            return done;
    }
    return writer->finish(tr("Deleted {}", counted(ids.size(), ids)));
}

} // namespace fettle::data
