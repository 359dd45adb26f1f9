// What the Runs page writes to files: numbers, pictures, the report, event files for TensorBoard.
#include "tests/ui/support/runspagefixture.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/answerpane.h"
#include "ui/runs/eventfile.h"

#include <QAction>
#include <QFile>
#include <QFileInfo>
#include <QImage>
#include <QProcess>
#include <QTest>
#include <QtEndian>

using namespace fettle;
using namespace fettle::ui;
using engine::RunState;

class RunFilesTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_runs.start(); }
    void cleanup() { m_runs.end(); }

    void numbersAreSaved();
    void reportAndEventFileAreSaved();

private:
    RunsPageFixture m_runs{QStringLiteral("tst_runfiles")};
};

void RunFilesTest::numbersAreSaved()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.open();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    const QString csv = m_runs.window.dir.filePath(QStringLiteral("curves.csv"));
    m_runs.window.window->dialogs().setNextFileName(csv);
    m_runs.page->findChild<QAction *>(QStringLiteral("saveChartNumbers"))->trigger();
    QTRY_VERIFY(QFile::exists(csv));
    QFile file(csv);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto lines = file.readAll().split('\n');
    QCOMPARE(lines.size(), 62); // head, 60 steps, the end of the last line
    QVERIFY(lines[20].startsWith("20,1,"));
    const QString png = m_runs.window.dir.filePath(QStringLiteral("chart.png"));
    m_runs.window.window->dialogs().setNextFileName(png);
    m_runs.page->findChild<QAction *>(QStringLiteral("saveChartPicture"))->trigger();
    QTRY_VERIFY(QFile::exists(png));
    QVERIFY(QImage(png).width() > 1000);
}

void RunFilesTest::reportAndEventFileAreSaved()
{
    m_runs.addRun(1, RunState::Finished, 60, 60);
    m_runs.window.state->runs[0].name = "Try <1>";
    m_runs.window.state->probes[1].questions = {{{}, "When do you <open>?", {}}};
    m_runs.window.state->probes[1].answers = {{data::kBaseStep, 0, "I am not sure."}, {60, 0, "I am certain."}};
    m_runs.open();
    QTRY_COMPARE(m_runs.page->curves().points.size(), std::size_t(60));
    QTRY_COMPARE(m_runs.find<AnswerPane>()->questionCount(), 1);
    const auto saved = [&](const QString &action, const QString &fileName) {
        const QString name = m_runs.window.dir.filePath(fileName);
        m_runs.window.window->dialogs().setNextFileName(name);
        m_runs.page->findChild<QAction *>(action)->trigger();
        QByteArray bytes;
        [&] { QTRY_VERIFY(QFileInfo(name).size() > 0); }();
        QFile file(name);
        if (file.open(QIODevice::ReadOnly))
            bytes = file.readAll();
        return bytes;
    };
    const QByteArray page = saved(QStringLiteral("saveReport"), QStringLiteral("report.html"));
    QVERIFY(page.startsWith("<!DOCTYPE html>"));
    for (const char *part : {"<title>Try &lt;1&gt;</title>", "When do you &lt;open&gt;?", "I am <mark>", "<svg", "Learning rate", "Nothing found"})
        QVERIFY2(page.contains(part), part);
    QVERIFY(!page.contains("src=") && !page.contains("href=\"http")); // nothing from elsewhere
    // Frames of the event file: each with its length and two checksums.
    QCOMPARE(crc32c("123456789"), 0xE3069283U);
    const QByteArray events = saved(QStringLiteral("saveEvents"), QStringLiteral("events.out.tfevents.run-1"));
    int frames = 0;
    for (qsizetype at = 0; at < events.size(); ++frames) {
        const auto length = qFromLittleEndian<quint64>(events.constData() + at);
        QVERIFY(at + 16 + qsizetype(length) <= events.size());
        const auto expected = [&](qsizetype from, qsizetype size) {
            const std::uint32_t crc = crc32c({events.constData() + from, std::size_t(size)});
            return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
        };
        QCOMPARE(qFromLittleEndian<quint32>(events.constData() + at + 8), expected(at, 8));
        QCOMPARE(qFromLittleEndian<quint32>(events.constData() + at + 12 + qsizetype(length)), expected(at + 12, qsizetype(length)));
        at += 16 + qsizetype(length);
    }
    QCOMPARE(frames, 61);
    QVERIFY(events.contains("brain.Event:2") && events.contains("held_out/loss"));
    // TensorBoard itself reads the same values, where FETTLE_TENSORBOARD_PYTHON names a Python that has it.
    if (const QString python = qEnvironmentVariable("FETTLE_TENSORBOARD_PYTHON"); !python.isEmpty()) {
        QVERIFY(!saved(QStringLiteral("saveChartNumbers"), QStringLiteral("run-1.csv")).isEmpty());
        QProcess reader;
        reader.setProcessChannelMode(QProcess::MergedChannels);
        reader.start(python, {QStringLiteral(FETTLE_SOURCE_DIR "/tests/parity/check_events.py"), m_runs.window.dir.filePath(QStringLiteral("events.out.tfevents.run-1")), m_runs.window.dir.filePath(QStringLiteral("run-1.csv"))});
        QVERIFY(reader.waitForFinished(120'000));
        QVERIFY2(reader.exitCode() == 0, reader.readAll().constData());
    }
}

QTEST_MAIN(RunFilesTest)
#include "tst_runfiles.moc"
