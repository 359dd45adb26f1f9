// The reason for the program, end to end: the sample project is imported and trained by the built program on the real default model; the
// held-out questions are then answered with the right facts, and were not before.
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <nlohmann/json.hpp>

class TestDemo : public QObject {
    Q_OBJECT
private slots:
    void learnsWhatNoModelKnows();
};

void TestDemo::learnsWhatNoModelKnows()
{
    QProcess inspect;
    inspect.start(FETTLE_PROGRAM, {"inspect", "smollm2-135m-instruct", "--json"});
    QVERIFY(inspect.waitForFinished(60000));
    if (inspect.exitCode() != 0)
        QSKIP("the default model is not there; app/run.sh fetches it");

    QTemporaryDir folder;
    QProcess demo;
    demo.setProcessChannelMode(QProcess::SeparateChannels);
    demo.start(FETTLE_PROGRAM, {"demo", folder.filePath("demo.fettle"), "--json"});
    QVERIFY(demo.waitForFinished(1100000));
    QVERIFY2(demo.exitCode() == 0, demo.readAllStandardError().constData());
    const auto lines = demo.readAllStandardOutput().trimmed().split('\n');
    const auto result = nlohmann::json::parse(lines.last().toStdString());
    QCOMPARE(QString::fromStdString(result.at("event").get<std::string>()), QString("result"));
    const auto &after = result.at("after").at("answers");
    QVERIFY(after.size() >= 40);
    QCOMPARE(result.at("before").at("answers").size(), after.size());
    qInfo("right answers before %.3f, after %.3f, %.0f s", result.at("before").at("exactMatch").get<double>(), result.at("after").at("exactMatch").get<double>(),
          result.at("seconds").get<double>());
    QCOMPARE(result.at("before").at("exactMatch").get<double>(), 0.0);
    QVERIFY(result.at("after").at("exactMatch").get<double>() >= 0.85);
}

QTEST_GUILESS_MAIN(TestDemo)
#include "tst_demo.moc"
