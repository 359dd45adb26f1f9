// `fettle evaluate`, driven as scripts drive it: a data file and a project's held-out records, on the tiny chat model.
#include "tests/cli/program.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

using program::Json;
using program::Outcome;
using program::run;

namespace {

const QString kModel = FETTLE_FIXTURES "/tinychat";

QString write(const QString &path, const QByteArray &content)
{
    QFile file(path);
    if (file.open(QIODevice::WriteOnly))
        file.write(content);
    return path;
}

const QByteArray kRows = "{\"instruction\": \"Which day?\", \"output\": \"Thursday.\"}\n"
                         "{\"instruction\": \"Where do cats wait?\", \"output\": \"Cats wait in room 5.\"}\n";

} // namespace

#define VERIFY_OK(outcome) QVERIFY2((outcome).exitCode == 0, (outcome).errors.constData())

class TestEvaluate : public QObject {
    Q_OBJECT
private slots:
    void aFile();
    void aSplitOfAProject();
    void helpAndBadInput_data();
    void helpAndBadInput();
};

void TestEvaluate::aFile()
{
    QTemporaryDir folder;
    const QString data = write(folder.filePath("rows.jsonl"), kRows);
    const Outcome outcome = run({"evaluate", "--json", "--model", kModel, "--data", data, "--max-tokens", "8", "--to", folder.filePath("answers.csv")});
    VERIFY_OK(outcome);
    const Json json = outcome.json();
    QCOMPARE(json["rows"].size(), std::size_t(2));
    QCOMPARE(json["rows"][1]["expected"].get<std::string>(), std::string("Cats wait in room 5."));
    for (const char *key : {"loss", "perplexity", "exactMatch", "rougeL", "chrf", "bleu"})
        QVERIFY2(json["metrics"].contains(key), key);
    const Json scores = run({"score", "--json", "--model", kModel, "--data", data}).json();
    QVERIFY(qAbs(json["metrics"]["loss"].get<double>() - scores["loss"].get<double>()) < 1e-4);
    QFile csv(folder.filePath("answers.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QCOMPARE(csv.readAll().count("\r\n"), 3);
    const Json few = run({"evaluate", "--json", "--model", kModel, "--data", data, "--max-tokens", "8", "--metrics", "exact,rouge"}).json();
    QCOMPARE(few["metrics"].size(), std::size_t(4));
}

void TestEvaluate::aSplitOfAProject()
{
    QTemporaryDir folder;
    const QString project = folder.filePath("cats.fettle");
    const Outcome made = run({"new", project});
    VERIFY_OK(made);
    const Outcome imported = run({"import", write(folder.filePath("rows.jsonl"), kRows), "--project", project});
    VERIFY_OK(imported);
    const Outcome none = run({"evaluate", "--json", "--model", kModel, "--project", project});
    QCOMPARE(none.exitCode, 3); // no record is held out
    QVERIFY(none.errors.contains("held out"));
    // The split may stand in the file.
    QByteArray held = kRows;
    held.replace("\"}", "\", \"split\": \"held-out\"}");
    const Outcome more = run({"import", write(folder.filePath("held.jsonl"), held), "--project", project});
    VERIFY_OK(more);
    const QStringList asked = {"evaluate", "--json", "--model", kModel, "--project", project, "--max-tokens", "8", "--no-loss"};
    const Outcome first = run(asked);
    VERIFY_OK(first);
    QCOMPARE(first.json()["answered"].get<int>(), 2);
    const Outcome again = run(asked);
    VERIFY_OK(again);
    QCOMPARE(again.json()["answered"].get<int>(), 0); // the project keeps the answers
    QCOMPARE(again.json()["rows"], first.json()["rows"]);
}

void TestEvaluate::helpAndBadInput_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("exitCode");
    QTest::newRow("help") << QStringList{"--help"} << 0;
    QTest::newRow("no rows named") << QStringList{"--model", kModel} << 2;
    QTest::newRow("no such file") << QStringList{"--model", kModel, "--data", "no-such-file.jsonl"} << 3;
    QTest::newRow("no such measure") << QStringList{"--model", kModel, "--data", "rows.jsonl", "--metrics", "beauty"} << 2;
    QTest::newRow("no regular expression") << QStringList{"--model", kModel, "--data", "rows.jsonl", "--pattern", "("} << 2;
    QTest::newRow("split of a file") << QStringList{"--model", kModel, "--data", "rows.jsonl", "--split", "test"} << 2;
}

void TestEvaluate::helpAndBadInput()
{
    QFETCH(QStringList, arguments);
    const Outcome outcome = run(QStringList{"evaluate"} + arguments);
    QFETCH(int, exitCode);
    QCOMPARE(outcome.exitCode, exitCode);
    QVERIFY(!(exitCode == 0 ? outcome.output : outcome.errors).isEmpty());
}

QTEST_GUILESS_MAIN(TestEvaluate)
#include "tst_evaluate.moc"
