// See runlist.h.
#include "ui/runs/runlist.h"

#include "ui/runs/runwords.h"
#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kRowHeight = 52;
constexpr int kProgressHeight = 12; // below the lines of a run that works
constexpr int kTextLeft = kPaneSide + kIcon + kStep2;

} // namespace

void RunListModel::setRuns(std::vector<engine::RunInfo> runs)
{
    std::ranges::reverse(runs);
    const bool isSame = std::ranges::equal(runs, m_runs, {}, &engine::RunInfo::id, &engine::RunInfo::id);
    if (!isSame)
        beginResetModel();
    m_runs = std::move(runs);
    if (!isSame)
        endResetModel();
    else if (!m_runs.empty())
        emit dataChanged(index(0), index(int(m_runs.size()) - 1));
}

void RunListModel::updateRun(const engine::RunInfo &run)
{
    const int row = rowOf(run.id);
    if (row < 0) {
        beginInsertRows({}, 0, 0);
        m_runs.insert(m_runs.begin(), run);
        endInsertRows();
        return;
    }
    m_runs[std::size_t(row)] = run;
    emit dataChanged(index(row), index(row));
}

void RunListModel::setSecondsLeft(RunId run, double seconds)
{
    m_secondsLeft[run] = seconds;
}

const engine::RunInfo *RunListModel::runAt(int row) const
{
    return row >= 0 && row < int(m_runs.size()) ? &m_runs[std::size_t(row)] : nullptr;
}

const engine::RunInfo *RunListModel::find(RunId run) const
{
    return runAt(rowOf(run));
}

int RunListModel::rowOf(RunId run) const
{
    const auto found = std::ranges::find(m_runs, run, &engine::RunInfo::id);
    return found == m_runs.end() ? -1 : int(found - m_runs.begin());
}

double RunListModel::secondsLeft(RunId run) const
{
    const auto found = m_secondsLeft.find(run);
    return found == m_secondsLeft.end() ? -1 : found->second;
}

int RunListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_runs.size());
}

QVariant RunListModel::data(const QModelIndex &index, int role) const
{
    const engine::RunInfo *run = index.isValid() ? runAt(index.row()) : nullptr;
    if (!run)
        return {};
    const QString loss = run->evalLoss ? tr("held-out loss %1").arg(lossText(*run->evalLoss)) : tr("not measured yet");
    const QString line = runSecondLine(*run, secondsLeft(run->id));
    switch (role) {
    case Qt::DisplayRole: return tr("%1, %2").arg(run->id.value).arg(runMethodLine(*run));
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole:
        return tr("%1: %2, %3, %4, %5").arg(QString::fromStdString(run->name), runStateText(run->state), runMethodLine(*run), line, loss);
    default: return {};
    }
}

void RunDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const auto *model = static_cast<const RunListModel *>(index.model());
    const engine::RunInfo *run = model->runAt(index.row());
    if (!run)
        return;
    const Tokens &t = tokens();
    painter->save();
    const QRect row = option.rect;
    const bool isSelected = option.state & QStyle::State_Selected;
    painter->fillRect(row, isSelected ? t.selection : t.surface0);
    if (!isSelected && (option.state & QStyle::State_MouseOver))
        painter->fillRect(row, t.surface2);
    const int right = row.right() - kStep3;
    const QRect first(row.x() + kTextLeft, row.y() + kStep2, right - row.x() - kTextLeft, 20);
    const QRect second(first.x(), first.bottom() + 1, first.width(), 16);
    paintIcon(*painter, QRect(row.x() + kPaneSide, first.y(), kIcon, first.height()), runStateIcon(run->state), kIcon, t.ink(runStateInk(run->state)));

    painter->setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter->setPen(t.text);
    const QString loss = run->evalLoss ? lossText(*run->evalLoss) : QString();
    painter->drawText(first, Qt::AlignRight | Qt::AlignVCenter, loss);
    const QString number = QString::number(run->id.value);
    painter->drawText(first, Qt::AlignLeft | Qt::AlignVCenter, number);
    const int numberWidth = painter->fontMetrics().horizontalAdvance(number) + kStep2;
    const int lossWidth = painter->fontMetrics().horizontalAdvance(loss) + kStep2;
    const QRect name = first.adjusted(numberWidth, 0, -lossWidth, 0);
    painter->setFont(textFont());
    painter->drawText(name, Qt::AlignLeft | Qt::AlignVCenter, painter->fontMetrics().elidedText(runListName(*run), Qt::ElideRight, name.width()));

    painter->setFont(textFont(TextSize::Small));
    painter->setPen(t.muted);
    painter->drawText(second, Qt::AlignLeft | Qt::AlignVCenter,
                      painter->fontMetrics().elidedText(runSecondLine(*run, model->secondsLeft(run->id)), Qt::ElideRight, second.width()));
    if (isRunWorking(run->state) && run->steps > 0) {
        const QRect track(first.x(), second.bottom() + kStep1 + 1, first.width(), 4);
        drawBox(*painter, track, isSelected ? t.border : t.surface2, {}, 2);
        QRect done = track;
        done.setWidth(int(track.width() * std::clamp(double(run->step) / double(run->steps), 0.0, 1.0)));
        if (done.width() > 0)
            drawBox(*painter, done, t.accent, {}, 2);
    }
    if (option.state & QStyle::State_HasFocus) // keyboard: which row the arrows move from
        painter->fillRect(QRect(row.x(), row.y(), 3, row.height()), t.accent);
    painter->restore();
}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &index) const
{
    const auto *model = static_cast<const RunListModel *>(index.model());
    const engine::RunInfo *run = model->runAt(index.row());
    const int height = kRowHeight + (run && isRunWorking(run->state) ? kProgressHeight : 0);
    return {100, qRound(height * textScale())};
}

RunList::RunList(RunListModel *model, QWidget *parent) : QListView(parent)
{
    setModel(model);
    setItemDelegate(new RunDelegate(this));
    setFrameShape(QFrame::NoFrame);
    setMouseTracking(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Runs"));
    setAccessibleDescription(tr("The runs of this project, newest first. Two or more that are selected are compared."));
    viewport()->setBackgroundRole(QPalette::Window);
    connect(selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        if (const RunId run = chosen(); run.isValid())
            emit runChosen(run);
    });
    connect(selectionModel(), &QItemSelectionModel::selectionChanged, this, &RunList::selectionMoved);
    // Rows grow and shrink as runs start and end.
    connect(model, &QAbstractItemModel::dataChanged, this, [this] { scheduleDelayedItemsLayout(); });
}

void RunList::choose(RunId run)
{
    const int row = static_cast<RunListModel *>(model())->rowOf(run);
    if (row >= 0 && !(run == chosen() && selectionModel()->isSelected(currentIndex())))
        setCurrentIndex(model()->index(row, 0));
}

void RunList::select(const std::vector<RunId> &runs)
{
    QItemSelection selection;
    for (const RunId run : runs) {
        const int row = static_cast<RunListModel *>(model())->rowOf(run);
        if (row >= 0)
            selection.select(model()->index(row, 0), model()->index(row, 0));
    }
    selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
}

void RunList::selectionMoved()
{
    const auto *runs = static_cast<RunListModel *>(model());
    std::vector<RunId> now;
    for (const QModelIndex &index : selectionModel()->selectedIndexes())
        now.push_back(runs->runAt(index.row())->id);
    std::erase_if(m_selected, [&](RunId run) { return std::ranges::find(now, run) == now.end(); });
    for (const RunId run : now) {
        if (std::ranges::find(m_selected, run) == m_selected.end())
            m_selected.push_back(run);
    }
    emit runsSelected(m_selected);
}

RunId RunList::chosen() const
{
    const engine::RunInfo *run = static_cast<const RunListModel *>(model())->runAt(currentIndex().row());
    return run ? run->id : RunId{};
}

} // namespace fettle::ui
