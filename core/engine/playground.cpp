#include "core/engine/playground.h"

#include "core/base/caught.h"
#include "core/base/words.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/playgroundcolumn.h"
#include "core/engine/trainingdata.h"
#include "core/engine/turntaking.h"

#include <algorithm>
#include <thread>

namespace fettle::engine {

namespace {

Result<> checkSampling(const Sampling &sampling)
{
    const struct {
        std::string_view name;
        double value, low, high;
    } ranges[] = {
        {"The temperature", sampling.temperature, 0, 100},
        {"Top-p", sampling.topP, 0, 1},
        {"Min-p", sampling.minP, 0, 1},
        {"The repetition penalty", sampling.repetitionPenalty, 0.01, 100},
        {"Top-k", double(sampling.topK), 0, 1e9},
        {"The number of tokens", double(sampling.maxTokens), 1, 1e9},
    };
    for (const auto &range : ranges) {
        if (auto checked = checkRange(range.name, range.value, range.low, range.high); !checked)
            return checked;
    }
    return {};
}

generate::SamplingSettings settingsFrom(const Sampling &sampling)
{
    generate::SamplingSettings settings;
    settings.isGreedy = sampling.greedy || sampling.temperature == 0.0; // the limit of ever lower temperatures
    settings.temperature = sampling.temperature;
    settings.topK = sampling.topK;
    settings.topP = sampling.topP;
    settings.minP = sampling.minP;
    settings.repetitionPenalty = sampling.repetitionPenalty;
    settings.seed = sampling.seed;
    return settings;
}

FinishReason reasonFrom(generate::Finish finish)
{
    switch (finish) {
    case generate::Finish::EndOfTurn: return FinishReason::EndOfTurn;
    case generate::Finish::MaxTokens: return FinishReason::MaxTokens;
    case generate::Finish::ContextFull: return FinishReason::ContextFull;
    case generate::Finish::Stopped: break;
    }
    return FinishReason::Stopped;
}

struct Prompt { std::vector<TokenId> ids; std::vector<std::string> notices; };

// The conversation as the trainer renders a row of this project, up to the answer that is to be written.
Result<Prompt> promptOf(const generate::Generator &generator, const Lens &lens, const GenerateRequest &request, const ColumnChoice &choice,
                        const Project *project)
{
    if (!request.rawPrompt.empty()) {
        auto encoding = generator.tokenizer()->encode(request.rawPrompt, {.parseSpecial = true, .addSpecialTokens = true});
        if (!encoding)
            return passError(encoding);
        return Prompt{std::move(encoding->ids), {}};
    }
    const std::vector<data::Turn> &conversation = choice.conversation.empty() ? request.conversation : choice.conversation;
    if (conversation.empty())
        return fail(ErrorCode::Usage, tr("There is nothing to answer."), tr("Write a question, or give a conversation."));
    data::Record record;
    record.turns = conversation; // an answer at its end is left out: it is the one to be written
    record.context = request.context;
    record.toolsJson = request.toolsJson;
    data::RenderOptions options;
    if (project)
        options = renderOptions(*project, train::Recipe{});
    options.addGenerationPrompt = true;
    options.maxLength = 0;
    auto tokens = lens.label(record, options);
    if (!tokens)
        return passError(tokens);
    Prompt prompt{std::move(tokens->ids), {}};
    if (std::ranges::any_of(tokens->warnings, [](const auto &warning) { return warning.code == "specialTokenInText"; }))
        prompt.notices.push_back(tr("The text spells special tokens: they are read as marks, not as words."));
    return prompt;
}

// Columns of the same weights are decoded together, in one pass over them.
struct Group {
    std::shared_ptr<Playground::State::OtherModel> other; // null: the base model
    std::vector<generate::SequenceRequest> sequences;
    std::vector<std::size_t> columns;
};
struct Prepared {
    std::vector<PlaygroundColumn> columns;
    std::vector<Group> groups;
};

Result<Prepared> prepareColumns(Playground::State &state, const GenerateRequest &request, const Project *project, const LiveRun *live, std::stop_token stop)
{
    Prepared prepared;
    for (std::size_t index = 0; index < request.columns.size(); ++index) {
        const ColumnChoice &choice = request.columns[index];
        auto column = loadColumn(state, choice, project, live, stop);
        if (!column)
            return passError(column);
        const generate::Generator &speaker = column->other && column->other->lens ? *column->other->generator : *state.generator;
        auto prompt = promptOf(speaker, column->lens(state), request, choice, project);
        if (!prompt)
            return passError(prompt);
        if (!request.toolsJson.empty() && request.rawPrompt.empty()) {
            GenerateRequest without = request;
            without.toolsJson.clear();
            const auto plain = promptOf(speaker, column->lens(state), without, choice, project);
            if (plain && plain->ids == prompt->ids)
                prompt->notices.push_back(tr("The tools were not read: the template has no place for them."));
        }
        column->badge.notices = std::move(prompt->notices);
        column->badge.promptTokens = static_cast<std::int64_t>(prompt->ids.size());
        generate::SequenceRequest sequence;
        sequence.prompt = std::move(prompt->ids);
        sequence.adapter = column->adapter;
        sequence.strength = column->isMixed ? 1.0 : choice.strength;
        sequence.sampling = settingsFrom(request.sampling);
        sequence.maxTokens = request.sampling.maxTokens;
        sequence.start = request.rawPrompt.empty() ? generate::AnswerStart::NewText : generate::AnswerStart::ContinuesPrompt;
        auto group = std::ranges::find(prepared.groups, column->other, &Group::other);
        if (group == prepared.groups.end())
            group = prepared.groups.insert(prepared.groups.end(), Group{column->other, {}, {}});
        group->sequences.push_back(std::move(sequence));
        group->columns.push_back(index);
        prepared.columns.push_back(std::move(*column));
    }
    return prepared;
}

GeneratedToken tokenFrom(const generate::SampledToken &sampled, std::string text, std::size_t column, const Lens &lens)
{
    GeneratedToken token{static_cast<int>(column), sampled.id, std::move(text), sampled.probability, {}};
    for (const generate::TokenProbability &alternative : sampled.alternatives) {
        if (alternative.id >= 0)
            token.alternatives.push_back({alternative.id, lens.tokenText(alternative.id), alternative.probability});
    }
    return token;
}

// Models take turns, so that all columns grow together; events come from one of them at a time.
Result<std::vector<ColumnResult>> answerGroups(Playground::State &state, const GenerateRequest &request, const Prepared &prepared, const GenerateEvents &events,
                                               std::stop_token stop)
{
    std::vector<ColumnResult> results(request.columns.size());
    std::stop_source own; // also when one of them fails
    const std::stop_callback follow(stop, [&own] { own.request_stop(); });
    TurnTaking turns(prepared.groups.size());
    std::vector<Result<>> outcomes(prepared.groups.size());
    const auto answer = [&](std::size_t index) {
        const Group &group = prepared.groups[index];
        const PlaygroundColumn &first = prepared.columns[group.columns.front()];
        const auto resultOf = [&](std::size_t column, const generate::SequenceResult &result) {
            return ColumnResult{request.columns[column].adapter, prepared.columns[column].badge, result.ids, result.text, reasonFrom(result.finish), result.tokensPerSecond};
        };
        generate::GenerateCallbacks callbacks;
        std::size_t last = 0; // sequence of the last token: a smaller one begins another pass
        bool hasBegun = false;
        callbacks.token = [&](const generate::TokenEvent &event) {
            if (hasBegun && event.sequence <= last)
                turns.passOn(index);
            hasBegun = true;
            last = event.sequence;
            if (!events.token)
                return;
            events.token(tokenFrom(event.token, event.text, group.columns[event.sequence], first.lens(state)));
        };
        callbacks.finished = [&](std::size_t sequence, const generate::SequenceResult &result) {
            if (events.columnFinished)
                events.columnFinished(static_cast<int>(group.columns[sequence]), resultOf(group.columns[sequence], result));
        };
        turns.waitFor(index);
        const auto answers = caught([&] { return first.generator(state).generate(group.sequences, callbacks, own.get_token()); });
        if (answers) {
            for (std::size_t i = 0; i < answers->size(); ++i)
                results[group.columns[i]] = resultOf(group.columns[i], (*answers)[i]);
        } else {
            outcomes[index] = passError(answers);
            own.request_stop();
        }
        turns.leave(index);
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t index = 1; index < prepared.groups.size(); ++index)
            others.emplace_back(answer, index);
        answer(0);
    }
    for (const Result<> &outcome : outcomes) {
        if (!outcome)
            return passError(outcome);
    }
    return results;
}

} // namespace

std::string_view nameOf(FinishReason reason)
{
    switch (reason) {
    case FinishReason::EndOfTurn: return "endOfTurn";
    case FinishReason::MaxTokens: return "maxTokens";
    case FinishReason::ContextFull: return "contextFull";
    case FinishReason::Stopped: break;
    }
    return "stopped";
}

Playground::Playground(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

Playground::~Playground() = default;

Result<std::unique_ptr<Playground>> Playground::open(const std::string &model, const ComputeOptions &compute, const ProgressCallback &progress,
                                                     std::stop_token stop)
{
    const auto path = resolveModel(model);
    if (!path)
        return passError(path);
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    auto generator = generate::Generator::load(*path, compute.threads, progress, stop);
    if (!generator)
        return passError(generator);
    if (!(*generator)->tokenizer())
        return fail(ErrorCode::BadInput, tr("{} has no tokenizer.", path->string()), tr("Put tokenizer.json beside the model's weights."));
    auto state = std::make_unique<State>();
    state->lens = std::move(*lens);
    state->generator = std::move(*generator);
    state->threads = compute.threads;
    return std::make_unique<Playground>(std::move(state));
}

std::string Playground::modelPath() const { return m_state->generator->path().string(); }

Result<std::vector<ColumnResult>> Playground::generate(const GenerateRequest &request, const Project *project, const GenerateEvents &events,
                                                       std::stop_token stop, const LiveRun *live)
{
    State &state = *m_state;
    if (request.columns.empty())
        return fail(ErrorCode::Usage, tr("There is no column to answer."), tr("Choose the base model or an adapter."));
    if (auto checked = checkSampling(request.sampling); !checked)
        return passError(checked);
    auto prepared = prepareColumns(state, request, project, live, stop);
    if (!prepared)
        return passError(prepared);
    std::vector<ColumnBadge> badges;
    for (const PlaygroundColumn &column : prepared->columns)
        badges.push_back(column.badge);
    if (events.started)
        events.started(badges, badges.front().promptTokens);
    return answerGroups(state, request, *prepared, events, std::move(stop));
}

Result<std::vector<GeneratedToken>> Playground::readAnswer(const GenerateRequest &request, const std::vector<TokenId> &answer, const Project *project,
                                                           std::stop_token stop, const LiveRun *live)
{
    if (request.columns.size() != 1)
        return fail(ErrorCode::Usage, tr("One column reads an answer, not {}.", request.columns.size()), {});
    auto prepared = prepareColumns(*m_state, request, project, live, stop);
    if (!prepared)
        return passError(prepared);
    const PlaygroundColumn &column = prepared->columns.front();
    const generate::SequenceRequest &sequence = prepared->groups.front().sequences.front();
    std::vector<TokenId> ids = sequence.prompt;
    ids.insert(ids.end(), answer.begin(), answer.end());
    const auto read = column.generator(*m_state).read(ids, sequence.prompt.size(), sequence.adapter.get(), sequence.strength, std::move(stop));
    if (!read)
        return passError(read);
    std::vector<GeneratedToken> tokens;
    for (const generate::SampledToken &token : *read)
        tokens.push_back(tokenFrom(token, column.lens(*m_state).tokenText(token.id), 0, column.lens(*m_state)));
    return tokens;
}

} // namespace fettle::engine
