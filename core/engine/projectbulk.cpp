// Changes of many records at once, what was deleted, dividing, exports, and differences of snapshots: each call is one transaction around the functions of core/data.
#include "core/engine/projectstate.h"

#include "core/data/trash.h"

namespace fettle::engine {

Result<data::BulkPreview> Project::previewChange(const data::BulkChange &change, const std::vector<RecordId> &ids, std::size_t shown,
                                                 const ProgressCallback &progress, std::stop_token stop) const
{
    return data::previewChange(*m_state->database, change, ids, shown, progress, stop);
}

Result<std::int64_t> Project::applyChange(const data::BulkChange &change, const std::vector<RecordId> &ids, const ProgressCallback &progress, std::stop_token stop)
{
    return m_state->write(Touches::Records, [&] { return data::applyChange(*m_state->database, change, ids, progress, stop); });
}

Result<std::vector<RecordVersion>> Project::deletedRecords(std::int64_t most) const
{
    return data::readDeleted(*m_state->database, most);
}

Result<std::int64_t> Project::deletedCount() const
{
    return data::countDeleted(*m_state->database);
}

Result<std::int64_t> Project::restoreDeleted(const std::vector<RecordId> &ids)
{
    return m_state->write(Touches::Records, [&] { return data::restoreDeleted(*m_state->database, ids); });
}

Result<data::SplitPlan> Project::planSplits(const std::vector<RecordId> &ids, const data::SplitRule &rule, const ProgressCallback &progress,
                                            std::stop_token stop) const
{
    return data::planSplits(*m_state->database, ids, rule, progress, stop);
}

Result<std::vector<data::MixGroup>> Project::mixGroups(std::int64_t maxLength) const
{
    return data::mixGroups(*m_state->database, maxLength);
}

Result<> Project::applySplits(const data::SplitPlan &plan)
{
    return m_state->write(Touches::Records, [&] { return data::applySplits(*m_state->database, plan); });
}

Result<data::DataExportReport> Project::exportRecords(const std::vector<RecordId> &ids, data::DataFormat format, const std::filesystem::path &file,
                                                      const ProgressCallback &progress, std::stop_token stop) const
{
    return data::exportRecords(*m_state->database, ids, format, file, progress, stop);
}

Result<> Project::nameSnapshot(SnapshotId id, const std::string &name)
{
    return m_state->write(Touches::Other, [&] { return data::nameSnapshot(*m_state->database, id, name); });
}

Result<std::int64_t> Project::backToSnapshot(SnapshotId id, const ProgressCallback &progress, std::stop_token stop)
{
    return m_state->write(Touches::Records, [&] { return data::backToSnapshot(*m_state->database, id, progress, stop); });
}

Result<data::SnapshotDiff> Project::diffSnapshots(SnapshotId older, std::optional<SnapshotId> newer, std::size_t shown) const
{
    return data::diffSnapshots(*m_state->database, older, newer, shown);
}

} // namespace fettle::engine
