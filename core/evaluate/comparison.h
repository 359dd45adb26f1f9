// Answers of several columns (base, tuned) to the same questions: measures of each answer, of each column with intervals, and the paired
// difference from the first column. Knows texts and numbers only: no model, no database, no LibTorch.
#pragma once

#include "core/evaluate/judge.h"
#include "core/evaluate/statistics.h"
#include "core/evaluate/textmetrics.h"
#include "core/evaluate/textoverlap.h"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::evaluate {

struct ColumnAnswer {
    std::string text;
    std::int64_t tokens = 0;
    bool hasEnded = false;      // by itself, not at the limit of tokens
    std::optional<double> loss; // of the expected answer, nats for each token
    std::int64_t lossTokens = 0;
    friend bool operator==(const ColumnAnswer &, const ColumnAnswer &) = default;
};

struct QuestionRow {
    std::int64_t record = 0; // 0: not of a project
    std::string question, expected;
    std::string fact; // what a right answer must hold, where that is known
    std::vector<std::string> tags;
    std::vector<ColumnAnswer> answers; // one for each column
    std::optional<JudgeReading> judged = {}; // the last column against the first, where a model has judged
};

struct MeasureSettings {
    std::optional<AnswerPattern> pattern;
    NumberTolerance tolerance;
    BootstrapSettings bootstrap;
};

enum class Measure {
    Loss, Perplexity, ExactMatch, Contains, Pattern, Number, Rouge1, Rouge2, RougeL, Chrf, Bleu, Ended, Refusal, Json, Words, Distinct1, Distinct2
};
enum class Wanted { Lower, Higher, Neither };
struct MeasureInfo {
    Measure measure;
    std::string_view key; // in files: "exactMatch"
    Wanted wanted;
};
[[nodiscard]] std::span<const MeasureInfo> measures();

struct ColumnValue { double value = 0; Interval interval; };
struct MeasureSummary {
    Measure measure{};
    std::int64_t rows = 0;                // that this measure applies to, in every column
    std::vector<ColumnValue> columns;
    std::vector<ColumnValue> differences; // column minus first column; the first is 0
};
// Loss is weighted by tokens; chrF++, BLEU and distinct-n are those of all answers together, not means. Intervals: bootstrap over rows,
// Wilson for shares of a column. Measures that apply to no row are left out. Errors: those of the pattern, Cancelled.
[[nodiscard]] Result<std::vector<MeasureSummary>> summarise(std::span<const QuestionRow> rows, const MeasureSettings &settings = {}, std::stop_token stop = {});

struct TagSummary { std::string tag; std::vector<MeasureSummary> measures; };
// By name. Rows with several tags count in each.
[[nodiscard]] Result<std::vector<TagSummary>> summariseTags(std::span<const QuestionRow> rows, const MeasureSettings &settings = {}, std::stop_token stop = {});

// Of one answer. Nothing where the measure does not apply to it.
[[nodiscard]] Result<std::optional<double>> valueOf(Measure measure, const QuestionRow &row, std::size_t column, const MeasureSettings &settings = {});

// How a column's answer stands against that of the first one.
enum class Verdict { Worse, Changed, Same, Better };
[[nodiscard]] std::string_view nameOf(Verdict verdict);
// gain: above 0 is better. By the loss of the expected answer (a tenth counts), without losses by chrF++ (5 points count).
// Same: word for word. Changed: other words, about as good.
struct Standing { Verdict verdict = Verdict::Same; double gain = 0; };
[[nodiscard]] Standing standing(const QuestionRow &row, std::size_t column);
// Row numbers with what got worse first.
[[nodiscard]] std::vector<std::size_t> regressionsFirst(std::span<const QuestionRow> rows, std::size_t column);

} // namespace fettle::evaluate
