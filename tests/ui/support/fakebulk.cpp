// Changes of many records at once in the stand-in: only what a fix of one record needs. The rest is tested on real projects.
#include "tests/ui/support/fakeproject.h"

#include <algorithm>

namespace fettle::ui {

Result<data::BulkPreview> FakeProject::previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown, const ProgressCallback &,
                                                     std::stop_token) const
{
    const auto *flag = std::get_if<engine::RecordFlag>(&change);
    if (!flag)
        return fail(ErrorCode::Usage, "The stand-in replaces nothing.");
    const std::scoped_lock lock(m_state->mutex);
    data::BulkPreview preview;
    for (const RecordId id : ids) {
        const auto &record = m_state->records.at(id.value);
        auto after = data::fixedRecord(record, *flag);
        if (!after)
            continue;
        preview.changed.push_back(id);
        if (preview.shown.size() < shown)
            preview.shown.push_back({record, std::move(*after)});
    }
    return preview;
}

Result<std::int64_t> FakeProject::applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids, const ProgressCallback &, std::stop_token)
{
    const auto *flag = std::get_if<engine::RecordFlag>(&change);
    if (!flag)
        return fail(ErrorCode::Usage, "The stand-in replaces nothing.");
    const auto done = changeRecords(ids, "Fixed " + std::to_string(ids.size()) + " records", [&](data::Record &record) {
        record = data::fixedRecord(record, *flag).value_or(record);
    });
    if (!done)
        return passError(done);
    return std::int64_t(ids.size());
}

Result<std::vector<engine::RecordVersion>> FakeProject::deletedRecords(std::int64_t) const
{
    return std::vector<engine::RecordVersion>();
}

Result<std::int64_t> FakeProject::restoreDeleted(const std::vector<RecordId> &)
{
    return fail(ErrorCode::NotFound, "The stand-in keeps no trash.");
}

Result<std::vector<data::Turn>> FakeProject::questionTurns(const data::Record &record) const
{
    return data::questionTurns(record, {}, {});
}

Result<> FakeProject::putDraft(RecordId id, const engine::AnswerDraft &draft)
{
    const std::scoped_lock lock(m_state->mutex);
    if (m_state->records.contains(id.value))
        m_state->drafts[id.value] = draft;
    return {};
}

Result<std::optional<engine::AnswerDraft>> FakeProject::draft(RecordId id) const
{
    const std::scoped_lock lock(m_state->mutex);
    const auto found = m_state->drafts.find(id.value);
    return found == m_state->drafts.end() ? std::optional<engine::AnswerDraft>() : std::optional(found->second);
}

Result<std::int64_t> FakeProject::acceptDrafts(const std::vector<RecordId> &ids)
{
    const std::scoped_lock lock(m_state->mutex);
    std::vector<RecordId> drafted;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(drafted), [&](RecordId id) { return m_state->drafts.contains(id.value); });
    const auto done = changeRecords(drafted, "Accepted drafts for " + std::to_string(drafted.size()) + " records", [&](data::Record &record) {
        record = data::withAnswer(record, m_state->drafts.at(record.id.value).text);
        record.tags.emplace_back(data::kDraftedTag);
        record.status = data::RecordStatus::Edited;
    });
    if (!done)
        return passError(done);
    for (const RecordId id : drafted)
        m_state->done.back().accepted.insert(m_state->drafts.extract(id.value));
    return std::int64_t(drafted.size());
}

Result<> FakeProject::discardDrafts(const std::vector<RecordId> &ids)
{
    const std::scoped_lock lock(m_state->mutex);
    for (const RecordId id : ids)
        m_state->drafts.erase(id.value);
    return {};
}

Result<std::vector<data::MixGroup>> FakeProject::mixGroups(std::int64_t) const
{
    const std::scoped_lock lock(m_state->mutex);
    std::vector<data::MixGroup> groups; // each record for itself
    for (const auto &[id, record] : m_state->records)
        if (record.status != data::RecordStatus::Rejected && record.split != data::Split::HeldOut && !data::responseOf(record).empty())
            groups.push_back({record.source.substr(0, record.source.rfind(", ")), record.tags, 1, 10, 0});
    return groups;
}

Result<data::SplitPlan> FakeProject::planSplits(const std::vector<RecordId> &, const data::SplitRule &, const ProgressCallback &, std::stop_token) const
{
    return fail(ErrorCode::Usage, "The stand-in divides nothing.");
}

Result<> FakeProject::applySplits(const data::SplitPlan &)
{
    return fail(ErrorCode::Usage, "The stand-in divides nothing.");
}

Result<data::DataExportReport> FakeProject::exportRecords(const std::vector<RecordId> &, data::DataFormat, const std::filesystem::path &, const ProgressCallback &,
                                                          std::stop_token) const
{
    return fail(ErrorCode::Usage, "The stand-in writes no files.");
}

Result<> FakeProject::nameSnapshot(SnapshotId, const std::string &)
{
    return fail(ErrorCode::Usage, "The stand-in names nothing.");
}

Result<data::SnapshotDiff> FakeProject::diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const
{
    const std::scoped_lock lock(m_state->mutex);
    if (!newer || !m_state->snapshotRecords.contains(older.value) || !m_state->snapshotRecords.contains(newer->value))
        return fail(ErrorCode::NotFound, "There is no such snapshot.");
    std::map<std::int64_t, data::SnapshotChange> rows;
    for (const data::Record &record : m_state->snapshotRecords.at(older.value))
        rows[record.id.value].before = record;
    for (const data::Record &record : m_state->snapshotRecords.at(newer->value))
        rows[record.id.value].after = record;
    data::SnapshotDiff diff;
    for (auto &[id, change] : rows) {
        if (change.before && change.after && *change.before == *change.after) {
            ++diff.same;
            continue;
        }
        ++(!change.before ? diff.added : !change.after ? diff.removed : diff.changed);
        if (diff.shown.size() < shown)
            diff.shown.push_back(std::move(change));
    }
    return diff;
}

Result<std::int64_t> FakeProject::backToSnapshot(SnapshotId, const ProgressCallback &, std::stop_token)
{
    return fail(ErrorCode::Usage, "The stand-in goes back nowhere.");
}

Result<> FakeProject::trashRun(RunId id)
{
    const std::scoped_lock lock(m_state->mutex);
    const auto found = std::ranges::find(m_state->runs, id, &engine::RunInfo::id);
    if (found == m_state->runs.end())
        return fail(ErrorCode::NotFound, "There is no such run.");
    m_state->trashedRuns.push_back(*found);
    m_state->trashedRuns.back().trashed = "2026-03-02T09:00:00";
    m_state->runs.erase(found);
    return {};
}

Result<> FakeProject::restoreRun(RunId id)
{
    const std::scoped_lock lock(m_state->mutex);
    const auto found = std::ranges::find(m_state->trashedRuns, id, &engine::RunInfo::id);
    if (found == m_state->trashedRuns.end())
        return fail(ErrorCode::NotFound, "There is no such run.");
    m_state->runs.push_back(*found);
    m_state->runs.back().trashed.clear();
    m_state->trashedRuns.erase(found);
    std::ranges::sort(m_state->runs, {}, &engine::RunInfo::id);
    return {};
}

Result<std::vector<engine::TrashedRun>> FakeProject::trashedRuns() const
{
    const std::scoped_lock lock(m_state->mutex);
    std::vector<engine::TrashedRun> runs;
    for (const engine::RunInfo &run : m_state->trashedRuns)
        runs.push_back({run, m_state->bytesOfRun});
    return runs;
}

std::int64_t FakeProject::runBytes(RunId) const
{
    return m_state->bytesOfRun;
}

Result<std::vector<engine::CurveNote>> FakeProject::curveNotes(RunId id) const
{
    const std::scoped_lock lock(m_state->mutex);
    return m_state->curveNotes[id.value];
}

Result<engine::CurveNote> FakeProject::putCurveNote(RunId id, const engine::CurveNote &note)
{
    const std::scoped_lock lock(m_state->mutex);
    auto &notes = m_state->curveNotes[id.value];
    engine::CurveNote stored = note;
    if (stored.id == 0)
        stored.id = std::int64_t(notes.size()) + 1;
    std::erase_if(notes, [&](const engine::CurveNote &known) { return known.id == stored.id; });
    notes.push_back(stored);
    std::ranges::sort(notes, {}, &engine::CurveNote::step);
    return stored;
}

Result<> FakeProject::removeCurveNote(RunId id, std::int64_t note)
{
    const std::scoped_lock lock(m_state->mutex);
    std::erase_if(m_state->curveNotes[id.value], [note](const engine::CurveNote &known) { return known.id == note; });
    return {};
}

Result<> FakeProject::changeRecords(const std::vector<RecordId> &ids, const std::string &what,
                                    const std::function<void(data::Record &)> &does)
{
    m_state->change(what, std::int64_t(ids.size()), [&] {
        for (const RecordId id : ids) {
            if (m_state->records.contains(id.value))
                does(m_state->records[id.value]);
        }
    });
    return {};
}

Result<> FakeProject::setStatus(const std::vector<RecordId> &ids, data::RecordStatus status)
{
    return changeRecords(ids, "Set " + std::to_string(ids.size()) + " records to " + std::string(data::nameOf(status)),
                         [&](data::Record &record) { record.status = status; });
}

Result<> FakeProject::setSplit(const std::vector<RecordId> &ids, data::Split split)
{
    return changeRecords(ids, "Moved " + std::to_string(ids.size()) + " records", [&](data::Record &record) { record.split = split; });
}

Result<> FakeProject::setRating(const std::vector<RecordId> &ids, int rating)
{
    return changeRecords(ids, "Rated " + std::to_string(ids.size()) + " records", [&](data::Record &record) { record.rating = rating; });
}

Result<> FakeProject::addTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    return changeRecords(ids, "Tagged " + std::to_string(ids.size()) + " records", [&](data::Record &record) {
        if (std::ranges::find(record.tags, tag) == record.tags.end())
            record.tags.push_back(tag);
    });
}

Result<> FakeProject::removeTag(const std::vector<RecordId> &ids, const std::string &tag)
{
    return changeRecords(ids, "Untagged " + std::to_string(ids.size()) + " records",
                         [&](data::Record &record) { std::erase(record.tags, tag); });
}

Result<> FakeProject::deleteRecords(const std::vector<RecordId> &ids)
{
    m_state->change("Deleted " + std::to_string(ids.size()) + " records", std::int64_t(ids.size()), [&] {
        for (const RecordId id : ids)
            m_state->records.erase(id.value);
    });
    return {};
}

} // namespace fettle::ui
