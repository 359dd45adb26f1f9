// Two flat tables: places of texts by id, ids by hash of the text.
#include "core/text/vocabulary.h"

#include <functional>

namespace fettle::text {
namespace {

std::uint32_t hashOf(std::string_view text)
{
    const std::uint64_t hash = std::hash<std::string_view>{}(text);
    return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

} // namespace

void Vocabulary::reserve(std::size_t tokens, std::size_t bytes)
{
    m_places.reserve(tokens);
    m_texts.reserve(bytes);
    while (m_slots.size() < tokens * 2)
        grow();
}

std::size_t Vocabulary::slotOf(std::string_view text, std::uint32_t hash) const
{
    const std::size_t mask = m_slots.size() - 1;
    std::size_t at = hash & mask;
    while (m_slots[at].id >= 0 && (m_slots[at].hash != hash || textOf(m_slots[at].id) != text))
        at = (at + 1) & mask;
    return at;
}

void Vocabulary::grow()
{
    std::vector<Slot> old(m_slots.empty() ? 1024 : m_slots.size() * 2);
    old.swap(m_slots);
    const std::size_t mask = m_slots.size() - 1;
    for (const Slot &slot : old) {
        if (slot.id < 0)
            continue;
        std::size_t at = slot.hash & mask;
        while (m_slots[at].id >= 0)
            at = (at + 1) & mask;
        m_slots[at] = slot;
    }
}

void Vocabulary::add(std::string_view text, TokenId id)
{
    if ((m_filled + 1) * 2 > m_slots.size())
        grow();
    const auto index = static_cast<std::size_t>(id);
    if (index >= m_places.size())
        m_places.resize(index + 1);
    const std::uint32_t hash = hashOf(text);
    const std::size_t slot = slotOf(text, hash);
    if (m_slots[slot].id < 0)
        ++m_filled;
    m_places[index] = {static_cast<std::uint32_t>(m_texts.size()), static_cast<std::uint32_t>(text.size()), true};
    m_texts.append(text);
    m_slots[slot] = {hash, id};
}

std::optional<TokenId> Vocabulary::find(std::string_view text) const
{
    if (m_slots.empty())
        return std::nullopt;
    const Slot &slot = m_slots[slotOf(text, hashOf(text))];
    return slot.id < 0 ? std::nullopt : std::optional(slot.id);
}

std::string_view Vocabulary::textOf(TokenId id) const
{
    if (!has(id))
        return {};
    const Place &place = m_places[static_cast<std::size_t>(id)];
    return std::string_view(m_texts).substr(place.begin, place.length);
}

} // namespace fettle::text
