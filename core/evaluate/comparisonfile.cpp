#include "core/evaluate/comparisonfile.h"

#include "core/base/csvcell.h"
#include "core/base/utf8.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::evaluate {

namespace {

// Measures that stand for each answer by itself; the others are of all answers together.
bool isOfOneAnswer(Measure measure)
{
    return measure != Measure::Distinct1 && measure != Measure::Distinct2 && measure != Measure::Perplexity;
}

std::string joinedTags(const QuestionRow &row)
{
    return fmt::format("{}", fmt::join(row.tags, ", "));
}

const MeasureInfo &infoOf(Measure measure)
{
    return *std::find_if(measures().begin(), measures().end(), [measure](const MeasureInfo &info) { return info.measure == measure; });
}

nlohmann::json jsonOf(const std::vector<MeasureSummary> &summaries)
{
    nlohmann::json list = nlohmann::json::object();
    for (const MeasureSummary &summary : summaries) {
        const auto values = [](const std::vector<ColumnValue> &columns) {
            nlohmann::json array = nlohmann::json::array();
            for (const ColumnValue &column : columns)
                array.push_back({{"value", column.value}, {"low", column.interval.low}, {"high", column.interval.high}});
            return array;
        };
        list[infoOf(summary.measure).key] = {{"rows", summary.rows}, {"columns", values(summary.columns)}, {"differences", values(summary.differences)}};
    }
    return list;
}

std::string_view judgeName(const QuestionRow &row)
{
    if (!row.judged)
        return row.answers.front().text == row.answers.back().text ? "same" : "not judged";
    switch (preferenceOf(*row.judged)) {
    case Preference::Base: return "base";
    case Preference::Tuned: return "tuned";
    default: return "turned with the order";
    }
}

nlohmann::json judgeJson(const JudgeSummary &judge)
{
    const auto tally = [](const VoteTally &votes) {
        return nlohmann::json{{"pairs", votes.votes}, {"base", votes.base}, {"tuned", votes.tuned}, {"equal", votes.equal}, {"winRate", votes.winRate},
                              {"low", votes.interval.low}, {"high", votes.interval.high}, {"chance", votes.chance}, {"isClear", votes.isClear}};
    };
    nlohmann::json json = tally(judge.tally);
    json.update({{"judge", judge.judge}, {"rubric", replaceInvalidUtf8(judge.rubric)}, {"same", judge.same}, {"turned", judge.turned}, {"leftOut", judge.leftOut},
                 {"firstShare", judge.firstShare}, {"firstLow", judge.firstInterval.low}, {"firstHigh", judge.firstInterval.high}});
    for (const NamedTally &tag : judge.tags)
        json["tags"][tag.name] = tally(tag.tally);
    return json;
}

// Measures that at least one row has a value of.
std::vector<MeasureInfo> usedMeasures(const Comparison &comparison)
{
    std::vector<MeasureInfo> used;
    for (const MeasureSummary &summary : comparison.measures) {
        if (isOfOneAnswer(summary.measure))
            used.push_back(infoOf(summary.measure));
    }
    return used;
}

} // namespace

Result<std::string> toCsv(const Comparison &comparison, const MeasureSettings &settings)
{
    const auto used = usedMeasures(comparison);
    std::string csv = "\xEF\xBB\xBF" "record,question,expected,tags";
    for (std::size_t column = 0; column < comparison.columns.size(); ++column) {
        const std::string &name = comparison.columns[column];
        csv += ',' + csvCell(name + " answer");
        if (column > 0)
            csv += ',' + csvCell(name + " against " + comparison.columns.front());
        for (const MeasureInfo &info : used)
            csv += ',' + csvCell(fmt::format("{} {}", name, info.key));
    }
    if (comparison.judge)
        csv += ',' + csvCell("judge " + comparison.judge->judge);
    csv += "\r\n";
    for (const QuestionRow &row : comparison.rows) {
        csv += row.record > 0 ? std::to_string(row.record) : std::string();
        for (const std::string &text : {row.question, row.expected, joinedTags(row)})
            csv += ',' + csvCell(text);
        for (std::size_t column = 0; column < comparison.columns.size(); ++column) {
            csv += ',' + csvCell(row.answers[column].text);
            if (column > 0)
                csv += fmt::format(",{}", nameOf(standing(row, column).verdict));
            for (const MeasureInfo &info : used) {
                const auto value = valueOf(info.measure, row, column, settings);
                if (!value)
                    return passError(value);
                csv += *value ? fmt::format(",{}", **value) : std::string(",");
            }
        }
        if (comparison.judge)
            csv += fmt::format(",{}", judgeName(row));
        csv += "\r\n";
    }
    return csv;
}

Result<nlohmann::json> toJson(const Comparison &comparison, const MeasureSettings &settings)
{
    const auto used = usedMeasures(comparison);
    nlohmann::json rows = nlohmann::json::array();
    for (const QuestionRow &row : comparison.rows) {
        nlohmann::json answers = nlohmann::json::array();
        for (std::size_t column = 0; column < row.answers.size(); ++column) {
            nlohmann::json answer = {{"text", replaceInvalidUtf8(row.answers[column].text)}, {"tokens", row.answers[column].tokens}};
            if (column > 0)
                answer["against"] = nameOf(standing(row, column).verdict);
            for (const MeasureInfo &info : used) {
                const auto value = valueOf(info.measure, row, column, settings);
                if (!value)
                    return passError(value);
                if (*value)
                    answer[info.key] = **value;
            }
            answers.push_back(std::move(answer));
        }
        rows.push_back({{"record", row.record}, {"question", replaceInvalidUtf8(row.question)}, {"expected", replaceInvalidUtf8(row.expected)}, {"tags", row.tags}, {"answers", std::move(answers)}});
        if (comparison.judge)
            rows.back()["judge"] = judgeName(row);
        if (row.judged)
            rows.back().update({{"judgeShownFirst", row.judged->shownFirst}, {"judgeShownSecond", row.judged->shownSecond}});
    }
    nlohmann::json tags = nlohmann::json::object();
    for (const TagSummary &summary : comparison.tags)
        tags[summary.tag] = jsonOf(summary.measures);
    nlohmann::json json{{"columns", comparison.columns}, {"metrics", jsonOf(comparison.measures)}, {"tags", std::move(tags)}, {"rows", std::move(rows)}};
    if (comparison.judge)
        json["judge"] = judgeJson(*comparison.judge);
    return json;
}

} // namespace fettle::evaluate
