// See linetoggle.h.
#include "ui/runs/linetoggle.h"

#include "ui/theme/shapes.h"

#include <qcustomplot.h>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kLineSample = 18, kToggleSide = 6;

void drawSample(QCPPainter &painter, QPointF from, int series, const QColor &colour)
{
    painter.setPen(QPen(colour, 2));
    painter.drawLine(from, from + QPointF(kLineSample, 0));
    QCPScatterStyle mark = seriesMark(series);
    mark.setPen(QPen(colour, 1.5));
    mark.applyTo(&painter, QPen(colour, 1.5));
    mark.drawShape(&painter, from + QPointF(kLineSample / 2.0, 0));
}

QColor seriesColour(int series)
{
    const auto &colours = tokens().series;
    return colours[std::size_t(series) % colours.size()];
}

} // namespace

QCPScatterStyle seriesMark(int series)
{
    static constexpr QCPScatterStyle::ScatterShape kMarks[] = {QCPScatterStyle::ssCircle, QCPScatterStyle::ssDiamond, QCPScatterStyle::ssSquare,
                                                               QCPScatterStyle::ssTriangle, QCPScatterStyle::ssTriangleInverted, QCPScatterStyle::ssCross,
                                                               QCPScatterStyle::ssPlus, QCPScatterStyle::ssStar};
    const Tokens &t = tokens();
    return {kMarks[std::size_t(series) % std::size(kMarks)], QPen(t.series[std::size_t(series) % t.series.size()], 1.5), QBrush(t.surface1), 7};
}

QPixmap seriesSample(int series, qreal pixelRatio)
{
    QPixmap sample(QSize(kLineSample, kIconSmall) * pixelRatio);
    sample.setDevicePixelRatio(pixelRatio);
    sample.fill(Qt::transparent);
    QCPPainter painter(&sample);
    painter.setRenderHint(QPainter::Antialiasing);
    drawSample(painter, QPointF(0, kIconSmall / 2.0), series, seriesColour(series));
    return sample;
}

LineToggle::LineToggle(const QString &name, int series, const QString &help, QWidget *parent) : QAbstractButton(parent), m_series(series)
{
    setText(name);
    setCheckable(true);
    setChecked(true);
    setToolTip(help);
    setAccessibleName(name);
    setAccessibleDescription(help);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
    setProperty("focusRing", true);
}

void LineToggle::setValue(const QString &value)
{
    if (value == m_value)
        return;
    const bool isWider = value.size() > m_value.size() || value.isEmpty();
    m_value = value;
    if (isWider)
        updateGeometry();
    update();
}

QSize LineToggle::sizeHint() const
{
    int width = 2 * kToggleSide + kLineSample + kStep1 + QFontMetrics(textFont(TextSize::Small)).horizontalAdvance(text());
    if (!m_value.isEmpty())
        width += kStep1 + QFontMetrics(textFont(TextSize::Small, Weight::SemiBold)).horizontalAdvance(m_value);
    return {width, qRound(kChip * textScale())};
}

void LineToggle::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QCPPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (underMouse())
        drawBox(painter, rect(), t.surface2, {}, kRadiusButton);
    drawSample(painter, QPointF(kToggleSide, height() / 2.0), m_series, isChecked() ? seriesColour(m_series) : t.disabled);
    int x = kToggleSide + kLineSample + kStep1;
    QFont font = textFont(TextSize::Small);
    font.setStrikeOut(!isChecked());
    painter.setFont(font);
    painter.setPen(isChecked() ? t.text : t.muted);
    painter.drawText(QRect(x, 0, width(), height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text());
    if (m_value.isEmpty())
        return;
    x += painter.fontMetrics().horizontalAdvance(text()) + kStep1;
    painter.setFont(textFont(TextSize::Small, Weight::SemiBold));
    painter.drawText(QRect(x, 0, width(), height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, m_value);
}

} // namespace fettle::ui
