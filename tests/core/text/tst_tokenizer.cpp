// The tokenizer equals Hugging Face tokenizers: ids, offsets, decoded text, for every kind of step that is supported; broken and foreign
// files are refused with a message.
#include "tests/core/text/tokenizerfixture.h"

#include "core/io/gguf.h"

#include <QtTest>
#include <random>
#include <thread>

using namespace fettle;
using namespace fettle::text;

namespace {

QString shown(const std::vector<TokenId> &ids)
{
    QStringList parts;
    for (const TokenId id : ids)
        parts << QString::number(id);
    return parts.join(' ');
}

QString shown(const std::vector<TextSpan> &spans)
{
    QStringList parts;
    for (const TextSpan &span : spans)
        parts << QString("%1-%2").arg(span.begin).arg(span.end);
    return parts.join(' ');
}

std::vector<TextSpan> spansOf(const nlohmann::json &flat)
{
    std::vector<TextSpan> spans;
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2)
        spans.push_back({flat[i].get<std::int64_t>(), flat[i + 1].get<std::int64_t>()});
    return spans;
}

// The smallest byte-level tokenizer: a letter alphabet, one merge.
std::string tiny(const std::string &change = {}, const std::string &by = {})
{
    std::string json = "{'added_tokens':[{'id':4,'content':'<s>','special':true,'normalized':false}],'normalizer':null,"
                       "'pre_tokenizer':{'type':'ByteLevel','add_prefix_space':false,'use_regex':true},'post_processor':null,"
                       "'decoder':{'type':'ByteLevel'},'model':{'type':'BPE','vocab':{'a':0,'b':1,'ab':2,'\u0120':3},'merges':['a b']}}";
    std::replace(json.begin(), json.end(), '\'', '"');
    if (!change.empty())
        json.replace(json.find(change), change.size(), by);
    return json;
}

} // namespace

class TestTokenizer : public QObject {
    Q_OBJECT

private slots:
    void equalsReference_data();
    void equalsReference();
    void llamaCppVocabularies_data();
    void llamaCppVocabularies();
    void invalidTextIsRefused();
    void facts();
    void brokenFiles_data();
    void brokenFiles();
    void missingFolder();
    void hostileExpression();
    void mutatedFiles_data();
    void mutatedFiles();
    void threads();
    void longPieces();
    void ggufEqualsJson_data();
    void ggufEqualsJson();
    void sentencePiece_data();
    void sentencePiece();
    void realSentencePieceFile();
};

void TestTokenizer::equalsReference_data()
{
    QTest::addColumn<QString>("name");
    for (const QString &name : fixture::names())
        QTest::newRow(qPrintable(name)) << name;
}

void TestTokenizer::equalsReference()
{
    QFETCH(QString, name);
    const nlohmann::json expected = fixture::read(fixture::folder() + name.toStdString() + ".json");
    const auto tokenizer = fixture::load(name, expected);
    if (!tokenizer)
        QSKIP("The real tokenizers (../shared/data/tokenizers) are not beside this checkout.");
    const std::vector<std::string> texts = fixture::texts();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const nlohmann::json &want = expected["texts"][i];
        const QByteArray where = QString("%1: %2").arg(i).arg(QString::fromStdString(texts[i])).toUtf8();
        const auto plain = tokenizer->encode(texts[i]);
        QVERIFY2(plain.has_value(), where);
        const auto wantIds = want["ids"].get<std::vector<TokenId>>();
        QVERIFY2(plain->ids == wantIds, where + "\n got  " + shown(plain->ids).toUtf8() + "\n want " + shown(wantIds).toUtf8());
        const auto wantOffsets = spansOf(want["offsets"]);
        QVERIFY2(plain->offsets == wantOffsets,
                 where + "\n got  " + shown(plain->offsets).toUtf8() + "\n want " + shown(wantOffsets).toUtf8());
        QVERIFY2(tokenizer->decode(wantIds, false) == want["decoded"].get<std::string>(),
                 where + "\n decoded " + tokenizer->decode(wantIds, false).c_str() + "\n want "
                     + want["decoded"].get<std::string>().c_str());
        QVERIFY2(tokenizer->decode(wantIds, true) == want["clean"].get<std::string>(), where);
        const auto withSpecial = tokenizer->encode(texts[i], {.parseSpecial = true, .addSpecialTokens = true});
        QVERIFY2(withSpecial->ids == expected["withSpecial"][i].get<std::vector<TokenId>>(),
                 where + " with special: " + shown(withSpecial->ids).toUtf8());
        const auto literal = tokenizer->encode(texts[i], {.parseSpecial = false});
        QVERIFY2(literal->ids == expected["literal"][i].get<std::vector<TokenId>>(), where + " literal: " + shown(literal->ids).toUtf8());
    }
    for (const nlohmann::json &noise : expected["noise"]) {
        const std::string got = tokenizer->decode(noise["ids"].get<std::vector<TokenId>>(), false);
        QVERIFY2(got == noise["decoded"].get<std::string>(),
                 (noise["ids"].dump() + "\n got  " + nlohmann::json(got).dump() + "\n want " + noise["decoded"].dump()).c_str());
    }
}

void TestTokenizer::llamaCppVocabularies_data()
{
    QTest::addColumn<QString>("vocabulary");
    QTest::addColumn<QString>("folder");
    QTest::newRow("gpt-2") << "gpt-2"
                           << "gpt2";
    QTest::newRow("phi-3") << "phi-3"
                           << "phi-3-mini";
    QTest::newRow("qwen2") << "qwen2"
                           << "qwen3";
}

// The inputs and ids that llama.cpp tests its vocabularies with.
void TestTokenizer::llamaCppVocabularies()
{
    QFETCH(QString, vocabulary);
    QFETCH(QString, folder);
    const QString base = QString(FETTLE_SHARED_DATA) + "/tokenizers/";
    const QString file = base + "ggml-vocab-" + vocabulary + ".gguf";
    if (!QFile::exists(file + ".inp"))
        QSKIP("The vocabulary tests (../shared/data/tokenizers) are not beside this checkout.");
    const auto tokenizer = Tokenizer::fromFolder((base + folder).toStdString());
    QVERIFY2(tokenizer.has_value(), tokenizer ? "" : tokenizer.error().message.c_str());
    QFile inputs(file + ".inp");
    QFile outputs(file + ".out");
    QVERIFY(inputs.open(QIODevice::ReadOnly) && outputs.open(QIODevice::ReadOnly));
    QString all = QString::fromUtf8(inputs.readAll());
    const QStringList texts = all.split("\n__ggml_vocab_test__\n");
    const QStringList lines = QString::fromUtf8(outputs.readAll()).split('\n');
    QVERIFY(texts.size() > 40 && lines.size() >= texts.size());
    for (qsizetype i = 0; i < texts.size(); ++i) {
        const auto got = tokenizer->encode(texts[i].toStdString(), {.parseSpecial = false});
        QVERIFY(got.has_value());
        QVERIFY2(shown(got->ids) == lines[i].simplified(),
                 ("text " + std::to_string(i) + " \"" + texts[i].toStdString() + "\"\n got  " + shown(got->ids).toStdString() + "\n want "
                  + lines[i].toStdString())
                     .c_str());
    }
}

void TestTokenizer::invalidTextIsRefused()
{
    const auto tokenizer = Tokenizer::fromJson(tiny(), "tiny");
    QVERIFY(tokenizer.has_value());
    for (const std::string text : {"ab\xFF", "ab\xC3", "ab\xED\xA0\x80", "ab\xC0\x80", "ab\xF4\x90\x80\x80"}) {
        const auto got = tokenizer->encode(text);
        QVERIFY(!got.has_value());
        QCOMPARE(got.error().code, ErrorCode::BadInput);
        QVERIFY(got.error().message.find("byte 2 ") != std::string::npos);
    }
}

void TestTokenizer::facts()
{
    const auto tokenizer = Tokenizer::fromJson(tiny(), "tiny");
    QVERIFY(tokenizer.has_value());
    QCOMPARE(tokenizer->tokenId("ab").value_or(-1), 2);
    QCOMPARE(tokenizer->tokenId("<s>").value_or(-1), 4);
    QVERIFY(!tokenizer->tokenId("nothing"));
    QCOMPARE(std::string(tokenizer->tokenText(4)), std::string("<s>"));
    QVERIFY(tokenizer->tokenText(5).empty() && tokenizer->tokenText(-1).empty());
    QVERIFY(tokenizer->isSpecial(4) && !tokenizer->isSpecial(2) && !tokenizer->isSpecial(-1));
    QCOMPARE(tokenizer->vocabularySize(), 5);
    QCOMPARE(tokenizer->description(), std::string("byte-level BPE, 5 tokens"));
    QCOMPARE(tokenizer->decode(std::vector<TokenId>{0, 99, -1, 2}), std::string("aab"));
}

void TestTokenizer::brokenFiles_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("by");
    QTest::addColumn<QString>("message");
    QTest::newRow("unigram") << "\"BPE\""
                             << "\"Unigram\""
                             << "Unigram";
    QTest::newRow("wordpiece") << "\"BPE\""
                               << "\"WordPiece\""
                               << "WordPiece";
    QTest::newRow("unknown normalizer") << "\"normalizer\":null"
                                        << R"("normalizer":{"type":"Precompiled"})"
                                        << "Precompiled";
    QTest::newRow("unknown pre-tokenizer") << "\"ByteLevel\""
                                           << "\"UnicodeScripts\""
                                           << "UnicodeScripts";
    QTest::newRow("unknown decoder") << R"("decoder":{"type":"ByteLevel"})"
                                     << R"("decoder":{"type":"CTC"})"
                                     << "CTC";
    QTest::newRow("negative id") << "\"ab\":2"
                                 << "\"ab\":-2"
                                 << "\"ab\"";
    QTest::newRow("huge id") << "\"ab\":2"
                             << "\"ab\":4000000000"
                             << "\"ab\"";
    QTest::newRow("id is text") << "\"ab\":2"
                                << "\"ab\":\"2\""
                                << "\"ab\"";
    QTest::newRow("merge without product") << "\"ab\":2"
                                           << "\"abc\":2"
                                           << "\"ab\" is not in its vocabulary";
    QTest::newRow("merge of three") << "\"a b\""
                                    << "\"a b c\""
                                    << "merge 1";
    QTest::newRow("merge of one") << "\"a b\""
                                  << "\"ab\""
                                  << "merge 1";
    QTest::newRow("merge is a number") << "\"a b\""
                                       << "7"
                                       << "merge 1";
    QTest::newRow("no model") << "\"model\""
                              << "\"modem\""
                              << "no field \"model\"";
    QTest::newRow("broken expression") << R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})"
                                       << R"({"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"})"
                                       << "(a";
    QTest::newRow("unknown behaviour") << R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})"
                                       << R"({"type":"Split","pattern":{"String":"a"},"behavior":"Exploded"})"
                                       << "Exploded";
    QTest::newRow("added token without id") << "\"id\":4,"
                                            << ""
                                            << "added_tokens";
    QTest::newRow("no json") << "{\"added_tokens\""
                             << "added_tokens"
                             << "";
}

void TestTokenizer::brokenFiles()
{
    QFETCH(QString, change);
    QFETCH(QString, by);
    QFETCH(QString, message);
    const auto tokenizer = Tokenizer::fromJson(tiny(change.toStdString(), by.toStdString()), "tiny");
    QVERIFY(!tokenizer.has_value());
    QCOMPARE(tokenizer.error().code, ErrorCode::BadInput);
    QVERIFY2(QString::fromStdString(tokenizer.error().message).contains(message), tokenizer.error().message.c_str());
    QVERIFY(!tokenizer.error().hint.empty());
}

void TestTokenizer::missingFolder()
{
    const auto tokenizer = Tokenizer::fromFolder("nowhere");
    QVERIFY(!tokenizer.has_value());
    QCOMPARE(tokenizer.error().code, ErrorCode::NotFound);
}

// A hostile pattern ends in an error, not in minutes of search.
void TestTokenizer::hostileExpression()
{
    const std::string json = tiny(R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})",
                                  R"({"type":"Split","pattern":{"Regex":"(a+)+(a+)+(a+)+$x"},"behavior":"Isolated"})");
    const auto tokenizer = Tokenizer::fromJson(json, "hostile");
    QVERIFY(tokenizer.has_value());
    const auto encode = [&](std::size_t letters) {
        QElapsedTimer timer;
        timer.start();
        (void)tokenizer->encode(std::string(letters, 'a') + "b");
        return timer.nsecsElapsed();
    };
    const auto shorter = encode(200), longer = encode(400);
    QVERIFY2(longer < 50 * shorter, qPrintable(QStringLiteral("%1 and %2 ns").arg(shorter).arg(longer))); // the search is limited: not every way is tried
}

void TestTokenizer::mutatedFiles_data()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"llama3", "llama2", "metaspace_first", "nfkd_nmt", "split_inverted", "added", "gemma"})
        QTest::newRow(name) << name;
}

// Files with wrong values in random places are read or refused, never a crash; what is read tokenises and decodes.
void TestTokenizer::mutatedFiles()
{
    QFETCH(QString, name);
    const nlohmann::json original = fixture::read(fixture::folder() + name.toStdString() + ".json")["tokenizer"];
    const std::vector<std::string> texts = fixture::texts();
    const nlohmann::json flat = original.flatten();
    std::vector<std::string> places;
    for (const auto &[place, value] : flat.items())
        if (!place.starts_with("/model/vocab") && !place.starts_with("/model/merges"))
            places.push_back(place);
    const std::vector<nlohmann::json> values{nullptr,
                                             true,
                                             false,
                                             -1,
                                             0,
                                             3,
                                             4194303,
                                             4194304,
                                             1e300,
                                             "",
                                             "a",
                                             " ",
                                             "▁",
                                             "\n",
                                             "Sequence",
                                             "ByteLevel",
                                             "Metaspace",
                                             "Replace",
                                             "Split",
                                             "(",
                                             "(a*)*",
                                             "\\K",
                                             "first",
                                             "<0x41>",
                                             "\xF0\x9F\x99\x82",
                                             nlohmann::json::array(),
                                             nlohmann::json::object(),
                                             {1, 2},
                                             std::string(40, 'x')};
    std::mt19937 random(3);
    for (int round = 0; round < 80; ++round) {
        nlohmann::json changed = original;
        for (unsigned i = 0; i <= random() % 3; ++i)
            changed[nlohmann::json::json_pointer(places[random() % places.size()])] = values[random() % values.size()];
        if (random() % 4 == 0) { // a wrong number or merge
            auto word = changed["model"]["vocab"].begin();
            std::advance(word, random() % changed["model"]["vocab"].size());
            *word = values[random() % values.size()];
            changed["model"]["merges"].push_back(values[random() % values.size()]);
        }
        const auto tokenizer = Tokenizer::fromJson(changed.dump(), "mutated");
        if (!tokenizer) {
            QVERIFY(!tokenizer.error().message.empty() && !tokenizer.error().hint.empty());
            continue;
        }
        for (std::size_t i = 0; i < texts.size(); i += 7) {
            const auto got = tokenizer->encode(texts[i], {.parseSpecial = i % 2 == 0, .addSpecialTokens = i % 3 == 0});
            if (!got)
                continue;
            const std::int64_t length = QString::fromStdString(texts[i]).toUcs4().size();
            for (const TextSpan &span : got->offsets)
                QVERIFY(span.begin >= 0 && span.begin <= span.end && span.end <= length);
            (void)tokenizer->decode(got->ids);
        }
    }
}

// One tokenizer, many threads: caches do not mix.
void TestTokenizer::threads()
{
    const nlohmann::json expected = fixture::read(fixture::folder() + "smollm.json");
    const nlohmann::json other = fixture::read(fixture::folder() + "llama2.json");
    const auto first = fixture::load("smollm", expected);
    const auto second = fixture::load("llama2", other);
    const std::vector<std::string> texts = fixture::texts();
    std::vector<std::thread> workers;
    std::atomic<int> wrong{0};
    for (int worker = 0; worker < 4; ++worker)
        workers.emplace_back([&] {
            for (int round = 0; round < 5; ++round)
                for (std::size_t i = 0; i < texts.size(); ++i) {
                    wrong += first->encode(texts[i])->ids != expected["texts"][i]["ids"].get<std::vector<TokenId>>();
                    wrong += second->encode(texts[i])->ids != other["texts"][i]["ids"].get<std::vector<TokenId>>();
                }
        });
    for (std::thread &worker : workers)
        worker.join();
    QCOMPARE(wrong.load(), 0);
}

// Every way to cut a text into long and short pieces gives the same tokens (the cache and both ways of merging agree).
void TestTokenizer::longPieces()
{
    const nlohmann::json expected = fixture::read(fixture::folder() + "bytes_noregex.json");
    const auto tokenizer = fixture::load("bytes_noregex", expected);
    std::string text;
    for (const std::string &part : fixture::texts()) {
        text += part;
        if (text.size() > 3000)
            break;
    }
    const auto got = tokenizer->encode(text, {.parseSpecial = false});
    QVERIFY(got.has_value());
    QCOMPARE(QByteArray::fromStdString(tokenizer->decode(got->ids, false)), QByteArray::fromStdString(text));
}

void TestTokenizer::ggufEqualsJson_data()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"smollm", "llama3", "qwen", "tekken"})
        QTest::newRow(name) << name;
}

// A GGUF file says which rule splits the text; the tokens are those of the tokenizer.json that it was made of.
void TestTokenizer::ggufEqualsJson()
{
    QFETCH(QString, name);
    const nlohmann::json expected = fixture::read(fixture::folder() + name.toStdString() + ".json");
    const auto file = io::Gguf::open(fixture::folder() + name.toStdString() + ".gguf");
    QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
    const auto tokenizer = Tokenizer::fromGguf(*file);
    QVERIFY2(tokenizer.has_value(), tokenizer ? "" : tokenizer.error().message.c_str());
    QCOMPARE(tokenizer->specialTokens().dump(), std::string(R"({"bos_token":"<s>","eos_token":"</s>"})"));
    const std::vector<std::string> texts = fixture::texts();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto want = expected["texts"][i]["ids"].get<std::vector<TokenId>>();
        const auto got = tokenizer->encode(texts[i]);
        QVERIFY2(got->ids == want,
                 (texts[i] + "\n got  " + shown(got->ids).toStdString() + "\n want " + shown(want).toStdString()).c_str());
        QCOMPARE(QByteArray::fromStdString(tokenizer->decode(want, false)),
                 QByteArray::fromStdString(expected["texts"][i]["decoded"].get<std::string>()));
        const auto withBos = tokenizer->encode(texts[i], {.parseSpecial = true, .addSpecialTokens = true});
        QCOMPARE(withBos->ids.size(), want.size() + 1);
        QCOMPARE(withBos->ids.front(), *tokenizer->bosId());
    }
}

void TestTokenizer::sentencePiece_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("isGguf");
    for (const char *name : {"spm", "spm_noprefix", "spm_trimmed"}) {
        QTest::newRow(name) << name << false;
        if (QString(name) != "spm_trimmed") // the key for it is not written to GGUF files
            QTest::addRow("%s gguf", name) << name << true;
    }
}

// SentencePiece models, and GGUF files of the type "llama", give the tokens that SentencePiece gives.
void TestTokenizer::sentencePiece()
{
    QFETCH(QString, name);
    QFETCH(bool, isGguf);
    const std::string folder = fixture::folder() + name.toStdString();
    Result<Tokenizer> tokenizer = fail(ErrorCode::Internal, "");
    if (isGguf) {
        const auto file = io::Gguf::open(folder + ".gguf");
        QVERIFY2(file.has_value(), file ? "" : file.error().message.c_str());
        tokenizer = Tokenizer::fromGguf(*file);
    } else {
        tokenizer = Tokenizer::fromFolder(folder);
    }
    QVERIFY2(tokenizer.has_value(), tokenizer ? "" : tokenizer.error().message.c_str());
    for (const nlohmann::json &item : fixture::read(folder + "/expected.json")) {
        const auto text = item["text"].get<std::string>();
        const auto want = item["ids"].get<std::vector<TokenId>>();
        const auto got = tokenizer->encode(text, {.parseSpecial = false});
        QVERIFY2(
            got->ids == want,
            (nlohmann::json(text).dump() + "\n got  " + shown(got->ids).toStdString() + "\n want " + shown(want).toStdString()).c_str());
    }
}

void TestTokenizer::realSentencePieceFile()
{
    const std::string folder = std::string(FETTLE_SHARED_DATA) + "/models/stories260K";
    if (!QFile::exists(QString::fromStdString(folder + "/tokenizer.model")))
        QSKIP("stories260K (../shared/data/models) is not beside this checkout.");
    const auto tokenizer = Tokenizer::fromFolder(folder);
    QVERIFY2(tokenizer.has_value(), tokenizer ? "" : tokenizer.error().message.c_str());
    QCOMPARE(tokenizer->vocabularySize(), 512);
    QCOMPARE(tokenizer->bosId().value_or(-1), 1);
    QCOMPARE(tokenizer->eosId().value_or(-1), 2);
    const std::string text = "Once upon a time, Zoë said: \xF0\x9F\x99\x82!\n";
    const auto got = tokenizer->encode(text, {.parseSpecial = true, .addSpecialTokens = true});
    QCOMPARE(got->ids.front(), 1);
    QCOMPARE(tokenizer->decode(got->ids), text);
}

QTEST_GUILESS_MAIN(TestTokenizer)
#include "tst_tokenizer.moc"
