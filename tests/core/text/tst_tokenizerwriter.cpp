// The tokenizer.json that is written for a GGUF file gives what the file itself gives: ids, offsets, decoded text.
#include "tests/core/text/tokenizerfixture.h"

#include "core/io/gguf.h"
#include "core/io/ggufwriter.h"
#include "core/text/readers.h"
#include "core/text/tokenizerwriter.h"

#include <QTemporaryDir>
#include <QtTest>
#include <random>

using namespace fettle;
using namespace fettle::text;

namespace {

// A GGUF file with the vocabulary of a tokenizer.model, as converters write it.
Result<> writeScored(const std::filesystem::path &file, const ScoredVocabulary &scored, std::vector<io::GgufPair> more = {})
{
    std::vector<std::int32_t> kinds;
    for (const TokenKind kind : scored.kinds)
        kinds.push_back(static_cast<std::int32_t>(kind));
    std::vector<io::GgufPair> metadata = {{"general.architecture", std::string("llama")},
                                          {"tokenizer.ggml.model", std::string("llama")},
                                          {"tokenizer.ggml.tokens", scored.texts},
                                          {"tokenizer.ggml.scores", scored.scores},
                                          {"tokenizer.ggml.token_type", kinds},
                                          {"tokenizer.ggml.bos_token_id", std::uint32_t(1)},
                                          {"tokenizer.ggml.eos_token_id", std::uint32_t(2)},
                                          {"tokenizer.ggml.unknown_token_id", std::uint32_t(0)}};
    metadata.insert(metadata.end(), more.begin(), more.end());
    return io::writeGguf(file, metadata, {});
}

// What no fixture holds: white space of every kind and length, marks of the format itself, characters without a token, no character at all.
std::vector<std::string> oddTexts()
{
    std::vector<std::string> texts = {"", " ", "  ", "   a", "a   ", "\n", "\t\n \r\n", "\xE2\x96\x81", "a\xE2\x96\x81 b", "<0x0A>", "<s>", "</s> <unk>x", " <s> a", "a<s>b</s>",
                                      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7", std::string("nul\0in", 6), "e\xCC\x81 \xC3\xA9", "1234567 89 0.5e-3"};
    std::mt19937 random(7);
    const std::vector<std::string> parts = {"a", "Once", " upon", " ", "  ", "\n", "\xC3\xA4", "\xE7\x8C\xAB", "\xF0\x9F\x90\x88", "<s>", "</s>", "12", "'s", ".", "\xE2\x96\x81", "the ", "tim"};
    for (int i = 0; i < 300; ++i) {
        std::string text;
        for (std::size_t n = random() % 30; n > 0; --n)
            text += parts[random() % parts.size()];
        texts.push_back(text);
    }
    return texts;
}

} // namespace

class TestTokenizerWriter : public QObject {
    Q_OBJECT

private slots:
    void equalsTheFile_data();
    void equalsTheFile();
    void equalsSentencePiece();
    void formOfTheFile();
    void refusesWhatIsNoText();
};

void TestTokenizerWriter::equalsTheFile_data()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"smollm", "llama3", "qwen", "tekken", "spm", "spm_noprefix", "stories260K", "stories260K with EOS"})
        QTest::newRow(name) << name;
}

void TestTokenizerWriter::equalsTheFile()
{
    QFETCH(QString, name);
    QTemporaryDir folder;
    std::filesystem::path path = fixture::folder() + name.toStdString() + ".gguf";
    if (name.startsWith("stories260K")) {
        const std::string model = std::string(FETTLE_SHARED_DATA) + "/models/stories260K/tokenizer.model";
        if (!QFile::exists(QString::fromStdString(model)))
            QSKIP("stories260K (../shared/data/models) is not beside this checkout.");
        const auto scored = readScoredModel(model);
        QVERIFY2(scored.has_value(), scored ? "" : scored.error().message.c_str());
        path = folder.filePath("stories.gguf").toStdString();
        std::vector<io::GgufPair> more;
        if (name.endsWith("EOS"))
            more = {{"tokenizer.ggml.add_bos_token", false}, {"tokenizer.ggml.add_eos_token", true}};
        QVERIFY(writeScored(path, *scored, more).has_value());
    }
    const auto file = io::Gguf::open(path);
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    const auto want = Tokenizer::fromGguf(*file);
    QVERIFY2(want.has_value(), want ? "" : want.error().message.c_str());
    const auto json = tokenizerJsonFromGguf(*file);
    QVERIFY2(json.has_value(), json ? "" : json.error().message.c_str());
    const auto got = Tokenizer::fromJson(json->dump(), "tokenizer.json");
    QVERIFY2(got.has_value(), got ? "" : got.error().message.c_str());
    QCOMPARE(got->vocabularySize(), want->vocabularySize());

    std::vector<std::string> texts = fixture::texts();
    for (const std::string &text : oddTexts())
        texts.push_back(text);
    std::size_t tokens = 0;
    for (const std::string &text : texts) {
        const std::string shown = nlohmann::json(text).dump();
        for (const EncodeOptions options : {EncodeOptions{true, false}, EncodeOptions{true, true}, EncodeOptions{false, false}}) {
            const auto a = want->encode(text, options), b = got->encode(text, options);
            QVERIFY(a && b);
            QVERIFY2(a->ids == b->ids, shown.c_str());
            QVERIFY2(a->offsets == b->offsets, shown.c_str());
            QVERIFY2(want->decode(a->ids, true) == got->decode(a->ids, true), shown.c_str());
            QVERIFY2(want->decode(a->ids, false) == got->decode(a->ids, false), shown.c_str());
            tokens += a->ids.size();
        }
    }
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
        std::vector<TokenId> noise(random() % 20);
        for (TokenId &id : noise)
            id = static_cast<TokenId>(random() % static_cast<unsigned>(want->vocabularySize()));
        QVERIFY(want->decode(noise, false) == got->decode(noise, false));
        QVERIFY(want->decode(noise, true) == got->decode(noise, true));
    }
    qInfo("%zu texts, %zu tokens", texts.size(), tokens);
    for (TokenId id = 0; id < want->vocabularySize(); ++id)
        QCOMPARE(got->isSpecial(id), want->isSpecial(id));
}

// Against the library itself, whose ids the fixture holds.
void TestTokenizerWriter::equalsSentencePiece()
{
    for (const char *name : {"spm", "spm_noprefix"}) {
        const auto file = io::Gguf::open(fixture::folder() + name + ".gguf");
        QVERIFY(file.has_value());
        const auto json = tokenizerJsonFromGguf(*file);
        QVERIFY2(json.has_value(), json ? "" : json.error().message.c_str());
        const auto tokenizer = Tokenizer::fromJson(json->dump(), name);
        QVERIFY2(tokenizer.has_value(), tokenizer ? "" : tokenizer.error().message.c_str());
        const nlohmann::json expected = fixture::read(fixture::folder() + name + "/expected.json");
        QVERIFY(expected.size() > 20);
        for (const nlohmann::json &item : expected) {
            const auto got = tokenizer->encode(item["text"].get<std::string>(), {.parseSpecial = false});
            QVERIFY2(got->ids == item["ids"].get<std::vector<TokenId>>(), item["text"].dump().c_str());
        }
    }
}

// What Hugging Face's conversion of Llama's tokenizers writes.
void TestTokenizerWriter::formOfTheFile()
{
    const auto file = io::Gguf::open(fixture::folder() + "spm.gguf");
    QVERIFY(file.has_value());
    const auto json = tokenizerJsonFromGguf(*file);
    QVERIFY(json.has_value());
    QCOMPARE((*json)["normalizer"].dump(), std::string("{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"\xE2\x96\x81\"},"
                                                       "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\xE2\x96\x81\"}]}"));
    QVERIFY((*json)["pre_tokenizer"].is_null());
    QStringList steps;
    for (const auto &step : (*json)["decoder"]["decoders"])
        steps << QString::fromStdString(step["type"].get<std::string>());
    QCOMPARE(steps.join(' '), QString("Replace ByteFallback Fuse Strip"));
    const auto &model = (*json)["model"];
    QVERIFY(model["byte_fallback"].get<bool>() && model["fuse_unk"].get<bool>());
    QCOMPARE(model["unk_token"].get<std::string>(), std::string("<unk>"));
    QVERIFY(model["merges"].size() > 100);
    const auto special = specialTokensFromGguf(*file);
    QVERIFY(special.has_value() && !special->empty());
}

void TestTokenizerWriter::refusesWhatIsNoText()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("bad.gguf").toStdString();
    ScoredVocabulary scored{{"<unk>", "<s>", "</s>", "a\xff"}, {0, 0, 0, 0}, {TokenKind::Unknown, TokenKind::Control, TokenKind::Control, TokenKind::Normal}};
    QVERIFY(writeScored(path, scored).has_value());
    const auto file = io::Gguf::open(path);
    QVERIFY(file.has_value());
    const auto refused = tokenizerJsonFromGguf(*file);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::BadInput);
    QVERIFY2(refused.error().message.find("token 3") != std::string::npos, refused.error().message.c_str());
}

QTEST_GUILESS_MAIN(TestTokenizerWriter)
#include "tst_tokenizerwriter.moc"
