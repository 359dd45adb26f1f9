// The list of runs at the left: newest first, one row each with state, number, method, held-out loss and one line. Knows no bridge.
#pragma once

#include "core/engine/project.h"

#include <QAbstractListModel>
#include <QListView>
#include <QStyledItemDelegate>

#include <map>
#include <vector>

namespace fettle::ui {

class RunListModel : public QAbstractListModel {
    Q_OBJECT

public:
    using QAbstractListModel::QAbstractListModel;

    void setRuns(std::vector<engine::RunInfo> runs); // newest last, as the project lists them
    void updateRun(const engine::RunInfo &run);      // adds it where it is new
    void setSecondsLeft(RunId run, double seconds);

    [[nodiscard]] const engine::RunInfo *runAt(int row) const;
    [[nodiscard]] const engine::RunInfo *find(RunId run) const;
    [[nodiscard]] int rowOf(RunId run) const; // -1: not listed
    [[nodiscard]] double secondsLeft(RunId run) const;

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;

private:
    std::vector<engine::RunInfo> m_runs; // newest first
    std::map<RunId, double> m_secondsLeft;
};

class RunDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

class RunList : public QListView {
    Q_OBJECT

public:
    explicit RunList(RunListModel *model, QWidget *parent = nullptr);
    void choose(RunId run);                    // it alone
    void select(const std::vector<RunId> &runs);
    [[nodiscard]] RunId chosen() const;
    [[nodiscard]] const std::vector<RunId> &selectedRuns() const { return m_selected; } // in the order in which they were selected

signals:
    void runChosen(fettle::RunId run);
    void runsSelected(const std::vector<fettle::RunId> &runs);

private:
    void selectionMoved();

    std::vector<RunId> m_selected;
};

} // namespace fettle::ui
