// GGUF writing: the bytes of the gguf package for the same content, its quantised blocks, and what is refused.
#include "core/io/ggufwriter.h"
#include "core/io/quantise.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <limits>

using namespace fettle;
using namespace fettle::io;

namespace {

const std::string kFixtures = FETTLE_FIXTURES "/gguf/";

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

GgufTensor rawTensor(const TensorEntry &entry)
{
    return {entry.name, entry.type, entry.shape, {}, entry.bytes};
}

} // namespace

class TestGgufWriter : public QObject {
    Q_OBJECT
private slots:
    void sameBytesFromValues();
    void sameBytesFromACopy();
    void encodesAsTheReference_data();
    void encodesAsTheReference();
    void convertsRowByRow();
    void refuses_data();
    void refuses();
    void leavesNothingBehind();
};

void TestGgufWriter::sameBytesFromValues()
{
    const auto original = Gguf::open(kFixtures + "values.gguf");
    QVERIFY(original.has_value());
    const GgufValue flags = original->metadata().at("test.flags"); // handed on as it is
    std::string longText;
    for (int i = 0; i < 20; ++i)
        longText += "long ";
    const std::vector<GgufPair> metadata = {
        {"general.architecture", std::string("test")},
        {"test.u8", std::uint8_t{200}},
        {"test.i8", std::int8_t{-100}},
        {"test.u16", std::uint16_t{60000}},
        {"test.i16", std::int16_t{-30000}},
        {"test.u32", std::uint32_t{4000000000}},
        {"test.i32", std::int32_t{-2000000000}},
        {"test.f32", 0.1f},
        {"test.bool", true},
        {"test.text", std::string("Grüße 🐕")},
        {"test.u64", std::uint64_t{1} << 63},
        {"test.i64", -(std::int64_t{1} << 62)},
        {"test.f64", 0.1},
        {"test.texts", std::vector<std::string>{"a", "", "ö", longText}},
        {"test.numbers", std::vector<std::int32_t>{1, -2, 3}},
        {"test.floats", std::vector<float>{0.5f, -1.25f}},
        {"test.flags", flags},
    };
    std::vector<GgufTensor> tensors;
    for (const TensorEntry &entry : original->tensors())
        tensors.push_back(rawTensor(entry));
    QTemporaryDir folder;
    const QString path = folder.path() + "/a.gguf";
    const auto written = writeGguf(path.toStdString(), metadata, tensors);
    QVERIFY2(written.has_value(), written ? "" : written.error().message.c_str());
    QCOMPARE(contentOf(path).toHex(' '), contentOf(QString::fromStdString(kFixtures + "values.gguf")).toHex(' '));
}

void TestGgufWriter::sameBytesFromACopy()
{
    const auto original = Gguf::open(kFixtures + "quantised.gguf");
    QVERIFY(original.has_value());
    std::vector<GgufPair> metadata;
    for (const auto &[key, value] : original->metadata())
        metadata.emplace_back(key, value);
    std::vector<GgufTensor> tensors;
    for (const TensorEntry &entry : original->tensors())
        tensors.push_back(rawTensor(entry));
    QTemporaryDir folder;
    const QString path = folder.path() + "/a.gguf";
    QVERIFY(writeGguf(path.toStdString(), metadata, tensors).has_value());
    QVERIFY(contentOf(path) == contentOf(QString::fromStdString(kFixtures + "quantised.gguf")));
}

void TestGgufWriter::encodesAsTheReference_data()
{
    QTest::addColumn<int>("type");
    QTest::addColumn<QString>("file");
    using enum StorageType;
    for (const StorageType type : {F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1})
        QTest::newRow(std::string(nameOf(type)).c_str()) << static_cast<int>(type) << "encoded.gguf";
    for (const StorageType type : {Q4_K, Q5_K, Q6_K})
        QTest::newRow(std::string(nameOf(type)).c_str()) << static_cast<int>(type) << "blocks256.gguf";
}

void TestGgufWriter::encodesAsTheReference()
{
    QFETCH(int, type);
    const auto storage = static_cast<StorageType>(type);
    QFETCH(QString, file);
    const auto opened = Gguf::open(kFixtures + file.toStdString());
    QVERIFY(opened.has_value());
    const TensorEntry *source = opened->find("source"), *expected = opened->find(nameOf(storage));
    QVERIFY(source != nullptr && expected != nullptr);
    std::vector<float> values(static_cast<std::size_t>(source->values()));
    QVERIFY(decodeToFloat(*source, values).has_value());
    std::vector<std::byte> bytes(expected->bytes.size());
    QVERIFY(encodeFloats(storage, values, bytes).has_value());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != expected->bytes[i])
            QFAIL(qPrintable(QString("byte %1 (block %2)").arg(i).arg(static_cast<qint64>(i) / blockBytes(storage))));
    }
}

void TestGgufWriter::convertsRowByRow()
{
    // Large enough for several pieces.
    const std::vector<std::int64_t> shape = {3000, 1024};
    const auto valueAt = [](std::int64_t row, std::int64_t column) { return static_cast<float>((row * 31 + column * 7) % 255 - 127); };
    int calls = 0;
    GgufTensor tensor{"w", StorageType::Q8_0, shape, [&](std::int64_t first, std::int64_t count, std::span<float> target) -> Result<> {
                          ++calls;
                          for (std::int64_t i = 0; i < count * 1024; ++i)
                              target[static_cast<std::size_t>(i)] = valueAt(first + i / 1024, i % 1024);
                          return {};
                      }, {}};
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/a.gguf";
    QVERIFY(writeGguf(path, {{"general.architecture", std::string("test")}}, {tensor, {"v", StorageType::F32, {1}, {}, std::as_bytes(std::span("abc"))}}).has_value());
    QVERIFY(calls > 1);
    const auto file = Gguf::open(path);
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    std::vector<float> values(3000 * 1024);
    QVERIFY(decodeToFloat(*file->require("w").value(), values).has_value());
    double worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        worst = std::max(worst, static_cast<double>(std::abs(values[i] - valueAt(static_cast<std::int64_t>(i) / 1024, static_cast<std::int64_t>(i) % 1024))));
    QVERIFY2(worst <= 0.55, qPrintable(QString::number(worst))); // half a step, and the rounding of d to fp16
}

void TestGgufWriter::refuses_data()
{
    using Tensors = std::vector<GgufTensor>;
    static const std::vector<std::byte> bytes(128);
    QTest::addColumn<Tensors>("tensors");
    QTest::addColumn<QString>("cause");
    const auto row = [](const char *name, Tensors tensors, const char *cause) { QTest::newRow(name) << tensors << cause; };
    const GgufTensor good{"a", StorageType::F32, {32}, {}, bytes};
    const auto nothing = [](std::int64_t, std::int64_t, std::span<float> target) -> Result<> {
        std::fill(target.begin(), target.end(), std::numeric_limits<float>::infinity());
        return {};
    };
    row("name twice", {good, good}, "occurs twice");
    row("long name", {{std::string(64, 'n'), StorageType::F32, {32}, {}, bytes}}, "more than 63 bytes");
    row("size", {{"a", StorageType::F32, {31}, {}, bytes}}, "but 128 bytes");
    row("row is no whole block", {{"a", StorageType::Q8_0, {2, 48}, nothing, {}}}, "whole blocks");
    row("type that is only read", {{"a", StorageType::Q2_K, {256}, nothing, {}}}, "cannot be written as Q2_K");
    row("five dimensions", {{"a", StorageType::F32, {1, 1, 1, 1, 32}, {}, bytes}}, "5 dimensions");
    row("infinite weights", {{"a", StorageType::Q8_0, {32}, nothing, {}}}, "infinite");
}

void TestGgufWriter::refuses()
{
    using Tensors = std::vector<GgufTensor>;
    QFETCH(Tensors, tensors);
    QFETCH(QString, cause);
    QTemporaryDir folder;
    const auto written = writeGguf(folder.path().toStdString() + "/a.gguf", {}, tensors);
    QVERIFY(!written && written.error().code == ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(written.error().message).contains(cause), written.error().message.c_str());
    QVERIFY(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).isEmpty());
}

void TestGgufWriter::leavesNothingBehind()
{
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/a.gguf";
    std::stop_source stop;
    GgufTensor tensor{"w", StorageType::F16, {4000, 1024}, [&](std::int64_t first, std::int64_t, std::span<float>) -> Result<> {
                          if (first > 0)
                              stop.request_stop();
                          return {};
                      }, {}};
    QVERIFY(writeGguf(path, {}, {tensor}, stop.get_token()).error().code == ErrorCode::Cancelled);
    tensor.readRows = [](std::int64_t, std::int64_t, std::span<float>) -> Result<> { return fail(ErrorCode::OutOfMemory, "No memory."); };
    QVERIFY(writeGguf(path, {}, {tensor}).error().code == ErrorCode::OutOfMemory);
    QVERIFY(!writeGguf(path, {{"a", true}, {"a", false}}, {}));
    QVERIFY(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot).isEmpty());
}

QTEST_APPLESS_MAIN(TestGgufWriter)
#include "tst_ggufwriter.moc"
