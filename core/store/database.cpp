// Opening, transactions, and the translation of SQLite's codes into errors that say what to do.
#include "core/store/database.h"
#include "core/base/words.h"
#include "core/store/idset.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sqlite3.h>
#include <system_error>

namespace fettle::store {

namespace fs = std::filesystem;

namespace {

bool isNoSpace(int systemError)
{
    return systemError == ENOSPC || systemError == EDQUOT || systemError == EFBIG;
}

// "file:" form with the characters escaped that an SQLite URI gives a meaning to.
std::string immutableUri(const fs::path &file)
{
    std::string uri = "file:";
    for (const char c : file.string()) {
        if (c == '%' || c == '?' || c == '#')
            uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
        else
            uri += c;
    }
    return uri + "?immutable=1";
}

int configure(sqlite3 *connection, OpenMode mode)
{
    sqlite3_extended_result_codes(connection, 1);
    // Writers of one process take turns: a run waits for an import of a million rows rather than to fail. Readers never wait for writers.
    sqlite3_busy_timeout(connection, mode == OpenMode::ReadOnly ? 5'000 : 300'000);
    // A project may come from anywhere: its schema must not be able to call functions or to write to SQLite's own tables.
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
    if (const int code = registerHasId(connection); code != SQLITE_OK)
        return code;
    std::string pragmas = "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768;";
    if (mode != OpenMode::ReadOnly)
        pragmas += "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;";
    // The first real access: here a file that is no database is noticed.
    pragmas += "PRAGMA user_version;";
    return sqlite3_exec(connection, pragmas.c_str(), nullptr, nullptr, nullptr);
}

int openConnection(const fs::path &file, OpenMode mode, sqlite3 **connection)
{
    if (mode != OpenMode::ReadOnly) {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == OpenMode::Create ? SQLITE_OPEN_CREATE : 0);
        const int code = sqlite3_open_v2(file.c_str(), connection, flags, nullptr);
        return code == SQLITE_OK ? configure(*connection, mode) : code;
    }
    int code = sqlite3_open_v2(file.c_str(), connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code == SQLITE_OK)
        code = configure(*connection, mode);
    if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY)
        return code;
    // On a medium that cannot be written, the files beside a write-ahead log cannot be made; then nobody else can write either.
    sqlite3_close_v2(*connection);
    *connection = nullptr;
    code = sqlite3_open_v2(immutableUri(file).c_str(), connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nullptr);
    return code == SQLITE_OK ? configure(*connection, mode) : code;
}

} // namespace

Error databaseError(sqlite3 *connection, int code, std::string_view doing, const fs::path &place)
{
    // SQLite does not always keep the system's code (it loses EFBIG of a write to the log); errno still has it.
    const int lastError = errno;
    const int kept = connection != nullptr ? sqlite3_system_errno(connection) : 0;
    const int systemError = kept != 0 ? kept : lastError;
    std::string detail = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    detail += tr(" (SQLite {})", code);
    const int primary = code & 0xff;
    const auto cannot = [&](std::string_view why) { return tr("Cannot {} {}: {}.", doing, place.string(), why); };
    if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && isNoSpace(systemError)))
        return {ErrorCode::DiskFull, cannot(tr("the disk is full")), tr("Free some space and try again. Everything saved before is still there."), detail};
    switch (primary) {
    case SQLITE_NOTADB:
        return {ErrorCode::BadInput, tr("{} is not a project database.", place.string()),
                tr("Choose the folder of a project, or restore this one from a copy."), detail};
    case SQLITE_CORRUPT:
        return {ErrorCode::BadInput, tr("{} is damaged.", place.string()), tr("Restore the project folder from a copy."), detail};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        return {ErrorCode::NoPermission, cannot(tr("it may only be read")), tr("Check who may write to this folder, or copy the project elsewhere."), detail};
    case SQLITE_CANTOPEN:
        if (systemError == EACCES || systemError == EPERM || systemError == EROFS)
            return {ErrorCode::NoPermission, cannot(tr("access was refused")), tr("Check who may read and write this folder."), detail};
        return {ErrorCode::NotFound, cannot(tr("it cannot be opened")), tr("Check that the folder exists and is a project."), detail};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {ErrorCode::NoPermission, cannot(tr("another program is using it")), tr("Close the other program and try again."), detail};
    case SQLITE_INTERRUPT:
        return {ErrorCode::Cancelled, tr("It was cancelled."), {}, detail};
    case SQLITE_NOMEM:
        return {ErrorCode::OutOfMemory, cannot(tr("memory ran out")), tr("Close other programs and try again."), detail};
    case SQLITE_TOOBIG:
        return {ErrorCode::BadInput, cannot(tr("a text is longer than 1 GB")), tr("Split the text into several records."), detail};
    case SQLITE_IOERR:
        if (systemError == EACCES || systemError == EPERM || systemError == EROFS)
            return {ErrorCode::NoPermission, cannot(tr("access was refused")), tr("Check who may read and write this folder."), detail};
        detail += fmt::format("; {}", std::generic_category().message(systemError));
        return {ErrorCode::BadInput, cannot(tr("the disk reported an error")), tr("Check the disk and its connection; copy the project to another one."), detail};
    default:
        return {ErrorCode::Internal, cannot(tr("the database refused")), tr("Report this together with the details."), detail};
    }
}

Database::Database(sqlite3 *connection, fs::path file, OpenMode mode) : m_connection(connection), m_file(std::move(file)), m_mode(mode) { }

Database::~Database()
{
    for (auto &[sql, statements] : m_idle) {
        for (sqlite3_stmt *statement : statements)
            sqlite3_finalize(statement);
    }
    sqlite3_close_v2(m_connection);
}

Result<std::unique_ptr<Database>> Database::open(const fs::path &file, OpenMode mode)
{
    std::error_code ignored;
    const auto status = fs::status(file, ignored);
    if (mode != OpenMode::Create && status.type() == fs::file_type::not_found)
        return fail(ErrorCode::NotFound, tr("{} does not exist.", file.string()), tr("Check the path of the project folder."));
    if (fs::exists(status) && !fs::is_regular_file(status))
        return fail(ErrorCode::BadInput, tr("{} is not a file.", file.string()), tr("Choose the folder of a project."));
    sqlite3 *connection = nullptr;
    errno = 0;
    const int code = openConnection(file, mode, &connection);
    if (code != SQLITE_OK) {
        Error error = databaseError(connection, code, "open", file);
        sqlite3_close_v2(connection);
        return tl::unexpected(std::move(error));
    }
    return std::unique_ptr<Database>(new Database(connection, file, mode));
}

Error Database::error(int code, std::string_view doing) const
{
    return databaseError(m_connection, code, doing, m_file);
}

Result<Statement> Database::prepare(std::string_view sql) const
{
    std::string key(sql);
    if (const auto found = m_idle.find(key); found != m_idle.end() && !found->second.empty()) {
        sqlite3_stmt *handle = found->second.back();
        found->second.pop_back();
        return Statement(this, handle, std::move(key));
    }
    sqlite3_stmt *handle = nullptr;
    const int code = sqlite3_prepare_v3(m_connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected(error(code, "read"));
    return Statement(this, handle, std::move(key));
}

Result<> Database::execute(std::string_view sql) const
{
    errno = 0;
    const int code = sqlite3_exec(m_connection, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return tl::unexpected(error(code, isReadOnly() ? "read" : "write"));
    return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) const
{
    auto statement = prepare(sql);
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->step();
    if (!hasRow)
        return passError(hasRow);
    return *hasRow ? statement->integer(0) : 0;
}

std::int64_t Database::lastInsertId() const
{
    return sqlite3_last_insert_rowid(m_connection);
}

std::int64_t Database::changedRows() const
{
    return sqlite3_changes64(m_connection);
}

std::int64_t Database::totalChanges() const
{
    return sqlite3_total_changes64(m_connection);
}

bool Database::isInTransaction() const
{
    return sqlite3_get_autocommit(m_connection) == 0;
}

bool Database::isInPlace() const
{
    int hasMoved = 0;
    return sqlite3_file_control(m_connection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved) != SQLITE_OK || hasMoved == 0;
}

Result<> Database::checkIntegrity() const
{
    auto statement = prepare("PRAGMA quick_check(1)");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->step();
    if (!hasRow)
        return passError(hasRow);
    if (!*hasRow || statement->view(0) == "ok")
        return {};
    return fail(ErrorCode::BadInput, tr("{} is damaged.", m_file.string()), tr("Restore the project folder from a copy."), statement->text(0));
}

Interruption::Interruption(const Database &database, std::stop_token stop) : m_database(database), m_stop(std::move(stop))
{
    constexpr int kOperations = 10'000; // of SQLite's machine between two looks: about a millisecond
    const auto isStopped = [](void *token) { return static_cast<const std::stop_token *>(token)->stop_requested() ? 1 : 0; };
    if (m_stop.stop_possible())
        sqlite3_progress_handler(database.m_connection, kOperations, isStopped, &m_stop);
}

Interruption::~Interruption()
{
    sqlite3_progress_handler(m_database.m_connection, 0, nullptr, nullptr);
}

Result<Transaction> Transaction::begin(const Database &database, TransactionKind kind)
{
    if (const auto begun = database.execute(kind == TransactionKind::Write ? "BEGIN IMMEDIATE" : "BEGIN"); !begun)
        return passError(begun);
    return Transaction(&database);
}

Transaction::Transaction(Transaction &&other) noexcept : m_database(std::exchange(other.m_database, nullptr)) { }

Transaction::~Transaction()
{
    // A full disk may have rolled back already; then there is nothing left to undo.
    if (m_database != nullptr && m_database->isInTransaction())
        (void)m_database->execute("ROLLBACK");
}

Result<> Transaction::commit()
{
    if (auto committed = m_database->execute("COMMIT"); !committed)
        return committed;
    m_database = nullptr;
    return {};
}

} // namespace fettle::store
