// UTF-8 without tables of characters: validity, counting, borders. People count code points, files count bytes; this is where they meet.
// Functions that take text accept any bytes; those that need valid text say so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle {

// Well-formed as Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool isValidUtf8(std::string_view text);
// Length in bytes of the longest well-formed beginning.
[[nodiscard]] std::size_t validUtf8Prefix(std::string_view text);
// The text with every ill-formed part (maximal subpart, as Python's errors="replace" and Rust's from_utf8_lossy) replaced by U+FFFD.
[[nodiscard]] std::string replaceInvalidUtf8(std::string_view text);
// Number of bytes at the end that begin a character but do not finish it (0 to 3): a stream holds these back.
[[nodiscard]] std::size_t unfinishedUtf8Tail(std::string_view text);

// Number of code points; ill-formed bytes count one each.
[[nodiscard]] std::int64_t codePointCount(std::string_view text);
// One code point at position, which it moves on. Ill-formed: U+FFFD for one byte. position < text.size().
[[nodiscard]] char32_t nextCodePoint(std::string_view text, std::size_t &position);
void appendUtf8(std::string &text, char32_t codePoint);
[[nodiscard]] std::u32string toCodePoints(std::string_view text);
[[nodiscard]] std::string fromCodePoints(std::u32string_view codePoints);

// Cuts without splitting a character.
[[nodiscard]] std::string_view firstCodePoints(std::string_view text, std::int64_t count);
[[nodiscard]] std::string_view firstBytesAtBorder(std::string_view text, std::size_t bytes);

// Byte offsets and code point offsets of one valid text, both ways. Plain ASCII costs nothing; otherwise one byte offset for each code point.
class CodePointMap {
public:
    explicit CodePointMap(std::string_view text);
    [[nodiscard]] std::int64_t codePoints() const { return m_codePoints; }
    // byte in [0, text.size()]; inside a character: that character's number.
    [[nodiscard]] std::int64_t toCodePoint(std::size_t byte) const;
    // codePoint in [0, codePoints()]; larger values give text.size().
    [[nodiscard]] std::size_t toByte(std::int64_t codePoint) const;

private:
    std::vector<std::size_t> m_starts; // empty for ASCII
    std::size_t m_bytes = 0;
    std::int64_t m_codePoints = 0;
};

} // namespace fettle
