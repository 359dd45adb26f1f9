// A chart as the bytes of a picture file. Called on the GUI thread: it paints a widget.
#pragma once

#include <QByteArray>
#include <QString>

#include <functional>

class QPaintDevice;
class QWidget;

namespace fettle::ui {

using DrawChart = std::function<void(QPaintDevice &)>;

// As the ending of the name says: PNG of twice the size on screen, or SVG and PDF, whose lines can be made larger.
[[nodiscard]] QByteArray pictureBytes(QWidget &chart, const QString &name, const DrawChart &draw);
[[nodiscard]] QByteArray svgBytes(QSize size, const DrawChart &draw);

} // namespace fettle::ui
