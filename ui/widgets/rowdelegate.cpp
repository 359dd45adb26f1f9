// See rowdelegate.h.
#include "ui/widgets/rowdelegate.h"

#include "ui/theme/tokens.h"

#include <QIcon>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

void RowDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = tokens();
    painter->save();
    if (option.state & QStyle::State_Selected)
        painter->fillRect(option.rect, t.selection);
    const bool isLastRow = index.row() + 1 == index.model()->rowCount(index.parent());
    if (!isLastRow)
        painter->fillRect(option.rect.x(), option.rect.bottom(), option.rect.width(), 1, t.grid);
    const bool isFirst = index.column() == 0;
    const bool isLast = index.column() + 1 == index.model()->columnCount(index.parent());
    QRect text = option.rect.adjusted(isFirst ? kPaneSide : kCell, 0, isLast ? -kPaneSide : -kCell, -1);
    text.setLeft(text.left() + drawLead(*painter, text, index));
    if (const auto icon = index.data(Qt::DecorationRole).value<QIcon>(); !icon.isNull()) {
        icon.paint(painter, text.x(), text.y(), kIcon, text.height());
        text.setLeft(text.x() + kIcon + kStep2);
    }
    const QVariant font = index.data(Qt::FontRole);
    painter->setFont(font.isValid() ? font.value<QFont>() : textFont());
    painter->setPen(option.state & QStyle::State_Enabled ? t.text : t.disabled);
    const QVariant alignment = index.data(Qt::TextAlignmentRole);
    painter->drawText(text, alignment.isValid() ? alignment.toInt() : int(Qt::AlignVCenter | Qt::AlignLeft),
                      painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, text.width()));
    painter->restore();
}

QSize RowDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const bool isFirst = index.column() == 0;
    const bool isLast = index.column() + 1 == index.model()->columnCount(index.parent());
    return QStyledItemDelegate::sizeHint(option, index) + QSize((isFirst ? kPaneSide : kCell) + (isLast ? kPaneSide : kCell), 0);
}

} // namespace fettle::ui
