// The rules of Unicode 15, section 3.9, in one function (pieceAt); everything else counts and cuts with it.
#include "core/base/utf8.h"

#include <algorithm>
#include <cstring>

namespace fettle {

namespace {

// What starts at a position: bytes that belong together and whether they form a character. An ill-formed part is as long as the bytes that
// could still have begun a character (Unicode 15, 3.9, "maximal subpart").
struct Piece {
    std::size_t length = 1;
    bool isCharacter = false;
    bool isCutShort = false; // well-formed as far as the text goes
    char32_t codePoint = 0xFFFD;
};

Piece pieceAt(std::string_view text, std::size_t position)
{
    const auto byteAt = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byteAt(position);
    if (first < 0x80)
        return {1, true, false, first};
    std::size_t length = 0;
    std::uint8_t low = 0x80, high = 0xBF; // allowed second byte
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        low = first == 0xE0 ? 0xA0 : 0x80;
        high = first == 0xED ? 0x9F : 0xBF;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        low = first == 0xF0 ? 0x90 : 0x80;
        high = first == 0xF4 ? 0x8F : 0xBF;
    } else {
        return {};
    }
    char32_t codePoint = first & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (position + i >= text.size())
            return {i, false, true, 0xFFFD};
        const std::uint8_t next = byteAt(position + i);
        if (next < low || next > high)
            return {i, false, false, 0xFFFD};
        codePoint = codePoint << 6 | (next & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    return {length, true, false, codePoint};
}

// Bytes from position on that are plain ASCII, eight at a time.
std::size_t asciiRun(std::string_view text, std::size_t position)
{
    std::size_t at = position;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, 8);
        if ((word & 0x8080808080808080ull) != 0)
            break;
    }
    while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80)
        ++at;
    return at - position;
}

} // namespace

std::size_t validUtf8Prefix(std::string_view text)
{
    std::size_t at = 0;
    for (;;) {
        at += asciiRun(text, at);
        if (at == text.size())
            return at;
        const Piece piece = pieceAt(text, at);
        if (!piece.isCharacter)
            return at;
        at += piece.length;
    }
}

bool isValidUtf8(std::string_view text)
{
    return validUtf8Prefix(text) == text.size();
}

std::string replaceInvalidUtf8(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t valid = validUtf8Prefix(text);
        result.append(text.substr(0, valid));
        text.remove_prefix(valid);
        if (!text.empty()) {
            result += "\xEF\xBF\xBD";
            text.remove_prefix(pieceAt(text, 0).length);
        }
    }
    return result;
}

std::size_t unfinishedUtf8Tail(std::string_view text)
{
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const Piece piece = pieceAt(text, text.size() - back);
        if (piece.isCutShort && piece.length == back)
            return back;
    }
    return 0;
}

std::int64_t codePointCount(std::string_view text)
{
    std::int64_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t run = asciiRun(text, at);
        at += run;
        count += static_cast<std::int64_t>(run);
        if (at < text.size()) {
            static_cast<void>(nextCodePoint(text, at));
            ++count;
        }
    }
    return count;
}

char32_t nextCodePoint(std::string_view text, std::size_t &position)
{
    const Piece piece = pieceAt(text, position);
    position += piece.isCharacter ? piece.length : 1;
    return piece.codePoint;
}

void appendUtf8(std::string &text, char32_t codePoint)
{
    if (codePoint > 0x10FFFF || (codePoint >= 0xD800 && codePoint <= 0xDFFF))
        codePoint = 0xFFFD;
    const auto put = [&](char32_t bits) { text += static_cast<char>(static_cast<std::uint8_t>(bits)); };
    if (codePoint < 0x80) {
        put(codePoint);
    } else if (codePoint < 0x800) {
        put(0xC0 | codePoint >> 6);
        put(0x80 | (codePoint & 0x3F));
    } else if (codePoint < 0x10000) {
        put(0xE0 | codePoint >> 12);
        put(0x80 | (codePoint >> 6 & 0x3F));
        put(0x80 | (codePoint & 0x3F));
    } else {
        put(0xF0 | codePoint >> 18);
        put(0x80 | (codePoint >> 12 & 0x3F));
        put(0x80 | (codePoint >> 6 & 0x3F));
        put(0x80 | (codePoint & 0x3F));
    }
}

std::u32string toCodePoints(std::string_view text)
{
    std::u32string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();)
        result += nextCodePoint(text, at);
    return result;
}

std::string fromCodePoints(std::u32string_view codePoints)
{
    std::string result;
    result.reserve(codePoints.size());
    for (const char32_t codePoint : codePoints)
        appendUtf8(result, codePoint);
    return result;
}

std::string_view firstCodePoints(std::string_view text, std::int64_t count)
{
    std::size_t at = 0;
    for (; at < text.size() && count > 0; --count)
        static_cast<void>(nextCodePoint(text, at));
    return text.substr(0, at);
}

std::string_view firstBytesAtBorder(std::string_view text, std::size_t bytes)
{
    if (bytes >= text.size())
        return text;
    std::size_t at = bytes;
    // A character is at most four bytes long: more continuation bytes than that are not text, so any border will do.
    for (int back = 0; back < 3 && at > 0 && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80; ++back)
        --at;
    return text.substr(0, at);
}

CodePointMap::CodePointMap(std::string_view text)
    : m_bytes(text.size())
{
    if (asciiRun(text, 0) == text.size()) {
        m_codePoints = static_cast<std::int64_t>(text.size());
        return;
    }
    m_starts.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        m_starts.push_back(at);
        static_cast<void>(nextCodePoint(text, at));
    }
    m_codePoints = static_cast<std::int64_t>(m_starts.size());
}

std::int64_t CodePointMap::toCodePoint(std::size_t byte) const
{
    if (byte >= m_bytes)
        return m_codePoints;
    if (m_starts.empty())
        return static_cast<std::int64_t>(byte);
    return std::upper_bound(m_starts.begin(), m_starts.end(), byte) - m_starts.begin() - 1;
}

std::size_t CodePointMap::toByte(std::int64_t codePoint) const
{
    if (codePoint >= m_codePoints)
        return m_bytes;
    if (codePoint < 0)
        return 0;
    return m_starts.empty() ? static_cast<std::size_t>(codePoint) : m_starts[static_cast<std::size_t>(codePoint)];
}

} // namespace fettle
