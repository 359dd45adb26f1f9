// Blind votes: pairs of answers whose origin is hidden, what people chose, and what the choices say about the two models. Plain values and
// arithmetic; knows no database, no file and no model.
#pragma once

#include "core/base/ids.h"
#include "core/evaluate/statistics.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::evaluate {

using BallotId = Id<struct BallotTag>;

// What a voter sees and says. In files: "left", "right", "equal", "bothBad".
enum class Choice { Left, Right, Equal, BothBad };
[[nodiscard]] std::string_view nameOf(Choice choice);
[[nodiscard]] std::optional<Choice> choiceOf(std::string_view name);

struct BallotPair {
    std::int64_t position = 0; // in the ballot; positions may have gaps
    std::int64_t record = 0;   // 0: a saved question, no record
    std::string question, expected;
    std::vector<std::string> tags;
    std::string base, tuned; // the two answers
    bool isBaseLeft = true;
    [[nodiscard]] const std::string &left() const { return isBaseLeft ? base : tuned; }
    [[nodiscard]] const std::string &right() const { return isBaseLeft ? tuned : base; }
};

struct BallotVote {
    std::int64_t position = 0;
    std::string voter;
    Choice choice = Choice::Equal;
    std::string at; // ISO 8601
    friend bool operator==(const BallotVote &, const BallotVote &) = default;
};

// The same without the veil.
enum class Preference { Base, Tuned, Equal, BothBad };
[[nodiscard]] Preference preferenceOf(const BallotPair &pair, Choice choice);

struct JudgedPair {
    Preference preference = Preference::Equal;
    std::string voter;
    std::vector<std::string> tags;
};
// Votes on positions that are not among the pairs are passed over.
[[nodiscard]] std::vector<JudgedPair> judgedPairs(std::span<const BallotPair> pairs, std::span<const BallotVote> votes);

struct VoteTally {
    std::int64_t votes = 0, base = 0, tuned = 0, equal = 0, bothBad = 0;
    double winRate = 0;        // of the tuned model; equal and both bad count half
    Interval interval{0, 1};   // 95 %, Wilson, of the win rate
    double chance = 1;         // two-sided sign test over the votes that prefer one side
    bool isClear = false;      // more than luck: the interval leaves out one half and the sign test is below 5 % (four of four is not enough)
    // At this win rate, the number of votes from which on the interval leaves out one half; nothing at exactly one half.
    std::optional<std::int64_t> votesNeeded;
};
[[nodiscard]] VoteTally tallyOf(std::span<const JudgedPair> judged);

struct NamedTally { std::string name; VoteTally tally; };
[[nodiscard]] std::vector<NamedTally> tallyTags(std::span<const JudgedPair> judged);   // by name; a pair counts in each of its tags
[[nodiscard]] std::vector<NamedTally> tallyVoters(std::span<const JudgedPair> judged); // by name

} // namespace fettle::evaluate
