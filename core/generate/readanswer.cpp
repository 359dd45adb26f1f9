// Generator::read and Generator::next: the prompt in pieces without logits, then the logits in front of each token of the answer.
#include "core/generate/generatorstate.h"

#include "core/generate/batch.h"

#include <algorithm>

namespace fettle::generate {

Result<std::vector<SampledToken>> Generator::read(std::span<const TokenId> ids, std::size_t first, const DecodeAdapter *adapter, double strength, std::stop_token stop)
{
    if (strength == 0.0)
        adapter = nullptr;
    std::vector<SampledToken> tokens;
    first = std::max<std::size_t>(first, 1);
    if (ids.size() <= first)
        return tokens;
    const std::span<const TokenId> seen = ids.first(ids.size() - 1); // nothing follows the last one
    if (auto checked = checkPrompt(seen, adapter); !checked)
        return passError(checked);
    if (auto checked = checkPrompt(ids.last(1), nullptr); !checked)
        return passError(checked);
    const std::size_t length = ids.size() + (adapter ? adapter->startLength() : 0);
    auto cache = startCache(KvShape(config()), adapter, config().isLongText(static_cast<std::int64_t>(length)));
    if (!cache)
        return passError(cache);
    const auto vocabulary = static_cast<std::size_t>(config().vocabulary);
    for (std::size_t begin = 0; begin < seen.size();) {
        const bool isAnswer = begin + 1 >= first; // the logits at first - 1 are those of ids[first]
        StepPart part;
        part.cache = &*cache;
        part.tokens = seen.subspan(begin, std::min(kRowsPerPass, (isAnswer ? seen.size() : first - 1) - begin));
        part.adapter = adapter;
        part.strength = static_cast<float>(strength);
        part.wanted = isAnswer ? WantedLogits::All : WantedLogits::None;
        const auto rows = m_state->step->run({&part, 1}, stop);
        if (!rows)
            return passError(rows);
        if (isAnswer) {
            std::vector<SampledToken> read(rows->rows);
            m_state->pool.run(rows->rows, [&](std::size_t row, int) { read[row] = likelihoodOf(rows->row(row, vocabulary), ids[begin + row + 1]); });
            tokens.insert(tokens.end(), read.begin(), read.end());
        }
        begin += part.tokens.size();
    }
    return tokens;
}

Result<std::vector<float>> Generator::next(std::span<const TokenId> prompt, std::span<const TokenId> candidates, const DecodeAdapter *adapter, std::stop_token stop)
{
    if (auto checked = checkPrompt(prompt, adapter); !checked)
        return passError(checked);
    const std::size_t length = prompt.size() + 1 + (adapter ? adapter->startLength() : 0);
    auto cache = startCache(KvShape(config()), adapter, config().isLongText(static_cast<std::int64_t>(length)));
    if (!cache)
        return passError(cache);
    std::vector<float> likely;
    for (std::size_t begin = 0; begin < prompt.size(); begin += kRowsPerPass) {
        StepPart part;
        part.cache = &*cache;
        part.tokens = prompt.subspan(begin, std::min(kRowsPerPass, prompt.size() - begin));
        part.adapter = adapter;
        const bool isLast = begin + part.tokens.size() == prompt.size();
        part.wanted = isLast ? WantedLogits::Last : WantedLogits::None;
        const auto logits = m_state->step->run({&part, 1}, stop);
        if (!logits)
            return passError(logits);
        for (const TokenId id : isLast ? candidates : std::span<const TokenId>())
            likely.push_back(likelihoodOf(logits->row(0, static_cast<std::size_t>(config().vocabulary)), id).probability);
    }
    return likely;
}

} // namespace fettle::generate
