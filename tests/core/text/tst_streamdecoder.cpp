// What the stream decoder says piece by piece is what decode() says at once, and every piece is whole characters.
#include "tests/core/text/tokenizerfixture.h"

#include "core/base/utf8.h"

#include <QtTest>

using namespace fettle;
using namespace fettle::text;

class TestStreamDecoder : public QObject {
    Q_OBJECT

private slots:
    void equalsDecode_data()
    {
        QTest::addColumn<QString>("name");
        for (const QString &name : fixture::names())
            QTest::newRow(qPrintable(name)) << name;
    }

    void equalsDecode()
    {
        QFETCH(QString, name);
        const nlohmann::json expected = fixture::read(fixture::folder() + name.toStdString() + ".json");
        const auto tokenizer = fixture::load(name, expected);
        if (!tokenizer)
            QSKIP("The real tokenizers (../shared/data/tokenizers) are not beside this checkout.");
        StreamDecoder decoder(*tokenizer, false);
        const auto check = [&](const nlohmann::json &item) {
            std::string text;
            for (const TokenId id : item["ids"].get<std::vector<TokenId>>()) {
                const std::string piece = decoder.push(id);
                QVERIFY2(isValidUtf8(piece), item.dump().c_str());
                text += piece;
            }
            text += decoder.finish();
            QVERIFY2(text == item["decoded"].get<std::string>(), (item.dump() + "\n got " + nlohmann::json(text).dump()).c_str());
        };
        for (const nlohmann::json &item : expected["texts"])
            check(item);
        for (const nlohmann::json &item : expected["noise"])
            check(item);
    }

    // Half an emoji is held back until its last byte is there.
    void holdsBackHalfCharacters()
    {
        const nlohmann::json expected = fixture::read(fixture::folder() + "gpt2.json");
        const auto tokenizer = fixture::load("gpt2", expected);
        StreamDecoder decoder(*tokenizer);
        const std::vector<std::string> bytes{"ð", "Ł", "¦", "Ĭ"}; // F0 9F A6 8A
        for (std::size_t i = 0; i < 3; ++i)
            QCOMPARE(decoder.push(*tokenizer->tokenId(bytes[i])), std::string());
        QCOMPARE(decoder.push(*tokenizer->tokenId(bytes[3])), std::string("\xF0\x9F\xA6\x8A"));
        QCOMPARE(decoder.push(*tokenizer->tokenId("a")), std::string("a"));
        QCOMPARE(decoder.push(*tokenizer->tokenId(bytes[0])), std::string());
        QCOMPARE(decoder.finish(), std::string("\xEF\xBF\xBD"));
        QCOMPARE(decoder.push(*tokenizer->tokenId("a")), std::string("a"));
    }

    void skipsSpecialTokens()
    {
        const nlohmann::json expected = fixture::read(fixture::folder() + "gpt2.json");
        const auto tokenizer = fixture::load("gpt2", expected);
        StreamDecoder decoder(*tokenizer);
        QCOMPARE(decoder.push(*tokenizer->tokenId("<s>")), std::string());
        StreamDecoder all(*tokenizer, false);
        QCOMPARE(all.push(*tokenizer->tokenId("<s>")), std::string("<s>"));
    }
};

QTEST_GUILESS_MAIN(TestStreamDecoder)
#include "tst_streamdecoder.moc"
