// See fakeproject.h.
#include "tests/ui/support/fakeproject.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

namespace fettle::ui {

namespace {

// Seconds do not matter here.
std::string now()
{
    std::time_t time = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", std::localtime(&time));
    return text;
}

using Lock = std::scoped_lock<std::recursive_mutex>;

std::string firstLine(std::string_view text)
{
    std::string line(text.substr(0, 200));
    std::ranges::replace(line, '\n', ' ');
    return line;
}

bool matches(const data::Record &record, const engine::RecordFilter &filter, const std::vector<engine::RecordFlag> &flags)
{
    if (!filter.statuses.empty() && std::ranges::find(filter.statuses, record.status) == filter.statuses.end())
        return false;
    if (!filter.splits.empty() && std::ranges::find(filter.splits, record.split) == filter.splits.end())
        return false;
    if (!filter.tags.empty()
        && std::ranges::none_of(record.tags, [&](const std::string &tag) { return std::ranges::find(filter.tags, tag) != filter.tags.end(); }))
        return false;
    if (filter.flag && std::ranges::find(flags, *filter.flag) == flags.end())
        return false;
    return filter.query.empty()
        || std::ranges::any_of(record.turns, [&](const data::Turn &turn) { return turn.text.find(filter.query) != std::string::npos; });
}

// True: told to stop before it was over.
bool waitWhile(const std::atomic<bool> &isHeld, const std::stop_token &stop)
{
    while (isHeld && !stop.stop_requested())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return isHeld;
}

Error missing(const std::string &what)
{
    return {ErrorCode::NotFound, what + " does not exist.", {}, {}};
}

} // namespace

void FakeProjectState::add(std::vector<data::Record> added)
{
    const Lock lock(mutex);
    for (data::Record &record : added) {
        record.id = RecordId{nextRecord++};
        records[record.id.value] = std::move(record);
    }
    ++changes;
}

void FakeProjectState::change(const std::string &what, std::int64_t count, const std::function<void()> &does)
{
    const Lock lock(mutex);
    Change made;
    made.before = records;
    does();
    made.after = records;
    made.entry = {std::int64_t(done.size()) + 1, what, now(), count};
    done.push_back(std::move(made));
    undone.clear();
    ++changes;
}

std::map<std::int64_t, std::vector<engine::RecordFlag>> FakeProjectState::findings() const
{
    using engine::RecordFlag;
    std::map<std::int64_t, std::vector<RecordFlag>> found;
    std::map<std::string, std::vector<const data::Record *>> byQuestion;
    for (const auto &[id, record] : records) {
        if (record.status == data::RecordStatus::Rejected)
            continue;
        byQuestion[std::string(data::instructionOf(record))].push_back(&record);
        if (data::responseOf(record).empty())
            found[id].push_back(RecordFlag::Empty);
        const auto length = tokens.find(id);
        if (maxLength > 0 && length != tokens.end() && length->second > maxLength)
            found[id].push_back(RecordFlag::TooLong);
        if (const auto base = baseLosses.find(id); base != baseLosses.end() && (base->second < 0.7 || base->second > 6))
            found[id].push_back(base->second < 0.7 ? RecordFlag::KnownAlready : RecordFlag::Surprising);
    }
    for (const auto &[question, same] : byQuestion) {
        for (const data::Record *record : same) {
            bool isDuplicate = false, isContradiction = false;
            for (const data::Record *other : same) {
                if (other == record)
                    continue;
                const bool isEqual = data::responseOf(*other) == data::responseOf(*record);
                isDuplicate |= isEqual;
                isContradiction |= !isEqual && !data::responseOf(*other).empty() && !data::responseOf(*record).empty();
            }
            if (isDuplicate)
                found[record->id.value].push_back(RecordFlag::Duplicate);
            if (isContradiction)
                found[record->id.value].push_back(RecordFlag::Contradiction);
        }
    }
    return found;
}

std::filesystem::path FakeProject::folder() const { return m_state->folder; }
std::string FakeProject::name() const { return m_state->folder.stem().string(); }

std::optional<std::string> FakeProject::setting(const std::string &key) const
{
    const Lock lock(m_state->mutex);
    const auto found = m_state->settings.find(key);
    return found == m_state->settings.end() ? std::nullopt : std::optional(found->second);
}

Result<> FakeProject::setSetting(const std::string &key, const std::string &value)
{
    const Lock lock(m_state->mutex);
    m_state->settings[key] = value;
    return {};
}

Result<data::ImportReport> FakeProject::importFile(const std::filesystem::path &file, const data::ImportOptions &options,
                                                   const ProgressCallback &progress, std::stop_token stop)
{
    auto read = data::readRecords(file, options, {}, progress, stop);
    if (!read)
        return passError(read);
    const auto count = std::int64_t(read->records.size());
    m_state->change("Imported " + std::to_string(count) + " records from " + file.filename().string(), count,
                    [&] { m_state->add(std::move(read->records)); });
    return read->report;
}

Result<std::vector<RecordId>> FakeProject::addRecords(std::vector<data::Record> records, const std::string &what)
{
    std::vector<RecordId> ids;
    const auto count = std::int64_t(records.size());
    m_state->change(what, count, [&] {
        for (std::int64_t i = 0; i < count; ++i)
            ids.push_back(RecordId{m_state->nextRecord + i});
        m_state->add(std::move(records));
    });
    return ids;
}

Result<std::vector<RecordId>> FakeProject::recordIds(const engine::RecordFilter &filter, std::stop_token stop) const
{
    if (m_state->areListsHeld && !filter.query.empty()) {
        ++m_state->listsWaiting;
        if (waitWhile(m_state->areListsHeld, stop)) {
            ++m_state->listsStopped;
            return fail(ErrorCode::Cancelled, "It was cancelled.");
        }
    }
    const Lock lock(m_state->mutex);
    ++m_state->timesListed;
    const auto flags = m_state->findings();
    std::vector<const data::Record *> found;
    for (const auto &[id, record] : m_state->records) {
        const auto own = flags.find(id);
        if (filter.query == "has:draft" ? m_state->drafts.contains(id) : matches(record, filter, own == flags.end() ? std::vector<engine::RecordFlag>{} : own->second))
            found.push_back(&record);
    }
    const auto key = [&](const data::Record *record) -> std::pair<double, std::string> {
        const std::int64_t id = record->id.value;
        switch (filter.sort) {
        case engine::RecordSort::Instruction: return {0, std::string(data::instructionOf(*record))};
        case engine::RecordSort::Response: return {0, std::string(data::responseOf(*record))};
        case engine::RecordSort::Tokens: return {m_state->tokens.contains(id) ? double(m_state->tokens.at(id)) : -1, {}};
        case engine::RecordSort::Loss: return {m_state->losses.contains(id) ? m_state->losses.at(id) : -1, {}};
        case engine::RecordSort::Status: return {double(record->status), {}};
        case engine::RecordSort::Split: return {double(record->split), {}};
        default: return {double(id), {}};
        }
    };
    std::ranges::stable_sort(found, [&](const auto *a, const auto *b) { return filter.descending ? key(b) < key(a) : key(a) < key(b); });
    std::vector<RecordId> ids;
    for (const data::Record *record : found)
        ids.push_back(record->id);
    return ids;
}

Result<std::vector<engine::RecordRow>> FakeProject::recordRows(const std::vector<RecordId> &ids) const
{
    const Lock lock(m_state->mutex);
    const auto flags = m_state->findings();
    std::vector<engine::RecordRow> rows;
    for (const RecordId id : ids) {
        const auto found = m_state->records.find(id.value);
        if (found == m_state->records.end())
            return tl::unexpected<Error>(missing("Record " + std::to_string(id.value)));
        const data::Record &record = found->second;
        engine::RecordRow row;
        row.id = id;
        row.instruction = firstLine(data::instructionOf(record));
        row.response = firstLine(data::responseOf(record));
        row.tags = record.tags;
        row.status = record.status;
        row.split = record.split;
        row.turns = int(record.turns.size());
        if (m_state->tokens.contains(id.value))
            row.tokens = m_state->tokens.at(id.value);
        if (m_state->losses.contains(id.value))
            row.loss = m_state->losses.at(id.value);
        if (m_state->drafts.contains(id.value))
            row.draft = firstLine(m_state->drafts.at(id.value).text);
        if (flags.contains(id.value))
            row.flags = flags.at(id.value);
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<data::Record> FakeProject::record(RecordId id) const
{
    const Lock lock(m_state->mutex);
    const auto found = m_state->records.find(id.value);
    if (found == m_state->records.end())
        return tl::unexpected<Error>(missing("Record " + std::to_string(id.value)));
    return found->second;
}

Result<engine::RecordCounts> FakeProject::recordCounts(std::stop_token stop) const
{
    if (waitWhile(m_state->areCountsHeld, stop))
        return fail(ErrorCode::Cancelled, "It was cancelled.");
    const Lock lock(m_state->mutex);
    ++m_state->timesCounted;
    engine::RecordCounts counts;
    counts.all = std::int64_t(m_state->records.size());
    counts.drafts = std::int64_t(m_state->drafts.size());
    for (const auto &[id, record] : m_state->records) {
        ++counts.byStatus[record.status];
        ++counts.bySplit[record.split];
        for (const std::string &tag : record.tags)
            ++counts.byTag[tag];
        ++counts.bySource[record.source.substr(0, record.source.rfind(", "))];
        if (record.status != data::RecordStatus::Rejected && m_state->tokens.contains(id))
            ++counts.byLength[m_state->tokens.at(id)];
    }
    counts.autopsied = std::int64_t(m_state->baseLosses.size());
    counts.autopsyModel = m_state->baseLosses.empty() ? "" : "smollm2-135m-instruct";
    for (const auto &[id, flags] : m_state->findings()) {
        for (const auto flag : flags)
            ++counts.byFlag[flag];
    }
    return counts;
}

Result<> FakeProject::saveRecord(const data::Record &record)
{
    const Lock lock(m_state->mutex);
    if (!m_state->records.contains(record.id.value))
        return tl::unexpected<Error>(missing("Record " + std::to_string(record.id.value)));
    m_state->change("Edited record " + std::to_string(record.id.value), 1, [&] {
        data::Record &stored = m_state->records[record.id.value];
        const bool isSameContent = data::contentHash(stored) == data::contentHash(record);
        const data::RecordStatus before = stored.status;
        stored = record;
        if (!isSameContent && stored.status == before)
            stored.status = data::RecordStatus::Edited;
    });
    return {};
}

Result<std::vector<engine::Contradiction>> FakeProject::contradictions(std::stop_token) const
{
    const Lock lock(m_state->mutex);
    std::vector<engine::Contradiction> pairs;
    for (const auto &[id, record] : m_state->records) {
        for (const auto &[earlier, other] : m_state->records) {
            if (earlier >= id)
                break;
            const bool isOut = record.status == data::RecordStatus::Rejected || other.status == data::RecordStatus::Rejected
                || data::responseOf(record).empty() || data::responseOf(other).empty() || m_state->agreed.contains({earlier, id});
            if (!isOut && data::instructionOf(record) == data::instructionOf(other) && data::responseOf(record) != data::responseOf(other)) {
                pairs.push_back({{earlier}, {id}});
                break;
            }
        }
    }
    return pairs;
}

Result<> FakeProject::setAgreement(const engine::Contradiction &pair, bool doAgree)
{
    const Lock lock(m_state->mutex);
    if (doAgree)
        m_state->agreed.insert({pair.left.value, pair.right.value});
    else
        m_state->agreed.erase({pair.left.value, pair.right.value});
    return {};
}

Result<> FakeProject::mergeRecords(const data::Record &kept, RecordId other)
{
    return changeRecords({kept.id, other}, "Merged", [&](data::Record &record) {
        if (record.id == other)
            record.status = data::RecordStatus::Rejected;
        else
            record = kept;
    });
}

std::optional<engine::JournalEntry> FakeProject::undoEntry() const
{
    const Lock lock(m_state->mutex);
    m_state->undoReaders.insert(std::this_thread::get_id());
    return m_state->done.empty() ? std::nullopt : std::optional(m_state->done.back().entry);
}

std::optional<engine::JournalEntry> FakeProject::redoEntry() const
{
    const Lock lock(m_state->mutex);
    m_state->undoReaders.insert(std::this_thread::get_id());
    return m_state->undone.empty() ? std::nullopt : std::optional(m_state->undone.back().entry);
}

Result<engine::JournalEntry> FakeProject::undo()
{
    const Lock lock(m_state->mutex);
    if (m_state->done.empty())
        return fail(ErrorCode::Usage, "There is no change to take back.");
    m_state->undone.push_back(std::move(m_state->done.back()));
    m_state->done.pop_back();
    m_state->records = m_state->undone.back().before;
    m_state->drafts.merge(std::map(m_state->undone.back().accepted));
    ++m_state->changes;
    return m_state->undone.back().entry;
}

Result<engine::JournalEntry> FakeProject::redo()
{
    const Lock lock(m_state->mutex);
    if (m_state->undone.empty())
        return fail(ErrorCode::Usage, "No change was taken back.");
    m_state->done.push_back(std::move(m_state->undone.back()));
    m_state->undone.pop_back();
    m_state->records = m_state->done.back().after;
    for (const auto &[id, draft] : m_state->done.back().accepted)
        m_state->drafts.erase(id);
    ++m_state->changes;
    return m_state->done.back().entry;
}

Result<std::vector<engine::RecordVersion>> FakeProject::recordHistory(RecordId id) const
{
    const Lock lock(m_state->mutex);
    const auto now = m_state->records.find(id.value);
    if (now == m_state->records.end())
        return tl::unexpected<Error>(missing("Record " + std::to_string(id.value)));
    std::vector<engine::RecordVersion> versions;
    data::Record record = now->second;
    for (auto change = m_state->done.rbegin(); change != m_state->done.rend(); ++change) {
        const auto before = change->before.find(id.value);
        const auto after = change->after.find(id.value);
        if (before == change->before.end() || after == change->after.end() || before->second == after->second)
            continue;
        versions.push_back({change->entry, record});
        record = before->second;
    }
    versions.push_back({{0, "Imported 24 records from procedures.csv", "2026-03-02T09:00:00", 24}, record});
    return versions;
}

Result<std::vector<engine::JournalEntry>> FakeProject::journal(std::int64_t newest) const
{
    const Lock lock(m_state->mutex);
    std::vector<engine::JournalEntry> entries;
    for (auto it = m_state->done.rbegin(); it != m_state->done.rend() && std::int64_t(entries.size()) < newest; ++it)
        entries.push_back(it->entry);
    return entries;
}

std::int64_t FakeProject::changeCounter() const
{
    const Lock lock(m_state->mutex);
    return m_state->changes;
}

Result<> FakeProject::updateFindings(const ProgressCallback &, std::stop_token)
{
    return {}; // computed when asked for
}

Result<engine::SnapshotInfo> FakeProject::freezeSnapshot(const engine::RecordFilter &filter, const engine::SplitShares &)
{
    const Lock lock(m_state->mutex);
    const auto ids = recordIds(filter);
    if (!ids)
        return passError(ids);
    engine::SnapshotInfo info;
    info.id = SnapshotId{std::int64_t(m_state->snapshots.size()) + 1};
    info.hash = std::string(60, 'a') + std::to_string(1000 + info.id.value);
    info.when = now();
    int index = 0;
    std::vector<data::Record> frozen;
    for (const RecordId id : *ids) {
        data::Record &record = m_state->records[id.value];
        if (record.status == data::RecordStatus::Rejected || data::responseOf(record).empty())
            continue;
        if (record.split == data::Split::Unassigned)
            record.split = index++ % 10 == 9 ? data::Split::HeldOut : data::Split::Train;
        ++info.rows;
        ++(record.split == data::Split::Train ? info.train : record.split == data::Split::HeldOut ? info.heldOut : info.test);
        frozen.push_back(record);
    }
    info.isCurrent = true;
    m_state->snapshotRecords[info.id.value] = std::move(frozen);
    m_state->snapshots.push_back(info);
    m_state->snapshotCounter = m_state->changes;
    return info;
}

Result<std::vector<engine::SnapshotInfo>> FakeProject::snapshots() const
{
    const Lock lock(m_state->mutex);
    auto list = m_state->snapshots;
    for (auto &info : list)
        info.isCurrent = info.id == list.back().id && m_state->snapshotCounter == m_state->changes;
    return list;
}

Result<std::vector<data::Record>> FakeProject::snapshotRecords(SnapshotId id, std::optional<data::Split> split) const
{
    const Lock lock(m_state->mutex);
    const auto found = m_state->snapshotRecords.find(id.value);
    if (found == m_state->snapshotRecords.end())
        return tl::unexpected<Error>(missing("Snapshot " + std::to_string(id.value)));
    std::vector<data::Record> records;
    for (const data::Record &record : found->second) {
        if (!split || record.split == *split)
            records.push_back(record);
    }
    return records;
}

Result<std::vector<engine::SavedPrompt>> FakeProject::prompts() const
{
    const Lock lock(m_state->mutex);
    return m_state->prompts;
}

Result<std::int64_t> FakeProject::savePrompt(const engine::SavedPrompt &prompt)
{
    const Lock lock(m_state->mutex);
    auto saved = prompt;
    if (saved.id == 0)
        saved.id = std::int64_t(m_state->prompts.size()) + 1;
    std::erase_if(m_state->prompts, [&](const engine::SavedPrompt &known) { return known.id == saved.id; });
    m_state->prompts.push_back(saved);
    return saved.id;
}

Result<> FakeProject::deletePrompt(std::int64_t id)
{
    const Lock lock(m_state->mutex);
    std::erase_if(m_state->prompts, [id](const engine::SavedPrompt &known) { return known.id == id; });
    return {};
}

} // namespace fettle::ui
