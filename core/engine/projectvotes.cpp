// Blind votes of a project: ballots, their pairs of answers, and what people chose.
#include "core/engine/projectstate.h"

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/utf8.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <random>
#include <set>

namespace fettle::engine {

namespace {

using evaluate::BallotPair;
using evaluate::BallotVote;

constexpr std::string_view kBallotColumns =
    "SELECT id, token, run, adapter, name, source, seed, wanted, maxTokens, at, isComplete, "
    "(SELECT count(*) FROM ballotPair p WHERE p.ballot = ballot.id), (SELECT count(*) FROM vote v WHERE v.ballot = ballot.id) FROM ballot";

BallotInfo ballotOf(const store::Statement &row)
{
    BallotInfo ballot;
    ballot.id = {row.integer(0)};
    ballot.token = row.text(1);
    ballot.run = {row.integer(2)};
    ballot.adapter = row.text(3);
    ballot.name = row.text(4);
    ballot.source = row.text(5) == "prompts" ? BallotSource::Prompts : BallotSource::HeldOut;
    ballot.seed = static_cast<std::uint64_t>(row.integer(6));
    ballot.wanted = row.integer(7);
    ballot.maxTokens = static_cast<int>(row.integer(8));
    ballot.when = row.text(9);
    ballot.isComplete = row.integer(10) != 0;
    ballot.pairs = row.integer(11);
    ballot.votes = row.integer(12);
    return ballot;
}

// Names the ballot in files that go out: no number of the project, so that results of another project are not taken for its own.
std::string newToken()
{
    std::random_device device;
    std::string token;
    for (int i = 0; i < 4; ++i)
        token += fmt::format("{:08x}", static_cast<std::uint32_t>(device()));
    return token;
}

std::vector<std::string> tagsOf(std::string_view json)
{
    std::vector<std::string> tags;
    const auto list = nlohmann::json::parse(json, nullptr, false);
    for (const auto &tag : list.is_array() ? list : nlohmann::json::array()) {
        if (tag.is_string())
            tags.push_back(tag.get<std::string>());
    }
    return tags;
}

Result<> insertVote(const store::Database &database, evaluate::BallotId ballot, const BallotVote &vote)
{
    // A changed mind is a new vote in the place of the old one, and the newest for "take back".
    auto insert = database.prepare("INSERT OR REPLACE INTO vote(ballot, position, voter, choice, at) VALUES(?, ?, ?, ?, ?)");
    if (!insert)
        return passError(insert);
    insert->bind(ballot.value).bind(vote.position).bind(vote.voter).bind(evaluate::nameOf(vote.choice));
    return insert->bind(vote.at.empty() ? isoNow() : vote.at).run();
}

} // namespace

Result<BallotInfo> Project::addBallot(const BallotInfo &ballot)
{
    return m_state->write(Touches::Other, [&]() -> Result<BallotInfo> {
        BallotInfo stored = ballot;
        stored.token = newToken();
        stored.when = isoNow();
        auto insert = m_state->database->prepare("INSERT INTO ballot(token, run, adapter, name, source, seed, wanted, maxTokens, at, isComplete) "
                                                 "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
        if (!insert)
            return passError(insert);
        insert->bind(stored.token).bind(stored.run.value).bind(stored.adapter).bind(stored.name);
        insert->bind(stored.source == BallotSource::Prompts ? "prompts" : "held-out").bind(static_cast<std::int64_t>(stored.seed));
        if (auto done = insert->bind(stored.wanted).bind(stored.maxTokens).bind(stored.when).run(); !done)
            return passError(done);
        stored.id = {m_state->database->lastInsertId()};
        return stored;
    });
}

Result<> Project::addBallotPair(evaluate::BallotId ballot, const BallotPair &pair)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        // Answers that were voted on stay as they were seen.
        auto insert = m_state->database->prepare("INSERT OR IGNORE INTO ballotPair(ballot, position, record, question, expected, tags, base, tuned, "
                                                 "baseHash, tunedHash, isBaseLeft) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        insert->bind(ballot.value).bind(pair.position).bind(pair.record).bind(replaceInvalidUtf8(pair.question)).bind(replaceInvalidUtf8(pair.expected));
        insert->bind(nlohmann::json(pair.tags).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        insert->bind(replaceInvalidUtf8(pair.base)).bind(replaceInvalidUtf8(pair.tuned)).bind(sha256Hex(pair.base)).bind(sha256Hex(pair.tuned));
        return insert->bind(pair.isBaseLeft ? 1 : 0).run();
    });
}

Result<> Project::completeBallot(evaluate::BallotId ballot)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE ballot SET isComplete = 1 WHERE id = ?");
        if (!update)
            return passError(update);
        return update->bind(ballot.value).run();
    });
}

Result<> Project::deleteBallot(evaluate::BallotId ballot)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM ballot WHERE id = ?");
        if (!remove)
            return passError(remove);
        return remove->bind(ballot.value).run();
    });
}

Result<std::vector<BallotInfo>> Project::ballots() const
{
    auto statement = m_state->database->prepare(fmt::format("{} ORDER BY id", kBallotColumns));
    if (!statement)
        return passError(statement);
    std::vector<BallotInfo> ballots;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return ballots;
        ballots.push_back(ballotOf(*statement));
    }
}

Result<std::vector<BallotPair>> Project::ballotPairs(evaluate::BallotId ballot) const
{
    auto statement = m_state->database->prepare("SELECT position, record, question, expected, tags, base, tuned, isBaseLeft FROM ballotPair "
                                                "WHERE ballot = ? ORDER BY position");
    if (!statement)
        return passError(statement);
    statement->bind(ballot.value);
    std::vector<BallotPair> pairs;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return pairs;
        const store::Statement &row = *statement;
        pairs.push_back({row.integer(0), row.integer(1), row.text(2), row.text(3), tagsOf(row.view(4)), row.text(5), row.text(6), row.integer(7) != 0});
    }
}

Result<std::vector<BallotVote>> Project::votes(evaluate::BallotId ballot) const
{
    auto statement = m_state->database->prepare("SELECT position, voter, choice, at FROM vote WHERE ballot = ? ORDER BY id");
    if (!statement)
        return passError(statement);
    statement->bind(ballot.value);
    std::vector<BallotVote> votes;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return votes;
        const store::Statement &row = *statement;
        const auto choice = evaluate::choiceOf(row.view(2));
        if (!choice)
            return fail(ErrorCode::BadInput, tr("Vote {} of ballot {} holds the unknown choice \"{}\".", row.integer(0), ballot.value, row.text(2)),
                        tr("Update Fettle: a newer one has probably written it."));
        votes.push_back({row.integer(0), row.text(1), *choice, row.text(3)});
    }
}

Result<> Project::putVote(evaluate::BallotId ballot, const BallotVote &vote)
{
    return m_state->write(Touches::Other, [&] { return insertVote(*m_state->database, ballot, vote); });
}

Result<> Project::takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM vote WHERE ballot = ? AND position = ? AND voter = ?");
        if (!remove)
            return passError(remove);
        return remove->bind(ballot.value).bind(position).bind(voter).run();
    });
}

Result<BallotInfo> Project::importVotes(const evaluate::BallotResult &result)
{
    return m_state->write(Touches::Other, [&]() -> Result<BallotInfo> {
        auto find = m_state->database->prepare(fmt::format("{} WHERE token = ?", kBallotColumns));
        if (!find)
            return passError(find);
        const auto hasRow = find->bind(result.token).step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return fail(ErrorCode::NotFound, tr("The votes of {} belong to a ballot that this project does not hold.", result.voter),
                        tr("Open the project that the ballot was made in, or ask whether its run was deleted."));
        BallotInfo ballot = ballotOf(*find);
        find->reset();
        const auto pairs = ballotPairs(ballot.id);
        if (!pairs)
            return passError(pairs);
        std::set<std::int64_t> positions;
        for (const BallotPair &pair : *pairs)
            positions.insert(pair.position);
        for (const BallotVote &vote : result.votes) {
            if (!positions.contains(vote.position))
                return fail(ErrorCode::BadInput, tr("The votes of {} name question {}, which is not on the ballot.", result.voter, vote.position + 1),
                            tr("Nothing was taken over. Ask for the file again."));
            if (auto done = insertVote(*m_state->database, ballot.id, vote); !done)
                return passError(done);
        }
        ballot.votes = static_cast<std::int64_t>(result.votes.size());
        return ballot;
    });
}

} // namespace fettle::engine
