// A local model as the judge between two answers: what it is asked, and what its verdicts say. Models prefer the first answer or the second for
// no reason, so every pair is read twice, with the sides exchanged: what turns with the order counts for neither side, and how often that
// happened is shown (Zheng et al. 2023, section 3.4, conservative approach). Texts and numbers only: no model, no LibTorch.
#pragma once

#include "core/evaluate/ballot.h"

namespace fettle::evaluate {

// What makes an answer good where nobody says otherwise. Plain words for the judge; people write their own.
[[nodiscard]] const std::string &defaultRubric();

// The judge answers with one of these letters.
inline constexpr std::string_view kFirstLetter = "A", kSecondLetter = "B";
// expected: may be empty. Marks that models read as control tokens ("<|") are broken up in all texts.
[[nodiscard]] std::string judgeQuestion(std::string_view rubric, std::string_view question, std::string_view expected, std::string_view first, std::string_view second);

// How likely the judge takes the later column's answer rather than the first column's, 0 to 1: shown first, and shown second.
struct JudgeReading {
    double shownFirst = 0.5, shownSecond = 0.5;
    friend bool operator==(const JudgeReading &, const JudgeReading &) = default;
};
// Tuned or Base where both readings agree, else Equal.
[[nodiscard]] Preference preferenceOf(const JudgeReading &reading);

struct JudgeSummary {
    std::string judge;             // name of the model
    std::string rubric;
    VoteTally tally;               // of all pairs; equal: the verdict turned with the order, or both answers are word for word the same
    std::vector<NamedTally> tags;  // by name
    std::int64_t same = 0;         // pairs that were not read: both answers are the same
    std::int64_t turned = 0;       // pairs whose verdict turned with the order
    double firstShare = 0.5;       // of all readings in which the answer that stood first was taken; one half is no bias
    Interval firstInterval{0, 1};  // 95 %, Wilson
    std::int64_t leftOut = 0;      // pairs longer than the judge can read
    [[nodiscard]] bool isBiased() const { return firstInterval.low > 0.5 || firstInterval.high < 0.5; }
};
struct JudgedRow { std::optional<JudgeReading> reading; bool isSame = false; std::vector<std::string> tags; }; // neither: left out
[[nodiscard]] JudgeSummary summariseJudge(std::span<const JudgedRow> rows);

} // namespace fettle::evaluate
