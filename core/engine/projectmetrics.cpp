// The steps of a run. The newest ones are rows of a table; when there are enough of them they become one block, whose points lie in a blob one
// after the other as they lie in memory: a million steps are read in a fraction of the time that a million rows take.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include <algorithm>
#include <type_traits>

namespace fettle::engine {

namespace {

constexpr std::int64_t kBlockPoints = 4096;

// Blocks hold this layout. A later version may add numbers at the end: pointBytes says how many there were. There were never fewer: what claims to be
// smaller is damaged, and would ask for many times its size of memory.
constexpr std::int64_t kLeastPointBytes = 11 * 8;
static_assert(std::is_trivially_copyable_v<MetricPoint> && sizeof(MetricPoint) == kLeastPointBytes);

Result<> insertPoints(const store::Database &database, RunId run, std::span<const MetricPoint> points)
{
    auto insert = database.prepare("INSERT OR REPLACE INTO metric(run, step, epoch, loss, learningRate, gradNorm, tokensPerSecond, tokens, "
                                   "peakBytes, seconds, accuracy, pageFaults) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    for (const MetricPoint &point : points) {
        insert->bind(run.value).bind(point.step).bind(point.epoch).bind(point.loss).bind(point.learningRate).bind(point.gradNorm);
        insert->bind(point.tokensPerSecond).bind(point.tokens).bind(point.peakBytes).bind(point.seconds).bind(point.accuracy).bind(point.pageFaults);
        if (auto done = insert->run(); !done)
            return done;
    }
    return {};
}

// Adds at most `most` rows behind afterStep, by step.
Result<> readRows(const store::Database &database, RunId run, std::int64_t afterStep, std::int64_t most, std::vector<MetricPoint> &points)
{
    auto select = database.prepare("SELECT step, epoch, loss, learningRate, gradNorm, tokensPerSecond, tokens, peakBytes, seconds, accuracy, "
                                   "pageFaults FROM metric WHERE run = ? AND step > ? ORDER BY step LIMIT ?");
    if (!select)
        return passError(select);
    select->bind(run.value).bind(afterStep).bind(most);
    for (;;) {
        const auto hasRow = select->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return {};
        const store::Statement &row = *select;
        points.push_back({row.integer(0), realOrNaN(row, 1), realOrNaN(row, 2), realOrNaN(row, 3), realOrNaN(row, 4), realOrNaN(row, 5), row.integer(6), row.integer(7),
                          realOrNaN(row, 8), realOrNaN(row, 9), row.integer(10)});
    }
}

// Adds the points of a block. False where it is damaged: steps must ascend.
bool addBlock(std::string_view bytes, std::int64_t pointBytes, std::vector<MetricPoint> &points)
{
    if (pointBytes < kLeastPointBytes || bytes.size() % std::size_t(pointBytes) != 0)
        return false;
    const std::size_t before = points.size(), count = bytes.size() / std::size_t(pointBytes);
    points.resize(before + count);
    if (pointBytes == sizeof(MetricPoint)) {
        std::copy_n(bytes.data(), bytes.size(), reinterpret_cast<char *>(points.data() + before)); // a damaged block may be empty
    } else {
        for (std::size_t i = 0; i < count; ++i)
            std::memcpy(points.data() + before + i, bytes.data() + i * std::size_t(pointBytes), std::min(std::size_t(pointBytes), sizeof(MetricPoint)));
    }
    for (std::size_t i = std::max<std::size_t>(before, 1); i < points.size(); ++i) {
        if (points[i].step <= points[i - 1].step)
            return false;
    }
    return true;
}

// Adds the points of all blocks that reach behind afterStep.
Result<> readBlocks(const store::Database &database, RunId run, std::int64_t afterStep, std::vector<MetricPoint> &points)
{
    auto length = database.prepare("SELECT sum(length(points) / pointBytes) FROM metricBlock WHERE run = ? AND last > ? AND pointBytes >= ?");
    if (!length)
        return passError(length);
    if (const auto hasRow = length->bind(run.value).bind(afterStep).bind(kLeastPointBytes).step(); !hasRow)
        return passError(hasRow);
    points.reserve(std::size_t(length->integer(0)));
    auto select = database.prepare("SELECT pointBytes, points FROM metricBlock WHERE run = ? AND last > ? ORDER BY last");
    if (!select)
        return passError(select);
    select->bind(run.value).bind(afterStep);
    for (;;) {
        const auto hasRow = select->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return {};
        if (!addBlock(select->view(1), select->integer(0), points))
            return fail(ErrorCode::BadInput, tr("The curve of run {} is damaged near step {}.", run.value, points.empty() ? 0 : points.back().step),
                        tr("Restore the project folder from a copy. The result of the run is not concerned."));
    }
}

// The blocks that reach behind a step become rows again.
Result<> unfold(const store::Database &database, RunId run, std::int64_t step)
{
    std::vector<MetricPoint> points;
    if (auto read = readBlocks(database, run, step, points); !read || points.empty())
        return read;
    if (auto inserted = insertPoints(database, run, points); !inserted)
        return inserted;
    return runWith(database, "DELETE FROM metricBlock WHERE run = ? AND last > ?", run.value, step);
}

// As many of the oldest rows as fill a block become one, again and again.
Result<> fold(const store::Database &database, RunId run)
{
    for (;;) {
        auto enough = database.prepare("SELECT 1 FROM metric WHERE run = ? ORDER BY step LIMIT 1 OFFSET ?");
        if (!enough)
            return passError(enough);
        const auto isEnough = enough->bind(run.value).bind(kBlockPoints - 1).step();
        if (!isEnough || !*isEnough)
            return isEnough ? Result<>() : passError(isEnough);
        std::vector<MetricPoint> points;
        if (auto read = readRows(database, run, std::numeric_limits<std::int64_t>::min(), kBlockPoints, points); !read)
            return read;
        auto insert = database.prepare("INSERT INTO metricBlock(run, first, last, pointBytes, points) VALUES(?, ?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        insert->bind(run.value).bind(points.front().step).bind(points.back().step).bind(std::int64_t(sizeof(MetricPoint)));
        if (auto done = insert->bindBytes(bytesOf(std::span<const MetricPoint>(points))).run(); !done)
            return done;
        if (auto done = runWith(database, "DELETE FROM metric WHERE run = ? AND step <= ?", run.value, points.back().step); !done)
            return done;
    }
}

} // namespace

Result<> truncateMetrics(const store::Database &database, RunId run, std::int64_t step)
{
    if (auto done = runWith(database, "DELETE FROM metricBlock WHERE run = ? AND first > ?", run.value, step); !done)
        return done;
    if (auto done = unfold(database, run, step); !done)
        return done;
    return runWith(database, "DELETE FROM metric WHERE run = ? AND step > ?", run.value, step);
}

Result<> Project::appendMetrics(RunId id, const std::vector<MetricPoint> &points)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        if (points.empty())
            return {};
        // As a rule none: steps come once.
        if (auto done = unfold(*m_state->database, id, std::ranges::min(points, {}, &MetricPoint::step).step - 1); !done)
            return done;
        if (auto done = insertPoints(*m_state->database, id, points); !done)
            return done;
        return fold(*m_state->database, id);
    });
}

Result<std::vector<MetricPoint>> Project::metrics(RunId id, std::int64_t afterStep) const
{
    // One moment for both: a step that became part of a block meanwhile would be missing.
    const auto moment = store::Transaction::begin(*m_state->database, store::TransactionKind::Read);
    if (!moment)
        return passError(moment);
    std::vector<MetricPoint> points;
    if (auto read = readBlocks(*m_state->database, id, afterStep, points); !read)
        return passError(read);
    std::erase_if(points, [&](const MetricPoint &point) { return point.step <= afterStep; });
    if (auto read = readRows(*m_state->database, id, points.empty() ? afterStep : points.back().step, -1, points); !read)
        return passError(read);
    return points;
}

} // namespace fettle::engine
