#include "ui/data/recordtable.h"

#include "ui/data/recorddelegate.h"
#include "ui/data/recordmodel.h"
#include "ui/theme/tokens.h"

#include <QContextMenuEvent>
#include <QFontMetrics>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QLocale>
#include <QMenu>
#include <QSettings>
#include <QTimer>
#include <QtMath>

#include <algorithm>

namespace fettle::ui {

namespace {
constexpr auto kHiddenKey = "data/hiddenColumns";
constexpr auto kWidthsKey = "data/columnWidths";
} // namespace

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
    horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
    horizontalHeader()->setToolTip(tr("Click sorts, dragging an edge widens, the right button chooses columns"));
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setMinimumSectionSize(24);
    // A header that knows the selection asks for the flags of every row whenever it is painted, in case a whole column is chosen: a tenth of a
    // second where a million rows are. This one marks no column and is given a selection that is always empty.
    horizontalHeader()->setSelectionModel(new QItemSelectionModel(model, this));
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
    connect(horizontalHeader(), &QHeaderView::sectionResized, this, [this](int column, int, int width) { columnResized(column, width); });
    connect(horizontalHeader(), &QWidget::customContextMenuRequested, this, [this](const QPoint &place) {
        QMenu *menu = makeColumnMenu();
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->popup(horizontalHeader()->mapToGlobal(place));
    });
    connect(model, &QAbstractItemModel::modelReset, this, &RecordTable::spreadColumns); // numbers may have become longer
    restoreColumns();
    setLossShown(false);
}

void RecordTable::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    showColumns();
}

void RecordTable::setLossShown(bool isShown)
{
    if (m_hasLoss == isShown && property("areColumnsShown").toBool())
        return;
    m_hasLoss = isShown;
    setProperty("areColumnsShown", true);
    showColumns();
}

void RecordTable::showColumns()
{
    for (int column = 0; column < RecordModel::kColumnCount; ++column) {
        const bool isDropped = m_isNarrow && (column == RecordModel::ResponseColumn || column == RecordModel::SplitColumn);
        const bool isEmpty = column == RecordModel::LossColumn && !m_hasLoss;
        setColumnHidden(column, isDropped || isEmpty || !isColumnWished(column));
    }
    spreadColumns();
}

void RecordTable::spreadColumns()
{
    const QString longestNumber = QLocale().toString(static_cast<qlonglong>(static_cast<const RecordModel *>(model())->largestId().value));
    const int number = qCeil(QFontMetrics(textFont(TextSize::Body)).horizontalAdvance(longestNumber) / textScale()) + 2 * measure::kCell;
    const std::pair<int, int> fixedColumns[] = {
        {RecordModel::StatusColumn, 32}, {RecordModel::NumberColumn, std::max(number, m_isNarrow ? 50 : 54)}, {RecordModel::TagsColumn, m_isNarrow ? 122 : 112},
        {RecordModel::TokensColumn, 68}, {RecordModel::LossColumn, 58}, {RecordModel::FlagColumn, 32}, {RecordModel::SplitColumn, 76}};
    m_isSpreading = true;
    int room = viewport()->width();
    for (const auto &[column, width] : fixedColumns) {
        const int scaled = qRound(m_widths.value(column, width) * textScale());
        setColumnWidth(column, scaled);
        if (!isColumnHidden(column))
            room -= scaled;
    }
    room = std::max(room, 160);
    const bool hasResponse = !isColumnHidden(RecordModel::ResponseColumn);
    // What is drawn wider than the window has room for gives way: question and answer share what is left.
    const int wished = m_widths.contains(RecordModel::InstructionColumn) ? qRound(m_widths[RecordModel::InstructionColumn] * textScale()) : room * 60 / 100;
    const int instruction = hasResponse ? std::clamp(wished, 80, room - 80) : room;
    setColumnWidth(RecordModel::InstructionColumn, instruction);
    if (hasResponse)
        setColumnWidth(RecordModel::ResponseColumn, room - instruction);
    m_isSpreading = false;
}

void RecordTable::columnResized(int column, int width)
{
    if (m_isSpreading || width <= 0)
        return;
    // The answer is what the question leaves: drawing its edge means the other one.
    if (column != RecordModel::ResponseColumn)
        m_widths[column] = qRound(width / textScale());
    keepColumns();
    // After the header is done with the mouse's move.
    QTimer::singleShot(0, this, &RecordTable::spreadColumns);
}

QMenu *RecordTable::makeColumnMenu()
{
    auto *menu = new QMenu(this);
    menu->setToolTipsVisible(true);
    for (int column = 0; column < RecordModel::kColumnCount; ++column) {
        if (column == RecordModel::InstructionColumn)
            continue;
        const QString name = model()->headerData(column, Qt::Horizontal, column == RecordModel::ResponseColumn ? Qt::DisplayRole : Qt::AccessibleTextRole).toString();
        QAction *action = menu->addAction(name);
        action->setCheckable(true);
        action->setChecked(isColumnWished(column));
        action->setToolTip(tr("Shows or hides this column"));
        connect(action, &QAction::toggled, this, [this, column](bool isWished) {
            isWished ? void(m_unwished.remove(column)) : void(m_unwished.insert(column));
            keepColumns();
            showColumns();
        });
    }
    menu->addSeparator();
    QAction *reset = menu->addAction(tr("As at the beginning"));
    reset->setToolTip(tr("Shows every column in its first width"));
    connect(reset, &QAction::triggered, this, [this] {
        m_unwished.clear();
        m_widths.clear();
        keepColumns();
        showColumns();
    });
    return menu;
}

void RecordTable::keepColumns() const
{
    QStringList hidden, widths;
    for (const int column : m_unwished)
        hidden.append(QString::number(column));
    for (auto width = m_widths.begin(); width != m_widths.end(); ++width)
        widths.append(QStringLiteral("%1:%2").arg(width.key()).arg(width.value()));
    QSettings settings;
    settings.setValue(kHiddenKey, hidden);
    settings.setValue(kWidthsKey, widths);
}

void RecordTable::restoreColumns()
{
    const QSettings settings;
    const auto isColumn = [](int column) { return column >= 0 && column < RecordModel::kColumnCount; };
    for (const QString &text : settings.value(kHiddenKey).toStringList())
        if (const int column = text.toInt(); isColumn(column) && column != RecordModel::InstructionColumn)
            m_unwished.insert(column);
    for (const QString &text : settings.value(kWidthsKey).toStringList())
        if (const int column = text.section(u':', 0, 0).toInt(); isColumn(column))
            m_widths[column] = std::clamp(text.section(u':', 1).toInt(), 24, 2000);
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
    if (event->key() == Qt::Key_F2 && currentIndex().isValid()) {
        emit cellEditRequested(model()->index(currentIndex().row(), RecordModel::TagsColumn));
        return;
    }
    QTableView::keyPressEvent(event);
}

void RecordTable::mouseDoubleClickEvent(QMouseEvent *event)
{
    QTableView::mouseDoubleClickEvent(event);
    const QModelIndex index = indexAt(event->position().toPoint());
    const int column = index.column();
    if (column == RecordModel::TagsColumn || column == RecordModel::StatusColumn || column == RecordModel::SplitColumn)
        emit cellEditRequested(index);
    else if (currentIndex().isValid())
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
