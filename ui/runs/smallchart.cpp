// See smallchart.h.
#include "ui/runs/smallchart.h"

#include "ui/theme/tokens.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

double highestOf(const QPolygonF &line)
{
    double highest = 0;
    for (const QPointF &point : line)
        highest = std::max(highest, point.y());
    return highest;
}

constexpr int kStackedBelow = 120;

} // namespace

SmallChart::SmallChart(const RunCurves &curves, const RunSeries &series, const AxisScale &scale, Quantity quantity, QWidget *parent)
    : QWidget(parent), m_curves(curves), m_series(series), m_scale(scale), m_quantity(std::move(quantity))
{
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(m_quantity.name);
    setToolTip(m_quantity.help);
}

void SmallChart::refresh()
{
    m_limit = m_quantity.warnAbove ? m_quantity.warnAbove(m_curves) : std::nullopt;
    if (m_quantity.pointsOf) {
        m_steps.clear();
        m_values.clear();
        for (const QPointF &point : m_quantity.pointsOf(m_curves)) {
            m_steps.append(m_scale.toValue(point.x()));
            m_values.append(point.y());
        }
    }
    thin();
    setAccessibleDescription(isAboveLimit() ? tr("%1, above the warning line").arg(valueText()) : valueText());
}

void SmallChart::setView(double from, double to)
{
    if (from == m_from && to == m_to)
        return;
    m_from = from;
    m_to = to;
    thin();
}

void SmallChart::setCursor(std::optional<double> step)
{
    m_cursor = step;
    update();
}

void SmallChart::thin()
{
    m_line = thinnedPoints(places(), values(), m_from, m_to, std::max(1, int(plotRect().width())));
    update();
}

std::ptrdiff_t SmallChart::shownIndex() const
{
    const std::ptrdiff_t last = std::ptrdiff_t(values().size()) - 1;
    if (!m_cursor)
        return last;
    if (m_quantity.pointsOf) {
        std::ptrdiff_t at = last;
        while (at >= 0 && m_steps[std::size_t(at)] > m_scale.toValue(*m_cursor + 0.5))
            --at;
        return at;
    }
    return std::min(pointIndex(m_curves, *m_cursor + 0.5), last);
}

bool SmallChart::isAboveLimit() const
{
    const std::ptrdiff_t at = shownIndex();
    return m_limit && at >= 0 && values()[std::size_t(at)] > *m_limit;
}

QString SmallChart::valueText() const
{
    const std::ptrdiff_t at = shownIndex();
    return at < 0 ? QString() : m_quantity.textOf(values()[std::size_t(at)]);
}

// Too narrow for name and number side by side. By the width alone, so that all charts of a row look alike.
bool SmallChart::isStacked() const
{
    return width() < kStackedBelow * textScale();
}

QRectF SmallChart::plotRect() const
{
    const double top = isStacked() ? 36.5 : 32.5;
    return QRectF(0.5, top, width() - 1, height() - top - 11.5);
}

double SmallChart::xOf(double step) const
{
    return xOfValue(m_scale.toValue(step));
}

double SmallChart::xOfValue(double value) const
{
    const QRectF plot = plotRect();
    return plot.left() + (value - m_from) / std::max(1e-9, m_to - m_from) * plot.width();
}

double SmallChart::topOf(const QPolygonF &line)
{
    constexpr double kUsual = 0.95, kOutlier = 3;
    constexpr qsizetype kFewest = 20;
    if (line.size() < kFewest)
        return highestOf(line);
    std::vector<double> values;
    for (const QPointF &point : line)
        values.push_back(point.y());
    const auto usual = values.begin() + std::ptrdiff_t(kUsual * double(values.size()));
    std::ranges::nth_element(values, usual);
    return *usual > 0 ? std::min(highestOf(line), kOutlier * *usual) : highestOf(line);
}

void SmallChart::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    const QRectF plot = plotRect();
    const QRect head = isStacked() ? QRect(0, 16, width(), 18) : QRect(0, 4, width(), 20);
    int right = head.right();
    const QString value = valueText();
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    if (!m_quantity.unit.isEmpty() && !value.isEmpty()) {
        painter.drawText(QRect(0, head.y(), right, head.height()), Qt::AlignRight | Qt::AlignVCenter, m_quantity.unit);
        right -= painter.fontMetrics().horizontalAdvance(m_quantity.unit) + kStep1 + 2;
    }
    const int valueWidth = QFontMetrics(textFont(TextSize::Body, Weight::SemiBold)).horizontalAdvance(value);
    const QRect name = isStacked() ? QRect(0, 0, width(), head.top()) : QRect(0, head.y(), right - valueWidth - kStep2, head.height());
    const bool isShort = painter.fontMetrics().horizontalAdvance(m_quantity.name) > name.width();
    painter.drawText(name, Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(isShort ? m_quantity.shortName : m_quantity.name, Qt::ElideRight, name.width()));
    painter.setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter.setPen(isAboveLimit() ? t.warning : t.text);
    painter.drawText(QRect(0, head.y(), right, head.height()), Qt::AlignRight | Qt::AlignVCenter, value);

    painter.setPen(QPen(t.grid, 1));
    painter.drawLine(plot.topLeft(), plot.topRight());
    painter.drawLine(QPointF(plot.left(), std::floor(plot.center().y()) + 0.5), QPointF(plot.right(), std::floor(plot.center().y()) + 0.5));
    painter.setPen(QPen(t.borderStrong, 1));
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    if (m_line.isEmpty())
        return;
    painter.setClipRect(plot.adjusted(0, -2, 0, 1));
    QPen dotted(t.border, 1, Qt::DotLine);
    painter.setPen(dotted);
    double free = plot.left();
    for (const EpochStart &start : epochStarts(m_curves)) {
        const double x = std::floor(xOf(start.step)) + 0.5;
        if (x < free || x > plot.right())
            continue;
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        free = x + kStep5;
    }
    double lowest = 0, highest = m_quantity.pointsOf ? highestOf(m_line) : topOf(m_line); // from zero, so that a steady value looks steady
    if (m_limit) // both are close together: what lies far below is left out
        highest = std::max(highest, *m_limit), lowest = std::max(0.0, 2 * values()[0] - highest - 0.2);
    if (highest <= lowest)
        highest = lowest + 1;
    const auto yOf = [&](double y) { return plot.bottom() - (y - lowest) / (highest - lowest) * (plot.height() - 4); };
    QPolygonF line;
    line.reserve(m_line.size());
    for (const QPointF &point : m_line)
        line.append(QPointF(xOfValue(point.x()), yOf(point.y())));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(t.muted, 1.25, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(line);
    if (m_quantity.pointsOf)
        drawWarning(painter, yOf);
    if (m_cursor && m_scale.toValue(*m_cursor) >= m_from && m_scale.toValue(*m_cursor) <= m_to) {
        const double x = std::floor(xOf(std::round(*m_cursor))) + 0.5;
        painter.setPen(QPen(t.text, 1));
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    }
}

// The line that warns, and a dot for each value: those above it in its colour.
void SmallChart::drawWarning(QPainter &painter, const std::function<double(double)> &yOf) const
{
    constexpr double kDot = 2.5;
    const Tokens &t = tokens();
    const QRectF plot = plotRect();
    if (m_limit) {
        const double y = std::floor(yOf(*m_limit)) + 0.5;
        painter.setPen(QPen(t.warning, 1, Qt::DashLine));
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    }
    painter.setPen(Qt::NoPen);
    for (const QPointF &point : m_line) {
        painter.setBrush(m_limit && point.y() > *m_limit ? t.warning : t.muted);
        painter.drawEllipse(QPointF(xOfValue(point.x()), yOf(point.y())), kDot, kDot);
    }
}

void SmallChart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    thin();
}

void SmallChart::mouseMoveEvent(QMouseEvent *event)
{
    const QRectF plot = plotRect();
    emit hovered(m_scale.toStep(m_from + (event->position().x() - plot.left()) / plot.width() * (m_to - m_from)));
}

void SmallChart::leaveEvent(QEvent *)
{
    emit pointerLeft();
}

} // namespace fettle::ui
