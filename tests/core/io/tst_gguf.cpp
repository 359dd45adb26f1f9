// GGUF against files of the gguf package: every metadata type, tensors, shards; and the real default model where it is there.
#include "core/base/clock.h"
#include "core/base/resources.h"
#include "core/io/gguf.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace fettle;
using namespace fettle::io;

namespace {

const std::string kFixtures = FETTLE_FIXTURES "/gguf/";

std::filesystem::path defaultModel()
{
    std::error_code error;
    for (const auto &folder : modelsFolders()) {
        const auto path = folder / "SmolLM2-135M-Instruct.Q4_1.gguf";
        if (std::filesystem::exists(path, error))
            return path;
    }
    return {};
}

} // namespace

class TestGguf : public QObject {
    Q_OBJECT
private slots:
    void metadata();
    void tensors();
    void dequantisesExactly_data();
    void dequantisesExactly();
    void shards();
    void defaultModelOpens();
};

void TestGguf::metadata()
{
    const auto file = Gguf::open(kFixtures + "values.gguf");
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    QCOMPARE(file->version(), 3u);
    const std::pair<const char *, std::int64_t> integers[] = {
        {"u8", 200}, {"i8", -100}, {"u16", 60000}, {"i16", -30000}, {"u32", 4000000000}, {"i32", -2000000000}, {"i64", -(1ll << 62)}};
    for (const auto &[name, value] : integers)
        QCOMPARE(file->integer(std::string("test.") + name).value(), value);
    QVERIFY(!file->integer("test.u64")); // 2^63 does not fit
    QVERIFY(!file->integer("test.f32") && !file->integer("test.text") && !file->integer("test.bool") && !file->integer("test.numbers"));
    QCOMPARE(file->number("test.f32").value(), static_cast<double>(0.1f));
    QCOMPARE(file->number("test.f64").value(), 0.1);
    QCOMPARE(file->number("test.i8").value(), -100.0);
    QVERIFY(!file->number("test.text") && !file->number("test.bool"));
    QCOMPARE(file->boolean("test.bool").value(), true);
    QVERIFY(!file->boolean("test.u8"));
    QVERIFY(file->string("test.text").value() == "Grüße 🐕");
    QVERIFY(file->string("general.architecture").value() == "test");
    const std::string repeated = "long long long long long long long long long long long long long long long long long long long long ";
    QVERIFY(file->strings("test.texts").value() == (std::vector<std::string>{"a", "", "ö", repeated}));
    QVERIFY(file->integers("test.numbers").value() == (std::vector<std::int64_t>{1, -2, 3}));
    QVERIFY(file->integers("test.flags").value() == (std::vector<std::int64_t>{1, 0, 1}));
    QVERIFY(file->floats("test.floats").value() == (std::vector<float>{0.5f, -1.25f}));
    QVERIFY(!file->strings("test.numbers") && !file->integers("test.texts") && !file->floats("test.texts") && !file->integers("test.floats"));
    QCOMPARE(file->arraySize("test.texts"), 4u);
    QCOMPARE(file->arraySize("test.text"), 0u);
    const auto missing = file->requireInteger("llama.block_count");
    QVERIFY(missing.error().message.find("\"llama.block_count\" is missing") != std::string::npos);
    QVERIFY(file->requireString("test.u8").error().message.find("is not text") != std::string::npos);
    QCOMPARE(file->requireInteger("test.u8").value(), 200);
}

void TestGguf::tensors()
{
    const auto file = Gguf::open(kFixtures + "values.gguf");
    QVERIFY(file.has_value());
    QCOMPARE(file->tensors().size(), 2u);
    const TensorEntry *matrix = file->find("matrix");
    QVERIFY(matrix != nullptr && matrix->shape == (std::vector<std::int64_t>{2, 3}) && matrix->type == StorageType::F32);
    std::vector<float> values(6);
    QVERIFY(decodeToFloat(*matrix, values).has_value());
    QVERIFY(values == (std::vector<float>{0, 1, 2, 3, 4, 5}));
    const auto missing = file->require("matrices");
    QVERIFY(!missing && missing.error().hint.find("matrix") != std::string::npos);
}

void TestGguf::dequantisesExactly_data()
{
    QTest::addColumn<QString>("type");
    for (const char *type : {"F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
        QTest::newRow(type) << type;
}

void TestGguf::dequantisesExactly()
{
    QFETCH(QString, type);
    const auto file = Gguf::open(kFixtures + "quantised.gguf");
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    const auto packed = file->require(type.toStdString());
    const auto expected = file->require(type.toStdString() + ".expected");
    QVERIFY(packed && expected);
    QVERIFY(nameOf((*packed)->type) == type.toStdString());
    QVERIFY((*packed)->shape == (*expected)->shape);
    std::vector<float> ours(static_cast<std::size_t>((*packed)->values())), theirs(ours.size());
    QVERIFY(decodeToFloat(**packed, ours) && decodeToFloat(**expected, theirs));
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (std::bit_cast<std::uint32_t>(ours[i]) != std::bit_cast<std::uint32_t>(theirs[i]))
            QFAIL(qPrintable(QString("value %1: %2 instead of %3").arg(i).arg(ours[i], 0, 'g', 9).arg(theirs[i], 0, 'g', 9)));
    }
    std::vector<float> row(static_cast<std::size_t>((*packed)->rowValues()));
    QVERIFY(decodeRowsToFloat(**packed, 2, 1, row).has_value());
    QVERIFY(std::equal(row.begin(), row.end(), ours.begin() + static_cast<std::ptrdiff_t>(2 * row.size())));
}

void TestGguf::shards()
{
    const auto file = Gguf::open(kFixtures + "shard-00002-of-00002.gguf"); // any part names them all
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    QCOMPARE(file->tensors().size(), 2u);
    QCOMPARE(file->integer("split.no").value(), 0);
    QCOMPARE(file->files().size(), 2u);
    QTemporaryDir folder;
    const QString alone = folder.path() + "/shard-00001-of-00002.gguf";
    QVERIFY(QFile::copy(QString::fromStdString(kFixtures + "shard-00001-of-00002.gguf"), alone));
    const auto half = Gguf::open(alone.toStdString());
    QVERIFY(!half && half.error().code == ErrorCode::NotFound);
    QVERIFY(half.error().message.find("shard-00002-of-00002.gguf\" is missing") != std::string::npos);
}

void TestGguf::defaultModelOpens()
{
    const auto path = defaultModel();
    if (path.empty())
        QSKIP("The default model is not installed.");
    Stopwatch opening;
    const auto file = Gguf::open(path);
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    QVERIFY(opening.seconds() < 5);
    QCOMPARE(file->tensors().size(), 272u);
    QCOMPARE(file->integer("llama.block_count").value(), 30);
    QCOMPARE(file->strings("tokenizer.ggml.tokens").value().size(), 49152u);
    std::int64_t values = 0;
    double seconds = 0;
    std::vector<float> buffer;
    for (const TensorEntry &entry : file->tensors()) {
        buffer.resize(static_cast<std::size_t>(entry.values()));
        Stopwatch watch;
        QVERIFY(decodeToFloat(entry, buffer).has_value());
        seconds += watch.seconds();
        values += entry.values();
        QVERIFY2(std::isfinite(buffer.front()) && std::isfinite(buffer.back()), entry.name.c_str());
    }
    QCOMPARE(values, 134515008);
    qInfo("%lld values unpacked in %.3f s on one core", static_cast<long long>(values), seconds);
}

QTEST_APPLESS_MAIN(TestGguf)
#include "tst_gguf.moc"
