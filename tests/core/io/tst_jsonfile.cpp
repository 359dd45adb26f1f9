// JSON reading: places of errors, limits, repeated keys, checked fields, and the public JSONTestSuite where it is there.
#include "core/io/jsonfile.h"

#include <QDirIterator>
#include <QTemporaryDir>
#include <QtTest>

using namespace fettle;
using namespace fettle::io;

class TestJsonFile : public QObject {
    Q_OBJECT
private slots:
    void errorsNameThePlace_data();
    void errorsNameThePlace();
    void limits();
    void orderIsKept();
    void fields();
    void files();
    void testSuite();
};

void TestJsonFile::errorsNameThePlace_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("place");
    QTest::newRow("missing value") << QByteArray("{\n  \"a\": 1,\n  \"b\": }\n") << "x.json, line 3, column 8: ";
    QTest::newRow("cut off") << QByteArray("{\"a\": [1, 2") << "x.json, line 1, column ";
    QTest::newRow("trailing comma") << QByteArray("[1,\n2,\n]") << "x.json, line 3, column 1: ";
    QTest::newRow("more after the end") << QByteArray("{}\n{}") << "x.json, line 2, column 1: ";
    QTest::newRow("not UTF-8") << QByteArray("{\"a\": \"\xFF\"}") << "x.json, line 1, column 8: ";
    QTest::newRow("repeated key") << QByteArray("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}") << "x.json, line 3, column 4: the key \"a\" occurs twice";
    QTest::newRow("empty") << QByteArray(" \n") << "x.json is empty";
    QTest::newRow("number too large") << QByteArray("[1e999]") << "x.json, line 1, column ";
    QTest::newRow("null character") << QByteArray("{}\n \0[", 6) << "x.json, line 2, column 2: a null character";
    QTest::newRow("NaN") << QByteArray("[NaN]") << "x.json, line 1, column 2: ";
}

void TestJsonFile::errorsNameThePlace()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, place);
    const auto json = parseJson(text.toStdString(), "x.json");
    QVERIFY(!json);
    QVERIFY(json.error().code == ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(json.error().message).startsWith(place), json.error().message.c_str());
    QVERIFY(!json.error().hint.empty());
}

void TestJsonFile::limits()
{
    JsonLimits limits;
    limits.maxDepth = 3;
    QVERIFY(parseJson("[[[1]]]", "x", limits).has_value());
    const auto deep = parseJson("[[[[1]]]]", "x", limits);
    QVERIFY(!deep && deep.error().message.find("nested deeper than 3 levels") != std::string::npos);
    // A bomb of brackets ends at the limit, not in the stack.
    QVERIFY(!parseJson(std::string(5'000'000, '['), "bomb"));
    std::string objects;
    for (int i = 0; i < 100000; ++i)
        objects += "{\"a\":";
    QVERIFY(!parseJson(objects, "bomb"));
    limits.maxBytes = 4;
    QVERIFY(!parseJson("[1,2]", "x", limits));
    limits = {};
    limits.repeatedKeys = RepeatedKeys::KeepLast;
    const auto last = parseJson(R"({"a":{"b":1},"a":{"c":[2]}})", "x", limits);
    QVERIFY(last.has_value());
    QCOMPARE(QString::fromStdString(last->dump()), QString(R"({"a":{"c":[2]}})"));
    QVERIFY(parseJson("\xEF\xBB\xBF{}", "x").has_value());
}

void TestJsonFile::orderIsKept()
{
    const std::string text = R"({"z":1,"a":[{"y":null,"b":true}],"m":"ö","n":-1.5,"u":18446744073709551615})";
    const auto json = parseOrderedJson(text, "x");
    QVERIFY(json.has_value());
    QCOMPARE(QString::fromStdString(json->dump()), QString::fromStdString(text));
    const auto sorted = parseJson(text, "x");
    QVERIFY(sorted.has_value() && *sorted == nlohmann::json::parse(text));
}

void TestJsonFile::fields()
{
    const auto json = parseJson(R"({"i": 3, "f": 2.0, "g": 2.5, "s": "text", "b": true, "n": null, "big": 18446744073709551615})", "c");
    QVERIFY(json.has_value());
    QCOMPARE(jsonField<std::int64_t>(*json, "i", "c").value(), 3);
    QCOMPARE(jsonField<std::int64_t>(*json, "f", "c").value(), 2);
    QCOMPARE(jsonField<double>(*json, "i", "c").value(), 3.0);
    QVERIFY(jsonField<std::string>(*json, "s", "c").value() == "text");
    QCOMPARE(jsonField<bool>(*json, "b", "c").value(), true);
    QCOMPARE(jsonField<std::int64_t>(*json, "none", "c", 7).value(), 7);
    QCOMPARE(jsonField<std::int64_t>(*json, "n", "c", 7).value(), 7);
    QVERIFY(!jsonField<std::int64_t>(*json, "g", "c"));
    QVERIFY(!jsonField<std::int64_t>(*json, "big", "c"));
    QVERIFY(!jsonField<bool>(*json, "i", "c", false));
    const auto wrong = jsonField<std::int64_t>(*json, "s", "config.json");
    QCOMPARE(QString::fromStdString(wrong.error().message), QString("config.json, field \"s\": \"text\" is not a whole number."));
    const auto missing = jsonField<bool>(nlohmann::json::array(), "x", "config.json");
    QVERIFY(missing.error().message.find("\"x\" is missing") != std::string::npos);
}

void TestJsonFile::files()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString() + "/a.json";
    QVERIFY(readJsonFile(path).error().code == ErrorCode::NotFound);
    QFile file(QString::fromStdString(path.string()));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"a\": [1, 2, 3]}");
    file.close();
    QVERIFY(readJsonFile(path).value()["a"].size() == 3);
    QVERIFY(readTextFile(path).value().size() == 16);
    QVERIFY(!readTextFile(path, 15));
    QVERIFY(readJsonFile(folder.path().toStdString()).error().code == ErrorCode::BadInput);
    // Large JSON files are kept in Git LFS; who copies the folder without it has notes in their place.
    for (const auto &[text, kind] : {std::pair("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "Git LFS pointer"), {"<!DOCTYPE html><html></html>", "web page"}}) {
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(text);
        file.close();
        const auto json = readJsonFile(path);
        QVERIFY(!json);
        QVERIFY2(json.error().message.find(kind) != std::string::npos, json.error().message.c_str());
        QVERIFY(!json.error().hint.empty());
    }
    QVERIFY(readTextFile(path).has_value()); // a text may be a page
}

void TestJsonFile::testSuite()
{
    const QString folder = FETTLE_SHARED_DATA "/datasets/json_test_suite";
    if (!QDir(folder).exists())
        QSKIP("The JSON test suite of the shared data is not there.");
    int seen = 0;
    for (QDirIterator files(folder, {"*.json"}, QDir::Files, QDirIterator::Subdirectories); files.hasNext();) {
        const QString path = files.next();
        const QString name = QFileInfo(path).fileName();
        JsonLimits limits;
        limits.repeatedKeys = RepeatedKeys::KeepLast; // the suite allows them
        const auto json = readJsonFile(path.toStdString(), limits);
        ++seen;
        if (name.startsWith("y_"))
            QVERIFY2(json.has_value(), qPrintable(name));
        if (name.startsWith("n_"))
            QVERIFY2(!json.has_value(), qPrintable(name));
    }
    QVERIFY(seen > 100);
}

QTEST_APPLESS_MAIN(TestJsonFile)
#include "tst_jsonfile.moc"
