#include "core/data/textfindings.h"

#include "core/base/utf8.h"
#include "core/data/personaldata.h"
#include "core/data/recordview.h"
#include "core/data/textchecks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>

namespace fettle::data {

namespace {

// In lower case, with a straight apostrophe. Each is what an assistant says about itself or about the talk, never about the matter.
constexpr auto kBoilerplate = std::to_array<std::string_view>({
    "as an ai language model", "as an ai model", "as an ai assistant", "as an ai chatbot", "as an ai,", "as an ai i ", "as an ai system,", "as a large language model",
    "as a language model", "as an artificial intelligence", "i am an ai", "i'm an ai", "i am just an ai", "i'm just an ai", "i am a language model",
    "i'm a language model", "i am a large language model", "i don't have personal opinions", "i do not have personal opinions",
    "i don't have personal experiences", "i do not have personal experiences", "my knowledge cutoff", "my knowledge cut-off", "as of my last update",
    "as of my last knowledge update", "my last training update", "i cannot browse the internet", "i can't browse the internet",
    "i don't have access to real-time", "i do not have access to real-time", "i'm sorry, but i can't assist", "i'm sorry, but i cannot assist",
    "i'm sorry, i can't assist", "i cannot fulfill", "i can't fulfill", "i cannot fulfil ", "developed by openai", "trained by openai", "created by openai",
    "trained by anthropic", "created by anthropic", "i hope this helps", "is there anything else i can help", "feel free to ask if you have any",
    "als ki-sprachmodell", "als ki-modell", "als ki-assistent", "als ki,", "als ki kann ich", "als ki habe ich", "als gro\u00dfes sprachmodell", "als sprachmodell",
    "als k\u00fcnstliche intelligenz", "ich bin eine ki", "ich bin nur eine ki", "ich hoffe, das hilft", "ich hoffe, dies hilft",
    "en tant que mod\u00e8le de langage", "en tant qu'ia", "en tant qu'intelligence artificielle", "en tant qu'assistant ia",
    "como modelo de lenguaje", "como una ia", "como inteligencia artificial", "como un modelo de lenguaje", "como um modelo de linguagem", "como uma ia",
    "come modello linguistico", "come modello di linguaggio", "in quanto intelligenza artificiale", "in quanto ia",
});

// Lower case for ASCII letters and one kind of apostrophe. The byte that each byte of the result came from is in `places`, where wanted.
std::string folded(std::string_view text, std::vector<std::size_t> *places = nullptr)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (places != nullptr)
            places->push_back(i);
        if (text.substr(i, 3) == "\u2019") {
            result += '\'';
            i += 2;
        } else {
            result += static_cast<char>(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
        }
    }
    return result;
}

bool isWordByte(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

// The phrases by their first byte.
const std::vector<std::string_view> &boilerplateFrom(char first)
{
    static const auto lists = [] {
        std::array<std::vector<std::string_view>, 256> byFirst;
        for (const std::string_view phrase : kBoilerplate)
            byFirst[static_cast<unsigned char>(phrase.front())].push_back(phrase);
        return byFirst;
    }();
    return lists[static_cast<unsigned char>(first)];
}

// The first phrase at or behind `from` that begins with a word.
std::optional<std::pair<std::size_t, std::size_t>> findBoilerplate(std::string_view lower, std::size_t from)
{
    for (std::size_t at = from; at < lower.size(); ++at) {
        if (at > 0 && isWordByte(lower[at - 1]))
            continue;
        for (const std::string_view phrase : boilerplateFrom(lower[at])) {
            const std::size_t end = at + phrase.size();
            if (lower.substr(at).starts_with(phrase) && (end == lower.size() || !isWordByte(phrase.back()) || !isWordByte(lower[end])))
                return std::pair(at, end);
        }
    }
    return std::nullopt;
}

bool isSentenceEnd(std::string_view text, std::size_t at)
{
    if (text[at] == '\n')
        return true;
    const bool isMark = text[at] == '.' || text[at] == '!' || text[at] == '?';
    return isMark && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n' || text[at + 1] == '\r');
}

bool hasWord(std::string_view text, std::string_view word)
{
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !isWordByte(text[at - 1])) && (end == text.size() || !isWordByte(text[end])))
            return true;
    }
    return false;
}

// What stands in brackets where somebody should have written: "[insert name]", "<your company>", "[Date]".
bool isPlaceholderName(std::string inner)
{
    inner = folded(inner);
    for (const std::string_view start : {"insert ", "your ", "enter ", "add ", "placeholder", "todo", "tbd", "hier ", "ihr name", "ihre "}) {
        if (std::string_view(inner).substr(0, start.size()) == start)
            return true;
    }
    constexpr auto kNames = std::to_array<std::string_view>({"name", "full name", "first name", "last name", "company", "company name", "date", "address", "city",
                                                             "phone number", "email address", "e-mail address", "firma", "datum", "vorname", "nachname", "adresse", "..."});
    return std::find(kNames.begin(), kNames.end(), inner) != kNames.end();
}

constexpr auto kOpenAtWill = std::to_array<std::string_view>({"br", "img", "hr", "input", "meta", "link", "wbr", "source", "area", "base", "col", "embed", "track", "param", "p", "li", "td", "tr",
                                                              "th", "dt", "dd", "option", "thead", "tbody", "tfoot", "html", "head", "body"});
constexpr auto kClosed = std::to_array<std::string_view>({"a", "b", "i", "u", "s", "em", "strong", "span", "div", "pre", "code", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "sub", "sup",
                                                          "small", "mark", "details", "summary", "section", "article", "script", "style", "form", "button", "select", "textarea", "think", "thinking", "thought", "reasoning",
                                                          "answer", "tool_call", "tool_response", "tool_calls", "scratchpad", "reflection", "solution"});

template <class List>
bool contains(const List &list, std::string_view name)
{
    return std::find(list.begin(), list.end(), name) != list.end();
}

struct Tag { std::string name; bool isClosing = false, isEmpty = false; std::size_t end = 0; };

// At a "<". Attributes are skipped, at most 500 bytes.
std::optional<Tag> readTag(std::string_view text, std::size_t at)
{
    Tag tag;
    std::size_t i = at + 1;
    if (i < text.size() && text[i] == '/') {
        tag.isClosing = true;
        ++i;
    }
    while (i < text.size() && tag.name.size() < 32 && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_' || text[i] == '-'))
        tag.name += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i++])));
    if (tag.name.empty() || std::isalpha(static_cast<unsigned char>(tag.name[0])) == 0 || i >= text.size())
        return std::nullopt;
    if (text[i] != '>' && text[i] != ' ' && text[i] != '/')
        return std::nullopt;
    const std::size_t end = text.substr(i, 500).find_first_of("<>");
    if (end == std::string_view::npos || text[i + end] != '>')
        return std::nullopt;
    tag.end = i + end + 1;
    tag.isEmpty = text[tag.end - 2] == '/';
    return tag;
}

struct Span { std::size_t begin, end; };

// Text outside of ``` fences and `inline code`; false where a fence stays open.
bool splitCode(std::string_view text, std::vector<Span> &prose)
{
    bool isInFence = false;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::size_t first = text.find_first_not_of(" \t", begin);
        const std::string_view start = first < end ? text.substr(first, 3) : std::string_view();
        if (start == "```" && text.substr(first + 3, end - first - 3).find("```") == std::string_view::npos)
            isInFence = !isInFence;
        else if (!isInFence)
            prose.push_back({begin, end});
        begin = end + 1;
    }
    return !isInFence;
}

// The bytes 80 to 9F of Windows-1252 as they look, 0 where there is none.
constexpr char32_t kWindows1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
                                       0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

// The byte that a character is in Windows-1252 (C1 controls stand for themselves), or -1.
int byteOf(char32_t c)
{
    if (c < 0x100)
        return static_cast<int>(c);
    const auto *found = std::find(std::begin(kWindows1252), std::end(kWindows1252), c);
    return found == std::end(kWindows1252) ? -1 : 0x80 + static_cast<int>(found - kWindows1252);
}

bool anyText(const Record &record, bool (*test)(std::string_view))
{
    return test(record.context) || std::any_of(record.turns.begin(), record.turns.end(), [test](const Turn &turn) { return test(turn.text); });
}

} // namespace

bool hasBoilerplate(std::string_view answer)
{
    return findBoilerplate(folded(answer), 0).has_value();
}

std::string withoutBoilerplate(std::string_view answer)
{
    std::string text(answer);
    for (;;) {
        std::vector<std::size_t> places;
        const std::string lower = folded(text, &places);
        const auto found = findBoilerplate(lower, 0);
        if (!found)
            return text;
        std::size_t begin = places[found->first];
        while (begin > 0 && !isSentenceEnd(text, begin - 1))
            --begin;
        std::size_t end = places[found->second - 1] + 1;
        while (end < text.size() && !isSentenceEnd(text, end - 1))
            ++end;
        while (end < text.size() && text[end] == ' ')
            ++end;
        while (begin < end && text[begin] == ' ')
            ++begin; // the space before stays with the sentence before
        text.erase(begin, end - begin);
        if (begin >= text.size()) { // nothing follows: no space is left at the end
            while (!text.empty() && (text.back() == ' ' || text.back() == '\n'))
                text.pop_back();
        }
    }
}

bool hasPlaceholder(std::string_view text)
{
    if (hasWord(text, "TODO") || hasWord(text, "TBD") || hasWord(text, "FIXME") || hasWord(text, "XXX") || text.find("_____") != std::string_view::npos)
        return true;
    const std::string lower = folded(text);
    if (lower.find("lorem ipsum") != std::string::npos || hasWord(lower, "asdf"))
        return true;
    if (const std::size_t open = text.find("{{"); open != std::string_view::npos && text.substr(open, 80).find("}}") != std::string_view::npos)
        return true;
    for (std::size_t i = text.find_first_of("[<{"); i != std::string_view::npos; i = text.find_first_of("[<{", i + 1)) {
        const char close = text[i] == '[' ? ']' : text[i] == '<' ? '>' : '}';
        const std::size_t end = text.substr(i + 1, 60).find(close);
        if (end != std::string_view::npos && isPlaceholderName(std::string(text.substr(i + 1, end))))
            return true;
    }
    return false;
}

bool hasUnbalancedMarkup(std::string_view text)
{
    if (text.find('<') == std::string_view::npos && text.find("```") == std::string_view::npos)
        return false;
    std::vector<Span> prose;
    if (!splitCode(text, prose))
        return true;
    std::map<std::string, std::pair<int, int>> counts; // opened, closed
    for (const Span &line : prose) {
        bool isCode = false;
        for (std::size_t i = line.begin; i < line.end; ++i) {
            if (text[i] == '`')
                isCode = !isCode;
            if (text[i] != '<' || isCode)
                continue;
            const auto tag = readTag(text, i);
            if (!tag || tag->isEmpty || contains(kOpenAtWill, tag->name))
                continue;
            auto &[opened, closed] = counts[tag->name];
            ++(tag->isClosing ? closed : opened);
        }
    }
    // An unknown name that is only opened may be an angle bracket of another kind: List<String>.
    return std::any_of(counts.begin(), counts.end(), [](const auto &entry) {
        const auto &[opened, closed] = entry.second;
        return opened != closed && (closed > 0 || contains(kClosed, entry.first));
    });
}

std::string repairedEncoding(std::string_view text)
{
    const std::u32string points = toCodePoints(text);
    std::u32string result;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const char32_t c = points[i];
        const int lead = byteOf(c);
        const std::size_t length = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
        if (length > 0 && i + length <= points.size()) {
            std::string bytes;
            for (std::size_t k = 0; k < length && byteOf(points[i + k]) >= 0; ++k)
                bytes += static_cast<char>(byteOf(points[i + k]));
            if (bytes.size() == length && isValidUtf8(bytes)) {
                result += toCodePoints(bytes);
                i += length - 1;
                continue;
            }
        }
        if (c >= 0x80 && c < 0xa0 && kWindows1252[c - 0x80] != 0)
            result += kWindows1252[c - 0x80];
        else if ((c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0 && c != 0x85)) || c == '\t' || c == '\n' || c == '\r')
            result += c;
    }
    return fromCodePoints(result);
}

std::int64_t textFlags(const Record &record)
{
    std::int64_t flags = 0;
    const auto set = [&](RecordFlag flag, bool isFound) { flags |= isFound ? flagBit(flag) : 0; };
    set(RecordFlag::Empty, isEmptyPair(record));
    set(RecordFlag::OddEncoding, hasOddEncoding(record));
    set(RecordFlag::Boilerplate, std::any_of(record.turns.begin(), record.turns.end(), [](const Turn &turn) { return turn.role == Role::Assistant && hasBoilerplate(turn.text); }));
    set(RecordFlag::PersonalData, anyText(record, [](std::string_view text) { return !findPersonalData(text).empty(); }));
    set(RecordFlag::Placeholder, anyText(record, [](std::string_view text) { return hasPlaceholder(text); }));
    set(RecordFlag::UnbalancedMarkup, anyText(record, [](std::string_view text) { return hasUnbalancedMarkup(text); }));
    return flags;
}

} // namespace fettle::data
