// See ledgermodel.h.
#include "ui/runs/ledgermodel.h"

#include "ui/theme/icons.h"
#include "ui/widgets/words.h"

#include <QCoreApplication>

#include <algorithm>
#include <bit>
#include <cmath>

namespace fettle::ui {

using data::Verdict;

LedgerFacts judged(data::LossTable table, std::vector<std::vector<std::int32_t>> kin)
{
    LedgerFacts facts;
    facts.verdicts = data::verdictsOf(table, kin);
    facts.last = data::lastLosses(table);
    facts.bands = data::lossBands(table);
    facts.kin = std::move(kin);
    facts.table = std::move(table);
    return facts;
}

qint64 LedgerFacts::count(Verdict verdict) const
{
    return std::ranges::count_if(verdicts, [bit = data::bitOf(verdict)](data::VerdictBits bits) { return (bits & bit) != 0; });
}

QString verdictText(Verdict verdict)
{
    switch (verdict) {
    case Verdict::NeverLearnt: return LedgerModel::tr("never learnt");
    case Verdict::Suspicious: return LedgerModel::tr("suspicious");
    case Verdict::Forgotten: return LedgerModel::tr("forgotten");
    case Verdict::Slow: return LedgerModel::tr("slow");
    case Verdict::AtOnce: return LedgerModel::tr("learnt at once");
    case Verdict::None: break;
    }
    return {};
}

QString verdictIcon(Verdict verdict)
{
    switch (verdict) {
    case Verdict::NeverLearnt: return QStringLiteral("circle-minus");
    case Verdict::Suspicious: return QStringLiteral("circle-alert");
    case Verdict::Forgotten: return QStringLiteral("rotate-ccw");
    case Verdict::Slow: return QStringLiteral("clock");
    case Verdict::AtOnce: return QStringLiteral("copy");
    case Verdict::None: break;
    }
    return {};
}

Ink verdictInk(Verdict verdict)
{
    return verdict == Verdict::Suspicious ? Ink::Bad : verdict == Verdict::NeverLearnt || verdict == Verdict::Forgotten ? Ink::Warning : Ink::Muted;
}

QString verdictHelp(Verdict verdict)
{
    switch (verdict) {
    case Verdict::NeverLearnt: return LedgerModel::tr("Among the hardest fifth, and hardly better than at the first reading: often unclear, contradictory or not text at all.");
    case Verdict::Suspicious: return LedgerModel::tr("Hard, although records that ask about the same thing are learnt: often a wrong answer.");
    case Verdict::Forgotten: return LedgerModel::tr("It was learnt and its loss has risen again by 0.3 or more: often another record says the opposite.");
    case Verdict::Slow: return LedgerModel::tr("Among the hardest fifth, but still falling: more epochs or more records like it help.");
    case Verdict::AtOnce: return LedgerModel::tr("Nearly learnt after one reading: often there are near-duplicates of it.");
    case Verdict::None: break;
    }
    return {};
}

LedgerModel::LedgerModel(RecordModel::RowSource source, QObject *parent)
    : QAbstractTableModel(parent), m_records(new RecordModel(std::move(source), this))
{
    connect(m_records, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex &from, const QModelIndex &to) {
        if (from.row() < rowCount())
            emit dataChanged(index(from.row(), 0), index(std::min(to.row(), rowCount() - 1), Columns - 1));
    });
}

void LedgerModel::setFacts(std::shared_ptr<const LedgerFacts> facts)
{
    m_facts = std::move(facts);
    m_highest = 1;
    if (m_facts) {
        for (const data::LossBand &band : m_facts->bands)
            m_highest = std::isfinite(band.high) ? std::max(m_highest, 1.5 * band.high) : m_highest;
    }
    arrange();
}

void LedgerModel::show(Shown shown, Verdict verdict)
{
    m_shown = shown;
    m_verdict = verdict;
    arrange();
}

float LedgerModel::firstLoss(int place) const
{
    for (const std::vector<float> &reading : m_facts->table.losses) {
        if (std::isfinite(reading[std::size_t(place)]))
            return reading[std::size_t(place)];
    }
    return std::numeric_limits<float>::quiet_NaN();
}

void LedgerModel::arrange()
{
    beginResetModel();
    m_places.clear();
    std::vector<RecordId> ids;
    if (m_facts) {
        const data::VerdictBits worth = data::bitOf(Verdict::NeverLearnt) | data::bitOf(Verdict::Suspicious) | data::bitOf(Verdict::Forgotten);
        for (std::size_t place = 0; place < m_facts->verdicts.size(); ++place) {
            const data::VerdictBits bits = m_facts->verdicts[place];
            if (m_shown == All || (m_shown == WorthALook && (bits & worth)) || (m_shown == ByVerdict && (bits & data::bitOf(m_verdict))))
                m_places.push_back(int(place));
        }
        // Rows that were not read yet stand last, whatever the order.
        const auto key = [this](int place) -> double {
            const auto at = std::size_t(place);
            const double sign = m_sortOrder == Qt::DescendingOrder ? -1 : 1;
            double value = m_facts->last[at];
            if (m_sortColumn == Number)
                value = double(m_facts->table.rows[at].value);
            else if (m_sortColumn == First)
                value = firstLoss(place);
            else if (m_sortColumn == LedgerModel::Finding)
                value = double(std::countr_zero(unsigned(m_facts->verdicts[at]) | 0x100U)) ;
            return std::isfinite(value) ? sign * value : std::numeric_limits<double>::infinity();
        };
        std::vector<std::pair<double, int>> keyed;
        keyed.reserve(m_places.size());
        for (const int place : m_places)
            keyed.emplace_back(key(place), place);
        std::ranges::sort(keyed);
        for (std::size_t i = 0; i < keyed.size(); ++i) {
            m_places[i] = keyed[i].second;
            ids.push_back(m_facts->table.rows[std::size_t(m_places[i])]);
        }
    }
    m_records->setIds(std::move(ids));
    endResetModel();
}

RecordId LedgerModel::recordAt(int row) const
{
    return m_facts && row >= 0 && row < rowCount() ? m_facts->table.rows[std::size_t(placeAt(row))] : RecordId{};
}

std::vector<double> LedgerModel::courseAt(int row) const
{
    std::vector<double> course;
    for (const std::vector<float> &reading : m_facts->table.losses)
        course.push_back(double(reading[std::size_t(placeAt(row))]));
    return course;
}

int LedgerModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_places.size());
}

int LedgerModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : Columns;
}

QVariant LedgerModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const int place = placeAt(index.row());
    const Verdict verdict = data::firstVerdict(m_facts->verdicts[std::size_t(place)]);
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignVCenter | (index.column() == Number || index.column() == First || index.column() == Last ? Qt::AlignRight : Qt::AlignLeft));
    if (role == Qt::DecorationRole && index.column() == LedgerModel::Finding && verdict != Verdict::None)
        return icon(verdictIcon(verdict), verdictInk(verdict));
    if (role == Qt::ToolTipRole && index.column() == LedgerModel::Finding)
        return verdictHelp(verdict);
    if (role != Qt::DisplayRole)
        return {};
    const auto loss = [](float value) { return std::isfinite(value) ? lossText(double(value)) : tr("not read"); };
    switch (index.column()) {
    case Number: return countText(m_facts->table.rows[std::size_t(place)].value);
    case First: return loss(firstLoss(place));
    case Last: return loss(m_facts->last[std::size_t(place)]);
    case LedgerModel::Finding: return verdictText(verdict);
    case Text:
    case Tags: break;
    default: return {};
    }
    const engine::RecordRow *row = m_records->rowAt(index.row());
    if (!row)
        return {};
    if (!row->id.isValid())
        return index.column() == Text ? tr("(deleted since)") : QString();
    if (index.column() == Text)
        return QString::fromStdString(row->instruction);
    QStringList tags;
    for (const std::string &tag : row->tags)
        tags.append(QString::fromStdString(tag));
    return tags.join(QStringLiteral(", "));
}

QVariant LedgerModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int(Qt::AlignVCenter | (section == Number || section == First || section == Last ? Qt::AlignRight : Qt::AlignLeft));
    if (role == Qt::ToolTipRole && section == Course)
        return tr("Loss of the record from its first reading to the last, all records on one scale");
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Number: return tr("No.");
    case Text: return tr("Record");
    case Tags: return tr("Tags");
    case Course: return tr("Loss");
    case First: return tr("First");
    case Last: return tr("Last");
    default: return tr("Verdict");
    }
}

void LedgerModel::sort(int column, Qt::SortOrder order)
{
    if (column == Text || column == Tags || column == Course)
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    arrange();
}

} // namespace fettle::ui
