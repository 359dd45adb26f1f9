// tokenize, render: what the model reads.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/lens.h"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>

namespace fettle::cli {

namespace {

Result<std::string> readText(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(ErrorCode::NotFound, tr("Cannot read {}.", path), tr("Check the path."));
    return std::string(std::istreambuf_iterator<char>(file), {});
}

struct TokenizeArguments { std::string model, text, file; bool parseSpecial = false; };

int runTokenize(const TokenizeArguments &arguments, bool hasText, Context &context)
{
    Terminal &terminal = context.terminal;
    if (hasText == !arguments.file.empty())
        return terminal.fail({ErrorCode::Usage, tr("tokenize needs either --text T or --file F."), {}, {}});
    std::string text = arguments.text;
    if (!hasText) {
        auto read = readText(arguments.file);
        if (!read)
            return terminal.fail(read.error());
        text = std::move(*read);
    }
    auto lens = engine::Lens::open(arguments.model);
    if (!lens)
        return terminal.fail(lens.error());
    auto result = (*lens)->tokenize(text, arguments.parseSpecial);
    if (!result)
        return terminal.fail(result.error());
    Json offsets = Json::array();
    std::string line;
    for (std::size_t i = 0; i < result->ids.size(); ++i) {
        offsets.push_back({result->offsets[i].begin, result->offsets[i].end});
        line += fmt::format("{}{}", i ? " " : "", result->ids[i]);
    }
    terminal.say(line);
    terminal.json({{"ids", result->ids}, {"offsets", offsets}});
    return 0;
}

struct RenderArguments {
    std::string model, conversation, templateFile, trainOn = "completion";
    bool addGenerationPrompt = false;
    std::int64_t length = 0;
};

int runRender(const RenderArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto text = readText(arguments.conversation);
    if (!text)
        return terminal.fail(text.error());
    auto record = data::readConversation(*text, arguments.conversation);
    if (!record)
        return terminal.fail(record.error());
    std::optional<std::filesystem::path> templateFile;
    if (!arguments.templateFile.empty())
        templateFile = arguments.templateFile;
    auto lens = engine::Lens::open(arguments.model, templateFile);
    if (!lens)
        return terminal.fail(lens.error());
    data::RenderOptions options;
    options.trainOn = arguments.trainOn == "all" ? data::TrainOn::All : arguments.trainOn == "assistant" ? data::TrainOn::Assistant : data::TrainOn::Completion;
    options.addGenerationPrompt = arguments.addGenerationPrompt;
    options.maxLength = arguments.length;
    auto tokens = (*lens)->label(*record, options);
    if (!tokens)
        return terminal.fail(tokens.error());
    for (const auto &warning : tokens->warnings)
        terminal.note(tr("note: {}", warning.text));
    terminal.say(tokens->text);
    terminal.note(tr("{} tokens, {} trained, {} cut off", tokens->ids.size(), tokens->trainedTokens, tokens->cut()));
    Json warnings = Json::array();
    for (const auto &warning : tokens->warnings)
        warnings.push_back({{"code", warning.code}, {"text", warning.text}});
    // Cut tokens are not seen by the trainer: ids and trained hold what is kept.
    const auto kept = static_cast<std::ptrdiff_t>(tokens->kept);
    terminal.json({{"text", tokens->text}, {"ids", std::vector<TokenId>(tokens->ids.begin(), tokens->ids.begin() + kept)},
                   {"trained", std::vector<int>(tokens->trained.begin(), tokens->trained.begin() + kept)}, {"cut", tokens->cut()}, {"warnings", warnings}});
    return 0;
}

} // namespace

void addTextVerbs(Registry &registry)
{
    auto tokenize = std::make_shared<TokenizeArguments>();
    auto textOption = std::make_shared<CLI::Option *>(nullptr);
    CLI::App *verb = registry.add("tokenize", tr("Splits a text into the model's tokens"), [tokenize, textOption](Context &context) {
        return runTokenize(*tokenize, (*textOption)->count() > 0, context);
    });
    verb->add_option("--model", tokenize->model, tr("Model, or a folder with tokenizer files"))->required();
    *textOption = verb->add_option("--text", tokenize->text, tr("The text"));
    verb->add_option("--file", tokenize->file, tr("A file with the text"));
    verb->add_flag("--parse-special", tokenize->parseSpecial, tr("Text that spells a special token becomes that token"));

    auto render = std::make_shared<RenderArguments>();
    verb = registry.add("render", tr("Shows a conversation exactly as the trainer would see it"), [render](Context &context) { return runRender(*render, context); });
    verb->add_option("--model", render->model, tr("Model, or a folder with tokenizer files"))->required();
    verb->add_option("--conversation", render->conversation, tr("JSON file: {\"messages\": [...]} or an Alpaca row"))->required();
    verb->add_option("--template", render->templateFile, tr("Jinja chat template instead of the model's own"));
    verb->add_flag("--add-generation-prompt", render->addGenerationPrompt, tr("End where the model would begin to answer"));
    verb->add_option("--train-on", render->trainOn, tr("What is learnt"))->check(CLI::IsMember({"completion", "assistant", "all"}))->capture_default_str();
    verb->add_option("--length", render->length, tr("Longest record in tokens; 0 = no limit"))->check(CLI::NonNegativeNumber);
}

} // namespace fettle::cli
