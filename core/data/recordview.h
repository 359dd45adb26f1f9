// How records are asked for and shown: filters, rows of the table, counts, history, snapshots. Plain values; the window includes them
// through core/engine/project.h.
#pragma once

#include "core/base/ids.h"
#include "core/data/record.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

// Findings that can be a filter. Counted over records that are not rejected.
enum class RecordFlag {
    Duplicate, NearDuplicate, Contradiction, Empty, TooLong, Leak, OddEncoding,
    Boilerplate, PersonalData, Placeholder, UnbalancedMarkup, Outlier, AnswerCut, RareTag,
    KnownAlready, Surprising, OddWording // of the autopsy: what the base model makes of it (core/data/autopsy.h)
};
inline constexpr int kRecordFlags = 17;
[[nodiscard]] std::string_view nameOf(RecordFlag flag); // "duplicate", "contradiction", ... as in `check --json`
// A set of flags as it is stored: bit n is the flag with the number n.
[[nodiscard]] constexpr std::int64_t flagBit(RecordFlag flag) { return std::int64_t{1} << static_cast<int>(flag); }

enum class RecordSort { Number, Instruction, Response, Tokens, Loss, Status, Split, Updated };

struct RecordFilter {
    std::string text; // words that must occur (FTS5), empty: all
    std::string query; // in the language of the search field (core/data/filterlanguage.h), empty: all
    std::vector<RecordStatus> statuses; // empty: all
    std::vector<Split> splits;          // empty: all
    std::vector<std::string> tags;      // any of them; empty: all
    std::vector<std::string> sources;   // any of them, as RecordCounts names them; empty: all
    std::optional<RecordFlag> flag;
    RecordSort sort = RecordSort::Number;
    bool descending = false;
    friend bool operator==(const RecordFilter &, const RecordFilter &) = default;
};

// One line of the table: short previews, never the whole text.
struct RecordRow {
    RecordId id;
    std::string instruction; // first 200 code points, one line
    std::string response;
    std::vector<std::string> tags;
    RecordStatus status = RecordStatus::New;
    Split split = Split::Unassigned;
    int turns = 0;
    std::optional<std::int64_t> tokens; // known after updateLengths
    std::optional<double> loss;         // of the newest run that saw the record
    std::string draft;                  // of an answer that a model proposed, as response; empty: none
    std::vector<RecordFlag> flags;
};

struct RecordCounts {
    std::int64_t all = 0;
    std::int64_t drafts = 0; // that nobody has judged yet
    std::map<RecordStatus, std::int64_t> byStatus;
    std::map<Split, std::int64_t> bySplit;
    std::map<std::string, std::int64_t> byTag;
    std::map<std::string, std::int64_t> bySource; // the file of a record, without the line; "": written here
    std::map<RecordFlag, std::int64_t> byFlag;
    std::string autopsyModel;   // the base model whose losses are known; "": there was no autopsy
    std::int64_t autopsied = 0; // records that have such a loss
    std::map<std::int64_t, std::int64_t> byLength; // tokens -> records, of those whose length is known and that are not rejected
};

// Two records with the same question and different answers; left is the earlier one.
struct Contradiction {
    RecordId left, right;
    friend bool operator==(const Contradiction &, const Contradiction &) = default;
};

// Tokens of a content, and the place of the first one of its answer; -1: there is none, or it is not known.
struct ContentLength {
    std::string hash;
    std::int64_t tokens = 0;
    std::int64_t answerAt = -1;
};

// An answer that a model proposed and that nobody has judged yet.
struct AnswerDraft {
    std::string text;
    std::string author; // "Run 3", "SmolLM2-135M-Instruct"
    std::string when;   // ISO 8601
    bool isCut = false; // the longest answer that was allowed ended it
    friend bool operator==(const AnswerDraft &, const AnswerDraft &) = default;
};

struct JournalEntry {
    std::int64_t number = 0;
    std::string what; // "Edited record 12", "Imported 250 records from house-rules.jsonl"
    std::string when; // ISO 8601, local time
    std::int64_t records = 0;
};

// A record as it was after an entry of the history.
struct RecordVersion {
    JournalEntry entry;
    Record record;
};

struct SplitShares {
    double train = 0.9, heldOut = 0.1, test = 0.0; // sum 1
    std::uint64_t seed = 1207;
};

struct SnapshotInfo {
    SnapshotId id;
    std::string hash; // SHA-256 over the content hashes and splits, in order
    std::string when;
    std::int64_t rows = 0, train = 0, heldOut = 0, test = 0;
    bool isCurrent = false; // the records have not changed since
    std::string name = {};  // that somebody gave it, or ""
};

} // namespace fettle::data
