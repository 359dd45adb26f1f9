// Visible words of core: English unless a translator is set, and never lost to a mistake in a translation.
#include "core/base/words.h"

#include <QtTest>

namespace {

std::string german(std::string_view english)
{
    if (english == "Cannot read \"{}\" in line {}.")
        return "Zeile {1} von \"{0}\" kann nicht gelesen werden.";
    if (english == "{} rows are left out.")
        return "{} Zeilen von {} fehlen."; // one place too many
    if (english == "The list is not closed: } is missing.")
        return "Die Liste endet nicht: } fehlt.";
    return std::string(english);
}

} // namespace

class TestWords : public QObject {
    Q_OBJECT
private slots:
    void cleanup() { fettle::setTranslator(nullptr); }

    void englishWithoutTranslator()
    {
        QCOMPARE(fettle::tr("Cannot read \"{}\" in line {}.", "a.csv", 412), std::string("Cannot read \"a.csv\" in line 412."));
        QCOMPARE(fettle::tr("The list is not closed: } is missing."), std::string("The list is not closed: } is missing."));
    }

    void countsAreGrouped()
    {
        QCOMPARE(fettle::countText(0), std::string("0"));
        QCOMPARE(fettle::countText(999), std::string("999"));
        QCOMPARE(fettle::countText(1284), std::string("1,284"));
        QCOMPARE(fettle::countText(-999), std::string("-999"));
        QCOMPARE(fettle::countText(-1000), std::string("-1,000"));
        QCOMPARE(fettle::countText(1234567), std::string("1,234,567"));
    }

    void translationMayReorderValues()
    {
        fettle::setTranslator(german);
        QCOMPARE(fettle::tr("Cannot read \"{}\" in line {}.", "a.csv", 412), std::string("Zeile 412 von \"a.csv\" kann nicht gelesen werden."));
        QCOMPARE(fettle::tr("The list is not closed: } is missing."), std::string("Die Liste endet nicht: } fehlt."));
        QCOMPARE(fettle::tr("Not translated: {}", 7), std::string("Not translated: 7"));
    }

    void wrongTranslationFallsBackToEnglish()
    {
        fettle::setTranslator(german);
        QCOMPARE(fettle::tr("{} rows are left out.", 3), std::string("3 rows are left out."));
    }
};

QTEST_APPLESS_MAIN(TestWords)
#include "tst_words.moc"
