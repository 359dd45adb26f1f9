// The owner of SQLite: values of every kind, rollback, damaged and foreign files, newer formats, full disks, locks.
#include "core/store/database.h"
#include "core/store/filelock.h"
#include "core/store/idset.h"
#include "core/store/schema.h"

#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <array>
#include <chrono>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace fettle;
using namespace fettle::store;

class TestDatabase : public QObject {
    Q_OBJECT
private slots:
    void init();
    void valuesComeBack();
    void setsOfIds();
    void rollsBack();
    void writesThroughTheLog();
    void refusesFiles_data();
    void refusesFiles();
    void everyByteMayBeWrong();
    void migratesStepByStep();
    void failedMigrationChangesNothing();
    void refusesNewerFormat();
    void fullDisk();
    void readOnlyCannotWrite();
    void oneWriter();
    void whatLastsIsInterrupted();

private:
    std::filesystem::path path(const char *name) const { return m_folder->filePath(name).toStdString(); }
    std::unique_ptr<Database> create(const char *name = "a.db")
    {
        auto database = Database::open(path(name), OpenMode::Create);
        return database ? std::move(*database) : nullptr;
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestDatabase::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    QVERIFY(m_folder->isValid());
}

void TestDatabase::valuesComeBack()
{
    const auto database = create();
    QVERIFY(database);
    QVERIFY(database->execute("CREATE TABLE t(a, b, c, d)"));
    const std::string text("nul\0inside \xc3\xa9", 13);
    auto insert = database->prepare("INSERT INTO t VALUES(?, ?, ?, ?)");
    QVERIFY(insert);
    QVERIFY(insert->bind(std::int64_t{-9223372036854775807}).bind(0.1).bind(text).bindNull().run());
    QVERIFY(insert->bind(7).bind(std::optional<double>()).bind(std::string_view()).bind(std::optional<std::int64_t>(5)).run());
    auto read = database->prepare("SELECT * FROM t ORDER BY rowid");
    QVERIFY(read);
    QVERIFY(*read->step());
    QCOMPARE(read->integer(0), std::int64_t{-9223372036854775807});
    QCOMPARE(read->real(1), 0.1);
    QCOMPARE(read->text(2), text);
    QVERIFY(read->isNull(3) && !read->optionalInteger(3));
    QVERIFY(*read->step());
    QVERIFY(!read->optionalReal(1));
    QVERIFY(!read->isNull(2) && read->text(2).empty());
    QCOMPARE(*read->optionalInteger(3), 5);
    QVERIFY(!*read->step());
}

void TestDatabase::setsOfIds()
{
    std::string set;
    const std::vector<std::int64_t> ids = {0, 1, 7, 8, 63, 64, 1'000'000};
    for (const std::int64_t id : ids)
        addId(set, id);
    addId(set, -1); // not kept
    const auto database = create();
    QVERIFY(database);
    auto statement = database->prepare("SELECT hasId(?, ?)");
    QVERIFY(statement);
    for (const std::int64_t id : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{6}, std::int64_t{7}, std::int64_t{8}, std::int64_t{9}, std::int64_t{63}, std::int64_t{64},
                                  std::int64_t{999'999}, std::int64_t{1'000'000}, std::int64_t{1'000'001}, std::int64_t{1} << 62}) {
        const bool isIn = std::ranges::find(ids, id) != ids.end();
        QCOMPARE(hasId(set, id), isIn);
        statement->bindBytes(set).bind(id);
        QVERIFY(*statement->step());
        QCOMPARE(statement->integer(0), std::int64_t(isIn));
        statement->reset();
    }
    QVERIFY(!hasId({}, 0));
    QCOMPARE(*database->integer("SELECT hasId(NULL, 1) + hasId(x'', 1)"), 0);
}

void TestDatabase::rollsBack()
{
    const auto database = create();
    QVERIFY(database->execute("CREATE TABLE t(a)"));
    {
        auto transaction = Transaction::begin(*database);
        QVERIFY(transaction);
        QVERIFY(database->execute("INSERT INTO t VALUES(1)"));
    }
    QCOMPARE(*database->integer("SELECT count(*) FROM t"), 0);
    {
        auto transaction = Transaction::begin(*database);
        QVERIFY(database->execute("INSERT INTO t VALUES(1)"));
        QVERIFY(transaction->commit());
    }
    QCOMPARE(*database->integer("SELECT count(*) FROM t"), 1);
    QVERIFY(!database->isInTransaction());
}

void TestDatabase::writesThroughTheLog()
{
    const auto database = create();
    auto mode = database->prepare("PRAGMA journal_mode");
    QVERIFY(*mode->step());
    QCOMPARE(mode->text(0), std::string("wal"));
    QCOMPARE(*database->integer("PRAGMA synchronous"), 2); // FULL: the log is synced at each commit
    QCOMPARE(*database->integer("PRAGMA foreign_keys"), 1);
}

void TestDatabase::refusesFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::newRow("text") << QByteArray(5000, 'x') << int(ErrorCode::BadInput);
    QTest::newRow("header only") << QByteArray("SQLite format 3\0", 16) << int(ErrorCode::BadInput);
    QTest::newRow("header and noise") << QByteArray("SQLite format 3\0", 16) + QByteArray(9000, '\x7f') << int(ErrorCode::BadInput);
}

void TestDatabase::refusesFiles()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    QFile file(m_folder->filePath("bad.db"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
    file.close();
    for (const OpenMode mode : {OpenMode::ReadOnly, OpenMode::ReadWrite}) {
        const auto database = Database::open(path("bad.db"), mode);
        QVERIFY(!database);
        QCOMPARE(int(database.error().code), code);
        QVERIFY(!database.error().message.empty() && !database.error().hint.empty());
    }
    const auto missing = Database::open(path("none.db"), OpenMode::ReadOnly);
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
    QCOMPARE(Database::open(m_folder->path().toStdString(), OpenMode::ReadWrite).error().code, ErrorCode::BadInput);
}

// Any byte of a real file may be changed: opening and reading ends in values or in an error, never in a crash.
void TestDatabase::everyByteMayBeWrong()
{
    {
        const auto database = create();
        QVERIFY(applySchema(*database));
        QVERIFY(database->execute("BEGIN"));
        for (int i = 0; i < 50; ++i)
            QVERIFY(writeValue(*database, "key" + std::to_string(i), std::string(200, 'v')));
        QVERIFY(database->execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    QFile original(m_folder->filePath("a.db"));
    QVERIFY(original.open(QIODevice::ReadOnly));
    const QByteArray bytes = original.readAll();
    std::uint64_t state = 1207;
    const auto random = [&] { return state = state * 6364136223846793005ull + 1442695040888963407ull, state >> 33; };
    int refused = 0;
    for (int round = 0; round < 300; ++round) {
        QByteArray broken = bytes;
        for (int i = 0; i < 1 + round % 20; ++i)
            broken[qsizetype(random() % (round % 2 ? 4096 : std::uint64_t(broken.size())))] = char(random());
        if (round % 5 == 0)
            broken.truncate(qsizetype(random() % std::uint64_t(broken.size())));
        const QString name = m_folder->filePath("broken.db");
        QFile file(name);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(broken) == broken.size());
        file.close();
        const auto database = Database::open(path("broken.db"), OpenMode::ReadWrite);
        bool isGood = database && applySchema(**database) && (*database)->checkIntegrity();
        // One transaction: hundreds of rounds need no durable disk writes.
        isGood = isGood && (*database)->execute("BEGIN IMMEDIATE");
        for (int i = 0; isGood && i < 50; ++i)
            isGood = readValue(**database, "key" + std::to_string(i)).has_value() && writeValue(**database, "key" + std::to_string(i), "w").has_value();
        refused += !isGood;
        if (!database)
            QVERIFY(!database.error().message.empty());
        QFile::remove(name + "-wal");
        QFile::remove(name + "-shm");
    }
    QVERIFY(refused > 50);
}

void TestDatabase::migratesStepByStep()
{
    constexpr std::array<std::string_view, 2> kSteps = {"CREATE TABLE a(x); INSERT INTO a VALUES(1)", "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1"};
    {
        const auto database = create();
        QVERIFY(applySchema(*database, std::span(kSteps).first(1)));
        QCOMPARE(*database->integer("PRAGMA user_version"), 1);
    }
    const auto reader = Database::open(path("a.db"), OpenMode::ReadOnly);
    const auto refused = applySchema(**reader, kSteps);
    QCOMPARE(refused.error().code, ErrorCode::BadInput);
    QVERIFY(refused.error().message.find("older") != std::string::npos);
    const auto database = Database::open(path("a.db"), OpenMode::ReadWrite);
    QVERIFY(applySchema(**database, kSteps));
    QCOMPARE(*(*database)->integer("SELECT y FROM a"), 2);
    QVERIFY(applySchema(**database, kSteps)); // nothing left to do
    QVERIFY(applySchema(**reader, kSteps));
}

void TestDatabase::failedMigrationChangesNothing()
{
    constexpr std::array<std::string_view, 2> kSteps = {"CREATE TABLE a(x)", "INSERT INTO a VALUES(1); INSERT INTO nowhere VALUES(1)"};
    const auto database = create();
    QVERIFY(!applySchema(*database, kSteps));
    QCOMPARE(*database->integer("PRAGMA user_version"), 1);
    QCOMPARE(*database->integer("SELECT count(*) FROM a"), 0);
}

void TestDatabase::refusesNewerFormat()
{
    const auto database = create();
    QVERIFY(applySchema(*database));
    QVERIFY(database->execute("PRAGMA user_version = 99"));
    const auto refused = applySchema(*database);
    QCOMPARE(refused.error().code, ErrorCode::BadInput);
    QVERIFY(refused.error().message.find("newer Fettle") != std::string::npos);
    const auto other = create("other.db");
    QVERIFY(other->execute("CREATE TABLE somebody(x)"));
    QVERIFY(applySchema(*other).error().message.find("another program") != std::string::npos);
}

void TestDatabase::fullDisk()
{
    const auto database = create();
    QVERIFY(applySchema(*database));
    QVERIFY(writeValue(*database, "kept", "yes"));
    const auto pages = *database->integer("PRAGMA page_count");
    QVERIFY(database->integer("PRAGMA max_page_count = " + std::to_string(pages + 2)));
    const auto refused = writeValue(*database, "large", std::string(1 << 20, 'x'));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::DiskFull);
    QCOMPARE(exitCode(refused.error().code), 4);
    QCOMPARE(**readValue(*database, "kept"), std::string("yes"));
    QVERIFY(database->integer("PRAGMA max_page_count = 1000000"));
    QVERIFY(writeValue(*database, "large", std::string(1 << 20, 'x')));
}

void TestDatabase::readOnlyCannotWrite()
{
    const auto writer = create();
    QVERIFY(applySchema(*writer));
    const auto reader = Database::open(path("a.db"), OpenMode::ReadOnly);
    QVERIFY(reader);
    QCOMPARE(writeValue(**reader, "a", "b").error().code, ErrorCode::NoPermission);
    QVERIFY(writeValue(*writer, "a", "b"));
    QCOMPARE(**readValue(**reader, "a"), std::string("b"));
}

void TestDatabase::oneWriter()
{
    auto first = FileLock::take(path("project.lock"));
    QVERIFY(first);
    const auto second = FileLock::take(path("project.lock"));
    QCOMPARE(second.error().code, ErrorCode::NoPermission);
    QVERIFY(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
    {
        const FileLock released = std::move(*first);
    }
    QVERIFY(FileLock::take(path("project.lock")));
    // A process that dies gives its lock back.
    const pid_t child = ::fork();
    if (child == 0) {
        auto lock = FileLock::take(path("project.lock"));
        ::_exit(lock ? 0 : 1);
    }
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QCOMPARE(WEXITSTATUS(status), 0);
    QVERIFY(FileLock::take(path("project.lock")));
}

// A question without an end: it ends when it is told to, and the connection is as good as new.
void TestDatabase::whatLastsIsInterrupted()
{
    const auto database = create();
    QVERIFY(database);
    const char *endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    {
        std::stop_source stop;
        const Interruption interruption(*database, stop.get_token());
        const std::jthread later([&stop] {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            stop.request_stop();
        });
        const auto counted = database->integer(endless);
        QVERIFY(!counted);
        QCOMPARE(counted.error().code, ErrorCode::Cancelled);
        QCOMPARE(database->integer(endless).error().code, ErrorCode::Cancelled); // also what begins afterwards
    }
    QCOMPARE(*database->integer("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT count(*) FROM n"), 100'000);
}

QTEST_APPLESS_MAIN(TestDatabase)
#include "tst_database.moc"
