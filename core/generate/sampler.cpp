#include "core/generate/sampler.h"

#include "core/generate/vectorkernels.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace fettle::generate {

namespace {

std::vector<float> maximaOf(const std::vector<float> &values)
{
    std::vector<float> maxima((values.size() + kMaximaBlock - 1) / kMaximaBlock);
    blockMaxima(values.data(), values.size(), maxima.data());
    return maxima;
}

// Calls take(id, value) for the values of blocks whose largest one passes isWorthLooking, by rising id.
template <class Worth, class Take>
void forBlocks(const std::vector<float> &values, const std::vector<float> &maxima, Worth &&isWorthLooking, Take &&take)
{
    for (std::size_t block = 0; block < maxima.size(); ++block) {
        if (!isWorthLooking(maxima[block]))
            continue;
        const std::size_t end = std::min(values.size(), (block + 1) * kMaximaBlock);
        for (std::size_t id = block * kMaximaBlock; id < end; ++id)
            take(id, values[id]);
    }
}

std::array<TokenProbability, 5> likeliest(const std::vector<float> &probabilities)
{
    std::array<TokenProbability, 5> best{};
    for (TokenProbability &entry : best)
        entry.probability = -1.0f;
    forBlocks(
        probabilities, maximaOf(probabilities), [&](float largest) { return largest > best.back().probability; },
        [&](std::size_t id, float probability) {
            if (probability <= best.back().probability)
                return;
            std::size_t place = best.size() - 1;
            for (; place > 0 && probability > best[place - 1].probability; --place)
                best[place] = best[place - 1];
            best[place] = {static_cast<TokenId>(id), probability};
        });
    for (TokenProbability &entry : best)
        entry.probability = std::max(0.0f, entry.probability);
    return best;
}

TokenId largestOf(const std::vector<float> &scores)
{
    const std::vector<float> maxima = maximaOf(scores);
    const std::size_t block = static_cast<std::size_t>(std::max_element(maxima.begin(), maxima.end()) - maxima.begin());
    const auto begin = scores.begin() + static_cast<std::ptrdiff_t>(block * kMaximaBlock);
    return static_cast<TokenId>(std::find(begin, scores.end(), maxima[block]) - scores.begin());
}

} // namespace

SampledToken likelihoodOf(std::span<const float> logits, TokenId id)
{
    std::vector<float> scores(logits.size()), probabilities(logits.size());
    copyScores(logits.data(), logits.size(), scores.data());
    softmax(scores.data(), scores.size(), probabilities.data());
    const float probability = probabilities[static_cast<std::size_t>(id)];
    return {id, probability >= 0.0f ? probability : 0.0f, likeliest(probabilities)};
}

Sampler::Sampler(const SamplingSettings &settings)
    : m_settings(settings)
    , m_random(settings.seed)
{
}

SampledToken Sampler::next(std::span<const float> logits, std::span<const TokenId> seen)
{
    m_scores.resize(logits.size());
    copyScores(logits.data(), logits.size(), m_scores.data());
    m_probabilities.resize(logits.size());
    softmax(m_scores.data(), m_scores.size(), m_probabilities.data());
    SampledToken token;
    token.alternatives = likeliest(m_probabilities);
    applyPenalty(seen);
    if (m_settings.isGreedy)
        token.id = largestOf(m_scores);
    else
        token.id = draw();
    token.probability = m_probabilities[static_cast<std::size_t>(token.id)];
    if (!(token.probability >= 0.0f)) // a model whose every logit is NaN
        token.probability = 0.0f;
    return token;
}

// A score is divided by the penalty when positive, multiplied when negative, once for each different token that occurred.
void Sampler::applyPenalty(std::span<const TokenId> seen)
{
    const float penalty = static_cast<float>(m_settings.repetitionPenalty);
    if (penalty == 1.0f)
        return;
    std::vector<TokenId> different(seen.begin(), seen.end());
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());
    for (const TokenId id : different) {
        if (id < 0 || static_cast<std::size_t>(id) >= m_scores.size())
            continue;
        float &score = m_scores[static_cast<std::size_t>(id)];
        score = score < 0 ? score * penalty : score / penalty;
    }
}

TokenId Sampler::draw()
{
    const double uniform = m_random.uniform();
    divideBy(m_scores.data(), m_scores.size(), static_cast<float>(m_settings.temperature));
    m_weights.resize(m_scores.size());
    softmax(m_scores.data(), m_scores.size(), m_weights.data());
    m_maxima = maximaOf(m_weights);
    const bool hasTopK = m_settings.topK > 0 && static_cast<std::size_t>(m_settings.topK) < m_scores.size();
    const bool hasTopP = m_settings.topP < 1.0, hasMinP = m_settings.minP > 0.0;
    m_candidates.clear();
    if (hasTopK)
        gatherLargest(static_cast<std::size_t>(m_settings.topK));
    else if (hasTopP)
        gatherMass(m_settings.topP);
    else if (hasMinP)
        gatherAtLeast(static_cast<float>(m_settings.minP) * *std::max_element(m_maxima.begin(), m_maxima.end()));
    else
        gatherMass(uniform); // the candidates beyond the drawn one do not matter
    if (hasTopP)
        cutTopP();
    if (hasMinP)
        cutMinP();
    // Without filters the weights of all tokens, which sum up to 1, are drawn from; with filters those of the candidates that are left.
    double total = 1.0;
    if (hasTopK || hasTopP || hasMinP) {
        total = std::accumulate(m_candidates.begin(), m_candidates.end(), 0.0,
                                [](double sum, const Candidate &candidate) { return sum + static_cast<double>(candidate.weight); });
    }
    double reached = 0;
    for (const Candidate &candidate : m_candidates) {
        reached += static_cast<double>(candidate.weight);
        if (reached > uniform * total)
            return candidate.id;
    }
    return m_candidates.back().id;
}

void Sampler::sortCandidates()
{
    std::sort(m_candidates.begin(), m_candidates.end(),
              [](const Candidate &a, const Candidate &b) { return a.weight != b.weight ? a.weight > b.weight : a.id < b.id; });
}

void Sampler::gatherAtLeast(float weight)
{
    m_candidates.clear();
    forBlocks(
        m_weights, m_maxima, [&](float largest) { return largest >= weight; },
        [&](std::size_t id, float value) {
            if (value >= weight)
                m_candidates.push_back({value, static_cast<TokenId>(id)});
        });
    if (m_candidates.empty()) // every score was NaN or minus infinity: nothing is likelier than anything else
        m_candidates.push_back({1.0f, 0});
    sortCandidates();
}

// The `count` likeliest tokens and all that are as likely as the last of them.
void Sampler::gatherLargest(std::size_t count)
{
    // A heap of the best so far whose top is the least of them.
    std::vector<float> heap;
    heap.reserve(count);
    const auto isGreater = [](float a, float b) { return a > b; };
    forBlocks(
        m_weights, m_maxima, [&](float largest) { return heap.size() < count || largest > heap.front(); },
        [&](std::size_t, float weight) {
            if (heap.size() < count) {
                heap.push_back(weight);
                std::push_heap(heap.begin(), heap.end(), isGreater);
            } else if (weight > heap.front()) {
                std::pop_heap(heap.begin(), heap.end(), isGreater);
                heap.back() = weight;
                std::push_heap(heap.begin(), heap.end(), isGreater);
            }
        });
    gatherAtLeast(heap.front());
}

// The likeliest tokens that together have more than `mass` of the probability, and some more; all when they have not. Sums of weights of
// about the same size (quarters of powers of two) tell which ones need not be sorted.
void Sampler::gatherMass(double mass)
{
    constexpr int kShift = 21;
    std::array<double, (1u << 30 >> kShift) + 1> sums{}; // weights lie between 0 and 1
    for (const float weight : m_weights)
        sums[std::min<std::size_t>(std::bit_cast<std::uint32_t>(weight) >> kShift, sums.size() - 1)] += static_cast<double>(weight);
    double sum = 0;
    std::size_t least = sums.size();
    while (least > 0 && sum <= mass)
        sum += sums[--least];
    gatherAtLeast(std::bit_cast<float>(static_cast<std::uint32_t>(least) << kShift));
}

// Keeps the smallest set of likeliest candidates whose probability reaches topP: a candidate goes when those before it have reached it.
void Sampler::cutTopP()
{
    double total = 1.0; // candidates of gatherMass are a part of everything; those of top-k are everything that is left
    if (m_settings.topK > 0 && static_cast<std::size_t>(m_settings.topK) < m_scores.size()) {
        total = 0;
        for (const Candidate &candidate : m_candidates)
            total += static_cast<double>(candidate.weight);
    }
    double before = 0;
    std::size_t kept = 0;
    while (kept < m_candidates.size() && (kept == 0 || before < m_settings.topP * total)) {
        before += static_cast<double>(m_candidates[kept].weight);
        ++kept;
    }
    m_candidates.resize(kept);
}

void Sampler::cutMinP()
{
    const float least = static_cast<float>(m_settings.minP) * m_candidates.front().weight;
    while (m_candidates.size() > 1 && m_candidates.back().weight < least)
        m_candidates.pop_back();
}

} // namespace fettle::generate
