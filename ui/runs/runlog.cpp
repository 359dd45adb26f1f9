// See runlog.h.
#include "ui/runs/runlog.h"

#include "ui/runs/runwords.h"
#include "ui/theme/icons.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

using engine::RunState;

QString stateSentence(RunState state, const engine::RunInfo &run)
{
    switch (state) {
    case RunState::Idle: return RunLogModel::tr("Waits for its turn");
    case RunState::Preparing: return RunLogModel::tr("Reads rows and weights");
    case RunState::Running: return RunLogModel::tr("Learns");
    case RunState::Pausing: return RunLogModel::tr("Pause was asked for");
    case RunState::Paused: return RunLogModel::tr("Paused, memory is free");
    case RunState::Stopping: return RunLogModel::tr("Stop was asked for");
    case RunState::Finished: return RunLogModel::tr("Finished");
    case RunState::Cancelled: return RunLogModel::tr("Stopped by you");
    case RunState::Failed: return RunLogModel::tr("Failed. %1").arg(failureWords(run.failure).what);
    case RunState::Interrupted:
        return run.failure.empty() ? RunLogModel::tr("Cut off: the program or the computer ended") : RunLogModel::tr("Cut off. %1").arg(failureWords(run.failure).what);
    }
    return {};
}

struct Dated { // step first, then what happens at one step in this order
    std::int64_t step;
    int order;
    LogEntry entry;
};

QString stepPlace(std::int64_t step, const RunCurves &curves)
{
    const std::ptrdiff_t at = pointIndex(curves, double(step));
    return at < 0 ? RunLogModel::tr("step %1").arg(countText(step))
                  : RunLogModel::tr("step %1, %2").arg(countText(step), durationText(curves.points[std::size_t(at)].seconds));
}

} // namespace

std::vector<LogEntry> runLogEntries(const engine::RunInfo &run, const RunCurves &curves, const std::vector<SeenState> &seen)
{
    std::vector<Dated> all;
    const auto started = QDateTime::fromString(QString::fromStdString(run.started), Qt::ISODate).toLocalTime();
    all.push_back({-1, 0, {QStringLiteral("flag"), Ink::Muted, RunLogModel::tr("Started on %1").arg(modelNameText(run.modelName)),
                           started.isValid() ? QLocale().toString(started, QLocale::ShortFormat) : QString()}});
    std::optional<double> best;
    for (const engine::EvalPoint &eval : curves.evals) {
        const bool isBest = !best || eval.loss < *best;
        const QString text = RunLogModel::tr("Held-out loss %1").arg(lossText(eval.loss));
        all.push_back({eval.step, 0, {isBest ? QStringLiteral("arrow-down") : QStringLiteral("arrow-up"), isBest ? Ink::Good : Ink::Warning,
                                      isBest ? text : RunLogModel::tr("%1, above the best so far").arg(text), stepPlace(eval.step, curves)}});
        best = std::min(best.value_or(eval.loss), eval.loss);
    }
    for (const engine::CheckpointInfo &checkpoint : curves.checkpoints)
        all.push_back({checkpoint.step, 1, {QStringLiteral("save"), Ink::Muted, RunLogModel::tr("Checkpoint saved"), stepPlace(checkpoint.step, curves)}});
    for (const engine::CurveNote &note : curves.notes)
        all.push_back({note.step, 1, {QStringLiteral("message-square"), Ink::Accent, QString::fromStdString(note.text).simplified(), stepPlace(note.step, curves), qint64(note.id)}});
    for (const SeenState &change : seen) {
        const QString when = change.when.toString(QStringLiteral("HH:mm:ss"));
        all.push_back({change.step, 2, change.notice.isEmpty()
                                           ? LogEntry{runStateIcon(change.state), runStateInk(change.state), stateSentence(change.state, run), when}
                                           : LogEntry{QStringLiteral("info"), Ink::Warning, change.notice, when}});
    }
    if (!isRunWorking(run.state) && (seen.empty() || seen.back().state != run.state))
        all.push_back({std::max(run.step, curves.points.empty() ? 0 : curves.points.back().step), 3,
                       {runStateIcon(run.state), runStateInk(run.state), stateSentence(run.state, run), stepPlace(run.step, curves)}});
    std::ranges::stable_sort(all, [](const Dated &a, const Dated &b) { return std::pair(a.step, a.order) < std::pair(b.step, b.order); });
    std::vector<LogEntry> entries;
    entries.reserve(all.size());
    for (auto dated = all.rbegin(); dated != all.rend(); ++dated)
        entries.push_back(std::move(dated->entry));
    return entries;
}

void RunLogModel::setEntries(std::vector<LogEntry> entries)
{
    beginResetModel();
    m_entries = std::move(entries);
    choose();
    endResetModel();
}

void RunLogModel::setFilter(const QString &words, LogLevel level)
{
    beginResetModel();
    m_words = words.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    m_level = level;
    choose();
    endResetModel();
}

void RunLogModel::choose()
{
    m_shown.clear();
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const LogEntry &entry = m_entries[i];
        const bool isTrouble = entry.ink == Ink::Warning || entry.ink == Ink::Bad;
        const bool isLevel = m_level == LogLevel::Everything || (m_level == LogLevel::Notes ? entry.note.has_value() : isTrouble);
        const auto hasWord = [&](const QString &word) { return entry.text.contains(word, Qt::CaseInsensitive) || entry.place.contains(word, Qt::CaseInsensitive); };
        if (isLevel && std::ranges::all_of(m_words, hasWord))
            m_shown.push_back(i);
    }
}

int RunLogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_shown.size());
}

QVariant RunLogModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const LogEntry &entry = entryAt(index.row());
    if (role == Qt::DisplayRole || role == Qt::ToolTipRole)
        return entry.text;
    if (role == Qt::AccessibleTextRole)
        return entry.place.isEmpty() ? entry.text : entry.text + QStringLiteral(", ") + entry.place;
    return {};
}

void RunLogDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const LogEntry &entry = static_cast<const RunLogModel *>(index.model())->entryAt(index.row());
    const Tokens &t = tokens();
    painter->save();
    painter->fillRect(option.rect, option.state & QStyle::State_Selected ? t.selection : t.surface1);
    painter->fillRect(option.rect.x(), option.rect.bottom(), option.rect.width(), 1, t.grid);
    const QRect row = option.rect.adjusted(kPaneSide, 0, -kPaneSide, -1);
    paintIcon(*painter, QRect(row.x(), row.y(), kIconSmall, row.height()), entry.iconName, kIconSmall, t.ink(entry.ink));
    painter->setFont(textFont(TextSize::Small));
    painter->setPen(t.muted);
    const int placeWidth = painter->fontMetrics().horizontalAdvance(entry.place);
    painter->drawText(row, Qt::AlignRight | Qt::AlignVCenter, entry.place);
    painter->setFont(textFont());
    painter->setPen(t.text);
    const QRect text = row.adjusted(kIconSmall + kStep2, 0, -placeWidth - kStep2, 0);
    painter->drawText(text, Qt::AlignLeft | Qt::AlignVCenter, painter->fontMetrics().elidedText(entry.text, Qt::ElideRight, text.width()));
    painter->restore();
}

QSize RunLogDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {100, qRound(kRow * textScale())};
}

} // namespace fettle::ui
