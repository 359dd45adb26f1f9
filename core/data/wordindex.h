// Which contents hold a word that begins with some letters, read straight from the pages of the full-text index. FTS5 itself merges the places of
// every such word before it answers, which takes seconds where short beginnings meet a million texts; here only the numbers of the texts are read.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fettle::store {
class Database;
}

namespace fettle::data {

// The beginning that a full-text query of one plain word looks for ("\"Ver\"*": ver); nothing for phrases and for what is not ASCII, whose form
// in the index only FTS5 knows.
[[nodiscard]] std::optional<std::string> plainBeginning(std::string_view query);

// A set of ids (core/store/idset.h) of the contents with a word that begins so; nothing where the index is built in a way that is not known here, or
// names a content above `largest`: then FTS5 has to be asked. Inside a transaction of the caller, so that all pages are of one state.
[[nodiscard]] Result<std::optional<std::string>> contentsWithBeginning(const store::Database &database, std::string_view beginning, std::int64_t largest);

} // namespace fettle::data
