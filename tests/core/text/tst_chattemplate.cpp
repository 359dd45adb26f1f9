// Chat templates render as Python's jinja2 does in the environment of transformers, byte for byte, generation spans included; templates
// that would run for ever, or fill the memory, end soon with a message.
#include "core/io/jsonfile.h"
#include "core/text/chattemplate.h"

#include <QFile>
#include <QtTest>

using namespace fettle;
using namespace fettle::text;

namespace {

nlohmann::ordered_json read(const std::string &file)
{
    auto json = io::readOrderedJsonFile(file);
    if (!json)
        qFatal("%s", json.error().message.c_str());
    return *json;
}

// The variables of a fixture as a render sees them.
RenderContext contextOf(const nlohmann::ordered_json &variables, nlohmann::ordered_json &messages)
{
    RenderContext context;
    for (const auto &[name, value] : variables.items()) {
        if (name == "messages")
            messages = value;
        else if (name == "tools")
            context.tools = value;
        else if (name == "documents")
            context.documents = value;
        else if (name == "add_generation_prompt" && value.is_boolean())
            context.addGenerationPrompt = value.get<bool>();
        else
            context.extra[name] = value;
    }
    return context;
}

} // namespace

class TestChatTemplate : public QObject {
    Q_OBJECT

private slots:
    void equalsPython_data();
    void equalsPython();
    void realTemplates();
    void hostile_data();
    void hostile();
    void messages_data();
    void messages();
    void hasGenerationBlocks();
    void folders();
};

// Our own templates; and, where FETTLE_TEMPLATE_PARITY names a file of make_template_fixtures.py --folder, those of others.
void TestChatTemplate::equalsPython_data()
{
    QTest::addColumn<QString>("file");
    QTest::newRow("own templates") << FETTLE_FIXTURES "/templates.json";
    if (qEnvironmentVariableIsSet("FETTLE_TEMPLATE_PARITY"))
        QTest::newRow("templates of others") << qEnvironmentVariable("FETTLE_TEMPLATE_PARITY");
}

void TestChatTemplate::equalsPython()
{
    QFETCH(QString, file);
    const nlohmann::ordered_json fixture = read(file.toStdString());
    std::tm now{};
    now.tm_year = fixture["now"][0].get<int>() - 1900;
    now.tm_mon = fixture["now"][1].get<int>() - 1;
    now.tm_mday = fixture["now"][2].get<int>();
    now.tm_hour = fixture["now"][3].get<int>();
    now.tm_min = fixture["now"][4].get<int>();
    now.tm_sec = fixture["now"][5].get<int>();
    int wrong = 0;
    for (const auto &item : fixture["cases"]) {
        nlohmann::ordered_json conversation = nlohmann::ordered_json::array();
        RenderContext context = contextOf(fixture["contexts"][item["context"].get<std::string>()], conversation);
        context.now = now;
        Result<RenderedText> got = fail(ErrorCode::Internal, "");
        const auto parsed = ChatTemplate::parse(item["template"].get<std::string>());
        if (parsed)
            got = parsed->render(conversation, context);
        else
            got = passError(parsed);
        nlohmann::ordered_json spans = nlohmann::ordered_json::array();
        if (got)
            for (const TextSpan &span : got->generated)
                spans.push_back({span.begin, span.end});
        const nlohmann::ordered_json wantSpans = item.contains("generated") ? item["generated"] : nlohmann::ordered_json::array();
        const bool right =
            item.contains("error") ? !got.has_value() : got && got->text == item["text"].get<std::string>() && spans == wantSpans;
        if (right)
            continue;
        ++wrong;
        qWarning().noquote() << "\ntemplate" << QString::fromStdString(item["template"].dump()) << "on"
                             << QString::fromStdString(item["context"].dump()) << "\n  got "
                             << (got ? QString::fromStdString(nlohmann::ordered_json(got->text).dump() + " " + spans.dump())
                                     : QString::fromStdString(got.error().message))
                             << "\n  want"
                             << (item.contains("error") ? QString::fromStdString(item["error"].dump())
                                                        : QString::fromStdString(item["text"].dump() + " " + wantSpans.dump()));
    }
    QCOMPARE(wrong, 0);
}

void TestChatTemplate::realTemplates()
{
    const std::string file = std::string(FETTLE_SHARED_DATA) + "/chat_templates/real_templates_with_targets.json";
    if (!QFile::exists(QString::fromStdString(file)))
        QSKIP("The real templates (../shared/data/chat_templates) are not beside this checkout.");
    const nlohmann::ordered_json real = read(file);
    for (const auto &item : real["cases"]) {
        nlohmann::ordered_json conversation;
        const RenderContext context = contextOf(item["data"], conversation);
        const auto parsed = ChatTemplate::parse(item["chat_template"].get<std::string>());
        QVERIFY2(parsed.has_value(), parsed ? "" : parsed.error().message.c_str());
        const auto got = parsed->render(conversation, context);
        QVERIFY2(got.has_value(), got ? "" : got.error().message.c_str());
        QCOMPARE(QString::fromStdString(got->text), QString::fromStdString(item["target"].get<std::string>()));
    }
}

void TestChatTemplate::hostile_data()
{
    QTest::addColumn<QString>("source");
    QTest::newRow("long range") << "{% for i in range(1000000000) %}{% endfor %}";
    QTest::newRow("loops in loops")
        << "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}x{% endfor %}{% endfor %}{% endfor %}";
    QTest::newRow("quiet loops") << "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    QTest::newRow("endless macro") << "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    QTest::newRow("two endless macros") << "{% macro a() %}{% if true %}{{ b() }}{% endif %}{% endmacro %}{% macro b() %}{% for i in [1] "
                                           "%}{{ a() }}{% endfor %}{% endmacro %}{{ a() }}";
    QTest::newRow("endless recursive loop") << "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}";
    QTest::newRow("multiplied text") << "{{ 'abc' * 1000000000 }}";
    QTest::newRow("multiplied list") << "{{ [1] * 1000000000 }}";
    QTest::newRow("huge multiplication") << "{{ 'a' * 9223372036854775807 }}";
    QTest::newRow("doubled text") << "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
    QTest::newRow("doubled list") << "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}";
    QTest::newRow("power") << "{{ 10 ** 100000000 }}";
    QTest::newRow("power of powers") << "{{ 10 ** 10 ** 10 }}";
    QTest::newRow("padding") << "{{ 'x'.center(2000000000) }}";
    QTest::newRow("padding filter") << "{{ 'x'|center(2000000000) }}";
    QTest::newRow("zfill") << "{{ '1'.zfill(2000000000) }}";
    QTest::newRow("format width") << "{{ '%2000000000d' % 1 }}";
    QTest::newRow("format star") << "{{ '%*d' % (2000000000, 1) }}";
    QTest::newRow("brace width") << "{{ '{:2000000000}'.format(1) }}";
    QTest::newRow("brace precision") << "{{ '{:.2000000000f}'.format(1.0) }}";
    QTest::newRow("replace blow-up") << "{% set a = 'a' * 1000000 %}{{ a.replace('a', a) }}";
    QTest::newRow("replace of nothing") << "{% set a = 'a' * 1000000 %}{{ a|replace('', a) }}";
    QTest::newRow("join blow-up") << "{% set a = 'a' * 1000000 %}{{ a.join(range(100000)|map('string')) }}";
    QTest::newRow("indent blow-up") << "{{ ('\n' * 1000000)|indent(1000000, blank=true) }}";
    QTest::newRow("json indent") << "{{ [[[[1]]]]|tojson(indent=2000000000) }}";
    QTest::newRow("expandtabs") << "{{ ('\t' * 10000).expandtabs(2000000000) }}";
    QTest::newRow("batch fill") << "{{ [1]|batch(2000000000, 0)|list }}";
    QTest::newRow("slices") << "{{ [1]|slice(2000000000)|list }}";
    QTest::newRow("nested list")
        << "{% set ns = namespace(s=[]) %}{% for i in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}";
    QTest::newRow("nested dict")
        << "{% set ns = namespace(s={}) %}{% for i in range(100000) %}{% set ns.s = {'a': ns.s} %}{% endfor %}{{ ns.s }}";
    QTest::newRow("nested generator")
        << "{% set ns = namespace(s=[1]) %}{% for i in range(100000) %}{% set ns.s = ns.s|map('string') %}{% endfor %}{{ ns.s|list }}";
    QTest::newRow("circle of namespaces") << "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}";
    QTest::newRow("nested brackets") << QString(5000, '(').prepend("{{ ") + "1" + QString(5000, ')') + " }}";
    QTest::newRow("nested lists in source") << "{{ " + QString(5000, '[') + QString(5000, ']') + " }}";
    QTest::newRow("many nots") << "{{ " + QString("not ").repeated(5000) + "1 }}";
    QTest::newRow("many signs") << "{{ " + QString("-").repeated(5000) + "1 }}";
    QTest::newRow("nested blocks") << QString("{% if true %}").repeated(5000) + QString("{% endif %}").repeated(5000);
    QTest::newRow("many elifs") << "{% if false %}" + QString("{% elif false %}").repeated(50000) + "{% endif %}";
    QTest::newRow("long chain of filters") << "{{ 1" + QString("|abs").repeated(100000) + " }}";
    QTest::newRow("long sum") << "{{ 1" + QString("+1").repeated(100000) + " }}";
    QTest::newRow("long path") << "{{ a" + QString(".a").repeated(100000) + " }}";
    QTest::newRow("many conditions") << "{{ 1" + QString(" if 1 else 1").repeated(20000) + " }}";
}

void TestChatTemplate::hostile()
{
    QFETCH(QString, source);
    const auto parsed = ChatTemplate::parse(source.toStdString());
    if (parsed) {
        const auto got = parsed->render(nlohmann::ordered_json::array(), {});
        QVERIFY(!got.has_value());
        QCOMPARE(got.error().code, ErrorCode::BadInput);
        QVERIFY(!got.error().message.empty() && !got.error().hint.empty());
    } else {
        QCOMPARE(parsed.error().code, ErrorCode::BadInput);
    }
}

void TestChatTemplate::messages_data()
{
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("message");
    QTest::newRow("raised") << "{{ raise_exception('Roles must alternate!') }}"
                            << "The chat template refuses this conversation: Roles must alternate!";
    QTest::newRow("undefined") << "a\n{{ nothing.x }}"
                               << "The chat template failed, line 2: 'nothing' is undefined.";
    QTest::newRow("inside a loop") << "{% for x in [1] %}\n\n{{ x.y.z }}\n{% endfor %}"
                                   << "line 3: 'int object' has no attribute 'y'";
    QTest::newRow("syntax") << "a\n\n{% if %}"
                            << "Cannot read the chat template, line 3: expected an expression, found \"%}\".";
    QTest::newRow("unknown tag") << "{% foo %}"
                                 << "line 1: unknown tag {% foo %}";
    QTest::newRow("unfinished") << "{% for a in b %}"
                                << "the template ends before {% endfor %}";
    QTest::newRow("filter") << "{{ 1|nope }}"
                            << "there is no filter named 'nope'";
    QTest::newRow("steps") << "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
                           << "The chat template was stopped, line 1: it needs more than 5000000 steps.";
}

void TestChatTemplate::messages()
{
    QFETCH(QString, source);
    QFETCH(QString, message);
    const auto parsed = ChatTemplate::parse(source.toStdString());
    std::string got = parsed ? std::string() : parsed.error().message;
    if (parsed) {
        const auto rendered = parsed->render(nlohmann::ordered_json::array(), {});
        QVERIFY(!rendered.has_value());
        got = rendered.error().message;
    }
    QVERIFY2(QString::fromStdString(got).contains(message), got.c_str());
}

void TestChatTemplate::hasGenerationBlocks()
{
    QVERIFY(ChatTemplate::parse("{% if false %}{%- generation -%}{% endgeneration %}{% endif %}")->hasGenerationBlocks());
    QVERIFY(!ChatTemplate::parse("generation {{ 'generation' }}")->hasGenerationBlocks());
}

void TestChatTemplate::folders()
{
    const auto missing = ChatTemplate::fromTokenizerFolder("nowhere");
    QVERIFY(!missing.has_value());
    QCOMPARE(missing.error().code, ErrorCode::NotFound);
    const std::string qwen = std::string(FETTLE_SHARED_DATA) + "/tokenizers/qwen3";
    if (!QFile::exists(QString::fromStdString(qwen)))
        QSKIP("The real tokenizers (../shared/data/tokenizers) are not beside this checkout.");
    const auto found = ChatTemplate::fromTokenizerFolder(qwen);
    QVERIFY2(found.has_value(), found ? "" : found.error().message.c_str());
    RenderContext context;
    context.addGenerationPrompt = true;
    const auto got = found->render({{{"role", "user"}, {"content", "Hi"}}}, context);
    QVERIFY2(got.has_value(), got ? "" : got.error().message.c_str());
    QCOMPARE(got->text, std::string("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"));
}

QTEST_GUILESS_MAIN(TestChatTemplate)
#include "tst_chattemplate.moc"
