// The answers of a batch evaluation as a table: what got worse first, filtered by how an answer stands against the base. Knows no widget.
#pragma once

#include "core/engine/evaluation.h"

#include <QAbstractTableModel>

#include <array>
#include <memory>
#include <optional>

namespace fettle::ui {

class EvaluationModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Number, Question, Tags, Base, Tuned, Gain, Judged, Standing, ColumnCount };
    static constexpr int kAnswerRole = Qt::UserRole; // second line of the question's cell
    static constexpr int kInkRole = Qt::UserRole + 1; // Ink of the text, as int

    using QAbstractTableModel::QAbstractTableModel;
    void setComparison(std::shared_ptr<const evaluate::Comparison> comparison);
    void setFilter(std::optional<evaluate::Verdict> verdict);
    [[nodiscard]] qint64 count(std::optional<evaluate::Verdict> verdict) const;
    [[nodiscard]] const evaluate::QuestionRow &row(int row) const; // of the table
    [[nodiscard]] evaluate::Standing standing(int row) const;

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::shared_ptr<const evaluate::Comparison> m_comparison;
    std::vector<evaluate::Standing> m_standings; // by row of the comparison
    std::vector<std::size_t> m_order, m_shown;   // rows of the comparison: all, and those that the filter lets through
    std::array<qint64, 4> m_counts{};            // by verdict
    std::optional<evaluate::Verdict> m_filter;
};

} // namespace fettle::ui
