// Many row numbers as one value of a statement: a bit for each, so that SQL can ask for a million of them in the time of a glance.
// In SQL: hasId(set, number) is 1 where the set holds the number. Every connection knows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;

namespace fettle::store {

// Numbers below 0 are not kept.
void addId(std::string &set, std::int64_t id);
[[nodiscard]] bool hasId(std::string_view set, std::int64_t id);

[[nodiscard]] int registerHasId(sqlite3 *connection); // an SQLite code

} // namespace fettle::store
