// Changes of many records at once in the stand-in: only what a fix of one record needs. The rest is tested on real projects.
#include "tests/ui/support/fakeproject.h"

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

Result<data::SnapshotDiff> FakeProject::diffSnapshots(SnapshotId, std::optional<SnapshotId>, std::size_t) const
{
    return fail(ErrorCode::Usage, "The stand-in compares no snapshots.");
}

} // namespace fettle::ui
