// Packed files: gzip of every format, XLSX workbooks, and the bombs that either can hide.
#include "tests/core/data/importfixture.h"

#include "core/base/utf8.h"
#include "core/data/spreadsheet.h"

#include <QtTest>

#include <zip.h>
#include <zlib.h>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImportPacked : public QObject {
    Q_OBJECT
private slots:
    void gzipOfEveryFormat();
    void gzipMembersAndDamage();
    void gzipBombsAreRefused();
    void workbook();
    void workbookDates();
    void otherSheets();
    void strayCellsRejectTheirRow();
    void damagedWorkbooks_data();
    void damagedWorkbooks();
    void workbookBombsAreRefused();
    void damagedBytesNeverCrash();
    void damageInsideThePackageNeverCrashes();
    void cellReferences();
};

namespace {

std::string packed(const std::string &text)
{
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
    stream.avail_in = uInt(text.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = uInt(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

using Parts = std::vector<std::pair<std::string, std::string>>;

std::string zipOf(const Parts &parts)
{
    zip_source_t *target = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    zip_source_keep(target);
    zip_t *archive = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto &[name, content] : parts)
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), ZIP_FL_ENC_UTF_8);
    zip_close(archive);
    zip_source_open(target);
    zip_source_seek(target, 0, SEEK_END);
    std::string bytes(std::size_t(zip_source_tell(target)), '\0');
    zip_source_seek(target, 0, SEEK_SET);
    zip_source_read(target, bytes.data(), bytes.size());
    zip_source_close(target);
    zip_source_free(target);
    return bytes;
}

const std::string kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

Parts workbookParts(const std::string &rows, const std::string &shared = {}, const std::string &styles = {})
{
    Parts parts = {
        {"xl/workbook.xml", kXml + R"(<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="Hidden" sheetId="2" state="hidden" r:id="rId2"/><sheet name="Rules" sheetId="1" r:id="rId1"/></sheets></workbook>)"},
        {"xl/_rels/workbook.xml.rels", kXml + R"(<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>)"},
        {"xl/worksheets/sheet1.xml", kXml + "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"},
        {"xl/worksheets/sheet2.xml", kXml + R"(<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>question</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>H</t></is></c></row></sheetData></worksheet>)"},
    };
    if (!shared.empty())
        parts.emplace_back("xl/sharedStrings.xml", kXml + "<sst>" + shared + "</sst>");
    if (!styles.empty())
        parts.emplace_back("xl/styles.xml", kXml + styles);
    return parts;
}

const std::string kHead = R"(<row r="1"><c r="A1" t="inlineStr"><is><t>question</t></is></c><c r="B1" t="inlineStr"><is><t>answer</t></is></c><c r="C1" t="inlineStr"><is><t>note</t></is></c></row>)";

} // namespace

void TestImportPacked::gzipOfEveryFormat()
{
    const std::pair<const char *, std::string> files[] = {
        {"a.json.gz", R"([{"question":"Q","answer":"A"}])"}, {"a.jsonl.gz", "{\"question\":\"Q\",\"answer\":\"A\"}\n"}, {"a.csv.gz", "question,answer\nQ,A\n"},
        {"a.tsv.GZ", "question\tanswer\nQ\tA\n"},            {"a.txt.gz", "Q: Q\nA: A\n"},                              {"a.xlsx.gz", zipOf(workbookParts(kHead + R"(<row r="2"><c r="A2" t="str"><v>Q</v></c><c r="B2" t="str"><v>A</v></c></row>)"))},
        {"no name", utf16(u"question,answer\nQ,A\n", false, true)},
    };
    for (const auto &[name, bytes] : files) {
        const ImportResult result = read(packed(bytes), name);
        QVERIFY2(isBalanced(result), name);
        QVERIFY2(result.report.accepted == 1, name);
        QVERIFY(result.report.isPacked);
        QCOMPARE(std::string(instructionOf(result.records[0])), std::string("Q"));
        QCOMPARE(std::string(responseOf(result.records[0])), std::string("A"));
        QVERIFY(QString::fromStdString(result.records[0].source).startsWith(QString(name)));
        QVERIFY(!read(bytes, name).report.isPacked);
    }
}

void TestImportPacked::gzipMembersAndDamage()
{
    const std::string one = packed("question,answer\nQ,A\n"), two = packed("R,B\n");
    QCOMPARE(read(one + two + std::string(512, '\0'), "a.csv.gz").report.accepted, 2);
    const auto problemOf = [](const std::string &bytes) {
        const auto result = readRecordsFromMemory(bytes, "a.csv.gz");
        return result ? std::string() : result.error().message;
    };
    for (std::size_t length = 2; length < one.size(); length += 3)
        QVERIFY2(problemOf(one.substr(0, length)).find("missing") != std::string::npos, problemOf(one.substr(0, length)).c_str());
    std::string changed = one;
    changed[one.size() - 6] = char(changed[one.size() - 6] ^ 1); // the checksum
    QVERIFY(problemOf(changed).find("damaged") != std::string::npos);
    QVERIFY(problemOf(one + "rest").find("follow") != std::string::npos);
    QVERIFY(problemOf(packed(one)).find("inside another") != std::string::npos);
}

void TestImportPacked::gzipBombsAreRefused()
{
    const std::string bomb = packed(std::string(200u << 20, 'x'));
    QVERIFY(bomb.size() < 400'000);
    const auto result = readRecordsFromMemory(bomb, "bomb.jsonl.gz");
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY2(result.error().message.find("grow") != std::string::npos, result.error().message.c_str());
}

void TestImportPacked::workbook()
{
    const std::string shared = "<si><t>question</t></si><si><r><t>ans</t></r><r><rPr><b/></rPr><t>wer</t></r></si>"
                               "<si><t xml:space=\"preserve\"> Q\n&lt;1&gt; _x000D_ &#228;</t></si><si><t>\xe6\x9d\xb1</t><rPh sb=\"0\" eb=\"1\"><t>higashi</t></rPh></si>";
    const ImportResult result = read(zipOf(workbookParts(R"(<row r="2"><c r="B2" t="s"><v>0</v></c><c r="D2" t="s"><v>1</v></c></row>)"
                                                         R"(<row r="3"><c r="B3" t="s"><v>2</v></c><c r="D3"><v>3.1400000000000001</v></c></row>)"
                                                         R"(<row r="4"/><row r="6"><c r="B6" t="s"><v>3</v></c><c r="D6" t="b"><v>1</v></c></row>)"
                                                         R"(<row r="7"><c r="B7" t="str"><f>A1</f><v>x</v></c><c r="D7"><f>B1</f></c></row>)"
                                                         R"(<row r="8"><c r="B8" t="e"><v>#N/A</v></c></row>)",
                                                         shared)),
                                     "rules.xlsx");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.format, std::string("xlsx"));
    QCOMPARE(result.report.shape, std::string("question-answer"));
    QCOMPARE(result.report.sheet, std::string("Rules")); // the hidden one stands before it
    QCOMPARE(result.report.rowsInFile, 4);
    QCOMPARE(result.report.accepted, 4);
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string(" Q\n<1> \r \xc3\xa4"));
    QCOMPARE(std::string(responseOf(result.records[0])), std::string("3.1400000000000001")); // digit by digit
    QCOMPARE(result.records[0].source, std::string("rules.xlsx, line 3"));
    QCOMPARE(std::string(instructionOf(result.records[1])), std::string("\xe6\x9d\xb1"));
    QCOMPARE(std::string(responseOf(result.records[1])), std::string("true"));
    QCOMPARE(result.records[1].source, std::string("rules.xlsx, line 6"));
    QCOMPARE(noticeCount(result, "uncalculatedCells"), 1);
    QCOMPARE(noticeCount(result, "errorCells"), 1);
    QCOMPARE(noticeCount(result, "emptyResponse"), 2);
    ImportOptions mapped;
    mapped.mapping = {{"instruction", "answer"}};
    QCOMPARE(std::string(instructionOf(read(zipOf(workbookParts(kHead + R"(<row r="2"><c r="B2" t="str"><v>x</v></c></row>)")), "a.xlsx", mapped).records.at(0))), std::string("x"));
}

void TestImportPacked::workbookDates()
{
    const std::string styles = R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-407]dd\.\ mmm&quot;x&quot;"/><numFmt numFmtId="165" formatCode="&quot;day&quot;0.0"/></numFmts>
        <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>)";
    const ImportResult result = read(zipOf(workbookParts(kHead + R"(<row r="2"><c r="A2" s="1"><v>45413</v></c><c r="B2" s="2"><v>45413.5625</v></c><c r="C2" s="3"><v>12</v></c></row>
        <row r="3"><c r="A3" s="1"><v>1</v></c><c r="B3" s="1"><v>61</v></c></row>)",
                                                         {}, styles)),
                                     "a.xlsx");
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string("2024-05-01"));
    QCOMPARE(std::string(responseOf(result.records[0])), std::string("2024-05-01 13:30:00"));
    QCOMPARE(result.records[0].note, std::string("12")); // no date: the letters stand in quotes
    QCOMPARE(std::string(instructionOf(result.records[1])), std::string("1900-01-01"));
    QCOMPARE(std::string(responseOf(result.records[1])), std::string("1900-03-01"));
    QCOMPARE(noticeCount(result, "dateCells"), 4);
}

void TestImportPacked::otherSheets()
{
    const std::string bytes = zipOf(workbookParts(kHead));
    QCOMPARE(noticeCount(read(bytes, "a.xlsx"), "otherSheets"), 1);
    ImportOptions options;
    options.sheet = "Hidden";
    const ImportResult result = read(bytes, "a.xlsx", options);
    QCOMPARE(result.report.sheet, options.sheet);
    QCOMPARE(result.report.sheets, std::vector<std::string>{"Rules"});
    QCOMPARE(result.report.accepted, 1);
    options.sheet = "Nowhere";
    QVERIFY(readRecordsFromMemory(bytes, "a.xlsx", options).error().message.find("Nowhere") != std::string::npos);
}

void TestImportPacked::strayCellsRejectTheirRow()
{
    const ImportResult result = read(zipOf(workbookParts(kHead + R"(<row r="2"><c r="A2" t="str"><v>Q</v></c><c r="AB2" t="str"><v>lost?</v></c></row><row r="3"><c r="A3" t="str"><v>Q</v></c></row>)")), "a.xlsx");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.accepted, 1);
    QCOMPARE(result.report.rejected[0].line, 2);
    QVERIFY(result.report.rejected[0].reason.find("AB") != std::string::npos);
    QVERIFY(result.report.rejected[0].raw.find("lost?") != std::string::npos);
}

void TestImportPacked::damagedWorkbooks_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("reason");
    const auto add = [](const char *tag, const std::string &bytes, const char *reason) { QTest::newRow(tag) << QByteArray::fromStdString(bytes) << QByteArray(reason); };
    add("no workbook", zipOf({{"a.txt", "hello"}}), "no XLSX workbook");
    add("cut off", zipOf(workbookParts(kHead)).substr(0, 300), "damaged");
    add("no sheet part", zipOf({{"xl/workbook.xml", R"(<workbook><sheets><sheet name="A" id="r1"/></sheets></workbook>)"}, {"xl/_rels/workbook.xml.rels", "<Relationships/>"}}), "cannot be opened");
    add("broken XML", zipOf(workbookParts("<row r=\"1\">")), "sheet1.xml is damaged in line 2");
    add("empty sheet", zipOf(workbookParts({})), "empty");
    add("rows out of order", zipOf(workbookParts(R"(<row r="5"/><row r="5"/>)")), "order");
    add("cell twice", zipOf(workbookParts(R"(<row r="1"><c r="B1"/><c r="B1"/></row>)")), "twice");
    add("outside", zipOf(workbookParts(R"(<row r="1"><c r="XFE1"/></row>)")), "outside");
    add("row too far", zipOf(workbookParts(R"(<row r="99999999"/>)")), "order");
    add("unknown text", zipOf(workbookParts(R"(<row r="1"><c r="A1" t="s"><v>7</v></c></row>)")), "does not hold");
}

void TestImportPacked::damagedWorkbooks()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, reason);
    const auto result = readRecordsFromMemory(bytes.toStdString(), "a.xlsx");
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY2(result.error().message.find(reason.toStdString()) != std::string::npos, result.error().message.c_str());
    QVERIFY(!result.error().hint.empty());
}

void TestImportPacked::workbookBombsAreRefused()
{
    const auto problemOf = [](const Parts &parts) {
        const auto result = readRecordsFromMemory(zipOf(parts), "a.xlsx");
        return result ? std::string() : result.error().message;
    };
    // Entities that double ten times, and one that names a file of this machine.
    Parts laughs = workbookParts(kHead);
    std::string entities = "<!ENTITY a0 \"ha\">";
    for (int i = 1; i < 30; ++i)
        entities += "<!ENTITY a" + std::to_string(i) + " \"&a" + std::to_string(i - 1) + ";&a" + std::to_string(i - 1) + ";\">";
    laughs[2].second = "<!DOCTYPE x [" + entities + "]><worksheet><sheetData>&a29;</sheetData></worksheet>";
    QVERIFY(problemOf(laughs).find("entities") != std::string::npos);
    laughs[2].second = R"(<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><worksheet>&f;</worksheet>)";
    QVERIFY(problemOf(laughs).find("entities") != std::string::npos);
    // Packed to a thousandth.
    QVERIFY(problemOf(workbookParts(std::string(150u << 20, ' '))).find("grow") != std::string::npos);
    // One long text that thousands of cells repeat.
    std::string rows;
    for (int i = 1; i < 3000; ++i)
        rows += "<row><c t=\"s\"><v>0</v></c></row>";
    QVERIFY(problemOf(workbookParts(rows, "<si><t>" + std::string(1'000'000, 'x') + "</t></si>")).find("memory") != std::string::npos);
    QVERIFY(problemOf(workbookParts([] {
                std::string deep;
                for (int i = 0; i < 5000; ++i)
                    deep += "<a>";
                return deep;
            }())).find("deep")
            != std::string::npos);
    // A wide first row over many short ones.
    std::string wide = "<row>";
    for (int i = 0; i < 16'000; ++i)
        wide += "<c t=\"str\"><v>c" + std::to_string(i) + "</v></c>";
    wide += "</row>";
    for (int i = 0; i < 2100; ++i)
        wide += "<row><c t=\"str\"><v>x</v></c></row>";
    QVERIFY(problemOf(workbookParts(wide)).find("cells") != std::string::npos);
}

void TestImportPacked::damagedBytesNeverCrash()
{
    const std::string seeds[] = {zipOf(workbookParts(kHead + R"(<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>45413</v></c></row>)", "<si><t>Q</t></si>",
                                                     R"(<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>)")),
                                 packed("question,answer\nQ,A\n")};
    Chance random(815);
    int refused = 0;
    for (int round = 0; round < 6000; ++round) {
        std::string bytes = seeds[random(2)];
        for (std::size_t i = 0, changes = 1 + random(4); i < changes; ++i) {
            const std::size_t place = random(bytes.size());
            if (random(3) == 0)
                bytes.erase(place, 1 + random(20));
            else
                bytes[place] = char(random(256));
            if (bytes.empty())
                break;
        }
        const auto result = readRecordsFromMemory(bytes, "a.xlsx");
        refused += !result;
        QVERIFY(result ? isBalanced(*result) : !result.error().message.empty() && result.error().code == ErrorCode::BadInput);
    }
    QVERIFY(refused > 1000);
}

// Damage that the checksums of the package cannot tell: the parts are changed first, then packed.
void TestImportPacked::damageInsideThePackageNeverCrashes()
{
    const Parts whole = workbookParts(kHead + R"(<row r="2" spans="1:3"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>45413.5</v></c><c r="C2" t="b"><v>1</v></c></row>)"
                                              R"(<row r="3"><c r="A3" t="inlineStr"><is><r><t xml:space="preserve"> R&amp;S&#x20AC; </t></r></is></c><c r="B3" t="str"><f>A1</f><v>B</v></c></row>)",
                                      "<si><t>Q</t></si><si><r><t>R</t></r><rPh><t>x</t></rPh></si>",
                                      R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>)");
    const std::string lines = "{\"question\":\"Q\\u20ac\",\"answer\":\"A\"}\n{\"messages\":[{\"role\":\"user\",\"content\":\"Q\"},{\"role\":\"assistant\",\"content\":\"A\"}]}\n";
    const std::string interesting = "<>&;\"'=/!?-[] \0\xff\xc3" "019AZ{}:,\n";
    const std::string pieces[] = {"&#0;", "&#xD800;", "&#99999999999;", "<!DOCTYPE a [<!ENTITY b \"c\">]>", "<![CDATA[", "]]>", "r=\"4294967297\"", "r=\"A0\"", "r=\"XFD1048577\"", "<v>-1</v>", "<v>1e308</v>", "99999999999999999999"};
    Chance random(1207);
    int read = 0, refused = 0;
    for (int round = 0; round < 6000; ++round) {
        Parts parts = whole;
        const bool isWorkbook = round % 3 != 0;
        std::string text = lines;
        for (std::size_t i = 0, changes = 1 + random(4); i < changes; ++i) {
            std::string &bytes = isWorkbook ? parts[random(parts.size())].second : text;
            if (bytes.empty())
                continue;
            const std::size_t place = random(bytes.size());
            switch (random(5)) {
            case 0: bytes[place] = interesting[random(interesting.size())]; break;
            case 1: bytes.erase(place, 1 + random(12)); break;
            case 2: bytes.insert(place, bytes.substr(random(bytes.size()), random(60))); break;
            case 3: bytes.insert(place, pieces[random(std::size(pieces))]); break;
            default: bytes.resize(place); break;
            }
        }
        if (isWorkbook && random(10) == 0)
            parts.erase(parts.begin() + std::ptrdiff_t(random(parts.size())));
        const auto result = readRecordsFromMemory(isWorkbook ? zipOf(parts) : packed(text), isWorkbook ? "a.xlsx" : "a.jsonl.gz");
        ++(result ? read : refused);
        if (!result) {
            QVERIFY(result.error().code == ErrorCode::BadInput && !result.error().message.empty() && !result.error().hint.empty());
            continue;
        }
        QVERIFY(isSound(*result));
    }
    qInfo("%d read, %d refused", read, refused);
    QVERIFY(read > 1000 && refused > 1000);
}

void TestImportPacked::cellReferences()
{
    QCOMPARE(columnOfReference("A1"), 0);
    QCOMPARE(columnOfReference("Z"), 25);
    QCOMPARE(columnOfReference("AB12"), 27);
    QCOMPARE(columnOfReference("XFD1"), 16383);
    for (const char *bad : {"", "1", "XFE1", "ABCD", "a1"})
        QCOMPARE(columnOfReference(bad), -1);
}

QTEST_APPLESS_MAIN(TestImportPacked)
#include "tst_importpacked.moc"
