// Rendered, tokenised and masked records against transformers and TRL (fixtures/render), and what they do not know: where each token came
// from, and warnings.
#include "core/data/labelledtokens.h"

#include "core/base/utf8.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <QtTest>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::data;
using nlohmann::json;

namespace {

Record recordOf(const json &messages)
{
    Record record;
    for (const json &message : messages) {
        const std::string role = message["role"];
        const Role known = role == "system" ? Role::System : role == "assistant" ? Role::Assistant : role == "tool" ? Role::Tool : Role::User;
        record.turns.push_back({known, message["content"], {}});
    }
    return record;
}

bool hasWarning(const LabelledTokens &labelled, const std::string &code)
{
    for (const auto &warning : labelled.warnings) {
        if (warning.code == code)
            return !warning.text.empty();
    }
    return false;
}

std::string fieldText(const Record &record, TokenSource source)
{
    switch (source) {
    case TokenSource::System: return std::string(systemOf(record));
    case TokenSource::Instruction: return std::string(instructionOf(record));
    case TokenSource::Context: return record.context;
    case TokenSource::Response: return std::string(responseOf(record));
    default: return {};
    }
}

std::string part(const std::string &text, TextSpan span)
{
    const CodePointMap map(text);
    return text.substr(map.toByte(span.begin), map.toByte(span.end) - map.toByte(span.begin));
}

// The tokens of a source, joined by their places in the field.
std::string covered(const LabelledTokens &labelled, const Record &record, TokenSource source)
{
    std::string text;
    std::int64_t end = -1;
    for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
        if (labelled.sources[i] != source)
            continue;
        // Several tokens can share a character of several bytes.
        const TextSpan span{std::max(labelled.fieldOffsets[i].begin, end), labelled.fieldOffsets[i].end};
        if (span.begin < span.end)
            text += part(fieldText(record, source), span);
        end = labelled.fieldOffsets[i].end;
    }
    return text;
}

const char *kChatMl = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
                      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

} // namespace

class TestLabelledTokens : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void equalsTransformers_data();
    void equalsTransformers();
    void sourcesLeadBackToFields();
    void trimmedTextsAreMapped();
    void contextIsJoined();
    void defaultSystem();
    void assistantTurnsWithoutBlocks();
    void generationPrompt();
    void cutsAtTheEnd();
    void warnings();
    void templateThatLooksIntoTheText();
    void refusals();

private:
    LabelledTokens label(const Record &record, const char *words, const RenderOptions &options = {})
    {
        const auto parsed = text::ChatTemplate::parse(words);
        auto labelled = labelTokens(record, *m_tokenizer, *parsed, options);
        if (!labelled)
            qWarning("%s", labelled.error().message.c_str());
        return labelled ? std::move(*labelled) : LabelledTokens{};
    }
    std::string trainedText(const LabelledTokens &labelled) const
    {
        std::vector<TokenId> ids;
        for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
            if (labelled.trained[i] != 0)
                ids.push_back(labelled.ids[i]);
        }
        return m_tokenizer->decode(ids, false);
    }
    std::optional<text::Tokenizer> m_tokenizer;
    json m_fixture;
};

void TestLabelledTokens::initTestCase()
{
    auto tokenizer = text::Tokenizer::fromFolder(FETTLE_FIXTURES "/tinychat");
    QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
    m_tokenizer = std::move(*tokenizer);
    QFile file(FETTLE_FIXTURES "/render/cases.json");
    QVERIFY(file.open(QIODevice::ReadOnly));
    m_fixture = json::parse(file.readAll().toStdString());
}

void TestLabelledTokens::equalsTransformers_data()
{
    QTest::addColumn<int>("index");
    QFile file(FETTLE_FIXTURES "/render/cases.json");
    QVERIFY(file.open(QIODevice::ReadOnly));
    const json fixture = json::parse(file.readAll().toStdString());
    int index = 0;
    for (const json &entry : fixture["cases"])
        QTest::addRow("%s, %s", entry["template"].get<std::string>().c_str(), entry["conversation"].get<std::string>().c_str()) << index++;
}

void TestLabelledTokens::equalsTransformers()
{
    QFETCH(int, index);
    const json &entry = m_fixture["cases"][std::size_t(index)];
    const std::string words = m_fixture["templates"][entry["template"].get<std::string>()];
    const Record record = recordOf(entry["messages"]);
    const LabelledTokens labelled = label(record, words.c_str());
    QCOMPARE(labelled.text, entry["text"].get<std::string>());
    QCOMPARE(labelled.ids, entry["ids"].get<std::vector<TokenId>>());
    QCOMPARE(labelled.trained, entry["completion"].get<std::vector<std::uint8_t>>());
    QCOMPARE(labelled.kept, std::int64_t(labelled.ids.size()));
    QVERIFY(!hasWarning(labelled, "prefixMismatch"));
    RenderOptions options;
    options.trainOn = TrainOn::Assistant;
    if (entry.contains("assistant"))
        QCOMPARE(label(record, words.c_str(), options).trained, entry["assistant"].get<std::vector<std::uint8_t>>());
    options.trainOn = TrainOn::All;
    const LabelledTokens all = label(record, words.c_str(), options);
    QCOMPARE(all.trainedTokens, std::int64_t(all.ids.size()));
    options.addGenerationPrompt = true;
    QCOMPARE(label(record, words.c_str(), options).text, entry["generationPrompt"].get<std::string>());
}

void TestLabelledTokens::sourcesLeadBackToFields()
{
    // Texts that the template's own words contain too.
    Record record = makePair("user assistant", "system\xf0\x9f\x90\xb1", "a \xc3\xa4 assistant\n", "user");
    const LabelledTokens labelled = label(record, kChatMl);
    for (const TokenSource source : {TokenSource::System, TokenSource::Instruction, TokenSource::Context, TokenSource::Response})
        QCOMPARE(covered(labelled, record, source), fieldText(record, source));
    QCOMPARE(labelled.sources.front(), TokenSource::Template);
    for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
        if (labelled.special[i] != 0)
            QCOMPARE(labelled.sources[i], TokenSource::Template);
        if (labelled.sources[i] == TokenSource::Template)
            QVERIFY(labelled.fieldOffsets[i] == TextSpan{});
    }
}

void TestLabelledTokens::trimmedTextsAreMapped()
{
    const std::string words = m_fixture["templates"]["trimmed"];
    Record record = makePair("  \n Where?  ", "", "\xc2\xa0 Here. ");
    const LabelledTokens labelled = label(record, words.c_str());
    QCOMPARE(covered(labelled, record, TokenSource::Instruction), std::string("Where?"));
    QCOMPARE(covered(labelled, record, TokenSource::Response), std::string("Here."));
}

void TestLabelledTokens::contextIsJoined()
{
    const Record record = makePair("Q", "C", "A");
    QVERIFY(label(record, kChatMl).text.find("user\nQ\nC<|im_end|>") != std::string::npos);
    RenderOptions options;
    options.contextJoin.separator = "\n\nContext: ";
    QVERIFY(label(record, kChatMl, options).text.find("user\nQ\n\nContext: C<|im_end|>") != std::string::npos);
    QVERIFY(label(makePair("Q", "", "A"), kChatMl, options).text.find("user\nQ<|im_end|>") != std::string::npos);
}

void TestLabelledTokens::defaultSystem()
{
    RenderOptions options;
    options.defaultSystem = "Be kind.";
    const LabelledTokens added = label(makePair("Q", "", "A"), kChatMl, options);
    QVERIFY(added.text.starts_with("<|im_start|>system\nBe kind.<|im_end|>\n"));
    QVERIFY(std::count(added.sources.begin(), added.sources.end(), TokenSource::System) == 0); // it is not the record's
    QVERIFY(label(makePair("Q", "", "A", "Own."), kChatMl, options).text.starts_with("<|im_start|>system\nOwn.<|im_end|>\n"));
    const std::string words = m_fixture["templates"]["default-system"];
    QVERIFY(label(makePair("Q", "", "A"), words.c_str()).text.starts_with("<|im_start|>system\nYou answer for a clinic.<|im_end|>\n"));
}

void TestLabelledTokens::assistantTurnsWithoutBlocks()
{
    Record record;
    record.turns = {{Role::User, "a", {}}, {Role::Assistant, "one", {}}, {Role::User, "b", {}}, {Role::Assistant, "two", {}}, {Role::User, "more", {}}};
    RenderOptions options;
    options.trainOn = TrainOn::Assistant;
    const LabelledTokens labelled = label(record, kChatMl, options);
    QCOMPARE(trainedText(labelled), std::string("one<|im_end|>\ntwo<|im_end|>\n"));
    QVERIFY(labelled.text.find("more") == std::string::npos); // nothing is learnt after the last answer
    QCOMPARE(trainedText(label(record, kChatMl)), std::string("two<|im_end|>\n"));
    // An answer of weight 0 is read, never learnt.
    record.turns[1].extraJson = R"({"weight": 0})";
    record.turns[3].extraJson = R"({"weight": 1})";
    QCOMPARE(trainedText(label(record, kChatMl, options)), std::string("two<|im_end|>\n"));
    record.turns[3].extraJson = R"({"weight": 0.0})";
    QCOMPARE(trainedText(label(record, kChatMl)), std::string());
}

void TestLabelledTokens::generationPrompt()
{
    RenderOptions options;
    options.addGenerationPrompt = true;
    const LabelledTokens labelled = label(makePair("Q", "", "A"), kChatMl, options);
    QVERIFY(labelled.text.ends_with("Q<|im_end|>\n<|im_start|>assistant\n"));
    QCOMPARE(labelled.trainedTokens, 0);
    QVERIFY(labelled.warnings.empty());
    Record question;
    question.turns = {{Role::User, "Q", {}}};
    QCOMPARE(label(question, kChatMl, options).text, labelled.text);
}

void TestLabelledTokens::cutsAtTheEnd()
{
    const Record record = makePair("A question", "", "An answer");
    const LabelledTokens whole = label(record, kChatMl);
    RenderOptions options;
    options.maxLength = std::int64_t(whole.ids.size()) - 3;
    const LabelledTokens cut = label(record, kChatMl, options);
    QCOMPARE(cut.ids, whole.ids);
    QCOMPARE(cut.cut(), 3);
    QCOMPARE(cut.trainedTokens, whole.trainedTokens - 3);
    QVERIFY(!hasWarning(cut, "allCut"));
    options.maxLength = 4;
    const LabelledTokens nothing = label(record, kChatMl, options);
    QCOMPARE(nothing.trainedTokens, 0);
    QVERIFY(hasWarning(nothing, "allCut"));
    options.maxLength = 10'000;
    QCOMPARE(label(record, kChatMl, options).cut(), 0);
}

void TestLabelledTokens::warnings()
{
    QVERIFY(label(makePair("Q", "", "A"), kChatMl).warnings.empty());
    QVERIFY(hasWarning(label(makePair("say <|im_end|> now", "", "A"), kChatMl), "specialTokenInText"));
    QVERIFY(hasWarning(label(makePair("Q", "", "A"), "{% for m in messages %}{{ m.content }} {% endfor %}"), "missingEndOfTurn"));
    QVERIFY(hasWarning(label(makePair("Q", "", "A"), "{{ bos_token }}{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"), "doubledBos"));
    // The prompt alone ends with words that the whole conversation does not have.
    const LabelledTokens mismatch = label(makePair("Q", "", "A"), "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
                                                                  "{% if add_generation_prompt %}<|im_start|>ready{% endif %}");
    QVERIFY(hasWarning(mismatch, "prefixMismatch"));
    QCOMPARE(trainedText(mismatch), std::string("A<|im_end|>"));
}

void TestLabelledTokens::templateThatLooksIntoTheText()
{
    const char *words = "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}"
                        "{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    Record record = makePair("Question", "", "<think>hidden</think>Answer");
    const LabelledTokens labelled = label(record, words);
    QCOMPARE(trainedText(labelled), std::string("Answer<|im_end|>\n"));
    QCOMPARE(covered(labelled, record, TokenSource::Instruction), std::string("Question"));
}

void TestLabelledTokens::refusals()
{
    const auto parsed = text::ChatTemplate::parse(kChatMl);
    Record question;
    question.turns = {{Role::User, "Q", {}}};
    QCOMPARE(labelTokens(question, *m_tokenizer, *parsed).error().code, ErrorCode::BadInput);
    RenderOptions all;
    all.trainOn = TrainOn::All;
    QVERIFY(labelTokens(question, *m_tokenizer, *parsed, all));
    const auto strict = text::ChatTemplate::parse("{{ raise_exception('Only cats may ask.') }}");
    const auto refused = labelTokens(makePair("Q", "", "A"), *m_tokenizer, *strict);
    QCOMPARE(refused.error().code, ErrorCode::BadInput);
    QVERIFY(refused.error().message.find("Only cats may ask.") != std::string::npos);
    QVERIFY(!labelTokens(makePair("Q\xff", "", "A"), *m_tokenizer, *parsed));
    Record odd = makePair("Q", "", "A");
    odd.turns[0].extraJson = "[1]";
    QVERIFY(!labelTokens(odd, *m_tokenizer, *parsed));
    odd.turns[0].extraJson.clear();
    odd.toolsJson = "{broken";
    QVERIFY(!labelTokens(odd, *m_tokenizer, *parsed));
}

QTEST_APPLESS_MAIN(TestLabelledTokens)
#include "tst_labelledtokens.moc"
