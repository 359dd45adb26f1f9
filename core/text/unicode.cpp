// The table of character classes, made of ICU's data and the ranges that are newer.
#include "core/text/unicode.h"

#include <cstring>
#include <memory>
#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

namespace fettle::text {
namespace {

struct NewRange {
    char32_t first, last;
    std::uint8_t bits;
};
constexpr NewRange kUnicode16[] = {
#include "core/text/unicode16.inc"
};

std::uint8_t bitsOfCategory(UCharCategory category)
{
    switch (category) {
    case U_UPPERCASE_LETTER:
    case U_LOWERCASE_LETTER:
    case U_TITLECASE_LETTER:
    case U_MODIFIER_LETTER:
    case U_OTHER_LETTER: return kLetter;
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_COMBINING_SPACING_MARK: return kMark | kWord;
    case U_DECIMAL_DIGIT_NUMBER: return kNumber | kWord;
    case U_LETTER_NUMBER:
    case U_OTHER_NUMBER: return kNumber;
    case U_CONNECTOR_PUNCTUATION: return kPunctuation | kWord;
    case U_DASH_PUNCTUATION:
    case U_START_PUNCTUATION:
    case U_END_PUNCTUATION:
    case U_INITIAL_PUNCTUATION:
    case U_FINAL_PUNCTUATION:
    case U_OTHER_PUNCTUATION: return kPunctuation;
    default: return 0;
    }
}

UBool U_CALLCONV addRange(const void *context, UChar32 start, UChar32 limit, UCharCategory type)
{
    auto *table = static_cast<std::uint8_t *>(const_cast<void *>(context));
    std::memset(table + start, bitsOfCategory(type), static_cast<std::size_t>(limit - start));
    return true;
}

std::unique_ptr<std::uint8_t[]> makeTable()
{
    auto table = std::make_unique<std::uint8_t[]>(0x110000);
    u_enumCharTypes(addRange, table.get());
    for (UChar32 c = 0; c < 0x33480; ++c) {
        const bool maybeSpace = c < 0x100 || c == 0x1680 || (c >= 0x2000 && c <= 0x205F) || c == 0x3000;
        if (maybeSpace && u_isUWhiteSpace(c))
            table[c] |= kSpace;
        if (!(table[c] & kWord) && u_isUAlphabetic(c))
            table[c] |= kWord;
    }
    table[0x200C] |= kWord; // Join_Control
    table[0x200D] |= kWord;
    for (const NewRange &range : kUnicode16)
        std::memset(table.get() + range.first, range.bits, range.last - range.first + 1);
    return table;
}

} // namespace

const std::uint8_t *charClasses()
{
    static const std::unique_ptr<std::uint8_t[]> table = makeTable();
    return table.get();
}

bool isAscii(std::string_view text)
{
    std::uint64_t seen = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + i, 8);
        seen |= eight;
    }
    for (; i < text.size(); ++i)
        seen |= static_cast<unsigned char>(text[i]);
    return (seen & 0x8080808080808080ULL) == 0;
}

std::size_t lastCharacter(std::string_view text)
{
    std::size_t at = text.size() - 1;
    while (at > 0 && isContinuation(text[at]))
        --at;
    return at;
}

bool isOldPunctuation(char32_t c)
{
    if (c < 0x80)
        return c > 0x20 && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
    if (c == 0x166D || c == 0x111C9) // were punctuation then
        return true;
    if (!hasClass(c, kPunctuation))
        return false;
    UVersionInfo age;
    u_charAge(static_cast<UChar32>(c), age);
    return age[0] != 0 && age[0] <= 8;
}

std::u32string lowerOf(char32_t c)
{
    UChar source[2];
    int32_t length = 0;
    UBool failed = false;
    U16_APPEND(source, length, 2, static_cast<UChar32>(c), failed);
    UChar target[8];
    UErrorCode status = U_ZERO_ERROR;
    const int32_t made = failed ? 0 : u_strToLower(target, 8, source, length, "", &status);
    if (failed || U_FAILURE(status))
        return std::u32string(1, c);
    std::u32string out;
    for (int32_t i = 0; i < made;) {
        UChar32 next = 0;
        U16_NEXT(target, i, made, next);
        out += static_cast<char32_t>(next);
    }
    return out;
}

} // namespace fettle::text
