// Drawing of the shapes that the style and the painted widgets share: panels, fields, checks, the ring. Values in, pixels out.
#pragma once

#include "ui/theme/tokens.h"

#include <QPainter>
#include <QRect>

namespace fettle::ui {

// A filled rounded box with a 1-px line that lies on whole pixels. An invalid colour leaves fill or line out.
void drawBox(QPainter &painter, const QRect &rect, const QColor &fill, const QColor &line, qreal radius, qreal lineWidth = 1.0);
// Focus ring: 2 px wide, drawn inside rect.
void drawRing(QPainter &painter, const QRect &rect, qreal radius);

// Quiet: a search field in a bar, whose frame is light until it has the keyboard.
enum class FieldState { Normal, Quiet, Focused, Disabled, Invalid };
void drawField(QPainter &painter, const QRect &rect, FieldState state);

enum class CheckMark { Off, On, Partly };
void drawCheckBox(QPainter &painter, const QRect &rect, CheckMark mark, bool isEnabled, bool isHovered);
void drawRadio(QPainter &painter, const QRect &rect, bool isOn, bool isEnabled, bool isHovered);

enum class ButtonLook { Normal, Primary, Quiet };
struct ButtonState {
    bool isEnabled = true, isHovered = false, isPressed = false, isChecked = false;
};
void drawButton(QPainter &painter, const QRect &rect, ButtonLook look, ButtonState state);
[[nodiscard]] Ink buttonInk(ButtonLook look, ButtonState state);

} // namespace fettle::ui
