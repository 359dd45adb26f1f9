// Paints the cells of the record table: status icon, number, texts, tags, tokens, loss, one flag, split. No cell has a coloured background;
// red and bold only on the number that breaks the rule.
#pragma once

#include "core/engine/project.h"

#include <QStyledItemDelegate>

namespace fettle::ui {

class RecordDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;

private:
    void paintTags(QPainter &painter, const QRect &rect, const std::vector<std::string> &tags) const;
};

// The one flag of several that is shown: what spoils training most.
[[nodiscard]] engine::RecordFlag worstFlag(const std::vector<engine::RecordFlag> &flags);

} // namespace fettle::ui
