// Files made to harm: each ends in one clear error, and no reader asks for more memory than the file could justify.
#include "core/io/atomicfile.h"
#include "core/base/memory.h"
#include "core/base/random.h"
#include "core/io/gguf.h"
#include "core/io/safetensors.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fmt/format.h>
#include <functional>

using namespace fettle;
using namespace fettle::io;

namespace {

template <class T>
std::string raw(T value)
{
    return {reinterpret_cast<const char *>(&value), sizeof(T)};
}

std::string safetensors(const std::string &header, std::size_t dataBytes)
{
    return raw(std::uint64_t{header.size()}) + header + std::string(dataBytes, '\0');
}

std::string counted(const std::string &text)
{
    return raw(std::uint64_t{text.size()}) + text;
}

std::string ggufHead(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3)
{
    return "GGUF" + raw(version) + raw(tensors) + raw(keys);
}

std::string ggufTensor(const std::string &name, std::vector<std::uint64_t> dimensions, std::uint32_t type, std::uint64_t offset)
{
    std::string text = counted(name) + raw(static_cast<std::uint32_t>(dimensions.size()));
    for (const std::uint64_t size : dimensions)
        text += raw(size);
    return text + raw(type) + raw(offset);
}

// Pads the header to 32 and adds data.
std::string ggufFile(std::string header, std::size_t dataBytes)
{
    header.resize((header.size() + 31) / 32 * 32);
    return header + std::string(dataBytes, '\0');
}

std::string contentOf(const std::string &path)
{
    QFile file(QString::fromStdString(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
}

} // namespace

class TestHostileFiles : public QObject {
    Q_OBJECT
private slots:
    void safetensorsAreRefused_data();
    void safetensorsAreRefused();
    void ggufsAreRefused_data();
    void ggufsAreRefused();
    void truncatedAnywhere_data();
    void truncatedAnywhere();
    void mutations_data();
    void mutations();
    void memoryStaysSmall();

private:
    std::filesystem::path write(const std::string &name, const std::string &bytes)
    {
        const std::filesystem::path path = m_folder.path().toStdString() + "/" + name;
        QFile file(QString::fromStdString(path.string()));
        file.remove(); // some file systems write at once when an existing file is overwritten: thousands of rounds would take a minute
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes.data(), static_cast<qint64>(bytes.size())) < 0)
            qFatal("cannot write");
        return path;
    }
    // Opens and, when that succeeds, reads everything that can be read.
    static Result<> readAll(const std::filesystem::path &path);
    QTemporaryDir m_folder;
};

Result<> TestHostileFiles::readAll(const std::filesystem::path &path)
{
    std::vector<TensorEntry> entries;
    std::optional<Safetensors> safe;
    std::optional<Gguf> gguf;
    if (path.extension() == ".gguf") {
        auto opened = Gguf::open(path);
        if (!opened)
            return passError(opened);
        gguf = *std::move(opened);
        for (const auto &[key, value] : gguf->metadata()) {
            static_cast<void>(gguf->strings(key));
            static_cast<void>(gguf->integers(key));
            static_cast<void>(gguf->floats(key));
            static_cast<void>(gguf->string(key));
            static_cast<void>(gguf->number(key));
            static_cast<void>(gguf->integer(key));
        }
        entries = gguf->tensors();
    } else {
        auto opened = Safetensors::open(path);
        if (!opened)
            return passError(opened);
        safe = *std::move(opened);
        entries = safe->tensors();
    }
    for (const TensorEntry &entry : entries) {
        std::vector<float> values(static_cast<std::size_t>(entry.values()));
        if (auto decoded = decodeToFloat(entry, values); !decoded && decoded.error().code == ErrorCode::Internal)
            return decoded;
    }
    return {};
}

void TestHostileFiles::safetensorsAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("cause");
    const auto row = [](const char *name, const std::string &bytes, const char *cause) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << cause;
    };
    const auto one = [](const std::string &fields, std::size_t data = 8) { return safetensors("{\"a\":{" + fields + "}}", data); };
    row("shorter than a length", "{}x", "fewer than a header");
    row("length beyond the file", raw(std::uint64_t{1000}) + "{}", "only 2 follow");
    row("length of all ones", raw(~std::uint64_t{0}) + "{}", "header claims 18446744073709551615 bytes");
    row("no JSON object", safetensors("[1]", 0), "not a JSON object");
    row("broken JSON", safetensors("{\"a\":", 0), "line 1, column");
    row("deep JSON", safetensors("{\"a\":" + std::string(100000, '['), 0), "nested deeper");
    row("name twice", safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8),
        "occurs twice");
    row("field missing", one(R"("dtype":"F32","shape":[2])"), "lacks");
    row("field unknown", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"code":"x")"), "unknown fields");
    row("type unknown", one(R"("dtype":"F33","shape":[2],"data_offsets":[0,8])"), "type \"F33\", which is not known");
    row("type is no text", one(R"("dtype":5,"shape":[2],"data_offsets":[0,8])"), "type 5, which is not known");
    row("negative dimension", one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), "dimension that is not a whole number");
    row("fraction", one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), "dimension that is not a whole number");
    row("shape overflows", one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"), "impossible shape");
    row("shape lies", one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), "so 12 bytes, but 8 are reserved");
    row("offsets turned round", one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), "ascending");
    row("offsets beyond the file", one(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])"), "only 8 bytes of data");
    row("three offsets", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,8])"), "ascending");
    row("hole in front", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), "belong to no tensor");
    row("bytes left over", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), "after the last tensor");
    row("overlap", safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12),
        "overlaps");
    row("same place", safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
        "overlaps");
    row("metadata is a list", safetensors(R"({"__metadata__":["x"]})", 0), "__metadata__");
    row("metadata is nested", safetensors(R"({"__metadata__":{"x":{"y":1}}})", 0), "is not text");
    row("huge rank", one("\"dtype\":\"F32\",\"shape\":[" + std::string(99998, '1').replace(1, 0, ",") + "],\"data_offsets\":[0,8]"), "");
}

void TestHostileFiles::safetensorsAreRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, cause);
    const auto read = readAll(write("a.safetensors", bytes.toStdString()));
    QVERIFY(!read);
    QVERIFY(read.error().code == ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(read.error().message).contains(cause), read.error().message.c_str());
    QVERIFY(read.error().message.find("a.safetensors") != std::string::npos);
    QVERIFY(!read.error().hint.empty());
}

void TestHostileFiles::ggufsAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("cause");
    const auto row = [](const char *name, const std::string &bytes, const char *cause) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes) << cause;
    };
    const std::uint32_t text = 8, list = 9, u32 = 4;
    const auto key = [](const std::string &name, std::uint32_t type, const std::string &value) { return counted(name) + raw(type) + value; };
    row("other letters", "GGML" + std::string(60, '\0'), "does not begin with");
    row("version 1", ggufHead(0, 0, 1), "version 1");
    row("big-endian", ggufHead(0, 0, 0x03000000), "big-endian");
    row("only the magic", "GGUF", "in the middle of the version");
    row("without counts", "GGUF" + raw(3u) + "xxxx", "in the middle of the counts");
    row("all keys of the world", ggufHead(0, ~std::uint64_t{0}) + std::string(64, 'x'), "metadata keys");
    row("all tensors of the world", ggufHead(~std::uint64_t{0}, 0) + std::string(64, 'x'), "tensors, more than");
    row("key name too long", ggufHead(0, 1) + raw(~std::uint64_t{0}) + std::string(64, 'x'), "in the middle of the name");
    row("key without a name", ggufHead(0, 1) + key("", u32, raw(1u)) + std::string(16, 'x'), "has 0 bytes");
    row("type of value unknown", ggufHead(0, 1) + key("a", 13, std::string(16, 'x')), "unknown type 13");
    row("text beyond the file", ggufHead(0, 1) + key("a", text, raw(std::uint64_t{1} << 60) + "x"), "in the middle of the metadata \"a\"");
    row("list beyond the file", ggufHead(0, 1) + key("a", list, raw(u32) + raw(std::uint64_t{1} << 62)), "in the middle of the metadata \"a\"");
    row("list of texts beyond the file", ggufHead(0, 1) + key("a", list, raw(text) + raw(std::uint64_t{1} << 61)), "in the middle of the metadata");
    row("list of lists", ggufHead(0, 1) + key("a", list, raw(list) + raw(std::uint64_t{1})), "unknown type 9");
    row("key twice", ggufHead(0, 2) + key("a", u32, raw(1u)) + key("a", u32, raw(2u)), "\"a\" occurs twice");
    row("alignment 0", ggufFile(ggufHead(0, 1) + key("general.alignment", u32, raw(0u)), 0), "general.alignment");
    row("alignment 24", ggufFile(ggufHead(0, 1) + key("general.alignment", u32, raw(24u)), 0), "general.alignment");
    row("alignment is text", ggufFile(ggufHead(0, 1) + key("general.alignment", text, counted("32")), 0), "general.alignment");
    row("five dimensions", ggufFile(ggufHead(1, 0) + ggufTensor("a", {1, 1, 1, 1, 1}, 0, 0), 32), "5 dimensions");
    row("four thousand million dimensions", ggufFile(ggufHead(1, 0) + counted("a") + raw(~0u), 64), "dimensions");
    row("tensor type unknown", ggufFile(ggufHead(1, 0) + ggufTensor("a", {8}, 99, 0), 32), "unknown type number 99");
    row("tensor type removed", ggufFile(ggufHead(1, 0) + ggufTensor("a", {32}, 4, 0), 32), "unknown type number 4");
    row("shape overflows", ggufFile(ggufHead(1, 0) + ggufTensor("a", {1ull << 40, 1ull << 40}, 0, 0), 32), "impossible");
    row("negative as a number", ggufFile(ggufHead(1, 0) + ggufTensor("a", {~0ull}, 0, 0), 32), "impossible dimension");
    row("row is no whole block", ggufFile(ggufHead(1, 0) + ggufTensor("a", {31}, 2, 0), 32), "impossible for the type Q4_0");
    row("data beyond the file", ggufFile(ggufHead(1, 0) + ggufTensor("a", {64}, 0, 0), 32), "needs 256 bytes from byte 0 on, but the file has only 32");
    row("offset beyond the file", ggufFile(ggufHead(1, 0) + ggufTensor("a", {8}, 0, 1ull << 60), 32), "only 32 bytes of data");
    row("offset overflows", ggufFile(ggufHead(1, 0) + ggufTensor("a", {8}, 0, ~0ull - 31), 32), "only 32 bytes of data");
    row("offset not aligned", ggufFile(ggufHead(1, 0) + ggufTensor("a", {8}, 0, 4), 64), "not a multiple of 32");
    row("overlap", ggufFile(ggufHead(2, 0) + ggufTensor("a", {16}, 0, 0) + ggufTensor("b", {8}, 0, 32), 64), "overlap");
    row("hole", ggufFile(ggufHead(2, 0) + ggufTensor("a", {8}, 0, 0) + ggufTensor("b", {8}, 0, 64), 96), "belong to no tensor");
    row("bytes left over", ggufFile(ggufHead(1, 0) + ggufTensor("a", {8}, 0, 0), 96), "after the last tensor");
    row("name twice", ggufFile(ggufHead(2, 0) + ggufTensor("a", {8}, 0, 0) + ggufTensor("a", {8}, 0, 32), 64), "occurs twice");
    row("safetensors inside", safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), "safetensors file under another name");
}

void TestHostileFiles::ggufsAreRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, cause);
    const auto read = readAll(write("a.gguf", bytes.toStdString()));
    QVERIFY(!read);
    QVERIFY(read.error().code == ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(read.error().message).contains(cause), read.error().message.c_str());
    QVERIFY(read.error().message.find("a.gguf") != std::string::npos);
    QVERIFY(!read.error().hint.empty());
}

void TestHostileFiles::truncatedAnywhere_data()
{
    QTest::addColumn<QString>("fixture");
    QTest::newRow("safetensors") << "safetensors/mixed.safetensors";
    QTest::newRow("gguf") << "gguf/values.gguf";
}

void TestHostileFiles::truncatedAnywhere()
{
    QFETCH(QString, fixture);
    const std::string whole = contentOf(std::string(FETTLE_FIXTURES "/") + fixture.toStdString());
    QVERIFY(!whole.empty());
    const std::string name = "cut" + QFileInfo(fixture).suffix().prepend('.').toStdString();
    const bool isGguf = fixture.endsWith("gguf");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto read = readAll(write(name, whole.substr(0, length)));
        // The last bytes of a GGUF are padding: without them it is still whole.
        if (!(isGguf && length + 32 > whole.size()))
            QVERIFY2(!read, qPrintable(QString::number(length)));
    }
    QVERIFY(readAll(write(name, whole)).has_value());
}

void TestHostileFiles::mutations_data()
{
    QTest::addColumn<QString>("fixture");
    QTest::newRow("safetensors") << "safetensors/mixed.safetensors";
    QTest::newRow("gguf") << "gguf/values.gguf";
}

void TestHostileFiles::mutations()
{
    QFETCH(QString, fixture);
    const std::string whole = contentOf(std::string(FETTLE_FIXTURES "/") + fixture.toStdString());
    const std::string name = "mutated" + QFileInfo(fixture).suffix().prepend('.').toStdString();
    RandomStream random(20261124);
    int accepted = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string bytes = whole;
        for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
            const std::size_t at = random.below(bytes.size());
            switch (random.below(6)) {
            case 0: bytes[at] = static_cast<char>(random.next32()); break;
            case 1: bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8)); break;
            case 2: bytes.insert(at, 1 + random.below(9), static_cast<char>(random.next32())); break;
            case 3: bytes.erase(at, 1 + random.below(9)); break;
            case 4: // a number as large as it gets
                for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i)
                    bytes[i] = static_cast<char>(random.below(2) == 0 ? 0xFF : 0x7F);
                break;
            default: { // a piece of the file at another place
                const std::size_t from = random.below(bytes.size());
                bytes.insert(at, bytes.substr(from, 1 + random.below(40)));
            }
            }
            if (bytes.empty())
                break;
        }
        const auto read = readAll(write(name, bytes));
        if (read)
            ++accepted;
        else
            QVERIFY2(read.error().code == ErrorCode::BadInput && !read.error().message.empty() && !read.error().hint.empty(),
                     read.error().message.c_str());
    }
    qInfo("%d of 4000 mutated files were still usable", accepted);
}

void TestHostileFiles::memoryStaysSmall()
{
    // Counts that promise gigabytes in files of a few hundred bytes.
    resetOwnPeak();
    const std::int64_t before = memoryFigures().ownPeakBytes;
    const std::string bombs[] = {
        ggufHead(0, 60000) + std::string(600, 'x'),
        ggufHead(1 << 20, 0) + std::string(600, 'x'),
        ggufHead(0, 1) + counted("a") + raw(9u) + raw(8u) + raw(std::uint64_t{1} << 40) + std::string(600, '\0'),
        ggufHead(0, 1) + counted("a") + raw(8u) + raw(std::uint64_t{1} << 40) + std::string(600, '\0'),
    };
    for (const std::string &bomb : bombs)
        QVERIFY(!readAll(write("bomb.gguf", bomb)));
    QVERIFY(!readAll(write("bomb.safetensors", raw(std::uint64_t{99'999'999}) + "{}")));
    QVERIFY(!readAll(write("bomb.safetensors", safetensors(R"({"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}})", 64))));
    QVERIFY2(memoryFigures().ownPeakBytes - before < 8 << 20, "more than 8 MB for files of less than a kilobyte");
}

QTEST_APPLESS_MAIN(TestHostileFiles)
#include "tst_hostilefiles.moc"
