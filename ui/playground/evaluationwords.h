// Measures of a batch evaluation in plain words. Knows no widget.
#pragma once

#include "core/engine/evaluation.h"

#include <QString>

namespace fettle::ui {

[[nodiscard]] QString measureName(evaluate::Measure measure);
[[nodiscard]] QString measureHelp(evaluate::Measure measure);               // what it says and which direction is better
[[nodiscard]] QString measureText(evaluate::Measure measure, double value); // "2.74", "12 %"
[[nodiscard]] QString changeText(evaluate::Measure measure, double change); // with sign: "+12 points", "-1.33"
[[nodiscard]] evaluate::Wanted wantedOf(evaluate::Measure measure);
// Whether a difference is more than luck, by its interval, and whether it is for the better.
enum class Change { Better, Worse, Different, Unclear, None };
[[nodiscard]] Change changeOf(const evaluate::MeasureSummary &summary);
[[nodiscard]] QString changeName(Change change);
[[nodiscard]] QString verdictName(evaluate::Verdict verdict);
// What a judge made of both answers: "tuned", "base", "turned with the order", "the same", "not judged".
[[nodiscard]] QString judgedName(const evaluate::QuestionRow &row);
[[nodiscard]] QString judgeText(const evaluate::JudgeSummary &judge); // its verdicts and its own bias, as sentences

} // namespace fettle::ui
