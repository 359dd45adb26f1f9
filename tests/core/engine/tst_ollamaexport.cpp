// The folder for Ollama: its Modelfile as Ollama reads it, and the template, which must write what the model's own chat template writes.
#include "tests/core/model/fixture.h"

#include "core/export/exporting.h"
#include "core/export/ollama.h"
#include "core/export/tokenizerfiles.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace fettle;

namespace {

// A Modelfile as Ollama's reader takes it (parser/parser.go): a command, its value up to the line end where the quotes that open it are closed; no
// escapes; what cannot be printed is dropped.
QList<std::pair<QString, QString>> readModelfile(const QString &file)
{
    QList<std::pair<QString, QString>> commands;
    QString name, value;
    enum { Outside, Name, Parameter, Value } state = Outside;
    const auto unquoted = [](QString text) -> std::optional<QString> {
        text = text.trimmed();
        for (const QString &quote : {QStringLiteral("\"\"\""), QStringLiteral("\"")})
            if (text.startsWith(quote))
                return text.size() >= 2 * quote.size() && text.endsWith(quote) ? std::optional(text.mid(quote.size(), text.size() - 2 * quote.size())) : std::nullopt;
        return text;
    };
    for (const char32_t c : file.toUcs4()) {
        const QString character = QString::fromUcs4(&c, 1);
        const bool isLineEnd = c == u'\n' || c == u'\r', isBlank = c == u' ' || c == u'\t';
        switch (state) {
        case Outside:
            if (!isLineEnd && !isBlank) {
                name = character;
                state = Name;
            }
            continue;
        case Name:
        case Parameter:
            if (!isBlank) {
                name += character;
                continue;
            }
            if (name == QLatin1String("PARAMETER")) {
                name.clear();
                state = Parameter;
                continue;
            }
            value.clear();
            state = Value;
            continue;
        case Value:
            if (isLineEnd)
                if (const auto text = unquoted(value)) {
                    commands.append({name, *text});
                    state = Outside;
                    continue;
                }
            if (isLineEnd || isBlank || (QChar::isPrint(c) && !QChar::isSpace(c)))
                value += character;
        }
    }
    return state == Outside ? commands : QList<std::pair<QString, QString>>();
}

} // namespace

class TestOllamaExport : public QObject {
    Q_OBJECT
private slots:
    void ollamaFolder();
    void modelfileIsReadBack_data();
    void modelfileIsReadBack();
    void turnMarksAreFound_data();
    void turnMarksAreFound();
};

void TestOllamaExport::ollamaFolder()
{
    QTemporaryDir scratch;
    const std::filesystem::path base = fixture::folder() / "tinychat", folder = scratch.filePath("clinic").toStdString();
    const auto weights = model::loadWeights(base);
    const auto outcome = exporting::exportOllama({base, *weights, nullptr, {}}, exporting::GgufForm::Q8_0, folder, "clinic", "You answer for the clinic.");
    QVERIFY2(outcome.has_value() && outcome->selfTest.hasPassed, outcome ? outcome->selfTest.cause.c_str() : outcome.error().message.c_str());
    QCOMPARE(outcome->files, (std::vector<std::string>{"Modelfile", "clinic.Q8_0.gguf"}));
    QFile file(QString::fromStdString((folder / "Modelfile").string()));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray text = file.readAll();
    QVERIFY2(text.startsWith("FROM ./clinic.Q8_0.gguf\n") && text.contains("TEMPLATE ") && text.contains("PARAMETER stop ") && text.contains("SYSTEM \"\"\"You answer for the clinic.\"\"\""), text.constData());
}

void TestOllamaExport::modelfileIsReadBack_data()
{
    QTest::addColumn<QString>("system");
    QTest::addColumn<QString>("kept");
    for (const char *same : {"You answer for the clinic.", "Say \"no\".\n\nTwo lines, a \\n and 90 %.", "\"Quoted\"", "ends in a quote\"", " blanks at both ends ", "Ämter, 猫 🐱", "{{ .System }} is text here"})
        QTest::newRow(same) << QString(same) << QString(same);
    QTest::newRow("three quotes") << "Write \"\"\"\nbetween\n\"\"\" and go on" << QString("Write \u201D\nbetween\n\u201D and go on");
    QTest::newRow("other spaces") << QString("5\u00A0mg, 8\u202Fh") << "5 mg, 8 h";
    QTest::newRow("line ends of Windows") << "One.\r\nTwo." << "One.\nTwo.";
    QTest::newRow("marks without a shape") << QString("a\u200Bb\uFEFFc\x07" "d") << "abcd";
}

void TestOllamaExport::modelfileIsReadBack()
{
    QFETCH(QString, system);
    QFETCH(QString, kept);
    exporting::TurnMarks marks{"", "<|im_start|>system\nBe \"kind\".<|im_end|>\n", "<|im_start|>system\n", "<|im_end|>\n", "<|im_start|>user\n", "<|im_end|>\n", "<|im_start|>assistant\n", "<|im_end|>\n"};
    QVERIFY(exporting::canSay(marks));
    const std::vector<std::string> stops = {"<|im_end|>", "\"", "back\\slash", "\n\nUser:"};
    const auto commands = readModelfile(QString::fromStdString(exporting::modelfile("clinic model.Q8_0.gguf", marks, stops, system.toStdString())));
    QCOMPARE(commands.size(), qsizetype(7));
    QCOMPARE(commands[0], std::pair(QStringLiteral("FROM"), QStringLiteral("./clinic model.Q8_0.gguf")));
    QVERIFY(commands[1].first == QLatin1String("TEMPLATE") && commands[1].second.endsWith(QStringLiteral("<|im_start|>assistant\n")));
    for (std::size_t i = 0; i < stops.size(); ++i)
        QCOMPARE(commands[qsizetype(2 + i)], std::pair(QStringLiteral("stop"), QString::fromStdString(stops[i])));
    QCOMPARE(commands[6], std::pair(QStringLiteral("SYSTEM"), kept));
    marks.userBefore = "\u00A0user:";
    QVERIFY(!exporting::canSay(marks)); // would be another prompt there
}

void TestOllamaExport::turnMarksAreFound_data()
{
    QTest::addColumn<QString>("source");
    QTest::addColumn<bool>("isFound");
    QTest::addColumn<QString>("withoutSystem");
    const QString chatMl = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    QTest::newRow("ChatML") << chatMl << true << "";
    QTest::newRow("ChatML with a default system prompt")
        << QString("{% if messages[0].role != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}") + chatMl << true << "<|im_start|>system\nBe kind.<|im_end|>\n";
    QTest::newRow("no system turns") << "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
                                        "{% if add_generation_prompt %}[assistant] {% endif %}" << true << "";
    QTest::newRow("numbered turns") << "{% for m in messages %}{{ loop.index }} {{ m.role }}: {{ m.content }}\n{% endfor %}" << false << "";
    QTest::newRow("changed content") << "{% for m in messages %}<{{ m.role }}>{{ m.content | upper }}\n{% endfor %}" << false << "";
}

void TestOllamaExport::turnMarksAreFound()
{
    QFETCH(QString, source);
    QFETCH(bool, isFound);
    QFETCH(QString, withoutSystem);
    const auto tokenizer = exporting::loadTokenizer(fixture::folder() / "tinychat");
    const auto chatTemplate = text::ChatTemplate::parse(source.toStdString());
    QVERIFY(chatTemplate.has_value());
    const auto marks = exporting::turnMarks(*chatTemplate, *tokenizer);
    QCOMPARE(marks.has_value(), isFound);
    if (!isFound)
        return;
    QCOMPARE(QString::fromStdString(marks->withoutSystem), withoutSystem);
    if (source.contains("im_start")) {
        QCOMPARE(marks->userBefore, std::string("<|im_start|>user\n"));
        QCOMPARE(marks->assistantAfter, std::string("<|im_end|>\n"));
        QCOMPARE(marks->systemBefore, std::string("<|im_start|>system\n"));
        const QString file = QString::fromStdString(exporting::modelfile("a.gguf", marks, {"<|im_end|>"}, {}));
        QVERIFY2(file.contains("{{ if eq .Role \"user\" }}<|im_start|>user\n{{ .Content }}<|im_end|>\n{{ end }}") && file.contains("PARAMETER stop \"<|im_end|>\"\n"), qPrintable(file));
    }
}

QTEST_GUILESS_MAIN(TestOllamaExport)
#include "tst_ollamaexport.moc"
