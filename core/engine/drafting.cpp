#include "core/engine/drafting.h"

#include "core/base/clock.h"

namespace fettle::engine {

bool hasAnswer(const data::Record &record)
{
    return !record.turns.empty() && record.turns.back().role == data::Role::Assistant && !record.turns.back().text.empty();
}

GenerateRequest draftRequest(const DraftWish &wish, std::vector<data::Turn> turns)
{
    GenerateRequest request;
    request.columns = {{wish.adapter, 1.0}};
    request.conversation = std::move(turns);
    request.sampling.greedy = true;
    request.sampling.maxTokens = wish.maxTokens;
    return request;
}

AnswerDraft draftFrom(const DraftWish &wish, const ColumnResult &answer)
{
    return {answer.text, wish.author, isoNow(), answer.finish != FinishReason::EndOfTurn};
}

} // namespace fettle::engine
