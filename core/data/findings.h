// Findings that need several records: copies, near copies, contradictions, leaks between splits. Rejected records are left out.
#pragma once

#include "core/base/progress.h"
#include "core/data/recordview.h"
#include "core/store/database.h"

#include <span>
#include <stop_token>

namespace fettle::data {

// What is compared of one record. Question: everything before the last answer, with the context; both in normal form.
struct ComparedRecord {
    RecordId id;
    Split split = Split::Unassigned;
    std::string question, answer;
};

// Bits of the relations of each record, in the same order. Deterministic; about linear in the number of words.
//   Duplicate      the same question and answer as an earlier record
//   NearDuplicate  another question of which at least 80 % of the word triples are the same as those of an earlier record
//   Contradiction  the same question as another record, but another answer
//   Leak           held-out or test, and the same or nearly the same question is in the training split
//   Outlier        its question or its answer is in another language or script than the rest
// Errors: Cancelled.
[[nodiscard]] Result<std::vector<std::int64_t>> relate(std::span<const ComparedRecord> records, const ProgressCallback &progress = {},
                                                       std::stop_token stop = {});

// Looks again at the texts that an older version of the checks has seen (see kTextChecks), `most` of them; false: there are no more.
// Inside the caller's transaction.
[[nodiscard]] Result<bool> recheckTexts(const store::Database &database, std::int64_t most);
// Marks a new project as checked by this version.
[[nodiscard]] Result<> markTextsChecked(const store::Database &database);

// Grows when relations are found in another way: what was found before is looked for again.
inline constexpr int kRelationChecks = 1;
struct RecordRelations { RecordId id; std::int64_t flags = 0, storedFlags = 0; };
[[nodiscard]] Result<std::vector<RecordRelations>> findRelations(const store::Database &database, const ProgressCallback &progress, std::stop_token stop);
// Inside the caller's transaction.
[[nodiscard]] Result<> storeRelations(const store::Database &database, std::span<const RecordRelations> relations);

// Each record that contradicts an earlier one, with the first such one, in the order of the records. Looks only at records that the last
// check marked, so it answers at once; pairs that were agreed on are left out. Errors: Cancelled, and those of the database.
[[nodiscard]] Result<std::vector<Contradiction>> findContradictions(const store::Database &database, std::stop_token stop);
// Remembers that both answers are right, or forgets it. Holds for these texts: when one of them is changed the question is open again.
// Inside the caller's transaction. Errors: NotFound.
[[nodiscard]] Result<> setAgreement(const store::Database &database, const Contradiction &pair, bool doAgree);

} // namespace fettle::data
