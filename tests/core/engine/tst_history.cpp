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

    // What was likely at each word is kept to the last bit, outside the file that a search reads, and goes with its entry.
    void wordsAreKept()
    {
        auto written = entry("c1-a", "Question");
        written.baseModel = "smollm2";
        auto &answer = written.exchanges[0].answers[1];
        answer.tokens = {{1, 17, "At", 0.1F, {{17, "At", 0.1F}, {4, "\u00C4", 1.0F / 3}}}, {1, 18, " nine.\n", 1e-30F, {}}, {1, 2, "Or ten \xF0\x9F\x90\xB1", 1.0F, {}}};
        answer.ending = "ended, 93 tokens/s";
        answer.badge = ColumnBadge{true, "Run 1", 0.5, "91d2", "3fa9", 207, "Run 2", "c07e", 1.5, "", 36, false, {"Tools were not read."}};
        QVERIFY(addHistory(path(), written).has_value());
        const auto read = readHistory(path(), 10)->front();
        QVERIFY(read.exchanges[0].answers[1].tokens.empty());
        const auto whole = readHistoryWords(path(), read);
        QVERIFY(whole.has_value());
        QCOMPARE(whole->baseModel, std::string("smollm2"));
        const auto &kept = whole->exchanges[0].answers[1];
        QCOMPARE(kept.tokens.size(), std::size_t(3));
        for (std::size_t i = 0; i < 3; ++i) {
            QCOMPARE(kept.tokens[i].id, answer.tokens[i].id);
            QCOMPARE(kept.tokens[i].text, answer.tokens[i].text);
            QVERIFY(kept.tokens[i].probability == answer.tokens[i].probability);
        }
        QVERIFY(kept.tokens[0].alternatives[1].probability == 1.0F / 3 && kept.tokens[0].alternatives[1].text == "\u00C4");
        QCOMPARE(kept.ending, answer.ending);
        QVERIFY(kept.badge && kept.badge->adapterHash == "91d2" && kept.badge->step == 207 && kept.badge->secondStrength == 1.5 && kept.badge->notices.size() == 1);
        QVERIFY(whole->exchanges[0].answers[0].tokens.empty()); // it had none
        // Words of another text are not those of this answer.
        auto other = read;
        other.exchanges[0].answers[1].text = "At ten.";
        QVERIFY(readHistoryWords(path(), other)->exchanges[0].answers[1].tokens.empty());
        QVERIFY(removeHistory(path(), "c1-a").has_value());
        QVERIFY(std::filesystem::is_empty(path() / "history"));
        QVERIFY(readHistoryWords(path(), read)->exchanges[0].answers[1].tokens.empty());
    }

    // A character may lie in two tokens, or be cut off with the answer: what was likely at each word is kept all the same.
    void wordsOfCutCharactersAreKept_data()
    {
        QTest::addColumn<QByteArrayList>("pieces");
        QTest::addColumn<QByteArray>("text");       // as the window had it
        QTest::addColumn<QByteArrayList>("kept");
        const QByteArray cut = "\xEF\xBF\xBD";
        QTest::newRow("two tokens") << QByteArrayList{"caf", "\xC3", "\xA9."} << QByteArray("caf\xC3\xA9.") << QByteArrayList{"caf", "", "\xC3\xA9."};
        QTest::newRow("four tokens") << QByteArrayList{"\xF0", "\x9F", "\x90", "\xB1"} << QByteArray("\xF0\x9F\x90\xB1") << QByteArrayList{"", "", "", "\xF0\x9F\x90\xB1"};
        QTest::newRow("shown in halves") << QByteArrayList{"a\xF0\x9F", "\x90\xB1"} << "a" + cut + cut + cut << QByteArrayList{"a", "\xF0\x9F\x90\xB1"};
        QTest::newRow("cut off") << QByteArrayList{"At ", "\xE2\x82"} << "At " + cut + cut << QByteArrayList{"At ", cut};
        QTest::newRow("no text at all") << QByteArrayList{"a\xFF", "b"} << "a" + cut + "b" << QByteArrayList{"a" + cut, "b"};
        QTest::newRow("raw") << QByteArrayList{"a\xFF", "b"} << QByteArray("a\xFF" "b") << QByteArrayList{"a" + cut, "b"};
    }
    void wordsOfCutCharactersAreKept()
    {
        QFETCH(QByteArrayList, pieces);
        QFETCH(QByteArray, text);
        QFETCH(QByteArrayList, kept);
        auto written = entry("cut", "Question");
        auto &answer = written.exchanges[0].answers[1];
        answer.text = text.toStdString();
        for (const QByteArray &piece : pieces)
            answer.tokens.push_back({1, 7, piece.toStdString(), 0.25F, {{8, "\xC3", 0.125F}}});
        QVERIFY(addHistory(path(), written).has_value());
        const auto whole = readHistoryWords(path(), readHistory(path(), 1)->front());
        QVERIFY(whole.has_value());
        const auto &read = whole->exchanges[0].answers[1].tokens;
        QCOMPARE(read.size(), static_cast<std::size_t>(pieces.size()));
        for (std::size_t i = 0; i < read.size(); ++i) {
            QCOMPARE(QByteArray::fromStdString(read[i].text), kept[static_cast<int>(i)]);
            QVERIFY(read[i].probability == 0.25F && read[i].alternatives.size() == 1 && read[i].alternatives[0].probability == 0.125F);
        }
    }

    void damagedWordsAreTold_data()
    {
        QTest::addColumn<QByteArray>("damage");
        QTest::newRow("cut") << QByteArray("{\"baseModel\": \"a\", \"exch");
        QTest::newRow("no object") << QByteArray("[1]");
        QTest::newRow("wrong types") << QByteArray("{\"baseModel\": 1, \"exchanges\": 7}");
        QTest::newRow("wrong inside") << QByteArray("{\"baseModel\": \"a\", \"exchanges\": [[{\"tokens\": [[1]]}]]}");
        QTest::newRow("deep") << QByteArray(100000, '[');
        QTest::newRow("empty") << QByteArray();
    }
    void damagedWordsAreTold()
    {
        QFETCH(QByteArray, damage);
        std::filesystem::create_directory(path() / "history");
        std::ofstream(path() / "history" / "a.json", std::ios::binary).write(damage.constData(), damage.size());
        const auto whole = readHistoryWords(path(), entry("a", "A"));
        QVERIFY(!whole);
        QVERIFY2(whole.error().message.find("a.json") != std::string::npos, whole.error().message.c_str());
    }

    // An id out of a strange file names no place elsewhere.
    void idIsNoPath()
    {
        for (const char *id : {"../a", "a/b", "", "..", "a.b", "/etc/passwd"}) {
            auto own = entry(id, "A");
            own.exchanges[0].answers[0].tokens = {{0, 1, "I am not sure.", 1, {}}};
            QVERIFY(addHistory(path(), own).has_value());
            QVERIFY(readHistoryWords(path(), own).has_value());
        }
        QVERIFY(!std::filesystem::exists(path() / "history"));
        QVERIFY(!std::filesystem::exists(path() / "a.json"));
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
