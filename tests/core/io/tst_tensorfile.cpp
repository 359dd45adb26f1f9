// Sizes of stored tensors and half-precision numbers.
#include "core/io/tensorfile.h"

#include <QtTest>
#include <cmath>
#include <limits>

using namespace fettle::io;

class TestTensorFile : public QObject {
    Q_OBJECT
private slots:
    void sizes_data();
    void sizes();
    void everyHalfSurvives();
    void halfRounds_data();
    void halfRounds();
    void bfloatRounds();
    void refusesWhatItCannotDecode();
};

void TestTensorFile::sizes_data()
{
    using Shape = std::vector<std::int64_t>;
    QTest::addColumn<int>("type");
    QTest::addColumn<Shape>("shape");
    QTest::addColumn<qlonglong>("bytes"); // -1: impossible
    const auto row = [](const char *name, StorageType type, Shape shape, qlonglong bytes) {
        QTest::newRow(name) << static_cast<int>(type) << shape << bytes;
    };
    row("scalar", StorageType::F32, {}, 4);
    row("matrix", StorageType::BF16, {3, 5}, 30);
    row("empty", StorageType::F32, {0, 7}, 0);
    row("blocks", StorageType::Q4_1, {2, 64}, 80);
    row("K blocks", StorageType::Q6_K, {512}, 420);
    row("row is no whole block", StorageType::Q4_1, {32, 16}, -1);
    row("scalar in blocks", StorageType::Q8_0, {}, -1);
    row("negative", StorageType::F32, {-1}, -1);
    row("overflow", StorageType::F32, {1ll << 40, 1ll << 40}, -1);
    row("overflow behind a zero", StorageType::F32, {1ll << 40, 1ll << 40, 0}, -1);
    row("overflow of bytes", StorageType::F32, {std::numeric_limits<std::int64_t>::max() / 2}, -1);
}

void TestTensorFile::sizes()
{
    using Shape = std::vector<std::int64_t>;
    QFETCH(int, type);
    QFETCH(Shape, shape);
    QFETCH(qlonglong, bytes);
    QCOMPARE(static_cast<qlonglong>(storedBytes(static_cast<StorageType>(type), shape).value_or(-1)), bytes);
}

void TestTensorFile::everyHalfSurvives()
{
    for (int bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = floatFromF16(half);
        const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
        const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
        if (exponent == 31) {
            QVERIFY(mantissa == 0 ? std::isinf(value) && std::signbit(value) == (sign < 0) : std::isnan(value));
        } else {
            const float expected = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                                 : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
            QCOMPARE(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(sign * expected));
        }
        if (!std::isnan(value))
            QCOMPARE(f16FromFloat(value), half);
        else
            QVERIFY(std::isnan(floatFromF16(f16FromFloat(value))));
        const float brain = floatFromBf16(half);
        if (!std::isnan(brain))
            QCOMPARE(bf16FromFloat(brain), half);
    }
}

void TestTensorFile::halfRounds_data()
{
    QTest::addColumn<float>("value");
    QTest::addColumn<int>("bits");
    QTest::newRow("tie to even, down") << 1.0f + 0x1p-11f << 0x3C00;
    QTest::newRow("tie to even, up") << 1.0f + 3 * 0x1p-11f << 0x3C02;
    QTest::newRow("above the tie") << std::nextafter(1.0f + 0x1p-11f, 2.0f) << 0x3C01;
    QTest::newRow("largest") << 65519.99f << 0x7BFF;
    QTest::newRow("overflow") << 65520.0f << 0x7C00;
    QTest::newRow("subnormal tie") << 0x1p-25f << 0x0000;
    QTest::newRow("above the subnormal tie") << std::nextafter(0x1p-25f, 1.0f) << 0x0001;
    QTest::newRow("largest subnormal rounds up") << 0x1.ffep-15f << 0x0400;
    QTest::newRow("negative") << -2.0f << 0xC000;
}

void TestTensorFile::halfRounds()
{
    QFETCH(float, value);
    QFETCH(int, bits);
    QCOMPARE(static_cast<int>(f16FromFloat(value)), bits);
}

void TestTensorFile::bfloatRounds()
{
    QCOMPARE(bf16FromFloat(1.0f), 0x3F80);
    QCOMPARE(bf16FromFloat(1.0f + 0x1p-8f), 0x3F80);
    QCOMPARE(bf16FromFloat(1.0f + 3 * 0x1p-8f), 0x3F82);
    QCOMPARE(bf16FromFloat(std::numeric_limits<float>::max()), 0x7F80);
    QVERIFY(std::isnan(floatFromBf16(bf16FromFloat(std::bit_cast<float>(0x7F800001u)))));
}

void TestTensorFile::refusesWhatItCannotDecode()
{
    const std::vector<std::byte> bytes(136);
    const TensorEntry entry{"w", StorageType::IQ4_XS, {256}, bytes};
    std::vector<float> target(256);
    const auto decoded = decodeToFloat(entry, target);
    QVERIFY(!decoded && decoded.error().message == "Tensor \"w\" is stored as IQ4_XS, which cannot be unpacked.");
    QVERIFY(!decoded.error().hint.empty());
    const TensorEntry lying{"w", StorageType::F32, {256}, bytes};
    QVERIFY(!decodeToFloat(lying, target));
}

QTEST_APPLESS_MAIN(TestTensorFile)
#include "tst_tensorfile.moc"
