// Scanners by hand: a run of digits is looked at once, and a number is what its check digits say before it is a telephone number.
#include "core/data/personaldata.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fettle::data {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool isWord(char c) { return isDigit(c) || isLetter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

bool isLocalPart(char c) { return isDigit(c) || isLetter(c) || std::string_view("._%+-'").find(c) != std::string_view::npos; }
bool isDomainPart(char c) { return isDigit(c) || isLetter(c) || c == '-' || c == '.'; }

bool endsWith(std::string_view text, std::string_view end)
{
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// RFC 2606: names that belong to nobody.
bool isExampleDomain(std::string domain)
{
    std::transform(domain.begin(), domain.end(), domain.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string_view name : {"example.com", "example.org", "example.net"}) {
        if (domain == name || endsWith(domain, std::string(".") + std::string(name)))
            return true;
    }
    return endsWith(domain, ".example") || endsWith(domain, ".invalid") || endsWith(domain, ".test") || endsWith(domain, ".localhost");
}

// at: the place of an @. Nothing is found twice: the local part begins behind `from`.
bool findMail(std::string_view text, std::size_t at, std::size_t from, PersonalSpan &span)
{
    std::size_t begin = at;
    while (begin > from && at - begin < 64 && isLocalPart(text[begin - 1]))
        --begin;
    while (begin < at && !isDigit(text[begin]) && !isLetter(text[begin]))
        ++begin; // punctuation before the address
    std::size_t end = at + 1;
    while (end < text.size() && end - at < 254 && isDomainPart(text[end]))
        ++end;
    while (end > at + 1 && !isLetter(text[end - 1]))
        --end; // the full stop of the sentence
    const std::string_view domain = text.substr(at + 1, end - at - 1);
    const std::size_t dot = domain.rfind('.');
    if (begin == at || text[at - 1] == '.' || domain.empty() || dot == std::string_view::npos || dot == 0 || domain.size() - dot < 3
        || domain.find("..") != std::string_view::npos || !std::all_of(domain.begin() + static_cast<std::ptrdiff_t>(dot) + 1, domain.end(), isLetter)
        || isExampleDomain(std::string(domain)))
        return false;
    span = {PersonalKind::Mail, begin, end};
    return true;
}

// Lengths of the register (SWIFT, ISO 13616); another country's number is taken by its check digits and a length of 15 to 34.
struct Country { std::string_view code; std::size_t length; };
constexpr auto kCountries = std::to_array<Country>({
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BR", 29}, {"CH", 21}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DK", 18}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MT", 31}, {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PT", 25}, {"QA", 29}, {"RO", 24},
    {"RS", 22}, {"SA", 24}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"XK", 20}});

bool isIban(std::string_view plain)
{
    const auto known = std::find_if(kCountries.begin(), kCountries.end(), [&](const Country &country) { return country.code == plain.substr(0, 2); });
    if (known != kCountries.end() ? plain.size() != known->length : plain.size() < 15 || plain.size() > 34)
        return false;
    int remainder = 0; // ISO 7064: the first four characters go to the end, letters are 10 to 35
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const char c = plain[(i + 4) % plain.size()];
        remainder = isDigit(c) ? (remainder * 10 + (c - '0')) % 97 : (remainder * 100 + (c - 'A' + 10)) % 97;
    }
    return remainder == 1;
}

// Two capitals and two digits at `begin`; groups may be parted by single spaces.
bool findIban(std::string_view text, std::size_t begin, PersonalSpan &span)
{
    std::string plain;
    std::size_t longest = 0;
    for (std::size_t i = begin; i < text.size() && plain.size() < 34; ++i) {
        const char c = text[i];
        if (isDigit(c) || isUpper(c)) {
            plain += c;
            const bool isEnd = i + 1 == text.size() || !isWord(text[i + 1]);
            if (isEnd && plain.size() >= 15 && isIban(plain))
                longest = i + 1;
        } else if (c != ' ' || i + 1 == text.size() || !(isDigit(text[i + 1]) || isUpper(text[i + 1]))) {
            break;
        }
    }
    if (longest == 0)
        return false;
    span = {PersonalKind::Account, begin, longest};
    return true;
}

bool hasLuhn(std::string_view digits)
{
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const int digit = digits[digits.size() - 1 - i] - '0';
        sum += i % 2 == 0 ? digit : digit * 2 % 10 + digit * 2 / 10;
    }
    return sum % 10 == 0;
}

// By the number ranges of the issuers (ISO/IEC 7812).
bool isCard(std::string_view digits)
{
    const std::size_t length = digits.size();
    if (length < 13 || length > 19 || !hasLuhn(digits))
        return false;
    const auto first = [&](std::size_t count) { return std::stoi(std::string(digits.substr(0, count))); };
    const int two = first(2), three = first(3), four = first(4);
    if (digits[0] == '4')
        return length == 13 || length == 16 || length == 19;
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
        return length == 16;
    if (two == 34 || two == 37)
        return length == 15;
    if (four == 6011 || two == 65 || (three >= 644 && three <= 649) || two == 62 || (four >= 3528 && four <= 3589))
        return length >= 16;
    return ((three >= 300 && three <= 305) || two == 36 || two == 38) && length == 14;
}

struct Group { std::size_t begin, end; };

// 1.2.2024, 24-11-26: three groups of the sizes of a date.
bool isDate(const std::vector<Group> &groups, std::string_view text)
{
    if (groups.size() != 3)
        return false;
    const auto size = [&](std::size_t i) { return groups[i].end - groups[i].begin; };
    const char separator = text[groups[0].end];
    return (separator == '.' || separator == '-' || separator == '/') && size(0) <= 4 && size(1) <= 2 && (size(2) <= 2 || size(2) == 4);
}

// A run of digit groups: what it is, and where it ends.
bool findNumber(std::string_view text, std::size_t begin, PersonalSpan &span, std::size_t &next)
{
    std::vector<Group> groups;
    std::string digits;
    std::size_t i = begin;
    const bool isInternational = text[i] == '+';
    bool hasBracket = false;
    i += isInternational ? 1 : 0;
    // Beyond twenty groups (a column of figures) no number begins; the rest is looked at by itself.
    while (i < text.size() && digits.size() < 40 && groups.size() < 20) {
        if (text[i] == '(') {
            hasBracket = true;
            ++i;
        }
        const std::size_t from = i;
        while (i < text.size() && isDigit(text[i]))
            digits += text[i++];
        if (i == from)
            break;
        groups.push_back({from, i});
        std::size_t gap = i;
        if (gap < text.size() && text[gap] == ')')
            ++gap;
        if (gap < text.size() && (text[gap] == ' ' || text[gap] == '-' || text[gap] == '.' || text[gap] == '/'))
            ++gap;
        if (gap == i || gap >= text.size() || !(isDigit(text[gap]) || (text[gap] == '(' && gap + 1 < text.size() && isDigit(text[gap + 1]))))
            break;
        i = gap;
    }
    next = groups.empty() ? begin + 1 : groups.back().end;
    if (groups.empty() || (next < text.size() && isWord(text[next])))
        return false;
    if (!isInternational && isCard(digits)) {
        span = {PersonalKind::Card, begin, next};
        return true;
    }
    if (digits.size() < 8 || digits.size() > 15 || isDate(groups, text))
        return false;
    const auto size = [&](std::size_t group) { return groups[group].end - groups[group].begin; };
    const bool isDecimal = groups.size() == 2 && text[groups[0].end] == '.' && size(0) == 1;
    const bool isNational = digits[0] == '0' && digits.size() >= 9 && !isDecimal;
    const bool isAmerican = groups.size() == 3 && size(0) == 3 && size(1) == 3 && size(2) == 4;
    if (!isInternational && !isNational && !isAmerican && !(hasBracket && digits.size() >= 9))
        return false;
    span = {PersonalKind::Phone, begin, next};
    return true;
}

} // namespace

std::vector<PersonalSpan> findPersonalData(std::string_view text)
{
    std::vector<PersonalSpan> spans;
    std::size_t from = 0; // behind the last address or account
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        PersonalSpan span;
        std::size_t next = i + 1;
        const bool isStart = i == 0 || !isWord(text[i - 1]);
        bool isFound = false;
        if (c == '@') {
            isFound = findMail(text, i, from, span);
        } else if (isStart && isUpper(c) && i + 4 < text.size() && isUpper(text[i + 1]) && isDigit(text[i + 2]) && isDigit(text[i + 3])) {
            isFound = findIban(text, i, span);
        } else if (isStart && (isDigit(c) || ((c == '+' || c == '(') && i + 1 < text.size() && isDigit(text[i + 1])))) {
            isFound = findNumber(text, i, span, next);
        }
        if (isFound) {
            // The digits of an address (anna.01632960114@...) were taken for a number first.
            while (!spans.empty() && spans.back().end > span.begin)
                spans.pop_back();
            spans.push_back(span);
            next = span.end;
            if (span.kind == PersonalKind::Mail || span.kind == PersonalKind::Account)
                from = span.end;
        }
        i = next;
    }
    return spans;
}

std::string maskPersonalData(std::string_view text)
{
    std::string masked;
    std::size_t from = 0;
    for (const PersonalSpan &span : findPersonalData(text)) {
        masked += text.substr(from, span.begin - from);
        switch (span.kind) {
        case PersonalKind::Mail: masked += "[MAIL]"; break;
        case PersonalKind::Phone: masked += "[PHONE]"; break;
        case PersonalKind::Account: masked += "[IBAN]"; break;
        case PersonalKind::Card: masked += "[CARD]"; break;
        }
        from = span.end;
    }
    masked += text.substr(from);
    return masked;
}

} // namespace fettle::data
