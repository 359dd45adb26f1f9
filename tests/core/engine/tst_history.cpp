// The history of the playground: kept, replaced, removed; a file that a crash or a stranger has damaged gives what is whole.
#include "core/engine/history.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace fettle;
using namespace fettle::engine;

class TestHistory : public QObject {
    Q_OBJECT
private slots:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void isKept()
    {
        QVERIFY(readHistory(path(), 10)->empty());
        for (int i = 0; i < 3; ++i)
            QVERIFY(addHistory(path(), entry("c" + std::to_string(i), "Question " + std::to_string(i))).has_value());
        auto longer = entry("c1", "Question 1");
        longer.exchanges.push_back({"And then?", {{"Base", "base", "", 1.0, "Nothing."}}});
        QVERIFY(addHistory(path(), longer).has_value());
        const auto read = readHistory(path(), 10);
        QCOMPARE(read->size(), std::size_t(3));
        QCOMPARE(read->front().id, std::string("c1")); // the newest, in its newest state
        QCOMPARE(read->front().exchanges.size(), std::size_t(2));
        QCOMPARE(read->front().exchanges[0].answers[1].text, std::string("At nine.\nOr ten \xF0\x9F\x90\xB1"));
        QCOMPARE(read->front().exchanges[0].answers[1].strength, 0.5);
        QCOMPARE(read->front().seed, std::uint64_t(18446744073709551615u));
        QCOMPARE(readHistory(path(), 2)->size(), std::size_t(2));
        // What is removed is not in the file any more.
        QVERIFY(removeHistory(path(), "c1").has_value());
        QCOMPARE(readHistory(path(), 10)->size(), std::size_t(2));
        std::ifstream file(path() / "history.jsonl");
        const std::string all(std::istreambuf_iterator<char>(file), {});
        QVERIFY(all.find("And then?") == std::string::npos && all.find("Question 2") != std::string::npos);
    }

    // What cannot be read is not written anew.
    void nothingIsRemovedUnread()
    {
        const auto nowhere = path() / "empty";
        std::filesystem::create_directories(nowhere);
        QVERIFY(!removeHistory(nowhere, "c1"));
        QVERIFY(!std::filesystem::exists(nowhere / "history.jsonl"));
    }

    void damageCostsOneEntry_data()
    {
        QTest::addColumn<QByteArray>("damage");
        QTest::newRow("cut line") << QByteArray("{\"id\": \"x\", \"at\": \"2024");
        QTest::newRow("no object") << QByteArray("[1, 2]\n");
        QTest::newRow("wrong types") << QByteArray("{\"id\": 7, \"at\": [], \"system\": {}, \"seed\": \"a\", \"exchanges\": 3}\n");
        QTest::newRow("wrong inside") << QByteArray("{\"id\": \"x\", \"at\": \"\", \"system\": \"\", \"seed\": 1, \"exchanges\": [{\"question\": 1}]}\n");
        QTest::newRow("deep") << QByteArray(100000, '[') + "\n";
        QTest::newRow("zeros") << QByteArray(500, '\0') + "\n";
    }
    void damageCostsOneEntry()
    {
        QFETCH(QByteArray, damage);
        QVERIFY(addHistory(path(), entry("before", "Before")).has_value());
        {
            std::ofstream file(path() / "history.jsonl", std::ios::binary | std::ios::app);
            file.write(damage.constData(), damage.size());
        }
        QVERIFY(addHistory(path(), entry("after", "After")).has_value());
        const auto read = readHistory(path(), 10);
        QCOMPARE(read->size(), std::size_t(2));
        QCOMPARE(read->at(0).id, std::string("after"));
        QCOMPARE(read->at(1).id, std::string("before"));
    }

    void folderThatCannotBeWrittenIsTold()
    {
        const auto added = addHistory(path() / "nowhere", entry("a", "A"));
        QVERIFY(!added && !added.error().message.empty());
    }

private:
    [[nodiscard]] std::filesystem::path path() const { return m_folder->path().toStdString(); }
    static HistoryEntry entry(const std::string &id, const std::string &question)
    {
        return {id, "2024-05-14T14:21:00", "Be brief.", 18446744073709551615u,
                {{question, {{"Base", "base", "", 1.0, "I am not sure."}, {"Run 1, step 207", "1", "", 0.5, "At nine.\nOr ten \xF0\x9F\x90\xB1"}}}}, "It is Sunday.", "[]"};
    }
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_APPLESS_MAIN(TestHistory)
#include "tst_history.moc"
