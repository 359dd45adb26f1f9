// The table view of the Data page: column widths that follow the window, columns that drop out by priority, rows chosen as a whole.
#pragma once

#include <QTableView>

namespace fettle::ui {

class RecordModel;

class RecordTable : public QTableView {
    Q_OBJECT
public:
    explicit RecordTable(RecordModel *model, QWidget *parent = nullptr);
    void setNarrow(bool isNarrow);
    void setLossShown(bool isShown);
    // The chosen rows as half-open ranges; cheap even when everything is chosen.
    [[nodiscard]] std::vector<std::pair<int, int>> selectedRanges() const;
    [[nodiscard]] int selectedCount() const;
    void goTo(int row); // chooses that row alone and shows it

signals:
    void currentRowChanged(int row);
    void selectionCountChanged(int count);
    void editRequested(); // Return or double click
    void menuRequested(const QPoint &globalPosition);

protected:
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void currentChanged(const QModelIndex &current, const QModelIndex &previous) override;
    void selectionChanged(const QItemSelection &selected, const QItemSelection &deselected) override;
    void keyboardSearch(const QString &) override {} // letters are triage keys here

private:
    void spreadColumns();
    bool m_isNarrow = false;
};

} // namespace fettle::ui
