// Full-text queries as a condition of SQL: words are looked up once, before the records are gone through.
#pragma once

#include "core/base/result.h"

#include <string>
#include <vector>

namespace fettle::store {
class Database;
}

namespace fettle::data {

struct TextCondition {
    std::string sql;   // on record r; empty: none
    std::string found; // for its one parameter: contents as numbers in JSON, or, where they are many, as a set of ids (core/store/idset.h)
    bool isSet = false;
};

// Texts that match all of the one and none of the other queries, in the language of FTS5.
[[nodiscard]] Result<TextCondition> findTexts(const store::Database &database, const std::vector<std::string> &mustMatch, const std::vector<std::string> &mustNotMatch);

} // namespace fettle::data
