// Hashes, random streams, folders, memory, log.
#include "core/base/clock.h"
#include "core/base/folders.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/memorywatch.h"
#include "core/base/processor.h"
#include "core/base/random.h"
#include "core/base/resources.h"
#include "core/base/sha256.h"
#include "core/base/version.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <numeric>
#include <thread>

#if defined(__linux__)
#include <sys/resource.h>
#endif

using namespace fettle;

class TestBase : public QObject {
    Q_OBJECT
private slots:
    void hashOfKnownText_data();
    void hashOfKnownText();
    void hashInPieces();
    void philoxKnownAnswers_data();
    void philoxKnownAnswers();
    void streamGoesOnAfterRestore();
    void streamsDiffer();
    void distributions();
    void shuffleIsAPermutation();
    void stateAsText();
    void folders();
    void resources();
    void machine();
    void workNobodyLooksAtLetsOthersFirst();
    void roomIsAskedForBefore();
    void logReachesTheSink();
    void time();
};

void TestBase::hashOfKnownText_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("hash");
    // FIPS 180-4 examples, and lengths around the padding borders computed with Python's hashlib.
    QTest::newRow("empty") << "" << "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    QTest::newRow("abc") << "abc" << "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QTest::newRow("two blocks") << "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
                                << "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    QTest::newRow("million") << QString(1000000, 'a') << "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
}

void TestBase::hashOfKnownText()
{
    QFETCH(QString, text);
    QFETCH(QString, hash);
    QCOMPARE(QString::fromStdString(sha256Hex(std::string_view(text.toStdString()))), hash);
}

void TestBase::hashInPieces()
{
    std::string text(1000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(i * 7);
    for (std::size_t length : {0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000}) {
        const std::string_view part(text.data(), length);
        const std::string whole = sha256Hex(part);
        for (std::size_t step : {1, 3, 63, 64, 65, 200}) {
            Sha256 hash;
            for (std::size_t at = 0; at < part.size(); at += step)
                hash.update(part.substr(at, step));
            QCOMPARE(QString::fromStdString(hash.finishHex()), QString::fromStdString(whole));
        }
    }
}

void TestBase::philoxKnownAnswers_data()
{
    using Words = std::array<std::uint32_t, 4>;
    QTest::addColumn<Words>("counter");
    QTest::addColumn<Words>("key");
    QTest::addColumn<Words>("expected");
    // The authors' known-answer file, philox4x32 with ten rounds.
    QTest::newRow("zeros") << Words{} << Words{} << Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    QTest::newRow("ones") << Words{~0u, ~0u, ~0u, ~0u} << Words{~0u, ~0u} << Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    QTest::newRow("pi") << Words{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344} << Words{0xa4093822, 0x299f31d0}
                        << Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
}

void TestBase::philoxKnownAnswers()
{
    using Words = std::array<std::uint32_t, 4>;
    QFETCH(Words, counter);
    QFETCH(Words, key);
    QFETCH(Words, expected);
    QVERIFY(philox4x32(counter, {key[0], key[1]}) == expected);
}

void TestBase::streamGoesOnAfterRestore()
{
    RandomStream stream(1207, 3);
    for (int drawn = 0; drawn < 23; ++drawn) {
        RandomStream restored(stream.state());
        RandomStream original = stream;
        for (int i = 0; i < 20; ++i) {
            QCOMPARE(restored.next32(), original.next32());
            QCOMPARE(restored.normal(), original.normal());
            QCOMPARE(restored.below(1000), original.below(1000));
        }
        static_cast<void>(stream.next32());
    }
}

void TestBase::streamsDiffer()
{
    QVERIFY(RandomStream(1).next64() != RandomStream(2).next64());
    QVERIFY(RandomStream(1, 0).next64() != RandomStream(1, 1).next64());
    RandomStream parent(5);
    const std::uint64_t first = parent.split(7).next64();
    static_cast<void>(parent.next64());
    QCOMPARE(parent.split(7).next64(), first); // whatever was drawn before
    QVERIFY(parent.split(8).next64() != first);
    QVERIFY(parent.split(7).split(7).next64() != first);
}

void TestBase::distributions()
{
    RandomStream stream(42);
    constexpr int kCount = 200000;
    double sum = 0, squares = 0, uniformSum = 0;
    std::array<int, 6> dice{};
    for (int i = 0; i < kCount; ++i) {
        const double value = stream.normal();
        sum += value;
        squares += value * value;
        const double uniform = stream.uniform();
        QVERIFY(uniform >= 0 && uniform < 1);
        uniformSum += uniform;
        ++dice[stream.below(6)];
    }
    QVERIFY(std::abs(sum / kCount) < 0.01);
    QVERIFY(std::abs(squares / kCount - 1) < 0.02);
    QVERIFY(std::abs(uniformSum / kCount - 0.5) < 0.005);
    for (const int count : dice)
        QVERIFY(std::abs(count - kCount / 6) < 800);
    QCOMPARE(stream.below(0), 0u);
    QCOMPARE(stream.below(1), 0u);
}

void TestBase::shuffleIsAPermutation()
{
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    std::vector<int> shuffled = values;
    RandomStream(9).shuffle(std::span(shuffled));
    QVERIFY(shuffled != values);
    std::vector<int> again = values;
    RandomStream(9).shuffle(std::span(again));
    QVERIFY(shuffled == again);
    std::sort(shuffled.begin(), shuffled.end());
    QVERIFY(shuffled == values);
}

void TestBase::stateAsText()
{
    RandomStream stream(77, 5);
    static_cast<void>(stream.next32());
    RandomState state;
    QVERIFY(fromText(toText(stream.state()), state));
    QVERIFY(state == stream.state());
    for (const char *bad : {"", "1", "1:2", "1:2:", "1:2:3x", "1:2:3:4", "x:1:2", "11111111111111111:1:1"})
        QVERIFY2(!fromText(bad, state), bad);
    QVERIFY(state == stream.state());
}

void TestBase::folders()
{
    QTemporaryDir home;
    const QByteArray oldHome = qgetenv("HOME"), oldCache = qgetenv("XDG_CACHE_HOME");
    qputenv("HOME", home.path().toUtf8());
    qunsetenv("XDG_CACHE_HOME");
    QCOMPARE(QString::fromStdString(cacheFolder().string()), home.path() + "/.cache/fettle");
    QCOMPARE(QString::fromStdString(expandHome("~/a").string()), home.path() + "/a");
    QCOMPARE(QString::fromStdString(expandHome("a~").string()), "a~");
    qputenv("XDG_CACHE_HOME", "relative/is/ignored");
    QCOMPARE(QString::fromStdString(cacheFolder().string()), home.path() + "/.cache/fettle");
    qputenv("XDG_CACHE_HOME", "/elsewhere");
    QCOMPARE(QString::fromStdString(cacheFolder().string()), "/elsewhere/fettle");
    qputenv("HOME", oldHome);
    if (oldCache.isEmpty())
        qunsetenv("XDG_CACHE_HOME");
    else
        qputenv("XDG_CACHE_HOME", oldCache);
    QVERIFY(freeDiskBytes(home.path().toStdString()) > 0);
    QCOMPARE(freeDiskBytes(home.path().toStdString() + "/not/there/yet") > 0, true);
    QVERIFY(QFileInfo::exists(QString::fromStdString(executablePath().string())));
}

void TestBase::resources()
{
    QVERIFY(QFileInfo(QString::fromStdString(datasetsFolder().string())).isDir());
    QVERIFY(QFileInfo(QString::fromStdString(resourcesFolder().string())).isDir());
    qputenv("FETTLE_DATASETS", "/some/where");
    QCOMPARE(QString::fromStdString(datasetsFolder().string()), "/some/where");
    qunsetenv("FETTLE_DATASETS");
    const QByteArray old = qgetenv("FETTLE_MODELS");
    qputenv("FETTLE_MODELS", "/one::/two");
    const auto folders = modelsFolders();
    QVERIFY(folders.size() == 4 && folders[0] == "/one" && folders[1] == "/two");
    QVERIFY(folders[3].string().ends_with("build/env/models"));
    if (old.isEmpty())
        qunsetenv("FETTLE_MODELS");
    else
        qputenv("FETTLE_MODELS", old);
    QVERIFY(QRegularExpression("^\\d+\\.\\d+\\.\\d+$").match(QString::fromUtf8(version().data(), version().size())).hasMatch());
}

void TestBase::machine()
{
    const MemoryFigures figures = memoryFigures();
    QVERIFY(figures.totalBytes > 0 && figures.availableBytes > 0 && figures.availableBytes <= figures.totalBytes);
    QVERIFY(figures.ownBytes > 0 && figures.ownPeakBytes >= figures.ownBytes);
    std::vector<char> block(64 << 20, 1);
    const std::int64_t peak = memoryFigures().ownPeakBytes;
    QVERIFY(peak >= figures.ownBytes + (60 << 20));
    QVERIFY(block[12345] == 1);
    QVERIFY(usableCores() >= 1);
    QVERIFY(!processorName().empty());
    tuneAllocator();
    returnFreeMemory();
}

void TestBase::workNobodyLooksAtLetsOthersFirst()
{
#if defined(__linux__)
    const int before = getpriority(PRIO_PROCESS, 0);
    int there = before, below = before;
    std::jthread([&] {
        letOthersFirst();
        there = getpriority(PRIO_PROCESS, 0);
        std::jthread([&] { below = getpriority(PRIO_PROCESS, 0); }).join();
    }).join();
    QVERIFY(there > before);
    QCOMPARE(below, there);
    QCOMPARE(getpriority(PRIO_PROCESS, 0), before); // who asked for it goes on as it was
#else
    QSKIP("Threads have no priority of their own here.");
#endif
}

void TestBase::roomIsAskedForBefore()
{
    constexpr std::int64_t kMega = 1'000'000;
    MemoryFigures figures;
    QVERIFY(hasRoomFor(1000 * kMega, figures, 0)); // nobody knows
    figures.availableBytes = 500 * kMega;
    QVERIFY(hasRoomFor(400 * kMega, figures, 0) && !hasRoomFor(490 * kMega, figures, 0)); // something stays for the rest of the program
    QVERIFY(hasRoomFor(490 * kMega, figures, 100 * kMega) && !hasRoomFor(600 * kMega, figures, 100 * kMega));

    // A computation of which each part takes 100 MB, with 340 MB left at its beginning: the third part is not begun.
    MemoryWatch watch;
    std::vector<bool> begun;
    for (int part = 0; part < 4; ++part) {
        MemoryFigures now;
        now.ownBytes = (200 + 100 * part) * kMega;
        now.availableBytes = (340 - 100 * part) * kMega;
        begun.push_back(watch.hasRoomForNext(now, 0));
    }
    QCOMPARE(begun, std::vector<bool>({true, true, false, false}));
    // What takes nothing more may go on with little.
    MemoryWatch idle;
    MemoryFigures little;
    little.ownBytes = 200 * kMega;
    little.availableBytes = 80 * kMega;
    QVERIFY(idle.hasRoomForNext(little, 0) && idle.hasRoomForNext(little, 0));
    // Of this computer, in quick succession: far cheaper than to ask it each time.
    constexpr int kTimes = 200;
    const auto secondsOf = [](const auto &does) {
        const Stopwatch watch;
        for (int i = 0; i < kTimes; ++i)
            does();
        return watch.seconds();
    };
    const double asking = secondsOf([] { (void)memoryFigures(); });
    MemoryWatch quick;
    const double watching = secondsOf([&quick] { QVERIFY(quick.hasRoomForNext()); });
    QVERIFY2(watching < asking / 3, qPrintable(QStringLiteral("%1 s instead of %2 s").arg(watching).arg(asking)));
}

void TestBase::logReachesTheSink()
{
    std::vector<std::string> lines;
    setLogSink([&](LogLevel, std::string_view text) { lines.emplace_back(text); });
    logDebug("not {}", "shown");
    logWarning("{} is {}", "answer", 42);
    setLogLevel(LogLevel::Silent);
    logWarning("silent");
    setLogLevel(LogLevel::Warning);
    setLogSink({});
    QVERIFY(lines == std::vector<std::string>{"answer is 42"});
}

void TestBase::time()
{
    QVERIFY2(QRegularExpression("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[+-]\\d\\d:\\d\\d$").match(QString::fromStdString(isoNow())).hasMatch(),
             isoNow().c_str());
    Stopwatch watch;
    QVERIFY(watch.seconds() >= 0);
}

QTEST_APPLESS_MAIN(TestBase)
#include "tst_base.moc"
