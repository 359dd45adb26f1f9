#include "ui/data/recordmodel.h"

#include "ui/data/recordwords.h"
#include "ui/theme/icons.h"

#include <QLocale>
#include <QPointer>

#include <algorithm>

namespace fettle::ui {

namespace {
constexpr int kPageRows = 128;
constexpr std::size_t kPagesKept = 96;  // some 12,000 rows, far more than any screen shows
constexpr std::size_t kWantedKept = 6;  // while somebody drags the scroll bar, older wishes are void
constexpr int kInFlight = 2;
} // namespace

RecordModel::RecordModel(RowSource source, QObject *parent)
    : QAbstractTableModel(parent), m_source(std::move(source)), m_requestTimer(new QTimer(this))
{
    m_requestTimer->setSingleShot(true);
    m_requestTimer->setInterval(0);
    connect(m_requestTimer, &QTimer::timeout, this, &RecordModel::requestNext);
}

void RecordModel::setIds(std::vector<RecordId> ids)
{
    if (ids == m_ids) {
        refresh();
        return;
    }
    beginResetModel();
    m_ids = std::move(ids);
    m_largestId = m_ids.empty() ? RecordId{} : std::ranges::max(m_ids);
    m_pages.clear();
    m_wanted.clear();
    ++m_generation;
    m_inFlight = 0;
    endResetModel();
}

int RecordModel::rowOf(RecordId id) const
{
    const auto found = std::find(m_ids.begin(), m_ids.end(), id);
    return found == m_ids.end() ? -1 : static_cast<int>(found - m_ids.begin());
}

RecordId RecordModel::idAt(int row) const
{
    return row >= 0 && row < rowCount() ? m_ids[static_cast<std::size_t>(row)] : RecordId{};
}

const engine::RecordRow *RecordModel::rowAt(int row) const
{
    if (row < 0 || row >= rowCount())
        return nullptr;
    Page &page = m_pages[row / kPageRows];
    page.used = ++m_clock;
    if (page.isStale)
        want(row / kPageRows);
    if (!page.isLoaded)
        return nullptr;
    const engine::RecordRow &found = page.rows[static_cast<std::size_t>(row % kPageRows)];
    return found.id.isValid() ? &found : nullptr;
}

void RecordModel::refresh()
{
    ++m_generation;
    m_inFlight = 0;
    m_wanted.clear();
    for (auto &[number, page] : m_pages)
        page.isStale = true;
    if (rowCount() > 0)
        emit dataChanged(index(0, 0), index(rowCount() - 1, kColumnCount - 1));
}

void RecordModel::setMaxLength(std::int64_t tokens)
{
    if (tokens == m_maxLength)
        return;
    m_maxLength = tokens;
    if (rowCount() > 0)
        emit dataChanged(index(0, TokensColumn), index(rowCount() - 1, TokensColumn));
}

void RecordModel::setMarks(const QStringList &words)
{
    if (words == m_marks)
        return;
    m_marks = words;
    if (rowCount() > 0)
        emit dataChanged(index(0, InstructionColumn), index(rowCount() - 1, ResponseColumn));
}

int RecordModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_ids.size());
}

int RecordModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : kColumnCount;
}

QVariant RecordModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    if (role == Qt::TextAlignmentRole) {
        const bool isNumber = index.column() == NumberColumn || index.column() == TokensColumn || index.column() == LossColumn;
        return int(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    }
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != Qt::AccessibleTextRole)
        return {};
    // The number is known without the row, so that a fast scroll shows where one is.
    if (index.column() == NumberColumn && role == Qt::DisplayRole)
        return QLocale().toString(static_cast<qlonglong>(idAt(index.row()).value));
    const engine::RecordRow *row = rowAt(index.row());
    if (!row)
        return role == Qt::DisplayRole && index.column() == InstructionColumn ? QVariant(QStringLiteral("…")) : QVariant();
    switch (role) {
    case Qt::DisplayRole: return textFor(*row, index.column());
    case Qt::AccessibleTextRole: return accessibleFor(*row, index.column());
    case Qt::ToolTipRole:
        if (index.column() == StatusColumn || index.column() == FlagColumn || index.column() == TagsColumn)
            return accessibleFor(*row, index.column());
        return {};
    default: return {};
    }
}

QVariant RecordModel::textFor(const engine::RecordRow &row, int column) const
{
    switch (column) {
    case InstructionColumn: return QString::fromStdString(row.instruction);
    case ResponseColumn:
        if (row.response.empty() && !row.draft.empty())
            return tr("Draft: %1").arg(QString::fromStdString(row.draft));
        return row.response.empty() ? tr("Empty") : QString::fromStdString(row.response);
    case TagsColumn: {
        QStringList tags;
        for (const std::string &tag : row.tags)
            tags.append(QString::fromStdString(tag));
        return tags.join(QStringLiteral(", "));
    }
    case TokensColumn: return row.tokens ? QLocale().toString(static_cast<qlonglong>(*row.tokens)) : QString();
    case LossColumn: return row.loss ? QLocale().toString(*row.loss, 'f', 2) : QString();
    case SplitColumn: return splitName(row.split);
    default: return QString();
    }
}

QString RecordModel::accessibleFor(const engine::RecordRow &row, int column) const
{
    if (column == StatusColumn)
        return statusName(row.status);
    if (column != FlagColumn)
        return textFor(row, column).toString();
    QStringList flags;
    for (engine::RecordFlag flag : row.flags)
        flags.append(flagSentence(flag));
    return flags.join(QStringLiteral("\n"));
}

QVariant RecordModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= kColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole) {
        const bool isNumber = section == NumberColumn || section == TokensColumn || section == LossColumn;
        return int(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    }
    if (role == Qt::DecorationRole)
        return section == FlagColumn ? QVariant(icon(QStringLiteral("flag"), Ink::Muted)) : QVariant();
    const bool isSpoken = role == Qt::AccessibleTextRole || role == Qt::ToolTipRole;
    if (role != Qt::DisplayRole && !isSpoken)
        return {};
    switch (section) {
    case StatusColumn: return isSpoken ? tr("Status") : QString();
    case NumberColumn: return isSpoken ? tr("Record number") : tr("No.");
    case InstructionColumn: return tr("Instruction");
    case ResponseColumn: return tr("Response");
    case TagsColumn: return tr("Tags");
    case TokensColumn: return isSpoken ? tr("Tokens that the model reads") : tr("Tokens");
    case LossColumn: return isSpoken ? tr("Loss in the newest run that saw the record") : tr("Loss");
    case FlagColumn: return isSpoken ? tr("Findings") : QString();
    case SplitColumn: return tr("Split");
    default: return {};
    }
}

void RecordModel::sort(int column, Qt::SortOrder order)
{
    using engine::RecordSort;
    const bool descending = order == Qt::DescendingOrder;
    switch (column) {
    case StatusColumn: emit sortRequested(RecordSort::Status, descending); break;
    case InstructionColumn: emit sortRequested(RecordSort::Instruction, descending); break;
    case ResponseColumn: emit sortRequested(RecordSort::Response, descending); break;
    case TokensColumn: emit sortRequested(RecordSort::Tokens, descending); break;
    case LossColumn: emit sortRequested(RecordSort::Loss, descending); break;
    case SplitColumn: emit sortRequested(RecordSort::Split, descending); break;
    default: emit sortRequested(RecordSort::Number, column == NumberColumn && descending); break;
    }
}

void RecordModel::want(int page) const
{
    if (!m_wanted.empty() && m_wanted.back() == page)
        return;
    std::erase(m_wanted, page);
    m_wanted.push_back(page);
    if (m_wanted.size() > kWantedKept)
        m_wanted.erase(m_wanted.begin());
    if (!m_requestTimer->isActive())
        m_requestTimer->start();
}

void RecordModel::requestNext()
{
    while (m_inFlight < kInFlight && !m_wanted.empty()) {
        const int page = m_wanted.back();
        m_wanted.pop_back();
        Page &entry = m_pages[page];
        if (!entry.isStale)
            continue;
        const auto begin = static_cast<std::size_t>(page) * kPageRows;
        const auto end = std::min(begin + kPageRows, m_ids.size());
        if (begin >= end)
            continue;
        entry.isStale = false; // asked for; a failure makes it stale again
        std::vector<RecordId> ids(m_ids.begin() + static_cast<std::ptrdiff_t>(begin), m_ids.begin() + static_cast<std::ptrdiff_t>(end));
        ++m_inFlight;
        QPointer<RecordModel> self(this);
        m_source(ids, [self, page, ids, generation = m_generation](Result<std::vector<engine::RecordRow>> rows) {
            if (self)
                self->receive(page, generation, ids, std::move(rows));
        });
    }
}

void RecordModel::receive(int page, std::uint64_t generation, const std::vector<RecordId> &asked,
                          Result<std::vector<engine::RecordRow>> rows)
{
    if (generation != m_generation)
        return;
    --m_inFlight;
    Page &entry = m_pages[page];
    if (!rows) {
        // Stays quiet until somebody asks again: a repaint would repeat the failure without end.
        emit rowsFailed(rows.error());
        requestNext();
        return;
    }
    entry.rows.assign(asked.size(), {});
    std::size_t next = 0;
    for (engine::RecordRow &row : *rows) {
        m_hasSeenLoss = m_hasSeenLoss || row.loss.has_value();
        // Answers keep the order of the question; only deleted records are missing.
        while (next < asked.size() && asked[next] != row.id)
            ++next;
        if (next < asked.size())
            entry.rows[next++] = std::move(row);
    }
    entry.isLoaded = true;
    const int first = page * kPageRows;
    emit dataChanged(index(first, 0), index(first + static_cast<int>(asked.size()) - 1, kColumnCount - 1));
    forgetOldPages();
    requestNext();
}

void RecordModel::forgetOldPages()
{
    while (m_pages.size() > kPagesKept) {
        const auto oldest = std::min_element(m_pages.begin(), m_pages.end(),
                                             [](const auto &a, const auto &b) { return a.second.used < b.second.used; });
        m_pages.erase(oldest);
    }
}

} // namespace fettle::ui
