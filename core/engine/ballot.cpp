#include "core/engine/ballot.h"

#include "core/base/random.h"
#include "core/base/words.h"
#include "core/engine/examiner.h"

#include <algorithm>
#include <numeric>

namespace fettle::engine {

namespace {

constexpr std::size_t kFirst = 1, kTogether = 8; // questions asked at once: one, so that voting can begin, then as many as decode well together
constexpr std::uint64_t kQuestionStream = 1, kSideStream = 2;

Result<std::vector<data::Record>> poolOf(const BallotInfo &ballot, const Project &project)
{
    if (ballot.source == BallotSource::HeldOut) {
        const auto run = project.run(ballot.run);
        if (!run)
            return passError(run);
        return project.snapshotRecords(run->snapshot, data::Split::HeldOut);
    }
    const auto prompts = project.prompts();
    if (!prompts)
        return passError(prompts);
    std::vector<data::Record> records;
    for (const SavedPrompt &prompt : *prompts) {
        data::Record record;
        if (!prompt.system.empty())
            record.turns.push_back({data::Role::System, prompt.system, {}});
        record.turns.push_back({data::Role::User, prompt.text, {}});
        record.context = prompt.context;
        record.toolsJson = prompt.toolsJson;
        records.push_back(std::move(record));
    }
    return records;
}

evaluate::BallotPair pairOf(const BallotInfo &ballot, std::int64_t position, const ExamQuestion &question, const std::vector<ExamColumn> &columns)
{
    evaluate::BallotPair pair;
    pair.position = position;
    pair.record = question.record.id.value;
    pair.question = questionText(question.record);
    pair.expected = data::responseOf(question.record);
    pair.tags = question.record.tags;
    pair.base = columns[0].store->answer(question.promptHash)->text;
    pair.tuned = columns[1].store->answer(question.promptHash)->text;
    pair.isBaseLeft = RandomStream(ballot.seed, kSideStream).split(static_cast<std::uint64_t>(position)).below(2) == 0;
    return pair;
}

} // namespace

std::string questionText(const data::Record &record)
{
    std::vector<data::Turn> turns;
    for (const data::Turn &turn : record.turns) {
        if (turn.role != data::Role::System)
            turns.push_back(turn);
    }
    if (!turns.empty() && turns.back().role == data::Role::Assistant)
        turns.pop_back(); // what is answered anew
    const std::string context = record.context.empty() ? std::string() : "\n\n" + record.context;
    if (turns.size() < 2)
        return (turns.empty() ? std::string() : turns.front().text) + context;
    std::string text;
    for (const data::Turn &turn : turns) {
        const bool isFirst = text.empty();
        text += isFirst ? "" : "\n\n";
        text += turn.role == data::Role::Assistant ? tr("Answered: {}", turn.text) : turn.role == data::Role::Tool ? tr("Tool: {}", turn.text) : tr("Asked: {}", turn.text);
        text += isFirst ? context : std::string();
    }
    return text;
}

Result<BallotOutcome> prepareBallot(const BallotInfo &ballot, const std::string &model, const Project &project, const ComputeOptions &compute,
                                    const PairCallback &ready, const ProgressCallback &progress, std::stop_token stop)
{
    const auto pool = poolOf(ballot, project);
    if (!pool)
        return passError(pool);
    if (pool->empty())
        return ballot.source == BallotSource::Prompts
            ? fail(ErrorCode::BadInput, tr("The project has no saved questions."), tr("Save some on the Playground page, or vote on held-out questions."))
            : fail(ErrorCode::BadInput, tr("The data of {} has no held-out rows.", ballot.name), tr("Vote on saved questions, or mark rows as held out and train again."));
    auto exam = openExam({model, ballot.maxTokens, Expected::Optional, compute}, progress, stop);
    if (!exam)
        return passError(exam);
    BallotOutcome outcome;
    auto questions = makeQuestions(*exam, *pool, &project, outcome.leftOut);
    if (questions.empty())
        return fail(ErrorCode::BadInput, tr("None of the {} questions can be asked.", pool->size()), outcome.leftOut.front().reason);
    RandomStream(ballot.seed, kQuestionStream).shuffle(std::span(questions));
    if (auto added = addColumns(*exam, {"base", ballot.adapter}, &project, stop); !added)
        return passError(added);
    const std::int64_t wanted = std::min(ballot.wanted, static_cast<std::int64_t>(questions.size()));
    // A question that both answer alike decides nothing: the next one takes its place.
    for (std::size_t next = 0; next < questions.size() && outcome.pairs < wanted;) {
        const std::size_t count = std::min({next == 0 ? kFirst : kTogether, questions.size() - next, static_cast<std::size_t>(wanted - outcome.pairs)});
        const auto some = std::span<const ExamQuestion>(questions).subspan(next, count);
        const auto report = [&](std::size_t question) {
            const auto pair = pairOf(ballot, static_cast<std::int64_t>(next + question), some[question], exam->columns);
            if (pair.base == pair.tuned) {
                ++outcome.sameAnswers;
                return;
            }
            ++outcome.pairs;
            ready(pair);
            if (progress)
                progress({tr("Answering questions"), outcome.pairs, wanted, -1});
        };
        if (auto answered = answerMissing(exam->columns, some, ballot.maxTokens, report, {}, stop); !answered)
            return passError(answered);
        next += count;
    }
    if (outcome.pairs == 0)
        return fail(ErrorCode::BadInput, tr("Both models answer all {} questions word for word alike.", questions.size()),
                    tr("There is nothing to choose between. Train longer, or vote on another run."));
    return outcome;
}

} // namespace fettle::engine
