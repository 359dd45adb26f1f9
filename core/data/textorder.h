// Puts records into the order of a text of theirs, A to Z in either case alike, as SQLite's NOCASE does. SQLite's own sorter takes several times as
// long, because it decodes its rows anew for each of the twenty comparisons that a row of a million has. Knows no database.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

class TextOrder {
public:
    void add(RecordId id, std::string_view text);
    // Where texts are equal, in the order of the ids. Nothing is left afterwards.
    [[nodiscard]] std::vector<RecordId> take(bool isDescending);

private:
    struct Entry {
        std::uint64_t beginning; // the first eight letters: most pairs differ there
        RecordId id;
        std::uint64_t place;     // of the text in m_texts
        std::uint32_t length;
    };
    [[nodiscard]] bool isBefore(const Entry &one, const Entry &other) const;

    std::string m_texts; // one behind the other, in lower case
    std::vector<Entry> m_entries;
};

} // namespace fettle::data
