// What happened to a run, newest first: its states, its evaluations, its checkpoints. The entries are computed from what the project keeps and
// from the changes of state and the notices that this window saw. The view is lazy: a long run has thousands.
#pragma once

#include "ui/runs/runcurves.h"
#include "ui/theme/tokens.h"

#include <QAbstractListModel>
#include <QDateTime>
#include <QStyledItemDelegate>

namespace fettle::ui {

struct SeenState {
    engine::RunState state;
    std::int64_t step = 0;
    QDateTime when;
    QString notice; // not empty: what the run told in this state
};

struct LogEntry {
    QString iconName;
    Ink ink = Ink::Muted;
    QString text;
    QString place; // "step 120, 7 min" or "14:24"
    std::optional<qint64> note = {}; // what the user wrote
};

[[nodiscard]] std::vector<LogEntry> runLogEntries(const engine::RunInfo &run, const RunCurves &curves, const std::vector<SeenState> &seen);

enum class LogLevel { Everything, Troubles, Notes };

class RunLogModel : public QAbstractListModel {
    Q_OBJECT

public:
    using QAbstractListModel::QAbstractListModel;
    void setEntries(std::vector<LogEntry> entries);
    // words: all of them must be in an entry, in any case.
    void setFilter(const QString &words, LogLevel level);
    [[nodiscard]] const LogEntry &entryAt(int row) const { return m_entries[m_shown[std::size_t(row)]]; }
    [[nodiscard]] int entryCount() const { return int(m_entries.size()); } // without the filter
    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;

private:
    void choose();

    std::vector<LogEntry> m_entries;
    std::vector<std::size_t> m_shown;
    QStringList m_words;
    LogLevel m_level = LogLevel::Everything;
};

class RunLogDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace fettle::ui
