// UTF-8 borders, counting and repair; the repaired texts are those of Python's bytes.decode("utf-8", "replace").
#include "core/base/utf8.h"

#include <QtTest>

using namespace fettle;

class TestUtf8 : public QObject {
    Q_OBJECT
private slots:
    void validity_data();
    void validity();
    void everyCodePoint();
    void offsets();
    void cutting();
    void streamedTail();
};

void TestUtf8::validity_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("validPrefix");
    QTest::addColumn<QByteArray>("repaired");
    const auto row = [](const char *name, const char *bytes, int valid, const char *repaired) {
        QTest::newRow(name) << QByteArray(bytes) << valid << QByteArray(repaired);
    };
    row("ascii", "plain text, longer than eight bytes", 35, "plain text, longer than eight bytes");
    row("two bytes", "Gr\xC3\xBC\xC3\x9F" "e", 7, "Gr\xC3\xBC\xC3\x9F" "e");
    row("four bytes", "\xF0\x9F\x90\x95!", 5, "\xF0\x9F\x90\x95!");
    row("lone continuation", "a\x80z", 1, "a\xEF\xBF\xBDz");
    row("overlong two", "\xC0\xAF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD");
    row("overlong three", "\xE0\x80\xAF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    row("surrogate", "\xED\xA0\x80", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    row("too large", "\xF4\x90\x80\x80", 0, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    row("cut after two of three", "a\xE2\x82" "b", 1, "a\xEF\xBF\xBD" "b");
    row("cut after three of four", "\xF0\x9F\x90", 0, "\xEF\xBF\xBD");
    row("cut, then a character", "\xF0\x9F\x90\xC3\xBC", 0, "\xEF\xBF\xBD\xC3\xBC");
    row("never a first byte", "\xF5\xFF", 0, "\xEF\xBF\xBD\xEF\xBF\xBD");
    row("late in a long text", "0123456789abcdef\xFF", 16, "0123456789abcdef\xEF\xBF\xBD");
}

void TestUtf8::validity()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, validPrefix);
    QFETCH(QByteArray, repaired);
    const std::string text = bytes.toStdString();
    QCOMPARE(static_cast<int>(validUtf8Prefix(text)), validPrefix);
    QCOMPARE(isValidUtf8(text), validPrefix == bytes.size());
    QCOMPARE(QByteArray::fromStdString(replaceInvalidUtf8(text)), repaired);
    QVERIFY(isValidUtf8(replaceInvalidUtf8(text)));
}

void TestUtf8::everyCodePoint()
{
    for (char32_t codePoint = 0; codePoint <= 0x10FFFF; ++codePoint) {
        if (codePoint >= 0xD800 && codePoint <= 0xDFFF)
            continue;
        std::string text;
        appendUtf8(text, codePoint);
        std::size_t at = 0;
        if (!isValidUtf8(text) || codePointCount(text) != 1 || nextCodePoint(text, at) != codePoint || at != text.size())
            QFAIL(qPrintable(QString("U+%1").arg(static_cast<uint>(codePoint), 0, 16)));
    }
    std::string surrogate;
    appendUtf8(surrogate, 0xD800);
    QCOMPARE(QByteArray::fromStdString(surrogate), QByteArray("\xEF\xBF\xBD"));
}

void TestUtf8::offsets()
{
    const std::string text = "aü€🐕b"; // 1, 2, 3, 4, 1 bytes
    const CodePointMap map(text);
    QCOMPARE(map.codePoints(), 5);
    const std::size_t bytes[] = {0, 1, 3, 6, 10, 11};
    for (int i = 0; i <= 5; ++i) {
        QCOMPARE(map.toByte(i), bytes[i]);
        QCOMPARE(map.toCodePoint(bytes[i]), i);
    }
    QCOMPARE(map.toCodePoint(8), 3); // inside the dog
    QCOMPARE(map.toByte(99), text.size());
    QCOMPARE(codePointCount(text), 5);
    QVERIFY(fromCodePoints(toCodePoints(text)) == text);

    const CodePointMap ascii("plain");
    QCOMPARE(ascii.toByte(3), 3u);
    QCOMPARE(ascii.toCodePoint(3), 3);
    QCOMPARE(CodePointMap("").codePoints(), 0);
    QCOMPARE(CodePointMap("").toByte(0), 0u);
}

void TestUtf8::cutting()
{
    const std::string text = "aü€🐕b";
    QVERIFY(firstCodePoints(text, 2) == "aü");
    QVERIFY(firstCodePoints(text, 0).empty());
    QVERIFY(firstCodePoints(text, 99) == text);
    for (std::size_t bytes = 0; bytes <= text.size() + 1; ++bytes) {
        const std::string_view cut = firstBytesAtBorder(text, bytes);
        QVERIFY(isValidUtf8(cut) && cut.size() <= bytes && cut.size() + 4 > std::min(bytes, text.size()));
    }
}

void TestUtf8::streamedTail()
{
    const std::string dog = "🐕";
    for (std::size_t length = 1; length < 4; ++length)
        QCOMPARE(unfinishedUtf8Tail("abc" + dog.substr(0, length)), length);
    QCOMPARE(unfinishedUtf8Tail(dog), 0u);
    QCOMPARE(unfinishedUtf8Tail(""), 0u);
    QCOMPARE(unfinishedUtf8Tail("abc"), 0u);
    QCOMPARE(unfinishedUtf8Tail("\x80\x80"), 0u); // can never become a character: show it now
    QCOMPARE(unfinishedUtf8Tail("\xED\xA0"), 0u);
}

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
