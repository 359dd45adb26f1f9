// One blind vote as it goes on: which pair is shown, what was chosen, what is left. Knows no widget and no project.
#pragma once

#include "core/engine/project.h"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace fettle::ui {

class VoteSession {
public:
    VoteSession() = default;
    VoteSession(engine::BallotInfo ballot, std::string voter) : m_ballot(std::move(ballot)), m_voter(std::move(voter)) {}

    [[nodiscard]] const engine::BallotInfo &ballot() const { return m_ballot; }
    [[nodiscard]] const std::string &voter() const { return m_voter; }
    void setComplete() { m_ballot.isComplete = true; }

    // Votes first: a pair that the voter has judged already is not asked again.
    void setVotes(std::vector<evaluate::BallotVote> votes);
    void addPair(const evaluate::BallotPair &pair); // one that is known already is passed over

    [[nodiscard]] const evaluate::BallotPair *current() const; // null: nothing to judge at the moment
    std::optional<evaluate::BallotVote> vote(evaluate::Choice choice); // the vote to store
    std::optional<evaluate::BallotVote> takeBack();                    // the vote to forget; its pair is shown again
    void forget(const evaluate::BallotVote &vote);                     // it could not be stored
    void skip();                                                       // behind the others
    [[nodiscard]] bool canSkip() const { return m_open.size() > 1; }

    [[nodiscard]] std::int64_t wanted() const; // pairs that there are or will be
    [[nodiscard]] std::int64_t pairs() const { return static_cast<std::int64_t>(m_pairs.size()); }
    [[nodiscard]] bool isOver() const { return m_ballot.isComplete && m_open.empty() && !m_pairs.empty(); }
    // The voter's own, the newest last.
    struct Cast { const evaluate::BallotPair *pair; evaluate::Choice choice; };
    [[nodiscard]] std::vector<Cast> ownVotes() const;
    [[nodiscard]] std::vector<evaluate::BallotPair> allPairs() const;
    [[nodiscard]] std::vector<evaluate::JudgedPair> judged() const; // of all voters

private:
    engine::BallotInfo m_ballot;
    std::string m_voter;
    std::map<std::int64_t, evaluate::BallotPair> m_pairs; // by position
    std::deque<std::int64_t> m_open;                      // positions that the voter has not judged; the first is shown
    std::vector<evaluate::BallotVote> m_votes;            // of all voters, in their order
};

} // namespace fettle::ui
