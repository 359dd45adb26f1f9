// Recolours and renders the SVG files. See icons.h.
#include "ui/theme/icons.h"

#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

namespace fettle::ui {

namespace {

// Lucide draws on a grid of 24 with a stroke of 2.
constexpr double kGrid = 24.0;
constexpr double kStroke = 1.5;

QByteArray svgSource(const QString &name)
{
    static QHash<QString, QByteArray> sources;
    const auto known = sources.constFind(name);
    if (known != sources.constEnd())
        return *known;
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    const QByteArray bytes = file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    sources.insert(name, bytes);
    return bytes;
}

class ThemedIconEngine : public QIconEngine {
public:
    ThemedIconEngine(QString name, Ink ink) : m_name(std::move(name)), m_ink(ink) {}

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        paintIcon(*painter, rect, m_name, qMin(rect.width(), rect.height()), colour(mode));
    }
    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State) override
    {
        return iconPixmap(m_name, qMin(size.width(), size.height()), colour(mode), 1.0);
    }
    QPixmap scaledPixmap(const QSize &size, QIcon::Mode mode, QIcon::State, qreal scale) override
    {
        // Qt hands over device pixels here.
        const int side = qRound(qMin(size.width(), size.height()) / scale);
        return iconPixmap(m_name, side, colour(mode), scale);
    }
    QIconEngine *clone() const override { return new ThemedIconEngine(m_name, m_ink); }
    QString key() const override { return QStringLiteral("fettle"); }
    bool isNull() override { return svgSource(m_name).isEmpty(); }

private:
    QColor colour(QIcon::Mode mode) const { return tokens().ink(mode == QIcon::Disabled ? Ink::Disabled : m_ink); }

    QString m_name;
    Ink m_ink;
};

} // namespace

QIcon icon(const QString &name, Ink ink)
{
    if (svgSource(name).isEmpty())
        return {};
    return QIcon(new ThemedIconEngine(name, ink));
}

QPixmap iconPixmap(const QString &name, int size, const QColor &colour, qreal ratio)
{
    const QString key = QStringLiteral("fettle/%1/%2/%3/%4").arg(name).arg(size).arg(colour.rgba()).arg(ratio);
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    QByteArray source = svgSource(name);
    if (source.isEmpty() || size <= 0)
        return {};
    source.replace("currentColor", colour.name().toLatin1());
    source.replace("stroke-width=\"2\"", "stroke-width=\"" + QByteArray::number(kStroke * kGrid / size) + "\"");
    QSvgRenderer renderer(source);
    pixmap = QPixmap(qRound(size * ratio), qRound(size * ratio));
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    renderer.render(&painter);
    painter.end();
    pixmap.setDevicePixelRatio(ratio);
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

void paintIcon(QPainter &painter, const QRect &rect, const QString &name, int size, const QColor &colour)
{
    const QPixmap pixmap = iconPixmap(name, size, colour, painter.device()->devicePixelRatioF());
    painter.drawPixmap(rect.x() + (rect.width() - size) / 2, rect.y() + (rect.height() - size) / 2, pixmap);
}

} // namespace fettle::ui
