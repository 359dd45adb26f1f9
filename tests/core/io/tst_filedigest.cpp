// SHA-256 of files in pieces: the same digest as of the whole, in the memory of a piece.
#include "core/base/memory.h"
#include "core/base/sha256.h"
#include "core/io/filedigest.h"

#include <QtTest>

#include <filesystem>
#include <fstream>

using namespace fettle;

class TestFileDigest : public QObject
{
    Q_OBJECT
private slots:
    void equalsTheWhole_data();
    void equalsTheWhole();
    void takesLittleMemory();
    void stops();
    void missing();

private:
    QTemporaryDir m_folder;
    std::filesystem::path write(std::size_t bytes, std::string *text = nullptr)
    {
        std::string own(bytes, 'x');
        for (std::size_t i = 0; i < bytes; i += 4093)
            own[i] = static_cast<char>('a' + i % 23);
        const std::filesystem::path file = m_folder.filePath(QString::number(bytes)).toStdString();
        std::ofstream(file, std::ios::binary) << own;
        if (text)
            *text = std::move(own);
        return file;
    }
};

void TestFileDigest::equalsTheWhole_data()
{
    QTest::addColumn<qulonglong>("bytes");
    for (const qulonglong bytes : {0ull, 1ull, (16ull << 20) - 1, 16ull << 20, (16ull << 20) + 1, (48ull << 20) + 5})
        QTest::addRow("%llu bytes", bytes) << bytes;
}

void TestFileDigest::equalsTheWhole()
{
    QFETCH(qulonglong, bytes);
    std::string text;
    const auto digest = io::digestOfFile(write(bytes, &text));
    QVERIFY2(digest, digest ? "" : digest.error().message.c_str());
    QCOMPARE(digest->bytes, static_cast<std::int64_t>(bytes));
    QCOMPARE(digest->sha256, sha256Hex(std::string_view(text)));
}

void TestFileDigest::takesLittleMemory()
{
    constexpr std::size_t kBytes = 192 << 20;
    const auto file = write(kBytes);
    resetOwnPeak();
    const auto before = memoryFigures().ownPeakBytes;
    QVERIFY(io::digestOfFile(file));
    QVERIFY(memoryFigures().ownPeakBytes - before < static_cast<decltype(before)>(kBytes / 2));
}

void TestFileDigest::stops()
{
    std::stop_source stop;
    stop.request_stop();
    const auto digest = io::digestOfFile(write(100), stop.get_token());
    QVERIFY(!digest);
    QCOMPARE(digest.error().code, ErrorCode::Cancelled);
}

void TestFileDigest::missing()
{
    const auto digest = io::digestOfFile(m_folder.filePath("none").toStdString());
    QVERIFY(!digest);
    QCOMPARE(digest.error().code, ErrorCode::NotFound);
}

QTEST_GUILESS_MAIN(TestFileDigest)
#include "tst_filedigest.moc"
