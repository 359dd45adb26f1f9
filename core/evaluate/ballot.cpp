#include "core/evaluate/ballot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace fettle::evaluate {

namespace {

constexpr std::array<std::string_view, 4> kChoices = {"left", "right", "equal", "bothBad"};
constexpr double kNormal975 = 1.959963984540054; // quantile of the normal distribution for 95 %, two-sided
constexpr double kManyVotes = 1e15;              // more than anybody casts; keeps the number an integer

// Wilson's interval holds every rate p with |share - p| <= z * sqrt(p (1 - p) / n). One half is left out from
// n > (z / (2 |share - 1/2|))^2 on.
std::optional<std::int64_t> votesThatSettle(double share)
{
    const double distance = std::abs(share - 0.5);
    if (distance <= 0)
        return {};
    const double needed = std::pow(kNormal975 / (2 * distance), 2);
    return needed < kManyVotes ? std::optional(static_cast<std::int64_t>(std::floor(needed)) + 1) : std::nullopt;
}

std::vector<NamedTally> tallyGroups(const std::map<std::string, std::vector<JudgedPair>> &groups)
{
    std::vector<NamedTally> tallies;
    for (const auto &[name, judged] : groups)
        tallies.push_back({name, tallyOf(judged)});
    return tallies;
}

} // namespace

std::string_view nameOf(Choice choice)
{
    return kChoices[static_cast<std::size_t>(choice)];
}

std::optional<Choice> choiceOf(std::string_view name)
{
    const auto found = std::find(kChoices.begin(), kChoices.end(), name);
    return found != kChoices.end() ? std::optional(static_cast<Choice>(found - kChoices.begin())) : std::nullopt;
}

Preference preferenceOf(const BallotPair &pair, Choice choice)
{
    switch (choice) {
    case Choice::Left: return pair.isBaseLeft ? Preference::Base : Preference::Tuned;
    case Choice::Right: return pair.isBaseLeft ? Preference::Tuned : Preference::Base;
    case Choice::Equal: return Preference::Equal;
    case Choice::BothBad: break;
    }
    return Preference::BothBad;
}

std::vector<JudgedPair> judgedPairs(std::span<const BallotPair> pairs, std::span<const BallotVote> votes)
{
    std::map<std::int64_t, const BallotPair *> byPosition;
    for (const BallotPair &pair : pairs)
        byPosition[pair.position] = &pair;
    std::vector<JudgedPair> judged;
    for (const BallotVote &vote : votes) {
        if (const auto pair = byPosition.find(vote.position); pair != byPosition.end())
            judged.push_back({preferenceOf(*pair->second, vote.choice), vote.voter, pair->second->tags});
    }
    return judged;
}

VoteTally tallyOf(std::span<const JudgedPair> judged)
{
    VoteTally tally;
    tally.votes = static_cast<std::int64_t>(judged.size());
    for (const JudgedPair &pair : judged) {
        switch (pair.preference) {
        case Preference::Base: ++tally.base; break;
        case Preference::Tuned: ++tally.tuned; break;
        case Preference::Equal: ++tally.equal; break;
        case Preference::BothBad: ++tally.bothBad; break;
        }
    }
    if (tally.votes == 0)
        return tally;
    const double wins = static_cast<double>(tally.tuned) + 0.5 * static_cast<double>(tally.equal + tally.bothBad);
    tally.winRate = wins / static_cast<double>(tally.votes);
    tally.interval = wilsonInterval(wins, tally.votes);
    tally.chance = signTest(tally.tuned, tally.base);
    tally.votesNeeded = votesThatSettle(tally.winRate);
    tally.isClear = tally.chance < 0.05 && tally.votesNeeded && tally.votes >= *tally.votesNeeded;
    return tally;
}

std::vector<NamedTally> tallyTags(std::span<const JudgedPair> judged)
{
    std::map<std::string, std::vector<JudgedPair>> groups;
    for (const JudgedPair &pair : judged) {
        for (const std::string &tag : pair.tags)
            groups[tag].push_back(pair);
    }
    return tallyGroups(groups);
}

std::vector<NamedTally> tallyVoters(std::span<const JudgedPair> judged)
{
    std::map<std::string, std::vector<JudgedPair>> groups;
    for (const JudgedPair &pair : judged)
        groups[pair.voter].push_back(pair);
    return tallyGroups(groups);
}

} // namespace fettle::evaluate
