// What the database keeps of a record: an unchangeable content (shared by all that point to it) and the facts around it; and the JSON
// images of these facts that the journal stores. Knows no history.
#pragma once

#include "core/data/record.h"
#include "core/store/database.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>

namespace fettle::data {

struct RecordState {
    std::int64_t content = 0;
    RecordStatus status = RecordStatus::New;
    Split split = Split::Unassigned;
    int rating = 0;
    std::string note, source;
    std::vector<std::string> tags;
    friend bool operator==(const RecordState &, const RecordState &) = default;
};

// Refuses what cannot be stored and read again. Errors: BadInput (text that is not UTF-8, rating outside 0 to 5).
[[nodiscard]] Result<> checkRecord(const Record &record);

// A record and everything about its texts that can be worked out without the database: an import does that on a thread of its own.
struct PreparedRecord {
    Record record;
    std::string hash, turns, instructionPreview, responsePreview;
    std::string otherTexts; // of turns that are neither the instruction nor the response, for the full-text index
    std::int64_t flags = 0;
};
// Errors: as checkRecord.
[[nodiscard]] Result<PreparedRecord> prepared(Record record);

// Number of the content; stored where it is new. Now: indexed as well. Later: by indexContents, after the other changes of the transaction. The index
// is written anew whenever a statement begins that SQLite could have to take back alone (as that which gives a record another content).
enum class Indexing { Now, Later };
[[nodiscard]] Result<std::int64_t> putContent(const store::Database &database, const PreparedRecord &prepared, Indexing indexing);
// Puts the contents behind this number into the full-text index. Errors: Cancelled.
[[nodiscard]] Result<> indexContents(const store::Database &database, std::int64_t after, std::stop_token stop);
// The turns of a content as they are stored; nothing where they are damaged.
[[nodiscard]] std::optional<std::vector<Turn>> readTurns(std::string_view stored);
[[nodiscard]] Error damagedContent(const store::Database &database, RecordId id);
// Turns, context and tools of a content; the other fields are left as they are. Errors: BadInput (the stored text is damaged).
[[nodiscard]] Result<> readContent(const store::Database &database, std::int64_t content, Record &record);

[[nodiscard]] RecordState stateOf(const Record &record, std::int64_t content);
// In the order in which they were given.
[[nodiscard]] Result<std::vector<std::string>> readTags(const store::Database &database, RecordId id);
[[nodiscard]] Result<std::optional<RecordState>> readState(const store::Database &database, RecordId id);
// A record without a valid id gets the next number.
[[nodiscard]] Result<RecordId> insertState(const store::Database &database, RecordId id, const RecordState &state);
[[nodiscard]] Result<> removeState(const store::Database &database, RecordId id);
// The record that a state describes.
[[nodiscard]] Result<Record> recordOf(const store::Database &database, RecordId id, RecordState state);
// Errors: NotFound.
[[nodiscard]] Result<Record> readRecord(const store::Database &database, RecordId id);

// The whole state, or only the fields in which `to` differs from `from` (with the values of `to`), as a JSON object.
[[nodiscard]] nlohmann::json imageOf(const RecordState &state);
[[nodiscard]] nlohmann::json imageOf(const RecordState &to, const RecordState &from);
// Writes the fields of an image to a record that exists. Errors: BadInput (a damaged image).
[[nodiscard]] Result<> applyImage(const store::Database &database, RecordId id, std::string_view image);
// The state that a whole image describes.
[[nodiscard]] Result<RecordState> stateFromImage(std::string_view image);

// Fields of a record beside its content as JSON, for frozen rows; and back.
[[nodiscard]] std::string aboutOf(const RecordState &state);
[[nodiscard]] Result<> readAbout(std::string_view about, Record &record);

} // namespace fettle::data
