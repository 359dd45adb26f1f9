#include "core/base/worddiff.h"

#include <algorithm>
#include <cstdint>

namespace fettle {
namespace {

constexpr std::size_t kMostPairs = std::size_t{1} << 20;

bool isBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::vector<ByteRange> wordsOf(std::string_view text)
{
    std::vector<ByteRange> words;
    for (std::size_t at = 0; at < text.size();) {
        if (isBlank(text[at])) {
            ++at;
            continue;
        }
        const std::size_t begin = at;
        while (at < text.size() && !isBlank(text[at]))
            ++at;
        words.push_back({begin, at});
    }
    return words;
}

// Ranges of the words that are marked, neighbours joined.
std::vector<ByteRange> joined(const std::vector<ByteRange> &words, const std::vector<bool> &isShared)
{
    std::vector<ByteRange> ranges;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (isShared[i])
            continue;
        if (i > 0 && !isShared[i - 1])
            ranges.back().end = words[i].end;
        else
            ranges.push_back(words[i]);
    }
    return ranges;
}

} // namespace

WordDiff diffWords(std::string_view left, std::string_view right)
{
    const std::vector<ByteRange> a = wordsOf(left), b = wordsOf(right);
    std::vector<bool> aShared(a.size(), false), bShared(b.size(), false);
    const auto isSame = [&](std::size_t i, std::size_t j) {
        return left.substr(a[i].begin, a[i].end - a[i].begin) == right.substr(b[j].begin, b[j].end - b[j].begin);
    };
    std::size_t head = 0, aEnd = a.size(), bEnd = b.size();
    for (; head < std::min(aEnd, bEnd) && isSame(head, head); ++head)
        aShared[head] = bShared[head] = true;
    for (; aEnd > head && bEnd > head && isSame(aEnd - 1, bEnd - 1); --aEnd, --bEnd)
        aShared[aEnd - 1] = bShared[bEnd - 1] = true;

    const std::size_t rows = aEnd - head, columns = bEnd - head;
    if (rows > 0 && columns > 0 && rows <= kMostPairs / columns) {
        // longest[i][j]: most words that a from head + i on and b from head + j on have in common
        std::vector<std::uint32_t> longest((rows + 1) * (columns + 1), 0);
        const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t & { return longest[i * (columns + 1) + j]; };
        for (std::size_t i = rows; i-- > 0;) {
            for (std::size_t j = columns; j-- > 0;)
                at(i, j) = isSame(head + i, head + j) ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
        }
        for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
            if (isSame(head + i, head + j)) {
                aShared[head + i++] = true;
                bShared[head + j++] = true;
            } else if (at(i + 1, j) >= at(i, j + 1)) {
                ++i;
            } else {
                ++j;
            }
        }
    }
    return {joined(a, aShared), joined(b, bShared)};
}

} // namespace fettle
