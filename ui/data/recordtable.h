// The table view of the Data page: column widths that follow the window, columns that drop out by priority, rows chosen as a whole.
#pragma once

#include <QHash>
#include <QSet>
#include <QTableView>

class QMenu;

namespace fettle::ui {

class RecordModel;

class RecordTable : public QTableView {
    Q_OBJECT
public:
    explicit RecordTable(RecordModel *model, QWidget *parent = nullptr);
    void setNarrow(bool isNarrow);
    // Whether there is a loss to show; without one the column stays away whatever is chosen.
    void setLossShown(bool isShown);
    // Columns by choice of the user, kept for the next start. The instruction is always there.
    [[nodiscard]] QMenu *makeColumnMenu();
    [[nodiscard]] bool isColumnWished(int column) const { return !m_unwished.contains(column); }
    // The chosen rows as half-open ranges; cheap even when everything is chosen.
    [[nodiscard]] std::vector<std::pair<int, int>> selectedRanges() const;
    [[nodiscard]] int selectedCount() const;
    void goTo(int row); // chooses that row alone and shows it

signals:
    void currentRowChanged(int row);
    void selectionCountChanged(int count);
    void editRequested(); // Return or double click
    void cellEditRequested(const QModelIndex &index); // F2, or double click on tags, status or split
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
    void showColumns();
    void columnResized(int column, int width);
    void restoreColumns();
    void keepColumns() const;
    bool m_isNarrow = false, m_hasLoss = false, m_isSpreading = false;
    QSet<int> m_unwished;       // columns that the user took away
    QHash<int, int> m_widths;   // of columns that the user drew, at text scale 1; the others follow the window
};

} // namespace fettle::ui
