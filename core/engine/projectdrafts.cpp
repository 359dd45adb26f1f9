// Answers that a model proposed (core/data/drafts.h).
#include "core/engine/projectstate.h"

namespace fettle::engine {

Result<std::vector<data::Turn>> Project::questionTurns(const data::Record &record) const
{
    return data::questionTurns(record, {textSetting("contextSeparator").value_or("\n")}, textSetting("defaultSystem").value_or(""));
}

Result<> Project::putDraft(RecordId id, const AnswerDraft &draft)
{
    return m_state->write(Touches::Lists, [&] { return data::putDraft(*m_state->database, id, draft); });
}

Result<std::optional<AnswerDraft>> Project::draft(RecordId id) const
{
    return data::readDraft(*m_state->database, id);
}

Result<std::int64_t> Project::acceptDrafts(const std::vector<RecordId> &ids)
{
    const auto count = m_state->write(Touches::Records, [&] { return data::acceptDrafts(*m_state->database, ids); });
    if (!count || *count > 0)
        return count;
    // Each was the answer already: no record changed, and the drafts have had their day.
    if (auto done = discardDrafts(ids); !done)
        return passError(done);
    return count;
}

Result<> Project::discardDrafts(const std::vector<RecordId> &ids)
{
    return m_state->write(Touches::Lists, [&] { return data::discardDrafts(*m_state->database, ids); });
}

} // namespace fettle::engine
