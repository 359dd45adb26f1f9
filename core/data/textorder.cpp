#include "core/data/textorder.h"

#include <algorithm>

namespace fettle::data {

void TextOrder::add(RecordId id, std::string_view text)
{
    Entry entry{0, id, m_texts.size(), static_cast<std::uint32_t>(text.size())};
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
        m_texts += c;
        if (i < sizeof entry.beginning)
            entry.beginning |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << (56 - 8 * i);
    }
    m_entries.push_back(entry);
}

bool TextOrder::isBefore(const Entry &one, const Entry &other) const
{
    if (one.beginning != other.beginning)
        return one.beginning < other.beginning;
    const int order = std::string_view(m_texts).substr(one.place, one.length).compare(std::string_view(m_texts).substr(other.place, other.length));
    return order != 0 ? order < 0 : one.id < other.id;
}

std::vector<RecordId> TextOrder::take(bool isDescending)
{
    std::ranges::sort(m_entries, [&](const Entry &one, const Entry &other) { return isDescending ? isBefore(other, one) : isBefore(one, other); });
    std::vector<RecordId> ids;
    ids.reserve(m_entries.size());
    for (const Entry &entry : m_entries)
        ids.push_back(entry.id);
    *this = {};
    return ids;
}

} // namespace fettle::data
