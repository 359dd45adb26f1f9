// Runs that were thrown away: they stay on the disk until the trash is emptied, and come back whole.
#include "core/base/clock.h"
#include "core/base/words.h"
#include "core/engine/projectstate.h"
#include "core/engine/runmoves.h"

#include <system_error>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

// Links are counted as themselves: what they lead to stays when the run is deleted.
std::int64_t bytesBelow(const fs::path &folder)
{
    std::int64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end; !error && entry != end; entry.increment(error)) {
        std::error_code ignored;
        if (entry->symlink_status(ignored).type() != fs::file_type::regular)
            continue;
        const auto size = entry->file_size(ignored);
        bytes += ignored ? 0 : static_cast<std::int64_t>(size);
    }
    return bytes;
}

} // namespace

Result<> Project::setTrashed(RunId id, bool isTrashed)
{
    const auto known = run(id);
    if (!known)
        return passError(known);
    if (isTrashed && known->state != RunState::Idle && !isAtRest(known->state))
        return fail(ErrorCode::BadInput, tr("{} is {}: it cannot be thrown away now.", known->name, nameOf(known->state)), tr("Pause or stop it first."));
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE run SET trashed = ? WHERE id = ?");
        if (!update)
            return passError(update);
        return update->bind(isTrashed ? isoNow() : std::string()).bind(id.value).run();
    });
}

Result<> Project::trashRun(RunId id)
{
    return setTrashed(id, true);
}

Result<> Project::restoreRun(RunId id)
{
    return setTrashed(id, false);
}

Result<std::vector<TrashedRun>> Project::trashedRuns() const
{
    auto runs = runsWhere("trashed <> ''");
    if (!runs)
        return passError(runs);
    std::vector<TrashedRun> trashed;
    for (RunInfo &run : *runs) {
        const std::int64_t bytes = bytesBelow(runFolder(run.id));
        trashed.push_back({std::move(run), bytes});
    }
    return trashed;
}

std::int64_t Project::runBytes(RunId id) const
{
    return bytesBelow(runFolder(id));
}

} // namespace fettle::engine
