#include "core/evaluate/comparison.h"
#include "core/base/words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_set>

namespace fettle::evaluate {

namespace {

constexpr MeasureInfo kMeasures[] = {
    {Measure::Loss, "loss", Wanted::Lower},           {Measure::Perplexity, "perplexity", Wanted::Lower},
    {Measure::ExactMatch, "exactMatch", Wanted::Higher}, {Measure::Contains, "contains", Wanted::Higher},
    {Measure::Pattern, "pattern", Wanted::Higher},    {Measure::Number, "number", Wanted::Higher},
    {Measure::Rouge1, "rouge1", Wanted::Higher},      {Measure::Rouge2, "rouge2", Wanted::Higher},
    {Measure::RougeL, "rougeL", Wanted::Higher},      {Measure::Chrf, "chrf", Wanted::Higher},
    {Measure::Bleu, "bleu", Wanted::Higher},          {Measure::Ended, "ended", Wanted::Higher},
    {Measure::Refusal, "refusal", Wanted::Neither},   {Measure::Json, "json", Wanted::Neither},
    {Measure::Words, "words", Wanted::Neither},       {Measure::Distinct1, "distinct1", Wanted::Neither},
    {Measure::Distinct2, "distinct2", Wanted::Neither},
};

constexpr double kLossStep = 0.1; // nats for each token
constexpr double kChrfStep = 5;   // points of 100

bool isShare(Measure measure)
{
    switch (measure) {
    case Measure::ExactMatch: case Measure::Contains: case Measure::Pattern: case Measure::Number:
    case Measure::Ended: case Measure::Refusal: case Measure::Json:
        return true;
    default:
        return false;
    }
}

// What a measure needs of one answer, counted once and then added up for thousands of samples of rows.
struct Counts {
    double value = 0, weight = 1; // mean = sum of value * weight / sum of weight
    ChrfCounts chrf;
    BleuCounts bleu;
    std::vector<std::size_t> ngrams; // hashes, for distinct-n
};

std::vector<std::size_t> ngramHashes(const std::string &answer, std::size_t n)
{
    const auto words = wordsOf(answer);
    std::vector<std::size_t> hashes;
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
        std::string ngram;
        for (std::size_t k = i; k < i + n; ++k)
            (ngram += words[k]) += ' ';
        hashes.push_back(std::hash<std::string>{}(ngram));
    }
    return hashes;
}

Counts countsOf(Measure measure, const QuestionRow &row, std::size_t column, double value)
{
    const ColumnAnswer &answer = row.answers[column];
    Counts counts;
    counts.value = value;
    if (measure == Measure::Loss || measure == Measure::Perplexity) {
        counts.value = *answer.loss;
        counts.weight = static_cast<double>(answer.lossTokens);
    } else if (measure == Measure::Chrf) {
        counts.chrf = chrfCounts(row.expected, answer.text);
    } else if (measure == Measure::Bleu) {
        counts.bleu = bleuCounts(row.expected, answer.text);
    } else if (measure == Measure::Distinct1 || measure == Measure::Distinct2) {
        counts.ngrams = ngramHashes(answer.text, measure == Measure::Distinct1 ? 1 : 2);
    }
    return counts;
}

double valueOfAll(Measure measure, std::span<const Counts> all, std::span<const std::size_t> rows)
{
    if (measure == Measure::Chrf) {
        ChrfCounts sum;
        for (const std::size_t row : rows)
            sum += all[row].chrf;
        return chrfPlusPlus(sum);
    }
    if (measure == Measure::Bleu) {
        BleuCounts sum;
        for (const std::size_t row : rows)
            sum += all[row].bleu;
        return bleu(sum);
    }
    if (measure == Measure::Distinct1 || measure == Measure::Distinct2) {
        std::unordered_set<std::size_t> different;
        std::size_t count = 0;
        for (const std::size_t row : rows) {
            different.insert(all[row].ngrams.begin(), all[row].ngrams.end());
            count += all[row].ngrams.size();
        }
        return count > 0 ? static_cast<double>(different.size()) / static_cast<double>(count) : 0.0;
    }
    double sum = 0, weight = 0;
    for (const std::size_t row : rows) {
        sum += all[row].value * all[row].weight;
        weight += all[row].weight;
    }
    const double mean = weight > 0 ? sum / weight : 0.0;
    return measure == Measure::Perplexity ? std::exp(mean) : mean;
}

// Drawing rows twice makes words repeat that do not: a bootstrap says nothing about distinct-n.
bool hasBootstrap(Measure measure) { return measure != Measure::Distinct1 && measure != Measure::Distinct2; }

MeasureSummary summaryOf(Measure measure, const std::vector<std::vector<Counts>> &columns, const BootstrapSettings &settings)
{
    MeasureSummary summary;
    summary.measure = measure;
    const std::size_t n = columns.front().size();
    summary.rows = static_cast<std::int64_t>(n);
    std::vector<std::size_t> every(n);
    std::iota(every.begin(), every.end(), 0);
    for (const auto &counts : columns) {
        ColumnValue column, difference;
        column.value = valueOfAll(measure, counts, every);
        difference.value = column.value - (summary.columns.empty() ? column.value : summary.columns.front().value);
        if (isShare(measure))
            column.interval = wilsonInterval(column.value * static_cast<double>(n), summary.rows);
        else if (hasBootstrap(measure))
            column.interval = bootstrapInterval(n, [&](std::span<const std::size_t> rows) { return valueOfAll(measure, counts, rows); }, settings);
        else
            column.interval = {column.value, column.value};
        if (&counts == &columns.front() || !hasBootstrap(measure)) {
            difference.interval = {difference.value, difference.value};
        } else {
            difference.interval = bootstrapInterval(n, [&](std::span<const std::size_t> rows) {
                return valueOfAll(measure, counts, rows) - valueOfAll(measure, columns.front(), rows);
            }, settings);
        }
        summary.columns.push_back(column);
        summary.differences.push_back(difference);
    }
    return summary;
}

} // namespace

std::span<const MeasureInfo> measures()
{
    return kMeasures;
}

Result<std::optional<double>> valueOf(Measure measure, const QuestionRow &row, std::size_t column, const MeasureSettings &settings)
{
    using Value = std::optional<double>;
    const ColumnAnswer &answer = row.answers[column];
    const auto share = [](bool is) { return Value(is ? 1.0 : 0.0); };
    switch (measure) {
    case Measure::Loss: return answer.lossTokens > 0 ? answer.loss : Value();
    case Measure::Perplexity: return answer.lossTokens > 0 && answer.loss ? Value(std::exp(*answer.loss)) : Value();
    case Measure::ExactMatch: return share(isExactMatch(row.expected, answer.text));
    case Measure::Contains: return share(containsPhrase(answer.text, row.fact.empty() ? row.expected : row.fact));
    case Measure::Pattern: {
        if (!settings.pattern)
            return Value();
        const auto isFound = settings.pattern->isFoundIn(answer.text);
        if (!isFound)
            return passError(isFound);
        return share(*isFound);
    }
    case Measure::Number: {
        const auto agree = numbersAgree(row.fact.empty() ? row.expected : row.fact, answer.text, settings.tolerance);
        return agree ? share(*agree) : Value();
    }
    case Measure::Rouge1: return Value(rougeN(row.expected, answer.text, 1).f1);
    case Measure::Rouge2: return Value(rougeN(row.expected, answer.text, 2).f1);
    case Measure::RougeL: return Value(rougeL(row.expected, answer.text).f1);
    case Measure::Chrf: return Value(chrfPlusPlus(chrfCounts(row.expected, answer.text)));
    case Measure::Bleu: return Value(bleu(bleuCounts(row.expected, answer.text), BleuOrder::Effective));
    case Measure::Ended: return share(answer.hasEnded);
    case Measure::Refusal: return share(isRefusal(answer.text));
    case Measure::Json: return share(isJson(answer.text));
    case Measure::Words: return Value(static_cast<double>(wordsOf(answer.text).size()));
    case Measure::Distinct1: return Value(distinctNgrams(std::span(&answer.text, 1), 1));
    case Measure::Distinct2: return Value(distinctNgrams(std::span(&answer.text, 1), 2));
    }
    return Value();
}

Result<std::vector<MeasureSummary>> summarise(std::span<const QuestionRow> rows, const MeasureSettings &settings, std::stop_token stop)
{
    std::vector<MeasureSummary> summaries;
    if (rows.empty() || rows.front().answers.empty())
        return summaries;
    const std::size_t columns = rows.front().answers.size();
    for (const MeasureInfo &info : kMeasures) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The evaluation was cancelled."), tr("The answers are kept: start it again and it goes on."));
        std::vector<std::vector<Counts>> counts(columns);
        for (const QuestionRow &row : rows) {
            std::vector<double> values;
            for (std::size_t column = 0; column < columns; ++column) {
                const auto value = valueOf(info.measure, row, column, settings);
                if (!value)
                    return passError(value);
                if (*value)
                    values.push_back(**value);
            }
            // Only rows that can be compared in all columns.
            for (std::size_t column = 0; values.size() == columns && column < columns; ++column)
                counts[column].push_back(countsOf(info.measure, row, column, values[column]));
        }
        if (!counts.front().empty())
            summaries.push_back(summaryOf(info.measure, counts, settings.bootstrap));
    }
    return summaries;
}

Result<std::vector<TagSummary>> summariseTags(std::span<const QuestionRow> rows, const MeasureSettings &settings, std::stop_token stop)
{
    std::map<std::string, std::vector<QuestionRow>> byTag;
    for (const QuestionRow &row : rows) {
        for (const std::string &tag : row.tags)
            byTag[tag].push_back(row);
    }
    std::vector<TagSummary> summaries;
    for (const auto &[tag, tagged] : byTag) {
        auto summary = summarise(tagged, settings, stop);
        if (!summary)
            return passError(summary);
        summaries.push_back({tag, std::move(*summary)});
    }
    return summaries;
}

std::string_view nameOf(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Worse: return "worse";
    case Verdict::Changed: return "changed";
    case Verdict::Same: return "same";
    case Verdict::Better: break;
    }
    return "better";
}

Standing standing(const QuestionRow &row, std::size_t column)
{
    const ColumnAnswer &first = row.answers.front(), &own = row.answers[column];
    const bool hasLoss = first.loss && own.loss;
    const double gain = hasLoss ? *first.loss - *own.loss : chrfPlusPlus(chrfCounts(row.expected, own.text)) - chrfPlusPlus(chrfCounts(row.expected, first.text));
    if (own.text == first.text)
        return {Verdict::Same, gain};
    const double step = hasLoss ? kLossStep : kChrfStep;
    return {gain >= step ? Verdict::Better : gain <= -step ? Verdict::Worse : Verdict::Changed, gain};
}

std::vector<std::size_t> regressionsFirst(std::span<const QuestionRow> rows, std::size_t column)
{
    std::vector<Standing> standings;
    for (const QuestionRow &row : rows)
        standings.push_back(standing(row, column));
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        const Standing &a = standings[left], &b = standings[right];
        return a.verdict != b.verdict ? a.verdict < b.verdict : a.gain < b.gain;
    });
    return order;
}

} // namespace fettle::evaluate
