// score, generate: what a model makes of texts.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/delivery.h"
#include "core/engine/models.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace fettle::cli {

namespace {

struct ScoreArguments { std::string model, adapter, data, project, trainOn = "completion"; };

int runScore(const ScoreArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto place = workplace(arguments.project, context);
    if (!place)
        return terminal.fail(place.error());
    auto records = readDataFile(arguments.data, context);
    if (!records)
        return terminal.fail(records.error());
    const auto trainOn = arguments.trainOn == "all" ? data::TrainOn::All : arguments.trainOn == "assistant" ? data::TrainOn::Assistant : data::TrainOn::Completion;
    auto scores = engine::scoreRecords(arguments.model, arguments.adapter, *records, trainOn, place->projectOrNull(), place->compute,
                                       terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!scores)
        return terminal.fail(scores.error());
    Json rows = Json::array();
    for (const auto &row : scores->rows)
        rows.push_back({{"loss", row.loss}, {"tokens", row.tokens}, {"logprobs", row.logProbabilities}});
    terminal.json({{"rows", rows}, {"loss", scores->loss}, {"perplexity", scores->perplexity}});
    terminal.say(tr("{} rows, loss {:.4f}, perplexity {:.2f}", scores->rows.size(), scores->loss, scores->perplexity));
    return 0;
}

struct GenerateArguments {
    std::string model, prompt, conversation, raw, system, context, project;
    std::vector<std::string> adapters, otherModels;
    engine::Sampling sampling;
};

// "A:0.5" sets the strength of adapter A.
engine::ColumnChoice parseColumn(const std::string &text)
{
    const std::size_t colon = text.rfind(':');
    if (colon != std::string::npos && colon + 1 < text.size() && text.find_first_not_of("0123456789.", colon + 1) == std::string::npos) {
        try {
            return {text.substr(0, colon), std::stod(text.substr(colon + 1))};
        } catch (const std::exception &) {
            return {text, 1.0};
        }
    }
    return {text, 1.0};
}

// "A:0.5+B:0.7" mixes two adapters; a path may hold a plus sign itself.
engine::ColumnChoice parseMixture(const std::string &text)
{
    std::error_code problem;
    const std::size_t plus = text.find('+');
    if (plus == std::string::npos || std::filesystem::exists(text, problem))
        return parseColumn(text);
    engine::ColumnChoice choice = parseColumn(text.substr(0, plus));
    const engine::ColumnChoice second = parseColumn(text.substr(plus + 1));
    choice.second = second.adapter;
    choice.secondStrength = second.strength;
    return choice;
}

Result<data::Record> readConversation(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(ErrorCode::NotFound, tr("Cannot read {}.", path), tr("Check the path."));
    const std::string text(std::istreambuf_iterator<char>(file), {});
    auto record = data::readConversation(text, path);
    if (!record)
        return passError(record);
    // What is asked is the conversation up to the last user turn.
    while (!record->turns.empty() && record->turns.back().role == data::Role::Assistant)
        record->turns.pop_back();
    return record;
}

int runGenerate(const GenerateArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    if (!arguments.prompt.empty() + !arguments.conversation.empty() + !arguments.raw.empty() != 1)
        return terminal.fail({ErrorCode::Usage, tr("generate needs one of --prompt, --conversation and --raw."), {}, {}});
    auto place = workplace(arguments.project, context);
    if (!place)
        return terminal.fail(place.error());
    engine::GenerateRequest request;
    request.sampling = arguments.sampling;
    request.rawPrompt = arguments.raw;
    if (!arguments.system.empty())
        request.conversation.push_back({data::Role::System, arguments.system, {}});
    if (!arguments.conversation.empty()) {
        auto asked = readConversation(arguments.conversation);
        if (!asked)
            return terminal.fail(asked.error());
        request.conversation.insert(request.conversation.end(), asked->turns.begin(), asked->turns.end());
        request.context = std::move(asked->context);
        request.toolsJson = std::move(asked->toolsJson);
    } else if (!arguments.prompt.empty()) {
        request.conversation.push_back({data::Role::User, arguments.prompt, {}});
    }
    if (!arguments.context.empty())
        request.context = arguments.context;
    for (const auto &adapter : arguments.adapters)
        request.columns.push_back(parseMixture(adapter));
    if (request.columns.empty())
        request.columns.push_back({});
    for (const auto &model : arguments.otherModels) {
        engine::ColumnChoice other;
        other.model = model;
        request.columns.push_back(other);
    }
    auto playground = engine::Playground::open(arguments.model, place->compute, terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!playground)
        return terminal.fail(playground.error());
    engine::GenerateEvents events;
    const bool isStreaming = request.columns.size() == 1 && !terminal.isJson();
    if (isStreaming)
        events.token = [](const engine::GeneratedToken &token) {
            std::fwrite(token.text.data(), 1, token.text.size(), stdout);
            std::fflush(stdout);
        };
    auto columns = (*playground)->generate(request, place->projectOrNull(), events, context.stop);
    if (!columns)
        return terminal.fail(columns.error());
    Json list = Json::array();
    for (const auto &column : *columns) {
        const std::string name = column.badge.otherModel.empty() ? column.adapter : column.badge.otherModel;
        list.push_back({{"adapter", column.adapter}, {"otherModel", column.badge.otherModel}, {"promptTokens", column.badge.promptTokens}, {"strength", column.badge.strength}, {"hash", column.badge.isAdapterOn ? column.badge.adapterHash : ""}, {"secondHash", column.badge.secondHash}, {"secondStrength", column.badge.secondStrength},
                        {"weightHash", column.badge.weightHash}, {"notices", column.badge.notices}, {"ids", column.ids}, {"text", column.text}, {"finish", engine::nameOf(column.finish)},
                        {"tokensPerSecond", column.tokensPerSecond}});
        for (const std::string &notice : column.badge.notices)
            terminal.note(fmt::format("{}: {}", name, notice));
        if (!isStreaming)
            terminal.say(fmt::format("--- {}\n{}", name, column.text));
        else
            terminal.say("");
        terminal.note(tr("{}: {} tokens, {}, {:.0f} tokens/s", name, column.ids.size(), engine::nameOf(column.finish), column.tokensPerSecond));
    }
    terminal.json({{"columns", list}});
    return context.stop.stop_requested() ? exitCode(ErrorCode::Cancelled) : 0;
}

} // namespace

void addAnswerVerbs(Registry &registry)
{
    auto score = std::make_shared<ScoreArguments>();
    CLI::App *verb = registry.add("score", tr("Loss of each row of a data file"), [score](Context &context) { return runScore(*score, context); });
    verb->add_option("--model", score->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", score->adapter, tr("Adapter folder, or RUN[@STEP] with --project"));
    verb->add_option("--data", score->data, tr("Data file"))->required();
    verb->add_option("--project", score->project, tr("Project of the run named by --adapter"));
    verb->add_option("--train-on", score->trainOn, tr("Which tokens count"))->check(CLI::IsMember({"completion", "assistant", "all"}))->capture_default_str();

    auto generate = std::make_shared<GenerateArguments>();
    engine::Sampling &sampling = generate->sampling;
    verb = registry.add("generate", tr("Answers a prompt; several adapters answer together"), [generate](Context &context) { return runGenerate(*generate, context); });
    verb->add_option("--model", generate->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", generate->adapters, tr("Adapter folder, RUN[@STEP] or base, may be given several times; A:0.5 sets the strength, A:0.5+B mixes two LoRA adapters"))->allow_extra_args(false);
    verb->add_option("--beside", generate->otherModels, tr("Another base model that answers too, with its own template; may be given several times"))->allow_extra_args(false);
    verb->add_option("--project", generate->project, tr("Project of the runs named by --adapter"));
    verb->add_option("--prompt", generate->prompt, tr("The question"));
    verb->add_option("--conversation", generate->conversation, tr("JSON file with {\"messages\": [...]}"));
    verb->add_option("--raw", generate->raw, tr("Text that is continued as it is, without the chat template"));
    verb->add_option("--system", generate->system, tr("System prompt"));
    verb->add_option("--context", generate->context, tr("What the question is about; joined to it as in training"));
    verb->add_option("--max-tokens", sampling.maxTokens, tr("Longest answer"))->check(CLI::Range(1, 1000000))->capture_default_str();
    CLI::Option *greedy = verb->add_flag("--greedy", sampling.greedy, tr("Always the likeliest token"));
    verb->add_option("--temperature", sampling.temperature, tr("0 to 5"))->check(CLI::Range(0.0, 5.0))->capture_default_str()->excludes(greedy);
    verb->add_option("--top-k", sampling.topK, tr("Only the K likeliest tokens; 0 = all"))->check(CLI::Range(0, 10000000))->capture_default_str();
    verb->add_option("--top-p", sampling.topP, tr("Only the likeliest tokens that make up this share"))->check(CLI::Range(0.0, 1.0))->capture_default_str();
    verb->add_option("--min-p", sampling.minP, tr("Only tokens at least this share of the likeliest"))->check(CLI::Range(0.0, 1.0))->capture_default_str();
    verb->add_option("--repetition-penalty", sampling.repetitionPenalty, tr("Above 1: repeats become less likely"))->check(CLI::Range(0.01, 10.0))->capture_default_str();
    verb->add_option("--seed", sampling.seed, tr("Same seed, same answer"))->capture_default_str();
}

} // namespace fettle::cli
