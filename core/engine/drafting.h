// How a model is asked for the answer of a record, and what becomes of what it says: the same for the terminal and the window. The loop over
// the records is the caller's, which lets other work in between.
#pragma once

#include "core/engine/playground.h"

namespace fettle::engine {

struct DraftWish {
    std::string adapter = "base"; // as ColumnChoice
    std::string author;           // who stands beside the draft: "Run 3", the name of the base model
    int maxTokens = 256;
    bool areAnswered = false; // records that have an answer too; it stays until a draft is accepted
};

// Whether the record ends in an answer that is not empty.
[[nodiscard]] bool hasAnswer(const data::Record &record);
// turns: of Project::questionTurns. The likeliest words, so that the same record gets the same draft.
[[nodiscard]] GenerateRequest draftRequest(const DraftWish &wish, std::vector<data::Turn> turns);
[[nodiscard]] AnswerDraft draftFrom(const DraftWish &wish, const ColumnResult &answer);

} // namespace fettle::engine
