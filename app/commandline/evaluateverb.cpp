// evaluate: answers to the rows of a file or a split, measured, base against tuned.
#include "app/commandline/commandline.h"
#include "core/base/words.h"
#include "core/engine/evaluation.h"
#include "core/engine/models.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::cli {

namespace {

struct EvaluateArguments {
    std::string model, data, project, split = "held-out", pattern, judge, judgeAdapter = "base", rubric, file;
    std::vector<std::string> adapters, metrics;
    double tolerance = 0;
    int maxTokens = 128;
    bool withoutLoss = false;
};

Result<std::vector<data::Record>> readRows(const EvaluateArguments &arguments, const engine::Project *project, Context &context)
{
    if (!arguments.data.empty())
        return readDataFile(arguments.data, context);
    if (project == nullptr)
        return fail(ErrorCode::Usage, tr("evaluate needs --data or --project."), tr("Name a file with questions and answers, or a project with held-out records."));
    return engine::recordsOfSplit(*project, arguments.split == "test" ? data::Split::Test : arguments.split == "train" ? data::Split::Train : data::Split::HeldOut);
}

// "rouge" stands for rouge1, rouge2 and rougeL, "exact" for exactMatch.
bool isWanted(const EvaluateArguments &arguments, std::string_view key)
{
    return arguments.metrics.empty() || std::any_of(arguments.metrics.begin(), arguments.metrics.end(), [key](const std::string &metric) { return key.starts_with(metric); });
}

std::string_view keyOf(evaluate::Measure measure)
{
    for (const evaluate::MeasureInfo &info : evaluate::measures()) {
        if (info.measure == measure)
            return info.key;
    }
    return {};
}

std::string numberText(double value)
{
    return fmt::format("{:.3f}", value);
}

void showTable(const EvaluateArguments &arguments, const engine::EvaluationResult &result, Terminal &terminal)
{
    const auto &comparison = result.comparison;
    std::vector<std::string> heads = {"Measure", "Rows"};
    for (const std::string &column : comparison.columns)
        heads.insert(heads.end(), {column, "95 % interval"});
    if (comparison.columns.size() > 1)
        heads.insert(heads.end(), {"Change", "95 % interval"});
    std::vector<std::vector<std::string>> rows;
    for (const evaluate::MeasureSummary &summary : comparison.measures) {
        if (!isWanted(arguments, keyOf(summary.measure)))
            continue;
        std::vector<std::string> row = {std::string(keyOf(summary.measure)), std::to_string(summary.rows)};
        const auto add = [&row](const evaluate::ColumnValue &value) {
            row.push_back(numberText(value.value));
            row.push_back(numberText(value.interval.low) + " to " + numberText(value.interval.high));
        };
        for (const evaluate::ColumnValue &column : summary.columns)
            add(column);
        if (comparison.columns.size() > 1)
            add(summary.differences.back());
        rows.push_back(std::move(row));
    }
    terminal.say(formatTable(heads, rows));
}

void showJudge(const evaluate::JudgeSummary &judge, Terminal &terminal)
{
    const evaluate::VoteTally &tally = judge.tally;
    terminal.say(tr("Judge {}: tuned {}, base {}, turned with the order {}, the same {}; win rate {:.0f} % ({:.0f} to {:.0f} %), {}", judge.judge, tally.tuned, tally.base, judge.turned, judge.same,
                    100 * tally.winRate, 100 * tally.interval.low, 100 * tally.interval.high, tally.isClear ? tr("more than luck") : tr("may be luck")));
    terminal.say(tr("Position: the answer that stood first was taken in {:.0f} % of the readings ({:.0f} to {:.0f} %){}", 100 * judge.firstShare, 100 * judge.firstInterval.low,
                    100 * judge.firstInterval.high, judge.isBiased() ? tr(": this judge is biased") : std::string()));
    if (judge.leftOut > 0)
        terminal.note(tr("{} pairs are longer than the judge can read.", judge.leftOut));
}

// The figures of the last column by name beside the full tables, so that one adapter's result reads plainly.
Json resultJson(const EvaluateArguments &arguments, const engine::EvaluationResult &result, const nlohmann::json &full)
{
    Json metrics = Json::object();
    for (const evaluate::MeasureSummary &summary : result.comparison.measures) {
        if (isWanted(arguments, keyOf(summary.measure)))
            metrics[std::string(keyOf(summary.measure))] = summary.columns.back().value;
    }
    Json leftOut = Json::array();
    for (const engine::LeftOutRow &row : result.leftOut)
        leftOut.push_back({{"record", row.record.value}, {"question", row.question}, {"reason", row.reason}});
    Json json = {{"metrics", metrics}, {"columns", full.at("columns")}, {"comparison", full.at("metrics")}, {"tags", full.at("tags")}, {"rows", full.at("rows")}, {"leftOut", leftOut}, {"answered", result.answered}};
    if (full.contains("judge"))
        json["judge"] = full.at("judge");
    return json;
}

int runEvaluate(const EvaluateArguments &arguments, Context &context)
{
    Terminal &terminal = context.terminal;
    auto place = workplace(arguments.project, context);
    if (!place)
        return terminal.fail(place.error());
    engine::EvaluationRequest request;
    request.model = arguments.model;
    if (!arguments.adapters.empty())
        request.columns = arguments.adapters;
    request.maxTokens = arguments.maxTokens;
    request.withLoss = !arguments.withoutLoss && (isWanted(arguments, "loss") || isWanted(arguments, "perplexity"));
    request.measures.tolerance.absolute = arguments.tolerance;
    request.judge = {arguments.judge, arguments.judgeAdapter, arguments.rubric};
    request.compute = place->compute;
    if (!arguments.judge.empty() && request.columns.size() < 2)
        return terminal.fail({ErrorCode::Usage, tr("A judge needs two columns to compare."), {}, tr("Name base and an adapter: --adapter base --adapter 1.")});
    if (!arguments.pattern.empty()) {
        auto pattern = evaluate::AnswerPattern::compile(arguments.pattern);
        if (!pattern)
            return terminal.fail(pattern.error());
        request.measures.pattern = std::move(*pattern);
    }
    auto records = readRows(arguments, place->projectOrNull(), context);
    if (!records)
        return terminal.fail(records.error());
    request.records = std::move(*records);
    auto result = engine::evaluateRecords(request, place->projectOrNull(), terminal.progressCallback(), context.stop);
    terminal.endProgress();
    if (!result)
        return terminal.fail(result.error());
    for (const engine::LeftOutRow &row : result->leftOut)
        terminal.note(tr("Left out: \"{}\": {}", row.question, row.reason));
    if (!arguments.file.empty()) {
        if (auto written = engine::writeEvaluation(result->comparison, request.measures, arguments.file); !written)
            return terminal.fail(written.error());
    }
    const auto full = evaluate::toJson(result->comparison, request.measures);
    if (!full)
        return terminal.fail(full.error());
    terminal.json(resultJson(arguments, *result, *full));
    showTable(arguments, *result, terminal);
    if (result->comparison.judge)
        showJudge(*result->comparison.judge, terminal);
    return 0;
}

} // namespace

void addEvaluateVerb(Registry &registry)
{
    auto evaluate = std::make_shared<EvaluateArguments>();
    CLI::App *verb = registry.add("evaluate", tr("Answers the rows of a file or a split and measures the answers"), [evaluate](Context &context) { return runEvaluate(*evaluate, context); });
    verb->add_option("--model", evaluate->model, tr("Base model"))->default_val(engine::kDefaultModelName);
    verb->add_option("--adapter", evaluate->adapters, tr("Adapter folder, RUN[@STEP] or base, may be given several times; the others are compared with the first"))->allow_extra_args(false);
    CLI::Option *file = verb->add_option("--data", evaluate->data, tr("Data file with questions and expected answers"));
    verb->add_option("--project", evaluate->project, tr("Project of the records and runs; it keeps the answers"));
    verb->add_option("--split", evaluate->split, tr("Records of the project that are asked"))->check(CLI::IsMember({"held-out", "test", "train"}))->capture_default_str()->excludes(file);
    verb->add_option("--metrics", evaluate->metrics, tr("Measures to show: loss, perplexity, exact, contains, pattern, number, rouge, chrf, bleu, ended, refusal, json, words, distinct"))
        ->delimiter(',')
        ->check(CLI::IsMember({"loss", "perplexity", "exact", "contains", "pattern", "number", "rouge", "chrf", "bleu", "ended", "refusal", "json", "words", "distinct"}));
    verb->add_option("--pattern", evaluate->pattern, tr("Regular expression that a right answer holds; (?i) ignores case"));
    verb->add_option("--tolerance", evaluate->tolerance, tr("How far the last number of an answer may be off"))->check(CLI::NonNegativeNumber)->capture_default_str();
    CLI::Option *judge = verb->add_option("--judge", evaluate->judge, tr("A model on this computer that judges the last column's answers against the first one's, each pair in both orders"));
    verb->add_option("--judge-adapter", evaluate->judgeAdapter, tr("What the judge has learnt: adapter folder or RUN[@STEP]"))->needs(judge);
    verb->add_option("--rubric", evaluate->rubric, tr("What the judge is told that makes an answer good"));
    verb->add_option("--max-tokens", evaluate->maxTokens, tr("Longest answer"))->check(CLI::Range(1, 1000000))->capture_default_str();
    verb->add_flag("--no-loss", evaluate->withoutLoss, tr("Leave out loss and perplexity: faster"));
    verb->add_option("--to", evaluate->file, tr("Also write the table of answers to this file, .csv, .json or .html"));
}

} // namespace fettle::cli
