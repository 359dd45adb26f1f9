// Each rule finds the end of the piece that begins at a given place, alternative by alternative as its expression lists them.
#include "core/text/splitter.h"

#include "core/text/unicode.h"

namespace fettle::text {
namespace {

constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt2Short = R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kOneDigit =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kThreeDigits =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr unsigned kLns = kLetter | kNumber | kSpace;

struct Scanner {
    const char *end;
    const std::uint8_t *classes;

    // The class bits of the character at p, its length in bytes.
    unsigned classAt(const char *p, unsigned &length) const
    {
        const auto byte = static_cast<unsigned char>(*p);
        if (byte < 0x80) {
            length = 1;
            return classes[byte];
        }
        const Decoded c = decodeUnchecked(p);
        length = c.length;
        return classes[c.value];
    }

    const char *skip(const char *p, unsigned bits) const
    {
        unsigned length = 0;
        while (p < end && (classAt(p, length) & bits))
            p += length;
        return p;
    }

    // Symbols: neither space, letter nor number.
    const char *skipSymbols(const char *p) const
    {
        unsigned length = 0;
        while (p < end && !(classAt(p, length) & kLns))
            p += length;
        return p;
    }
};

// \s+(?!\S)|\s+ at a space: all of a run at the end of the text, else all but its last character, else that one character.
const char *endOfSpaces(const Scanner &scan, const char *p)
{
    const char *last = p; // the last character of the run
    const char *at = p;
    unsigned length = 0;
    while (at < scan.end && (scan.classAt(at, length) & kSpace)) {
        last = at;
        at += length;
    }
    return at == scan.end || last == p ? at : last;
}

// The length of 's 't 're 've 'm 'll 'd at p (which holds an apostrophe), 0 when there is none.
template <bool IgnoreCase> std::size_t contraction(const char *p, const char *end)
{
    const auto at = [&](int i) -> int {
        if (p + i >= end)
            return 0;
        const char c = p[i];
        return IgnoreCase && c >= 'A' && c <= 'Z' ? c + 32 : c;
    };
    const int first = at(1);
    const int second = at(2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
        return 3;
    if (IgnoreCase && end - p >= 3 && p[1] == '\xC5' && p[2] == '\xBF') // the long s folds to s
        return 3;
    return 0;
}

const char *nextGpt2(const Scanner &scan, const char *p)
{
    if (*p == '\'')
        if (const std::size_t length = contraction<false>(p, scan.end))
            return p + length;
    unsigned length = 0;
    unsigned cls = scan.classAt(p, length);
    if (cls & kSpace) {
        if (*p != ' ' || p + 1 == scan.end)
            return endOfSpaces(scan, p);
        cls = scan.classAt(p + 1, length);
        if (cls & kSpace)
            return endOfSpaces(scan, p);
        ++p;
    }
    p += length;
    if (cls & kLetter)
        return scan.skip(p, kLetter);
    if (cls & kNumber)
        return scan.skip(p, kNumber);
    return scan.skipSymbols(p);
}

const char *skipLineEnds(const char *p, const char *end)
{
    while (p < end && (*p == '\r' || *p == '\n'))
        ++p;
    return p;
}

template <int MaxDigits> const char *nextCl100k(const Scanner &scan, const char *p)
{
    if (*p == '\'')
        if (const std::size_t length = contraction<true>(p, scan.end))
            return p + length;
    unsigned length = 0;
    const unsigned cls = scan.classAt(p, length);
    if (cls & kLetter)
        return scan.skip(p + length, kLetter);
    if (cls & kNumber) {
        p += length;
        for (int digits = 1; digits < MaxDigits && p < scan.end && (scan.classAt(p, length) & kNumber); ++digits)
            p += length;
        return p;
    }
    // One character that is no line end may stand before a word.
    unsigned nextLength = 0;
    const bool hasNext = p + length < scan.end;
    const unsigned next = hasNext ? scan.classAt(p + length, nextLength) : 0U;
    if (*p != '\r' && *p != '\n' && (next & kLetter))
        return scan.skip(p + length + nextLength, kLetter);
    if (!(cls & kSpace))
        return skipLineEnds(scan.skipSymbols(p + length), scan.end);
    if (*p == ' ' && hasNext && !(next & kLns))
        return skipLineEnds(scan.skipSymbols(p + length + nextLength), scan.end);
    // \s*[\r\n]+: up to the last line end of the run of spaces.
    const char *lineEnd = nullptr;
    for (const char *at = p; at < scan.end && (scan.classAt(at, length) & kSpace); at += length)
        if (*at == '\r' || *at == '\n')
            lineEnd = at + 1;
    return lineEnd ? lineEnd : endOfSpaces(scan, p);
}

template <class Next> void splitWith(Next next, std::string_view text, Range range, std::vector<Range> &out)
{
    const Scanner scan{text.data() + range.end, charClasses()};
    const char *p = text.data() + range.begin;
    while (p < scan.end) {
        const char *end = next(scan, p);
        out.push_back({static_cast<std::uint32_t>(p - text.data()), static_cast<std::uint32_t>(end - text.data())});
        p = end;
    }
}

} // namespace

std::string_view patternOf(KnownSplit split)
{
    switch (split) {
    case KnownSplit::Gpt2: return kGpt2;
    case KnownSplit::OneDigit: return kOneDigit;
    case KnownSplit::ThreeDigits: return kThreeDigits;
    }
    return {};
}

std::optional<KnownSplit> knownSplit(std::string_view pattern)
{
    if (pattern == kGpt2 || pattern == kGpt2Short)
        return KnownSplit::Gpt2;
    if (pattern == kOneDigit)
        return KnownSplit::OneDigit;
    if (pattern == kThreeDigits)
        return KnownSplit::ThreeDigits;
    return std::nullopt;
}

void splitKnown(KnownSplit split, std::string_view text, Range range, std::vector<Range> &out)
{
    switch (split) {
    case KnownSplit::Gpt2: splitWith([](const Scanner &s, const char *p) { return nextGpt2(s, p); }, text, range, out); break;
    case KnownSplit::OneDigit: splitWith([](const Scanner &s, const char *p) { return nextCl100k<1>(s, p); }, text, range, out); break;
    case KnownSplit::ThreeDigits: splitWith([](const Scanner &s, const char *p) { return nextCl100k<3>(s, p); }, text, range, out); break;
    }
}

} // namespace fettle::text
