// See keyhint.h.
#include "ui/widgets/keyhint.h"

#include "ui/theme/shapes.h"

#include <QPainter>

namespace fettle::ui {

QSize keyHintSize(const QString &text)
{
    const int width = QFontMetrics(textFont(TextSize::Small)).horizontalAdvance(text) + 10;
    const int height = qRound(18 * textScale());
    return {qMax(width, height), height};
}

void drawKeyHint(QPainter &painter, const QPoint &topLeft, const QString &text, const QColor &colour)
{
    const Tokens &t = tokens();
    const QRect box(topLeft, keyHintSize(text));
    QColor line = t.border;
    if (colour.isValid()) {
        line = colour;
        line.setAlphaF(0.6f);
    }
    drawBox(painter, box, colour.isValid() ? QColor() : t.surface0, line, measure::kRadiusCheck);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(colour.isValid() ? colour : t.muted);
    painter.drawText(box, Qt::AlignCenter, text);
}

KeyHint::KeyHint(const QString &text, QWidget *parent) : QWidget(parent), m_text(text)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(tr("Key %1").arg(text));
}

void KeyHint::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawKeyHint(painter, {0, 0}, m_text);
}

} // namespace fettle::ui
