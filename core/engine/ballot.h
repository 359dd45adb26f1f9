// Preparing a blind vote: questions are drawn, both models answer them through the kept answers of evaluation, pairs come one by one.
#pragma once

#include "core/engine/evaluation.h"

#include <functional>

namespace fettle::engine {

struct BallotOutcome {
    std::int64_t pairs = 0;
    std::int64_t sameAnswers = 0;    // questions passed over, because both models answer them word for word alike
    std::vector<LeftOutRow> leftOut; // refused by the template, longer than the model's context
};

// What a voter must see to judge an answer as the models gave it: the question with its context, or the whole conversation before the answer.
[[nodiscard]] std::string questionText(const data::Record &record);

using PairCallback = std::function<void(const evaluate::BallotPair &)>;

// The same ballot gives the same pairs at the same positions: after a cancel it goes on where it stopped. Pairs reach ready as soon as
// they are answered, the first one after two answers. Answers are greedy. The stop token ends it within one token.
// Errors: BadInput (nothing to ask), NotFound, OutOfMemory, Cancelled.
[[nodiscard]] Result<BallotOutcome> prepareBallot(const BallotInfo &ballot, const std::string &model, const Project &project, const ComputeOptions &compute,
                                                  const PairCallback &ready, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
