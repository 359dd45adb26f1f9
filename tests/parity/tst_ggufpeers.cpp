// GGUF files that we write of a real model, loaded and run by llama.cpp itself: the same tokens, the same chat text, the same greedy answers; and the
// bytes that llama-quantize writes.
#include "core/base/random.h"
#include "core/export/exporting.h"
#include "core/export/ollama.h"
#include "core/export/tokenizerfiles.h"
#include "core/generate/generator.h"
#include "core/io/atomicfile.h"
#include "core/tune/lora.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <fmt/format.h>

using namespace fettle;
using Json = nlohmann::json;

namespace {

constexpr int kTokens = 32;
const char *const kPrompts[] = {"When does the clinic open on Saturdays?", "Die Katze schläft. Le chat", "for (int i = 0; i < 10; ++i) {", "<|im_start|>user\nName three animals.<|im_end|>\n<|im_start|>assistant\n"};

std::filesystem::path fixtureFolder() { return FETTLE_FIXTURES; }

Json greedy(const std::filesystem::path &file, const std::vector<TokenId> &ids)
{
    static std::filesystem::path loaded;
    static std::unique_ptr<generate::Generator> generator;
    if (loaded != file)
        generator = std::move(*generate::Generator::load(file));
    loaded = file;
    generate::SequenceRequest request;
    request.prompt = ids;
    request.sampling.isGreedy = true;
    request.maxTokens = kTokens;
    return generator->generate({&request, 1})->front().ids;
}

} // namespace

class TestGgufPeers : public QObject {
    Q_OBJECT
private slots:
    // Ollama runs templates with Go's text/template: the same program, given the same values, must write what the chat template writes.
    void ollamasTemplateWritesTheSame()
    {
        const QString go = qEnvironmentVariable("FETTLE_GO");
        if (go.isEmpty())
            QSKIP("FETTLE_GO names no Go.");
        const auto tokenizer = *exporting::loadTokenizer(fixtureFolder() / "tinychat");
        const std::string chatMl = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
        std::vector<std::string> sources = {chatMl, "{% if messages[0].role != 'system' %}<|im_start|>system\nBe {{ '{{' }}kind{{ '}}' }}.<|im_end|>\n{% endif %}" + chatMl,
                                            "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}"
                                            "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
                                            "{% for m in messages %}{{ '\"' + m.role + '\": ' }}{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}\"assistant\": {% endif %}"};
        Json cases = Json::array();
        for (const std::string &source : sources) {
            const auto chatTemplate = text::ChatTemplate::parse(source);
            QVERIFY(chatTemplate.has_value());
            const auto marks = exporting::turnMarks(*chatTemplate, tokenizer);
            QVERIFY2(marks && exporting::canSay(*marks), source.c_str());
            const std::string file = exporting::modelfile("a.gguf", marks, {}, {});
            const auto begin = file.find("TEMPLATE \"\"\"") + 12;
            Json conversations = Json::array();
            const Json system = {{"role", "system"}, {"content", "Be {{ brief }}."}}, question = {{"role", "user"}, {"content", " When?\n\nAnd \"why\"? "}},
                       answer = {{"role", "assistant"}, {"content", "At nine."}};
            for (const Json &messages : {Json::array({question}), Json::array({system, question}), Json::array({question, answer, question}), Json::array({system, question, answer, question, answer, question})}) {
                text::RenderContext context = text::renderContextFor(tokenizer);
                context.addGenerationPrompt = true;
                auto written = chatTemplate->render(nlohmann::ordered_json(messages), context);
                QVERIFY(written.has_value());
                conversations.push_back({{"messages", messages}, {"text", written->text}});
            }
            cases.push_back({{"template", file.substr(begin, file.rfind("\"\"\"") - begin)}, {"conversations", conversations}});
        }
        QTemporaryDir scratch;
        const std::filesystem::path file = scratch.filePath("case.json").toStdString();
        QVERIFY(io::writeFileAtomically(file, cases.dump()).has_value());
        QProcess process;
        process.start(go, {QStringLiteral("run"), QStringLiteral(FETTLE_SOURCE_DIR) + "/tests/parity/check_modelfile.go", QString::fromStdString(file.string())});
        QVERIFY(process.waitForFinished(300'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        qInfo("%s", process.readAllStandardOutput().trimmed().constData());
    }

    void llamaCppAnswersAlike()
    {
        const QString python = qEnvironmentVariable("FETTLE_LLAMACPP_PYTHON"), base = qEnvironmentVariable("FETTLE_TEST_MODEL");
        if (python.isEmpty() || base.isEmpty())
            QSKIP("FETTLE_LLAMACPP_PYTHON names no Python with llama-cpp-python, or FETTLE_TEST_MODEL no model.");
        QTemporaryDir scratch;
        const std::filesystem::path folder = scratch.path().toStdString(), model = base.toStdString();
        const auto weights = model::loadWeights(model);
        QVERIFY(weights.has_value());
        auto adapter = *tune::LoraAdapter::create((*weights)->config, {}, 21);
        RandomStream random(22);
        for (const auto &module : adapter->modules())
            random.fillUniform({module.b.data_ptr<float>(), static_cast<std::size_t>(module.b.numel())}, -0.01F, 0.01F);
        const exporting::Source tuned{model, *weights, adapter, {}}, plain{model, *weights, nullptr, {}};
        Json test = {{"files", Json::array()}, {"quantised", Json::array()}, {"lora", {{"base", "base.F32.gguf"}, {"adapter", "lora.gguf"}, {"merged", "model.F32.gguf"}}}};
        for (const char *name : {"F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_1", "Q5_0", "Q4_K_M", "Q4_1", "Q4_0"}) {
            const std::string file = fmt::format("model.{}.gguf", name);
            QElapsedTimer timer;
            timer.start();
            const auto outcome = exporting::exportGguf(tuned, *exporting::ggufForm(name), folder / file);
            QVERIFY2(outcome.has_value(), outcome ? "" : outcome.error().message.c_str());
            QVERIFY2(outcome->selfTest.hasPassed, outcome->selfTest.cause.c_str());
            qInfo("%s: %.0f MB in %.1f s, %s", name, static_cast<double>(outcome->bytes) / 1e6, static_cast<double>(timer.elapsed()) / 1e3, outcome->selfTest.checks.back().result.c_str());
            test[std::string_view(name) == "F32" || std::string_view(name) == "F16" || std::string_view(name) == "BF16" ? "files" : "quantised"].push_back(file);
        }
        for (const auto &file : test["quantised"])
            test["files"].push_back(file);
        const auto lora = exporting::exportGgufLora(tuned, folder / "lora.gguf");
        QVERIFY2(lora.has_value() && lora->selfTest.hasPassed, lora ? lora->selfTest.cause.c_str() : lora.error().message.c_str());
        QVERIFY(exporting::exportGguf(plain, exporting::GgufForm::F32, folder / "base.F32.gguf").has_value());

        const auto tokenizer = *exporting::loadTokenizer(model);
        for (const char *text : kPrompts)
            test["prompts"].push_back({{"text", text}, {"ids", tokenizer.encode(text)->ids}, {"greedy", Json::object()}});
        for (const auto &file : test["files"])
            for (auto &prompt : test["prompts"])
                prompt["greedy"][file.get<std::string>()] = greedy(folder / file.get<std::string>(), prompt["ids"].get<std::vector<TokenId>>());
        const nlohmann::ordered_json messages = {{{"role", "user"}, {"content", "Hi"}}, {{"role", "assistant"}, {"content", "Hello."}}, {{"role", "user"}, {"content", "Who?"}}};
        text::RenderContext context = text::renderContextFor(tokenizer);
        context.addGenerationPrompt = true;
        test["chat"] = {{"messages", messages}, {"text", exporting::loadChatTemplate(model)->render(messages, context)->text}};
        QVERIFY(io::writeFileAtomically(folder / "case.json", test.dump()).has_value());

        QProcess process;
        process.start(python, {QStringLiteral(FETTLE_SOURCE_DIR) + "/tests/parity/check_gguf.py", scratch.path()});
        QVERIFY(process.waitForFinished(900'000));
        const QByteArray out = process.readAllStandardOutput().trimmed();
        const Json report = Json::parse(out.mid(out.lastIndexOf('\n') + 1).toStdString(), nullptr, false);
        QVERIFY2(report.is_object(), (out.right(2000) + process.readAllStandardError().right(2000)).constData());
        qInfo("%s", report.dump().c_str());
        QCOMPARE(report["tokens"].get<bool>(), true);
        QCOMPARE(report["chat"].get<bool>(), true);
        // Both compute fp32 sums in their own order: a tie may fall to either side.
        for (const char *exact : {"model.F32.gguf", "model.F16.gguf"})
            QVERIFY(report["greedy"][exact][0].get<int>() * 100 >= report["greedy"][exact][1].get<int>() * 75);
        QVERIFY(report["lora"][0].get<int>() * 100 >= report["lora"][1].get<int>() * 75);
        for (const auto &[name, counts] : report["bytes"].items())
            QVERIFY2(counts[0] == counts[1], name.c_str());
    }
};

QTEST_GUILESS_MAIN(TestGgufPeers)
#include "tst_ggufpeers.moc"
