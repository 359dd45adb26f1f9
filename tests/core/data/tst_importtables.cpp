// CSV and TSV: delimiters, quotes, broken rows with their lines, encodings, which column is which field. Parquet as other programs write it,
// whole and damaged. Who speaks in conversations.
#include "tests/core/data/importfixture.h"

#include "core/base/utf8.h"
#include "core/data/parquet/rows.h"

#include <QtTest>

using namespace fettle;
using namespace fettle::data;
using namespace fixture;

class TestImportTables : public QObject {
    Q_OBJECT
private slots:
    void tables_data();
    void tables();
    void brokenTableRows();
    void encodings_data();
    void encodings();
    void invalidBytesRejectTheirRow();
    void mapping();
    void delimiters_data();
    void delimiters();
    void quotes();
    void similarNames_data();
    void similarNames();
    void similarNamesOfJson();
    void unclearNames();
    void parquetRows_data();
    void parquetRows();
    void parquetRecords();
    void parquetRefused();
    void parquetRowThatGrowsIsRefused();
    void damagedParquet();
    void speakers();
};

void TestImportTables::tables_data()
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

void TestImportTables::tables()
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

void TestImportTables::brokenTableRows()
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
    QVERIFY(result.report.rejected[0].reason.find("1 field,") != std::string::npos);
    QVERIFY(result.report.rejected[4].reason.find("never closed") != std::string::npos);
    QCOMPARE(result.report.rejected[1].raw, std::string("\"3,c"));
}

void TestImportTables::encodings_data()
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

void TestImportTables::encodings()
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

void TestImportTables::invalidBytesRejectTheirRow()
{
    const ImportResult result = read("{\"instruction\":\"\xc3\xa4\",\"output\":\"a\"}\n{\"instruction\":\"b\xff\",\"output\":\"a\"}\n"
                                     "{\"instruction\":\"c\",\"output\":\"\\ud800\"}\n{\"instruction\":\"d\",\"output\":\"a\"}\n", "a.jsonl");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.encoding, std::string("UTF-8"));
    QCOMPARE(result.report.accepted, 2);
    QCOMPARE(result.report.rejected[0].line, 2);
    QCOMPARE(result.report.rejected[0].field, std::string("instruction"));
    QCOMPARE(result.report.rejected[1].line, 3);
    QCOMPARE(result.report.rejected[1].field, std::string("output"));
    QVERIFY(isValidUtf8(result.report.rejected[0].raw));
    const ImportResult half = read(std::string("\xff\xfe") + utf16(u"instruction,output\na,b\n", false, false) + std::string("c\0,\0d", 5), "a.csv");
    QVERIFY(isBalanced(half));
    QCOMPARE(half.report.accepted, 1);
    QCOMPARE(half.report.rejected.size(), std::size_t(1));
    const ImportResult chosen = read("instruction,output\n\xc4\xe0,b\n", "a.csv", {"", "windows-1251", '\0', {}});
    QCOMPARE(std::string(instructionOf(chosen.records.at(0))), std::string("\xd0\x94\xd0\xb0"));
    QCOMPARE(readRecordsFromMemory("a", "a.csv", {"", "klingon", '\0', {}}).error().code, ErrorCode::BadInput);
}

void TestImportTables::mapping()
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
    // Who names the instruction has not refused the other fields.
    const ImportResult partly = read("Frage,answer\nQ,A\n", "a.csv", {"", "", '\0', {{"instruction", "Frage"}}});
    QCOMPARE(std::string(responseOf(partly.records.at(0))), std::string("A"));
    const ImportResult partlyJson = read("{\"Frage\":\"Q\",\"answer\":\"A\"}\n", "a.jsonl", {"", "", '\0', {{"instruction", "Frage"}}});
    QCOMPARE(std::string(responseOf(partlyJson.records.at(0))), std::string("A"));
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

void TestImportTables::delimiters_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<char>("delimiter");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("accepted");
    const auto repeated = [](const QByteArray &header, const QByteArray &row, int rows) {
        QByteArray bytes = header + "\n";
        for (int i = 0; i < rows; ++i)
            bytes += row + "\n";
        return bytes;
    };
    QTest::newRow("semicolon, as many commas in every answer") << repeated("question;answer", "Which pets?;Cats, dogs, rabbits.", 200) << ';' << 200 << 200;
    QTest::newRow("semicolon, nine commas in every answer") << repeated("question;answer", "Which?;a, b, c, d, e, f, g, h, i, j", 150) << ';' << 150 << 150;
    QTest::newRow("semicolon, commas in the header too") << repeated("question;answer (short, plain);tags", "Q, q;A, a;x, y", 9) << ';' << 9 << 9;
    QTest::newRow("semicolon, quoted fields full of commas") << repeated("question;answer", "\"a, b; c\";\"d, e,\nf, g\"", 5) << ';' << 5 << 5;
    QTest::newRow("comma, semicolons in every answer") << repeated("question,answer", "Which pets?,Cats; dogs; rabbits.", 20) << ',' << 20 << 20;
    QTest::newRow("tab, commas and semicolons everywhere") << repeated("question\tanswer", "a, b; c\td, e; f", 7) << '\t' << 7 << 7;
    QTest::newRow("bar, commas everywhere") << repeated("question|answer", "a, b|c, d", 7) << '|' << 7 << 7;
    QTest::newRow("no row yet") << QByteArray("question;answer\n") << ';' << 0 << 0;
    QTest::newRow("a row too short, one too long") << QByteArray("question;answer\nQ, q\nQ;A, a, a\nQ;A;x\nQ, q;A, a") << ';' << 4 << 2;
    QTest::newRow("unknown names: the even one") << repeated("a,b;c", "1, 2, 3;4", 6) << ';' << 6 << 0;
    QTest::newRow("as even: the first in the list") << repeated("a,b;c", "1,2;3", 6) << ',' << 6 << 0;
    QTest::newRow("the line that names the delimiter") << QByteArray("sep=;\r\nquestion;answer\r\nQ, q;A, a\r\n") << ';' << 1 << 1;
    // The sample of the first rows ends within a quoted field of many lines.
    QTest::newRow("long answers") << repeated("question;answer", "Q, q;\"" + QByteArray("word, word,\n").repeated(20000) + "\"", 3) << ';' << 3 << 3;
}

void TestImportTables::delimiters()
{
    QFETCH(QByteArray, bytes);
    QFETCH(char, delimiter);
    QFETCH(int, rows);
    QFETCH(int, accepted);
    for (const char *name : {"a.csv", "a.txt"}) {
        const ImportResult result = read(bytes.toStdString(), name);
        QVERIFY(isBalanced(result));
        QCOMPARE(result.report.delimiter, delimiter);
        QCOMPARE(result.report.rowsInFile, rows);
        QCOMPARE(result.report.accepted, accepted);
    }
}

// Double or single marks are recognised and told; where a file means them as text, one can say so.
void TestImportTables::quotes()
{
    QCOMPARE(read("question,answer\nWhich?,\"a, b\"\n", "a.csv").report.quote, std::string("double"));
    const ImportResult single = read("'question';'answer'\n'Who''s there?';'a; b'\n", "a.csv");
    QCOMPARE(single.report.quote, std::string("single"));
    QCOMPARE(std::string(instructionOf(single.records.at(0))), std::string("Who's there?"));
    QCOMPARE(std::string(responseOf(single.records.at(0))), std::string("a; b"));
    const std::string inches = "question\tanswer\nHow wide?\t\"5\n\"And how long\"?\t6\"\n";
    QCOMPARE(read(inches, "a.tsv").report.accepted, 0);
    ImportOptions options;
    options.quote = "none";
    const auto asText = readRecordsFromMemory(inches, "a.tsv", options);
    QVERIFY(asText && isBalanced(*asText));
    QCOMPARE(asText->report.quote, std::string("none"));
    QCOMPARE(asText->report.accepted, 2);
    QCOMPARE(std::string(responseOf(asText->records.at(0))), std::string("\"5"));
    QCOMPARE(std::string(instructionOf(asText->records.at(1))), std::string("\"And how long\"?"));
    options.quote = "'";
    QCOMPARE(readRecordsFromMemory(inches, "a.tsv", options).error().code, ErrorCode::Usage);
    QCOMPARE(read("{\"instruction\": \"a\", \"output\": \"b\"}\n", "a.jsonl").report.quote, std::string());
}

void TestImportTables::similarNames_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QString>("mapping"); // fields and columns as they are expected
    QTest::addColumn<int>("similar");     // how many of them are told as taken by a similar name
    QTest::newRow("as before") << QByteArray("question,answer,x") << "instruction=question,response=answer" << 0;
    QTest::newRow("house_answer") << QByteArray("question,house_answer,x") << "instruction=question,response=house_answer" << 1;
    QTest::newRow("Question text") << QByteArray("Question text,Answer,x") << "instruction=Question text,response=Answer" << 1;
    QTest::newRow("answer (final)") << QByteArray("prompt,answer (final),x") << "instruction=prompt,response=answer (final)" << 1;
    QTest::newRow("camel case") << QByteArray("clientQuestion,ourAnswer,x") << "instruction=clientQuestion,response=ourAnswer" << 2;
    QTest::newRow("context") << QByteArray("question,answer,background text") << "instruction=question,context=background text,response=answer" << 1;
    QTest::newRow("the exact name first") << QByteArray("answer (draft),question,answer") << "instruction=question,response=answer" << 0;
    QTest::newRow("a similar question before a bare input") << QByteArray("input,Question text,answer") << "instruction=Question text,context=input,response=answer" << 1;
    QTest::newRow("a bare input") << QByteArray("input,output,x") << "instruction=input,response=output" << 0;
    QTest::newRow("facts about the answer are no answer") << QByteArray("question,answer_id,is_answer") << "instruction=question" << 0;
    QTest::newRow("two answers") << QByteArray("question,answer_a,answer_b") << "instruction=question" << 0;
    QTest::newRow("question and answer in one") << QByteArray("question,question_answer,x") << "instruction=question" << 0;
    QTest::newRow("a word within a word") << QByteArray("question,unanswered,x") << "instruction=question" << 0;
    QTest::newRow("a system prompt is no instruction") << QByteArray("question,system prompt text,answer") << "instruction=question,response=answer" << 0;
}

// Names that are nearly known are taken where only one column can be meant, and the report says so.
void TestImportTables::similarNames()
{
    QFETCH(QByteArray, header);
    QFETCH(QString, mapping);
    QFETCH(int, similar);
    const ImportResult result = read((header + "\na,b,c\n").toStdString(), "a.csv");
    QVERIFY(isBalanced(result));
    QStringList used;
    for (const char *field : {"instruction", "context", "response", "system", "tags"}) {
        if (const auto found = result.report.mapping.find(field); found != result.report.mapping.end())
            used << QString("%1=%2").arg(field, QString::fromStdString(found->second));
    }
    QCOMPARE(used.join(','), mapping);
    QCOMPARE(noticeCount(result, "similarColumn"), similar);
    if (similar == 1)
        QVERIFY(noticeOf(result, "similarColumn")->text.find("was taken") != std::string::npos);
    QCOMPARE(result.report.accepted, 1);
}

void TestImportTables::similarNamesOfJson()
{
    const ImportResult lines = read("{\"client_question\":\"Q\",\"house_answer\":\"A\"}\n", "a.jsonl");
    QCOMPARE(lines.report.accepted, 1);
    QCOMPARE(std::string(responseOf(lines.records.at(0))), std::string("A"));
    QCOMPARE(noticeCount(lines, "similarColumn"), 2);
    // The user's choice is no guess.
    const ImportResult mapped = read("{\"client_question\":\"Q\",\"house_answer\":\"A\"}\n", "a.jsonl",
                                     {"", "", '\0', {{"instruction", "client_question"}, {"response", "house_answer"}}});
    QCOMPARE(noticeCount(mapped, "similarColumn"), 0);
    // Lists of rows under a name that sounds like a question are lists of rows, not columns.
    const ImportResult wrapped = read(R"({"prompt_rows":[{"instruction":"Q","output":"A"}]})", "a.json");
    QCOMPARE(wrapped.report.accepted, 1);
    QCOMPARE(std::string(instructionOf(wrapped.records.at(0))), std::string("Q"));
    QVERIFY(noticeCount(wrapped, "wrappedRows") == 1);
}

// Where two columns could be meant, none is taken; the report names them.
void TestImportTables::unclearNames()
{
    const ImportResult answers = read("question,answer_a,answer_b\nQ,A,B\n", "a.csv");
    QCOMPARE(noticeCount(answers, "unclearColumns"), 1);
    QVERIFY(noticeOf(answers, "unclearColumns")->text.find("\"answer_a\", \"answer_b\"") != std::string::npos);
    QVERIFY(noticeOf(answers, "unclearColumns")->text.find("response") != std::string::npos);
    QCOMPARE(noticeCount(answers, "emptyResponse"), 1);
    const ImportResult questions = read("question one,question two,answer\nQ,R,A\n", "a.csv");
    QVERIFY(isBalanced(questions));
    QCOMPARE(questions.report.accepted, 0);
    QVERIFY(noticeOf(questions, "unclearColumns")->text.find("\"question one\", \"question two\"") != std::string::npos);
    // A table without a line of names.
    const ImportResult nameless = read("What is this?,That is it.\nWho?,Me.\n", "a.csv");
    QCOMPARE(nameless.report.accepted, 0);
    QCOMPARE(noticeCount(nameless, "noInstructionColumn"), 1);
    const ImportResult chosen = read("question,answer_a,answer_b\nQ,A,B\n", "a.csv", {"", "", '\0', {{"response", "answer_b"}}});
    QCOMPARE(noticeCount(chosen, "unclearColumns"), 0);
    QCOMPARE(std::string(responseOf(chosen.records.at(0))), std::string("B"));
}

namespace {

QByteArray parquetFile(const QString &name)
{
    return contentOf(QStringLiteral(FETTLE_FIXTURES "/parquet/") + name);
}

} // namespace

void TestImportTables::parquetRows_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("rows");
    for (const char *name : {"plain", "snappy", "gzip", "zstd", "lz4", "delta"})
        QTest::newRow(name) << QString::fromLatin1(name) << "all.jsonl";
    QTest::newRow("int96") << "int96" << "int96.jsonl";
    QTest::newRow("polars") << "polars" << "others.jsonl";
    QTest::newRow("duckdb") << "duckdb" << "others.jsonl";
}

// What pyarrow, polars and DuckDB write, in every encoding and packing, is read value by value.
void TestImportTables::parquetRows()
{
    QFETCH(QString, file);
    QFETCH(QString, rows);
    const std::string bytes = parquetFile(file + ".parquet").toStdString();
    const QList<QByteArray> lines = parquetFile(rows).trimmed().split('\n');
    std::string json;
    try {
        parquet::Rows reader(bytes);
        QCOMPARE(reader.count(), std::int64_t(lines.size()));
        for (const QByteArray &line : lines) {
            QVERIFY(reader.next(json, 1 << 20));
            const auto actual = nlohmann::json::parse(json, nullptr, false), expected = nlohmann::json::parse(line.toStdString());
            QVERIFY2(actual == expected, (json + "\n" + line.toStdString()).c_str());
        }
        QVERIFY(!reader.next(json, 1 << 20));
    } catch (const parquet::Damage &damage) {
        if (QByteArray::fromStdString(damage.reason).contains("built without"))
            QSKIP(damage.reason.c_str());
        QFAIL(damage.reason.c_str());
    }
}

void TestImportTables::parquetRecords()
{
    const ImportResult result = read(parquetFile("snappy.parquet").toStdString(), "a.parquet");
    QVERIFY(isBalanced(result));
    QCOMPARE(result.report.format, std::string("parquet"));
    QCOMPARE(result.report.shape, std::string("messages"));
    QCOMPARE(result.report.rowsInFile, 9);
    QCOMPARE(result.report.rejected.size(), std::size_t(1)); // the row without messages
    QCOMPARE(result.report.rejected[0].line, 5);
    QCOMPARE(result.records[1].turns[0], (Turn{Role::User, "Question 1?", "{\"name\": \"Ann\"}"}));
    QCOMPARE(result.records[1].turns[1], (Turn{Role::Assistant, "Answer 1.", "{\"weight\": 0.25}"}));
    QCOMPARE(result.records[1].tags, std::vector<std::string>{"t0"});
    QCOMPARE(result.records[1].source, std::string("a.parquet, line 2"));
    QCOMPARE(result.records[5].turns.size(), std::size_t(6));
    // A preview reads no more than it shows; columns of any table can be mapped.
    const auto some = readRecordsFromMemory(parquetFile("many.parquet").toStdString(), "many.parquet", {"", "", '\0', {{"instruction", "text"}}}, 20);
    QVERIFY(some);
    QCOMPARE(some->report.rowsInFile, 20);
    QCOMPARE(std::string(instructionOf(some->records[19])), std::string("row 6"));
    const auto all = read(parquetFile("many.parquet").toStdString(), "many.parquet", {"", "", '\0', {{"instruction", "text"}, {"response", "long"}}});
    QCOMPARE(all.report.accepted, 1500);
    for (int n = 0; n < 1500; ++n) {
        QCOMPARE(std::string(instructionOf(all.records[std::size_t(n)])), n % 11 == 0 ? std::string() : "row " + std::to_string(n / 3));
        QCOMPARE(std::string(responseOf(all.records[std::size_t(n)])), std::to_string(n * 2'654'435'761ll % 1'000'003 - 500'000));
        QCOMPARE(all.records[std::size_t(n)].tags.size(), std::size_t(n % 5));
    }
}

// Before it is built: the memory that it takes stays near the limit.
void TestImportTables::parquetRowThatGrowsIsRefused()
{
    const std::string bytes = parquetFile("bomb.parquet").toStdString();
    QVERIFY(!bytes.empty() && bytes.size() < 20'000);
    parquet::Rows rows(bytes);
    std::string json;
    QVERIFY_THROWS_EXCEPTION(parquet::Damage, (void)rows.next(json, 1 << 20));
    QVERIFY(json.size() < (1 << 20) + 1000);
    const auto result = readRecordsFromMemory(bytes, "bomb.parquet");
    QVERIFY(!result);
    QVERIFY(result.error().message.find("grow beyond") != std::string::npos);
}

void TestImportTables::parquetRefused()
{
    const std::string good = parquetFile("plain.parquet").toStdString();
    const auto reasonOf = [](const std::string &bytes) {
        const auto result = readRecordsFromMemory(bytes, "a.parquet");
        return result || result.error().code != ErrorCode::BadInput || result.error().hint.empty() ? QString() : QString::fromStdString(result.error().message);
    };
    QVERIFY(reasonOf(parquetFile("brotli.parquet").toStdString()).contains("Brotli"));
    QVERIFY(reasonOf(good.substr(0, good.size() - 1)).contains("end is missing"));
    QVERIFY(reasonOf("PAR1").contains("end is missing"));
    QVERIFY(reasonOf(good.substr(0, good.size() - 4) + "PARE").contains("encrypted"));
    QVERIFY(reasonOf(good.substr(0, good.size() - 8) + std::string("\xff\xff\xff\x7f", 4) + "PAR1").contains("footer"));
    ImportOptions asParquet;
    asParquet.format = "parquet";
    QVERIFY(!readRecordsFromMemory("instruction,output\na,b\n", "a.csv", asParquet));
}

// Bytes of good files are changed at random: no crash, no endless work, and every row is accounted for.
void TestImportTables::damagedParquet()
{
    Chance random(1812);
    int read = 0, refused = 0;
    for (const char *name : {"plain", "snappy", "gzip", "zstd", "lz4", "delta", "int96", "many", "polars", "duckdb"}) {
        const std::string seed = parquetFile(QString::fromLatin1(name) + ".parquet").toStdString();
        for (int round = 0; round < 150; ++round) {
            std::string bytes = seed;
            const std::size_t footer = bytes.size() - 8;
            for (std::size_t i = 0, changes = 1 + random(4); i < changes; ++i) {
                // The footer is where the numbers are.
                const std::size_t place = random(2) == 0 ? 4 + random(footer - 4) : footer - 1 - random(std::min<std::size_t>(footer - 5, 1500));
                switch (random(4)) {
                case 0: bytes[place] = char(random(256)); break;
                case 1: bytes[place] = char(bytes[place] ^ (1 << random(8))); break;
                case 2: bytes[place] = '\xff'; break;
                default: bytes[place] = '\0'; break;
                }
            }
            const auto result = readRecordsFromMemory(bytes, "a.parquet", {"", "", '\0', {{"instruction", "text"}}});
            if (!result) {
                QVERIFY(!result.error().message.empty() && !result.error().hint.empty());
                ++refused;
                continue;
            }
            ++read;
            QVERIFY(isSound(*result));
        }
    }
    QVERIFY(read > 100);
    QVERIFY(refused > 100);
}

// A name of a speaker that nobody knows is counted, and the user says who it is.
void TestImportTables::speakers()
{
    const std::string lines = R"({"messages":[{"role":"student","content":"Q"},{"role":"teacher","content":"A"}]})" "\n"
                              R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})" "\n"
                              R"({"messages":[{"role":"student","content":"R"},{"role":"teacher","content":"B"}]})" "\n";
    const ImportResult unknown = read(lines, "a.jsonl");
    QVERIFY(isBalanced(unknown));
    QCOMPARE(unknown.report.accepted, 1);
    QCOMPARE(unknown.report.speakers.size(), std::size_t(3));
    QCOMPARE(unknown.report.speakers[1].name, std::string("student"));
    QCOMPARE(unknown.report.speakers[1].messages, 2);
    QVERIFY(!unknown.report.speakers[1].role);
    QCOMPARE(unknown.report.speakers[2].role, std::optional(Role::User));
    ImportOptions options;
    options.roles = {{"student", Role::User}, {"teacher", Role::Assistant}};
    const ImportResult known = read(lines, "a.jsonl", options);
    QCOMPARE(known.report.accepted, 3);
    QCOMPARE(known.report.speakers.size(), std::size_t(4));
    QCOMPARE(known.records[2], (fettle::data::Record{{}, {{Role::User, "R", {}}, {Role::Assistant, "B", {}}}, {}, {}, {}, 0, {}, "a.jsonl, line 3", {}, {}}));
    // Also against what is usual.
    options.roles = {{"user", Role::Assistant}, {"assistant", Role::User}};
    QCOMPARE(std::string(responseOf(read(lines, "a.jsonl", options).records.at(0))), std::string("Q"));
}

QTEST_APPLESS_MAIN(TestImportTables)
#include "tst_importtables.moc"
