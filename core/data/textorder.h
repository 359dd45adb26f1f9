// Puts records into the order of a text of theirs, A to Z in either case alike, as SQLite's NOCASE does. SQLite's own sorter takes several times as
// long, because it decodes its rows anew for each of the twenty comparisons that a row of a million has. Of each text it keeps the beginning; the rest
// is asked for only where beginnings are equal. Knows no database.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

class TextOrder {
public:
    static constexpr std::int64_t kBeginning = 32; // letters of the text, at least, that add() is given; texts hold no NUL
    void add(RecordId id, std::int64_t content, std::string_view beginning);
    // Where texts are equal, in the order of the ids. Nothing is left afterwards. wholeText: of a content.
    using WholeText = std::function<Result<std::string>(std::int64_t content)>;
    [[nodiscard]] Result<std::vector<RecordId>> take(bool isDescending, const WholeText &wholeText);

private:
    struct Entry {
        std::array<char, kBeginning> beginning; // in lower case, filled up with NUL
        RecordId id;
        std::int64_t content;
    };
    [[nodiscard]] static Result<> orderByWhole(std::span<Entry> tied, const WholeText &wholeText);

    std::vector<Entry> m_entries;
};

} // namespace fettle::data
