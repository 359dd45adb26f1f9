// One row of the command bar: what it says and how it is painted.
#pragma once

#include <QStyledItemDelegate>

namespace fettle::ui {

enum CommandRole { ActionRole = Qt::UserRole, IconNameRole, PositionsRole, PageRole, KeysRole, ReasonRole, IsHeadRole, TargetRole };

class CommandRowDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace fettle::ui
