// What a Project holds, for its own .cpp files only.
#pragma once

#include "core/base/words.h"
#include "core/engine/project.h"
#include "core/store/filelock.h"
#include "core/store/schema.h"

#include <bit>
#include <cstring>
#include <limits>
#include <span>

namespace fettle::engine {

// What a change touches: the counters that tell readers to look again. Records: an action with a journal entry (none was written where
// nothing changed). History: undo and redo.
enum class Touches { Other, Lists, Records, History };

static_assert(std::endian::native == std::endian::little, "blobs hold little-endian numbers");

// Numbers as the bytes of a blob, and back.
template <class T>
std::string_view bytesOf(std::span<const T> values)
{
    return {reinterpret_cast<const char *>(values.data()), values.size_bytes()};
}

template <class T>
std::vector<T> valuesOf(std::string_view bytes)
{
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty())
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
}

// SQLite stores a number that is none (NaN) as NULL.
inline double realOrNaN(const store::Statement &row, int column)
{
    return row.isNull(column) ? std::numeric_limits<double>::quiet_NaN() : row.real(column);
}

// Runs one statement with (run, step).
inline Result<> runWith(const store::Database &database, std::string_view sql, std::int64_t first, std::int64_t second)
{
    auto statement = database.prepare(sql);
    if (!statement)
        return passError(statement);
    return statement->bind(first).bind(second).run();
}

// Forgets the steps of a run behind this one; within a transaction. See projectmetrics.cpp.
[[nodiscard]] Result<> truncateMetrics(const store::Database &database, RunId run, std::int64_t step);

struct Project::State {
    std::filesystem::path folder;
    std::unique_ptr<store::Database> database;
    std::optional<store::FileLock> lock; // writers only
    struct Counted { std::int64_t lists; data::RecordCounts counts; };
    std::optional<Counted> lastCounted; // what was counted last, and the state of the counter "lists" before

    // Runs work in one transaction that is durable when it returns; an error changes nothing. Errors: NoPermission for a reader.
    template <class Work>
    auto write(Touches touches, const Work &work) -> decltype(work())
    {
        if (database->isReadOnly())
            return fail(ErrorCode::NoPermission, tr("The project ") + folder.string() + tr(" was opened for reading only."),
                        tr("Open it for writing to change it."));
        auto transaction = store::Transaction::begin(*database);
        if (!transaction)
            return passError(transaction);
        const auto before = newest(touches);
        auto result = work();
        if (!result)
            return result;
        const auto after = newest(touches);
        if (!before || !after)
            return passError(before ? after : before);
        if (touches != Touches::History && *before == *after)
            return result;
        if (auto counted = count(touches); !counted)
            return passError(counted);
        if (auto committed = transaction->commit(); !committed)
            return passError(committed);
        return result;
    }

private:
    // Changes when something was changed.
    Result<std::int64_t> newest(Touches touches) const
    {
        if (touches == Touches::Records)
            return database->integer("SELECT max(id) FROM journal");
        return database->totalChanges();
    }

    // "records" makes snapshots out of date; "lists" is what the table shows; "changes" is everything.
    Result<> count(Touches touches) const
    {
        if (touches == Touches::Records || touches == Touches::History) {
            if (auto done = store::countUp(*database, "records"); !done)
                return done;
        }
        if (touches != Touches::Other) {
            if (auto done = store::countUp(*database, "lists"); !done)
                return done;
        }
        return store::countUp(*database, "changes");
    }
};

} // namespace fettle::engine
