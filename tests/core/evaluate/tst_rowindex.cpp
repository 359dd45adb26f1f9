// The index of training rows: what is near, the file that keeps it, and what becomes of a damaged one.
#include "core/evaluate/rowindex.h"

#include "core/base/random.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace fettle;
using namespace fettle::evaluate;

class TestRowIndex : public QObject {
    Q_OBJECT
private slots:
    void nearestIsFound()
    {
        const auto vectors = make(200, 48);
        const RowIndex index = makeRowIndex({}, ids(200), vectors);
        for (const std::size_t row : {0u, 77u, 199u}) {
            const auto near = index.nearest(vectors[row], 3);
            QCOMPARE(near.size(), std::size_t(3));
            QCOMPARE(near[0].row, row);
            QVERIFY(near[0].similarity > 0.999 && near[1].similarity < 0.9 && near[1].similarity >= near[2].similarity);
        }
        // What all have in common tells nothing: two rows apart stay apart although both lie far from zero.
        auto shifted = vectors;
        for (auto &vector : shifted)
            for (float &value : vector)
                value += 100.0f;
        const RowIndex far = makeRowIndex({}, ids(200), shifted);
        QCOMPARE(far.nearest(shifted[7], 1)[0].row, std::size_t(7));
        QVERIFY(far.nearest(shifted[7], 2)[1].similarity < 0.9);
        QCOMPARE(index.nearest(vectors[0], 1000).size(), std::size_t(200));
        // One row, and a text that is nothing.
        const RowIndex one = makeRowIndex({}, ids(1), make(1, 48));
        QVERIFY(one.nearest(make(1, 48)[0], 5)[0].similarity > 0.999);
        QCOMPARE(one.nearest(std::vector<float>(48), 5)[0].similarity, 0.0);
    }

    void fileGivesTheSame()
    {
        RowIndexKey key{};
        key[3] = 9;
        const auto vectors = make(50, 32);
        const RowIndex index = makeRowIndex(key, ids(50), vectors);
        QVERIFY(writeRowIndex(index, file()).has_value());
        const auto read = readRowIndex(file());
        QVERIFY(read.has_value());
        QVERIFY(read->key == key);
        QVERIFY(read->codes == index.codes && read->scales == index.scales && read->mean == index.mean);
        QCOMPARE(read->records[49].value, std::int64_t(149));
        QCOMPARE(readRowIndex(file().string() + "x").error().code, ErrorCode::NotFound);
    }

    void damageIsFound()
    {
        QVERIFY(writeRowIndex(makeRowIndex({}, ids(5), make(5, 16)), file()).has_value());
        std::ifstream in(file(), std::ios::binary);
        const std::string whole(std::istreambuf_iterator<char>(in), {});
        const auto tryIt = [&](const std::string &bytes) {
            std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
            return readRowIndex(file());
        };
        QVERIFY(tryIt(whole).has_value());
        for (std::size_t length = 0; length < whole.size(); ++length)
            QVERIFY2(!tryIt(whole.substr(0, length)), QByteArray::number(qulonglong(length)).constData());
        for (std::size_t at = 0; at < whole.size(); ++at) {
            std::string changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ 0x40);
            QVERIFY2(!tryIt(changed), QByteArray::number(qulonglong(at)).constData());
        }
        // Numbers that ask for more memory than there is.
        std::string huge = whole;
        huge.replace(8, 12, std::string(12, '\xff'));
        QVERIFY(!tryIt(huge));
        QVERIFY(!tryIt(whole + "more"));
    }

private:
    [[nodiscard]] std::filesystem::path file() const { return std::filesystem::path(m_folder.path().toStdString()) / "rows.index"; }
    static std::vector<RecordId> ids(int count)
    {
        std::vector<RecordId> all;
        for (int i = 0; i < count; ++i)
            all.push_back(RecordId{100 + i});
        return all;
    }
    static std::vector<std::vector<float>> make(int count, std::size_t width)
    {
        RandomStream random(5);
        std::vector<std::vector<float>> vectors(static_cast<std::size_t>(count), std::vector<float>(width));
        for (auto &vector : vectors)
            random.fillNormal({vector.data(), vector.size()}, 0.0f, 1.0f);
        return vectors;
    }
    QTemporaryDir m_folder;
};

QTEST_APPLESS_MAIN(TestRowIndex)
#include "tst_rowindex.moc"
