// See evaluationwords.h.
#include "ui/playground/evaluationwords.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using evaluate::Measure;

namespace {

struct Words { Q_DECLARE_TR_FUNCTIONS(EvaluationWords) };

enum class Scale { Share, Fine, Coarse }; // 0 to 1 as per cent, two digits, one digit
Scale scaleOf(Measure measure)
{
    switch (measure) {
    case Measure::ExactMatch: case Measure::Contains: case Measure::Pattern: case Measure::Number: case Measure::Ended: case Measure::Refusal: case Measure::Json:
        return Scale::Share;
    case Measure::Chrf: case Measure::Bleu: case Measure::Perplexity: case Measure::Words: return Scale::Coarse;
    default: return Scale::Fine;
    }
}

} // namespace

QString measureName(Measure measure)
{
    switch (measure) {
    case Measure::Loss: return Words::tr("Loss");
    case Measure::Perplexity: return Words::tr("Perplexity");
    case Measure::ExactMatch: return Words::tr("Exact match");
    case Measure::Contains: return Words::tr("Holds the answer");
    case Measure::Pattern: return Words::tr("Pattern found");
    case Measure::Number: return Words::tr("Right number");
    case Measure::Rouge1: return Words::tr("ROUGE-1");
    case Measure::Rouge2: return Words::tr("ROUGE-2");
    case Measure::RougeL: return Words::tr("ROUGE-L");
    case Measure::Chrf: return Words::tr("chrF++");
    case Measure::Bleu: return Words::tr("BLEU");
    case Measure::Ended: return Words::tr("Ended by itself");
    case Measure::Refusal: return Words::tr("Refused");
    case Measure::Json: return Words::tr("Valid JSON");
    case Measure::Words: return Words::tr("Words");
    case Measure::Distinct1: return Words::tr("Distinct words");
    case Measure::Distinct2: break;
    }
    return Words::tr("Distinct word pairs");
}

QString measureHelp(Measure measure)
{
    switch (measure) {
    case Measure::Loss: return Words::tr("Lower is better: how surprised the model is by the house answer.");
    case Measure::Perplexity: return Words::tr("Lower is better: e to the power of the loss.");
    case Measure::ExactMatch: return Words::tr("Higher is better: word for word the house answer.");
    case Measure::Contains: return Words::tr("Higher is better: the house answer, or the fact that it must hold, stands in the answer.");
    case Measure::Pattern: return Words::tr("Higher is better: the pattern is found in the answer.");
    case Measure::Number: return Words::tr("Higher is better: the last number of the answer is that of the house answer.");
    case Measure::Rouge1: return Words::tr("Higher is better: shared words, 0 to 1.");
    case Measure::Rouge2: return Words::tr("Higher is better: shared pairs of words, 0 to 1.");
    case Measure::RougeL: return Words::tr("Higher is better: shared word order, 0 to 1.");
    case Measure::Chrf: return Words::tr("Higher is better: shared groups of letters and words, 0 to 100.");
    case Measure::Bleu: return Words::tr("Higher is better: shared groups of words, 0 to 100.");
    case Measure::Ended: return Words::tr("Higher is better: the answer stopped before the longest length.");
    case Measure::Refusal: return Words::tr("Answers that decline to answer.");
    case Measure::Json: return Words::tr("Answers that are valid JSON.");
    case Measure::Words: return Words::tr("Words in an answer.");
    case Measure::Distinct1: return Words::tr("Share of words that differ: low where answers repeat themselves.");
    case Measure::Distinct2: break;
    }
    return Words::tr("Share of word pairs that differ: low where answers repeat themselves.");
}

QString measureText(Measure measure, double value)
{
    switch (scaleOf(measure)) {
    case Scale::Share: return Words::tr("%1 %").arg(std::lround(value * 100));
    case Scale::Coarse: return QString::number(value, 'f', 1);
    default: return QString::number(value, 'f', 2);
    }
}

QString changeText(Measure measure, double change)
{
    const bool isShare = scaleOf(measure) == Scale::Share;
    const double shown = isShare ? change * 100 : change;
    QString text = QString::number(std::abs(shown), 'f', isShare ? 0 : scaleOf(measure) == Scale::Coarse ? 1 : 2);
    const bool isZero = text.toDouble() == 0;
    return (isZero ? QString() : shown > 0 ? QStringLiteral("+") : QString(QChar(0x2212))) + text;
}

evaluate::Wanted wantedOf(Measure measure)
{
    const auto all = evaluate::measures();
    return std::find_if(all.begin(), all.end(), [measure](const evaluate::MeasureInfo &info) { return info.measure == measure; })->wanted;
}

Change changeOf(const evaluate::MeasureSummary &summary)
{
    const auto &interval = summary.differences.back().interval;
    if (interval.low == 0 && interval.high == 0)
        return Change::None;
    if (interval.low <= 0 && interval.high >= 0)
        return Change::Unclear;
    switch (wantedOf(summary.measure)) {
    case evaluate::Wanted::Lower: return interval.high < 0 ? Change::Better : Change::Worse;
    case evaluate::Wanted::Higher: return interval.low > 0 ? Change::Better : Change::Worse;
    case evaluate::Wanted::Neither: break;
    }
    return Change::Different;
}

QString changeName(Change change)
{
    switch (change) {
    case Change::Better: return Words::tr("better");
    case Change::Worse: return Words::tr("worse");
    case Change::Different: return Words::tr("different");
    case Change::None: return Words::tr("no change");
    case Change::Unclear: break;
    }
    return Words::tr("may be luck");
}

QString verdictName(evaluate::Verdict verdict)
{
    switch (verdict) {
    case evaluate::Verdict::Worse: return Words::tr("worse");
    case evaluate::Verdict::Changed: return Words::tr("changed");
    case evaluate::Verdict::Same: return Words::tr("same");
    case evaluate::Verdict::Better: break;
    }
    return Words::tr("better");
}

QString judgedName(const evaluate::QuestionRow &row)
{
    if (row.answers.front().text == row.answers.back().text)
        return Words::tr("the same");
    if (!row.judged)
        return Words::tr("not judged");
    switch (evaluate::preferenceOf(*row.judged)) {
    case evaluate::Preference::Tuned: return Words::tr("tuned");
    case evaluate::Preference::Base: return Words::tr("base");
    default: return Words::tr("turned with the order");
    }
}

QString judgeText(const evaluate::JudgeSummary &judge)
{
    const auto percent = [](double share) { return std::lround(100 * share); };
    const auto range = [&](double share, const evaluate::Interval &interval) {
        return Words::tr("%1 % (%2 to %3 %)").arg(percent(share)).arg(percent(interval.low)).arg(percent(interval.high));
    };
    const evaluate::VoteTally &tally = judge.tally;
    QStringList sentences{
        Words::tr("%1 prefers the tuned answer %2 times, the base's %3 times; %4 verdicts turned with the order of the answers, %5 pairs were the same.")
            .arg(QString::fromStdString(judge.judge)).arg(tally.tuned).arg(tally.base).arg(judge.turned).arg(judge.same),
        Words::tr("Win rate of the tuned model %1: %2.").arg(range(tally.winRate, tally.interval), tally.isClear ? Words::tr("more than luck") : Words::tr("this may be luck")),
        judge.isBiased() ? Words::tr("It goes by the place: it took the answer that stood first in %1 of its readings, where half would be fair.").arg(range(judge.firstShare, judge.firstInterval))
                         : Words::tr("It took the answer that stood first in %1 of its readings: no bias is seen.").arg(range(judge.firstShare, judge.firstInterval))};
    if (judge.leftOut > 0)
        sentences.append(Words::tr("%n pair(s) were longer than it can read.", nullptr, static_cast<int>(judge.leftOut)));
    return sentences.join(QLatin1Char(' '));
}

} // namespace fettle::ui
