#include "core/evaluate/judge.h"

#include "core/base/words.h"

#include <fmt/format.h>

namespace fettle::evaluate {

namespace {

std::string withoutMarks(std::string_view text)
{
    std::string safe;
    for (std::size_t i = 0; i < text.size(); ++i) {
        safe += text[i];
        if (text[i] == '<' && i + 1 < text.size() && (text[i + 1] == '|' || text[i + 1] == '/' || text[i + 1] == 's'))
            safe += ' ';
    }
    return safe;
}

} // namespace

const std::string &defaultRubric()
{
    static const std::string rubric = tr("A good answer is correct, says what the reference answer says, answers the question that was asked, and is clear and brief.");
    return rubric;
}

std::string judgeQuestion(std::string_view rubric, std::string_view question, std::string_view expected, std::string_view first, std::string_view second)
{
    const std::string reference = expected.empty() ? std::string() : fmt::format("Reference answer:\n{}\n\n", withoutMarks(expected));
    return fmt::format("Compare two answers to a question. {}\n\nQuestion:\n{}\n\n{}Answer {}:\n{}\n\nAnswer {}:\n{}\n\nWhich answer is better? Reply with one letter, {} or {}.", withoutMarks(rubric),
                       withoutMarks(question), reference, kFirstLetter, withoutMarks(first), kSecondLetter, withoutMarks(second), kFirstLetter, kSecondLetter);
}

Preference preferenceOf(const JudgeReading &reading)
{
    if (reading.shownFirst > 0.5 && reading.shownSecond > 0.5)
        return Preference::Tuned;
    return reading.shownFirst < 0.5 && reading.shownSecond < 0.5 ? Preference::Base : Preference::Equal;
}

JudgeSummary summariseJudge(std::span<const JudgedRow> rows)
{
    JudgeSummary summary;
    std::vector<JudgedPair> pairs;
    double first = 0;
    std::int64_t readings = 0;
    for (const JudgedRow &row : rows) {
        if (!row.reading && !row.isSame) {
            ++summary.leftOut;
            continue;
        }
        const Preference preference = row.reading ? preferenceOf(*row.reading) : Preference::Equal;
        pairs.push_back({preference, {}, row.tags});
        summary.same += row.isSame ? 1 : 0;
        if (!row.reading)
            continue;
        summary.turned += preference == Preference::Equal ? 1 : 0;
        readings += 2;
        const auto taken = [](double probability) { return probability > 0.5 ? 1.0 : probability < 0.5 ? 0.0 : 0.5; };
        first += taken(row.reading->shownFirst) + 1 - taken(row.reading->shownSecond); // not taken when it stood second: the first one was
    }
    summary.tally = tallyOf(pairs);
    summary.tags = tallyTags(pairs);
    if (readings > 0) {
        summary.firstShare = first / static_cast<double>(readings);
        summary.firstInterval = wilsonInterval(first, readings);
    }
    return summary;
}

} // namespace fettle::evaluate
