#include "core/data/textorder.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace fettle::data {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

void TextOrder::add(RecordId id, std::int64_t content, std::string_view beginning)
{
    Entry entry{{}, id, content};
    const std::string_view kept = beginning.substr(0, entry.beginning.size());
    std::ranges::transform(kept, entry.beginning.begin(), lower);
    m_entries.push_back(entry);
}

// Equal texts are kept once: a hundred thousand records with one instruction cost no more than their places.
Result<> TextOrder::orderByWhole(std::span<Entry> tied, const WholeText &wholeText)
{
    struct Whole { const std::string *text; Entry entry; };
    std::unordered_set<std::string> texts;
    std::vector<Whole> wholes;
    wholes.reserve(tied.size());
    for (const Entry &entry : tied) {
        auto text = wholeText(entry.content);
        if (!text)
            return passError(text);
        std::ranges::transform(*text, text->begin(), lower);
        wholes.push_back({&*texts.insert(std::move(*text)).first, entry});
    }
    std::ranges::sort(wholes, [](const Whole &one, const Whole &other) {
        const int order = one.text == other.text ? 0 : one.text->compare(*other.text);
        return order != 0 ? order < 0 : one.entry.id < other.entry.id;
    });
    std::ranges::transform(wholes, tied.begin(), &Whole::entry);
    return {};
}

Result<std::vector<RecordId>> TextOrder::take(bool isDescending, const WholeText &wholeText)
{
    const auto compared = [](const Entry &one, const Entry &other) { return std::memcmp(one.beginning.data(), other.beginning.data(), one.beginning.size()); };
    std::ranges::sort(m_entries, [&](const Entry &one, const Entry &other) {
        const int order = compared(one, other);
        return order != 0 ? order < 0 : one.id < other.id;
    });
    for (auto begin = m_entries.begin(), end = begin; begin != m_entries.end(); begin = end) {
        end = std::find_if(begin + 1, m_entries.end(), [&](const Entry &entry) { return compared(*begin, entry) != 0; });
        const bool mayGoOn = begin->beginning.back() != '\0';
        if (!mayGoOn || end - begin == 1)
            continue;
        if (auto done = orderByWhole({begin, end}, wholeText); !done)
            return passError(done);
    }
    if (isDescending)
        std::ranges::reverse(m_entries);
    std::vector<RecordId> ids;
    ids.reserve(m_entries.size());
    std::ranges::transform(m_entries, std::back_inserter(ids), &Entry::id);
    m_entries = {};
    return ids;
}

} // namespace fettle::data
