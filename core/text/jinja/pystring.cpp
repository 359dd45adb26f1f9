// Case, kinds of characters, padding and escaping.
#include "core/text/jinja/pystring.h"

#include "core/base/utf8.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace fettle::text::jinja {
namespace {

icu::UnicodeString toIcu(std::string_view text)
{
    return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string fromIcu(const icu::UnicodeString &text)
{
    std::string out;
    text.toUTF8String(out);
    return out;
}

std::string one(char32_t c)
{
    std::string out;
    appendUtf8(out, c);
    return out;
}

std::string upperOf(char32_t c)
{
    return upper(one(c));
}
std::string titleOf(char32_t c)
{
    icu::UnicodeString text(static_cast<UChar32>(c));
    return fromIcu(text.toTitle(nullptr, icu::Locale::getRoot(), U_TITLECASE_NO_LOWERCASE | U_TITLECASE_NO_BREAK_ADJUSTMENT));
}

bool isCased(char32_t c)
{
    return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED);
}
// What decides whether a sigma is final.
bool isFollowedByCased(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (!u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASE_IGNORABLE))
            return isCased(c);
    }
    return false;
}

bool isUpperChar(char32_t c)
{
    return u_isUUppercase(static_cast<UChar32>(c));
}
bool isLowerChar(char32_t c)
{
    return u_isULowercase(static_cast<UChar32>(c));
}
bool isTitleChar(char32_t c)
{
    return u_charType(static_cast<UChar32>(c)) == U_TITLECASE_LETTER;
}
bool isPyAlpha(char32_t c)
{
    return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}
bool isPyDecimal(char32_t c)
{
    return u_charType(static_cast<UChar32>(c)) == U_DECIMAL_DIGIT_NUMBER;
}
bool isPyDigit(char32_t c)
{
    const auto type = u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE);
    return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool isPyNumeric(char32_t c)
{
    return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

bool isPrintable(char32_t c)
{
    if (c == ' ')
        return true;
    const auto mask = U_GET_GC_MASK(static_cast<UChar32>(c));
    return (mask & (U_GC_C_MASK | U_GC_Z_MASK)) == 0;
}

bool allOf(std::u32string_view text, const std::function<bool(char32_t)> &test)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

bool isTitled(std::u32string_view text)
{
    bool any = false;
    bool previous = false;
    for (const char32_t c : text) {
        if (isUpperChar(c) || isTitleChar(c)) {
            if (previous)
                return false;
            previous = any = true;
        } else if (isLowerChar(c)) {
            if (!previous)
                return false;
            any = true;
        } else {
            previous = false;
        }
    }
    return any;
}

bool isIdentifier(std::u32string_view text)
{
    if (text.empty() || !(text[0] == '_' || u_hasBinaryProperty(static_cast<UChar32>(text[0]), UCHAR_XID_START)))
        return false;
    return std::all_of(text.begin() + 1, text.end(),
                       [](char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_XID_CONTINUE); });
}

} // namespace

bool isPySpace(char32_t c)
{
    return hasClass(c, kSpace) || (c >= 0x1C && c <= 0x1F);
}

std::string pyQuoted(std::string_view text)
{
    const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
    std::string out(1, quote);
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (c == static_cast<char32_t>(quote) || c == '\\')
            (out += '\\') += static_cast<char>(c);
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (isPrintable(c))
            appendUtf8(out, c);
        else if (c < 0x100)
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        else if (c < 0x10000)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += fmt::format("\\U{:08x}", static_cast<unsigned>(c));
    }
    return out += quote;
}

std::string upper(std::string_view text)
{
    return fromIcu(toIcu(text).toUpper(icu::Locale::getRoot()));
}
std::string lower(std::string_view text)
{
    return fromIcu(toIcu(text).toLower(icu::Locale::getRoot()));
}
std::string casefold(std::string_view text)
{
    return fromIcu(toIcu(text).foldCase());
}

std::string swapcase(std::string_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        out += isUpperChar(c) ? fromIcu(icu::UnicodeString(static_cast<UChar32>(c)).toLower(icu::Locale::getRoot()))
            : isLowerChar(c)  ? upperOf(c)
                              : one(c);
    }
    return out;
}

std::string capitalize(std::string_view text)
{
    if (text.empty())
        return {};
    std::size_t at = 0;
    const char32_t first = nextCodePoint(text, at);
    // The rest is lowered in the context of the whole (a final sigma depends on it).
    const std::string all = lower(text);
    const std::string firstLowered = lower(text.substr(0, at));
    return titleOf(first) + (all.starts_with(firstLowered) ? all.substr(firstLowered.size()) : lower(text.substr(at)));
}

std::string title(std::string_view text)
{
    std::string out;
    bool previous = false;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (c == U'\u03A3' && previous)
            out += isFollowedByCased(text.substr(at)) ? "\u03C3" : "\u03C2";
        else
            out += previous ? lower(one(c)) : titleOf(c);
        previous = isCased(c);
    }
    return out;
}

std::string padded(std::string_view text, std::int64_t width, Align align, std::string_view fill)
{
    const std::int64_t missing = width - codePointCount(text);
    if (missing <= 0)
        return std::string(text);
    std::int64_t left = 0;
    if (align == Align::Right)
        left = missing;
    else if (align == Align::Center)
        left = missing / 2 + (missing & width & 1); // Python's way to share an odd number
    std::string out;
    for (std::int64_t i = 0; i < left; ++i)
        out += fill;
    out += text;
    for (std::int64_t i = left; i < missing; ++i)
        out += fill;
    return out;
}

std::string expandTabs(std::string_view text, std::int64_t size)
{
    std::string out;
    std::int64_t column = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = nextCodePoint(text, at);
        if (c == '\t') {
            const std::int64_t spaces = size > 0 ? size - column % size : 0;
            out.append(static_cast<std::size_t>(spaces), ' ');
            column += spaces;
            continue;
        }
        appendUtf8(out, c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    return out;
}

std::optional<bool> isKind(std::string_view method, std::string_view text)
{
    const std::u32string c = toCodePoints(text);
    if (method == "isalpha")
        return allOf(c, isPyAlpha);
    if (method == "isdigit")
        return allOf(c, isPyDigit);
    if (method == "isdecimal")
        return allOf(c, isPyDecimal);
    if (method == "isnumeric")
        return allOf(c, isPyNumeric);
    if (method == "isalnum")
        return allOf(c, [](char32_t x) { return isPyAlpha(x) || isPyNumeric(x); });
    if (method == "isspace")
        return allOf(c, isPySpace);
    if (method == "isascii")
        return isAscii(text);
    if (method == "isprintable")
        return std::all_of(c.begin(), c.end(), isPrintable);
    if (method == "isidentifier")
        return isIdentifier(c);
    if (method == "istitle")
        return isTitled(c);
    if (method == "isupper" || method == "islower") {
        const bool wantUpper = method == "isupper";
        bool any = false;
        for (const char32_t x : c) {
            if (isTitleChar(x) || (wantUpper ? isLowerChar(x) : isUpperChar(x)))
                return false;
            any = any || (wantUpper ? isUpperChar(x) : isLowerChar(x));
        }
        return any;
    }
    return std::nullopt;
}

std::string escapedHtml(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&#34;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string urlQuoted(std::string_view text, bool forQuery)
{
    std::string out;
    for (const char c : text) {
        const bool plain =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '-' || c == '~';
        if (plain || (c == '/' && !forQuery))
            out += c;
        else if (c == ' ' && forQuery)
            out += '+';
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace fettle::text::jinja
