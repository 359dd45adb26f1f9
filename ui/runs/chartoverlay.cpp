// See chartoverlay.h.
#include "ui/runs/chartoverlay.h"

#include "ui/runs/losschart.h"
#include "ui/theme/shapes.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kBoxWidth = 172, kLine = 18, kBoxGap = kStep3;
constexpr double kNoteMark = 12; // pixels of the flag of a note
constexpr double kEpochRoom = 64; // pixels that a label needs; closer epochs are left out

} // namespace

ChartOverlay::ChartOverlay(LossChart &chart) : QWidget(&chart), m_chart(chart)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
}

void ChartOverlay::paintEvent(QPaintEvent *)
{
    if (m_chart.curves().points.empty())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintEvidence(painter);
    paintLost(painter);
    paintEpochs(painter);
    paintNotes(painter);
    const auto chosen = m_chart.chosen();
    const auto step = m_chart.cursor() ? m_chart.cursor() : chosen ? std::optional(double(*chosen)) : std::nullopt;
    if (step && *step >= m_chart.viewFrom() && *step <= m_chart.viewTo()) {
        paintCursor(painter, *step);
        paintReadOut(painter, *step);
    }
}

void ChartOverlay::paintEpochs(QPainter &painter) const
{
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    painter.setFont(textFont(TextSize::Small));
    const auto label = [&](double x, int epoch) {
        painter.setPen(t.muted);
        painter.drawText(QRectF(x + 6, plot.top() - 2, 80, 16), Qt::AlignLeft | Qt::AlignVCenter, tr("epoch %1").arg(epoch));
    };
    const auto starts = epochStarts(m_chart.curves());
    if (m_chart.viewFrom() <= 0 && (starts.empty() || m_chart.xOf(starts.front().step) - plot.left() > kEpochRoom))
        label(plot.left(), 1);
    double free = plot.left() + kEpochRoom / 2;
    for (const EpochStart &start : starts) {
        if (start.step < m_chart.viewFrom() || start.step > m_chart.viewTo())
            continue;
        const double x = std::floor(m_chart.xOf(start.step)) + 0.5;
        if (x < free)
            continue;
        painter.setPen(QPen(t.borderStrong, 1, Qt::DotLine));
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
        if (x + kEpochRoom < plot.right())
            label(x, start.epoch);
        free = x + kEpochRoom;
    }
}

void ChartOverlay::paintNotes(QPainter &painter) const
{
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    for (const engine::CurveNote &note : m_chart.curves().notes) {
        if (double(note.step) < m_chart.viewFrom() || double(note.step) > m_chart.viewTo())
            continue;
        const double x = std::floor(m_chart.xOf(double(note.step))) + 0.5;
        painter.setPen(QPen(t.accent, 1, Qt::DashLine));
        painter.drawLine(QPointF(x, plot.top() + kNoteMark), QPointF(x, plot.bottom()));
        painter.setPen(QPen(t.accent, 1.5));
        painter.setBrush(t.accentSoft);
        painter.drawPolygon(QPolygonF({{x, plot.top() + kNoteMark}, {x, plot.top() + 1.0}, {x + kNoteMark, plot.top() + kNoteMark / 3}, {x, plot.top() + kNoteMark * 2 / 3}}));
    }
}

void ChartOverlay::paintEvidence(QPainter &painter) const
{
    const auto evidence = m_chart.evidence();
    if (!evidence || double(evidence->to) < m_chart.viewFrom() || double(evidence->from) > m_chart.viewTo())
        return;
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    const double left = std::max(m_chart.xOf(double(evidence->from)), double(plot.left()));
    const double right = std::min(m_chart.xOf(double(evidence->to)), double(plot.right()));
    QColor tint = t.warning;
    tint.setAlphaF(0.12F);
    painter.fillRect(QRectF(left, plot.top(), std::max(2.0, right - left), plot.height()), tint);
    painter.setPen(QPen(t.warning, 1.5));
    painter.drawLine(QPointF(left, plot.bottom()), QPointF(std::max(left + 2, right), plot.bottom()));
}

void ChartOverlay::paintLost(QPainter &painter) const
{
    const auto lost = m_chart.lost();
    if (!lost || double(lost->to) < m_chart.viewFrom() || double(lost->from) > m_chart.viewTo())
        return;
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    const double left = std::max(m_chart.xOf(double(lost->from)), double(plot.left()));
    const double right = std::min(m_chart.xOf(double(lost->to)), double(plot.right()));
    QColor tint = t.bad;
    tint.setAlphaF(0.08F);
    painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), tint);
    painter.setFont(textFont(TextSize::Small));
    const QString repeated = tr("to repeat");
    if (right - left > painter.fontMetrics().horizontalAdvance(repeated) + kStep2) {
        painter.setPen(t.bad);
        painter.drawText(QRectF(left, plot.bottom() - 24, right - left, 16), Qt::AlignCenter, repeated);
    }
    const double x = std::floor(right) + 0.5;
    painter.setPen(QPen(t.bad, 1.5));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    const QString text = tr("stopped %1").arg(countText(lost->to));
    painter.setFont(textFont(TextSize::Small, Weight::SemiBold));
    const int width = painter.fontMetrics().horizontalAdvance(text) + kStep3;
    const bool isRight = x + width < plot.right();
    const QRect flag(isRight ? int(x) : int(x) - width, plot.top() + 22, width, 20);
    painter.fillRect(flag, t.bad);
    painter.setPen(t.surface1);
    painter.drawText(flag, Qt::AlignCenter, text);
}

void ChartOverlay::paintCursor(QPainter &painter, double step) const
{
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    const auto reading = m_chart.readingAt(step);
    const double shown = reading ? double(reading->step) : step;
    const double x = std::floor(m_chart.xOf(shown)) + 0.5;
    painter.setPen(QPen(t.text, 1));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom() + 4));
    // Its number takes the place of the labels below.
    painter.setFont(textFont(TextSize::Small, Weight::SemiBold));
    const QString number = countText(qRound64(shown));
    const int half = painter.fontMetrics().horizontalAdvance(number) / 2 + 4;
    const double centre = std::clamp(x, double(plot.left()), double(width() - half));
    const QRectF label(centre - half, plot.bottom() + 9, 2 * half, painter.fontMetrics().height());
    painter.fillRect(label, t.surface1);
    painter.setPen(t.text);
    painter.drawText(label, Qt::AlignCenter, number);
    if (!reading)
        return;
    const auto dot = [&](double value, const QColor &colour, double size) {
        const double y = m_chart.yOf(value);
        if (y < plot.top() - 4 || y > plot.bottom() + 4)
            return;
        painter.setPen(QPen(t.surface1, 1.5));
        painter.setBrush(colour);
        painter.drawEllipse(QPointF(m_chart.xOf(shown), y), size / 2, size / 2);
    };
    dot(reading->smoothed, t.series[0], 7);
    if (reading->heldOut && reading->heldOut->step == reading->step)
        dot(m_chart.measured(reading->heldOut->loss), t.series[1], 11);
    painter.setBrush(Qt::NoBrush);
}

void ChartOverlay::paintReadOut(QPainter &painter, double step) const
{
    const auto reading = m_chart.readingAt(step);
    if (!reading)
        return;
    const Tokens &t = tokens();
    const QRect plot = m_chart.plotRect();
    const bool hasHeldOut = reading->heldOut.has_value();
    const int height = kStep2 * 2 + kLine * (hasHeldOut ? 4 : 3);
    const double x = m_chart.xOf(double(reading->step));
    // At the side with room; left of the line where both have it, because the curve falls to the right.
    const bool isLeft = x - kBoxGap - kBoxWidth > plot.left() + plot.width() / 4 || x + kBoxGap + kBoxWidth > plot.right();
    QRect box(isLeft ? int(x) - kBoxGap - kBoxWidth : int(x) + kBoxGap, plot.top() + 22, kBoxWidth, height);
    box.moveLeft(std::clamp(box.left(), 2, std::max(2, width() - kBoxWidth - 2)));
    drawBox(painter, box, t.surface1, t.borderStrong, kRadiusButton);
    QRect line(box.x() + kStep3, box.y() + kStep2, box.width() - 2 * kStep3, kLine);
    const QFont plain = textFont(TextSize::Small), strong = textFont(TextSize::Small, Weight::SemiBold);
    const auto row = [&](const QString &name, const QString &value, const QColor &mark, const QColor &valueInk) {
        if (mark.isValid()) {
            painter.setPen(QPen(mark, 2));
            painter.drawLine(QPointF(line.x(), line.center().y() + 0.5), QPointF(line.x() + 9, line.center().y() + 0.5));
        }
        painter.setFont(plain);
        painter.setPen(t.text);
        painter.drawText(line.adjusted(15, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, name);
        painter.setFont(strong);
        painter.setPen(valueInk);
        painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, value);
        line.translate(0, kLine);
    };
    painter.setFont(strong);
    painter.setPen(t.text);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, tr("Step %1").arg(countText(reading->step)));
    painter.setFont(plain);
    painter.setPen(t.muted);
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, tr("epoch %1").arg(reading->epoch));
    line.translate(0, kLine);
    row(tr("Train, smoothed"), lossText(reading->smoothed), t.series[0], t.text);
    row(tr("Train, this step"), lossText(reading->raw), {}, t.text);
    if (hasHeldOut) {
        const bool isHere = reading->heldOut->step == reading->step;
        row(isHere ? tr("Held out") : tr("Held out at %1").arg(countText(reading->heldOut->step)), lossText(m_chart.measured(reading->heldOut->loss)),
            t.series[1], isHere ? t.text : t.muted);
    }
}

} // namespace fettle::ui
