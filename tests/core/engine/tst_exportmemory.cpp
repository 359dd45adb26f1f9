// How much memory an export of a real model takes, its check included: one copy of the weights, whether those of the source or those of the file.
#include "core/base/memory.h"
#include "core/engine/delivery.h"

#include <QTemporaryDir>
#include <QTest>

#include <cstdlib>
#include <filesystem>

using namespace fettle;

class TestExportMemory : public QObject {
    Q_OBJECT
private slots:
    void oneCopyOfTheWeights_data();
    void oneCopyOfTheWeights();
};

void TestExportMemory::oneCopyOfTheWeights_data()
{
    QTest::addColumn<QString>("target");
    QTest::addColumn<QString>("type");
    QTest::newRow("merged, F32") << "merged" << "f32";
    QTest::newRow("GGUF, F16") << "gguf" << "f16";
}

void TestExportMemory::oneCopyOfTheWeights()
{
    QFETCH(QString, target);
    QFETCH(QString, type);
    const QString model = qEnvironmentVariable("FETTLE_TEST_MODEL");
    if (model.isEmpty())
        QSKIP("FETTLE_TEST_MODEL names no model.");
    returnFreeMemory();
    if (memoryFigures().ownPeakBytes == 0)
        QSKIP("This system does not tell how much memory a program has.");
    const QTemporaryDir scratch;
    resetOwnPeak();
    const std::int64_t before = memoryFigures().ownBytes;
    engine::ExportRequest request;
    request.model = model.toStdString();
    request.target = target.toStdString();
    request.type = type.toStdString();
    request.folder = scratch.filePath("out").toStdString();
    const auto result = engine::exportAdapter(request, nullptr);
    QVERIFY2(result.has_value(), result ? "" : result.error().message.c_str());
    QVERIFY2(result->selfTest.hasPassed, result->selfTest.cause.c_str());
    // What the largest of the two takes: the file as it was written, or the source as its own file holds it.
    const auto weights = static_cast<double>(std::max<std::int64_t>(result->bytes, static_cast<std::int64_t>(std::filesystem::file_size(request.model))));
    const auto needed = static_cast<double>(memoryFigures().ownPeakBytes - before);
    qInfo("%.0f MB for %.0f MB of weights", needed / 1e6, weights / 1e6);
    // Beside them the largest tensor three times (113 MB in fp32: stored, merged, read back), the library and what the probe prompts give.
    QVERIFY2(needed < weights + 5e8, qPrintable(QString::number(needed / 1e6)));
}

int main(int argc, char **argv)
{
    tuneAllocator(); // as in the program
    QCoreApplication app(argc, argv);
    TestExportMemory test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_exportmemory.moc"
