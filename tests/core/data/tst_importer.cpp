// Import of every shape and encoding, the JSON test suite, real files, broken rows with their lines, and the accounting identity under
// random damage.
#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/data/importer.h"

#include <QDirIterator>
#include <QTemporaryDir>
#include <QtTest>

using namespace fettle;
using namespace fettle::data;

namespace {

const QString kShared = FETTLE_SHARED_DATA "/datasets";

ImportResult read(const std::string &bytes, const std::string &name, const ImportOptions &options = {})
{
    auto result = readRecordsFromMemory(bytes, name, options);
    if (!result)
        qWarning("%s %s", result.error().message.c_str(), result.error().hint.c_str());
    return result ? std::move(*result) : ImportResult{};
}

bool isBalanced(const ImportResult &result)
{
    return result.report.accepted + std::int64_t(result.report.rejected.size()) == result.report.rowsInFile
        && result.report.accepted == std::int64_t(result.records.size());
}

std::int64_t noticeCount(const ImportResult &result, const std::string &code)
{
    for (const ImportNotice &notice : result.report.notices) {
        if (notice.code == code)
            return notice.count;
    }
    return 0;
}

std::string utf16(const std::u16string &text, bool isBig, bool hasMark)
{
    std::string bytes;
    const auto add = [&](char16_t unit) {
        const char high = char(unit >> 8), low = char(unit & 0xff);
        bytes += isBig ? high : low;
        bytes += isBig ? low : high;
    };
    if (hasMark)
        add(0xfeff);
    for (const char16_t unit : text)
        add(unit);
    return bytes;
}

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class TestImporter : public QObject {
    Q_OBJECT
private slots:
    void shapes_data();
    void shapes();
    void conversationsKeepEverything();
    void extraFields();
    void numbersKeepTheirDigits();
    void textIsNotTouched();
    void jsonTestSuite();
    void depthBomb();
    void brokenJsonNamesThePlace();
    void brokenLines();
    void tables_data();
    void tables();
    void brokenTableRows();
    void encodings_data();
    void encodings();
    void invalidBytesRejectTheirRow();
    void mapping();
    void notices();
    void foreignFiles_data();
    void foreignFiles();
    void realFiles_data();
    void realFiles();
    void preview();
    void oneConversation();
    void hundredThousandRows();
    void cancels();
    void damagedFilesStayBalanced();
};

void TestImporter::shapes_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("shape");
    QTest::addColumn<int>("rows");
    const auto add = [](const char *tag, const char *name, const char *shape, int rows, const char *bytes) {
        QTest::newRow(tag) << QByteArray(bytes) << QString(name) << QString(shape) << rows;
    };
    // Every file holds the pair Q -> A as its first row.
    add("alpaca", "a.json", "alpaca", 2, R"([{"instruction":"Q","input":"","output":"A"},{"instruction":"R","input":"c","output":"B"}])");
    add("alpaca, other keys", "a.jsonl", "alpaca", 1, R"({"Instruction":"Q","response":"A"})");
    add("dolly", "a.jsonl", "dolly", 1, R"({"instruction":"Q","context":"","response":"A","category":"open_qa"})");
    add("prompt and completion", "a.jsonl", "prompt-completion", 1, R"({"prompt":"Q","completion":"A"})");
    add("question and answer", "a.jsonl", "question-answer", 1, R"({"question":"Q","answer":"A"})");
    add("input and output", "a.jsonl", "columns", 1, R"({"input":"Q","output":"A"})");
    add("messages", "a.jsonl", "messages", 1, R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})");
    add("content parts", "a.jsonl", "messages", 1,
        R"({"messages":[{"role":"user","content":[{"type":"text","text":"Q"}]},{"role":"assistant","content":"A"}]})");
    add("list of messages on each line", "a.jsonl", "messages", 1, R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])");
    add("one conversation", "a.json", "messages", 1, R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])");
    add("list of conversations", "a.json", "messages", 2,
        R"([[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}],[{"role":"user","content":"R"},{"role":"assistant","content":"B"}]])");
    add("sharegpt", "a.json", "sharegpt", 1, R"([{"id":"1","conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]}])");
    add("prompt as messages", "a.jsonl", "prompt-completion", 1, R"({"prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}]})");
    add("one row", "a.json", "alpaca", 1, R"({"instruction":"Q","output":"A"})");
    add("wrapped", "a.json", "alpaca", 2, R"({"version":1,"data":[{"instruction":"Q","output":"A"},{"instruction":"R","output":"B"}]})");
    add("wrapped splits", "a.json", "alpaca", 2, R"({"train":[{"instruction":"Q","output":"A"}],"test":[{"instruction":"R","output":"B"}]})");
    add("columns", "a.json", "alpaca", 2, R"({"instruction":["Q","R"],"output":["A","B"]})");
    add("columns of pandas", "a.json", "alpaca", 2, R"({"instruction":{"0":"Q","1":"R"},"output":{"0":"A","1":"B"}})");
    add("dictionary of rows", "a.json", "alpaca", 2, R"({"x":{"instruction":"Q","output":"A"},"y":{"instruction":"R","output":"B"}})");
    add("lines in a .json file", "a.json", "alpaca", 2, "{\"instruction\":\"Q\",\"output\":\"A\"}\n{\"instruction\":\"R\",\"output\":\"B\"}\n");
    add("unknown extension", "a.txt", "alpaca", 1, R"([{"instruction":"Q","output":"A"}])");
    add("csv", "a.csv", "alpaca", 2, "instruction,output\nQ,A\nR,B\n");
    add("tsv", "a.tsv", "question-answer", 1, "question\tanswer\nQ\tA\n");
    add("text with tabs", "a.txt", "question-answer", 1, "question\tanswer\nQ\tA\n");
}

void TestImporter::shapes()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, name);
    QFETCH(QString, shape);
    QFETCH(int, rows);
    const ImportResult result = read(bytes.toStdString(), name.toStdString());
    QVERIFY(isBalanced(result));
    QCOMPARE(QString::fromStdString(result.report.shape), shape);
    QCOMPARE(result.report.rowsInFile, rows);
    QCOMPARE(result.report.accepted, rows);
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string("Q"));
    QCOMPARE(std::string(responseOf(result.records[0])), std::string("A"));
    QVERIFY(isPair(result.records[0]));
    if (rows > 1)
        QCOMPARE(std::string(responseOf(result.records[1])), std::string("B"));
    if (bytes.contains("\"test\""))
        QVERIFY(result.records[0].split == Split::Train && result.records[1].split == Split::Test);
}

void TestImporter::conversationsKeepEverything()
{
    const ImportResult result = read(
        R"({"tools": [{"type": "function", "n": 12345678901234567890123}], "messages": [{"role":"developer","content":"s"},)"
        R"({"role":"user","content":"u","name":"Ann"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},)"
        R"({"role":"tool","content":"42"},{"role":"assistant","content":"a","weight":0}]})", "a.jsonl");
    QCOMPARE(result.report.accepted, 1);
    const Record &record = result.records[0];
    QCOMPARE(record.turns.size(), std::size_t(5));
    QCOMPARE(record.turns[0].role, Role::System);
    QCOMPARE(record.turns[1].extraJson, std::string(R"({"name": "Ann"})"));
    QCOMPARE(record.turns[2].extraJson, std::string(R"({"tool_calls": [{"id":"1"}]})"));
    QVERIFY(record.turns[2].text.empty());
    QCOMPARE(record.turns[3].role, Role::Tool);
    QCOMPARE(record.toolsJson, std::string(R"([{"type": "function", "n": 12345678901234567890123}])"));
    QVERIFY(!isPair(record));
    const ImportResult bad = read("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n{\"messages\":[{\"role\":\"alien\",\"content\":\"a\"}]}\n"
                                  "{\"messages\":[]}\n{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}\n"
                                  "{\"messages\":[{\"role\":\"user\"}]}\n{\"messages\":7}\n", "a.jsonl");
    QVERIFY(isBalanced(bad));
    QCOMPARE(bad.report.accepted, 1);
    QCOMPARE(bad.report.rejected.size(), std::size_t(5));
    QVERIFY(bad.report.rejected[0].reason.find("alien") != std::string::npos);
    QCOMPARE(bad.report.rejected[0].line, 2);
    QVERIFY(bad.report.rejected[2].reason.find("image_url") != std::string::npos);
}

void TestImporter::extraFields()
{
    const ImportResult result = read(
        "{\"instruction\":\"Q\",\"input\":\"C\",\"output\":\"A\",\"system\":\"S\",\"tags\":[\"x\",\"y\",\"x\"],\"split\":\"held-out\",\"note\":\"fact: A\"}\n"
        "{\"instruction\":\"Q\",\"output\":\"A\",\"tags\":\" a b ; c,,d\",\"split\":\"validation\",\"history\":[[\"q1\",\"a1\"]]}\n"
        "{\"instruction\":\"Q\",\"output\":\"A\",\"split\":\"somewhere\",\"id\":3}\n", "dir.x.jsonl");
    QCOMPARE(result.report.accepted, 3);
    const Record &first = result.records[0];
    QCOMPARE(std::string(systemOf(first)), std::string("S"));
    QCOMPARE(first.context, std::string("C"));
    QCOMPARE(first.tags, (std::vector<std::string>{"x", "y"}));
    QCOMPARE(first.split, Split::HeldOut);
    QCOMPARE(first.note, std::string("fact: A"));
    QCOMPARE(first.source, std::string("dir.x.jsonl, line 1"));
    QCOMPARE(result.records[1].tags, (std::vector<std::string>{"a b", "c", "d"}));
    QCOMPARE(result.records[1].split, Split::HeldOut);
    QCOMPARE(result.records[2].split, Split::Unassigned);
    QCOMPARE(noticeCount(result, "unknownSplit"), 1);
}

void TestImporter::numbersKeepTheirDigits()
{
    const ImportResult result = read(R"([{"instruction": 123456789012345678901234567890, "output": -0.10E+05}, {"instruction": true, "output": null},
        {"instruction": ["x"], "output": "a"}, {"instruction": "x", "output": {"a": 1}}, {"instruction": "x"}, 17, null, "text", []])", "a.json");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.rowsInFile, 9);
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string("123456789012345678901234567890"));
    QCOMPARE(std::string(responseOf(result.records[0])), std::string("-0.10E+05"));
    QCOMPARE(std::string(instructionOf(result.records[1])), std::string("true"));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(noticeCount(result, "emptyResponse"), 1);
    QCOMPARE(result.report.rejected[0].field, std::string("instruction"));
    QCOMPARE(result.report.rejected[0].line, 2);
    QCOMPARE(result.report.rejected[0].row, 3);
    QCOMPARE(result.report.rejected[1].field, std::string("output"));
    QCOMPARE(result.report.rejected[2].reason, std::string("the field is missing"));
    for (const RejectedRow &row : result.report.rejected)
        QVERIFY(!row.reason.empty());
}

void TestImporter::textIsNotTouched()
{
    // Decomposed letters, white space at the ends, line ends of both kinds, NUL, a lone surrogate pair spelled out.
    const std::string text("  e\xcc\x81 \r\n\n\tx\0y \xe2\x80\xa8 \xf0\x9f\x90\xb1  ", 24);
    QVERIFY(isValidUtf8(text));
    const ImportResult csv = read("instruction,output\n\"" + text + "\",b\n", "a.csv");
    QCOMPARE(std::string(instructionOf(csv.records.at(0))), text);
    const ImportResult json = read("{\"instruction\": \"  e\xcc\x81 \\r\\n\\n\\tx\\u0000y \\u2028 \\ud83d\\udc31  \", \"output\": \"b\"}", "a.jsonl");
    QCOMPARE(std::string(instructionOf(json.records.at(0))), text);
}

void TestImporter::jsonTestSuite()
{
    const QString folder = kShared + "/json_test_suite";
    if (!QDir(folder).exists())
        QSKIP("The JSON test suite is not here.");
    int accepted = 0, refused = 0;
    QDirIterator files(folder, {"*.json"});
    while (files.hasNext()) {
        const QString path = files.next();
        const QString name = files.fileName();
        const auto result = readRecordsFromMemory(contentOf(path).toStdString(), name.toStdString(), {"json", "", '\0', {}});
        const auto guessed = readRecordsFromMemory(contentOf(path).toStdString(), name.toStdString());
        if (result)
            QVERIFY2(isBalanced(*result), qPrintable(name));
        if (name.startsWith("y_")) {
            QVERIFY2(result, qPrintable(name + ": " + QString::fromStdString(result ? "" : result.error().message)));
            QVERIFY2(guessed, qPrintable(name));
            ++accepted;
        } else if (name.startsWith("n_")) {
            QVERIFY2(!result, qPrintable(name));
            QVERIFY2(!guessed, qPrintable(name));
            QCOMPARE(result.error().code, ErrorCode::BadInput);
            QVERIFY2(result.error().message.find("line ") != std::string::npos || result.error().message.find("empty") != std::string::npos,
                     qPrintable(name + ": " + QString::fromStdString(result.error().message)));
            ++refused;
        }
    }
    qInfo("%d accepted, %d refused", accepted, refused);
    QVERIFY(accepted > 90 && refused > 180);
}

void TestImporter::depthBomb()
{
    for (const std::string &bomb : {std::string(100'000, '['), std::string(100'000, '[') + std::string(100'000, ']')}) {
        const auto result = readRecordsFromMemory(bomb, "a.json");
        QCOMPARE(result.error().code, ErrorCode::BadInput);
        QVERIFY(result.error().message.find("nested") != std::string::npos);
        const ImportResult lines = read("{\"instruction\":\"Q\",\"output\":\"A\"}\n" + bomb + "\n", "a.jsonl");
        QCOMPARE(lines.report.accepted, 1);
        QCOMPARE(lines.report.rejected.size(), std::size_t(1));
        QVERIFY(lines.report.rejected[0].raw.size() <= 4096);
    }
    std::string objects;
    for (int i = 0; i < 50'000; ++i)
        objects += "{\"a\":";
    QVERIFY(!readRecordsFromMemory(objects, "a.json"));
}

void TestImporter::brokenJsonNamesThePlace()
{
    const auto result = readRecordsFromMemory("[\n {\"instruction\": \"a\",\n  \"output\": \"b\"},\n {\"instruction\": \"c\" \"output\": 1}\n]", "a.json");
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY2(result.error().message.find("line 4, column 22") != std::string::npos, result.error().message.c_str());
    QVERIFY(result.error().message.find("a.json") != std::string::npos);
    QVERIFY(!result.error().hint.empty());
    const auto nan = readRecordsFromMemory("[{\"instruction\": NaN}]", "a.json");
    QVERIFY(nan.error().message.find("NaN") != std::string::npos);
}

void TestImporter::brokenLines()
{
    const ImportResult result = read("\n{\"instruction\":\"1\",\"output\":\"a\"}\r\n   \n{broken\n{\"instruction\":\"2\",\"output\":\"b\"} x\n"
                                     "{\"instruction\":\"3\",\"output\":\"\"}\n{\"instruction\":\"4\",\"output\":\"d\"}", "a.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.rowsInFile, 5); // blank lines are no rows
    QCOMPARE(result.report.accepted, 3);
    QCOMPARE(result.report.rejected[0].line, 4);
    QCOMPARE(result.report.rejected[0].row, 2);
    QCOMPARE(result.report.rejected[0].raw, std::string("{broken"));
    QCOMPARE(result.report.rejected[1].line, 5);
    QCOMPARE(noticeCount(result, "emptyResponse"), 1);
    QCOMPARE(result.records[2].source, std::string("a.jsonl, line 7"));
}

void TestImporter::tables_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<char>("delimiter");
    // Each holds the rows (Q 1 -> A "x", y) and (second line -> B).
    QTest::newRow("comma") << QByteArray("instruction,output\nQ 1,\"A \"\"x\"\", y\"\n\"line\nbreak\",B\n") << ',';
    QTest::newRow("semicolon") << QByteArray("instruction;output\nQ 1;\"A \"\"x\"\", y\"\n\"line\nbreak\";B") << ';';
    QTest::newRow("tab") << QByteArray("instruction\toutput\nQ 1\t\"A \"\"x\"\", y\"\n\"line\nbreak\"\tB\n") << '\t';
    QTest::newRow("bar") << QByteArray("instruction|output\nQ 1|\"A \"\"x\"\", y\"\n\"line\nbreak\"|B\n\n\n") << '|';
    QTest::newRow("single quotes") << QByteArray("'instruction','output'\n'Q 1','A \"x\", y'\n'line\nbreak','B'\n") << ',';
    QTest::newRow("old line ends") << QByteArray("instruction,output\rQ 1,\"A \"\"x\"\", y\"\r\"line\nbreak\",B\r") << ',';
    QTest::newRow("mark and trailing delimiters") << QByteArray("\xef\xbb\xbfinstruction,output\r\nQ 1,\"A \"\"x\"\", y\",,\r\n\"line\nbreak\",B,\r\n") << ',';
}

void TestImporter::tables()
{
    QFETCH(QByteArray, bytes);
    QFETCH(char, delimiter);
    const ImportResult result = read(bytes.toStdString(), "a.csv");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(result.report.delimiter, delimiter);
    QCOMPARE(result.report.columns, (std::vector<std::string>{"instruction", "output"}));
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string("Q 1"));
    QCOMPARE(std::string(responseOf(result.records[0])), std::string("A \"x\", y"));
    QCOMPARE(std::string(instructionOf(result.records[1])), std::string("line\nbreak"));
}

void TestImporter::brokenTableRows()
{
    const ImportResult result = read("instruction,output\n1,a\n2\n\"3,c\n4,d\n\"5\" x,e\n6,f,g\n\"7\n7\",h\n8,\"i\n", "a.csv");
    QVERIFY(isBalanced(result));
    std::vector<std::string> good;
    for (const Record &record : result.records)
        good.emplace_back(instructionOf(record));
    QCOMPARE(good, (std::vector<std::string>{"1", "4", "7\n7"}));
    std::vector<std::int64_t> lines;
    for (const RejectedRow &row : result.report.rejected)
        lines.push_back(row.line);
    QCOMPARE(lines, (std::vector<std::int64_t>{3, 4, 6, 7, 10}));
    QVERIFY(result.report.rejected[0].reason.find("1 fields") != std::string::npos);
    QVERIFY(result.report.rejected[4].reason.find("never closed") != std::string::npos);
    QCOMPARE(result.report.rejected[1].raw, std::string("\"3,c"));
}

void TestImporter::encodings_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("encoding");
    QTest::addColumn<QString>("expected");
    const QString text = QString::fromUtf8("Caf\xc3\xa9 \xe2\x80\x93 10 \xe2\x82\xac, na\xc3\xafve");
    const auto row = [&](const std::string &bytes) { return QByteArray::fromStdString(bytes); };
    const std::u16string wide = QString("instruction,output\n\"" + text + "\",b\n").toStdU16String();
    QTest::newRow("UTF-8") << row("instruction,output\n\"" + text.toStdString() + "\",b\n") << "UTF-8" << text;
    QTest::newRow("UTF-8 with mark") << row("\xef\xbb\xbfinstruction,output\n\"" + text.toStdString() + "\",b\n") << "UTF-8" << text;
    QTest::newRow("UTF-16LE with mark") << row(utf16(wide, false, true)) << "UTF-16LE" << text;
    QTest::newRow("UTF-16BE with mark") << row(utf16(wide, true, true)) << "UTF-16BE" << text;
    QTest::newRow("UTF-16LE without mark") << row(utf16(wide, false, false)) << "UTF-16LE" << text;
    QTest::newRow("UTF-16BE without mark") << row(utf16(wide, true, false)) << "UTF-16BE" << text;
    QTest::newRow("Windows-1252") << QByteArray("instruction,output\n\"Caf\xe9 \x96 10 \x80, na\xefve\",b\n") << "windows-1252" << text;
    QTest::newRow("Windows-1252, one letter") << QByteArray("instruction,output\nCaf\xe9,b\n") << "windows-1252" << QString::fromUtf8("Caf\xc3\xa9");
}

void TestImporter::encodings()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, encoding);
    QFETCH(QString, expected);
    const ImportResult result = read(bytes.toStdString(), "a.csv");
    QCOMPARE(QString::fromStdString(result.report.encoding), encoding);
    QCOMPARE(result.report.accepted, 1);
    QCOMPARE(QString::fromUtf8(std::string(instructionOf(result.records[0])).c_str()), expected);
    QCOMPARE(noticeCount(result, "byteOrderMark"), QByteArray(QTest::currentDataTag()).contains("with mark") ? 1 : 0);
}

void TestImporter::invalidBytesRejectTheirRow()
{
    const ImportResult result = read("{\"instruction\":\"\xc3\xa4\",\"output\":\"a\"}\n{\"instruction\":\"b\xff\",\"output\":\"a\"}\n"
                                     "{\"instruction\":\"c\",\"output\":\"\\ud800\"}\n{\"instruction\":\"d\",\"output\":\"a\"}\n", "a.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.encoding, std::string("UTF-8"));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(result.report.rejected[0].line, 2);
    QCOMPARE(result.report.rejected[1].line, 3);
    QVERIFY(isValidUtf8(result.report.rejected[0].raw));
    const ImportResult half = read(std::string("\xff\xfe") + utf16(u"instruction,output\na,b\n", false, false) + std::string("c\0,\0d", 5), "a.csv");
    QVERIFY(isBalanced(half));
    QCOMPARE(half.report.accepted, 1);
    QCOMPARE(half.report.rejected.size(), std::size_t(1));
    const ImportResult chosen = read("instruction,output\n\xc4\xe0,b\n", "a.csv", {"", "windows-1251", '\0', {}});
    QCOMPARE(std::string(instructionOf(chosen.records.at(0))), std::string("\xd0\x94\xd0\xb0"));
    QCOMPARE(readRecordsFromMemory("a", "a.csv", {"", "klingon", '\0', {}}).error().code, ErrorCode::BadInput);
}

void TestImporter::mapping()
{
    const std::string bytes = "act,prompt,extra\nPoet,Write a poem,x\n";
    const ImportResult recognised = read(bytes, "a.csv");
    QCOMPARE(recognised.report.mapping.at("instruction"), std::string("prompt"));
    QCOMPARE(noticeCount(recognised, "noResponseColumn"), 1);
    const ImportResult mapped = read(bytes, "a.csv", {"", "", '\0', {{"instruction", "act"}, {"response", "prompt"}, {"tags", "extra"}}});
    QCOMPARE(mapped.report.shape, std::string("columns"));
    QCOMPARE(std::string(instructionOf(mapped.records.at(0))), std::string("Poet"));
    QCOMPARE(std::string(responseOf(mapped.records.at(0))), std::string("Write a poem"));
    QCOMPARE(mapped.records[0].tags, std::vector<std::string>{"x"});
    const auto wrong = readRecordsFromMemory(bytes, "a.csv", {"", "", '\0', {{"instruction", "nothing"}}});
    QCOMPARE(wrong.error().code, ErrorCode::BadInput);
    QVERIFY(wrong.error().hint.find("act, prompt, extra") != std::string::npos);
    QCOMPARE(readRecordsFromMemory(bytes, "a.csv", {"", "", '\0', {{"instuction", "act"}}}).error().code, ErrorCode::Usage);
    const std::string json = "{\"q\":\"1\",\"a\":\"x\"}\n{\"q\":\"2\",\"a\":\"y\",\"c\":\"z\"}\n";
    const ImportResult lines = read(json, "a.jsonl", {"", "", '\0', {{"instruction", "q"}, {"response", "a"}, {"context", "c"}}});
    QCOMPARE(lines.report.accepted, 2);
    QCOMPARE(lines.records[1].context, std::string("z"));
    QCOMPARE(readRecordsFromMemory(json, "a.jsonl", {"", "", '\0', {{"instruction", "q"}, {"response", "b"}}}).error().code, ErrorCode::BadInput);
    const ImportResult unknown = read(json, "a.jsonl");
    QVERIFY(isBalanced(unknown));
    QCOMPARE(unknown.report.accepted, 0);
    QVERIFY(unknown.report.rejected[0].reason.find("q, a") != std::string::npos);
    QCOMPARE(unknown.report.columns, (std::vector<std::string>{"q", "a", "c"}));
}

void TestImporter::notices()
{
    const ImportResult result = read("{\"instruction\":\"a\",\"instruction\":\"b\",\"output\":\"\",\"id\":1}\n{\"question\":\"q\",\"answer\":\"a\"}\n", "a.jsonl");
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(std::string(instructionOf(result.records[0])), std::string("b"));
    QCOMPARE(noticeCount(result, "duplicateKey"), 1);
    QCOMPARE(noticeCount(result, "emptyResponse"), 1);
    QCOMPARE(noticeCount(result, "mixedShapes"), 1);
    QVERIFY(noticeCount(result, "unknownColumn") > 0);
    for (const ImportNotice &notice : result.report.notices)
        QVERIFY(notice.text.ends_with('.'));
}

void TestImporter::foreignFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("space") << QByteArray(" \n\n ");
    QTest::newRow("mark only") << QByteArray("\xef\xbb\xbf");
    QTest::newRow("zip") << QByteArray("PK\x03\x04....");
    QTest::newRow("gzip") << QByteArray("\x1f\x8b\x08");
    QTest::newRow("parquet") << QByteArray("PAR1....");
    QTest::newRow("sqlite") << QByteArray("SQLite format 3\0", 16);
}

void TestImporter::foreignFiles()
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

void TestImporter::realFiles_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("shape");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("accepted");
    QTest::newRow("Alpaca-like array") << "gpteacher_roleplay.json" << "alpaca" << -1 << -1;
    QTest::newRow("ShareGPT") << "sharegpt_fastchat_dummy_conversation.json" << "sharegpt" << -1 << -1;
    QTest::newRow("OpenAI chat") << "openai_toy_chat_fine_tuning.jsonl" << "messages" << -1 << -1;
    QTest::newRow("CSV") << "prompts_cc0_170rows_lf.csv" << "columns" << 170 << 170;
    QTest::newRow("trees") << "oasst_en_100_tree.jsonl" << "" << 100 << 0; // of no supported shape yet: every row is said
}

void TestImporter::realFiles()
{
    QFETCH(QString, file);
    QFETCH(QString, shape);
    QFETCH(int, rows);
    QFETCH(int, accepted);
    const QString path = kShared + '/' + file;
    if (!QFile::exists(path))
        QSKIP("The real data files are not here.");
    const auto result = readRecords(path.toStdString());
    QVERIFY2(result, result ? "" : result.error().message.c_str());
    QVERIFY(isBalanced(*result));
    QCOMPARE(QString::fromStdString(result->report.shape), shape);
    qInfo("%lld rows, %lld accepted, %s", static_cast<long long>(result->report.rowsInFile), static_cast<long long>(result->report.accepted),
          result->report.encoding.c_str());
    if (rows >= 0)
        QCOMPARE(result->report.rowsInFile, rows);
    QCOMPARE(result->report.accepted, accepted >= 0 ? accepted : result->report.rowsInFile);
}

void TestImporter::preview()
{
    std::string bytes = "[";
    for (int i = 0; i < 100; ++i)
        bytes += R"({"instruction":"a","output":"b"},)";
    const auto result = readRecordsFromMemory(bytes + "broken", "a.json", {}, 10);
    QVERIFY(result);
    QCOMPARE(result->report.rowsInFile, 10);
    QVERIFY(!readRecordsFromMemory(bytes + "broken", "a.json"));
}

void TestImporter::oneConversation()
{
    const auto messages = readConversation(R"({"messages": [{"role": "user", "content": "Q"}], "tools": [{"name": "f"}]})", "c.json");
    QVERIFY(messages);
    QCOMPARE(messages->turns.size(), std::size_t(1));
    QCOMPARE(messages->toolsJson, std::string(R"([{"name": "f"}])"));
    QCOMPARE(readConversation(R"([{"role": "user", "content": "Q"}])", "c.json")->turns.size(), std::size_t(1));
    const auto row = readConversation(R"({"instruction": "Q", "input": "C"})", "c.json");
    QCOMPARE(row->turns.size(), std::size_t(1));
    QCOMPARE(row->context, std::string("C"));
    QCOMPARE(readConversation(R"({"instruction": "Q", "output": ""})", "c.json")->turns.size(), std::size_t(2));
    for (const char *bad : {"", "{", "17", "{\"a\": 1}", "{\"messages\": []}", "[{\"role\": \"alien\", \"content\": \"x\"}]"}) {
        const auto refused = readConversation(bad, "c.json");
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::BadInput);
        QVERIFY(refused.error().message.find("c.json") != std::string::npos);
    }
}

void TestImporter::hundredThousandRows()
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
        QVERIFY(watch.seconds() < 30);
    }
}

void TestImporter::cancels()
{
    std::stop_source stop;
    stop.request_stop();
    const auto result = readRecordsFromMemory("instruction,output\na,b\n", "a.csv", {}, {}, {}, stop.get_token());
    QCOMPARE(result.error().code, ErrorCode::Cancelled);
}

// Bytes of good files are changed, doubled and cut at random: no crash, and every row is accounted for.
void TestImporter::damagedFilesStayBalanced()
{
    const std::vector<std::pair<std::string, std::string>> seeds = {
        {"a.json", R"([{"instruction":"Q\u00e4","input":"","output":"A \"x\" \\"},{"messages":[{"role":"user","content":[{"type":"text","text":"Q"}]}]}, [1.5e3, null]])"},
        {"a.jsonl", "{\"instruction\":\"Q\",\"output\":\"A\"}\r\n{\"conversations\":[{\"from\":\"human\",\"value\":\"\\ud83d\\udc31\"}]}\n\n{\"prompt\":1}\n"},
        {"a.csv", "instruction,output,tags\n\"a \"\"b\"\"\",\"c\nd\",x;y\n1,2,3\n\xc3\xa4,\xe2\x82\xac,\n"},
        {"a", std::string(utf16(u"instruction;output\n\"x\";\"\u00e4\"\n", false, true))},
        {"a.json", R"({"train":[{"instruction":"Q","output":"A"}],"test":{"instruction":["a"],"output":["b","c"]}})"},
    };
    std::uint64_t state = 4711;
    const auto random = [&](std::size_t bound) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return bound == 0 ? std::size_t(0) : std::size_t(state >> 33) % bound;
    };
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
            options.format = std::vector<std::string>{"json", "jsonl", "csv", "tsv"}[random(4)];
        const auto result = readRecordsFromMemory(bytes, name, options);
        if (!result) {
            QVERIFY(!result.error().message.empty());
            continue;
        }
        ++read;
        QVERIFY(isBalanced(*result));
        for (const Record &record : result->records) {
            for (const Turn &turn : record.turns)
                QVERIFY(isValidUtf8(turn.text) && isValidUtf8(turn.extraJson));
        }
        for (const RejectedRow &row : result->report.rejected)
            QVERIFY(row.line > 0 && !row.reason.empty() && isValidUtf8(row.reason) && isValidUtf8(row.raw));
    }
    QVERIFY(read > 1000);
}

QTEST_APPLESS_MAIN(TestImporter)
#include "tst_importer.moc"
