#include "core/data/snapshotdiff.h"

#include "core/base/words.h"
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
