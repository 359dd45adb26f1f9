// See homefacts.h.
#include "ui/home/homefacts.h"

#include "ui/widgets/words.h"

#include <QCoreApplication>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr std::int64_t kJournalEntries = 40;
constexpr std::size_t kMostWaiting = 5;

QString tr(const char *text, int n = -1)
{
    return QCoreApplication::translate("fettle::ui::HomeFacts", text, nullptr, n);
}

std::int64_t flagged(const HomeFacts &facts, engine::RecordFlag flag)
{
    const auto found = facts.counts.byFlag.find(flag);
    return found == facts.counts.byFlag.end() ? 0 : found->second;
}

bool hasResult(const engine::RunInfo &run)
{
    return !run.adapter.empty() && (run.state == engine::RunState::Finished || run.state == engine::RunState::Cancelled);
}

// The newest run that needs a hand: it can be resumed or its failure read.
void addRun(const HomeFacts &facts, std::vector<Waiting> &list)
{
    for (auto run = facts.runs.rbegin(); run != facts.runs.rend(); ++run) {
        Waiting row;
        row.strong = QString::fromStdString(run->name);
        row.target = QStringLiteral("run %1").arg(run->id.value);
        row.page = QStringLiteral("runs");
        if (run->state == engine::RunState::Interrupted || run->state == engine::RunState::Paused) {
            row.iconName = QStringLiteral("circle-pause");
            row.rest = run->state == engine::RunState::Paused
                ? tr("is paused at step %1 of %2").arg(run->step).arg(run->steps)
                : tr("was interrupted at step %1 of %2; nothing before its last checkpoint is lost").arg(run->step).arg(run->steps);
            row.button = tr("Resume");
            row.resume = run->id;
            list.push_back(row);
            return;
        }
        if (run->state == engine::RunState::Failed) {
            row.iconName = QStringLiteral("circle-alert");
            row.isBad = true;
            row.rest = tr("failed: %1").arg(QString::fromStdString(run->failure).section(QLatin1Char('\n'), 0, 0));
            row.button = tr("Read");
            list.push_back(row);
            return;
        }
        if (run->state == engine::RunState::Finished)
            return; // what came before is history
    }
}

void addFlag(const HomeFacts &facts, engine::RecordFlag flag, bool isBad, const QString &strong, const QString &rest, const QString &button,
             std::vector<Waiting> &list)
{
    if (flagged(facts, flag) == 0)
        return;
    Waiting row;
    row.iconName = flagIcon(flag);
    row.isBad = isBad;
    row.strong = strong;
    row.rest = rest;
    row.button = button;
    row.page = QStringLiteral("data");
    row.target = QStringLiteral("flag ") + QString::fromStdString(std::string(data::nameOf(flag)));
    list.push_back(row);
}

} // namespace

Result<HomeFacts> readHomeFacts(const ProjectApi &project, std::stop_token stop)
{
    HomeFacts facts;
    auto counts = project.recordCounts(stop);
    if (!counts)
        return passError(counts);
    facts.counts = std::move(*counts);
    auto runs = project.runs();
    if (!runs)
        return passError(runs);
    facts.runs = std::move(*runs);
    auto journal = project.journal(kJournalEntries);
    if (!journal)
        return passError(journal);
    facts.journal = std::move(*journal);
    auto snapshots = project.snapshots();
    if (!snapshots)
        return passError(snapshots);
    if (!snapshots->empty())
        facts.snapshot = snapshots->back();
    engine::RecordFilter heldOut;
    heldOut.splits = {data::Split::HeldOut};
    auto ids = project.recordIds(heldOut, stop);
    if (!ids)
        return passError(ids);
    facts.heldOut = std::move(*ids);
    return facts;
}

const engine::RunInfo *newestResult(const HomeFacts &facts)
{
    const auto found = std::find_if(facts.runs.rbegin(), facts.runs.rend(), hasResult);
    return found == facts.runs.rend() ? nullptr : &*found;
}

std::vector<engine::RunInfo> resultsByLoss(const HomeFacts &facts)
{
    std::vector<engine::RunInfo> results;
    std::ranges::copy_if(facts.runs, std::back_inserter(results), [](const auto &run) { return hasResult(run) && run.evalLoss; });
    std::ranges::stable_sort(results, {}, [](const engine::RunInfo &run) { return *run.evalLoss; });
    return results;
}

std::vector<Waiting> waitingThings(const HomeFacts &facts)
{
    using engine::RecordFlag;
    std::vector<Waiting> list;
    const auto n = [&](RecordFlag flag) { return int(flagged(facts, flag)); };
    addRun(facts, list);
    addFlag(facts, RecordFlag::Leak, true, tr("%n held-out record(s)", n(RecordFlag::Leak)), tr("also in the training part"), tr("Look"), list);
    addFlag(facts, RecordFlag::Contradiction, false, tr("%n contradiction(s)", n(RecordFlag::Contradiction)),
            tr("in the data: the same question with different answers"), tr("Settle"), list);
    addFlag(facts, RecordFlag::Empty, true, tr("%n empty answer(s)", n(RecordFlag::Empty)), tr("that nothing can be learnt from"),
            tr("Fill in"), list);
    addFlag(facts, RecordFlag::TooLong, true, tr("%n record(s)", n(RecordFlag::TooLong)),
            tr("longer than the model reads: the end of the answer is cut off"), tr("Shorten"), list);
    addFlag(facts, RecordFlag::Duplicate, false, tr("%n duplicate(s)", n(RecordFlag::Duplicate)), tr("that count more than once"), tr("Look"),
            list);
    addFlag(facts, RecordFlag::OddEncoding, false, tr("%n record(s)", n(RecordFlag::OddEncoding)),
            tr("with signs of a wrong encoding"), tr("Look"), list);
    if (list.size() > kMostWaiting)
        list.resize(kMostWaiting);
    return list;
}

std::vector<Activity> recentActivity(const HomeFacts &facts, std::size_t most)
{
    std::vector<Activity> list;
    for (const engine::JournalEntry &entry : facts.journal)
        list.push_back({QDateTime::fromString(QString::fromStdString(entry.when), Qt::ISODate), QString::fromStdString(entry.what)});
    for (const engine::RunInfo &run : facts.runs) {
        const auto started = QDateTime::fromString(QString::fromStdString(run.started), Qt::ISODate);
        const QString name = QString::fromStdString(run.name);
        list.push_back({started, run.snapshot.isValid() ? tr("%1 started on snapshot %2").arg(name).arg(run.snapshot.value)
                                                        : tr("%1 started").arg(name)});
        if (run.state == engine::RunState::Finished)
            list.push_back({started.addSecs(qint64(run.seconds)), run.evalLoss
                                ? tr("%1 finished after %2, held-out loss %3").arg(name, durationText(run.seconds), lossText(*run.evalLoss))
                                : tr("%1 finished after %2").arg(name, durationText(run.seconds))});
    }
    std::ranges::stable_sort(list, std::greater{}, &Activity::when);
    if (list.size() > most)
        list.resize(most);
    return list;
}

} // namespace fettle::ui
