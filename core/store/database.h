// A thin owner of SQLite connections and statements: values in, Result out, errors in the words of people. Knows no table.
// A connection belongs to one thread at a time.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace fettle::store {

enum class OpenMode { ReadOnly, ReadWrite, Create };

// What an SQLite result code means to a person; call it right after the failure (it looks at errno). place: the file, for the message.
[[nodiscard]] Error databaseError(sqlite3 *connection, int code, std::string_view doing, const std::filesystem::path &place);

class Database;

// A prepared statement that is lent by its connection's cache and given back, reset, when this object ends.
class Statement {
public:
    Statement(Statement &&other) noexcept;
    Statement &operator=(Statement &&) = delete;
    ~Statement();

    // Parameters are numbered from 1 in the order of binding calls.
    Statement &bind(std::int64_t value);
    Statement &bind(int value) { return bind(static_cast<std::int64_t>(value)); }
    Statement &bind(double value);
    Statement &bind(std::string_view text); // copied; any bytes, NUL included
    Statement &bind(const std::string &text) { return bind(std::string_view(text)); }
    Statement &bind(const char *text) { return bind(std::string_view(text)); }
    Statement &bind(std::optional<std::int64_t> value);
    Statement &bind(std::optional<double> value);
    Statement &bindNull();
    Statement &bindBytes(std::string_view bytes); // a blob; copied

    // True while there is a row. Errors: as databaseError.
    [[nodiscard]] Result<bool> step();
    // Runs to the end and is ready for new parameters.
    [[nodiscard]] Result<> run();
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::string_view view(int column) const; // valid until the next step
    [[nodiscard]] bool isNull(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optionalInteger(int column) const;
    [[nodiscard]] std::optional<double> optionalReal(int column) const;

private:
    friend class Database;
    Statement(const Database *database, sqlite3_stmt *handle, std::string key);
    const Database *m_database = nullptr;
    sqlite3_stmt *m_handle = nullptr;
    std::string m_key;
    int m_bound = 0;
    int m_bindError = 0;
};

class Database {
public:
    // Write-ahead log, full synchronisation (a commit that returned survives a power cut), foreign keys; a writer waits up to five minutes for another one.
    // Errors: NotFound, NoPermission, DiskFull, BadInput (not an SQLite file, damaged).
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path &file, OpenMode mode);
    ~Database();
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    [[nodiscard]] Result<Statement> prepare(std::string_view sql) const; // cached by text
    // One or several statements without parameters.
    [[nodiscard]] Result<> execute(std::string_view sql) const;
    [[nodiscard]] Result<std::int64_t> integer(std::string_view sql) const; // first column of the first row; 0 when there is none
    [[nodiscard]] std::int64_t lastInsertId() const;
    [[nodiscard]] std::int64_t changedRows() const; // by the last statement
    [[nodiscard]] std::int64_t totalChanges() const; // since the connection was opened
    [[nodiscard]] bool isReadOnly() const { return m_mode == OpenMode::ReadOnly; }
    [[nodiscard]] bool isInTransaction() const;
    [[nodiscard]] const std::filesystem::path &file() const { return m_file; }
    // False when the file was moved, deleted or taken away with its disk since it was opened.
    [[nodiscard]] bool isInPlace() const;
    // Reads every page and index once. Errors: BadInput where something is damaged.
    [[nodiscard]] Result<> checkIntegrity() const;
    [[nodiscard]] Error error(int code, std::string_view doing) const;

private:
    friend class Statement;
    friend class Interruption;
    Database(sqlite3 *connection, std::filesystem::path file, OpenMode mode);
    sqlite3 *m_connection = nullptr;
    std::filesystem::path m_file;
    OpenMode m_mode;
    mutable std::unordered_map<std::string, std::vector<sqlite3_stmt *>> m_idle;
};

// While it lives, a request to stop ends what the connection computes with Cancelled. One at a time for each connection.
class Interruption {
public:
    Interruption(const Database &database, std::stop_token stop);
    ~Interruption();
    Interruption(const Interruption &) = delete;
    Interruption &operator=(const Interruption &) = delete;

private:
    const Database &m_database;
    std::stop_token m_stop; // the connection points to it
};

enum class TransactionKind { Read, Write };

// Rolled back when it ends without commit.
class Transaction {
public:
    [[nodiscard]] static Result<Transaction> begin(const Database &database, TransactionKind kind = TransactionKind::Write);
    Transaction(Transaction &&other) noexcept;
    Transaction &operator=(Transaction &&) = delete;
    ~Transaction();
    // Durable when it returns without error; after an error nothing has been changed.
    [[nodiscard]] Result<> commit();

private:
    explicit Transaction(const Database *database) : m_database(database) { }
    const Database *m_database = nullptr;
};

} // namespace fettle::store
