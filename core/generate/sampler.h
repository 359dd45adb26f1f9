// From logits to the next token, filter by filter as transformers defines them (generation/logits_process.py), in its order: repetition
// penalty, temperature, top-k, top-p, min-p. Knows no model and no text.
#pragma once

#include "core/base/ids.h"
#include "core/base/random.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace fettle::generate {

struct SamplingSettings {
    bool isGreedy = false;          // the likeliest token (after the repetition penalty); the filters below are not used
    double temperature = 1.0;       // above 0
    int topK = 0;                   // 0: off
    double topP = 1.0;              // 1: off
    double minP = 0.0;              // 0: off
    double repetitionPenalty = 1.0; // 1: off
    std::uint64_t seed = 0;
};

struct TokenProbability {
    TokenId id = -1;
    float probability = 0;
};

struct SampledToken {
    TokenId id = 0;
    float probability = 0;                            // softmax of the untouched logits
    std::array<TokenProbability, 5> alternatives;     // the five likeliest, likeliest first; id -1 where the vocabulary ends
};

// How likely a token is that was not drawn but given, and the likeliest beside it: softmax of the logits, which must not be empty.
[[nodiscard]] SampledToken likelihoodOf(std::span<const float> logits, TokenId id);

// One for each sequence. Draws one uniform number for each token from RandomStream(seed), so that sequences with the same seed draw alike, and
// picks from the candidates in the order of falling probability (equal ones by id).
class Sampler {
public:
    explicit Sampler(const SamplingSettings &settings);

    // seen: the ids of prompt and answer so far, for the repetition penalty. logits must not be empty. NaN counts as impossible.
    [[nodiscard]] SampledToken next(std::span<const float> logits, std::span<const TokenId> seen);

private:
    struct Candidate {
        float weight = 0; // probability after penalty and temperature
        TokenId id = 0;
    };
    void applyPenalty(std::span<const TokenId> seen);
    [[nodiscard]] TokenId draw();
    void gatherAtLeast(float weight);
    void gatherLargest(std::size_t count);
    void gatherMass(double mass);
    void sortCandidates();
    void cutTopP();
    void cutMinP();

    SamplingSettings m_settings;
    RandomStream m_random;
    std::vector<float> m_probabilities; // of the untouched logits
    std::vector<float> m_scores, m_weights;
    std::vector<float> m_maxima; // of blocks of m_weights: most of the vocabulary is passed over by them
    std::vector<Candidate> m_candidates; // by falling weight
};

} // namespace fettle::generate
