// Creating and opening projects, settings, and the records: each call is one transaction around the functions of core/data.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include "core/data/findings.h"
#include "core/data/journal.h"
#include "core/data/recordedits.h"
#include "core/data/recordquery.h"
#include "core/data/snapshotstore.h"
#include "core/io/atomicfile.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kCheckedAtOpening = 32u << 20; // larger files would make opening slow; their damage is found when it is read

fs::path projectFolder(const fs::path &path)
{
    fs::path folder = fs::absolute(path).lexically_normal();
    if (folder.filename().empty())
        folder = folder.parent_path();
    return folder.filename() == "project.db" ? folder.parent_path() : folder;
}

Result<std::unique_ptr<store::Database>> openDatabase(const fs::path &file, store::OpenMode mode)
{
    auto database = store::Database::open(file, mode);
    if (!database)
        return database;
    if (auto done = store::applySchema(**database); !done)
        return passError(done);
    return database;
}

// What create() made so far. Removed again unless the project is complete: the name must stay free for the next try.
class Unfinished {
public:
    Unfinished(fs::path folder, bool isNew) : m_folder(std::move(folder)), m_isNew(isNew) { }
    Unfinished(const Unfinished &) = delete;
    Unfinished &operator=(const Unfinished &) = delete;
    ~Unfinished()
    {
        if (m_isKept)
            return;
        std::error_code ignored;
        for (const char *name : {"project.db", "project.db-wal", "project.db-shm", "project.db-journal", "project.lock", "runs"})
            fs::remove(m_folder / name, ignored);
        if (m_isNew)
            fs::remove(m_folder, ignored);
    }
    void keep() { m_isKept = true; }

private:
    fs::path m_folder;
    bool m_isNew, m_isKept = false;
};

} // namespace

Project::Project(std::unique_ptr<State> state) : m_state(std::move(state)) { }
Project::Project(Project &&) noexcept = default;
Project &Project::operator=(Project &&) noexcept = default;
Project::~Project() = default;

Result<Project> Project::create(const fs::path &path)
{
    const fs::path folder = projectFolder(path);
    std::error_code error;
    if (fs::exists(folder / "project.db", error))
        return fail(ErrorCode::BadInput, tr("{} is a project already.", folder.string()), tr("Open it, or choose another name."));
    if (fs::exists(folder, error) && (!fs::is_directory(folder, error) || !fs::is_empty(folder, error)))
        return fail(ErrorCode::BadInput, tr("{} exists and is not empty.", folder.string()), tr("Choose a new name for the project."));
    const bool isNew = !fs::exists(folder, error);
    if (auto done = io::createFolder(folder); !done)
        return passError(done);
    Unfinished unfinished(folder, isNew);
    auto lock = store::FileLock::take(folder / "project.lock");
    if (!lock)
        return passError(lock);
    auto database = openDatabase(folder / "project.db", store::OpenMode::Create);
    if (!database)
        return passError(database);
    if (auto done = io::createFolder(folder / "runs"); !done)
        return passError(done);
    if (auto done = io::syncFolder(folder); !done)
        return passError(done);
    if (auto done = io::syncFolder(folder.parent_path()); !done)
        return passError(done);
    if (auto done = data::markTextsChecked(**database); !done)
        return passError(done);
    auto state = std::make_unique<State>();
    state->folder = folder;
    state->database = std::move(*database);
    state->lock = std::move(*lock);
    unfinished.keep();
    return Project(std::move(state));
}

Result<Project> Project::open(const fs::path &path, Access access)
{
    const fs::path folder = projectFolder(path);
    const fs::path file = folder / "project.db";
    std::error_code error;
    if (!fs::exists(folder, error))
        return fail(ErrorCode::NotFound, tr("The project {} does not exist.", folder.string()), tr("Check the path, or create the project."));
    if (!fs::exists(file, error) && !error)
        return fail(ErrorCode::BadInput, tr("{} is not a project: it holds no project.db.", folder.string()), tr("Choose the folder of a project."));
    auto state = std::make_unique<State>();
    state->folder = folder;
    if (access == Access::ReadWrite) {
        auto lock = store::FileLock::take(folder / "project.lock");
        if (!lock)
            return passError(lock);
        state->lock = std::move(*lock);
    }
    auto database = openDatabase(file, access == Access::ReadOnly ? store::OpenMode::ReadOnly : store::OpenMode::ReadWrite);
    if (!database)
        return passError(database);
    const std::uintmax_t size = fs::file_size(file, error);
    if (access == Access::ReadWrite && !error && size <= kCheckedAtOpening) {
        if (auto done = (*database)->checkIntegrity(); !done)
            return passError(done);
    }
    // A file may carry our mark and still lack our tables.
    if (const auto counted = (*database)->integer("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                                                  "('value', 'counter', 'content', 'record', 'recordTag', 'journal', 'journalItem', 'snapshot', "
                                                  "'snapshotRow', 'run', 'metric', 'eval', 'checkpoint', 'loss', 'prompt', 'contentText')");
        !counted || *counted != 16)
        return counted ? fail(ErrorCode::BadInput, tr("{} is damaged: tables are missing.", file.string()), tr("Restore the project folder from a copy."))
                       : passError(counted);
    state->database = std::move(*database);
    return Project(std::move(state));
}

fs::path Project::folder() const
{
    return m_state->folder;
}

Result<> Project::isInPlace() const
{
    if (m_state->database->isInPlace())
        return {};
    return fail(ErrorCode::NotFound, tr("The folder of the project is gone: \"{}\".", m_state->folder.string()),
                tr("Connect its disk again or put it back, then open the project. A run goes on from its newest checkpoint."));
}

std::string Project::name() const
{
    const fs::path &folder = m_state->folder;
    return folder.extension() == ".fettle" ? folder.stem().string() : folder.filename().string();
}

std::optional<std::string> Project::setting(const std::string &key) const
{
    // The prefix keeps the program's own values apart.
    return store::readValue(*m_state->database, "setting." + key).value_or(std::nullopt);
}

std::optional<std::string> Project::textSetting(const std::string &key) const
{
    const auto stored = setting(key);
    const auto value = nlohmann::json::parse(stored.value_or("null"), nullptr, false);
    return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

Result<> Project::setSetting(const std::string &key, const std::string &value)
{
    return m_state->write(Touches::Other, [&] { return store::writeValue(*m_state->database, "setting." + key, value); });
}

Result<std::vector<RecordId>> Project::addRecords(std::vector<data::Record> records, const std::string &what)
{
    return m_state->write(Touches::Records, [&] { return data::addRecords(*m_state->database, records, what); });
}

Result<std::vector<RecordId>> Project::recordIds(const RecordFilter &filter, std::stop_token stop) const
{
    const store::Interruption interruption(*m_state->database, stop);
    auto ids = data::findRecords(*m_state->database, filter);
    if (!ids && stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("It was cancelled.")); // the full-text index calls it damage
    return ids;
}

Result<std::vector<RecordRow>> Project::recordRows(const std::vector<RecordId> &ids) const
{
    return data::readRows(*m_state->database, ids);
}

Result<data::Record> Project::record(RecordId id) const
{
    return data::readRecord(*m_state->database, id);
}

Result<RecordCounts> Project::recordCounts(std::stop_token stop) const
{
    const auto lists = store::counter(*m_state->database, "lists");
    if (!lists)
        return passError(lists);
    if (m_state->lastCounted && m_state->lastCounted->lists == *lists)
        return m_state->lastCounted->counts;
    const store::Interruption interruption(*m_state->database, std::move(stop));
    auto counts = data::countRecords(*m_state->database);
    if (!counts)
        return counts;
    m_state->lastCounted = State::Counted{*lists, std::move(*counts)};
    return m_state->lastCounted->counts;
}

Result<> Project::saveRecord(const data::Record &record)
{
    return m_state->write(Touches::Records, [&] { return data::saveRecord(*m_state->database, record); });
}

Result<> Project::setStatus(const std::vector<RecordId> &ids, data::RecordStatus status)
{
    return m_state->write(Touches::Records, [&] { return data::setStatus(*m_state->database, ids, status); });
}

Result<> Project::setSplit(const std::vector<RecordId> &ids, data::Split split)
{
    return m_state->write(Touches::Records, [&] { return data::setSplit(*m_state->database, ids, split); });
}

Result<> Project::mergeRecords(const data::Record &kept, RecordId other)
{
    return m_state->write(Touches::Records, [&] { return data::mergeRecords(*m_state->database, kept, other); });
}

Result<> Project::setRating(const std::vector<RecordId> &ids, int rating)
{
    return m_state->write(Touches::Records, [&] { return data::setRating(*m_state->database, ids, rating); });
}

Result<> Project::addTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    return m_state->write(Touches::Records, [&] { return data::addTag(*m_state->database, ids, tag); });
}

Result<> Project::removeTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    return m_state->write(Touches::Records, [&] { return data::removeTag(*m_state->database, ids, tag); });
}

Result<> Project::deleteRecords(const std::vector<RecordId> &ids)
{
    return m_state->write(Touches::Records, [&] { return data::deleteRecords(*m_state->database, ids); });
}

std::optional<JournalEntry> Project::undoEntry() const
{
    return data::nextEntry(*m_state->database, data::JournalStep::Undo).value_or(std::nullopt);
}

std::optional<JournalEntry> Project::redoEntry() const
{
    return data::nextEntry(*m_state->database, data::JournalStep::Redo).value_or(std::nullopt);
}

Result<JournalEntry> Project::undo()
{
    return m_state->write(Touches::History, [&] { return data::applyNextEntry(*m_state->database, data::JournalStep::Undo); });
}

Result<JournalEntry> Project::redo()
{
    return m_state->write(Touches::History, [&] { return data::applyNextEntry(*m_state->database, data::JournalStep::Redo); });
}

Result<std::vector<RecordVersion>> Project::recordHistory(RecordId id) const
{
    return data::readHistory(*m_state->database, id);
}

Result<std::vector<JournalEntry>> Project::journal(std::int64_t newest) const
{
    return data::readJournal(*m_state->database, newest);
}

std::int64_t Project::changeCounter() const
{
    return store::counter(*m_state->database, "changes").value_or(0);
}

std::int64_t Project::recordCounter() const
{
    return store::counter(*m_state->database, "lists").value_or(0);
}

Result<SnapshotInfo> Project::freezeSnapshot(const RecordFilter &filter, const SplitShares &shares)
{
    return m_state->write(Touches::Other, [&] { return data::freezeSnapshot(*m_state->database, filter, shares); });
}

Result<std::vector<SnapshotInfo>> Project::snapshots() const
{
    return data::readSnapshots(*m_state->database);
}

Result<std::vector<data::Record>> Project::snapshotRecords(SnapshotId id, std::optional<data::Split> split) const
{
    return data::readSnapshotRecords(*m_state->database, id, split);
}

} // namespace fettle::engine
