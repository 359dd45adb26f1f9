// Binding, stepping and reading columns of prepared statements.
#include "core/base/words.h"
#include "core/store/database.h"

#include <cerrno>
#include <sqlite3.h>

namespace fettle::store {

Statement::Statement(const Database *database, sqlite3_stmt *handle, std::string key)
    : m_database(database), m_handle(handle), m_key(std::move(key))
{
}

Statement::Statement(Statement &&other) noexcept
    : m_database(other.m_database), m_handle(std::exchange(other.m_handle, nullptr)), m_key(std::move(other.m_key)),
      m_bound(other.m_bound), m_bindError(other.m_bindError)
{
}

Statement::~Statement()
{
    if (m_handle == nullptr)
        return;
    sqlite3_reset(m_handle);
    sqlite3_clear_bindings(m_handle);
    m_database->m_idle[m_key].push_back(m_handle);
}

Statement &Statement::bind(std::int64_t value)
{
    if (const int code = sqlite3_bind_int64(m_handle, ++m_bound, value); code != SQLITE_OK)
        m_bindError = code;
    return *this;
}

Statement &Statement::bind(double value)
{
    if (const int code = sqlite3_bind_double(m_handle, ++m_bound, value); code != SQLITE_OK)
        m_bindError = code;
    return *this;
}

Statement &Statement::bind(std::string_view text)
{
    // An empty view may carry a null pointer, which SQLite would store as NULL.
    const char *data = text.data() == nullptr ? "" : text.data();
    if (const int code = sqlite3_bind_text64(m_handle, ++m_bound, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8); code != SQLITE_OK)
        m_bindError = code;
    return *this;
}

Statement &Statement::bind(std::optional<std::int64_t> value)
{
    return value ? bind(*value) : bindNull();
}

Statement &Statement::bind(std::optional<double> value)
{
    return value ? bind(*value) : bindNull();
}

Statement &Statement::bindNull()
{
    if (const int code = sqlite3_bind_null(m_handle, ++m_bound); code != SQLITE_OK)
        m_bindError = code;
    return *this;
}

Statement &Statement::bindBytes(std::string_view bytes)
{
    const char *data = bytes.data() == nullptr ? "" : bytes.data();
    if (const int code = sqlite3_bind_blob64(m_handle, ++m_bound, data, bytes.size(), SQLITE_TRANSIENT); code != SQLITE_OK)
        m_bindError = code;
    return *this;
}

Result<bool> Statement::step()
{
    if (m_bindError != 0)
        return tl::unexpected(m_database->error(m_bindError, tr("store a value")));
    errno = 0; // databaseError reads it
    const int code = sqlite3_step(m_handle);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    return tl::unexpected(m_database->error(code, m_database->isReadOnly() ? "read" : tr("read or write")));
}

Result<> Statement::run()
{
    for (;;) {
        const auto hasRow = step();
        if (!hasRow) {
            reset();
            return passError(hasRow);
        }
        if (!*hasRow)
            break;
    }
    reset();
    return {};
}

void Statement::reset()
{
    sqlite3_reset(m_handle);
    m_bound = 0;
    m_bindError = 0;
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_handle, column);
}

double Statement::real(int column) const
{
    return sqlite3_column_double(m_handle, column);
}

std::string Statement::text(int column) const
{
    return std::string(view(column));
}

std::string_view Statement::view(int column) const
{
    const bool isBlob = sqlite3_column_type(m_handle, column) == SQLITE_BLOB; // as text it would be copied once more
    const auto *data = static_cast<const char *>(isBlob ? sqlite3_column_blob(m_handle, column) : static_cast<const void *>(sqlite3_column_text(m_handle, column)));
    if (data == nullptr)
        return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_handle, column))};
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_handle, column) == SQLITE_NULL;
}

std::optional<std::int64_t> Statement::optionalInteger(int column) const
{
    return isNull(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<double> Statement::optionalReal(int column) const
{
    return isNull(column) ? std::nullopt : std::optional(real(column));
}

} // namespace fettle::store
