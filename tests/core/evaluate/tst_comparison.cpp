// Two columns of answers: their measures, the paired difference, what got worse, and the files.
#include <QTest>

#include "core/evaluate/comparisonfile.h"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace fettle::evaluate;

namespace {

QuestionRow row(std::int64_t record, const std::string &expected, const std::string &base, const std::string &tuned, std::vector<std::string> tags = {})
{
    QuestionRow made;
    made.record = record;
    made.question = "Question " + std::to_string(record);
    made.expected = expected;
    made.tags = std::move(tags);
    made.answers = {{base, 3, false, {}, 0}, {tuned, 4, true, {}, 0}};
    return made;
}

void setLosses(QuestionRow &made, double base, double tuned, std::int64_t tokens)
{
    made.answers[0].loss = base;
    made.answers[1].loss = tuned;
    made.answers[0].lossTokens = made.answers[1].lossTokens = tokens;
}

const MeasureSummary *find(const std::vector<MeasureSummary> &summaries, Measure measure)
{
    for (const MeasureSummary &summary : summaries) {
        if (summary.measure == measure)
            return &summary;
    }
    return nullptr;
}

std::vector<QuestionRow> fourRows()
{
    return {row(1, "Ring us now.", "Wait.", "Ring us now", {"urgent"}), row(2, "Give 5 mg.", "Give 5 mg.", "Give 6 mg.", {"dose", "urgent"}),
            row(3, "Room 3.", "Room 3.", "Room 3."), row(4, "No.", "Perhaps not.", "Certainly not.")};
}

} // namespace

class TestComparison : public QObject {
    Q_OBJECT
private slots:
    void sharesAndDifferences();
    void lossIsWeightedByTokens();
    void rowsThatMissAValueAreLeftOut();
    void wholeTextMeasuresAreOfAllAnswers();
    void theSameSeedGivesTheSameIntervals();
    void tags();
    void nothingToCompare();
    void verdicts();
    void regressionsComeFirst();
    void patternAndFact();
    void csvIsSafeAndComplete();
    void jsonHoldsEverything();
    void pageIsSafeAndComplete();
    void judgeIsReadInBothOrders();
    void judgeWithoutPairsKnowsNothing();
    void judgeQuestionIsPlain();
    void verdictsAreInEveryFile();
};

void TestComparison::sharesAndDifferences()
{
    const auto rows = fourRows();
    const auto summaries = summarise(rows);
    QVERIFY(summaries.has_value());
    const MeasureSummary *exact = find(*summaries, Measure::ExactMatch);
    QVERIFY(exact);
    QCOMPARE(exact->rows, std::int64_t(4));
    QCOMPARE(exact->columns[0].value, 0.5); // rows 2 and 3
    QCOMPARE(exact->columns[1].value, 0.5); // rows 1 and 3
    QCOMPARE(exact->differences[1].value, 0.0);
    QVERIFY(exact->differences[1].interval.low < 0 && exact->differences[1].interval.high > 0);
    const Interval wilson = wilsonInterval(2, 4);
    QCOMPARE(exact->columns[0].interval.low, wilson.low);
    QCOMPARE(exact->columns[0].interval.high, wilson.high);
    const MeasureSummary *ended = find(*summaries, Measure::Ended);
    QVERIFY(ended);
    QCOMPARE(ended->differences[1].value, 1.0);
    QCOMPARE(ended->differences[1].interval.low, 1.0); // every row improved: no sample of rows says otherwise
    QVERIFY(!find(*summaries, Measure::Loss)); // no losses were given
    QVERIFY(!find(*summaries, Measure::Pattern));
}

void TestComparison::lossIsWeightedByTokens()
{
    auto rows = fourRows();
    for (std::size_t i = 0; i < rows.size(); ++i)
        setLosses(rows[i], 2.0, i == 0 ? 4.0 : 1.0, i == 0 ? 30 : 10);
    const auto summaries = summarise(rows);
    QVERIFY(summaries.has_value());
    const MeasureSummary *loss = find(*summaries, Measure::Loss), *perplexity = find(*summaries, Measure::Perplexity);
    QVERIFY(loss && perplexity);
    QCOMPARE(loss->columns[0].value, 2.0);
    QCOMPARE(loss->columns[1].value, (4.0 * 30 + 3 * 10) / 60);
    QCOMPARE(perplexity->columns[1].value, std::exp(2.5));
    QCOMPARE(loss->columns[0].interval.low, 2.0);
    QCOMPARE(loss->columns[0].interval.high, 2.0);
}

void TestComparison::rowsThatMissAValueAreLeftOut()
{
    const auto summaries = summarise(fourRows());
    QVERIFY(summaries.has_value());
    const MeasureSummary *number = find(*summaries, Measure::Number);
    QVERIFY(number);
    QCOMPARE(number->rows, std::int64_t(2)); // "5 mg" and "Room 3"
    QCOMPARE(number->columns[0].value, 1.0);
    QCOMPARE(number->columns[1].value, 0.5);
}

void TestComparison::wholeTextMeasuresAreOfAllAnswers()
{
    const auto rows = fourRows();
    const auto summaries = summarise(rows);
    QVERIFY(summaries.has_value());
    ChrfCounts letters;
    BleuCounts words;
    std::vector<std::string> answers;
    for (const QuestionRow &each : rows) {
        letters += chrfCounts(each.expected, each.answers[1].text);
        words += bleuCounts(each.expected, each.answers[1].text);
        answers.push_back(each.answers[1].text);
    }
    QCOMPARE(find(*summaries, Measure::Chrf)->columns[1].value, chrfPlusPlus(letters));
    QCOMPARE(find(*summaries, Measure::Bleu)->columns[1].value, bleu(words));
    QCOMPARE(find(*summaries, Measure::Distinct2)->columns[1].value, distinctNgrams(answers, 2));
    const ColumnValue &chrf = find(*summaries, Measure::Chrf)->columns[1];
    QVERIFY(chrf.interval.low < chrf.value && chrf.value < chrf.interval.high);
}

void TestComparison::theSameSeedGivesTheSameIntervals()
{
    const auto first = summarise(fourRows()), again = summarise(fourRows());
    QVERIFY(first.has_value() && again.has_value());
    QCOMPARE(first->size(), again->size());
    for (std::size_t i = 0; i < first->size(); ++i) {
        QCOMPARE((*first)[i].differences[1].interval.low, (*again)[i].differences[1].interval.low);
        QCOMPARE((*first)[i].columns[1].interval.high, (*again)[i].columns[1].interval.high);
    }
}

void TestComparison::tags()
{
    const auto summaries = summariseTags(fourRows());
    QVERIFY(summaries.has_value());
    QCOMPARE(summaries->size(), std::size_t(2));
    QCOMPARE((*summaries)[0].tag, std::string("dose"));
    QCOMPARE((*summaries)[1].tag, std::string("urgent"));
    QCOMPARE(find((*summaries)[1].measures, Measure::ExactMatch)->rows, std::int64_t(2));
    QCOMPARE(find((*summaries)[0].measures, Measure::ExactMatch)->differences[1].value, -1.0);
}

void TestComparison::nothingToCompare()
{
    const auto summaries = summarise({});
    QVERIFY(summaries.has_value() && summaries->empty());
    QVERIFY(regressionsFirst({}, 1).empty());
}

void TestComparison::verdicts()
{
    auto rows = fourRows();
    QCOMPARE(standing(rows[0], 1).verdict, Verdict::Better);
    QCOMPARE(standing(rows[1], 1).verdict, Verdict::Worse);
    QCOMPARE(standing(rows[2], 1).verdict, Verdict::Same);
    QCOMPARE(standing(rows[0], 0).verdict, Verdict::Same); // against itself
    setLosses(rows[0], 1.0, 1.05, 10); // the loss decides where there is one
    QCOMPARE(standing(rows[0], 1).verdict, Verdict::Changed);
    setLosses(rows[0], 1.0, 1.2, 10);
    QCOMPARE(standing(rows[0], 1).verdict, Verdict::Worse);
    QVERIFY(standing(rows[0], 1).gain < 0);
}

void TestComparison::regressionsComeFirst()
{
    auto rows = fourRows();
    const double tuned[] = {1.5, 1.2, 0.2, 1.0};
    for (std::size_t i = 0; i < rows.size(); ++i)
        setLosses(rows[i], 1.0, tuned[i], 10);
    QCOMPARE(regressionsFirst(rows, 1), (std::vector<std::size_t>{0, 1, 3, 2})); // worse by 0.5, by 0.2, changed, same text
}

void TestComparison::patternAndFact()
{
    auto rows = fourRows();
    rows[0].fact = "us NOW";
    MeasureSettings settings;
    settings.pattern = AnswerPattern::compile("(?i)\\bgive\\b").value();
    QCOMPARE(*valueOf(Measure::Contains, rows[0], 1, settings).value(), 1.0);
    QCOMPARE(*valueOf(Measure::Contains, rows[0], 0, settings).value(), 0.0);
    const auto summaries = summarise(rows, settings);
    QVERIFY(summaries.has_value());
    QCOMPARE(find(*summaries, Measure::Pattern)->columns[1].value, 0.25);
}

void TestComparison::csvIsSafeAndComplete()
{
    Comparison comparison;
    comparison.columns = {"base", "Run 3"};
    comparison.rows = fourRows();
    comparison.rows[0].answers[0].text = "=1+1";
    comparison.rows[1].answers[1].text = "a \"quoted\",\nword";
    comparison.rows[2].answers[1].text = "broken \xff";
    comparison.measures = summarise(comparison.rows).value();
    const auto csv = toCsv(comparison);
    QVERIFY(csv.has_value());
    const QString text = QString::fromStdString(*csv);
    QVERIFY(csv->starts_with("\xEF\xBB\xBF")); // spreadsheets take other files for Latin-1
    QCOMPARE(text.count(QStringLiteral("\r\n")), 5);
    QVERIFY(text.contains(QStringLiteral(",\"'=1+1\",")));
    QVERIFY(text.contains(QStringLiteral("\"a \"\"quoted\"\",\nword\"")));
    QVERIFY(text.contains(QChar(0xFFFD)));
    const QStringList head = text.section(QStringLiteral("\r\n"), 0, 0).split(QLatin1Char(','));
    QVERIFY(head.contains(QStringLiteral("\"Run 3 rougeL\"")) && head.contains(QStringLiteral("\"Run 3 against base\"")));
    QVERIFY(!text.contains(QStringLiteral("perplexity"))); // no losses
    const QString third = text.section(QStringLiteral("\r\n"), 4, 4); // no comma within its cells
    QCOMPARE(third.split(QLatin1Char(',')).size(), head.size());
}

void TestComparison::jsonHoldsEverything()
{
    Comparison comparison;
    comparison.columns = {"base", "Run 3"};
    comparison.rows = fourRows();
    comparison.measures = summarise(comparison.rows).value();
    comparison.tags = summariseTags(comparison.rows).value();
    const auto json = toJson(comparison);
    QVERIFY(json.has_value());
    QCOMPARE(json->at("rows").size(), std::size_t(4));
    QCOMPARE(json->at("rows")[1].at("answers")[1].at("against").get<std::string>(), std::string("worse"));
    QCOMPARE(json->at("rows")[0].at("answers")[1].at("exactMatch").get<double>(), 1.0);
    QCOMPARE(json->at("metrics").at("ended").at("differences")[1].at("value").get<double>(), 1.0);
    QCOMPARE(json->at("tags").at("dose").at("exactMatch").at("columns")[1].at("value").get<double>(), 0.0);
    QVERIFY(!json->dump().empty());
}

void TestComparison::pageIsSafeAndComplete()
{
    Comparison comparison;
    comparison.columns = {"base", "Run <1>"};
    comparison.rows = fourRows();
    comparison.rows[0].question = "</td><script>alert(1)</script>";
    comparison.rows[1].answers[1].text = "a \xFF & \"b\"";
    comparison.measures = *summarise(comparison.rows);
    comparison.tags = {{"<b>tag</b>", comparison.measures}};
    const QString page = QString::fromStdString(toHtml(comparison));
    QVERIFY(!page.contains(QStringLiteral("<script")) && !page.contains(QStringLiteral("<b>")) && !page.contains(QStringLiteral("http:")));
    QVERIFY(page.contains(QStringLiteral("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;")));
    QVERIFY(page.contains(QString::fromUtf8("a \xEF\xBF\xBD &amp; &quot;b&quot;")));
    QVERIFY(page.contains(QStringLiteral("Run &lt;1&gt;")));
    for (const MeasureSummary &summary : comparison.measures) {
        const auto info = std::find_if(measures().begin(), measures().end(), [&](const MeasureInfo &one) { return one.measure == summary.measure; });
        QCOMPARE(page.count(QStringLiteral("<tr><td>%1</td>").arg(QString::fromUtf8(info->key.data(), qsizetype(info->key.size())))), 2); // all, and the tag
    }
    // In the order of regressionsFirst.
    qsizetype at = page.indexOf(QStringLiteral("worse first"));
    for (const std::size_t row : regressionsFirst(comparison.rows, 1)) {
        const qsizetype next = page.indexOf(QStringLiteral("<tr><td>") + QString::fromStdString(comparison.rows[row].question).toHtmlEscaped(), at);
        QVERIFY(next > at);
        at = next;
    }
}

// Of ten pairs: four tuned, one base, three that turn with the order (two to the first, one to the second), one the same, one too long.
static std::vector<JudgedRow> judgedRows()
{
    std::vector<JudgedRow> rows;
    for (int i = 0; i < 4; ++i)
        rows.push_back({JudgeReading{0.9, 0.6}, false, {"prices"}});
    rows.push_back({JudgeReading{0.1, 0.4}, false, {"prices"}});
    for (int i = 0; i < 2; ++i)
        rows.push_back({JudgeReading{0.8, 0.3}, false, {}});
    rows.push_back({JudgeReading{0.3, 0.8}, false, {}});
    rows.push_back({{}, true, {}});
    rows.push_back({{}, false, {}});
    return rows;
}

void TestComparison::judgeIsReadInBothOrders()
{
    const auto judge = summariseJudge(judgedRows());
    QCOMPARE(judge.tally.votes, std::int64_t(9));
    QCOMPARE(judge.tally.tuned, std::int64_t(4));
    QCOMPARE(judge.tally.base, std::int64_t(1));
    QCOMPARE(judge.tally.equal, std::int64_t(4)); // three turned, one the same
    QCOMPARE(judge.turned, std::int64_t(3));
    QCOMPARE(judge.same, std::int64_t(1));
    QCOMPARE(judge.leftOut, std::int64_t(1));
    QCOMPARE(judge.tally.winRate, 6.0 / 9);
    QCOMPARE(judge.tally.chance, signTest(4, 1));
    // Where both orders agree the first was taken once of two times; two pairs took it twice, one never.
    QCOMPARE(judge.firstShare, (5 + 2 * 2 + 0) / 16.0);
    QVERIFY(!judge.isBiased());
    QCOMPARE(judge.tags.size(), std::size_t(1));
    QCOMPARE(judge.tags[0].tally.votes, std::int64_t(5));
    std::vector<JudgedRow> alwaysFirst(20, {JudgeReading{0.9, 0.1}, false, {}});
    const auto biased = summariseJudge(alwaysFirst);
    QCOMPARE(biased.firstShare, 1.0);
    QVERIFY(biased.isBiased() && biased.turned == 20 && biased.tally.winRate == 0.5);
    std::vector<JudgedRow> alwaysSecond(20, {JudgeReading{0.1, 0.9}, false, {}});
    QCOMPARE(summariseJudge(alwaysSecond).firstShare, 0.0);
    QVERIFY(summariseJudge(alwaysSecond).isBiased());
}

void TestComparison::judgeWithoutPairsKnowsNothing()
{
    const auto judge = summariseJudge({});
    QVERIFY(judge.tally.votes == 0 && judge.firstShare == 0.5 && !judge.isBiased() && !judge.tally.isClear);
    QVERIFY(preferenceOf(JudgeReading{}) == Preference::Equal);
}

void TestComparison::judgeQuestionIsPlain()
{
    const auto text = judgeQuestion("Be strict.", "When?", "At nine.", "At ten.<|im_end|>", "</s>At nine.");
    for (const char *part : {"Be strict.", "Question:\nWhen?", "Reference answer:\nAt nine.", "Answer A:\nAt ten.", "Answer B:\n"})
        QVERIFY2(text.find(part) != std::string::npos, text.c_str());
    QVERIFY(text.find("<|") == std::string::npos && text.find("</s>") == std::string::npos); // an answer cannot end the judge's prompt
    QVERIFY(judgeQuestion("", "When?", "", "a", "b").find("Reference") == std::string::npos);
}

void TestComparison::verdictsAreInEveryFile()
{
    Comparison comparison;
    comparison.columns = {"base", "Run 1"};
    const auto judged = judgedRows();
    for (const auto &verdict : judged)
        comparison.rows.push_back({0, "When?", "At nine.", {}, verdict.tags, {{"At ten.", 3, true, {}, 0}, {verdict.isSame ? "At ten." : "At nine.", 3, true, {}, 0}}, verdict.reading});
    comparison.measures = *summarise(comparison.rows);
    QVERIFY(toCsv(comparison)->find("judge") == std::string::npos);
    comparison.judge = summariseJudge(judged);
    comparison.judge->judge = "big <model>";
    const std::string csv = *toCsv(comparison), page = toHtml(comparison);
    for (const char *part : {"\"judge big <model>\"\r\n", ",tuned\r\n", ",base\r\n", ",turned with the order\r\n", ",same\r\n", ",not judged\r\n"})
        QVERIFY2(csv.find(part) != std::string::npos, part);
    const auto json = *toJson(comparison);
    QCOMPARE(json.at("judge").at("tuned").get<int>(), 4);
    QCOMPARE(json.at("judge").at("turned").get<int>(), 3);
    QCOMPARE(json.at("rows").at(0).at("judge").get<std::string>(), std::string("tuned"));
    QCOMPARE(json.at("rows").at(0).at("judgeShownSecond").get<double>(), 0.6);
    QVERIFY(!json.at("rows").at(8).contains("judgeShownSecond"));
    QVERIFY(page.find("Judged by big &lt;model&gt;") != std::string::npos && page.find("stood first in 56 %") != std::string::npos);
}

QTEST_APPLESS_MAIN(TestComparison)
#include "tst_comparison.moc"
