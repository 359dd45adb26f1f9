#include "core/engine/playground.h"

#include "core/base/words.h"
#include "core/engine/adaptercache.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/engine/playgroundstate.h"
#include "core/engine/trainingdata.h"
#include "core/generate/decodeadapter.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

// What a column answers with.
struct Column {
    std::shared_ptr<generate::Generator> model; // null: the base model
    std::shared_ptr<const generate::DecodeAdapter> adapter;
    ColumnBadge badge;
};

Result<> checkRange(std::string_view name, double value, double low, double high)
{
    if (std::isfinite(value) && value >= low && value <= high)
        return {};
    return fail(ErrorCode::Usage, tr("{} cannot be {}.", name, value), tr("Choose a value from {} to {}.", low, high));
}

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

// A model whose weights were trained themselves stands beside the base in memory.
Result<std::shared_ptr<generate::Generator>> loadOtherModel(Playground::State &state, const std::filesystem::path &folder, std::stop_token stop)
{
    constexpr std::size_t kKept = 2;
    std::error_code problem;
    const auto written = std::filesystem::last_write_time(folder / "model.safetensors", problem);
    auto known = std::find_if(state.otherModels.begin(), state.otherModels.end(), [&](const auto &other) { return other.folder == folder; });
    if (known != state.otherModels.end()) {
        Playground::State::OtherModel other = std::move(*known);
        state.otherModels.erase(known);
        if (other.written == written) {
            state.otherModels.push_back(other);
            return other.generator;
        }
    }
    auto loaded = generate::Generator::load(folder, state.threads, {}, std::move(stop));
    if (!loaded)
        return passError(loaded);
    if ((*loaded)->config().vocabulary != state.generator->config().vocabulary) {
        return fail(ErrorCode::BadInput, tr("{} has another vocabulary than the base model.", folder.string()),
                    tr("Compare a trained model with the base that it was trained from."));
    }
    if (state.otherModels.size() >= kKept)
        state.otherModels.erase(state.otherModels.begin());
    state.otherModels.push_back({folder, std::shared_ptr<generate::Generator>(std::move(*loaded)), written});
    return state.otherModels.back().generator;
}

Result<Column> withAdapter(Column column, std::shared_ptr<const generate::DecodeAdapter> adapter, double strength)
{
    if (strength == 0.0)
        return column;
    if (strength != 1.0 && !adapter->canScale()) {
        return fail(ErrorCode::Usage, tr("{} stands in front of the text: its strength cannot be {}.", column.badge.adapterName, strength),
                    tr("Set the strength to 100 %, or to 0 for the base model."));
    }
    column.badge.isAdapterOn = true;
    column.badge.adapterHash = adapter->hash();
    column.adapter = std::move(adapter);
    return column;
}

// The adapter of the training that goes on, copied as it is now.
Result<Column> liveColumn(const Playground::State &state, Column column, double strength, const LiveRun *live)
{
    if (live == nullptr)
        return fail(ErrorCode::NotFound, tr("No run is learning now."), tr("Choose the result of a run, or one of its checkpoints."));
    std::error_code problem;
    const std::filesystem::path &base = state.generator->path();
    if (live->model != base && !std::filesystem::equivalent(live->model, base, problem)) {
        return fail(ErrorCode::BadInput, tr("{} learns on {}, not on {}.", live->name, live->model.string(), base.string()),
                    tr("Choose the base model that it learns on, or wait for its result."));
    }
    auto adapter = state.generator->addAdapter(*live->adapter);
    if (!adapter)
        return passError(adapter);
    column.badge.adapterName = live->name;
    column.badge.step = live->step;
    column.badge.strength = strength;
    column.badge.isLive = true;
    return withAdapter(std::move(column), std::move(*adapter), strength);
}

Result<Column> loadColumn(Playground::State &state, const ColumnChoice &choice, const Project *project, const LiveRun *live, const std::string &weightHash,
                          std::stop_token stop)
{
    if (auto checked = checkRange(tr("The strength of an adapter"), choice.strength, 0, 1.5); !checked)
        return passError(checked);
    Column column;
    column.badge.weightHash = weightHash;
    if (choice.adapter.empty() || choice.adapter == "base")
        return column;
    if (choice.adapter == kLiveAdapter)
        return liveColumn(state, std::move(column), choice.strength, live);
    const auto path = resolveAdapter(choice.adapter, project);
    if (!path)
        return passError(path);
    column.badge.adapterName = path->name;
    column.badge.step = path->step;
    column.badge.strength = choice.strength;
    if (path->isModel) {
        if (choice.strength != 0.0 && choice.strength != 1.0) {
            return fail(ErrorCode::Usage, tr("{} is a whole model, not an adapter: its strength cannot be {}.", path->name, choice.strength),
                        tr("Set the strength to 100 %, or to 0 for the base model."));
        }
        if (choice.strength == 0.0)
            return column;
        auto model = loadOtherModel(state, path->folder, std::move(stop));
        if (!model)
            return passError(model);
        column.model = std::move(*model);
        column.badge.isAdapterOn = true;
        column.badge.weightHash = column.badge.adapterHash = column.model->weightHash();
        return column;
    }
    auto adapter = state.adapters.load(*path, *state.generator);
    if (!adapter)
        return passError(adapter);
    return withAdapter(std::move(column), std::move(*adapter), choice.strength);
}

// The conversation as the trainer renders a row of this project, up to the answer that is to be written.
Result<std::vector<TokenId>> promptIds(const Playground::State &state, const GenerateRequest &request, const Project *project)
{
    if (!request.rawPrompt.empty()) {
        auto encoding = state.generator->tokenizer()->encode(request.rawPrompt, {.parseSpecial = true, .addSpecialTokens = true});
        if (!encoding)
            return passError(encoding);
        return std::move(encoding->ids);
    }
    if (request.conversation.empty())
        return fail(ErrorCode::Usage, tr("There is nothing to answer."), tr("Write a question, or give a conversation."));
    data::Record record;
    record.turns = request.conversation; // an answer at its end is left out: it is the one to be written
    data::RenderOptions options;
    if (project)
        options = renderOptions(*project, train::Recipe{});
    options.addGenerationPrompt = true;
    options.maxLength = 0;
    auto tokens = state.lens->label(record, options);
    if (!tokens)
        return passError(tokens);
    return std::move(tokens->ids);
}

GeneratedToken tokenFrom(const generate::TokenEvent &event, const Lens &lens)
{
    GeneratedToken token;
    token.column = static_cast<int>(event.sequence);
    token.id = event.token.id;
    token.text = event.text;
    token.probability = event.token.probability;
    for (const generate::TokenProbability &alternative : event.token.alternatives) {
        if (alternative.id >= 0)
            token.alternatives.push_back({alternative.id, lens.tokenText(alternative.id), alternative.probability});
    }
    return token;
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
    auto prompt = promptIds(state, request, project);
    if (!prompt)
        return passError(prompt);
    const std::string weightHash = state.generator->weightHash();
    // Columns of the same weights are decoded together; other models follow one after the other.
    struct Group {
        std::shared_ptr<generate::Generator> model; // null: the base model
        std::vector<generate::SequenceRequest> sequences;
        std::vector<std::size_t> columns;
    };
    std::vector<Group> groups;
    std::vector<ColumnBadge> badges;
    for (std::size_t index = 0; index < request.columns.size(); ++index) {
        auto column = loadColumn(state, request.columns[index], project, live, weightHash, stop);
        if (!column)
            return passError(column);
        generate::SequenceRequest sequence;
        sequence.prompt = *prompt;
        sequence.adapter = std::move(column->adapter);
        sequence.strength = request.columns[index].strength;
        sequence.sampling = settingsFrom(request.sampling);
        sequence.maxTokens = request.sampling.maxTokens;
        sequence.start = request.rawPrompt.empty() ? generate::AnswerStart::NewText : generate::AnswerStart::ContinuesPrompt;
        auto group = std::find_if(groups.begin(), groups.end(), [&](const Group &known) { return known.model == column->model; });
        if (group == groups.end())
            group = groups.insert(groups.end(), Group{column->model, {}, {}});
        group->sequences.push_back(std::move(sequence));
        group->columns.push_back(index);
        badges.push_back(std::move(column->badge));
    }
    const auto resultOf = [&](std::size_t column, const generate::SequenceResult &result) {
        return ColumnResult{request.columns[column].adapter, badges[column], result.ids, result.text, reasonFrom(result.finish), result.tokensPerSecond};
    };
    if (events.started)
        events.started(badges, static_cast<std::int64_t>(prompt->size()));
    std::vector<ColumnResult> results(request.columns.size());
    for (const Group &group : groups) {
        generate::GenerateCallbacks callbacks;
        if (events.token) {
            callbacks.token = [&](const generate::TokenEvent &event) {
                generate::TokenEvent own = event;
                own.sequence = group.columns[event.sequence];
                events.token(tokenFrom(own, *state.lens));
            };
        }
        if (events.columnFinished) {
            callbacks.finished = [&](std::size_t sequence, const generate::SequenceResult &result) {
                events.columnFinished(static_cast<int>(group.columns[sequence]), resultOf(group.columns[sequence], result));
            };
        }
        generate::Generator &generator = group.model ? *group.model : *state.generator;
        const auto answers = generator.generate(group.sequences, callbacks, stop);
        if (!answers)
            return passError(answers);
        for (std::size_t i = 0; i < answers->size(); ++i)
            results[group.columns[i]] = resultOf(group.columns[i], (*answers)[i]);
    }
    return results;
}

} // namespace fettle::engine
