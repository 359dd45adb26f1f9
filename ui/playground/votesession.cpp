// See votesession.h.
#include "ui/playground/votesession.h"

#include <algorithm>

namespace fettle::ui {

using evaluate::BallotPair;
using evaluate::BallotVote;

void VoteSession::setVotes(std::vector<BallotVote> votes)
{
    m_votes = std::move(votes);
}

void VoteSession::addPair(const BallotPair &pair)
{
    if (!m_pairs.emplace(pair.position, pair).second)
        return;
    const bool isJudged = std::ranges::any_of(m_votes, [&](const BallotVote &vote) { return vote.position == pair.position && vote.voter == m_voter; });
    if (!isJudged)
        m_open.push_back(pair.position);
}

const BallotPair *VoteSession::current() const
{
    return m_open.empty() ? nullptr : &m_pairs.at(m_open.front());
}

std::optional<BallotVote> VoteSession::vote(evaluate::Choice choice)
{
    if (m_open.empty())
        return {};
    const BallotVote vote{m_open.front(), m_voter, choice, {}};
    m_open.pop_front();
    m_votes.push_back(vote);
    return vote;
}

std::optional<BallotVote> VoteSession::takeBack()
{
    const auto last = std::find_if(m_votes.rbegin(), m_votes.rend(), [&](const BallotVote &vote) { return vote.voter == m_voter && m_pairs.contains(vote.position); });
    if (last == m_votes.rend())
        return {};
    const BallotVote vote = *last;
    forget(vote);
    return vote;
}

void VoteSession::forget(const BallotVote &vote)
{
    const auto erased = std::erase_if(m_votes, [&](const BallotVote &known) { return known.position == vote.position && known.voter == vote.voter; });
    if (erased > 0 && vote.voter == m_voter && m_pairs.contains(vote.position))
        m_open.push_front(vote.position);
}

void VoteSession::skip()
{
    if (!canSkip())
        return;
    m_open.push_back(m_open.front());
    m_open.pop_front();
}

std::int64_t VoteSession::wanted() const
{
    return m_ballot.isComplete ? pairs() : std::max(m_ballot.wanted, pairs());
}

std::vector<VoteSession::Cast> VoteSession::ownVotes() const
{
    std::vector<Cast> own;
    for (const BallotVote &vote : m_votes) {
        const auto pair = m_pairs.find(vote.position);
        if (vote.voter == m_voter && pair != m_pairs.end())
            own.push_back({&pair->second, vote.choice});
    }
    return own;
}

std::vector<BallotPair> VoteSession::allPairs() const
{
    std::vector<BallotPair> pairs;
    for (const auto &[position, pair] : m_pairs)
        pairs.push_back(pair);
    return pairs;
}

std::vector<evaluate::JudgedPair> VoteSession::judged() const
{
    return evaluate::judgedPairs(allPairs(), m_votes);
}

} // namespace fettle::ui
