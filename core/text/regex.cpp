// PCRE2 behind the few things that tokenizers need of regular expressions.
#include "core/text/regex.h"
#include "core/base/words.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

namespace fettle::text {
namespace {

constexpr std::string_view kSpaces = R"(\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

// \s and \S as White_Space. PCRE2's \s also has U+180E, which left that property in Unicode 6.3.
std::string spellOutSpaces(std::string_view pattern)
{
    std::string out;
    bool insideClass = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            const char next = pattern[++i];
            if (next == 's')
                out += insideClass ? std::string(kSpaces) : fmt::format("[{}]", kSpaces);
            else if (next == 'S' && !insideClass)
                out += fmt::format("[^{}]", kSpaces);
            else
                (out += c) += next;
            continue;
        }
        if (c == '[')
            insideClass = true;
        else if (c == ']')
            insideClass = false;
        out += c;
    }
    return out;
}

std::string messageOf(int code)
{
    PCRE2_UCHAR buffer[200];
    pcre2_get_error_message(code, buffer, sizeof buffer);
    return reinterpret_cast<const char *>(buffer);
}

} // namespace

struct Regex::Code {
    pcre2_code *code = nullptr;
    ~Code() { pcre2_code_free(code); }
};

Result<Regex> Regex::compile(std::string_view pattern)
{
    const std::string spelled = spellOutSpaces(pattern);
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto code = std::make_shared<Code>();
    code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK,
                               &error, &offset, nullptr);
    if (!code->code)
        return fail(
            ErrorCode::BadInput,
            tr("Cannot read the regular expression \"{}\" of the tokenizer: {} at byte {}.", pattern, messageOf(error), offset),
            tr("The tokenizer file may be damaged, or written for another program."));
    pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE); // without the JIT the same matches come more slowly
    Regex regex;
    regex.m_code = std::move(code);
    regex.m_pattern = pattern;
    return regex;
}

Result<std::vector<RegexMatch>> Regex::findAll(std::string_view text) const
{
    std::vector<RegexMatch> matches;
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
        pcre2_match_data_create_from_pattern(m_code->code, nullptr), pcre2_match_data_free);
    std::size_t at = 0;
    while (at <= text.size()) {
        const int found =
            pcre2_match(m_code->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
        if (found == PCRE2_ERROR_NOMATCH)
            break;
        if (found < 0)
            return fail(
                ErrorCode::BadInput,
                tr("Cannot split the text with the tokenizer's regular expression \"{}\": {}.", m_pattern, messageOf(found)),
                tr("Shorten the text, or use a model whose tokenizer has a simpler rule."));
        const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(data.get());
        matches.push_back({offsets[0], offsets[1]});
        at = offsets[1];
        if (offsets[0] == offsets[1]) { // an empty match: go on behind the next character
            ++at;
            while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
                ++at;
        }
    }
    return matches;
}

} // namespace fettle::text
