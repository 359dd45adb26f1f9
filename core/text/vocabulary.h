// Token texts and their ids, both ways, in two flat tables. Knows nothing of merging.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text {

// Ids above this are refused when a file is read: the tables are indexed by id.
inline constexpr std::int64_t kHighestId = (1 << 22) - 1;

class Vocabulary {
public:
    // id in [0, kHighestId]. A text keeps the id it was given last, an id the text.
    void add(std::string_view text, TokenId id);
    [[nodiscard]] std::optional<TokenId> find(std::string_view text) const;
    // Empty when no token has the id.
    [[nodiscard]] std::string_view textOf(TokenId id) const;
    [[nodiscard]] bool has(TokenId id) const
    {
        return id >= 0 && static_cast<std::size_t>(id) < m_places.size() && m_places[static_cast<std::size_t>(id)].used;
    }
    // The highest id plus one.
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(m_places.size()); }
    void reserve(std::size_t tokens, std::size_t bytes);

private:
    struct Place {
        std::uint32_t begin = 0;
        std::uint32_t length = 0;
        bool used = false;
    };
    struct Slot {
        std::uint32_t hash = 0;
        TokenId id = -1;
    };
    [[nodiscard]] std::size_t slotOf(std::string_view text, std::uint32_t hash) const;
    void grow();

    std::string m_texts;
    std::vector<Place> m_places; // by id
    std::vector<Slot> m_slots; // open addressing; a power of two
    std::size_t m_filled = 0;
};

} // namespace fettle::text
