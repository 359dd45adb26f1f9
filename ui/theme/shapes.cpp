// See shapes.h.
#include "ui/theme/shapes.h"

#include "ui/theme/icons.h"

namespace fettle::ui {

void drawBox(QPainter &painter, const QRect &rect, const QColor &fill, const QColor &line, qreal radius, qreal lineWidth)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    QRectF box(rect);
    if (line.isValid()) {
        painter.setPen(QPen(line, lineWidth));
        const qreal inset = lineWidth / 2;
        box.adjust(inset, inset, -inset, -inset);
        radius = qMax(0.0, radius - inset);
    } else {
        painter.setPen(Qt::NoPen);
    }
    painter.drawRoundedRect(box, radius, radius);
    painter.restore();
}

void drawRing(QPainter &painter, const QRect &rect, qreal radius)
{
    drawBox(painter, rect, {}, tokens().focusRing, radius, 2.0);
}

void drawField(QPainter &painter, const QRect &rect, FieldState state)
{
    const Tokens &t = tokens();
    switch (state) {
    case FieldState::Normal: drawBox(painter, rect, t.surface1, t.borderStrong, measure::kRadiusButton); break;
    case FieldState::Quiet: drawBox(painter, rect, t.surface1, t.border, measure::kRadiusButton); break;
    case FieldState::Focused: drawBox(painter, rect, t.surface1, t.focusRing, measure::kRadiusButton, 2.0); break;
    case FieldState::Disabled: drawBox(painter, rect, t.surface0, t.border, measure::kRadiusButton); break;
    case FieldState::Invalid: drawBox(painter, rect, t.surface1, t.bad, measure::kRadiusButton, 2.0); break;
    }
}

void drawCheckBox(QPainter &painter, const QRect &rect, CheckMark mark, bool isEnabled, bool isHovered)
{
    const Tokens &t = tokens();
    if (mark == CheckMark::Off) {
        drawBox(painter, rect, isHovered ? t.surface2 : t.surface1, isEnabled ? t.borderStrong : t.border, measure::kRadiusCheck);
        return;
    }
    drawBox(painter, rect, isEnabled ? (isHovered ? t.accentHover : t.accent) : t.disabled, {}, measure::kRadiusCheck);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(t.onAccent, 1.75, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF o = rect.topLeft();
    const qreal k = rect.width() / 14.0;
    if (mark == CheckMark::On)
        painter.drawPolyline(QPolygonF({o + QPointF(3.4, 7.2) * k, o + QPointF(6.0, 9.8) * k, o + QPointF(10.7, 4.6) * k}));
    else
        painter.drawLine(o + QPointF(4, 7) * k, o + QPointF(10, 7) * k);
    painter.restore();
}

void drawRadio(QPainter &painter, const QRect &rect, bool isOn, bool isEnabled, bool isHovered)
{
    const Tokens &t = tokens();
    const QColor line = !isEnabled ? t.border : isOn ? t.accent : t.borderStrong;
    drawBox(painter, rect, isHovered && !isOn ? t.surface2 : t.surface1, line, rect.width() / 2.0, isOn ? 1.5 : 1.0);
    if (isOn) {
        const int inset = rect.width() / 4;
        drawBox(painter, rect.adjusted(inset, inset, -inset, -inset), isEnabled ? t.accent : t.disabled, {}, rect.width());
    }
}

void drawButton(QPainter &painter, const QRect &rect, ButtonLook look, ButtonState state)
{
    const Tokens &t = tokens();
    const qreal radius = measure::kRadiusButton;
    if (look == ButtonLook::Primary) {
        const bool isStrong = state.isHovered || state.isPressed;
        drawBox(painter, rect, !state.isEnabled ? t.surface2 : isStrong ? t.accentHover : t.accent, {}, radius);
        return;
    }
    if (look == ButtonLook::Quiet) {
        if (state.isEnabled && (state.isHovered || state.isPressed || state.isChecked))
            drawBox(painter, rect, state.isChecked ? t.accentSoft : t.surface2, {}, radius);
        return;
    }
    const QColor fill = state.isChecked && state.isEnabled ? t.accentSoft
        : state.isPressed                                  ? t.surface2
        : state.isHovered && state.isEnabled               ? t.surface0
                                                           : t.surface1;
    const QColor line = state.isChecked ? t.accent : state.isHovered && state.isEnabled ? t.borderStrong : t.border;
    drawBox(painter, rect, fill, line, radius);
}

Ink buttonInk(ButtonLook look, ButtonState state)
{
    if (!state.isEnabled)
        return Ink::Disabled;
    return look == ButtonLook::Primary ? Ink::OnAccent : Ink::Text;
}

} // namespace fettle::ui
