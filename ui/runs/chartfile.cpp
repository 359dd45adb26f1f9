// See chartfile.h.
#include "ui/runs/chartfile.h"

#include "ui/theme/tokens.h"

#include <QBuffer>
#include <QFileInfo>
#include <QPageSize>
#include <QPdfWriter>
#include <QPixmap>
#include <QSvgGenerator>
#include <QWidget>

namespace fettle::ui {

QByteArray svgBytes(QSize size, const DrawChart &draw)
{
    QBuffer bytes;
    QSvgGenerator file;
    file.setOutputDevice(&bytes);
    file.setSize(size);
    file.setViewBox(QRect(QPoint(), size));
    draw(file);
    return bytes.data();
}

QByteArray pictureBytes(QWidget &chart, const QString &name, const DrawChart &draw)
{
    constexpr int kDotsPerInch = 96; // as on the screen: text keeps its size beside the lines
    constexpr qreal kScale = 2;      // of pixels
    const QString kind = QFileInfo(name).suffix().toLower();
    if (kind == QLatin1String("svg"))
        return svgBytes(chart.size(), draw);
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    if (kind == QLatin1String("pdf")) {
        QPdfWriter file(&buffer);
        file.setPageSize(QPageSize(QSizeF(chart.size()) * 72.0 / kDotsPerInch, QPageSize::Point));
        file.setPageMargins({});
        file.setResolution(kDotsPerInch);
        draw(file);
    } else {
        QPixmap picture(chart.size() * kScale);
        picture.setDevicePixelRatio(kScale);
        picture.fill(tokens().surface1);
        chart.render(&picture);
        picture.save(&buffer, "PNG");
    }
    return buffer.data();
}

} // namespace fettle::ui
