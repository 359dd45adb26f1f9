// JSON and JSONL: the JSON test suite and cases of our own in its manner, depth, places of mistakes, numbers kept digit by digit, previews.
#include "tests/core/data/importfixture.h"

#include <QDirIterator>
#include <QtTest>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImportJson : public QObject {
    Q_OBJECT
private slots:
    void numbersKeepTheirDigits();
    void jsonTestSuite();
    void casesOfTheStandard();
    void depthBomb();
    void brokenJsonNamesThePlace();
    void brokenLines();
    void preview();
};

void TestImportJson::numbersKeepTheirDigits()
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

namespace {

// What is wrong with how the import takes one case, whose name says what must become of it: y_ accepted, n_ refused, i_ either. "" = nothing.
std::string problemOfCase(const std::string &bytes, const std::string &name)
{
    const auto result = readRecordsFromMemory(bytes, name, {"json", "", '\0', {}});
    const auto guessed = readRecordsFromMemory(bytes, name);
    if ((result && !isBalanced(*result)) || (guessed && !isBalanced(*guessed)))
        return name + ": rows are not accounted for";
    if (name.starts_with("y_") && !(result && guessed))
        return name + " is refused: " + (result ? guessed : result).error().message;
    if (!name.starts_with("n_"))
        return {};
    if (result || guessed)
        return name + " is accepted";
    const Error &error = result.error();
    if (error.code != ErrorCode::BadInput || (error.message.find("line ") == std::string::npos && error.message.find("empty") == std::string::npos))
        return name + " is refused without its place: " + error.message;
    return {};
}

} // namespace

void TestImportJson::jsonTestSuite()
{
    const QString folder = kShared + "/json_test_suite";
    if (!QDir(folder).exists())
        QSKIP("The JSON test suite is not here.");
    int accepted = 0, refused = 0;
    QDirIterator files(folder, {"*.json"});
    while (files.hasNext()) {
        const QString path = files.next();
        const std::string name = files.fileName().toStdString();
        const std::string problem = problemOfCase(contentOf(path).toStdString(), name);
        QVERIFY2(problem.empty(), problem.c_str());
        accepted += name.starts_with("y_");
        refused += name.starts_with("n_");
    }
    qInfo("%d accepted, %d refused", accepted, refused);
    QVERIFY(accepted > 90 && refused > 180);
}

// Also where the suite is not at hand. Each line of the file: name, how often the bytes are repeated, the bytes in hexadecimal digits.
void TestImportJson::casesOfTheStandard()
{
    int accepted = 0, refused = 0;
    for (const QByteArray &line : contentOf(FETTLE_FIXTURES "/json/cases.tsv").split('\n')) {
        const QList<QByteArray> fields = line.split('\t');
        if (fields.size() != 3)
            continue;
        const std::string name = fields[0].toStdString() + ".json";
        const std::string problem = problemOfCase(QByteArray::fromHex(fields[2]).repeated(fields[1].toInt()).toStdString(), name);
        QVERIFY2(problem.empty(), problem.c_str());
        accepted += name.starts_with("y_");
        refused += name.starts_with("n_");
    }
    QVERIFY2(accepted == 40 && refused == 82, qPrintable(QString("%1 and %2").arg(accepted).arg(refused)));
}

void TestImportJson::depthBomb()
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

void TestImportJson::brokenJsonNamesThePlace()
{
    const auto result = readRecordsFromMemory("[\n {\"instruction\": \"a\",\n  \"output\": \"b\"},\n {\"instruction\": \"c\" \"output\": 1}\n]", "a.json");
    QCOMPARE(result.error().code, ErrorCode::BadInput);
    QVERIFY2(result.error().message.find("line 4, column 22") != std::string::npos, result.error().message.c_str());
    QVERIFY(result.error().message.find("a.json") != std::string::npos);
    QVERIFY(!result.error().hint.empty());
    const auto nan = readRecordsFromMemory("[{\"instruction\": NaN}]", "a.json");
    QVERIFY(nan.error().message.find("NaN") != std::string::npos);
}

void TestImportJson::brokenLines()
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

void TestImportJson::preview()
{
    std::string bytes = "[";
    for (int i = 0; i < 100; ++i)
        bytes += R"({"instruction":"a","output":"b"},)";
    const auto result = readRecordsFromMemory(bytes + "broken", "a.json", {}, 10);
    QVERIFY(result);
    QCOMPARE(result->report.rowsInFile, 10);
    QVERIFY(!readRecordsFromMemory(bytes + "broken", "a.json"));
}

QTEST_APPLESS_MAIN(TestImportJson)
#include "tst_importjson.moc"
