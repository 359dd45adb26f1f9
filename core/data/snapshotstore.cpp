// Freezing rows and reading them back.
#include "core/data/snapshotstore.h"

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/data/recordquery.h"
#include "core/data/recordstate.h"
#include "core/data/textchecks.h"
#include "core/store/schema.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace fettle::data {

namespace {

struct FrozenRow {
    RecordId id;
    RecordState state;
    std::string hash; // of the content
};

Result<std::optional<FrozenRow>> readCandidate(const store::Database &database, RecordId id)
{
    auto state = readState(database, id);
    if (!state)
        return passError(state);
    if (!*state || (*state)->status == RecordStatus::Rejected)
        return std::optional<FrozenRow>();
    auto content = database.prepare("SELECT hash, flags FROM content WHERE id = ?");
    if (!content)
        return passError(content);
    const auto hasRow = content->bind((*state)->content).step();
    if (!hasRow)
        return passError(hasRow);
    if (!*hasRow || (content->integer(1) & flagBit(RecordFlag::Empty)) != 0)
        return std::optional<FrozenRow>();
    return std::optional(FrozenRow{id, std::move(**state), content->text(0)});
}

Result<std::string> questionOf(const store::Database &database, const FrozenRow &row)
{
    Record record;
    record.id = row.id;
    if (auto done = readContent(database, row.state.content, record); !done)
        return passError(done);
    return normalForm(instructionOf(record)) + '\n' + normalForm(record.context);
}

// The unassigned rows of each question, by the hash that decides their order.
Result<> assignSplits(const store::Database &database, std::vector<FrozenRow> &rows, const SplitShares &shares)
{
    std::map<std::string, std::vector<std::size_t>> groups;
    std::size_t unassigned = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].state.split != Split::Unassigned)
            continue;
        const auto question = questionOf(database, rows[i]);
        if (!question)
            return passError(question);
        groups[sha256Hex(fmt::format("{} {}", shares.seed, *question))].push_back(i);
        ++unassigned;
    }
    const auto part = [&](double share) { return static_cast<std::size_t>(std::llround(share * static_cast<double>(unassigned))); };
    const std::size_t heldOut = part(shares.heldOut);
    const std::size_t test = part(shares.test);
    std::size_t placed = 0;
    for (const auto &[key, members] : groups) {
        const Split split = placed < heldOut ? Split::HeldOut : placed < heldOut + test ? Split::Test : Split::Train;
        for (const std::size_t member : members)
            rows[member].state.split = split;
        placed += members.size();
    }
    return {};
}

Result<> storeRows(const store::Database &database, std::int64_t snapshot, const std::vector<FrozenRow> &rows)
{
    auto insert = database.prepare("INSERT INTO snapshotRow(snapshot, position, record, content, split, about) VALUES(?, ?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    std::int64_t position = 0;
    for (const FrozenRow &row : rows) {
        insert->bind(snapshot).bind(position++).bind(row.id.value).bind(row.state.content);
        if (auto done = insert->bind(static_cast<int>(row.state.split)).bind(aboutOf(row.state)).run(); !done)
            return done;
    }
    return {};
}

constexpr std::string_view kSelectSnapshots = "SELECT id, hash, at, rows, train, heldOut, test, recordsVersion, name FROM snapshot";

SnapshotInfo infoOf(const store::Statement &row, std::int64_t recordsVersion)
{
    return {{row.integer(0)}, row.text(1), row.text(2), row.integer(3), row.integer(4), row.integer(5), row.integer(6), row.integer(7) == recordsVersion, row.text(8)};
}

Result<std::optional<SnapshotInfo>> findByHash(const store::Database &database, const std::string &hash, std::int64_t version)
{
    auto statement = database.prepare(fmt::format("{} WHERE hash = ?", kSelectSnapshots));
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(hash).step();
    if (!hasRow)
        return passError(hasRow);
    return *hasRow ? std::optional(infoOf(*statement, version)) : std::nullopt;
}

} // namespace

Result<SnapshotInfo> freezeSnapshot(const store::Database &database, const RecordFilter &filter, const SplitShares &shares)
{
    const bool isPossible = shares.train >= 0 && shares.heldOut >= 0 && shares.test >= 0;
    if (!isPossible || !(std::abs(shares.train + shares.heldOut + shares.test - 1) < 1e-6))
        return fail(ErrorCode::BadInput, tr("The shares {}, {} and {} do not add up to 1.", shares.train, shares.heldOut, shares.test),
                    tr("Give three shares from 0 to 1, for example 0.8, 0.1 and 0.1."));
    const auto ids = findRecords(database, filter);
    if (!ids)
        return passError(ids);
    std::vector<FrozenRow> rows;
    for (const RecordId id : *ids) {
        auto row = readCandidate(database, id);
        if (!row)
            return passError(row);
        if (*row)
            rows.push_back(std::move(**row));
    }
    if (rows.empty())
        return fail(ErrorCode::BadInput, tr("There is no record to freeze: none matches that is neither rejected nor empty."),
                    tr("Add records, or choose another filter."));
    if (auto done = assignSplits(database, rows, shares); !done)
        return passError(done);

    Sha256 hash;
    std::map<Split, std::int64_t> counts;
    for (const FrozenRow &row : rows) {
        hash.update(fmt::format("{} {}\n", row.hash, nameOf(row.state.split)));
        ++counts[row.state.split];
    }
    const std::string name = hash.finishHex();
    const auto version = store::counter(database, "records");
    if (!version)
        return passError(version);
    const auto known = findByHash(database, name, *version);
    if (!known)
        return passError(known);
    if (*known) {
        auto update = database.prepare("UPDATE snapshot SET recordsVersion = ? WHERE id = ?");
        if (!update)
            return passError(update);
        if (auto done = update->bind(*version).bind((*known)->id.value).run(); !done)
            return passError(done);
        SnapshotInfo info = **known;
        info.isCurrent = true;
        return info;
    }
    SnapshotInfo info{{}, name, isoNow(), static_cast<std::int64_t>(rows.size()), counts[Split::Train], counts[Split::HeldOut], counts[Split::Test], true};
    auto insert = database.prepare("INSERT INTO snapshot(hash, at, rows, train, heldOut, test, recordsVersion) VALUES(?, ?, ?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    insert->bind(info.hash).bind(info.when).bind(info.rows).bind(info.train).bind(info.heldOut).bind(info.test).bind(*version);
    if (auto done = insert->run(); !done)
        return passError(done);
    info.id = {database.lastInsertId()};
    if (auto done = storeRows(database, info.id.value, rows); !done)
        return passError(done);
    return info;
}

Result<std::vector<SnapshotInfo>> readSnapshots(const store::Database &database)
{
    const auto version = store::counter(database, "records");
    if (!version)
        return passError(version);
    auto statement = database.prepare(fmt::format("{} ORDER BY id", kSelectSnapshots));
    if (!statement)
        return passError(statement);
    std::vector<SnapshotInfo> snapshots;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return snapshots;
        snapshots.push_back(infoOf(*statement, *version));
    }
}

Result<> requireSnapshot(const store::Database &database, SnapshotId id)
{
    auto exists = database.prepare("SELECT 1 FROM snapshot WHERE id = ?");
    if (!exists)
        return passError(exists);
    const auto found = exists->bind(id.value).step();
    if (!found)
        return passError(found);
    if (!*found)
        return fail(ErrorCode::NotFound, tr("There is no snapshot {} in this project.", id.value), tr("Choose another one, or freeze the records again."));
    return {};
}

Result<std::vector<Record>> readSnapshotRecords(const store::Database &database, SnapshotId id, std::optional<Split> split)
{
    if (auto found = requireSnapshot(database, id); !found)
        return passError(found);
    auto statement = database.prepare("SELECT record, content, split, about FROM snapshotRow WHERE snapshot = ? ORDER BY position");
    if (!statement)
        return passError(statement);
    statement->bind(id.value);
    std::vector<Record> records;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return records;
        Record record;
        record.id = {statement->integer(0)};
        record.split = static_cast<Split>(std::clamp<std::int64_t>(statement->integer(2), 0, 3));
        if (split && record.split != *split)
            continue;
        if (auto done = readAbout(statement->view(3), record); !done)
            return passError(done);
        if (auto done = readContent(database, statement->integer(1), record); !done)
            return passError(done);
        records.push_back(std::move(record));
    }
}

} // namespace fettle::data
