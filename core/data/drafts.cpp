#include "core/data/drafts.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/recordedits.h"

#include <algorithm>

namespace fettle::data {

Result<std::vector<Turn>> questionTurns(const Record &record, const ContextJoin &join, const std::string &defaultSystem)
{
    if (!record.toolsJson.empty())
        return fail(ErrorCode::BadInput, tr("Record {} offers tools, and a draft cannot call them.", record.id.value), tr("Write its answer by hand."));
    std::vector<Turn> turns = record.turns;
    if (!turns.empty() && turns.back().role == Role::Assistant)
        turns.pop_back();
    const auto question = std::find_if(turns.begin(), turns.end(), [](const Turn &turn) { return turn.role == Role::User; });
    if (question == turns.end() || (turns.back().role != Role::User && turns.back().role != Role::Tool))
        return fail(ErrorCode::BadInput, tr("Record {} has no question at its end.", record.id.value), tr("Write the question first."));
    if (!record.context.empty())
        question->text += join.separator + record.context;
    if (systemOf(record).data() == nullptr && !defaultSystem.empty())
        turns.insert(turns.begin(), {Role::System, defaultSystem, {}});
    return turns;
}

Record withAnswer(Record record, const std::string &text)
{
    if (record.turns.empty() || record.turns.back().role != Role::Assistant)
        record.turns.push_back({Role::Assistant, {}, {}});
    record.turns.back().text = text;
    return record;
}

Result<> putDraft(const store::Database &database, RecordId id, const AnswerDraft &draft)
{
    if (!isValidUtf8(draft.text) || !isValidUtf8(draft.author))
        return fail(ErrorCode::BadInput, tr("Cannot keep the draft for record {}: it is not UTF-8 text.", id.value), tr("Draft the answer again."));
    auto statement = database.prepare("INSERT INTO draft(record, text, author, at, isCut) SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM record WHERE id = ?1) "
                                      "ON CONFLICT(record) DO UPDATE SET text = excluded.text, author = excluded.author, at = excluded.at, isCut = excluded.isCut, accepted = NULL");
    if (!statement)
        return passError(statement);
    return statement->bind(id.value).bind(draft.text).bind(draft.author).bind(draft.when).bind(draft.isCut ? 1 : 0).run();
}

Result<std::optional<AnswerDraft>> readDraft(const store::Database &database, RecordId id)
{
    auto statement = database.prepare("SELECT text, author, at, isCut FROM openDraft WHERE record = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(id.value).step();
    if (!hasRow)
        return passError(hasRow);
    if (!*hasRow)
        return std::optional<AnswerDraft>();
    return std::optional(AnswerDraft{statement->text(0), statement->text(1), statement->text(2), statement->integer(3) != 0});
}

Result<std::int64_t> acceptDrafts(const store::Database &database, const std::vector<RecordId> &ids)
{
    std::vector<RecordId> settled; // whose answer it was already
    const auto accept = [&](const Record &record) -> Result<std::optional<Record>> {
        const auto draft = readDraft(database, record.id);
        if (!draft)
            return passError(draft);
        if (!*draft)
            return std::optional<Record>();
        Record changed = withAnswer(record, (*draft)->text);
        if (std::find(changed.tags.begin(), changed.tags.end(), kDraftedTag) == changed.tags.end())
            changed.tags.emplace_back(kDraftedTag);
        if (changed != record)
            return std::optional(std::move(changed));
        settled.push_back(record.id);
        return std::optional<Record>();
    };
    const auto count = changeRecords(database, ids, accept, [](std::int64_t records) { return tr("Accepted drafts for {}", countedRecords(records)); });
    if (!count)
        return count;
    if (*count > 0) {
        // The newest entry is the one that was just written.
        if (auto done = database.execute("UPDATE draft SET accepted = (SELECT max(id) FROM journal) WHERE record IN "
                                         "(SELECT record FROM journalItem WHERE entry = (SELECT max(id) FROM journal))"); !done)
            return passError(done);
    }
    if (auto done = discardDrafts(database, settled); !done)
        return passError(done);
    return count;
}

Result<> discardDrafts(const store::Database &database, const std::vector<RecordId> &ids)
{
    auto statement = database.prepare("DELETE FROM draft WHERE record = ? AND EXISTS (SELECT 1 FROM openDraft o WHERE o.record = draft.record)");
    if (!statement)
        return passError(statement);
    for (const RecordId id : ids) {
        if (auto done = statement->bind(id.value).run(); !done)
            return done;
    }
    return {};
}

} // namespace fettle::data
