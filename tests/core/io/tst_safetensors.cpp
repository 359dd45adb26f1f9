// safetensors against files of the reference library: values, order, bytes; folders with an index.
#include "core/io/atomicfile.h"
#include "core/io/safetensors.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

using namespace fettle;
using namespace fettle::io;

namespace {

const std::string kFixtures = FETTLE_FIXTURES "/safetensors/";

std::vector<float> floatsOf(const TensorEntry &entry)
{
    std::vector<float> values(static_cast<std::size_t>(entry.values()));
    return decodeToFloat(entry, values) ? values : std::vector<float>{};
}

void copyFolder(const QString &from, const QString &to)
{
    QDir().mkpath(to);
    for (const QString &name : QDir(from).entryList(QDir::Files))
        QVERIFY(QFile::copy(from + "/" + name, to + "/" + name));
}

void writeText(const QString &path, const QByteArray &text)
{
    QVERIFY(writeFileAtomically(path.toStdString(), std::string_view(text.data(), static_cast<std::size_t>(text.size()))).has_value());
}

} // namespace

class TestSafetensors : public QObject {
    Q_OBJECT
private slots:
    void readsEveryType();
    void writesTheSameBytes();
    void opensAFolder();
    void refusesABadIndex_data();
    void refusesABadIndex();
    void namesForeignFiles_data();
    void namesForeignFiles();
    void folderWithoutWeights();
    void refusesWrongTensors();
    void hintsAtTheNearestName();
};

void TestSafetensors::readsEveryType()
{
    const auto file = Safetensors::open(kFixtures + "mixed.safetensors");
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    QCOMPARE(file->tensors().size(), 19u);
    QVERIFY(file->metadata() == (std::map<std::string, std::string>{{"format", "pt"}}));
    const auto expect = [&](const char *name, StorageType type, std::vector<std::int64_t> shape, std::vector<float> values) {
        const TensorEntry *entry = file->find(name);
        QVERIFY2(entry != nullptr, name);
        QVERIFY2(entry->type == type && entry->shape == shape && floatsOf(*entry) == values, name);
    };
    expect("long", StorageType::I64, {2}, {-1, 1099511627776.0f});
    expect("int", StorageType::I32, {1, 2}, {1, -2});
    expect("short", StorageType::I16, {1}, {-300});
    expect("byte", StorageType::U8, {3}, {1, 2, 255});
    expect("char", StorageType::I8, {2}, {-128, 127});
    expect("bool", StorageType::Bool, {3}, {1, 0, 1});
    expect("uint16", StorageType::U16, {1}, {65535});
    expect("uint32", StorageType::U32, {1}, {4000000000.0f});
    expect("uint64", StorageType::U64, {1}, {7});
    expect("f8a", StorageType::F8_E4M3, {4}, {0.5f, -1.75f, 448.0f, 0.001953125f});
    expect("f8b", StorageType::F8_E5M2, {3}, {0.5f, -1.75f, 57344.0f});
    expect("scalar", StorageType::F32, {}, {3.25f});
    expect("empty", StorageType::F32, {0, 4}, {});
    QVERIFY(file->find("name with \"quotes\", ö, 🐕, \\ and \n") != nullptr);
    QVERIFY(file->find("nothing") == nullptr);
}

void TestSafetensors::writesTheSameBytes()
{
    const auto file = Safetensors::open(kFixtures + "mixed.safetensors");
    QVERIFY(file.has_value());
    std::vector<TensorToWrite> tensors;
    for (const TensorEntry &entry : file->tensors())
        tensors.push_back({entry.name, entry.type, entry.shape, entry.bytes});
    std::reverse(tensors.begin(), tensors.end()); // the writer finds the order itself
    QTemporaryDir folder;
    const QString path = folder.path() + "/copy.safetensors";
    const auto written = writeSafetensors(path.toStdString(), tensors, file->metadata());
    QVERIFY2(written.has_value(), written ? "" : written.error().message.c_str());
    QFile copy(path), original(QString::fromStdString(kFixtures + "mixed.safetensors"));
    QVERIFY(copy.open(QIODevice::ReadOnly) && original.open(QIODevice::ReadOnly));
    QCOMPARE(copy.readAll(), original.readAll());
}

void TestSafetensors::opensAFolder()
{
    const auto folder = Safetensors::open(kFixtures + "sharded");
    QVERIFY2(folder.has_value(), folder ? "" : folder.error().message.c_str());
    QCOMPARE(folder->tensors().size(), 3u);
    QCOMPARE(folder->files().size(), 2u);
    QVERIFY(floatsOf(*folder->find("model.norm.weight")) == std::vector<float>(4, 1.0f));
    const auto copy = *folder; // entries of a copy stay valid on their own
    QVERIFY(copy.find("lm_head.weight")->shape == (std::vector<std::int64_t>{8, 4}));
    QVERIFY(Safetensors::open(kFixtures + "sharded/model.safetensors.index.json").has_value());
    const auto rows = folder->find("lm_head.weight");
    std::vector<float> all = floatsOf(*rows), part(8);
    QVERIFY(decodeRowsToFloat(*rows, 3, 2, part).has_value());
    QVERIFY(std::equal(part.begin(), part.end(), all.begin() + 12));
    QVERIFY(!decodeRowsToFloat(*rows, 7, 2, part));
    QVERIFY(!decodeRowsToFloat(*rows, -1, 2, part));
}

void TestSafetensors::refusesABadIndex_data()
{
    QTest::addColumn<QByteArray>("index");
    QTest::addColumn<QByteArray>("cause");
    const char *first = "model-00001-of-00002.safetensors";
    const auto map = [](const QByteArray &name, const QByteArray &tensor = "model.embed_tokens.weight") {
        return QByteArray("{\"weight_map\":{\"" + tensor + "\":\"" + name + "\"}}");
    };
    QTest::newRow("parent folder") << map("../outside.safetensors") << QByteArray("is not the name of a .safetensors file");
    QTest::newRow("absolute path") << map("/etc/passwd") << QByteArray("is not the name");
    QTest::newRow("backslash") << map("..\\\\x.safetensors") << QByteArray("is not the name");
    QTest::newRow("null character") << map("a\\u0000.safetensors") << QByteArray("is not the name");
    QTest::newRow("other ending") << map("pytorch_model.bin") << QByteArray("is not the name");
    QTest::newRow("missing shard") << map("gone.safetensors") << QByteArray("is missing");
    QTest::newRow("wrong shard") << map(first, "lm_head.weight") << QByteArray("but it is not there");
    QTest::newRow("no map") << QByteArray("{}") << QByteArray("weight_map");
    QTest::newRow("empty map") << QByteArray("{\"weight_map\":{}}") << QByteArray("weight_map");
    QTest::newRow("list") << QByteArray("[]") << QByteArray("weight_map");
    QTest::newRow("number") << QByteArray("{\"weight_map\":{\"a\":1}}") << QByteArray("is not text");
    QTest::newRow("not JSON") << QByteArray("weights") << QByteArray("line 1, column 1");
}

void TestSafetensors::refusesABadIndex()
{
    QFETCH(QByteArray, index);
    QFETCH(QByteArray, cause);
    QTemporaryDir folder;
    copyFolder(QString::fromStdString(kFixtures + "sharded"), folder.path() + "/m");
    writeText(folder.path() + "/m/model.safetensors.index.json", index);
    const auto opened = Safetensors::open(folder.path().toStdString() + "/m");
    QVERIFY(!opened);
    QVERIFY2(opened.error().message.find(cause.toStdString()) != std::string::npos, opened.error().message.c_str());
    QVERIFY(!opened.error().hint.empty());
}

void TestSafetensors::namesForeignFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("word");
    QTest::newRow("zip of torch") << QByteArray("PK\x03\x04 archive/data.pkl") << QByteArray("pickle");
    QTest::newRow("old pickle") << QByteArray("\x80\x02\x8a\nl\xfc\x9c", 7) << QByteArray("pickle");
    QTest::newRow("LFS pointer") << QByteArray("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n") << QByteArray("Git LFS pointer");
    QTest::newRow("web page") << QByteArray("\n<!DOCTYPE html><html>") << QByteArray("web page");
    QTest::newRow("GGUF") << QByteArray("GGUF\x03\0\0\0", 8) << QByteArray("GGUF file under another name");
    QTest::newRow("empty") << QByteArray() << QByteArray("is empty");
}

void TestSafetensors::namesForeignFiles()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, word);
    QTemporaryDir folder;
    writeText(folder.path() + "/model.safetensors", bytes);
    const auto opened = Safetensors::open(folder.path().toStdString());
    QVERIFY(!opened && opened.error().code == ErrorCode::BadInput);
    QVERIFY2(opened.error().message.find(word.toStdString()) != std::string::npos, opened.error().message.c_str());
    QVERIFY(!opened.error().hint.empty());
}

void TestSafetensors::folderWithoutWeights()
{
    QTemporaryDir folder;
    QVERIFY(Safetensors::open(folder.path().toStdString()).error().code == ErrorCode::NotFound);
    QVERIFY(Safetensors::open(folder.path().toStdString() + "/gone").error().code == ErrorCode::NotFound);
    writeText(folder.path() + "/pytorch_model.bin", "x");
    const auto pickled = Safetensors::open(folder.path().toStdString());
    QVERIFY(pickled.error().message.find("pytorch_model.bin\" is a Python pickle") != std::string::npos);
    writeText(folder.path() + "/a.safetensors", "x");
    writeText(folder.path() + "/b.safetensors", "x");
    QVERIFY(Safetensors::open(folder.path().toStdString()).error().message.find("2 .safetensors files but no") != std::string::npos);
}

void TestSafetensors::refusesWrongTensors()
{
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/a.safetensors";
    const float values[4] = {};
    const auto bytes = std::as_bytes(std::span(values));
    QVERIFY(!writeSafetensors(path, {{"a", StorageType::F32, {5}, bytes}}));
    QVERIFY(!writeSafetensors(path, {{"a", StorageType::F32, {4}, bytes}, {"a", StorageType::F32, {2, 2}, bytes}}));
    QVERIFY(!writeSafetensors(path, {{"__metadata__", StorageType::F32, {4}, bytes}}));
    QVERIFY(!writeSafetensors(path, {{"a", StorageType::Q8_0, {32}, bytes}}));
    QVERIFY(QDir(folder.path()).isEmpty());
    QVERIFY(writeSafetensors(path, {}, {}).has_value());
    QVERIFY(Safetensors::open(path).value().tensors().empty());
}

void TestSafetensors::hintsAtTheNearestName()
{
    const auto folder = Safetensors::open(kFixtures + "sharded");
    const auto missing = folder->require("norm.weight");
    QVERIFY(!missing);
    QVERIFY2(missing.error().hint.find("\"model.norm.weight\"") != std::string::npos, missing.error().hint.c_str());
    QVERIFY(folder->require("lm_head.weight").has_value());
}

QTEST_APPLESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
