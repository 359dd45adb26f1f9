// Cells of plain tables: text with the padding of the pane at both ends, a thin line below each row, selection and hover of whole rows.
#pragma once

#include <QStyledItemDelegate>

namespace fettle::ui {

class RowDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override; // with the padding

protected:
    // Draws what stands before the text of a cell, and gives the width that it takes.
    virtual int drawLead(QPainter &, const QRect & /*cell*/, const QModelIndex &) const { return 0; }
};

} // namespace fettle::ui
