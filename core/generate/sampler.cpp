#include "core/generate/sampler.h"

#include "core/generate/vectorkernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace fettle::generate {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

std::array<TokenProbability, 5> likeliest(const std::vector<float> &probabilities)
{
    std::array<TokenProbability, 5> best{};
    for (TokenProbability &entry : best)
        entry.probability = -1.0f;
    for (std::size_t id = 0; id < probabilities.size(); ++id) {
        if (probabilities[id] <= best.back().probability)
            continue;
        std::size_t place = best.size() - 1;
        for (; place > 0 && probabilities[id] > best[place - 1].probability; --place)
            best[place] = best[place - 1];
        best[place] = {static_cast<TokenId>(id), probabilities[id]};
    }
    for (TokenProbability &entry : best)
        entry.probability = std::max(0.0f, entry.probability);
    return best;
}

} // namespace

Sampler::Sampler(const SamplingSettings &settings)
    : m_settings(settings)
    , m_random(settings.seed)
{
}

SampledToken Sampler::next(std::span<const float> logits, std::span<const TokenId> seen)
{
    m_scores.assign(logits.begin(), logits.end());
    for (float &score : m_scores) {
        if (std::isnan(score))
            score = kNever;
    }
    m_probabilities.resize(logits.size());
    softmax(m_scores.data(), m_scores.size(), m_probabilities.data());
    SampledToken token;
    token.alternatives = likeliest(m_probabilities);
    applyPenalty(seen);
    if (m_settings.isGreedy)
        token.id = static_cast<TokenId>(std::max_element(m_scores.begin(), m_scores.end()) - m_scores.begin());
    else
        token.id = draw();
    token.probability = m_probabilities[static_cast<std::size_t>(token.id)];
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
    const float temperature = static_cast<float>(m_settings.temperature);
    for (float &score : m_scores)
        score /= temperature;
    m_weights.resize(m_scores.size());
    softmax(m_scores.data(), m_scores.size(), m_weights.data());
    const bool hasTopK = m_settings.topK > 0 && static_cast<std::size_t>(m_settings.topK) < m_scores.size();
    const bool hasTopP = m_settings.topP < 1.0, hasMinP = m_settings.minP > 0.0;
    m_candidates.clear();
    if (hasTopK)
        gatherLargest(static_cast<std::size_t>(m_settings.topK));
    else if (hasTopP)
        gatherMass(m_settings.topP);
    else if (hasMinP)
        gatherAtLeast(static_cast<float>(m_settings.minP) * *std::max_element(m_weights.begin(), m_weights.end()));
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
    for (std::size_t id = 0; id < m_weights.size(); ++id) {
        if (m_weights[id] >= weight)
            m_candidates.push_back({m_weights[id], static_cast<TokenId>(id)});
    }
    sortCandidates();
}

// The `count` likeliest tokens and all that are as likely as the last of them.
void Sampler::gatherLargest(std::size_t count)
{
    // A heap of the best so far whose top is the least of them: most tokens are turned away by one comparison.
    std::vector<float> heap;
    heap.reserve(count);
    const auto isGreater = [](float a, float b) { return a > b; };
    for (const float weight : m_weights) {
        if (heap.size() < count) {
            heap.push_back(weight);
            std::push_heap(heap.begin(), heap.end(), isGreater);
        } else if (weight > heap.front()) {
            std::pop_heap(heap.begin(), heap.end(), isGreater);
            heap.back() = weight;
            std::push_heap(heap.begin(), heap.end(), isGreater);
        }
    }
    gatherAtLeast(heap.front());
}

// The likeliest tokens that together have more than `mass` of the probability, and possibly more; all when they have not. Sorting the whole
// vocabulary is avoided by lowering a threshold.
void Sampler::gatherMass(double mass)
{
    for (float threshold = 1e-3f; threshold > 1e-12f; threshold *= 1e-3f) {
        double sum = 0;
        for (const float weight : m_weights)
            sum += weight >= threshold ? static_cast<double>(weight) : 0.0;
        if (sum > mass)
            return gatherAtLeast(threshold);
    }
    gatherAtLeast(0.0f);
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
