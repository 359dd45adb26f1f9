// What a text alone tells: personal data, phrases of assistants, placeholders, open marks, damaged letters; and texts unlike the rest.
#include "core/base/utf8.h"
#include "core/data/importer.h"
#include "core/data/neighbours.h"
#include "core/data/personaldata.h"
#include "core/data/recordview.h"
#include "core/data/spelling.h"
#include "core/data/textchecks.h"
#include "core/data/textfindings.h"
#include "core/data/textoutliers.h"

#include <QtTest>
#include <set>
#include <stop_token>

using namespace fettle;
using namespace fettle::data;

class TestTextFindings : public QObject {
    Q_OBJECT
private slots:
    void personalData_data();
    void personalData();
    void boilerplate_data();
    void boilerplate();
    void placeholders_data();
    void placeholders();
    void markup_data();
    void markup();
    void repairs_data();
    void repairs();
    void outliers();
    void outliersOfMixedLanguages();
    void similarTextsAreThoseOfAllPairs();
    void aCheckCanBeStopped();
    void spelling_data();
    void spelling();
    void spellingSuggestsAndFindsItsFiles();
};

void TestTextFindings::personalData_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("masked");
    const auto row = [](const char *name, const char *text, const char *masked) { QTest::newRow(name) << QString::fromUtf8(text) << QString::fromUtf8(masked); };
    row("mail", "Write to anna.b+x@mail.clinic.co.uk.", "Write to [MAIL].");
    row("mail in brackets", "(jo@b-c.de), please", "([MAIL]), please");
    row("mail with digits", "tel.01632960114@phone.net!", "[MAIL]!");
    row("example address", "user@example.com or a@b.test", "user@example.com or a@b.test");
    row("no address", "@home a@b 5 @ 3 a@.de x@y..de", "@home a@b 5 @ 3 a@.de x@y..de");
    row("british phone", "Ring 01632 960 114 now", "Ring [PHONE] now");
    row("international", "+49 (0)30 901820, or +1-202-555-0143.", "[PHONE], or [PHONE].");
    row("american", "Call 202-555-0143 or (202) 555-0143", "Call [PHONE] or [PHONE]");
    row("slash", "Tel. 030/901820-0", "Tel. [PHONE]");
    row("dates", "On 01.02.2024, 24-11-26 and 2026-11-24", "On 01.02.2024, 24-11-26 and 2026-11-24");
    row("numbers", "0.123456789, 1,234,567, 3.1415926535, page 12345678", "0.123456789, 1,234,567, 3.1415926535, page 12345678");
    row("times", "from 08:00 to 17:30, 10 20 30 40 50", "from 08:00 to 17:30, 10 20 30 40 50");
    row("version and name", "RFC 2119, x0123456789, 012345678901234567", "RFC 2119, x0123456789, 012345678901234567");
    row("iban", "IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN] please");
    row("iban in one", "GB82WEST12345698765432", "[IBAN]");
    row("iban, wrong check digits", "DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00");
    row("iban, wrong length", "DE89 3704 0044 0532 0130", "DE89 3704 0044 0532 0130");
    row("visa", "4111 1111 1111 1111", "[CARD]");
    row("amex", "card 3782-822463-10005.", "card [CARD].");
    row("wrong luhn", "4111 1111 1111 1112", "4111 1111 1111 1112");
    row("luhn but no issuer", "1111 1111 1111 1117", "1111 1111 1111 1117");
    row("several", "a@b.de, 4111111111111111, +4930901820", "[MAIL], [CARD], [PHONE]");
    row("letters around", "\xc3\xa4" "anna@klinik.de\xe2\x80\x9d", "\xc3\xa4[MAIL]\xe2\x80\x9d");
}

void TestTextFindings::personalData()
{
    QFETCH(QString, text);
    QFETCH(QString, masked);
    QCOMPARE(QString::fromStdString(maskPersonalData(text.toStdString())), masked);
    QCOMPARE(!findPersonalData(text.toStdString()).empty(), text != masked);
    QCOMPARE(QString::fromStdString(maskPersonalData(masked.toStdString())), masked); // once is enough
    QVERIFY(!hasPlaceholder(masked.toStdString())); // what the fix writes is no finding of its own
}

void TestTextFindings::boilerplate_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("without");
    const auto row = [](const char *name, const char *text, const char *without) { QTest::newRow(name) << QString::fromUtf8(text) << QString::fromUtf8(without); };
    row("first sentence", "As an AI language model, I cannot see. Give 5 mg.", "Give 5 mg.");
    row("last sentence", "Give 5 mg. I hope this helps!", "Give 5 mg.");
    row("middle", "Give 5 mg. As of my last update, that holds. Ask again.", "Give 5 mg. Ask again.");
    row("curly apostrophe", "I\xe2\x80\x99m just an AI. Ring us.", "Ring us.");
    row("german", "Als KI-Sprachmodell wei\xc3\x9f ich das nicht. Rufen Sie an.", "Rufen Sie an.");
    row("lines", "Give 5 mg.\nIs there anything else I can help you with?", "Give 5 mg.");
    row("nothing else", "I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t assist with that.", "");
    row("two", "As an AI, I think so. As an AI assistant I do not. Yes.", "Yes.");
    row("air", "As an air cushion it works.", "As an air cushion it works.");
    row("about AI", "He serves as an AI expert at the clinic.", "He serves as an AI expert at the clinic.");
    row("inside a word", "Has an AI, has a dog.", "Has an AI, has a dog.");
}

void TestTextFindings::boilerplate()
{
    QFETCH(QString, text);
    QFETCH(QString, without);
    QCOMPARE(QString::fromStdString(withoutBoilerplate(text.toStdString())), without);
    QCOMPARE(hasBoilerplate(text.toStdString()), text != without);
}

void TestTextFindings::placeholders_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("isFound");
    const auto row = [](const char *text, bool isFound) { QTest::newRow(text) << QString::fromUtf8(text) << isFound; };
    row("Dear [Name], come in.", true);
    row("Dear [insert name here],", true);
    row("Lorem ipsum dolor", true);
    row("TODO: ask Ines", true);
    row("asdf test", true);
    row("Hello {{ customer }}", true);
    row("Sign here: ________", true);
    row("<your company>", true);
    row("[1] A source, [MAIL], and {x}", false);
    row("The TODOlist and todo, XXXL, a list[0]", false);
    row("if (a < b) { return }", false);
}

void TestTextFindings::placeholders()
{
    QFETCH(QString, text);
    QFETCH(bool, isFound);
    QCOMPARE(hasPlaceholder(text.toStdString()), isFound);
}

void TestTextFindings::markup_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("isFound");
    const auto row = [](const char *text, bool isFound) { QTest::newRow(text) << QString::fromUtf8(text) << isFound; };
    row("<b>bold</b>", false);
    row("<b>bold", true);
    row("bold</b>", true);
    row("<think>so it is", true);
    row("<think>so</think> it is", false);
    row("<tool_call>{}</tool_call><tool_call>", true);
    row("line<br>line<br/><img src=\"a\">", false);
    row("a < b and b > c", false);
    row("List<String> x", false);
    row("List<String> x </String>", false);
    row("<item>one", false);
    row("<item>one</item></item>", true);
    row("```\n<b>code\n```", false);
    row("```\nint a;", true);
    row("use `<b>` for bold", false);
    row("<a href=\"x\">link</a>", false);
    row("```int a;``` in one line", false);
}

void TestTextFindings::markup()
{
    QFETCH(QString, text);
    QFETCH(bool, isFound);
    QCOMPARE(hasUnbalancedMarkup(text.toStdString()), isFound);
}

void TestTextFindings::repairs_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("repaired");
    const auto row = [](const char *name, const char *text, const char *repaired) { QTest::newRow(name) << QString::fromUtf8(text) << QString::fromUtf8(repaired); };
    row("umlaut", "\xc3\x83\xc2\xbc" "ber", "\xc3\xbc" "ber");
    row("quote", "don\xc3\xa2\xe2\x82\xac\xe2\x84\xa2t", "don\xe2\x80\x99t");
    row("emoji", "\xc3\xb0\xc5\xb8\xcb\x9c\xe2\x82\xac", "\xf0\x9f\x98\x80");
    row("control", "a\x01" "b\tc\n", "ab\tc\n");
    row("lost", "a\xef\xbf\xbd", "a\xef\xbf\xbd"); // nothing tells what it was
    row("right letters stay", "\xc3\x83o, \xc3\x82ge, 5 \xe2\x82\xac", "\xc3\x83o, \xc3\x82ge, 5 \xe2\x82\xac");
    QTest::newRow("windows quote in unicode") << QStringLiteral("don%1t").arg(QChar(0x92)) << QString::fromUtf8("don\xe2\x80\x99t");
}

void TestTextFindings::repairs()
{
    QFETCH(QString, text);
    QFETCH(QString, repaired);
    QCOMPARE(QString::fromStdString(repairedEncoding(text.toStdString())), repaired);
}

namespace {

const char *kGerman = "Wenn die Katze nicht fressen will, rufen Sie bitte am gleichen Tag in der Praxis an und bringen Sie den Impfpass mit.";

// What a clinic really asks and answers.
std::vector<std::string> englishTexts()
{
    std::vector<std::string> texts;
    const auto read = readRecords(FETTLE_SOURCE_DIR "/datasets/hollybrook/hollybrook.jsonl");
    for (const Record &record : read ? read->records : std::vector<Record>()) {
        texts.push_back(normalForm(instructionOf(record)));
        texts.push_back(normalForm(responseOf(record)));
    }
    return texts;
}

std::vector<std::size_t> outliersOf(const std::vector<std::string> &texts)
{
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto found = findOutliers(views);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; found && i < found->size(); ++i) {
        if ((*found)[i])
            places.push_back(i);
    }
    return places;
}

} // namespace

void TestTextFindings::outliers()
{
    std::vector<std::string> texts = englishTexts();
    const std::size_t count = texts.size();
    QVERIFY(count > 400);
    QCOMPARE(outliersOf(texts), std::vector<std::size_t>());
    texts.push_back(normalForm(kGerman));
    texts.push_back(normalForm("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82")); // a Russian word
    texts.push_back("5 mg, 10 ml");
    texts.push_back(normalForm("Give the dog half a tablet twice a day, with food, and ring us if it is sick."));
    texts.push_back(normalForm("Le chat ne doit pas manger pendant les douze heures qui pr\xc3\xa9" "c\xc3\xa8" "dent l'op\xc3\xa9ration."));
    texts.push_back(normalForm("Lasciate il cane digiuno dalla mezzanotte e portate il libretto delle vaccinazioni."));
    QCOMPARE(outliersOf(texts), (std::vector<std::size_t>{count, count + 1, count + 4, count + 5}));
    QCOMPARE(outliersOf({texts.end() - 10, texts.end()}), std::vector<std::size_t>()); // too few to say what is usual
}

void TestTextFindings::outliersOfMixedLanguages()
{
    std::vector<std::string> texts = englishTexts();
    for (int i = 0; i < 60; ++i)
        texts.push_back(normalForm(std::string(kGerman) + ' ' + std::to_string(i)));
    QCOMPARE(outliersOf(texts), std::vector<std::size_t>());
}

namespace {

std::set<std::string> triplesOf(const std::vector<std::string> &words)
{
    std::set<std::string> triples;
    for (std::size_t i = 0; i + 3 <= words.size(); ++i)
        triples.insert(words[i] + ' ' + words[i + 1] + ' ' + words[i + 2]);
    return triples;
}

bool areSimilar(const std::set<std::string> &one, const std::set<std::string> &other)
{
    std::vector<std::string> common;
    std::ranges::set_intersection(one, other, std::back_inserter(common));
    return common.size() >= 0.8 * double(one.size() + other.size() - common.size());
}

} // namespace

// Buckets, bands and several cores find what a comparison of each with each finds.
void TestTextFindings::similarTextsAreThoseOfAllPairs()
{
    std::uint64_t state = 5;
    const auto random = [&state](std::uint64_t below) { return state = state * 6364136223846793005ull + 1442695040888963407ull, (state >> 33) % below; };
    std::vector<std::string> texts{"", " \n "};
    std::vector<std::set<std::string>> triples(texts.size());
    std::vector<std::vector<std::string>> originals;
    while (texts.size() < 700) {
        std::vector<std::string> words;
        if (originals.empty() || random(2) == 0) {
            for (std::uint64_t count = 4 + random(60); count > 0; --count)
                words.push_back("word" + std::to_string(random(900)));
            originals.push_back(words);
        } else { // a copy with some other words
            words = originals[random(originals.size())];
            for (std::uint64_t changes = random(5); changes > 0; --changes)
                words[random(words.size())] = "other" + std::to_string(random(900));
        }
        std::string text;
        for (const std::string &word : words)
            text += (text.empty() ? "" : " ") + word;
        texts.push_back(text);
        triples.push_back(triplesOf(words));
    }
    std::vector<std::uint8_t> uses;
    for (std::size_t i = 0; i < texts.size(); ++i)
        uses.push_back(i % 3 == 0 ? Asked : i % 3 == 1 ? Learnt : NoUse);
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto found = findNeighbours(views, uses, 0.8);
    const auto groups = groupNeighbours(views, 0.8);
    QVERIFY(found && groups);
    std::vector<std::size_t> first(texts.size()); // of each one's group
    int similar = 0, leaked = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        bool hasEarlier = false, isLeaked = false;
        first[i] = i;
        for (std::size_t k = 2; k < texts.size() && i >= 2; ++k) {
            if (k == i || !areSimilar(triples[i], triples[k]))
                continue;
            hasEarlier = hasEarlier || k < i;
            isLeaked = isLeaked || (uses[i] == Asked && uses[k] == Learnt);
            if (k < i)
                std::ranges::replace(first.begin(), first.begin() + std::ptrdiff_t(i) + 1, std::max(first[i], first[k]), std::min(first[i], first[k]));
        }
        QCOMPARE(found->earlier[i] >= 0, hasEarlier);
        QCOMPARE(bool(found->isLeaked[i]), isLeaked);
        similar += hasEarlier;
        leaked += isLeaked;
    }
    QVERIFY(similar > 100 && leaked > 30);
    QVERIFY(*groups == first);
}

void TestTextFindings::aCheckCanBeStopped()
{
    const std::vector<std::string_view> texts(5000, "one two three four five six");
    std::stop_source stop;
    const ProgressCallback stopAtOnce = [&](const Progress &) { stop.request_stop(); };
    const auto similar = findNeighbours(texts, {}, 0.8, stopAtOnce, stop.get_token());
    QVERIFY(!similar && similar.error().code == ErrorCode::Cancelled);
    stop = {};
    const auto outliers = findOutliers(texts, stopAtOnce, stop.get_token());
    QVERIFY(!outliers && outliers.error().code == ErrorCode::Cancelled);
}

namespace {

std::shared_ptr<const Speller> speller(const char *language)
{
    qputenv("DICPATH", FETTLE_FIXTURES "/spelling");
    for (const Dictionary &dictionary : installedDictionaries()) {
        if (dictionary.language == language && dictionary.words.string().starts_with(FETTLE_FIXTURES))
            return Speller::open(dictionary).value_or(nullptr);
    }
    return nullptr;
}

} // namespace

void TestTextFindings::spelling_data()
{
    QTest::addColumn<QString>("language");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("unknown");
    QTest::addColumn<int>("words");
    QTest::newRow("right") << "en_US" << "The cats wait in the room." << QStringList() << 6;
    QTest::newRow("wrong") << "en_US" << "The catz wait in teh room" << QStringList{"catz", "teh"} << 6;
    QTest::newRow("behind an emoji") << "en_US" << QString::fromUtf8("🐱 the ä rooom\r\nthe qat") << QStringList{"rooom", "qat"} << 4;
    QTest::newRow("apostrophes") << "en_US" << QString::fromUtf8("it doesn't, it doesn’t") << QStringList{"it", "it"} << 4;
    QTest::newRow("passed over") << "en_US" << "NASA B12 qx@zz.example www.zzz.example/qqq my_vaar C:\\dirr" << QStringList() << 0;
    QTest::newRow("known") << "en_US" << "the Fettle room" << QStringList() << 3;
    QTest::newRow("nothing") << "en_US" << "" << QStringList() << 0;
    QTest::newRow("Latin-1 dictionary") << "de_DE" << QString::fromUtf8("Wo warten die Katzen? Im Büro. Zu groß, grohs, Ωμέγα") << QStringList{"Zu", "grohs", QString::fromUtf8("Ωμέγα")} << 10;
}

void TestTextFindings::spelling()
{
    QFETCH(QString, language);
    QFETCH(QString, text);
    QFETCH(QStringList, unknown);
    QFETCH(int, words);
    const auto dictionary = speller(qPrintable(language));
    if (!dictionary)
        QSKIP("built without Hunspell");
    const Speller::Check check = dictionary->check(text.toStdString(), {"Fettle"});
    QStringList found;
    const QList<uint> codePoints = text.toUcs4();
    for (const TextSpan &span : check.unknown)
        found << QString::fromUcs4(reinterpret_cast<const char32_t *>(codePoints.constData()) + span.begin, span.end - span.begin);
    QCOMPARE(found, unknown);
    QCOMPARE(int(check.words), words);
}

void TestTextFindings::spellingSuggestsAndFindsItsFiles()
{
    const auto english = speller("en_US"), german = speller("de_DE");
    if (!english || !german)
        QSKIP("built without Hunspell");
    const auto suggested = english->suggestions("teh");
    QVERIFY(std::ranges::find(suggested, "the") != suggested.end());
    const auto letters = german->suggestions("B\xc3\xbcroo");
    QVERIFY(std::ranges::find(letters, "B\xc3\xbcro") != letters.end());
    QCOMPARE(Speller::open({"xx", "/nowhere/xx.dic"}).error().code, ErrorCode::NotFound);
    QVERIFY(english->check("\xff\xfe").unknown.empty());
}

QTEST_APPLESS_MAIN(TestTextFindings)
#include "tst_textfindings.moc"
