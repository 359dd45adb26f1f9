// Differences of two texts by words.
#include "core/base/worddiff.h"

#include <QtTest>

using namespace fettle;

namespace {

QString cut(const QString &text, const std::vector<ByteRange> &ranges)
{
    QStringList parts;
    const QByteArray bytes = text.toUtf8();
    for (const ByteRange &range : ranges)
        parts << QString::fromUtf8(bytes.mid(qsizetype(range.begin), qsizetype(range.end - range.begin)));
    return parts.join(QLatin1Char('|'));
}

} // namespace

class TestWordDiff : public QObject {
    Q_OBJECT
private slots:
    void differences_data()
    {
        QTest::addColumn<QString>("left");
        QTest::addColumn<QString>("right");
        QTest::addColumn<QString>("onlyLeft");
        QTest::addColumn<QString>("onlyRight");
        QTest::newRow("equal") << "Ring us on line 3." << "Ring us on line 3." << "" << "";
        QTest::newRow("blanks only") << "Ring  us\non" << "Ring us on" << "" << "";
        QTest::newRow("one word") << "at 22:00 please" << "at 21:15 please" << "22:00" << "21:15";
        QTest::newRow("neighbours joined") << "a big red dog runs" << "a cat runs" << "big red dog" << "cat";
        QTest::newRow("middle kept") << "No, never give it to dogs." << "Only in small amounts give it with food."
                                     << "No, never|to dogs." << "Only in small amounts|with food.";
        QTest::newRow("left empty") << "" << "two words" << "" << "two words";
        QTest::newRow("nothing shared") << "eins zwei" << "un deux trois" << "eins zwei" << "un deux trois";
        QTest::newRow("beyond ASCII") << "die Katze schläft" << "die Katze frißt" << "schläft" << "frißt";
    }

    void differences()
    {
        QFETCH(QString, left);
        QFETCH(QString, right);
        const WordDiff diff = diffWords(left.toStdString(), right.toStdString());
        QTEST(cut(left, diff.onlyLeft), "onlyLeft");
        QTEST(cut(right, diff.onlyRight), "onlyRight");
        const WordDiff other = diffWords(right.toStdString(), left.toStdString());
        QCOMPARE(other.onlyLeft.empty(), diff.onlyRight.empty());
    }

    void longTextsStayBounded()
    {
        std::string left = "same ", right = "same ";
        for (int i = 0; i < 30'000; ++i) {
            left += "l" + std::to_string(i) + " ";
            right += "r" + std::to_string(i) + " ";
        }
        left += "end";
        right += "end";
        const WordDiff diff = diffWords(left, right);
        QCOMPARE(diff.onlyLeft.size(), std::size_t{1});
        QCOMPARE(diff.onlyLeft.front().begin, std::size_t{5});
        QCOMPARE(diff.onlyRight.front().end, right.size() - 4);
    }
};

QTEST_APPLESS_MAIN(TestWordDiff)
#include "tst_worddiff.moc"
