// See scrubber.h.
#include "ui/runs/scrubber.h"

#include "ui/theme/shapes.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

constexpr double kTrack = 4, kDiamond = 7, kCircle = 16, kDot = 2.5, kStar = 8;

QPolygonF diamondAt(QPointF centre)
{
    const double half = kDiamond * 0.75;
    return {centre + QPointF(0, -half), centre + QPointF(half, 0), centre + QPointF(0, half), centre + QPointF(-half, 0)};
}

QPolygonF starAt(QPointF centre)
{
    QPolygonF star;
    for (int point = 0; point < 10; ++point) {
        const double angle = point * M_PI / 5 - M_PI / 2, radius = point % 2 ? kStar * 0.45 : kStar;
        star.append(centre + QPointF(std::cos(angle) * radius, std::sin(angle) * radius));
    }
    return star;
}

} // namespace

Scrubber::Scrubber(const RunCurves &curves, const AxisScale &scale, QWidget *parent) : QAbstractSlider(parent), m_curves(curves), m_scale(scale)
{
    setOrientation(Qt::Horizontal);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setPageStep(1);
    setRange(0, 0);
    setAccessibleName(tr("Checkpoints"));
    setToolTip(tr("Drag along the run: diamonds are saved states, the star is the best of them, dots are steps at which the probe prompts were answered. "
                  "Left and Right go from one to the next."));
}

void Scrubber::refresh()
{
    m_isRefreshing = true;
    m_stops = stopsOf(m_curves);
    const bool followsNewest = !m_chosen || value() == maximum(); // the newest stays chosen while the run goes on
    setRange(0, std::max(0, int(m_stops.size()) - 1));
    setEnabled(!m_stops.empty());
    int index = int(m_stops.size()) - 1;
    const auto known = std::ranges::find(m_stops, m_chosen.value_or(-1));
    if (!followsNewest && known != m_stops.end())
        index = int(known - m_stops.begin());
    setValue(std::max(0, index));
    m_isRefreshing = false;
    announce();
    update();
}

void Scrubber::forgetChoice()
{
    m_chosen.reset();
}

void Scrubber::setView(double from, double to, int axisLeft, int axisRight)
{
    m_from = from;
    m_to = to;
    m_left = axisLeft;
    m_right = axisRight;
    update();
}

void Scrubber::setFailedStep(std::optional<std::int64_t> step)
{
    m_failed = step;
    update();
}

std::optional<std::int64_t> Scrubber::chosenStep() const
{
    return m_chosen;
}

void Scrubber::choose(std::int64_t step)
{
    int nearest = -1;
    for (int i = 0; i < int(m_stops.size()); ++i) {
        const auto distance = [&](int at) { return std::abs(m_stops[std::size_t(at)] - step); };
        if (nearest < 0 || distance(i) < distance(nearest))
            nearest = i;
    }
    if (nearest >= 0)
        setValue(nearest);
}

void Scrubber::stepBy(int stops)
{
    setValue(std::clamp(value() + stops, minimum(), maximum()));
}

void Scrubber::announce()
{
    const auto at = std::size_t(value());
    const auto step = at < m_stops.size() ? std::optional(m_stops[at]) : std::nullopt;
    setAccessibleDescription(!step                            ? tr("No checkpoint yet")
                             : hasCheckpoint(m_curves, step) ? tr("Checkpoint %1, %2 of %3").arg(countText(*step)).arg(at + 1).arg(m_stops.size())
                                                             : tr("Step %1, %2 of %3").arg(countText(*step)).arg(at + 1).arg(m_stops.size()));
    if (step == m_chosen)
        return;
    m_chosen = step;
    emit stepChosen(step);
}

void Scrubber::sliderChange(SliderChange change)
{
    QAbstractSlider::sliderChange(change);
    if (change == SliderValueChange && !m_isRefreshing)
        announce();
}

double Scrubber::xOf(double step) const
{
    return m_left + (m_scale.toValue(step) - m_from) / std::max(1e-9, m_to - m_from) * (m_right - m_left);
}

double Scrubber::stepAt(double x) const
{
    return m_scale.toStep(m_from + (x - m_left) / std::max(1, m_right - m_left) * (m_to - m_from));
}

QPoint Scrubber::checkpointPosition(int index) const
{
    return {int(std::lround(xOf(double(m_stops.at(std::size_t(index)))))), height() / 2};
}

void Scrubber::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double middle = height() / 2.0;
    const QRectF track(m_left - 2, middle - kTrack / 2, m_right - m_left + 4, kTrack);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.border);
    painter.drawRoundedRect(track, kTrack / 2, kTrack / 2);
    if (!m_curves.points.empty()) {
        QRectF done = track;
        done.setRight(std::clamp(xOf(double(m_curves.points.back().step)), track.left(), track.right()));
        painter.setBrush(t.borderStrong);
        painter.drawRoundedRect(done, kTrack / 2, kTrack / 2);
    }
    const auto isInView = [&](double x) { return x >= m_left - 1 && x <= m_right + 1; };
    const std::int64_t best = m_curves.checkpoints.size() > 1 ? bestCheckpoint(m_curves).value_or(-1) : -1; // steps begin at 1
    for (const std::int64_t stop : m_stops) {
        const double x = xOf(double(stop));
        if (!isInView(x) || stop == m_chosen)
            continue;
        const bool isSaved = hasCheckpoint(m_curves, stop);
        painter.setPen(QPen(t.accent, 1.5));
        painter.setBrush(stop == best ? t.accent : t.surface1);
        if (isSaved)
            painter.drawPolygon(stop == best ? starAt(QPointF(x, middle)) : diamondAt(QPointF(x, middle)));
        else
            painter.drawEllipse(QPointF(x, middle), kDot, kDot);
    }
    if (m_failed && isInView(xOf(double(*m_failed)))) {
        const double x = xOf(double(*m_failed));
        painter.setPen(QPen(t.bad, 2, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(QPointF(x - 4, middle - 4), QPointF(x + 4, middle + 4));
        painter.drawLine(QPointF(x - 4, middle + 4), QPointF(x + 4, middle - 4));
    }
    if (m_chosen && isInView(xOf(double(*m_chosen)))) {
        const QPointF centre(xOf(double(*m_chosen)), middle);
        painter.setPen(QPen(t.surface1, 2));
        painter.setBrush(t.accent);
        painter.drawEllipse(centre, kCircle / 2, kCircle / 2);
        painter.setPen(Qt::NoPen);
        painter.setBrush(t.surface1);
        painter.drawEllipse(centre, 2.5, 2.5);
    }
}

void Scrubber::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        choose(std::int64_t(std::llround(stepAt(event->position().x()))));
}

void Scrubber::mouseMoveEvent(QMouseEvent *event)
{
    if (event->buttons() & Qt::LeftButton)
        choose(std::int64_t(std::llround(stepAt(event->position().x()))));
    else
        emit hovered(stepAt(event->position().x()));
}

void Scrubber::leaveEvent(QEvent *)
{
    emit pointerLeft();
}

} // namespace fettle::ui
