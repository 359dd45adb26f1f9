// Rows that hold more than one record, the many ways to write a conversation, plain text; the real trees of OpenAssistant.
#include "tests/core/data/importfixture.h"

#include <QtTest>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImportShapes : public QObject {
    Q_OBJECT
private slots:
    void everyPathOfATree();
    void treesThatCannotBeRead_data();
    void treesThatCannotBeRead();
    void treeBombsAreRefused();
    void realTrees();
    void instances();
    void conversations_data();
    void conversations();
    void functionsBecomeTools();
    void tables_data();
    void tables();
    void questionsAndAnswersInText();
    void linesOfText();
};

namespace {

// "user:Q|assistant:A", so that a whole conversation is one value in a failure.
std::string shown(const Record &record)
{
    std::string text;
    for (const Turn &turn : record.turns)
        text += (text.empty() ? "" : "|") + std::string(nameOf(turn.role)) + ":" + turn.text;
    return text;
}

std::string reply(const std::string &role, const std::string &text, const std::string &replies = {}, const std::string &more = {})
{
    return R"({"role":")" + role + R"(","text":")" + text + "\"" + more + R"(,"replies":[)" + replies + "]}";
}

} // namespace

void TestImportShapes::everyPathOfATree()
{
    const std::string follow = reply("prompter", "Q2", reply("assistant", "A3")) + "," + reply("prompter", "unanswered");
    const std::string gone = reply("assistant", "bad", {}, ",\"deleted\":true");
    const std::string tree = R"({"message_tree_id":"t","tree_state":"ready","prompt":)"
        + reply("prompter", "Q", reply("assistant", "A1", follow) + "," + reply("assistant", "A2") + "," + gone) + "}\n";
    const ImportResult result = read(tree + tree, "trees.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.shape, std::string("tree"));
    QCOMPARE(result.report.rowsInFile, 2);
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(result.records.size(), std::size_t(4));
    QCOMPARE(shown(result.records[0]), std::string("user:Q|assistant:A1|user:Q2|assistant:A3"));
    QCOMPARE(shown(result.records[1]), std::string("user:Q|assistant:A2"));
    QCOMPARE(result.records[3].source, std::string("trees.jsonl, line 2"));
    QCOMPARE(noticeCount(result, "treePaths"), 4);
    QCOMPARE(noticeCount(result, "deletedMessage"), 2);
    // An answer whose follow-up was never answered ends its path.
    const ImportResult early = read(reply("prompter", "Q", reply("assistant", "A", reply("prompter", "unanswered"))), "a.jsonl");
    QCOMPARE(early.records.size(), std::size_t(1));
    QCOMPARE(shown(early.records[0]), std::string("user:Q|assistant:A"));
}

void TestImportShapes::treesThatCannotBeRead_data()
{
    QTest::addColumn<QByteArray>("row");
    QTest::addColumn<QByteArray>("reason");
    QTest::newRow("no answer") << QByteArray::fromStdString(reply("prompter", "Q", reply("prompter", "Q2"))) << QByteArray("no answer");
    QTest::newRow("unknown role") << QByteArray::fromStdString(reply("prompter", "Q", reply("narrator", "A"))) << QByteArray("narrator");
    QTest::newRow("broken reply") << QByteArray::fromStdString(reply("prompter", "Q", "17")) << QByteArray("no message");
}

void TestImportShapes::treesThatCannotBeRead()
{
    QFETCH(QByteArray, row);
    QFETCH(QByteArray, reason);
    const std::string good = reply("prompter", "Q", reply("assistant", "A"));
    const ImportResult result = read(good + "\n" + row.toStdString() + "\n" + good + "\n", "a.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(result.records.size(), std::size_t(2)); // nothing of the bad row
    QCOMPARE(result.report.rejected[0].line, 2);
    QVERIFY2(result.report.rejected[0].reason.find(reason.toStdString()) != std::string::npos, result.report.rejected[0].reason.c_str());
}

// A long beginning with thousands of short answers would be written out thousands of times.
void TestImportShapes::treeBombsAreRefused()
{
    std::string answers;
    for (int i = 0; i < 20'000; ++i)
        answers += (i == 0 ? "" : ",") + reply("assistant", "A");
    const ImportResult tree = read(reply("prompter", std::string(1'000'000, 'x'), answers), "a.jsonl");
    QVERIFY(isBalanced(tree));
    QCOMPARE(tree.report.rejected.size(), std::size_t(1));
    QVERIFY(tree.report.rejected[0].reason.find("memory") != std::string::npos);
    std::string instances;
    for (int i = 0; i < 20'000; ++i)
        instances += i == 0 ? R"({"output":"A"})" : R"(,{"output":"A"})";
    const ImportResult rows = read(R"({"instruction":")" + std::string(1'000'000, 'x') + R"(","instances":[)" + instances + "]}", "a.jsonl");
    QVERIFY(isBalanced(rows));
    QCOMPARE(rows.report.rejected.size(), std::size_t(1));
}

void TestImportShapes::realTrees()
{
    const QString path = kShared + "/oasst_en_100_tree.jsonl";
    if (!QFile::exists(path))
        QSKIP("The real files are not here.");
    const auto result = readRecords(path.toStdString());
    QVERIFY(result);
    QVERIFY(isBalanced(*result));
    QCOMPARE(result->report.rowsInFile, 100);
    qInfo("%lld trees accepted, %lld records", static_cast<long long>(result->report.accepted), static_cast<long long>(result->report.records));
    QVERIFY(result->report.accepted >= 95);
    for (const RejectedRow &row : result->report.rejected)
        QCOMPARE(row.reason, std::string("the tree holds no answer"));
    for (const Record &record : result->records) {
        QVERIFY(record.turns.front().role == Role::User);
        QVERIFY(record.turns.back().role == Role::Assistant);
    }
}

void TestImportShapes::instances()
{
    const ImportResult result = read(R"({"id":"seed_task_0","instruction":"Q","instances":[{"input":"x","output":"A"},{"input":"","output":"B"}],"is_classification":false}
{"id":"seed_task_1","instruction":"R","instances":[{"input":"","output":"C"},{"input":"y"}]}
{"id":"seed_task_2","instruction":"S","instances":[]}
)",
                                     "seed_tasks.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.shape, std::string("instances"));
    QCOMPARE(result.report.accepted, 1);
    QCOMPARE(result.records.size(), std::size_t(2));
    QCOMPARE(result.records[0].context, std::string("x"));
    QCOMPARE(shown(result.records[0]), std::string("user:Q|assistant:A"));
    QCOMPARE(shown(result.records[1]), std::string("user:Q|assistant:B"));
    QVERIFY(result.report.rejected[0].reason.find("instance 2") != std::string::npos);
    QCOMPARE(result.report.rejected[1].field, std::string("instances"));
}

void TestImportShapes::conversations_data()
{
    QTest::addColumn<QByteArray>("row");
    QTest::addColumn<QByteArray>("turns");
    const auto add = [](const char *tag, const char *row, const char *turns) { QTest::newRow(tag) << QByteArray(row) << QByteArray(turns); };
    add("speaker and text", R"({"conversation":[{"speaker":"human","text":"Q"},{"speaker":"bot","text":"A"}]})", "user:Q|assistant:A");
    add("from and content", R"({"conversations":[{"from":"user","content":"Q"},{"from":"assistant","content":"A"}]})", "user:Q|assistant:A");
    add("role and value", R"({"conversations":[{"role":"human","value":"Q"},{"role":"gpt","value":"A"}]})", "user:Q|assistant:A");
    add("items", R"({"items":[{"from":"human","value":"Q"},{"from":"gpt","value":"A"}]})", "user:Q|assistant:A");
    add("speakers as names", R"({"conversation":[{"human":"Q","assistant":"A"},{"human":"R","assistant":"B"}]})", "user:Q|assistant:A|user:R|assistant:B");
    add("one speaker in each", R"({"conversation":[{"user":"Q"},{"assistant":"A"}]})", "user:Q|assistant:A");
    add("input and output", R"({"conversation":[{"system":"S","input":"Q","output":"A"},{"system":"","input":"R","output":"B"}]})", "system:S|user:Q|assistant:A|user:R|assistant:B");
    add("function call", R"({"conversations":[{"from":"human","value":"Q"},{"from":"function_call","value":"{}"},{"from":"observation","value":"12"},{"from":"gpt","value":"A"}]})",
        "user:Q|assistant:{}|tool:12|assistant:A");
    add("bare list", R"([{"from":"human","value":"Q"},{"from":"gpt","value":"A"}])", "user:Q|assistant:A");
}

void TestImportShapes::conversations()
{
    QFETCH(QByteArray, row);
    QFETCH(QByteArray, turns);
    const ImportResult result = read(row.toStdString() + "\n" + row.toStdString() + "\n", "a.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(shown(result.records[0]), turns.toStdString());
    const ImportResult list = read("[" + row.toStdString() + "," + row.toStdString() + "]", "a.json");
    QCOMPARE(list.report.accepted, 2);
    QCOMPARE(shown(list.records[1]), turns.toStdString());
}

void TestImportShapes::functionsBecomeTools()
{
    const ImportResult result = read(R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A","weight":0}],"functions":[{"name": "f", "n": 1e2},{"name":"g"}]})", "a.jsonl");
    QCOMPARE(result.report.accepted, 1);
    QCOMPARE(result.records[0].toolsJson, std::string(R"([{"type": "function", "function": {"name": "f", "n": 1e2}}, {"type": "function", "function": {"name":"g"}}])"));
    QCOMPARE(noticeCount(result, "functions"), 1);
    QCOMPARE(result.records[0].turns[1].extraJson, std::string(R"({"weight": 0})"));
}

void TestImportShapes::tables_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::newRow("split form of pandas") << QByteArray(R"({"columns":["instruction","output"],"index":[0,1],"data":[["Q","A"],["R","B"],["short"]]})");
    QTest::newRow("datasets server") << QByteArray(
        R"({"features":[],"rows":[{"row_idx":0,"row":{"instruction":"Q","output":"A"},"truncated_cells":[]},{"row_idx":1,"row":{"instruction":"R","output":"B"}},{"row_idx":2,"row":{"output":"B"}}]})");
}

void TestImportShapes::tables()
{
    QFETCH(QByteArray, json);
    const ImportResult result = read(json.toStdString(), "a.json");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.rowsInFile, 3);
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(shown(result.records[1]), std::string("user:R|assistant:B"));
}

void TestImportShapes::questionsAndAnswersInText()
{
    const ImportResult result = read("Rules of the house\n\nQ: one\nA: two\nmore: of it\n\n  indented\n\nQuestion: three\nContext: c\r\nAnswer: four\nA: five\nQ: six", "faq.txt");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.format, std::string("text"));
    QCOMPARE(result.report.rowsInFile, 5);
    QCOMPARE(result.report.accepted, 3);
    QCOMPARE(shown(result.records[0]), std::string("user:one|assistant:two\nmore: of it\n\n  indented"));
    QCOMPARE(result.records[1].context, std::string("c"));
    QCOMPARE(shown(result.records[2]), std::string("user:six|assistant:"));
    QCOMPARE(result.report.rejected[0].line, 1);
    QCOMPARE(result.report.rejected[1].line, 12); // an answer without a question
    QCOMPARE(result.records[1].source, std::string("faq.txt, line 9"));
}

void TestImportShapes::linesOfText()
{
    const ImportResult result = read("Write a haiku, please; short\n\n  Explain tides  \n", "prompts.txt");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.format, std::string("text"));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(std::string(instructionOf(result.records[1])), std::string("  Explain tides  ")); // as it stands
    QCOMPARE(noticeCount(result, "plainText"), 1);
    QCOMPARE(read("question;answer\nQ;A\n", "table.txt").report.format, std::string("csv"));
}

QTEST_APPLESS_MAIN(TestImportShapes)
#include "tst_importshapes.moc"
