// See votewords.h.
#include "ui/playground/votewords.h"

#include "ui/widgets/words.h"

#include <QCoreApplication>

#include <cmath>

namespace fettle::ui {

namespace {

constexpr std::int64_t kManyVotes = 400; // nobody will cast more

struct Words { Q_DECLARE_TR_FUNCTIONS(VoteWords) };

} // namespace

QString choiceText(evaluate::Choice choice)
{
    switch (choice) {
    case evaluate::Choice::Left: return Words::tr("A");
    case evaluate::Choice::Right: return Words::tr("B");
    case evaluate::Choice::Equal: return Words::tr("equal");
    case evaluate::Choice::BothBad: break;
    }
    return Words::tr("both bad");
}

QString preferenceText(evaluate::Preference preference)
{
    switch (preference) {
    case evaluate::Preference::Base: return Words::tr("base");
    case evaluate::Preference::Tuned: return Words::tr("tuned");
    case evaluate::Preference::Equal: return choiceText(evaluate::Choice::Equal);
    case evaluate::Preference::BothBad: break;
    }
    return choiceText(evaluate::Choice::BothBad);
}

QString percentText(double share)
{
    return Words::tr("%1 %").arg(std::lround(share * 100));
}

QString intervalText(const evaluate::Interval &interval)
{
    return Words::tr("%1 to %2 %").arg(std::lround(interval.low * 100)).arg(std::lround(interval.high * 100));
}

QString verdictText(const evaluate::VoteTally &tally, const QString &name)
{
    if (tally.votes == 0)
        return Words::tr("Nobody has voted yet.");
    if (!tally.isClear)
        return Words::tr("No winner yet: the votes do not tell %1 from its base model.").arg(name);
    return tally.winRate > 0.5 ? Words::tr("%1 is better than its base model.").arg(name) : Words::tr("%1 is worse than its base model.").arg(name);
}

QString signTestText(const evaluate::VoteTally &tally)
{
    if (tally.base + tally.tuned == 0)
        return Words::tr("No vote prefers one side, so there is nothing to test.");
    const QString votes = Words::tr("Of %1 votes that prefer a side, %2 are for the tuned model.").arg(countText(tally.base + tally.tuned), countText(tally.tuned));
    const QString chance = tally.chance < 0.0001 ? Words::tr("less than once in 10,000 votes")
        : tally.chance < 0.1                     ? Words::tr("about once in %1 votes").arg(countText(std::lround(1 / tally.chance)))
                                                 : Words::tr("in about %1 of 100 votes").arg(std::lround(tally.chance * 100));
    return votes + QLatin1Char(' ') + Words::tr("If both were equally good, luck alone would give so uneven a result %1 (sign test, p = %2).").arg(chance, QString::number(tally.chance, 'g', 2));
}

QString enoughText(const evaluate::VoteTally &tally)
{
    if (tally.votes == 0)
        return Words::tr("Vote on some questions first.");
    if (tally.isClear)
        return Words::tr("Enough votes: more of them would narrow the interval, not turn the result.");
    if (!tally.votesNeeded || *tally.votesNeeded > kManyVotes)
        return Words::tr("The models are too close: even %1 votes like these would show no winner.").arg(kManyVotes);
    if (*tally.votesNeeded <= tally.votes)
        return Words::tr("Nearly enough votes: a few more will tell.");
    return Words::tr("Not enough votes: if it goes on like this, about %1 more will tell.").arg(countText(*tally.votesNeeded - tally.votes));
}

double widestInterval(std::int64_t votes)
{
    const auto interval = evaluate::wilsonInterval(static_cast<double>(votes) / 2, votes);
    return 100 * (interval.high - interval.low);
}

} // namespace fettle::ui
