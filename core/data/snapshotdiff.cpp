#include "core/data/snapshotdiff.h"

#include "core/base/words.h"
#include "core/data/journal.h"
#include "core/data/recordedits.h"
#include "core/data/recordstate.h"
#include "core/data/snapshotstore.h"

#include <algorithm>
#include <map>

namespace fettle::data {

namespace {

struct Frozen {
    std::int64_t content = 0;
    Split split = Split::Unassigned;
    std::string about; // as aboutOf() writes it
};
using Rows = std::map<std::int64_t, Frozen>; // by number of the record

Result<Rows> rowsOf(const store::Database &database, SnapshotId id)
{
    if (auto found = requireSnapshot(database, id); !found)
        return passError(found);
    auto statement = database.prepare("SELECT record, content, split, about FROM snapshotRow WHERE snapshot = ?");
    if (!statement)
        return passError(statement);
    statement->bind(id.value);
    Rows rows;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return rows;
        rows[statement->integer(0)] = {statement->integer(1), static_cast<Split>(std::clamp<std::int64_t>(statement->integer(2), 0, 3)), statement->text(3)};
    }
}

Result<Rows> rowsNow(const store::Database &database)
{
    auto statement = database.prepare("SELECT r.id FROM record r JOIN content c ON c.id = r.content WHERE r.status <> ?1 AND c.flags & ?2 = 0");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<std::int64_t>(RecordStatus::Rejected)).bind(flagBit(RecordFlag::Empty));
    Rows rows;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return rows;
        const auto state = readState(database, {statement->integer(0)});
        if (!state)
            return passError(state);
        if (*state)
            rows[statement->integer(0)] = {(*state)->content, (*state)->split, aboutOf(**state)};
    }
}

Result<std::optional<Record>> recordAt(const store::Database &database, const Rows &rows, std::int64_t id)
{
    const auto found = rows.find(id);
    if (found == rows.end())
        return std::optional<Record>();
    Record record;
    record.id = {id};
    record.split = found->second.split;
    if (auto done = readAbout(found->second.about, record); !done)
        return passError(done);
    if (auto done = readContent(database, found->second.content, record); !done)
        return passError(done);
    return std::optional(std::move(record));
}

// Status and rating are the way of the work, not what is trained: they make no row a changed one. A split that was open then and now is
// given by freezing.
bool isSame(const Frozen &a, const Frozen &b, bool isNow)
{
    if (a.content != b.content || (a.split != b.split && !(isNow && b.split == Split::Unassigned)))
        return false;
    if (a.about == b.about)
        return true;
    Record one, other;
    return readAbout(a.about, one) && readAbout(b.about, other) && one.tags == other.tags && one.note == other.note;
}

// The record as the snapshot holds it, written over what it is now.
Result<> putBack(const store::Database &database, JournalWriter &writer, RecordId id, const Frozen &frozen)
{
    Record about;
    if (auto done = readAbout(frozen.about, about); !done)
        return done;
    RecordState wanted = stateOf(about, frozen.content);
    wanted.split = frozen.split;
    const auto now = readState(database, id);
    if (!now)
        return passError(now);
    if (*now) {
        if ((*now)->split == Split::Unassigned)
            wanted.split = Split::Unassigned; // freezing gave it one
        if (auto done = writer.changed(id, **now, wanted); !done)
            return done;
        return applyImage(database, id, imageOf(wanted, **now).dump());
    }
    if (const auto inserted = insertState(database, id, wanted); !inserted)
        return passError(inserted);
    auto loss = database.prepare("UPDATE record SET (loss, lossRun) = (SELECT loss, run FROM loss WHERE record = ?1 ORDER BY run DESC LIMIT 1) WHERE id = ?1");
    if (!loss)
        return passError(loss);
    if (auto done = loss->bind(id.value).run(); !done)
        return done;
    return writer.added(id, wanted);
}

Result<> remove(const store::Database &database, JournalWriter &writer, RecordId id)
{
    const auto now = readState(database, id);
    if (!now)
        return passError(now);
    if (auto done = writer.removed(id, **now); !done)
        return done;
    return removeState(database, id);
}

} // namespace

Result<SnapshotDiff> diffSnapshots(const store::Database &database, SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown)
{
    const auto before = rowsOf(database, older);
    if (!before)
        return passError(before);
    const auto after = newer ? rowsOf(database, *newer) : rowsNow(database);
    if (!after)
        return passError(after);
    SnapshotDiff diff;
    std::vector<std::int64_t> ids;
    for (const auto &[id, row] : *before) {
        const auto found = after->find(id);
        if (found != after->end() && isSame(row, found->second, !newer)) {
            ++diff.same;
            continue;
        }
        ++(found == after->end() ? diff.removed : diff.changed);
        ids.push_back(id);
    }
    for (const auto &[id, row] : *after) {
        if (before->contains(id))
            continue;
        ++diff.added;
        ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());
    ids.resize(std::min(ids.size(), shown));
    for (const std::int64_t id : ids) {
        auto then = recordAt(database, *before, id);
        auto now = recordAt(database, *after, id);
        if (!then || !now)
            return passError(then ? now : then);
        diff.shown.push_back({std::move(*then), std::move(*now)});
    }
    return diff;
}

Result<std::int64_t> backToSnapshot(const store::Database &database, SnapshotId id, const ProgressCallback &progress, std::stop_token stop)
{
    const auto then = rowsOf(database, id);
    if (!then)
        return passError(then);
    const auto now = rowsNow(database);
    if (!now)
        return passError(now);
    std::vector<std::int64_t> ids; // that differ
    for (const auto &[record, row] : *then) {
        const auto found = now->find(record);
        if (found == now->end() || !isSame(row, found->second, true))
            ids.push_back(record);
    }
    for (const auto &[record, row] : *now) {
        if (!then->contains(record))
            ids.push_back(record);
    }
    auto writer = JournalWriter::begin(database);
    if (!writer)
        return passError(writer);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i % 256 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Going back was cancelled."), tr("Nothing was changed."));
            if (progress)
                progress({tr("Going back to snapshot {}", id.value), static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size())});
        }
        const auto frozen = then->find(ids[i]);
        const auto done = frozen == then->end() ? remove(database, *writer, {ids[i]}) : putBack(database, *writer, {ids[i]}, frozen->second);
        if (!done)
            return passError(done);
    }
    const std::int64_t count = writer->records();
    if (auto done = writer->finish(tr("Went back to snapshot {}: {}", id.value, countedRecords(count))); !done)
        return passError(done);
    return count;
}

Result<> nameSnapshot(const store::Database &database, SnapshotId id, const std::string &name)
{
    if (auto found = requireSnapshot(database, id); !found)
        return found;
    auto update = database.prepare("UPDATE snapshot SET name = ? WHERE id = ?");
    if (!update)
        return passError(update);
    return update->bind(name).bind(id.value).run();
}

} // namespace fettle::data
