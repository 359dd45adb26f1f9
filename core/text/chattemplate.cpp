// Where templates are found, what they see, and how their failures become errors. Knows files and the engine, no grammar.
#include "core/text/chattemplate.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/text/jinja/engine.h"
#include "core/text/jinja/parser.h"
#include "core/text/jsonaccess.h"
#include "core/text/tokenizer.h"

#include <ctime>
#include <exception>
#include <fmt/format.h>
#include <system_error>

namespace fettle::text {
namespace {

constexpr std::size_t kLongestTemplate = 4 << 20;
constexpr const char *kHint = "Choose another chat template for this model, or correct this one.";

Error errorOf(const jinja::Failure &failure)
{
    const std::string where = failure.line > 0 ? tr(", line {}", failure.line) : std::string();
    switch (failure.reason) {
    case jinja::Failure::Reason::Raised:
        return {ErrorCode::BadInput, tr("The chat template refuses this conversation: {}", failure.message),
                tr("Change the conversation so that the model's template accepts it (order of roles, system message, tools).")};
    case jinja::Failure::Reason::Limit:
        return {ErrorCode::BadInput, tr("The chat template was stopped{}: {}.", where, failure.message), kHint};
    case jinja::Failure::Reason::Error: break;
    }
    return {ErrorCode::BadInput, tr("The chat template failed{}: {}.", where, failure.message), kHint};
}

// Names under which the reasoning of a message is passed; the first is the one that templates read.
constexpr const char *kReasoning[] = {"reasoning_content", "thinking", "reasoning"};

// As transformers does it: reasoning given under one name is there under the names that templates read.
nlohmann::ordered_json withReasoning(const nlohmann::ordered_json &message)
{
    if (!message.is_object())
        return message;
    for (const char *name : kReasoning) {
        const auto found = message.find(name);
        if (found == message.end() || found->is_null())
            continue;
        const nlohmann::ordered_json reasoning = *found;
        nlohmann::ordered_json made = nlohmann::ordered_json::object();
        made["thinking"] = reasoning;
        for (const auto &[key, value] : message.items())
            made[key] = value;
        made["reasoning_content"] = reasoning;
        return made;
    }
    return message;
}

jinja::Dict variablesOf(const nlohmann::ordered_json &messages, const RenderContext &context)
{
    jinja::Dict variables;
    nlohmann::ordered_json seen = nlohmann::ordered_json::array();
    for (const nlohmann::ordered_json &message : messages)
        seen.push_back(withReasoning(message));
    for (const nlohmann::ordered_json *more : {&context.specialTokens, &context.extra})
        if (more->is_object())
            for (const auto &[name, value] : more->items())
                variables.set(jinja::Value(name), jinja::Value::fromJson(value));
    variables.set("messages", jinja::Value::fromJson(seen));
    variables.set("tools", jinja::Value::fromJson(context.tools));
    variables.set("documents", jinja::Value::fromJson(context.documents));
    variables.set("add_generation_prompt", context.addGenerationPrompt);
    return variables;
}

std::tm localNow()
{
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    return local;
}

// chat_template of tokenizer_config.json: a text, or a list of named ones.
std::string templateIn(const nlohmann::json &config)
{
    const nlohmann::json &field = fieldOf(config, "chat_template");
    if (field.is_string())
        return field.get<std::string>();
    std::string first;
    for (const nlohmann::json &named : listOf(config, "chat_template")) {
        const std::string text = textOf(named, "template");
        if (textOf(named, "name") == "default")
            return text;
        if (first.empty())
            first = text;
    }
    return first;
}

} // namespace

ChatTemplate::ChatTemplate(std::shared_ptr<const jinja::Program> program)
    : m_program(std::move(program))
{
}

Result<ChatTemplate> ChatTemplate::parse(std::string source)
{
    if (source.size() > kLongestTemplate)
        return fail(ErrorCode::BadInput,
                    tr("The chat template has {} bytes; at most {} are possible.", source.size(), kLongestTemplate), tr(kHint));
    if (!isValidUtf8(source))
        return fail(ErrorCode::BadInput,
                    tr("The chat template is not UTF-8: byte {} begins no character.", validUtf8Prefix(source)), tr(kHint));
    try {
        return ChatTemplate(std::make_shared<const jinja::Program>(jinja::parse(std::move(source))));
    } catch (const jinja::Failure &failure) {
        return fail(ErrorCode::BadInput, tr("Cannot read the chat template, line {}: {}.", failure.line, failure.message), tr(kHint));
    } catch (const std::exception &error) {
        return fail(ErrorCode::Internal, tr("Cannot read the chat template."), tr(kHint), error.what());
    }
}

Result<ChatTemplate> ChatTemplate::fromTokenizerFolder(const std::filesystem::path &folder)
{
    std::error_code ignored;
    if (std::filesystem::exists(folder / "chat_template.jinja", ignored)) {
        auto text = io::readTextFile(folder / "chat_template.jinja", kLongestTemplate);
        if (!text)
            return passError(text);
        return parse(std::move(*text));
    }
    for (const char *file : {"chat_template.json", "tokenizer_config.json"}) {
        if (!std::filesystem::exists(folder / file, ignored))
            continue;
        const auto json = io::readJsonFile(folder / file, {.repeatedKeys = io::RepeatedKeys::KeepLast});
        if (!json)
            return passError(json);
        if (std::string text = templateIn(*json); !text.empty())
            return parse(std::move(text));
    }
    return fail(ErrorCode::NotFound, tr("The folder {} has no chat template.", folder.string()),
                tr("Use an instruction-tuned model, or choose a chat template for this one."));
}

Result<ChatTemplate> ChatTemplate::fromGguf(const io::Gguf &file)
{
    auto text = file.string("tokenizer.chat_template");
    if (!text || text->empty())
        return fail(ErrorCode::NotFound, tr("{} has no chat template (tokenizer.chat_template).", file.path().filename().string()),
                    tr("Use an instruction-tuned model, or choose a chat template for this one."));
    return parse(std::move(*text));
}

Result<RenderedText> ChatTemplate::render(const nlohmann::ordered_json &messages, const RenderContext &context,
                                          const RenderLimits &limits) const
{
    try {
        jinja::Engine engine(*m_program, variablesOf(messages, context), limits, context.now ? *context.now : localNow());
        RenderedText rendered;
        rendered.text = engine.run();
        rendered.generated = engine.generated();
        return rendered;
    } catch (const jinja::Failure &failure) {
        return tl::unexpected<Error>(errorOf(failure));
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, tr("The chat template needs more memory than there is."), tr(kHint));
    } catch (const std::exception &error) {
        return fail(ErrorCode::Internal, tr("The chat template failed."), tr(kHint), error.what());
    }
}

bool ChatTemplate::hasGenerationBlocks() const
{
    return m_program->hasGeneration;
}
const std::string &ChatTemplate::source() const
{
    return m_program->source;
}

RenderContext renderContextFor(const Tokenizer &tokenizer)
{
    RenderContext context;
    context.specialTokens = tokenizer.specialTokens();
    return context;
}

} // namespace fettle::text
