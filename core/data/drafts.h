// Answers that a model proposed and that nobody has judged yet. They lie beside the records: no run learns them until somebody accepts one,
// which makes it the answer of its record.
#pragma once

#include "core/base/result.h"
#include "core/data/recordview.h"

#include <optional>
#include <string>
#include <vector>

namespace fettle::store {
class Database;
}

namespace fettle::data {

// The tag of a record whose answer was written by a model and accepted by a person.
inline constexpr std::string_view kDraftedTag = "drafted";

// The turns that a model is asked with, as a run renders them: all before the answer that is to be written, the context joined to the first
// question, the project's system text where the record has none. Errors: BadInput (no question; tools, which the question cannot carry).
[[nodiscard]] Result<std::vector<Turn>> questionTurns(const Record &record, const ContextJoin &join, const std::string &defaultSystem);
// The record with the text as its answer, in place of the one that it has at its end.
[[nodiscard]] Record withAnswer(Record record, const std::string &text);

// Replaces an older one. Nothing happens where the record is gone. Errors: BadInput (text that is not UTF-8), those of the database.
[[nodiscard]] Result<> putDraft(const store::Database &database, RecordId id, const AnswerDraft &draft);
[[nodiscard]] Result<std::optional<AnswerDraft>> readDraft(const store::Database &database, RecordId id);
// Makes drafts the answers of their records and tags these kDraftedTag, as one step of undo, after which the drafts wait as before. Gives the
// number of records.
[[nodiscard]] Result<std::int64_t> acceptDrafts(const store::Database &database, const std::vector<RecordId> &ids);
// One that was accepted stays, for an undo of that.
[[nodiscard]] Result<> discardDrafts(const store::Database &database, const std::vector<RecordId> &ids);

} // namespace fettle::data
