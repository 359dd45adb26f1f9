// Probe prompts: questions that a run answers again at every measurement, so that one sees what it learns and not only how its loss falls.
// Which ones is a choice of the project (setting "probes"). Knows no model.
#pragma once

#include "core/data/record.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fettle::data {

inline constexpr const char *kProbeSetting = "probes"; // of the project, JSON

struct ProbeChoice {
    std::int64_t fromHeldOut = 6; // rows drawn from the held-out ones; 0 and no own question: a run answers none
    std::int64_t maxTokens = 64;  // longest answer
    std::vector<std::string> own; // questions of the user, asked before the drawn ones
    [[nodiscard]] bool isNone() const { return fromHeldOut == 0 && own.empty(); }
    friend bool operator==(const ProbeChoice &, const ProbeChoice &) = default;
};

// One question of a run, as it was pinned when the run began.
struct ProbeQuestion {
    RecordId record; // invalid: the user's own question
    std::string question, expected;
    friend bool operator==(const ProbeQuestion &, const ProbeQuestion &) = default;
};

struct ProbeAnswer {
    std::int64_t step = 0;
    std::int64_t position = 0; // index of the question
    std::string text;
    friend bool operator==(const ProbeAnswer &, const ProbeAnswer &) = default;
};
inline constexpr std::int64_t kBaseStep = -1; // step of the base model's own answers

struct RunProbes {
    std::vector<ProbeQuestion> questions;
    std::vector<ProbeAnswer> answers; // by step, then position; the base's first
};

[[nodiscard]] std::string probeChoiceText(const ProbeChoice &choice);
// Anything that is not such a text is the standard choice; numbers are kept in their range (0 to 64 rows, 1 to 1024 tokens, 64 questions).
[[nodiscard]] ProbeChoice probeChoiceFrom(const std::string &text);

// Indices of the rows to ask, the same for the same rows and seed: turn by turn one of each tag, so that small topics are heard too.
[[nodiscard]] std::vector<std::size_t> drawProbes(std::span<const Record> heldOut, std::int64_t count, std::uint64_t seed);

} // namespace fettle::data
