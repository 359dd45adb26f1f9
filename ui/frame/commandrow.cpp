// See commandrow.h.
#include "ui/frame/commandrow.h"

#include "ui/theme/icons.h"
#include "ui/widgets/keyhint.h"

#include <QPainter>

namespace fettle::ui {

namespace {

constexpr int kSide = 12;
constexpr int kTextLeft = 40;
constexpr double kPageColumn = 0.715; // of the width

// Matched letters bold and in the accent, also when scattered.
void drawMatched(QPainter &painter, QRect rect, const QString &text, const QVariantList &positions, const QColor &colour)
{
    int x = rect.x();
    for (int i = 0; i < text.size();) {
        const bool isMatched = positions.contains(i);
        int end = i + 1;
        while (end < text.size() && positions.contains(end) == isMatched)
            ++end;
        painter.setFont(textFont(TextSize::Body, isMatched ? Weight::SemiBold : Weight::Regular));
        painter.setPen(isMatched ? tokens().accent : colour);
        const QString part = text.mid(i, end - i);
        painter.drawText(QRect(x, rect.y(), rect.right() - x, rect.height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, part);
        x += painter.fontMetrics().horizontalAdvance(part);
        i = end;
    }
}

} // namespace

QSize CommandRowDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const int height = index.data(IsHeadRole).toBool() ? 32 : index.data(ReasonRole).toString().isEmpty() ? 36 : 48;
    return {option.rect.width(), qRound(height * textScale())};
}

void CommandRowDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = tokens();
    const QRect rect = option.rect;
    const QString text = index.data(Qt::DisplayRole).toString();
    painter->save();
    if (index.data(IsHeadRole).toBool()) {
        painter->setFont(textFont(TextSize::Small, Weight::SemiBold));
        painter->setPen(t.muted);
        painter->drawText(rect.adjusted(kSide, 8, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text);
        painter->restore();
        return;
    }
    if (option.state & QStyle::State_Selected)
        painter->fillRect(rect, t.selection);
    else if (option.state & QStyle::State_MouseOver)
        painter->fillRect(rect, t.surface0);
    const QString reason = index.data(ReasonRole).toString();
    const bool isPossible = reason.isEmpty();
    const QColor ink = isPossible ? t.text : t.muted;
    paintIcon(*painter, QRect(rect.x() + kSide, rect.y(), 16, rect.height()), index.data(IconNameRole).toString(), 16, t.muted);
    const int pageLeft = rect.x() + int(rect.width() * kPageColumn);
    QRect line(rect.x() + kTextLeft, rect.y(), pageLeft - kTextLeft - 8, rect.height());
    if (!isPossible) {
        QRect lower(line.x(), line.y() + rect.height() / 2 + 1, pageLeft - line.x(), 18);
        line.setHeight(rect.height() / 2 + 4);
        line.translate(0, 1);
        painter->setFont(textFont(TextSize::Small));
        painter->setPen(t.muted);
        painter->drawText(lower, Qt::AlignVCenter | Qt::AlignLeft, painter->fontMetrics().elidedText(reason, Qt::ElideRight, lower.width()));
    }
    drawMatched(*painter, line, text, index.data(PositionsRole).toList(), ink);
    painter->setFont(textFont());
    painter->setPen(t.muted);
    painter->drawText(QRect(pageLeft, rect.y(), rect.right() - pageLeft, rect.height()), Qt::AlignVCenter | Qt::AlignLeft,
                      index.data(PageRole).toString());
    const QString keys = index.data(KeysRole).toString();
    if (!keys.isEmpty()) {
        const QSize size = keyHintSize(keys);
        drawKeyHint(*painter, QPoint(rect.right() - kSide - size.width() + 1, rect.y() + (rect.height() - size.height()) / 2), keys);
    }
    painter->restore();
}

} // namespace fettle::ui
