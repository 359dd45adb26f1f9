// Ballots, votes and evaluations of the stand-in. See fakeengine.h and fakeproject.h.
#include "tests/ui/support/fakeengine.h"

#include <algorithm>
#include <fstream>

namespace fettle::ui {

namespace {

using Lock = std::scoped_lock<std::recursive_mutex>;

std::string baseAnswer(std::size_t index)
{
    return "Please ask a veterinarian about this (" + std::to_string(index + 1) + ").";
}

std::string tunedAnswer(std::size_t index, const std::string &expected)
{
    return index % 5 == 4 ? baseAnswer(index) : index % 7 == 3 ? std::string("I do not know.") : expected;
}

} // namespace

Result<std::vector<engine::HistoryEntry>> FakeProject::history(std::size_t most) const
{
    const std::scoped_lock lock(m_state->mutex);
    std::vector<engine::HistoryEntry> entries(m_state->history.rbegin(), m_state->history.rend());
    entries.resize(std::min(entries.size(), most));
    for (auto &entry : entries) // texts only, as in the file
        for (auto &exchange : entry.exchanges)
            for (auto &answer : exchange.answers) {
                answer.tokens.clear();
                answer.badge.reset();
                answer.ending.clear();
            }
    return entries;
}

Result<engine::HistoryEntry> FakeProject::historyWords(const engine::HistoryEntry &entry) const
{
    const std::scoped_lock lock(m_state->mutex);
    const auto found = std::ranges::find(m_state->history, entry.id, &engine::HistoryEntry::id);
    return found != m_state->history.end() ? *found : entry;
}

Result<> FakeProject::addHistory(const engine::HistoryEntry &entry)
{
    const std::scoped_lock lock(m_state->mutex);
    std::erase_if(m_state->history, [&](const auto &known) { return known.id == entry.id; });
    m_state->history.push_back(entry);
    return {};
}

Result<> FakeProject::removeHistory(const std::string &id)
{
    const std::scoped_lock lock(m_state->mutex);
    std::erase_if(m_state->history, [&](const auto &known) { return known.id == id; });
    return {};
}

Result<engine::BallotInfo> FakeProject::addBallot(const engine::BallotInfo &ballot)
{
    const Lock lock(m_state->mutex);
    engine::BallotInfo stored = ballot;
    stored.id = {std::int64_t(m_state->ballots.size()) + 1};
    stored.token = std::string(31, 'a') + std::to_string(stored.id.value % 10);
    stored.when = "2026-11-24T10:00:00+01:00";
    m_state->ballots.push_back(stored);
    return stored;
}

Result<> FakeProject::addBallotPair(evaluate::BallotId ballot, const evaluate::BallotPair &pair)
{
    const Lock lock(m_state->mutex);
    auto &pairs = m_state->ballotPairs[ballot.value];
    if (std::ranges::find(pairs, pair.position, &evaluate::BallotPair::position) == pairs.end())
        pairs.push_back(pair);
    return {};
}

Result<> FakeProject::completeBallot(evaluate::BallotId ballot)
{
    const Lock lock(m_state->mutex);
    for (engine::BallotInfo &info : m_state->ballots)
        info.isComplete = info.isComplete || info.id == ballot;
    return {};
}

Result<> FakeProject::deleteBallot(evaluate::BallotId ballot)
{
    const Lock lock(m_state->mutex);
    std::erase_if(m_state->ballots, [&](const engine::BallotInfo &info) { return info.id == ballot; });
    m_state->ballotPairs.erase(ballot.value);
    m_state->votes.erase(ballot.value);
    return {};
}

Result<std::vector<engine::BallotInfo>> FakeProject::ballots() const
{
    const Lock lock(m_state->mutex);
    auto ballots = m_state->ballots;
    for (engine::BallotInfo &info : ballots) {
        info.pairs = std::int64_t(m_state->ballotPairs[info.id.value].size());
        info.votes = std::int64_t(m_state->votes[info.id.value].size());
    }
    return ballots;
}

Result<std::vector<evaluate::BallotPair>> FakeProject::ballotPairs(evaluate::BallotId ballot) const
{
    const Lock lock(m_state->mutex);
    return m_state->ballotPairs[ballot.value];
}

Result<std::vector<evaluate::BallotVote>> FakeProject::votes(evaluate::BallotId ballot) const
{
    const Lock lock(m_state->mutex);
    return m_state->votes[ballot.value];
}

Result<> FakeProject::putVote(evaluate::BallotId ballot, const evaluate::BallotVote &vote)
{
    const Lock lock(m_state->mutex);
    if (m_state->voteError)
        return tl::unexpected<Error>(*m_state->voteError);
    (void)takeBackVote(ballot, vote.position, vote.voter);
    m_state->votes[ballot.value].push_back(vote);
    return {};
}

Result<> FakeProject::takeBackVote(evaluate::BallotId ballot, std::int64_t position, const std::string &voter)
{
    const Lock lock(m_state->mutex);
    std::erase_if(m_state->votes[ballot.value], [&](const evaluate::BallotVote &vote) { return vote.position == position && vote.voter == voter; });
    return {};
}

Result<engine::BallotInfo> FakeProject::importVotes(const evaluate::BallotResult &result)
{
    const Lock lock(m_state->mutex);
    for (engine::BallotInfo &info : m_state->ballots) {
        if (info.token != result.token)
            continue;
        for (const evaluate::BallotVote &vote : result.votes)
            (void)putVote(info.id, vote);
        engine::BallotInfo found = info;
        found.votes = std::int64_t(result.votes.size());
        return found;
    }
    return fail(ErrorCode::NotFound, "The votes of " + result.voter + " belong to a ballot that this project does not hold.", "Open the other project.");
}

// Held-out rows in their order; sides change from pair to pair.
Result<engine::BallotOutcome> FakeEngine::prepareBallot(const engine::BallotInfo &ballot, const std::string &, const ProjectApi &project,
                                                        const engine::PairCallback &ready, const ProgressCallback &progress, std::stop_token stop)
{
    engine::RecordFilter filter;
    filter.splits = {data::Split::HeldOut};
    const auto ids = project.recordIds(filter);
    engine::BallotOutcome outcome;
    for (std::size_t i = 0; i < ids->size() && outcome.pairs < ballot.wanted; ++i) {
        if (beforePair)
            beforePair(i);
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, "The evaluation was cancelled.", "Start it again: it goes on where it stopped.");
        const auto record = project.record(ids->at(i));
        evaluate::BallotPair pair;
        pair.position = std::int64_t(i);
        pair.record = record->id.value;
        pair.question = data::instructionOf(*record);
        pair.expected = data::responseOf(*record);
        pair.tags = record->tags;
        pair.base = baseAnswer(i);
        pair.tuned = pair.expected;
        pair.isBaseLeft = i % 2 == 0;
        ready(pair);
        ++outcome.pairs;
        progress({"Answering questions", outcome.pairs, ballot.wanted, -1});
    }
    if (ballotError)
        return tl::unexpected<Error>(*ballotError);
    return outcome;
}

Result<engine::EvaluationResult> FakeEngine::evaluateRecords(const engine::EvaluationRequest &request, const ProjectApi &, const ProgressCallback &progress,
                                                             std::stop_token stop)
{
    if (beforeEvaluation)
        beforeEvaluation(request);
    engine::EvaluationResult result;
    result.comparison.columns = {"base", "Run " + request.columns.back()};
    for (std::size_t i = 0; i < request.records.size(); ++i) {
        if (beforePair)
            beforePair(i);
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, "The evaluation was cancelled.", "Start it again: it goes on where it stopped.");
        const data::Record &record = request.records[i];
        evaluate::QuestionRow row;
        row.record = record.id.value;
        row.question = data::instructionOf(record);
        row.expected = data::responseOf(record);
        row.tags = record.tags;
        const double baseLoss = 2.0 + 0.1 * double(i % 6);
        row.answers = {{baseAnswer(i), 12, true, baseLoss, 20}, {tunedAnswer(i, row.expected), 14, true, i % 7 == 3 ? baseLoss + 0.5 : baseLoss - 0.9, 20}};
        result.comparison.rows.push_back(std::move(row));
        progress({"Answering questions", std::int64_t(i) + 1, std::int64_t(request.records.size()), -1});
    }
    result.answered = std::int64_t(2 * result.comparison.rows.size());
    if (changeComparison)
        changeComparison(result.comparison);
    evaluate::MeasureSettings settings;
    settings.bootstrap.resamples = 200;
    result.comparison.measures = *evaluate::summarise(result.comparison.rows, settings);
    result.comparison.tags = *evaluate::summariseTags(result.comparison.rows, settings);
    return result;
}

Result<> FakeEngine::writeFile(const std::filesystem::path &file, std::string_view bytes)
{
    // Whole or not at all, as the real one: a test that sees the file may read it.
    const std::filesystem::path part = file.string() + ".part";
    std::ofstream out(part, std::ios::binary);
    std::error_code error;
    if ((out << bytes).flush())
        std::filesystem::rename(part, file, error);
    if (!out || error)
        return fail(ErrorCode::NoPermission, "Cannot write \"" + file.string() + "\".", "Choose another folder.");
    return {};
}

Result<> FakeEngine::writeEvaluation(const evaluate::Comparison &comparison, const std::filesystem::path &file)
{
    return writeFile(file, *evaluate::toCsv(comparison));
}

} // namespace fettle::ui
