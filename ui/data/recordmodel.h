// The table of records as Qt sees it: all ids at once, the rows behind them in pages that are fetched when they come into view.
// Knows no database and no thread: pages come from a RowSource that answers later, on the GUI thread.
#pragma once

#include "core/engine/project.h"

#include <QAbstractTableModel>
#include <QStringList>
#include <QTimer>

#include <functional>
#include <unordered_map>
#include <vector>

namespace fettle::ui {

class RecordModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { StatusColumn, NumberColumn, InstructionColumn, ResponseColumn, TagsColumn, TokensColumn, LossColumn, FlagColumn, SplitColumn,
                  kColumnCount };

    using RowsAnswer = std::function<void(Result<std::vector<engine::RecordRow>>)>;
    // Asks for rows; answer is called exactly once, later, on the GUI thread. Ids that no longer exist are left out of the answer.
    using RowSource = std::function<void(std::vector<RecordId> ids, RowsAnswer answer)>;

    explicit RecordModel(RowSource source, QObject *parent = nullptr);

    void setIds(std::vector<RecordId> ids);
    [[nodiscard]] const std::vector<RecordId> &ids() const { return m_ids; }
    [[nodiscard]] RecordId largestId() const { return m_largestId; }
    // -1 where the record is not in the table.
    [[nodiscard]] int rowOf(RecordId id) const;
    [[nodiscard]] RecordId idAt(int row) const;
    // nullptr while the row is on its way; asking for it starts the way.
    [[nodiscard]] const engine::RecordRow *rowAt(int row) const;
    // Fetches what is shown again; the old values stay visible until the new ones come.
    void refresh();
    // The longest number of tokens that is not cut, for the mark in the tokens column; 0: no limit.
    void setMaxLength(std::int64_t tokens);
    [[nodiscard]] std::int64_t maxLength() const { return m_maxLength; }
    // Words that were searched for; the table marks where they occur.
    void setMarks(const QStringList &words);
    [[nodiscard]] const QStringList &marks() const { return m_marks; }
    // Whether any row so far had a loss: before the first run the column would be empty.
    [[nodiscard]] bool hasSeenLoss() const { return m_hasSeenLoss; }

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    void sort(int column, Qt::SortOrder order) override;

signals:
    void sortRequested(fettle::engine::RecordSort sort, bool descending);
    void rowsFailed(const fettle::Error &error);

private:
    struct Page {
        std::vector<engine::RecordRow> rows; // same order as the ids; a missing record has an invalid id
        bool isStale = true;
        bool isLoaded = false;
        std::uint64_t used = 0;
    };

    [[nodiscard]] QVariant textFor(const engine::RecordRow &row, int column) const;
    [[nodiscard]] QString accessibleFor(const engine::RecordRow &row, int column) const;
    void want(int page) const;
    void requestNext();
    void receive(int page, std::uint64_t generation, const std::vector<RecordId> &asked, Result<std::vector<engine::RecordRow>> rows);
    void forgetOldPages();

    RowSource m_source;
    std::vector<RecordId> m_ids;
    RecordId m_largestId;
    std::int64_t m_maxLength = 0;
    QStringList m_marks;
    std::uint64_t m_generation = 0;   // answers to an older list of ids are dropped
    mutable std::unordered_map<int, Page> m_pages;
    mutable std::vector<int> m_wanted; // newest last; served newest first, because that is what is on screen
    mutable std::uint64_t m_clock = 0;
    int m_inFlight = 0;
    bool m_hasSeenLoss = false;
    QTimer *m_requestTimer = nullptr;
};

} // namespace fettle::ui
