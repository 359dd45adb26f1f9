// Changes keep, for every byte, the bytes of the original text that it came from.
#include "core/text/alignedtext.h"

#include "core/base/utf8.h"
#include "core/text/unicode.h"

namespace fettle::text {

AlignedText &AlignedText::operator=(AlignedText &&other) noexcept
{
    m_begin = other.m_begin;
    m_changed = other.m_changed;
    m_text = std::move(other.m_text);
    m_origins = std::move(other.m_origins);
    m_view = m_changed ? std::string_view(m_text) : other.m_view;
    return *this;
}

Range AlignedText::originOf(Range range) const
{
    if (m_changed)
        return {m_origins[range.begin].begin, m_origins[range.end - 1].end};
    while (range.begin > 0 && isContinuation(m_view[range.begin]))
        --range.begin;
    while (range.end < m_view.size() && isContinuation(m_view[range.end]))
        ++range.end;
    return {m_begin + range.begin, m_begin + range.end};
}

AlignedText AlignedText::slice(Range range) const
{
    AlignedText part(m_view.substr(range.begin, range.size()), m_begin + range.begin);
    if (m_changed) {
        part.take(m_text.substr(range.begin, range.size()), {m_origins.begin() + range.begin, m_origins.begin() + range.end});
        part.m_begin = range.size() > 0 ? m_origins[range.begin].begin : m_begin;
    }
    return part;
}

void AlignedText::take(std::string text, std::vector<Range> origins)
{
    m_text = std::move(text);
    m_origins = std::move(origins);
    m_view = m_text;
    m_changed = true;
}

void AlignedText::materialise()
{
    if (m_changed)
        return;
    std::vector<Range> origins;
    origins.reserve(m_view.size());
    for (std::uint32_t i = 0; i < m_view.size();) {
        const unsigned length = decodeUnchecked(m_view.data() + i).length;
        origins.insert(origins.end(), length, Range{m_begin + i, m_begin + i + length});
        i += length;
    }
    take(std::string(m_view), std::move(origins));
}

void AlignedText::applyAll(const std::vector<Edit> &edits, std::size_t removedFirst)
{
    apply({0, static_cast<std::uint32_t>(m_view.size())}, edits, removedFirst);
}

void AlignedText::apply(Range range, const std::vector<Edit> &edits, std::size_t removedFirst)
{
    materialise();
    std::uint32_t at = range.begin;
    const auto skipCharacter = [&] {
        if (at < range.end)
            at += decodeUnchecked(m_text.data() + at).length;
    };
    for (std::size_t i = 0; i < removedFirst; ++i)
        skipCharacter();

    const Range start{m_begin, m_begin};
    std::string text;
    std::vector<Range> origins;
    for (const Edit &edit : edits) {
        Range origin = start;
        if (edit.change > 0)
            origin = at > 0 ? m_origins[at - 1] : start;
        else if (at < m_origins.size())
            origin = m_origins[at];
        const std::size_t before = text.size();
        appendUtf8(text, edit.value);
        origins.insert(origins.end(), text.size() - before, origin);
        if (edit.change <= 0) {
            for (int i = 0; i <= -edit.change; ++i)
                skipCharacter();
        }
    }
    if (range.begin == 0 && range.end == m_text.size()) {
        take(std::move(text), std::move(origins));
        return;
    }
    m_text.replace(range.begin, range.size(), text);
    m_origins.erase(m_origins.begin() + range.begin, m_origins.begin() + range.end);
    m_origins.insert(m_origins.begin() + range.begin, origins.begin(), origins.end());
    m_view = m_text;
}

void AlignedText::replaceAll(const std::vector<Range> &ranges, std::string_view content)
{
    if (ranges.empty())
        return;
    materialise();
    std::string text;
    std::vector<Range> origins;
    text.reserve(m_text.size() + ranges.size() * content.size());
    origins.reserve(text.capacity());
    std::uint32_t from = 0;
    const auto keepUntil = [&](std::uint32_t to) {
        text.append(m_text, from, to - from);
        origins.insert(origins.end(), m_origins.begin() + from, m_origins.begin() + to);
    };
    for (const Range &range : ranges) {
        keepUntil(range.begin);
        text.append(content);
        origins.insert(origins.end(), content.size(), range.end > 0 ? m_origins[range.end - 1] : Range{m_begin, m_begin});
        from = range.end;
    }
    keepUntil(static_cast<std::uint32_t>(m_text.size()));
    take(std::move(text), std::move(origins));
}

std::vector<Range> AlignedText::prependTo(const std::vector<Range> &ranges, const std::vector<bool> &chosen, std::string_view content)
{
    materialise();
    std::string text;
    std::vector<Range> origins;
    std::vector<Range> moved;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const Range &range = ranges[i];
        const auto begin = static_cast<std::uint32_t>(text.size());
        if (chosen[i]) {
            text.append(content);
            origins.insert(origins.end(), content.size(), m_origins[range.begin]);
        }
        text.append(m_text, range.begin, range.size());
        origins.insert(origins.end(), m_origins.begin() + range.begin, m_origins.begin() + range.end);
        moved.push_back({begin, static_cast<std::uint32_t>(text.size())});
    }
    take(std::move(text), std::move(origins));
    return moved;
}

} // namespace fettle::text
