// Lucide icons, drawn in a colour of the token table at a stroke of 1.5 px whatever their size. They follow a change of theme by
// themselves, because the colour is looked up when they are painted. Knows no widget.
#pragma once

#include "ui/theme/tokens.h"

#include <QIcon>
#include <QPixmap>

namespace fettle::ui {

// name: a Lucide name that lies in resources/icons ("database"). An unknown name gives a null icon; a test walks all names in use.
// Disabled icons are drawn in Ink::Disabled.
[[nodiscard]] QIcon icon(const QString &name, Ink ink = Ink::Text);
// A picture of size x size device-independent pixels for a screen with that ratio.
[[nodiscard]] QPixmap iconPixmap(const QString &name, int size, const QColor &colour, qreal ratio);
// Paints an icon centred in rect.
void paintIcon(QPainter &painter, const QRect &rect, const QString &name, int size, const QColor &colour);

} // namespace fettle::ui
