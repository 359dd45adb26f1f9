// Repacked weights hold exactly the values of the file, and what cannot be used is refused.
#include "core/generate/packedmatrix.h"
#include "core/io/gguf.h"

#include <QTest>

#include <cmath>
#include <cstring>
#include <vector>

using namespace fettle;
using namespace fettle::generate;

class TestPackedMatrix : public QObject {
    Q_OBJECT
private slots:
    void valuesAreThoseOfTheFile_data()
    {
        QTest::addColumn<QString>("type");
        for (const char *type : {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16"})
            QTest::newRow(type) << type;
    }
    void valuesAreThoseOfTheFile()
    {
        QFETCH(QString, type);
        auto gguf = io::Gguf::open(std::filesystem::path(FETTLE_FIXTURES) / "gguf/quantised.gguf");
        QVERIFY2(gguf.has_value(), gguf ? "" : gguf.error().message.c_str());
        const io::TensorEntry *entry = gguf->find(type.toStdString()), *expected = gguf->find(type.toStdString() + ".expected");
        QVERIFY(entry && expected);
        WorkerPool pool(2);
        auto matrix = packMatrix(*entry, {}, pool);
        QVERIFY2(matrix.has_value(), matrix ? "" : matrix.error().message.c_str());
        QCOMPARE(matrix->rows(), static_cast<std::size_t>(entry->rows()));
        std::vector<float> row(matrix->columns()), right(static_cast<std::size_t>(expected->values()));
        QVERIFY(io::decodeToFloat(*expected, right).has_value());
        for (std::size_t r = 0; r < matrix->rows(); ++r) {
            matrix->unpackRow(r, row.data());
            for (std::size_t k = 0; k < row.size(); ++k) {
                const float wanted = right[r * row.size() + k];
                QVERIFY2(row[k] == wanted, qPrintable(QString("row %1, column %2: %3, not %4").arg(r).arg(k).arg(row[k]).arg(wanted)));
            }
        }
    }

    void rowsCanBeReordered()
    {
        const float values[] = {1, 2, 3, 4, 5, 6};
        io::TensorEntry entry{"w", io::StorageType::F32, {3, 2}, std::as_bytes(std::span(values))};
        WorkerPool pool(1);
        auto matrix = packMatrix(entry, [](std::int64_t row) { return 2 - row; }, pool);
        QVERIFY(matrix.has_value());
        float row[2];
        matrix->unpackRow(0, row);
        QCOMPARE(row[0], 5.0f);
        QCOMPARE(row[1], 6.0f);
        matrix->unpackRow(2, row);
        QCOMPARE(row[0], 1.0f);
    }

    void unusableTensorsAreRefused_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<QList<qint64>>("shape");
        QTest::addColumn<int>("bytes");
        QTest::newRow("too few bytes") << int(io::StorageType::F32) << QList<qint64>{4, 4} << 60;
        QTest::newRow("no matrix") << int(io::StorageType::F32) << QList<qint64>{16} << 64;
        QTest::newRow("row is no whole block") << int(io::StorageType::Q4_0) << QList<qint64>{2, 33} << 1000;
        QTest::newRow("unknown type") << int(io::StorageType::IQ2_S) << QList<qint64>{1, 256} << 1000;
        QTest::newRow("more than any memory") << int(io::StorageType::F32) << QList<qint64>{qint64(1) << 40, qint64(1) << 40} << 64;
    }
    void unusableTensorsAreRefused()
    {
        QFETCH(int, type);
        QFETCH(QList<qint64>, shape);
        QFETCH(int, bytes);
        const std::vector<std::byte> memory(static_cast<std::size_t>(bytes));
        io::TensorEntry entry{"blk.0.attn_q.weight", static_cast<io::StorageType>(type), {shape.begin(), shape.end()}, memory};
        WorkerPool pool(1);
        auto matrix = packMatrix(entry, {}, pool);
        QVERIFY(!matrix);
        QCOMPARE(matrix.error().code, ErrorCode::BadInput);
        QVERIFY(matrix.error().message.find("blk.0.attn_q.weight") != std::string::npos);
    }

    void panelsArePaddedWithZeros()
    {
        const float values[] = {1, 2, 3};
        auto matrix = packFloats(values, 1, 3, 2.0f);
        QVERIFY(matrix.has_value());
        QCOMPARE(matrix->panels(), std::size_t{1});
        const float *panel = reinterpret_cast<const float *>(matrix->panel(0));
        for (std::size_t k = 0; k < 3; ++k) {
            QCOMPARE(panel[k * kPanelRows], 2.0f * values[k]);
            for (std::size_t lane = 1; lane < kPanelRows; ++lane)
                QCOMPARE(panel[k * kPanelRows + lane], 0.0f);
        }
    }

    void halvesAreThoseOfTheLargest()
    {
        // 17 rows of one column; the first: a value that F16 cannot hold exactly, far below what F16 holds at all without the exponent.
        std::vector<float> values(17, 0.0f);
        values[0] = 1.0001e-20f;
        values[1] = -0.5e-20f;
        values[16] = 3e-21f;
        int exponent = 0;
        auto matrix = packHalves(values.data(), 17, 1, exponent);
        QVERIFY(matrix.has_value());
        QCOMPARE(matrix->form(), WeightForm::F16);
        for (std::size_t row = 0; row < 17; ++row) {
            float packed = 0;
            matrix->unpackRow(row, &packed);
            QVERIFY(std::abs(packed) < 1.0f);
            QVERIFY(std::abs(std::ldexp(packed, exponent) - values[row]) <= std::abs(values[row]) / 2048);
        }
        const std::vector<float> zeros(4, 0.0f);
        exponent = 7;
        QVERIFY(packHalves(zeros.data(), 2, 2, exponent).has_value());
        QCOMPARE(exponent, 0);
    }
};

QTEST_APPLESS_MAIN(TestPackedMatrix)
#include "tst_packedmatrix.moc"
