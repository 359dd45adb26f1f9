#include "core/store/idset.h"

#include <sqlite3.h>

namespace fettle::store {

void addId(std::string &set, std::int64_t id)
{
    if (id < 0)
        return;
    const auto place = static_cast<std::size_t>(id / 8);
    if (place >= set.size())
        set.resize(place + 1);
    set[place] = static_cast<char>(static_cast<unsigned char>(set[place]) | 1U << (id % 8));
}

bool hasId(std::string_view set, std::int64_t id)
{
    if (id < 0 || static_cast<std::uint64_t>(id) / 8 >= set.size())
        return false;
    return (static_cast<unsigned char>(set[static_cast<std::size_t>(id / 8)]) >> (id % 8) & 1U) != 0;
}

int registerHasId(sqlite3 *connection)
{
    return sqlite3_create_function(
        connection, "hasId", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, nullptr,
        [](sqlite3_context *context, int, sqlite3_value **values) {
            const auto *bytes = static_cast<const char *>(sqlite3_value_blob(values[0]));
            const std::string_view set(bytes == nullptr ? "" : bytes, static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
            sqlite3_result_int(context, hasId(set, sqlite3_value_int64(values[1])) ? 1 : 0);
        },
        nullptr, nullptr);
}

} // namespace fettle::store
