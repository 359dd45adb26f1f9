// See card.h.
#include "ui/widgets/card.h"

#include "ui/theme/shapes.h"

#include <QPainter>

namespace fettle::ui {

Card::Card(QWidget *parent) : QWidget(parent) {}

void Card::setHighlighted(bool isHighlighted)
{
    m_isHighlighted = isHighlighted;
    update();
}

void Card::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    drawBox(painter, rect(), t.surface1, m_isHighlighted ? t.accent : t.border, measure::kRadiusCard, m_isHighlighted ? 2 : 1);
}

CardFoot::CardFoot(QWidget *parent) : QWidget(parent)
{
    setContentsMargins(0, 1, 0, 0); // content keeps clear of the line
}

void CardFoot::paintEvent(QPaintEvent *)
{
    constexpr int kInnerRadius = measure::kRadiusCard - 1; // of the inner edge of the frame
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(tokens().surface0);
    painter.setClipRect(rect());
    painter.drawRoundedRect(rect().adjusted(0, -kInnerRadius, 0, 0), kInnerRadius, kInnerRadius); // its upper corners lie above the strip
    painter.fillRect(0, 0, width(), 1, tokens().border);
}

Pane::Pane(Surface surface, Qt::Edges lines, QWidget *parent) : QWidget(parent), m_surface(surface), m_lines(lines)
{
    setProperty("surface", int(surface)); // the style gives the scroll bar beside it the same ground
    // Content keeps clear of the lines.
    setContentsMargins(lines & Qt::LeftEdge ? 1 : 0, lines & Qt::TopEdge ? 1 : 0, lines & Qt::RightEdge ? 1 : 0,
                       lines & Qt::BottomEdge ? 1 : 0);
}

void Pane::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.fillRect(rect(), m_surface == Surface::Window ? t.surface0 : m_surface == Surface::Page ? t.surface1 : t.surface2);
    if (m_lines & Qt::LeftEdge)
        painter.fillRect(0, 0, 1, height(), t.border);
    if (m_lines & Qt::RightEdge)
        painter.fillRect(width() - 1, 0, 1, height(), t.border);
    if (m_lines & Qt::TopEdge)
        painter.fillRect(0, 0, width(), 1, t.border);
    if (m_lines & Qt::BottomEdge)
        painter.fillRect(0, height() - 1, width(), 1, t.border);
}

} // namespace fettle::ui
