#include "ui/data/flowlayout.h"

#include <QWidget>

#include <algorithm>

namespace fettle::ui {

FlowLayout::FlowLayout(int horizontalGap, int verticalGap, QWidget *parent)
    : QLayout(parent), m_horizontalGap(horizontalGap), m_verticalGap(verticalGap)
{
    setContentsMargins(0, 0, 0, 0);
}

FlowLayout::~FlowLayout()
{
    qDeleteAll(m_items);
}

void FlowLayout::addItem(QLayoutItem *item)
{
    m_items.append(item);
}

void FlowLayout::insertWidget(int index, QWidget *widget)
{
    addChildWidget(widget);
    m_items.insert(index, new QWidgetItem(widget));
    invalidate();
}

QLayoutItem *FlowLayout::itemAt(int index) const
{
    return m_items.value(index);
}

QLayoutItem *FlowLayout::takeAt(int index)
{
    return index >= 0 && index < m_items.size() ? m_items.takeAt(index) : nullptr;
}

int FlowLayout::heightForWidth(int width) const
{
    return arrange(QRect(0, 0, width, 0), true);
}

QSize FlowLayout::minimumSize() const
{
    QSize size;
    for (const QLayoutItem *item : m_items)
        size = size.expandedTo(item->minimumSize());
    return size;
}

void FlowLayout::setGeometry(const QRect &rect)
{
    QLayout::setGeometry(rect);
    arrange(rect, false);
}

int FlowLayout::arrange(const QRect &rect, bool isDry) const
{
    int x = rect.x(), y = rect.y(), lineHeight = 0;
    std::vector<std::pair<QLayoutItem *, int>> line; // item and its x, placed when the height of the line is known
    const auto placeLine = [&] {
        for (const auto &[item, left] : line) {
            const QSize size = item->sizeHint();
            if (!isDry)
                item->setGeometry(QRect(QPoint(left, y + (lineHeight - size.height()) / 2), size));
        }
        line.clear();
    };
    for (QLayoutItem *item : m_items) {
        if (item->isEmpty())
            continue;
        const QSize size = item->sizeHint();
        if (x > rect.x() && x + size.width() > rect.right() + 1) {
            placeLine();
            x = rect.x();
            y += lineHeight + m_verticalGap;
            lineHeight = 0;
        }
        lineHeight = std::max(lineHeight, size.height());
        line.emplace_back(item, x);
        x += size.width() + m_horizontalGap;
    }
    placeLine();
    return y + lineHeight - rect.y();
}

} // namespace fettle::ui
