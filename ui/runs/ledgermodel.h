// The rows of a run's ledger as Qt sees them: one view of them (all, never learnt, ...), hardest first, with the words of their records
// fetched when they come into view. Knows no bridge.
#pragma once

#include "ui/data/recordmodel.h"
#include "ui/theme/tokens.h"

#include <memory>

namespace fettle::ui {

// What a job has read and judged; shared, never changed.
struct LedgerFacts {
    data::LossTable table;
    std::vector<data::VerdictBits> verdicts;
    std::vector<float> last;
    std::vector<data::LossBand> bands;
    std::vector<std::vector<std::int32_t>> kin; // of hard rows; empty before it is known
    [[nodiscard]] qint64 count(data::Verdict verdict) const;
};

[[nodiscard]] LedgerFacts judged(data::LossTable table, std::vector<std::vector<std::int32_t>> kin = {});
[[nodiscard]] QString verdictText(data::Verdict verdict);
[[nodiscard]] QString verdictIcon(data::Verdict verdict);
[[nodiscard]] Ink verdictInk(data::Verdict verdict);
[[nodiscard]] QString verdictHelp(data::Verdict verdict);

class LedgerModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Number, Text, Tags, Course, First, Last, Finding, Columns };
    enum Shown { All, WorthALook, ByVerdict };

    explicit LedgerModel(RecordModel::RowSource source, QObject *parent = nullptr);

    void setFacts(std::shared_ptr<const LedgerFacts> facts);
    void show(Shown shown, data::Verdict verdict = data::Verdict::None);
    [[nodiscard]] const LedgerFacts *facts() const { return m_facts.get(); }
    [[nodiscard]] int placeAt(int row) const { return m_places.at(std::size_t(row)); } // in the table of the ledger
    [[nodiscard]] RecordId recordAt(int row) const;
    [[nodiscard]] const engine::RecordRow *recordRow(int row) const { return m_records->rowAt(row); }
    [[nodiscard]] std::vector<double> courseAt(int row) const; // every reading; NaN where there is none
    [[nodiscard]] double highest() const { return m_highest; } // loss, for the scale of the courses

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void sort(int column, Qt::SortOrder order) override;

private:
    void arrange();
    [[nodiscard]] float firstLoss(int place) const;

    std::shared_ptr<const LedgerFacts> m_facts;
    RecordModel *m_records;
    Shown m_shown = All;
    data::Verdict m_verdict = data::Verdict::None;
    int m_sortColumn = Last;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
    std::vector<int> m_places;
    double m_highest = 1;
};

} // namespace fettle::ui
