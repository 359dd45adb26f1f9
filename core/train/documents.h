// From records to documents: every row rendered, tokenised, cut and marked by the one function that also feeds the token lens, on all cores.
// Knows no tensor.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/data/labelledtokens.h"
#include "core/train/batches.h"

#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace fettle::train {

using LabelFunction = std::function<Result<data::LabelledTokens>(const data::Record &)>;

struct LabelledSet {
    std::vector<Document> documents; // in the order of the records; only those with something to learn
    std::int64_t tokens = 0, trainedTokens = 0; // of the documents; with a mix, as often as an epoch reads them
    std::int64_t longest = 0;                   // tokens of the longest row before the cut
    std::vector<RecordId> cut;                  // rows that lost their end
    std::vector<RecordId> dropped;              // rows in which nothing is left to learn
    std::vector<RecordId> endless;              // rows whose answer has no end mark that is learnt, cut or not
    std::vector<RecordId> failed;               // rows that the chat template refused
    std::optional<Error> firstFailure;
};

// label is called from several threads at once. threads 0: all cores. The result does not depend on the number of threads.
// Errors: Cancelled. Rows that cannot be labelled are no error here: they are in `failed`.
[[nodiscard]] Result<LabelledSet> labelRecords(std::span<const data::Record> records, const LabelFunction &label, int threads = 0,
                                               const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::train
