// Import of every shape, extra fields, text kept as it is, real files.
#include "tests/core/data/importfixture.h"

#include "core/base/utf8.h"

#include <QtTest>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImporter : public QObject {
    Q_OBJECT
private slots:
    void shapes_data();
    void shapes();
    void conversationsKeepEverything();
    void extraFields();
    void textIsNotTouched();
    void notices();
    void realFiles_data();
    void realFiles();
    void oneConversation();
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
    QTest::newRow("trees") << "oasst_en_100_tree.jsonl" << "tree" << 100 << 100;
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

QTEST_APPLESS_MAIN(TestImporter)
#include "tst_importer.moc"
