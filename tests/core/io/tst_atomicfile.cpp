// Files are there completely or not at all: replaced, interrupted, on a full disk, in a folder without rights.
#include "core/io/atomicfile.h"
#include "core/io/removal.h"

#include <QTemporaryDir>
#include <QtTest>
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fettle;
using namespace fettle::io;

namespace {

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("<none>");
}

QStringList namesIn(const QString &folder)
{
    return QDir(folder).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot);
}

} // namespace

class TestAtomicFile : public QObject {
    Q_OBJECT
private slots:
    void writesAndReplaces();
    void abandonedFileLeavesNothing();
    void folderGoesWithItsLargeFiles();
    void largeFile();
    void linkStaysALink();
    void killedWriterLeavesTheOldFile();
    void fullDisk();
    void noPermission();
    void somethingInTheWay();
};

void TestAtomicFile::writesAndReplaces()
{
    QTemporaryDir folder;
    const QString path = folder.path() + "/new/deep/a.txt";
    QVERIFY(writeFileAtomically(path.toStdString(), "one").has_value());
    QCOMPARE(contentOf(path), QByteArray("one"));
    QVERIFY(writeFileAtomically(path.toStdString(), "two").has_value());
    QCOMPARE(contentOf(path), QByteArray("two"));
    QCOMPARE(namesIn(folder.path() + "/new/deep"), QStringList{"a.txt"});
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/" + std::string(255, 'n'), "x").has_value());
}

void TestAtomicFile::abandonedFileLeavesNothing()
{
    QTemporaryDir folder;
    {
        auto file = AtomicFile::create(folder.path().toStdString() + "/a");
        QVERIFY(file && file->write("half").has_value());
        AtomicFile moved = std::move(*file);
        QVERIFY(moved.write("way").has_value());
        QCOMPARE(moved.written(), 7);
    }
    QVERIFY(namesIn(folder.path()).isEmpty());
}

// Large files lose their names at once, though their space is freed later.
void TestAtomicFile::folderGoesWithItsLargeFiles()
{
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString(), large(9 << 20, 'x');
    QVERIFY(writeFileAtomically(path + "/kept", "kept").has_value());
    QVERIFY(writeFileAtomically(path + "/gone/a", large).has_value());
    QVERIFY(writeFileAtomically(path + "/gone/deep/b", large).has_value());
    QVERIFY(writeFileAtomically(path + "/gone/deep/c", "small").has_value());
    QVERIFY(QFile::link(folder.path() + "/kept", folder.path() + "/gone/link"));
    removeAll(path + "/gone");
    QCOMPARE(namesIn(folder.path()), QStringList{"kept"});
    QCOMPARE(contentOf(folder.path() + "/kept"), QByteArray("kept"));
    {
        auto file = AtomicFile::create(path + "/half");
        QVERIFY(file && file->write(large).has_value());
    }
    QCOMPARE(namesIn(folder.path()), QStringList{"kept"});
    removeAll(path + "/nothing"); // no harm
}

void TestAtomicFile::largeFile()
{
    QTemporaryDir folder;
    QByteArray expected;
    auto file = AtomicFile::create(folder.path().toStdString() + "/a");
    QVERIFY(file.has_value());
    for (int size : {1, 1000, 1 << 20, 5, (3 << 20) + 1, 700000, 700000}) {
        const QByteArray piece(size, static_cast<char>('a' + size % 26));
        expected += piece;
        QVERIFY(file->write(std::string_view(piece.data(), static_cast<std::size_t>(piece.size()))).has_value());
    }
    QVERIFY(file->commit().has_value());
    QCOMPARE(file->written(), expected.size());
    QVERIFY(contentOf(folder.path() + "/a") == expected);
}

void TestAtomicFile::linkStaysALink()
{
    QTemporaryDir folder;
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/real/a", "one").has_value());
    QVERIFY(QFile::link(folder.path() + "/real/a", folder.path() + "/link"));
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/link", "two").has_value());
    QVERIFY(QFileInfo(folder.path() + "/link").isSymLink());
    QCOMPARE(contentOf(folder.path() + "/real/a"), QByteArray("two"));
}

void TestAtomicFile::killedWriterLeavesTheOldFile()
{
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/a";
    QVERIFY(writeFileAtomically(path, "old and whole").has_value());
    const pid_t child = fork();
    QVERIFY(child >= 0);
    if (child == 0) {
        auto file = AtomicFile::create(path);
        static_cast<void>(file->write(std::string(3 << 20, 'x')));
        raise(SIGKILL);
    }
    int status = 0;
    QVERIFY(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    QCOMPARE(contentOf(QString::fromStdString(path)), QByteArray("old and whole"));
}

void TestAtomicFile::fullDisk()
{
    // The limit on the size of files stands in for a full disk: the system refuses the write in the same way.
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/a";
    QVERIFY(writeFileAtomically(path, "old").has_value());
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    const rlimit small{1 << 20, old.rlim_max};
    const auto oldHandler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const auto written = writeFileAtomically(path, std::string(4 << 20, 'x'));
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, oldHandler);
    QVERIFY(!written);
    QVERIFY(written.error().code == ErrorCode::DiskFull);
    QCOMPARE(exitCode(written.error().code), 4);
    QVERIFY2(written.error().message.find("the disk is full") != std::string::npos, written.error().message.c_str());
    QCOMPARE(contentOf(QString::fromStdString(path)), QByteArray("old"));
    QCOMPARE(namesIn(folder.path()), QStringList{"a"});
}

void TestAtomicFile::noPermission()
{
    QTemporaryDir folder;
    QVERIFY(folder.isValid());
    QVERIFY(QFile::setPermissions(folder.path(), QFile::ReadOwner | QFile::ExeOwner | QFile::ReadOther | QFile::ExeOther));
    const bool isRoot = geteuid() == 0;
    if (isRoot && seteuid(65534) != 0) // root may write anywhere: become nobody for a moment
        QSKIP("Cannot give up the rights of root here.");
    const auto written = writeFileAtomically(folder.path().toStdString() + "/a", "x");
    const auto made = createFolder(folder.path().toStdString() + "/b/c");
    if (isRoot)
        QVERIFY(seteuid(0) == 0);
    QVERIFY(QFile::setPermissions(folder.path(), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
    QVERIFY(!written && written.error().code == ErrorCode::NoPermission);
    QVERIFY(!written.error().hint.empty());
    QVERIFY(!made && made.error().code == ErrorCode::NoPermission);
    QVERIFY(namesIn(folder.path()).isEmpty());
}

void TestAtomicFile::somethingInTheWay()
{
    QTemporaryDir folder;
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/file", "x").has_value());
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/file/below", "x").error().code == ErrorCode::BadInput);
    QVERIFY(writeFileAtomically(folder.path().toStdString(), "x").error().code == ErrorCode::BadInput);
    QVERIFY(writeFileAtomically(folder.path().toStdString() + "/", "x").error().code == ErrorCode::BadInput);
    QVERIFY(createFolder(folder.path().toStdString() + "/file").error().code == ErrorCode::BadInput);
}

QTEST_APPLESS_MAIN(TestAtomicFile)
#include "tst_atomicfile.moc"
