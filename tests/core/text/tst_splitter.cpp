// The splitting rules written by hand cut where the regular expressions that define them do.
#include "core/base/utf8.h"
#include "core/text/regex.h"
#include "core/text/splitter.h"
#include "core/text/unicode.h"

#include <QtTest>
#include <random>

using namespace fettle;
using namespace fettle::text;

Q_DECLARE_METATYPE(KnownSplit)

class TestSplitter : public QObject {
    Q_OBJECT

private slots:
    void equalsExpression_data()
    {
        QTest::addColumn<KnownSplit>("split");
        QTest::newRow("gpt-2") << KnownSplit::Gpt2;
        QTest::newRow("one digit") << KnownSplit::OneDigit;
        QTest::newRow("three digits") << KnownSplit::ThreeDigits;
    }

    void equalsExpression()
    {
        QFETCH(KnownSplit, split);
        const auto regex = Regex::compile(patternOf(split));
        QVERIFY(regex.has_value());
        const std::vector<std::string> parts{"a",  "B",        "é",        "the",          " ",    "  ",       "\n",
                                             "\r", "\t",       "\xC2\xA0", "\xE3\x80\x80", "1",    "23",       "4567",
                                             "٣",  "½",        "!",        "...",          "/",    "'",        "'s",
                                             "'S", "'ll",      "'Re",      "'ſ",           "🙂", "\xCC\x81", "\xE2\x80\x8D",
                                             "猫", "\xC2\x85", "_",        "\xE1\xA0\x8E", "x'y"};
        std::mt19937 random(7);
        for (int round = 0; round < 20000; ++round) {
            std::string text;
            const int count = static_cast<int>(random() % 12) + 1;
            for (int i = 0; i < count; ++i)
                text += parts[random() % parts.size()];
            check(*regex, split, text);
        }
    }

    // Every character alone and between others, so that the class table is checked too (as far as PCRE2's Unicode goes).
    void everyCharacter()
    {
        const auto regex = Regex::compile(patternOf(KnownSplit::OneDigit));
        std::string text;
        for (char32_t c = 1; c < 0x30000; ++c) {
            if (c >= 0xD800 && c < 0xE000)
                continue;
            // PCRE2 knows Unicode 14, the table 16: leave out what is newer.
            if (isNewerThanPcre(c))
                continue;
            appendUtf8(text, c);
            text += (c % 3 == 0) ? "a" : (c % 3 == 1) ? " " : "1";
        }
        check(*regex, KnownSplit::OneDigit, text);
    }

    void knownPatterns()
    {
        for (const KnownSplit split : {KnownSplit::Gpt2, KnownSplit::OneDigit, KnownSplit::ThreeDigits})
            QVERIFY(knownSplit(patternOf(split)) == split);
        QVERIFY(!knownSplit("a"));
    }

private:
    static bool isNewerThanPcre(char32_t c)
    {
        static const auto letter = Regex::compile(R"(\p{L})");
        static const auto number = Regex::compile(R"(\p{N})");
        std::string text;
        appendUtf8(text, c);
        const bool l = !letter->findAll(text)->empty();
        const bool n = !number->findAll(text)->empty();
        return (hasClass(c, kLetter) && !l) || (hasClass(c, kNumber) && !n);
    }

    static void check(const Regex &regex, KnownSplit split, const std::string &text)
    {
        const auto matches = regex.findAll(text);
        QVERIFY(matches.has_value());
        std::vector<Range> want;
        for (const RegexMatch &match : *matches)
            want.push_back({static_cast<std::uint32_t>(match.begin), static_cast<std::uint32_t>(match.end)});
        std::vector<Range> got;
        splitKnown(split, text, {0, static_cast<std::uint32_t>(text.size())}, got);
        if (got == want)
            return;
        std::size_t i = 0;
        while (i < got.size() && i < want.size() && got[i] == want[i])
            ++i;
        const std::size_t at = i < want.size() ? want[i].begin : 0;
        QFAIL(qPrintable(QString("piece %1 differs near \"%2\"").arg(i).arg(QString::fromUtf8(text.substr(at, 60)))));
    }
};

QTEST_GUILESS_MAIN(TestSplitter)
#include "tst_splitter.moc"
