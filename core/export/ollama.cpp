#include "core/export/ollama.h"

#include "core/base/utf8.h"

#include <array>
#include <fmt/format.h>

namespace fettle::exporting {

namespace {

using Json = nlohmann::ordered_json;

// Words that no template contains.
constexpr const char *kSystem = "Zwiebelsystem", *kUser = "Zwiebelfrage", *kAssistant = "Zwiebelantwort", *kSecond = "Zwiebelnachfrage";

Json turn(const char *role, const char *content)
{
    return {{"role", role}, {"content", content}};
}

std::optional<std::string> rendered(const text::ChatTemplate &chatTemplate, const text::Tokenizer &tokenizer, const Json &messages, bool addPrompt)
{
    text::RenderContext context = text::renderContextFor(tokenizer);
    context.addGenerationPrompt = addPrompt;
    auto result = chatTemplate.render(messages, context);
    return result ? std::optional(result->text) : std::nullopt;
}

// The text between two words; nothing where one of them is not there.
std::optional<std::string> between(const std::string &text, std::string_view before, std::string_view after)
{
    const auto first = before.empty() ? 0 : text.find(before);
    if (first == std::string::npos)
        return std::nullopt;
    const auto begin = first + before.size();
    const auto end = after.empty() ? text.size() : text.find(after, begin);
    return end == std::string::npos ? std::nullopt : std::optional(text.substr(begin, end - begin));
}

// What is left of a text whose beginning or end is known; nothing where it is not there.
std::optional<std::string> withoutStart(const std::string &text, const std::string &start)
{
    return text.starts_with(start) ? std::optional(text.substr(start.size())) : std::nullopt;
}
std::optional<std::string> withoutEnd(const std::string &text, const std::string &end)
{
    return text.ends_with(end) ? std::optional(text.substr(0, text.size() - end.size())) : std::nullopt;
}

std::string written(const TurnMarks &marks, const Json &messages)
{
    std::string text = marks.begin;
    if (messages.empty() || messages[0]["role"] != "system")
        text += marks.withoutSystem;
    for (const auto &message : messages) {
        const std::string role = message["role"], content = message["content"];
        text += role == "system" ? marks.systemBefore + content + marks.systemAfter
            : role == "user"     ? marks.userBefore + content + marks.userAfter
                                 : marks.assistantBefore + content + marks.assistantAfter;
    }
    return text + marks.assistantBefore;
}

// "{{" in a mark would be read as Ollama's own language.
std::string quoted(const std::string &text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool isBrace = text.compare(i, 2, "{{") == 0;
        result += isBrace ? "{{ \"{{\" }}" : std::string(1, text[i]);
        i += isBrace ? 1 : 0;
    }
    return result;
}

// What Ollama's reader drops: it keeps what can be printed (Go's unicode.IsPrint), blanks, tabs and line ends.
bool isDropped(char32_t c)
{
    if (c < 0x20)
        return c != '\n' && c != '\t';
    return (c >= 0x7F && c <= 0xA0) || c == 0xAD || c == 0x1680 || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) || c == 0x3000
        || c == 0xFEFF || (c >= 0xE000 && c <= 0xF8FF);
}
bool isSpaceThatIsDropped(char32_t c)
{
    return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool isReadBack(const std::string &text)
{
    for (std::size_t i = 0; i < text.size();)
        if (isDropped(nextCodePoint(text, i)))
            return false;
    return text.find("\"\"\"") == std::string::npos;
}

} // namespace

std::string ollamaText(const std::string &text)
{
    std::string kept;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t begin = i;
        const char32_t c = nextCodePoint(text, i);
        if (isSpaceThatIsDropped(c))
            kept += ' ';
        else if (c == '\r') // a line end of its own there
            kept += i < text.size() && text[i] == '\n' ? "" : "\n";
        else if (!isDropped(c))
            kept.append(text, begin, i - begin);
    }
    for (std::size_t at = 0; (at = kept.find("\"\"\"", at)) != std::string::npos;)
        kept.replace(at, 3, "\u201D"); // three quotes would end the text
    return kept;
}

bool canSay(const TurnMarks &marks)
{
    for (const std::string *mark : {&marks.begin, &marks.withoutSystem, &marks.systemBefore, &marks.systemAfter, &marks.userBefore, &marks.userAfter, &marks.assistantBefore, &marks.assistantAfter})
        if (!isReadBack(*mark) || mark->find('\r') != std::string::npos)
            return false;
    return true;
}

std::optional<TurnMarks> turnMarks(const text::ChatTemplate &chatTemplate, const text::Tokenizer &tokenizer)
{
    const Json question = turn("user", kUser), answer = turn("assistant", kAssistant), second = turn("user", kSecond), system = turn("system", kSystem);
    const auto plain = rendered(chatTemplate, tokenizer, Json::array({question, answer, second}), true);
    const auto guided = rendered(chatTemplate, tokenizer, Json::array({system, question, answer, second}), true);
    if (!plain)
        return std::nullopt;
    const auto asked = rendered(chatTemplate, tokenizer, Json::array({question}), false), answered = rendered(chatTemplate, tokenizer, Json::array({question, answer}), false);
    if (!asked || !answered)
        return std::nullopt;
    const auto first = between(*plain, {}, kUser), afterUser = between(*plain, kUser, kAssistant), afterAnswer = between(*plain, kAssistant, kSecond);
    const auto userAfter = between(*asked, kUser, {}), assistantAfter = between(*answered, kAssistant, {});
    const auto beforeSystem = guided ? between(*guided, {}, kSystem) : std::nullopt, afterSystem = guided ? between(*guided, kSystem, kUser) : std::nullopt;
    if (!first || !afterUser || !afterAnswer || !userAfter || !assistantAfter)
        return std::nullopt;
    // A later question has nothing in front of it but its own mark.
    const auto userBefore = withoutStart(*afterAnswer, *assistantAfter), assistantBefore = withoutStart(*afterUser, *userAfter);
    if (!userBefore || !assistantBefore)
        return std::nullopt;
    const auto start = withoutEnd(*first, *userBefore);
    if (!start)
        return std::nullopt;
    TurnMarks marks{{}, {}, {}, {}, *userBefore, *userAfter, *assistantBefore, *assistantAfter};
    // The token at the beginning belongs to every text, unless every turn begins with it; what else stands before the first question is written in place of a system turn.
    const std::string bos = tokenizer.bosId() ? std::string(tokenizer.tokenText(*tokenizer.bosId())) : std::string();
    const auto systemAfter = afterSystem ? withoutEnd(*afterSystem, *userBefore) : std::nullopt;
    const bool hasSystem = beforeSystem && systemAfter;
    if (!bos.empty() && start->starts_with(bos) && !userBefore->starts_with(bos) && (!hasSystem || (beforeSystem->starts_with(bos) && beforeSystem->size() > bos.size())))
        marks.begin = bos;
    marks.withoutSystem = start->substr(marks.begin.size());
    if (hasSystem) {
        marks.systemBefore = beforeSystem->substr(marks.begin.size());
        marks.systemAfter = *systemAfter;
    }
    const Json third = turn("user", "3 cats?"), reply = turn("assistant", "Yes: 3.");
    for (const Json &messages : {Json::array({question}), Json::array({question, answer, second}), Json::array({question, answer, second, reply, third}), Json::array({system, question}),
                                 Json::array({system, question, answer, second})}) {
        if (messages[0]["role"] == "system" && marks.systemBefore.empty() && marks.systemAfter.empty())
            continue; // a template without system turns
        if (rendered(chatTemplate, tokenizer, messages, true) != written(marks, messages))
            return std::nullopt;
    }
    // llama.cpp writes the token at the beginning itself where the tokenizer asks for it.
    const auto framed = tokenizer.encode("a", {true, true});
    if (framed && tokenizer.bosId() && !framed->ids.empty() && framed->ids.front() == *tokenizer.bosId() && marks.begin == tokenizer.tokenText(*tokenizer.bosId()))
        marks.begin.clear();
    return marks;
}

std::string modelfile(const std::string &ggufName, const std::optional<TurnMarks> &marks, const std::vector<std::string> &stops, const std::string &system)
{
    std::string text = fmt::format("FROM ./{}\n", ggufName);
    if (marks) {
        text += "TEMPLATE \"\"\"" + quoted(marks->begin);
        if (!marks->withoutSystem.empty())
            text += "{{ if not .System }}" + quoted(marks->withoutSystem) + "{{ end }}";
        text += "{{ range .Messages }}";
        if (!marks->systemBefore.empty() || !marks->systemAfter.empty())
            text += "{{ if eq .Role \"system\" }}" + quoted(marks->systemBefore) + "{{ .Content }}" + quoted(marks->systemAfter) + "{{ end }}";
        text += "{{ if eq .Role \"user\" }}" + quoted(marks->userBefore) + "{{ .Content }}" + quoted(marks->userAfter) + "{{ end }}";
        text += "{{ if eq .Role \"assistant\" }}" + quoted(marks->assistantBefore) + "{{ .Content }}" + quoted(marks->assistantAfter) + "{{ end }}";
        text += "{{ end }}" + quoted(marks->assistantBefore) + "\"\"\"\n";
    }
    // The reader knows no escapes: between the quotes stands the text itself.
    for (const std::string &stop : stops) {
        const char *quote = stop.find('"') == std::string::npos ? "\"" : "\"\"\"";
        text += fmt::format("PARAMETER stop {0}{1}{0}\n", quote, stop);
    }
    if (!system.empty())
        text += "SYSTEM \"\"\"" + ollamaText(system) + "\"\"\"\n";
    return text;
}

} // namespace fettle::exporting
