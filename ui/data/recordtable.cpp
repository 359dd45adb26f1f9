#include "ui/data/recordtable.h"

#include "ui/data/recorddelegate.h"
#include "ui/data/recordmodel.h"
#include "ui/theme/tokens.h"

#include <QContextMenuEvent>
#include <QHeaderView>
#include <QKeyEvent>

#include <algorithm>

namespace fettle::ui {

RecordTable::RecordTable(RecordModel *model, QWidget *parent) : QTableView(parent)
{
    setModel(model);
    setItemDelegate(new RecordDelegate(this));
    setFrameShape(QFrame::NoFrame);
    setShowGrid(false);
    setWordWrap(false);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(NoEditTriggers);
    setTabKeyNavigation(false);
    setCornerButtonEnabled(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Records"));
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setMinimumSectionSize(16);
    verticalHeader()->setDefaultSectionSize(qRound(measure::kRow * textScale()));
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(24);
    horizontalHeader()->setSortIndicator(RecordModel::NumberColumn, Qt::AscendingOrder);
    horizontalHeader()->setSortIndicatorShown(false);
    horizontalHeader()->setSectionsClickable(true);
    setSortingEnabled(false);
    // Sorting is the project's business; the header only says what is wished.
    connect(horizontalHeader(), &QHeaderView::sectionClicked, this, [this](int section) {
        QHeaderView *header = horizontalHeader();
        const bool isSame = header->isSortIndicatorShown() && header->sortIndicatorSection() == section;
        const Qt::SortOrder order = isSame && header->sortIndicatorOrder() == Qt::AscendingOrder ? Qt::DescendingOrder : Qt::AscendingOrder;
        header->setSortIndicatorShown(true);
        header->setSortIndicator(section, order);
        this->model()->sort(section, order);
    });
    setLossShown(false);
}

void RecordTable::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    setColumnHidden(RecordModel::ResponseColumn, isNarrow);
    setColumnHidden(RecordModel::SplitColumn, isNarrow);
    spreadColumns();
}

void RecordTable::setLossShown(bool isShown)
{
    setColumnHidden(RecordModel::LossColumn, !isShown);
    spreadColumns();
}

void RecordTable::spreadColumns()
{
    const std::pair<int, int> fixedColumns[] = {
        {RecordModel::StatusColumn, 32}, {RecordModel::NumberColumn, m_isNarrow ? 50 : 54}, {RecordModel::TagsColumn, m_isNarrow ? 122 : 112},
        {RecordModel::TokensColumn, 68}, {RecordModel::LossColumn, 58}, {RecordModel::FlagColumn, 32}, {RecordModel::SplitColumn, 76}};
    int room = viewport()->width();
    for (const auto &[column, width] : fixedColumns) {
        const int scaled = qRound(width * textScale());
        setColumnWidth(column, scaled);
        if (!isColumnHidden(column))
            room -= scaled;
    }
    room = std::max(room, 160);
    const bool hasResponse = !isColumnHidden(RecordModel::ResponseColumn);
    const int instruction = hasResponse ? room * 60 / 100 : room;
    setColumnWidth(RecordModel::InstructionColumn, instruction);
    if (hasResponse)
        setColumnWidth(RecordModel::ResponseColumn, room - instruction);
}

std::vector<std::pair<int, int>> RecordTable::selectedRanges() const
{
    std::vector<std::pair<int, int>> ranges;
    for (const QItemSelectionRange &range : selectionModel()->selection())
        ranges.emplace_back(range.top(), range.bottom() + 1);
    std::sort(ranges.begin(), ranges.end());
    std::vector<std::pair<int, int>> merged;
    for (const auto &range : ranges) {
        if (!merged.empty() && range.first <= merged.back().second)
            merged.back().second = std::max(merged.back().second, range.second);
        else
            merged.push_back(range);
    }
    return merged;
}

int RecordTable::selectedCount() const
{
    int count = 0;
    for (const auto &[begin, end] : selectedRanges())
        count += end - begin;
    return count;
}

void RecordTable::goTo(int row)
{
    if (row < 0 || row >= model()->rowCount())
        return;
    const QModelIndex index = model()->index(row, RecordModel::InstructionColumn);
    selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    scrollTo(index);
}

void RecordTable::resizeEvent(QResizeEvent *event)
{
    QTableView::resizeEvent(event);
    spreadColumns();
}

void RecordTable::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        emit editRequested();
        return;
    }
    QTableView::keyPressEvent(event);
}

void RecordTable::mouseDoubleClickEvent(QMouseEvent *event)
{
    QTableView::mouseDoubleClickEvent(event);
    if (currentIndex().isValid())
        emit editRequested();
}

void RecordTable::contextMenuEvent(QContextMenuEvent *event)
{
    emit menuRequested(event->globalPos());
}

void RecordTable::currentChanged(const QModelIndex &current, const QModelIndex &previous)
{
    QTableView::currentChanged(current, previous);
    if (current.row() != previous.row() || !previous.isValid())
        emit currentRowChanged(current.isValid() ? current.row() : -1);
}

void RecordTable::selectionChanged(const QItemSelection &selected, const QItemSelection &deselected)
{
    QTableView::selectionChanged(selected, deselected);
    emit selectionCountChanged(selectedCount());
}

} // namespace fettle::ui
