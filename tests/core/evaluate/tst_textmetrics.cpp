// Measures of texts against rouge-score, sacrebleu and the evaluation script of SQuAD; intervals and tests against scipy.
// Values: tests/fixtures/make_textmetrics.py.
#include <QTest>

#include "core/evaluate/statistics.h"
#include "core/evaluate/textmetrics.h"
#include "core/evaluate/textoverlap.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <numeric>

using namespace fettle::evaluate;
using Json = nlohmann::json;

namespace {

const Json &fixture()
{
    static const Json document = Json::parse(std::ifstream(FETTLE_FIXTURES "/textmetrics.json"));
    return document;
}

std::string text(const Json &row, const char *key) { return row.at(key).get<std::string>(); }

bool isNear(double value, double expected, double tolerance)
{
    if (std::abs(value - expected) <= tolerance)
        return true;
    qWarning("%.17g instead of %.17g", value, expected);
    return false;
}

bool areNear(const Overlap &value, const Json &expected, double tolerance)
{
    return isNear(value.precision, expected[0], tolerance) && isNear(value.recall, expected[1], tolerance) && isNear(value.f1, expected[2], tolerance);
}

void addRows(const char *part, const char *name, double tolerance)
{
    QTest::addColumn<int>("row");
    QTest::addColumn<double>("tolerance");
    const Json &rows = fixture().at(part);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string title = rows[i].at(name).is_string() ? text(rows[i], name) : rows[i].dump();
        QTest::newRow(title.c_str()) << int(i) << rows[i].value("tolerance", tolerance);
    }
}

} // namespace

class TestTextMetrics : public QObject {
    Q_OBJECT
private slots:
    void pairs_data() { addRows("pairs", "name", 1e-9); }
    void pairs();
    void corpora_data() { addRows("corpora", "name", 1e-9); }
    void corpora();
    void wilson_data() { addRows("shares", "successes", 1e-12); }
    void wilson();
    void wilsonTakesHalvesAndNothing();
    void votes_data() { addRows("votes", "wins", 1e-10); }
    void votes();
    void bootstrap_data() { addRows("means", "name", 0); }
    void bootstrap();
    void bootstrapKeepsRowsTogether();
    void illFormedBytesAreNoProblem();
    void phrases_data();
    void phrases();
    void patterns();
    void numbers_data();
    void numbers();
    void numbersAreCompared_data();
    void numbersAreCompared();
    void distinct();
    void refusals_data();
    void refusals();
    void json_data();
    void json();
};

void TestTextMetrics::pairs()
{
    QFETCH(int, row);
    QFETCH(double, tolerance);
    const Json &pair = fixture().at("pairs")[static_cast<std::size_t>(row)];
    const std::string expected = text(pair, "expected"), answer = text(pair, "answer");
    QCOMPARE(QString::fromStdString(normaliseAnswer(answer)), QString::fromStdString(text(pair, "normalised")));
    QCOMPARE(isExactMatch(expected, answer), pair.at("exact").get<bool>());
    QVERIFY(areNear(rougeN(expected, answer, 1), pair.at("rouge1"), tolerance));
    QVERIFY(areNear(rougeN(expected, answer, 2), pair.at("rouge2"), tolerance));
    QVERIFY(areNear(rougeL(expected, answer), pair.at("rougeL"), tolerance));
    QVERIFY(isNear(chrfPlusPlus(chrfCounts(expected, answer)), pair.at("chrf"), tolerance));
    QVERIFY(isNear(bleu(bleuCounts(expected, answer), BleuOrder::Effective), pair.at("bleu"), tolerance));
}

void TestTextMetrics::corpora()
{
    QFETCH(int, row);
    QFETCH(double, tolerance);
    const Json &corpus = fixture().at("corpora")[static_cast<std::size_t>(row)];
    ChrfCounts letters;
    BleuCounts words;
    for (const Json &name : corpus.at("rows")) {
        for (const Json &pair : fixture().at("pairs")) {
            if (pair.at("name") != name)
                continue;
            letters += chrfCounts(text(pair, "expected"), text(pair, "answer"));
            words += bleuCounts(text(pair, "expected"), text(pair, "answer"));
        }
    }
    QVERIFY(isNear(chrfPlusPlus(letters), corpus.at("chrf"), tolerance));
    QVERIFY(isNear(bleu(words), corpus.at("bleu"), tolerance));
}

void TestTextMetrics::wilson()
{
    QFETCH(int, row);
    QFETCH(double, tolerance);
    const Json &share = fixture().at("shares")[static_cast<std::size_t>(row)];
    const Interval interval = wilsonInterval(share.at("successes"), share.at("total"));
    QVERIFY(isNear(interval.low, share.at("low"), tolerance));
    QVERIFY(isNear(interval.high, share.at("high"), tolerance));
}

void TestTextMetrics::wilsonTakesHalvesAndNothing()
{
    const Interval nothing = wilsonInterval(0, 0);
    QCOMPARE(nothing.low, 0.0);
    QCOMPARE(nothing.high, 1.0);
    const Interval halves = wilsonInterval(10.5, 21);
    QVERIFY(isNear(halves.low + halves.high, 1.0, 1e-12));
    QVERIFY(halves.low > wilsonInterval(10, 21).low && halves.high < wilsonInterval(11, 21).high);
}

void TestTextMetrics::votes()
{
    QFETCH(int, row);
    QFETCH(double, tolerance);
    const Json &vote = fixture().at("votes")[static_cast<std::size_t>(row)];
    QVERIFY(isNear(signTest(vote.at("wins"), vote.at("losses")), vote.at("p"), tolerance));
    QCOMPARE(signTest(0, 0), 1.0);
}

void TestTextMetrics::bootstrap()
{
    QFETCH(int, row);
    QFETCH(double, tolerance);
    const Json &mean = fixture().at("means")[static_cast<std::size_t>(row)];
    const auto values = mean.at("values").get<std::vector<double>>();
    const Interval interval = bootstrapMean(values);
    QVERIFY(isNear(interval.low, mean.at("low"), tolerance));
    QVERIFY(isNear(interval.high, mean.at("high"), tolerance));
    const Interval again = bootstrapMean(values);
    QCOMPARE(again.low, interval.low); // the same seed, the same bits
    QCOMPARE(again.high, interval.high);
    if (text(mean, "name") != "shares") { // few different means: two seeds may well meet
        const Interval other = bootstrapMean(values, {.seed = 8});
        QVERIFY(other.low != interval.low && other.high != interval.high);
    }
}

// Values that differ much from row to row and always by one half between the sides: only a paired resampling knows the difference exactly.
void TestTextMetrics::bootstrapKeepsRowsTogether()
{
    std::vector<double> base(50), tuned(50);
    for (std::size_t i = 0; i < base.size(); ++i) {
        base[i] = static_cast<double>(i * i);
        tuned[i] = base[i] + 0.5;
    }
    const Interval interval = bootstrapInterval(base.size(), [&](std::span<const std::size_t> rows) {
        double sum = 0;
        for (const std::size_t row : rows)
            sum += tuned[row] - base[row];
        return sum / double(rows.size());
    });
    QVERIFY(isNear(interval.low, 0.5, 1e-9) && isNear(interval.high, 0.5, 1e-9));
    QCOMPARE(bootstrapMean({}).high, 0.0);
}

void TestTextMetrics::illFormedBytesAreNoProblem()
{
    const std::string broken = "caf\xc3 \xff\xfe the\xe2\x82";
    QVERIFY(isExactMatch(broken, broken));
    QCOMPARE(rougeL(broken, broken).f1, 1.0);
    QVERIFY(isNear(chrfPlusPlus(chrfCounts(broken, broken)), 100, 1e-9));
    QVERIFY(isNear(bleu(bleuCounts(broken, broken), BleuOrder::Effective), 100, 1e-9));
    QVERIFY(!isJson(broken));
    QVERIFY(!isRefusal(broken));
    QVERIFY(AnswerPattern::compile("the").value().isFoundIn(broken).value());
}

void TestTextMetrics::phrases_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QByteArray>("phrase");
    QTest::addColumn<bool>("isIn");
    QTest::newRow("inside") << QByteArray("Ring us on 01632 960 114 now") << QByteArray("01632 960 114") << true;
    QTest::newRow("other case") << QByteArray("Die \xc3\x84RZTE kommen") << QByteArray("\xc3\xa4rzte") << true;
    QTest::newRow("other spaces") << QByteArray("01632\n960\xc2\xa0" "114") << QByteArray("01632 960 114") << true;
    QTest::newRow("other apostrophe") << QByteArray("Don\xe2\x80\x99t wait") << QByteArray("don't wait") << true;
    QTest::newRow("not inside") << QByteArray("Ring us") << QByteArray("Ring him") << false;
    QTest::newRow("empty phrase") << QByteArray("Ring us") << QByteArray("") << false;
}

void TestTextMetrics::phrases()
{
    QFETCH(QByteArray, answer);
    QFETCH(QByteArray, phrase);
    QTEST(containsPhrase(answer.toStdString(), phrase.toStdString()), "isIn");
}

void TestTextMetrics::patterns()
{
    const auto weight = AnswerPattern::compile("(?i)\\b\\d+ KG\\b");
    QVERIFY(weight.has_value());
    QVERIFY(weight->isFoundIn("He weighs 42 kg today.").value());
    QVERIFY(!weight->isFoundIn("He weighs 42 kgs today.").value());
    for (const char *wrong : {"", "(", "[a", "\xff"}) {
        const auto pattern = AnswerPattern::compile(wrong);
        QVERIFY(!pattern.has_value());
        QCOMPARE(pattern.error().code, fettle::ErrorCode::Usage);
    }
    const auto hostile = AnswerPattern::compile("^(([a-z])+.)+[A-Z]([a-z])+$");
    QVERIFY(hostile.has_value());
    const auto found = hostile->isFoundIn(std::string(4000, 'a')); // ends with an answer or an error, not with a hang
    QVERIFY(!found.has_value() || !*found);
}

void TestTextMetrics::numbers_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QList<double>>("expected");
    QTest::newRow("none") << QByteArray("no number") << QList<double>{};
    QTest::newRow("several") << QByteArray("2 dogs, 3.5 kg.") << QList<double>{2, 3.5};
    QTest::newRow("groups") << QByteArray("1,250,000.5 and 12,34 and 1,2345") << QList<double>{1250000.5, 12, 34, 1, 2345};
    QTest::newRow("list of three digits") << QByteArray("1234,567") << QList<double>{1234, 567};
    QTest::newRow("signs") << QByteArray("-4, (-5) and \xe2\x88\x92" "6; 3-5, A-7") << QList<double>{-4, -5, -6, 3, 5, 7};
    QTest::newRow("exponents") << QByteArray("6e-3 2E2 3em") << QList<double>{0.006, 200, 3};
    QTest::newRow("at the end") << QByteArray("7.") << QList<double>{7};
    QTest::newRow("too large") << QByteArray("1e999 8") << QList<double>{8};
}

void TestTextMetrics::numbers()
{
    QFETCH(QByteArray, text);
    QFETCH(QList<double>, expected);
    const auto found = numbersIn(text.toStdString());
    QCOMPARE(QList<double>(found.begin(), found.end()), expected);
}

void TestTextMetrics::numbersAreCompared_data()
{
    QTest::addColumn<QByteArray>("expected");
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<double>("absolute");
    QTest::addColumn<double>("relative");
    QTest::addColumn<int>("agree"); // -1: no number is expected
    QTest::newRow("equal") << QByteArray("42") << QByteArray("It is 6 times 7 = 42.") << 0.0 << 0.0 << 1;
    QTest::newRow("the last one counts") << QByteArray("42") << QByteArray("42 or 43") << 0.0 << 0.0 << 0;
    QTest::newRow("within absolute") << QByteArray("10") << QByteArray("10.4") << 0.5 << 0.0 << 1;
    QTest::newRow("beyond absolute") << QByteArray("10") << QByteArray("10.6") << 0.5 << 0.0 << 0;
    QTest::newRow("within relative") << QByteArray("-200") << QByteArray("-201") << 0.0 << 0.01 << 1;
    QTest::newRow("beyond relative") << QByteArray("-200") << QByteArray("200") << 0.0 << 0.01 << 0;
    QTest::newRow("no answer") << QByteArray("10") << QByteArray("ten") << 0.5 << 0.0 << 0;
    QTest::newRow("no expectation") << QByteArray("ten") << QByteArray("10") << 0.5 << 0.0 << -1;
}

void TestTextMetrics::numbersAreCompared()
{
    QFETCH(QByteArray, expected);
    QFETCH(QByteArray, answer);
    QFETCH(double, absolute);
    QFETCH(double, relative);
    const auto agree = numbersAgree(expected.toStdString(), answer.toStdString(), {absolute, relative});
    QTEST(agree ? int(*agree) : -1, "agree");
}

void TestTextMetrics::distinct()
{
    const std::vector<std::string> answers = {"a b a b", "a b", ""};
    QCOMPARE(distinctNgrams(answers, 1), 2.0 / 6.0);
    QCOMPARE(distinctNgrams(answers, 2), 2.0 / 4.0); // "a b", "b a" of four
    QCOMPARE(distinctNgrams(answers, 5), 0.0);
    QCOMPARE(distinctNgrams({}, 1), 0.0);
    QCOMPARE(wordsOf(" a\tb\xe3\x80\x80" "c ").size(), std::size_t(3));
}

void TestTextMetrics::refusals_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<bool>("refuses");
    QTest::newRow("cannot") << QByteArray("I cannot help with that.") << true;
    QTest::newRow("typeset apostrophe") << QByteArray("I\xe2\x80\x99m sorry, but I can\xe2\x80\x99t say.") << true;
    QTest::newRow("as an AI") << QByteArray("As an AI language model, I have no pets.") << true;
    QTest::newRow("two sentences") << QByteArray("I'm sorry. I can't do that.") << true;
    QTest::newRow("advice") << QByteArray("Ring us on 01632 960 114 if he cannot stand.") << false;
    QTest::newRow("regret") << QByteArray("I'm sorry to hear that. Bring him in.") << false;
    QTest::newRow("empty") << QByteArray("") << false;
}

void TestTextMetrics::refusals()
{
    QFETCH(QByteArray, answer);
    QTEST(isRefusal(answer.toStdString()), "refuses");
}

void TestTextMetrics::json_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<bool>("valid");
    QTest::newRow("object") << QByteArray(" {\"a\": [1, true, null]}\n") << true;
    QTest::newRow("fenced") << QByteArray("```json\n{}\n```") << false;
    QTest::newRow("single quotes") << QByteArray("{'a': 1}") << false;
    QTest::newRow("comma at the end") << QByteArray("[1,]") << false;
    QTest::newRow("words behind") << QByteArray("{} as you asked") << false;
    QTest::newRow("not a number") << QByteArray("NaN") << false;
    QTest::newRow("empty") << QByteArray("") << false;
    QTest::newRow("deep") << QByteArray(100000, '[') + QByteArray(100000, ']') << true;
}

void TestTextMetrics::json()
{
    QFETCH(QByteArray, answer);
    QTEST(isJson(answer.toStdString()), "valid");
}

QTEST_APPLESS_MAIN(TestTextMetrics)
#include "tst_textmetrics.moc"
