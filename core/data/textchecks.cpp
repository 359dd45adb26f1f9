// Checks on single texts, with ICU for the normal form.
#include "core/data/textchecks.h"

#include "core/base/utf8.h"

#include <algorithm>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace fettle::data {

namespace {

bool isSpace(char32_t c)
{
    return c < 0x80 ? (c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f)) : u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
}

// The characters U+0080 to U+00BF as they look when the continuation bytes of UTF-8 are read as Windows-1252.
bool isContinuationLookalike(char32_t c)
{
    if (c >= 0x80 && c <= 0xbf)
        return true;
    constexpr char32_t kSpecial[] = {0x20ac, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x017d,
                                     0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x017e, 0x0178};
    return std::find(std::begin(kSpecial), std::end(kSpecial), c) != std::end(kSpecial);
}

bool isPlainAscii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool isEdge(char32_t c)
{
    if (c < 0x80) // nearly all of most texts; ICU would say the same
        return isSpace(c) || std::string_view("!\"#%&'()*,-./:;?@[\\]_{}").find(static_cast<char>(c)) != std::string_view::npos;
    return isSpace(c) || u_ispunct(static_cast<UChar32>(c)) != 0;
}

} // namespace

bool isBlank(std::string_view utf8)
{
    for (std::size_t i = 0; i < utf8.size();) {
        if (!isSpace(nextCodePoint(utf8, i)))
            return false;
    }
    return true;
}

bool isEmptyPair(const Record &record)
{
    const bool callsTools = std::any_of(record.turns.begin(), record.turns.end(),
                                        [](const Turn &turn) { return turn.role == Role::Assistant && !turn.extraJson.empty(); });
    const bool hasQuestion = !isBlank(instructionOf(record)) || !isBlank(record.context);
    return !hasQuestion || (isBlank(responseOf(record)) && !callsTools);
}

bool hasOddEncoding(std::string_view utf8)
{
    char32_t before = 0;
    char32_t beforeThat = 0;
    for (std::size_t i = 0; i < utf8.size();) {
        const char32_t c = nextCodePoint(utf8, i);
        const bool isControl = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c <= 0x9f && c != 0x85);
        if (isControl || c == 0xfffd || c == 0xfffe || c == 0xffff)
            return true;
        // Two-byte letters begin with C3 or C2 ("Ã¼", "Â°"), punctuation with E2 80 ("â€™"). "Ã" before a letter is Portuguese.
        if (before == 0xc3 && isContinuationLookalike(c))
            return true;
        if (before == 0xc2 && c >= 0xa0 && c <= 0xbf)
            return true;
        if (beforeThat == 0xe2 && (before == 0x20ac || before == 0x80) && isContinuationLookalike(c))
            return true;
        beforeThat = before;
        before = c;
    }
    return false;
}

bool hasOddEncoding(const Record &record)
{
    return hasOddEncoding(std::string_view(record.context))
        || std::any_of(record.turns.begin(), record.turns.end(), [](const Turn &turn) { return hasOddEncoding(std::string_view(turn.text)); });
}

std::string normalForm(std::string_view utf8)
{
    std::string folded;
    if (isPlainAscii(utf8)) {
        folded.reserve(utf8.size());
        for (const char c : utf8)
            folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    } else {
        UErrorCode status = U_ZERO_ERROR;
        const auto *normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
        const auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<int32_t>(std::min<std::size_t>(utf8.size(), INT32_MAX))));
        icu::UnicodeString result;
        if (U_SUCCESS(status))
            normalizer->normalize(text, result, status);
        (U_SUCCESS(status) ? result : text).toUTF8String(folded);
    }
    std::string joined;
    joined.reserve(folded.size());
    std::size_t lastKept = 0;
    bool hasSpace = false;
    for (std::size_t i = 0; i < folded.size();) {
        const std::size_t begin = i;
        const char32_t c = nextCodePoint(folded, i);
        if (isSpace(c)) {
            hasSpace = !joined.empty();
            continue;
        }
        const bool isLetter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (joined.empty() && !isLetter && isEdge(c))
            continue;
        if (hasSpace)
            joined += ' ';
        hasSpace = false;
        joined.append(folded, begin, i - begin);
        if (isLetter || !isEdge(c))
            lastKept = joined.size();
    }
    joined.resize(lastKept);
    return joined.empty() ? folded : joined; // only punctuation: compared as it is
}

} // namespace fettle::data
