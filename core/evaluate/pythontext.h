// Characters as Python's str sees them, because the reference packages of the text measures are written in Python. Internal header.
#pragma once

#include "core/text/unicode.h"

#include <string>
#include <string_view>
#include <vector>

namespace fettle::evaluate {

// str.isspace: White_Space and the four ASCII separators.
[[nodiscard]] inline bool isPythonSpace(char32_t c)
{
    return text::hasClass(c, text::kSpace) || (c >= 0x1C && c <= 0x1F);
}

[[nodiscard]] inline bool isAsciiPunctuation(char32_t c) // string.punctuation
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

[[nodiscard]] inline bool isDigit(char32_t c) { return c >= '0' && c <= '9'; }

// str.lower(), but for the Greek sigma at the end of a word, which is written as inside words.
[[nodiscard]] inline std::u32string lowered(std::u32string_view text)
{
    std::u32string lower;
    lower.reserve(text.size());
    for (const char32_t c : text) {
        if (c < 0x80)
            lower += c >= 'A' && c <= 'Z' ? c + 32 : c;
        else
            lower += c == 0x3C2 ? std::u32string(1, 0x3C3) : text::lowerOf(c);
    }
    return lower;
}

// str.split()
[[nodiscard]] inline std::vector<std::u32string> splitAtSpaces(std::u32string_view text)
{
    std::vector<std::u32string> words;
    bool isInside = false;
    for (const char32_t c : text) {
        if (isPythonSpace(c)) {
            isInside = false;
            continue;
        }
        if (!isInside)
            words.emplace_back();
        isInside = true;
        words.back() += c;
    }
    return words;
}

} // namespace fettle::evaluate
