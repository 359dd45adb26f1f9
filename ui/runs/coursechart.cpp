// See coursechart.h.
#include "ui/runs/coursechart.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

void paintCourse(QPainter &painter, const QRectF &rect, const std::vector<double> &course, double highest, const QColor &colour)
{
    QPolygonF line;
    const double step = course.size() > 1 ? rect.width() / double(course.size() - 1) : 0;
    for (std::size_t i = 0; i < course.size(); ++i) {
        if (std::isfinite(course[i]))
            line.append(QPointF(rect.left() + double(i) * step, rect.bottom() - std::min(course[i] / highest, 1.0) * rect.height()));
    }
    painter.setPen(QPen(colour, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(line);
    if (line.isEmpty())
        return;
    painter.setBrush(colour);
    painter.setPen(Qt::NoPen);
    painter.drawEllipse(line.back(), 2.5, 2.5);
    painter.setBrush(Qt::NoBrush);
}

CourseChart::CourseChart(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFixedHeight(132);
    setAccessibleName(tr("Loss of the record over the run"));
    setToolTip(tr("The strong line is this record, the area the middle 80 % of all records, the thin line their middle."));
}

void CourseChart::show(std::vector<double> course, std::vector<data::LossBand> bands, const QString &firstLabel, const QString &lastLabel)
{
    m_course = std::move(course);
    m_bands = std::move(bands);
    m_firstLabel = firstLabel;
    m_lastLabel = lastLabel;
    QStringList values;
    for (const double loss : m_course)
        values.append(std::isfinite(loss) ? lossText(loss) : tr("not read"));
    setAccessibleDescription(values.join(QStringLiteral(", ")));
    update();
}

void CourseChart::paintEvent(QPaintEvent *)
{
    if (m_course.empty())
        return;
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF plot(34, 10, width() - 34 - kPaneSide, height() - 34);
    double highest = 0.5;
    for (const double loss : m_course)
        highest = std::isfinite(loss) ? std::max(highest, loss) : highest;
    for (const data::LossBand &band : m_bands)
        highest = std::isfinite(band.high) ? std::max(highest, band.high) : highest;
    highest *= 1.08;
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    painter.drawText(QRectF(0, plot.top() - 7, 28, 14), Qt::AlignRight | Qt::AlignVCenter, lossText(highest));
    painter.drawText(QRectF(0, plot.bottom() - 7, 28, 14), Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("0"));
    painter.drawText(QRectF(plot.left(), plot.bottom() + 6, plot.width(), 14), Qt::AlignLeft, m_firstLabel);
    if (m_course.size() > 1)
        painter.drawText(QRectF(plot.left(), plot.bottom() + 6, plot.width(), 14), Qt::AlignRight, m_lastLabel);
    painter.setPen(QPen(t.borderStrong, 1));
    painter.drawLine(plot.topLeft(), plot.bottomLeft());
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    const double step = m_course.size() > 1 ? plot.width() / double(m_course.size() - 1) : 0;
    const auto at = [&](std::size_t i, double loss) { return QPointF(plot.left() + double(i) * step, plot.bottom() - loss / highest * plot.height()); };
    QPolygonF upper, lower, middle;
    for (std::size_t i = 0; i < m_bands.size(); ++i) {
        if (!std::isfinite(m_bands[i].low))
            continue;
        upper.append(at(i, m_bands[i].high));
        lower.prepend(at(i, m_bands[i].low));
        middle.append(at(i, m_bands[i].middle));
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.surface2);
    painter.drawPolygon(upper + lower);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(t.muted, 1));
    painter.drawPolyline(middle);
    painter.setPen(QPen(t.series[1], 2));
    QPolygonF line;
    for (std::size_t i = 0; i < m_course.size(); ++i) {
        if (std::isfinite(m_course[i]))
            line.append(at(i, m_course[i]));
    }
    painter.drawPolyline(line);
    painter.setBrush(t.surface1);
    for (const QPointF &point : line)
        painter.drawEllipse(point, 3, 3);
}

} // namespace fettle::ui
