// Runs of a project with their curves and checkpoints.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include "core/base/clock.h"
#include "core/io/atomicfile.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRunColumns = "SELECT id, name, state, method, modelPath, modelName, modelHash, snapshot, recipe, step, steps, epoch, "
                                         "trainLoss, evalLoss, tokens, trainedTokens, seconds, started, adapter, failure, resultStep, tags, note, isArchived, trashed, "
                                         "trainRows, cutRows, endlessRows, longestRow FROM run";

// Adapters inside the project are stored relative to it, so that a project can be copied elsewhere.
std::string storedPath(const fs::path &folder, const std::string &path)
{
    if (path.empty())
        return path;
    const fs::path relative = fs::path(path).lexically_relative(folder);
    return !relative.empty() && *relative.begin() != ".." ? relative.generic_string() : path;
}

std::string shownPath(const fs::path &folder, const std::string &stored)
{
    return stored.empty() || fs::path(stored).is_absolute() ? stored : (folder / stored).string();
}

// Tags are stored one a line.
std::vector<std::string> tagLines(std::string_view text)
{
    std::vector<std::string> tags;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (end > 0)
            tags.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return tags;
}

RunInfo runOf(const store::Statement &row, const fs::path &folder)
{
    RunInfo run;
    run.id = {row.integer(0)};
    run.name = row.text(1);
    run.state = static_cast<RunState>(std::clamp<std::int64_t>(row.integer(2), 0, static_cast<int>(RunState::Interrupted)));
    run.method = row.text(3);
    run.modelPath = row.text(4);
    run.modelName = row.text(5);
    run.modelHash = row.text(6);
    run.snapshot = {row.integer(7)};
    run.recipeJson = row.text(8);
    run.step = row.integer(9);
    run.steps = row.integer(10);
    run.epoch = row.real(11);
    run.trainLoss = row.optionalReal(12);
    run.evalLoss = row.optionalReal(13);
    run.tokens = row.integer(14);
    run.trainedTokens = row.integer(15);
    run.seconds = row.real(16);
    run.started = row.text(17);
    run.adapter = shownPath(folder, row.text(18));
    run.failure = row.text(19);
    run.resultStep = row.optionalInteger(20);
    run.tags = tagLines(row.view(21));
    run.note = row.text(22);
    run.isArchived = row.integer(23) != 0;
    run.trashed = row.text(24);
    run.rows = {row.integer(25), row.integer(26), row.integer(27), row.integer(28)};
    return run;
}

void bindRun(store::Statement &statement, const RunInfo &run, const fs::path &folder)
{
    statement.bind(static_cast<int>(run.state)).bind(run.method).bind(run.modelPath).bind(run.modelName).bind(run.modelHash);
    statement.bind(run.snapshot.isValid() ? std::optional(run.snapshot.value) : std::optional<std::int64_t>()).bind(run.recipeJson);
    statement.bind(run.step).bind(run.steps).bind(std::isfinite(run.epoch) ? run.epoch : 0.0).bind(run.trainLoss).bind(run.evalLoss);
    statement.bind(run.tokens).bind(run.trainedTokens).bind(std::isfinite(run.seconds) ? run.seconds : 0.0).bind(run.started);
    statement.bind(storedPath(folder, run.adapter)).bind(run.failure).bind(run.resultStep);
    statement.bind(run.rows.all).bind(run.rows.cut).bind(run.rows.endless).bind(run.rows.longest);
}

tl::unexpected<Error> noRun(RunId id)
{
    return fail(ErrorCode::NotFound, tr("There is no run {} in this project.", id.value), tr("List the runs to see their numbers."));
}

} // namespace

std::string_view nameOf(RunState state)
{
    switch (state) {
    case RunState::Idle: return "idle";
    case RunState::Preparing: return "preparing";
    case RunState::Running: return "running";
    case RunState::Pausing: return "pausing";
    case RunState::Paused: return "paused";
    case RunState::Stopping: return "stopping";
    case RunState::Finished: return "finished";
    case RunState::Cancelled: return "cancelled";
    case RunState::Failed: return "failed";
    case RunState::Interrupted: return "interrupted";
    }
    return "idle";
}

Result<RunInfo> Project::addRun(const RunInfo &run)
{
    return m_state->write(Touches::Other, [&]() -> Result<RunInfo> {
        RunInfo stored = run;
        if (stored.started.empty())
            stored.started = isoNow();
        auto insert = m_state->database->prepare("INSERT INTO run(state, method, modelPath, modelName, modelHash, snapshot, recipe, step, steps, "
                                                 "epoch, trainLoss, evalLoss, tokens, trainedTokens, seconds, started, adapter, failure, resultStep, trainRows, cutRows, "
                                                 "endlessRows, longestRow, name) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')");
        if (!insert)
            return passError(insert);
        bindRun(*insert, stored, m_state->folder);
        if (auto done = insert->run(); !done)
            return passError(done);
        stored.id = {m_state->database->lastInsertId()};
        stored.name = tr("Run {}", stored.id.value);
        auto name = m_state->database->prepare("UPDATE run SET name = ? WHERE id = ?");
        if (!name)
            return passError(name);
        if (auto done = name->bind(stored.name).bind(stored.id.value).run(); !done)
            return passError(done);
        return stored;
    });
}

Result<> Project::updateRun(const RunInfo &run)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE run SET state = ?, method = ?, modelPath = ?, modelName = ?, modelHash = ?, snapshot = ?, "
                                                 "recipe = ?, step = ?, steps = ?, epoch = ?, trainLoss = ?, evalLoss = ?, tokens = ?, trainedTokens = ?, "
                                                 "seconds = ?, started = ?, adapter = ?, failure = ?, resultStep = ?, trainRows = ?, cutRows = ?, "
                                                 "endlessRows = ?, longestRow = ? WHERE id = ?");
        if (!update)
            return passError(update);
        bindRun(*update, run, m_state->folder);
        if (auto done = update->bind(run.id.value).run(); !done)
            return done;
        return m_state->database->changedRows() == 0 ? noRun(run.id) : Result<>();
    });
}

Result<std::vector<RunInfo>> Project::runs() const
{
    return runsWhere("trashed = ''");
}

Result<std::vector<RunInfo>> Project::runsWhere(std::string_view condition) const
{
    auto statement = m_state->database->prepare(fmt::format("{} WHERE {} ORDER BY id", kRunColumns, condition));
    if (!statement)
        return passError(statement);
    std::vector<RunInfo> runs;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return runs;
        runs.push_back(runOf(*statement, m_state->folder));
    }
}

Result<RunInfo> Project::run(RunId id) const
{
    auto statement = m_state->database->prepare(fmt::format("{} WHERE id = ?", kRunColumns));
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(id.value).step();
    if (!hasRow)
        return passError(hasRow);
    if (!*hasRow)
        return noRun(id);
    return runOf(*statement, m_state->folder);
}

Result<> Project::deleteRun(RunId id)
{
    auto removed = m_state->write(Touches::Lists, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM run WHERE id = ?");
        if (!remove)
            return passError(remove);
        if (auto done = remove->bind(id.value).run(); !done)
            return done;
        if (m_state->database->changedRows() == 0)
            return noRun(id);
        auto losses = m_state->database->prepare("UPDATE record SET (loss, lossRun) = (SELECT l.loss, l.run FROM loss l WHERE l.record = record.id "
                                                 "ORDER BY l.run DESC LIMIT 1) WHERE lossRun = ?");
        if (!losses)
            return passError(losses);
        return losses->bind(id.value).run();
    });
    if (!removed)
        return removed;
    // The files go last: a crash in between leaves files that nothing names, never a run without its files.
    std::error_code error;
    fs::remove_all(runFolder(id), error);
    if (error)
        return fail(ErrorCode::NoPermission, tr("The run is deleted, but its folder {} cannot be removed.", runFolder(id).string()),
                    tr("Remove the folder by hand."), error.message());
    return {};
}

fs::path Project::runFolder(RunId id) const
{
    return m_state->folder / "runs" / fmt::format("{}", id.value);
}

Result<> Project::appendEval(RunId id, const EvalPoint &point)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO eval(run, step, loss, tokens, accuracy) VALUES(?, ?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        return insert->bind(id.value).bind(point.step).bind(point.loss).bind(point.tokens).bind(point.accuracy).run();
    });
}

Result<> Project::putCheckpoint(RunId id, const CheckpointInfo &checkpoint)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO checkpoint(run, step, path, evalLoss) VALUES(?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        return insert->bind(id.value).bind(checkpoint.step).bind(storedPath(m_state->folder, checkpoint.path)).bind(checkpoint.evalLoss).run();
    });
}

Result<> Project::forgetCheckpoint(RunId id, std::int64_t step)
{
    return m_state->write(Touches::Other, [&] { return runWith(*m_state->database, "DELETE FROM checkpoint WHERE run = ? AND step = ?", id.value, step); });
}

Result<> Project::truncateRun(RunId id, std::int64_t step)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        if (auto done = truncateMetrics(*m_state->database, id, step); !done)
            return done;
        for (const std::string_view sql : {"DELETE FROM eval WHERE run = ? AND step > ?", "DELETE FROM checkpoint WHERE run = ? AND step > ?",
                                           "DELETE FROM probeAnswer WHERE run = ? AND step > ?"}) {
            if (auto done = runWith(*m_state->database, sql, id.value, step); !done)
                return done;
        }
        return runWith(*m_state->database, "UPDATE run SET step = min(step, ?2) WHERE id = ?1", id.value, step);
    });
}

Result<std::vector<EvalPoint>> Project::evals(RunId id) const
{
    auto statement = m_state->database->prepare("SELECT step, loss, tokens, accuracy FROM eval WHERE run = ? ORDER BY step");
    if (!statement)
        return passError(statement);
    statement->bind(id.value);
    std::vector<EvalPoint> points;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return points;
        points.push_back({statement->integer(0), realOrNaN(*statement, 1), statement->integer(2), realOrNaN(*statement, 3)});
    }
}

Result<std::vector<CheckpointInfo>> Project::checkpoints(RunId id) const
{
    auto statement = m_state->database->prepare("SELECT step, path, evalLoss FROM checkpoint WHERE run = ? ORDER BY step");
    if (!statement)
        return passError(statement);
    statement->bind(id.value);
    std::vector<CheckpointInfo> checkpoints;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return checkpoints;
        checkpoints.push_back({statement->integer(0), shownPath(m_state->folder, statement->text(1)), statement->optionalReal(2)});
    }
}

Result<std::int64_t> Project::markInterruptedRuns()
{
    // Only one process writes to a project, and it has just opened it: nobody can be working on a run that says so.
    return m_state->write(Touches::Other, [&]() -> Result<std::int64_t> {
        auto update = m_state->database->prepare("UPDATE run SET state = ? WHERE state IN (?, ?, ?, ?)");
        if (!update)
            return passError(update);
        update->bind(static_cast<int>(RunState::Interrupted));
        for (const RunState state : {RunState::Running, RunState::Preparing, RunState::Pausing, RunState::Stopping})
            update->bind(static_cast<int>(state));
        if (auto done = update->run(); !done)
            return passError(done);
        return m_state->database->changedRows();
    });
}

} // namespace fettle::engine
