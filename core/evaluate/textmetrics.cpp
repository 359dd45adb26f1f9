#include "core/evaluate/textmetrics.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/evaluate/pythontext.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace fettle::evaluate {

namespace {

std::u32string joined(std::span<const std::u32string> words)
{
    std::u32string text;
    for (const std::u32string &word : words) {
        if (!text.empty())
            text += U' ';
        text += word;
    }
    return text;
}

// Lower case, one space between words, typewriter apostrophes: what phrases are compared in.
std::u32string plainForm(std::string_view text)
{
    std::u32string plain = joined(splitAtSpaces(lowered(toCodePoints(text))));
    std::replace(plain.begin(), plain.end(), U'\u2019', U'\'');
    return plain;
}

bool isArticle(std::u32string_view word)
{
    return word == U"a" || word == U"an" || word == U"the";
}

// The script replaces \b(a|an|the)\b by a space: an article may stand between characters that are no part of a word.
std::u32string withoutArticles(std::u32string_view text)
{
    std::u32string result;
    for (std::size_t i = 0; i < text.size();) {
        if (!text::hasClass(text[i], text::kWord)) {
            result += text[i++];
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && text::hasClass(text[end], text::kWord))
            ++end;
        const std::u32string_view word = text.substr(i, end - i);
        result += isArticle(word) ? std::u32string_view(U" ") : word;
        i = end;
    }
    return result;
}

// The end of the digits at begin; with thousands groups ("1,250,000") where they are complete.
std::size_t endOfWholePart(std::u32string_view text, std::size_t begin)
{
    std::size_t end = begin;
    while (end < text.size() && isDigit(text[end]))
        ++end;
    if (end - begin > 3)
        return end;
    const auto isGroup = [&](std::size_t at) {
        if (at + 3 >= text.size() || text[at] != ',')
            return false;
        return isDigit(text[at + 1]) && isDigit(text[at + 2]) && isDigit(text[at + 3]) && (at + 4 >= text.size() || !isDigit(text[at + 4]));
    };
    while (isGroup(end))
        end += 4;
    return end;
}

std::size_t endOfFraction(std::u32string_view text, std::size_t at)
{
    if (at + 1 >= text.size() || text[at] != '.' || !isDigit(text[at + 1]))
        return at;
    ++at;
    while (at < text.size() && isDigit(text[at]))
        ++at;
    return at;
}

std::size_t endOfExponent(std::u32string_view text, std::size_t at)
{
    if (at >= text.size() || (text[at] != 'e' && text[at] != 'E'))
        return at;
    std::size_t digits = at + 1;
    if (digits < text.size() && (text[digits] == '-' || text[digits] == '+'))
        ++digits;
    if (digits >= text.size() || !isDigit(text[digits]))
        return at;
    while (digits < text.size() && isDigit(text[digits]))
        ++digits;
    return digits;
}

bool isMinus(char32_t c)
{
    return c == '-' || c == 0x2212;
}

constexpr std::u32string_view kRefusals[] = {
    U"i cannot", U"i can't", U"i can not", U"i'm sorry, but", U"i am sorry, but", U"sorry, but i", U"sorry, i can",
    U"i apologize, but", U"i apologise, but", U"i'm unable to", U"i am unable to", U"i'm not able to", U"i am not able to",
    U"i'm afraid i can", U"i am afraid i can", U"i don't have access", U"i do not have access", U"i must decline", U"i have to decline", U"unfortunately, i can",
    U"as an ai", U"as a language model", U"as a large language model",
};

} // namespace

std::string normaliseAnswer(std::string_view text)
{
    std::u32string plain = lowered(toCodePoints(text));
    std::erase_if(plain, isAsciiPunctuation);
    return fromCodePoints(joined(splitAtSpaces(withoutArticles(plain))));
}

bool isExactMatch(std::string_view expected, std::string_view answer)
{
    return normaliseAnswer(expected) == normaliseAnswer(answer);
}

bool containsPhrase(std::string_view answer, std::string_view phrase)
{
    const std::u32string wanted = plainForm(phrase);
    return !wanted.empty() && plainForm(answer).find(wanted) != std::u32string::npos;
}

Result<AnswerPattern> AnswerPattern::compile(const std::string &pattern)
{
    if (pattern.empty() || !isValidUtf8(pattern))
        return fail(ErrorCode::Usage, tr("The regular expression is empty or not readable text."), tr("Write what a right answer holds, for example \\b42 kg\\b."));
    auto regex = text::Regex::compile(pattern);
    if (!regex)
        return fail(ErrorCode::Usage, tr("\"{}\" is no regular expression.", pattern), tr("Check its brackets; a backslash makes the next character plain."), regex.error().message);
    return AnswerPattern(std::move(*regex), pattern);
}

Result<bool> AnswerPattern::isFoundIn(std::string_view answer) const
{
    const auto matches = m_regex.findAll(replaceInvalidUtf8(answer));
    if (!matches)
        return fail(ErrorCode::Usage, tr("The regular expression \"{}\" needs too much work.", m_pattern), tr("Avoid repeats inside repeats, such as (a+)+."), matches.error().message);
    return !matches->empty();
}

std::vector<double> numbersIn(std::string_view text)
{
    const std::u32string letters = toCodePoints(text);
    std::vector<double> numbers;
    for (std::size_t i = 0; i < letters.size();) {
        if (!isDigit(letters[i])) {
            ++i;
            continue;
        }
        const std::size_t end = endOfExponent(letters, endOfFraction(letters, endOfWholePart(letters, i)));
        const bool isNegative = i > 0 && isMinus(letters[i - 1]) && (i == 1 || !text::hasClass(letters[i - 2], text::kWord));
        std::string digits;
        for (std::size_t k = i; k < end; ++k) {
            if (letters[k] != ',')
                digits += static_cast<char>(letters[k]);
        }
        double value = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (parsed.ec == std::errc{})
            numbers.push_back(isNegative ? -value : value);
        i = end;
    }
    return numbers;
}

std::optional<bool> numbersAgree(std::string_view expected, std::string_view answer, const NumberTolerance &tolerance)
{
    const auto wanted = numbersIn(expected);
    if (wanted.empty())
        return {};
    const auto given = numbersIn(answer);
    if (given.empty())
        return false;
    return std::abs(given.back() - wanted.back()) <= std::max(tolerance.absolute, tolerance.relative * std::abs(wanted.back()));
}

std::vector<std::string> wordsOf(std::string_view text)
{
    std::vector<std::string> words;
    for (const std::u32string &word : splitAtSpaces(toCodePoints(text)))
        words.push_back(fromCodePoints(word));
    return words;
}

double distinctNgrams(std::span<const std::string> answers, std::size_t n)
{
    std::unordered_set<std::string> different;
    std::size_t all = 0;
    for (const std::string &answer : answers) {
        const auto words = wordsOf(answer);
        for (std::size_t i = 0; n > 0 && i + n <= words.size(); ++i) {
            std::string ngram;
            for (std::size_t k = i; k < i + n; ++k)
                (ngram += words[k]) += ' ';
            different.insert(std::move(ngram));
            ++all;
        }
    }
    return all > 0 ? static_cast<double>(different.size()) / static_cast<double>(all) : 0.0;
}

bool isRefusal(std::string_view answer)
{
    const std::u32string plain = plainForm(answer);
    return std::any_of(std::begin(kRefusals), std::end(kRefusals), [&](std::u32string_view phrase) {
        return plain.starts_with(phrase) || plain.starts_with(U"sorry. " + std::u32string(phrase)) || plain.starts_with(U"i'm sorry. " + std::u32string(phrase));
    });
}

bool isJson(std::string_view answer)
{
    return nlohmann::json::accept(answer);
}

} // namespace fettle::evaluate
