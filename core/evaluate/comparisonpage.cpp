// A comparison as one HTML page for people: summary, tags, all answers with what got worse first. Nothing is loaded, nothing runs.
#include "core/evaluate/comparisonfile.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::evaluate {

namespace {

constexpr std::string_view kComparisonHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:light dark;--page:#fff;--text:#1f2326;--muted:#5c6266;--line:#d6d8d4;--good:#1c6b3c;--bad:#a8261f}
@media(prefers-color-scheme:dark){:root{--page:#1f2326;--text:#e8eae6;--muted:#a4aaa6;--line:#3b4044;--good:#7cc796;--bad:#f08a80}}
body{margin:0 auto;max-width:1200px;padding:16px;font:15px/1.45 system-ui,sans-serif;background:var(--page);color:var(--text)}
table{border-collapse:collapse;width:100%;margin:0 0 24px}th,td{text-align:left;vertical-align:top;padding:5px 8px;border-bottom:1px solid var(--line)}
td{white-space:pre-wrap;overflow-wrap:anywhere}.number{text-align:right;white-space:nowrap}th{color:var(--muted);font-weight:600}
.worse{color:var(--bad);font-weight:600}.better{color:var(--good);font-weight:600}.muted{color:var(--muted)}
</style>
)html";

std::string escaped(std::string_view text)
{
    std::string safe;
    for (const char c : replaceInvalidUtf8(text)) {
        switch (c) {
        case '<': safe += "&lt;"; break;
        case '>': safe += "&gt;"; break;
        case '&': safe += "&amp;"; break;
        case '"': safe += "&quot;"; break;
        default: safe += c;
        }
    }
    return safe;
}

std::string number(double value)
{
    return fmt::format("<td class=\"number\">{:.4g}</td>", value);
}

std::string interval(const Interval &value)
{
    return fmt::format("<td class=\"number muted\">{}</td>", tr("{:.4g} to {:.4g}", value.low, value.high));
}

std::string_view keyOf(Measure measure)
{
    return std::find_if(measures().begin(), measures().end(), [measure](const MeasureInfo &info) { return info.measure == measure; })->key;
}

std::string summaryTable(const std::vector<std::string> &columns, const std::vector<MeasureSummary> &summaries)
{
    std::string html = fmt::format("<table><tr><th>{}</th><th class=\"number\">{}</th>", tr("Measure"), tr("Rows"));
    for (const std::string &name : columns)
        html += fmt::format("<th class=\"number\">{}</th><th class=\"number\">{}</th>", escaped(name), tr("95 % interval"));
    if (columns.size() > 1)
        html += fmt::format("<th class=\"number\">{}</th><th class=\"number\">{}</th>", tr("Change"), tr("95 % interval"));
    html += "</tr>\n";
    for (const MeasureSummary &summary : summaries) {
        html += fmt::format("<tr><td>{}</td><td class=\"number\">{}</td>", keyOf(summary.measure), summary.rows);
        for (const ColumnValue &column : summary.columns)
            html += number(column.value) + interval(column.interval);
        if (columns.size() > 1)
            html += number(summary.differences.back().value) + interval(summary.differences.back().interval);
        html += "</tr>\n";
    }
    return html + "</table>\n";
}

std::string judgeText(const JudgeSummary &judge)
{
    const VoteTally &tally = judge.tally;
    std::string html = fmt::format("<h2>{}</h2>\n<p>{}</p>\n", escaped(tr("Judged by {}", judge.judge)),
                                   tr("Of {} pairs it preferred the tuned answer {} times and the base answer {} times; {} verdicts turned with the order of the answers, {} pairs were the same word for word.",
                                      tally.votes, tally.tuned, tally.base, judge.turned, judge.same));
    html += fmt::format("<p>{}</p>\n", tr("Win rate of the tuned model {:.0f} %, 95 % interval {:.0f} to {:.0f} % (equal counts half). {}", 100 * tally.winRate, 100 * tally.interval.low,
                                          100 * tally.interval.high, tally.isClear ? tr("This is more than luck.") : tr("This may be luck.")));
    html += fmt::format("<p class=\"{}\">{}</p>\n", judge.isBiased() ? "worse" : "muted",
                        tr("Position: it took the answer that stood first in {:.0f} % of its readings (95 % interval {:.0f} to {:.0f} %; without bias 50 %).", 100 * judge.firstShare,
                           100 * judge.firstInterval.low, 100 * judge.firstInterval.high));
    return html + fmt::format("<p class=\"muted\">{}</p>\n", escaped(tr("What it was told: {}", judge.rubric)));
}

std::string answersTable(const Comparison &comparison)
{
    const std::size_t last = comparison.columns.size() - 1;
    std::string html = fmt::format("<table><tr><th>{}</th><th>{}</th><th>{}</th>", tr("Question"), tr("Tags"), tr("Expected"));
    for (const std::string &name : comparison.columns)
        html += fmt::format("<th>{}</th>", escaped(name));
    html += last > 0 ? fmt::format("<th>{}</th></tr>\n", tr("Against {}", escaped(comparison.columns.front()))) : "</tr>\n";
    for (const std::size_t index : regressionsFirst(comparison.rows, last)) {
        const QuestionRow &row = comparison.rows[index];
        html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td>", escaped(row.question), escaped(fmt::format("{}", fmt::join(row.tags, ", "))), escaped(row.expected));
        for (const ColumnAnswer &answer : row.answers)
            html += fmt::format("<td>{}</td>", escaped(answer.text));
        if (last > 0) {
            const std::string_view verdict = nameOf(standing(row, last).verdict);
            html += fmt::format("<td class=\"{}\">{}</td>", verdict, verdict);
        }
        html += "</tr>\n";
    }
    return html + "</table>\n";
}

} // namespace

std::string toHtml(const Comparison &comparison)
{
    const std::string title = escaped(fmt::format("{}", fmt::join(comparison.columns, ", ")));
    std::string html(kComparisonHead);
    html += fmt::format("<title>{0}</title></head><body>\n<h1>{0}</h1>\n<p>{1}</p>\n", title,
                        tr("{} questions. Answers are greedy: asked again, they are the same. Change: the last column minus the first.", comparison.rows.size()));
    html += summaryTable(comparison.columns, comparison.measures);
    if (comparison.judge)
        html += judgeText(*comparison.judge);
    for (const TagSummary &tag : comparison.tags)
        html += fmt::format("<h2>{}</h2>\n", escaped(tag.tag)) + summaryTable(comparison.columns, tag.measures);
    if (!comparison.columns.empty())
        html += fmt::format("<h2>{}</h2>\n", tr("Answers, what got worse first")) + answersTable(comparison);
    return html + "</body></html>\n";
}

} // namespace fettle::evaluate
