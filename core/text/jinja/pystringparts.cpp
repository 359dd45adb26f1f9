// Cutting, searching and replacing.
#include "core/text/jinja/pystring.h"

#include "core/base/utf8.h"
#include "core/text/unicode.h"

#include <algorithm>

namespace fettle::text::jinja {
namespace {

bool isLineEnd(char32_t c)
{
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

} // namespace

std::string strip(std::string_view text, Ends ends, std::optional<std::string_view> chars)
{
    const std::u32string set = chars ? toCodePoints(*chars) : std::u32string();
    const auto goes = [&](char32_t c) { return chars ? set.find(c) != std::u32string::npos : isPySpace(c); };
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (static_cast<int>(ends) & 1 && begin < end) {
        std::size_t next = begin;
        if (!goes(nextCodePoint(text, next)))
            break;
        begin = next;
    }
    while (static_cast<int>(ends) & 2 && end > begin) {
        std::size_t last = end - 1;
        while (last > begin && isContinuation(text[last]))
            --last;
        std::size_t at = last;
        if (!goes(nextCodePoint(text, at)))
            break;
        end = last;
    }
    return std::string(text.substr(begin, end - begin));
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, std::int64_t most)
{
    std::vector<std::string> parts;
    if (separator) {
        std::size_t from = 0;
        for (std::size_t at = text.find(*separator);
             at != std::string_view::npos && (most < 0 || static_cast<std::int64_t>(parts.size()) < most);
             at = text.find(*separator, from)) {
            parts.emplace_back(text.substr(from, at - from));
            from = at + separator->size();
        }
        parts.emplace_back(text.substr(from));
        return parts;
    }
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t begin = at;
        if (isPySpace(nextCodePoint(text, at)))
            continue;
        if (most >= 0 && static_cast<std::int64_t>(parts.size()) >= most) {
            parts.emplace_back(text.substr(begin));
            return parts;
        }
        std::size_t end = at;
        while (at < text.size()) {
            end = at;
            if (isPySpace(nextCodePoint(text, at)))
                break;
            end = at;
        }
        parts.emplace_back(text.substr(begin, end - begin));
    }
    return parts;
}

std::vector<std::string> splitFromRight(std::string_view text, std::optional<std::string_view> separator, std::int64_t most)
{
    if (most < 0)
        return split(text, separator, -1);
    std::vector<std::string> parts;
    std::string_view rest = text;
    if (separator) {
        for (std::size_t at = rest.rfind(*separator); at != std::string_view::npos && static_cast<std::int64_t>(parts.size()) < most;
             at = rest.rfind(*separator)) {
            parts.emplace_back(rest.substr(at + separator->size()));
            rest = rest.substr(0, at);
        }
        parts.emplace_back(rest);
    } else {
        std::u32string left = toCodePoints(text);
        const auto dropSpaces = [&] {
            while (!left.empty() && isPySpace(left.back()))
                left.pop_back();
        };
        dropSpaces();
        while (!left.empty() && static_cast<std::int64_t>(parts.size()) < most) {
            std::size_t begin = left.size();
            while (begin > 0 && !isPySpace(left[begin - 1]))
                --begin;
            parts.push_back(fromCodePoints(std::u32string_view(left).substr(begin)));
            left.resize(begin);
            dropSpaces();
        }
        if (!left.empty())
            parts.push_back(fromCodePoints(left));
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
}

std::vector<std::string> splitLines(std::string_view text, bool keepEnds)
{
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = at;
        const char32_t c = nextCodePoint(text, at);
        if (!isLineEnd(c))
            continue;
        if (c == '\r' && at < text.size() && text[at] == '\n')
            ++at;
        lines.emplace_back(text.substr(begin, (keepEnds ? at : end) - begin));
        begin = at;
    }
    if (begin < text.size())
        lines.emplace_back(text.substr(begin));
    return lines;
}

std::string replaced(std::string_view text, std::string_view old, std::string_view by, std::int64_t count)
{
    std::string out;
    std::int64_t done = 0;
    if (old.empty()) { // between all characters
        std::size_t at = 0;
        while (count < 0 || done < count) {
            out += by;
            ++done;
            if (at >= text.size())
                return out;
            const std::size_t begin = at;
            (void)nextCodePoint(text, at);
            out += text.substr(begin, at - begin);
        }
        return out += text.substr(at);
    }
    std::size_t from = 0;
    for (std::size_t at = text.find(old); at != std::string_view::npos && (count < 0 || done < count); at = text.find(old, from), ++done) {
        out += text.substr(from, at - from);
        out += by;
        from = at + old.size();
    }
    return out += text.substr(from);
}

std::string sliced(std::string_view text, std::int64_t begin, std::int64_t end)
{
    if (begin >= end)
        return {};
    if (isAscii(text))
        return std::string(text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    const std::string_view head = firstCodePoints(text, end);
    return std::string(head.substr(firstCodePoints(text, begin).size()));
}

std::int64_t findIn(std::string_view text, std::string_view part, std::int64_t begin, std::int64_t end, bool fromRight)
{
    const std::int64_t length = codePointCount(text);
    if (begin > length)
        return -1;
    const std::string window = sliced(text, begin, end);
    if (begin > end)
        return -1;
    const std::size_t at = fromRight ? window.rfind(part) : window.find(part);
    return at == std::string::npos ? -1 : begin + codePointCount(std::string_view(window).substr(0, at));
}

std::int64_t countIn(std::string_view text, std::string_view part)
{
    if (part.empty())
        return codePointCount(text) + 1;
    std::int64_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
        ++count;
    return count;
}

} // namespace fettle::text::jinja
