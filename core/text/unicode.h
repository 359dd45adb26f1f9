// The classes of characters that tokenizers and templates ask for. Knows ICU (Unicode 15, brought to 16 by a small table) and nothing
// above it. Validity and counting of UTF-8 are in core/base/utf8.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::text {

// Bits of a character's class; one byte for each code point, so that splitting is one table look-up for each character.
enum CharClass : std::uint8_t {
    kLetter = 1, // \p{L}
    kNumber = 2, // \p{N}
    kSpace = 4, // White_Space
    kPunctuation = 8, // \p{P}
    kMark = 16, // \p{M}
    kWord = 32, // \w: Alphabetic, M, Nd, Pc, Join_Control
};

// The table, 0x110000 entries; made once, on first use.
[[nodiscard]] const std::uint8_t *charClasses();

[[nodiscard]] inline bool hasClass(char32_t c, unsigned bits)
{
    return c < 0x110000 && (charClasses()[c] & bits) != 0;
}

struct Decoded {
    char32_t value;
    unsigned length; // bytes
};

// The character at p of valid UTF-8; nothing is checked.
[[nodiscard]] inline Decoded decodeUnchecked(const char *p)
{
    const auto byte = [p](int i) { return static_cast<char32_t>(static_cast<unsigned char>(p[i])); };
    const char32_t first = byte(0);
    if (first < 0x80)
        return {first, 1};
    if (first < 0xE0)
        return {((first & 0x1F) << 6) | (byte(1) & 0x3F), 2};
    if (first < 0xF0)
        return {((first & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F), 3};
    return {((first & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F), 4};
}

[[nodiscard]] inline bool isContinuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}
[[nodiscard]] bool isAscii(std::string_view text);

// Where the last character of a not empty, valid text begins.
[[nodiscard]] std::size_t lastCharacter(std::string_view text);

// \p{P} of Unicode 8 and the ASCII symbols: what the reference's Punctuation splits at.
[[nodiscard]] bool isOldPunctuation(char32_t c);

// Full mapping of one character, without context (as Rust's char::to_lowercase).
[[nodiscard]] std::u32string lowerOf(char32_t c);

} // namespace fettle::text
