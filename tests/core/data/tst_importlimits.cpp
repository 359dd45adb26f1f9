// What an import must survive: foreign files, many rows, a request to stop, random damage. Every row is accounted for.
#include "tests/core/data/importfixture.h"

#include "core/base/clock.h"
#include "core/base/utf8.h"

#include <QtTest>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImportLimits : public QObject {
    Q_OBJECT
private slots:
    void hundredThousandRows();
    void cancels();
    void damagedFilesStayBalanced();
    void foreignFiles_data();
    void foreignFiles();
};

void TestImportLimits::hundredThousandRows()
{
    std::string lines, table = "instruction,input,output\n";
    const std::string answer(400, 'a');
    for (int i = 0; i < 100'000; ++i) {
        const std::string question = "Question number " + std::to_string(i) + " about the rules of the house";
        lines += R"({"instruction": ")" + question + R"(", "input": "", "output": ")" + answer + "\\n\"}\n";
        table += question + ",,\"" + answer + "\n\"\n";
    }
    for (const auto &[bytes, name] : {std::pair(&lines, "a.jsonl"), std::pair(&table, "a.csv")}) {
        const Stopwatch watch;
        const ImportResult result = read(*bytes, name);
        qInfo("%s: 100,000 rows, %.0f MB in %.2f s", name, double(bytes->size()) / 1e6, watch.seconds());
        QCOMPARE(result.report.accepted, 100'000);
    }
}

void TestImportLimits::cancels()
{
    std::stop_source stop;
    stop.request_stop();
    const auto result = readRecordsFromMemory("instruction,output\na,b\n", "a.csv", {}, {}, {}, stop.get_token());
    QCOMPARE(result.error().code, ErrorCode::Cancelled);
}

// Bytes of good files are changed, doubled and cut at random: no crash, and every row is accounted for.
void TestImportLimits::damagedFilesStayBalanced()
{
    const std::vector<std::pair<std::string, std::string>> seeds = {
        {"a.json", R"([{"instruction":"Q\u00e4","input":"","output":"A \"x\" \\"},{"messages":[{"role":"user","content":[{"type":"text","text":"Q"}]}]}, [1.5e3, null]])"},
        {"a.jsonl", "{\"instruction\":\"Q\",\"output\":\"A\"}\r\n{\"conversations\":[{\"from\":\"human\",\"value\":\"\\ud83d\\udc31\"}]}\n\n{\"prompt\":1}\n"},
        {"a.csv", "instruction,output,tags\n\"a \"\"b\"\"\",\"c\nd\",x;y\n1,2,3\n\xc3\xa4,\xe2\x82\xac,\n"},
        {"a", std::string(utf16(u"instruction;output\n\"x\";\"\u00e4\"\n", false, true))},
        {"a.jsonl", R"({"message_tree_id":"t","prompt":{"text":"Q","role":"prompter","replies":[{"text":"A","role":"assistant","replies":[]},{"text":"B","role":"assistant","replies":[]}]}})"},
        {"a.json", R"([{"instruction":"Q","instances":[{"input":"","output":"A"},{"input":"x","output":"B"}]},{"columns":["instruction"],"data":[["a"]]}])"},
        {"a.jsonl", "{\"conversation\":[{\"human\":\"Q\",\"assistant\":\"A\"}],\"functions\":[{\"name\":\"f\"}]}\n"},
        {"a.txt", "Q: one\nA: two\nthree\n\n### Question: four\nContext: x\nA: five\n"},
        {"a.json", R"({"train":[{"instruction":"Q","output":"A"}],"test":{"instruction":["a"],"output":["b","c"]}})"},
    };
    Chance random(4711);
    const std::string interesting = "\"{}[],:;\t\n\r\\\0\xff\xc3\xed\xfe 0e.-u'|/";
    int read = 0;
    for (int round = 0; round < 40'000; ++round) {
        auto [name, bytes] = seeds[random(seeds.size())];
        for (std::size_t i = 0, changes = 1 + random(6); i < changes && !bytes.empty(); ++i) {
            const std::size_t place = random(bytes.size());
            switch (random(5)) {
            case 0: bytes[place] = char(random(256)); break;
            case 1: bytes[place] = interesting[random(interesting.size())]; break;
            case 2: bytes.erase(place, 1 + random(8)); break;
            case 3: bytes.insert(place, bytes.substr(random(bytes.size()), random(20))); break;
            default: bytes.insert(place, 1, interesting[random(interesting.size())]); break;
            }
        }
        ImportOptions options;
        if (random(4) == 0)
            options.format = std::vector<std::string>{"json", "jsonl", "csv", "tsv", "text"}[random(5)];
        const auto result = readRecordsFromMemory(bytes, name, options);
        if (!result) {
            QVERIFY(!result.error().message.empty());
            continue;
        }
        ++read;
        QVERIFY(isSound(*result));
    }
    QVERIFY(read > 1000);
}

void TestImportLimits::foreignFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("space") << QByteArray(" \n\n ");
    QTest::newRow("mark only") << QByteArray("\xef\xbb\xbf");
    QTest::newRow("zip") << QByteArray("PK\x03\x04....");
    QTest::newRow("gzip") << QByteArray("\x1f\x8b\x08");
    QTest::newRow("parquet") << QByteArray("PAR1....");
    QTest::newRow("Git LFS pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
    QTest::newRow("web page") << QByteArray("<!DOCTYPE html><html><body>404 Not found</body></html>\n");
    QByteArray allBytes;
    for (int i = 0; i < 2560; ++i)
        allBytes += char(i);
    QTest::newRow("data") << allBytes;
    QTest::newRow("sqlite") << QByteArray("SQLite format 3\0", 16);
}

void TestImportLimits::foreignFiles()
{
    QFETCH(QByteArray, bytes);
    for (const char *name : {"a.json", "a.jsonl", "a.csv", "a"}) {
        const auto result = readRecordsFromMemory(bytes.toStdString(), name);
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::BadInput);
        QVERIFY(!result.error().hint.empty());
    }
    QCOMPARE(readRecords("/nowhere/at/all.json").error().code, ErrorCode::NotFound);
}

QTEST_APPLESS_MAIN(TestImportLimits)
#include "tst_importlimits.moc"
