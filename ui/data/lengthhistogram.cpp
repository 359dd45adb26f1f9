#include "ui/data/lengthhistogram.h"

#include "ui/data/recordwords.h"
#include "ui/theme/tokens.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {
constexpr int kBars = 24, kChart = 44, kLabel = 16;
constexpr double kGrip = 6; // pixels beside the mark that still take hold of it

std::int64_t medianOf(const std::map<std::int64_t, std::int64_t> &lengths)
{
    std::int64_t all = 0, passed = 0;
    for (const auto &[tokens, records] : lengths)
        all += records;
    for (const auto &[tokens, records] : lengths)
        if ((passed += records) * 2 >= all)
            return tokens;
    return 0;
}
}

LengthHistogram::LengthHistogram(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
}

std::size_t LengthHistogram::barOf(std::int64_t length) const
{
    std::size_t bar = 0;
    while (bar + 1 < m_bars.size() && length >= m_bars[bar].end)
        ++bar;
    return bar;
}

int LengthHistogram::xOf(std::int64_t length) const
{
    if (m_bars.empty())
        return 0;
    const std::size_t index = barOf(length);
    const Bar &bar = m_bars[index];
    const double within = std::clamp(double(length - bar.begin) / double(bar.end - bar.begin), 0.0, 1.0);
    return std::min(int((double(index) + within) / kBars * width()), width() - 1);
}

std::int64_t LengthHistogram::lengthAt(double x) const
{
    const double place = std::clamp(x / width(), 0.0, 1.0) * kBars;
    const auto index = std::min(std::size_t(place), m_bars.size() - 1);
    const Bar &bar = m_bars[index];
    return std::max<std::int64_t>(1, bar.begin + std::int64_t((place - double(index)) * double(bar.end - bar.begin)));
}

bool LengthHistogram::isAtMark(double x) const
{
    return !m_bars.empty() && m_maxLength > 0 && std::abs(x - xOf(mark())) <= kGrip;
}

void LengthHistogram::mousePressEvent(QMouseEvent *event)
{
    m_isDragging = event->button() == Qt::LeftButton && isAtMark(event->position().x());
}

void LengthHistogram::mouseMoveEvent(QMouseEvent *event)
{
    setCursor(m_isDragging || isAtMark(event->position().x()) ? Qt::SizeHorCursor : m_bars.empty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    if (!m_isDragging)
        return;
    m_moved = lengthAt(event->position().x());
    update();
}

void LengthHistogram::mouseReleaseEvent(QMouseEvent *event)
{
    if (m_bars.empty() || event->button() != Qt::LeftButton)
        return;
    if (m_isDragging) {
        m_isDragging = false;
        if (m_moved > 0)
            emit cutChosen(m_moved);
        return; // the mark stays until the new limit comes back
    }
    const auto bar = std::size_t(std::clamp(int(event->position().x() / width() * kBars), 0, kBars - 1));
    const bool isLast = bar + 1 == m_bars.size(); // it holds whatever is longer
    emit lengthsChosen(m_bars[bar].begin, isLast ? std::max(m_longest, m_bars[bar].end - 1) : m_bars[bar].end - 1);
}

void LengthHistogram::keyPressEvent(QKeyEvent *event)
{
    const bool isArrow = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
    if (!m_bars.empty() && m_maxLength > 0 && isArrow) {
        const Bar &here = m_bars[barOf(mark())];
        const std::int64_t step = here.end - here.begin;
        m_moved = std::clamp(mark() + (event->key() == Qt::Key_Left ? -step : step), std::int64_t{1}, m_bars.back().end);
        update();
        return;
    }
    if (m_moved > 0 && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)) {
        emit cutChosen(m_moved);
        return;
    }
    if (m_moved > 0 && event->key() == Qt::Key_Escape) {
        m_moved = 0;
        update();
        return;
    }
    QWidget::keyPressEvent(event);
}

std::vector<LengthHistogram::Bar> LengthHistogram::barsUpTo(std::int64_t end, std::int64_t median) const
{
    const std::int64_t width = std::max<std::int64_t>(1, (end - m_shortest) / kBars + 1);
    // Where half of the records would stand in the first bars, each bar is a constant factor longer than the one before.
    const bool isByFactor = median - m_shortest < 3 * width && width > 1;
    const double factor = std::pow(double(end + 1) / double(std::max<std::int64_t>(m_shortest, 1)), 1.0 / kBars);
    std::vector<Bar> bars(kBars);
    std::int64_t begin = m_shortest;
    for (int index = 0; index < kBars; ++index) {
        const double edge = double(std::max<std::int64_t>(m_shortest, 1)) * std::pow(factor, index + 1);
        const std::int64_t next = isByFactor ? std::max(begin + 1, std::int64_t(std::llround(edge))) : begin + width;
        bars[std::size_t(index)] = {begin, next, 0};
        begin = next;
    }
    return bars;
}

void LengthHistogram::setLengths(const std::map<std::int64_t, std::int64_t> &lengths, std::int64_t maxLength)
{
    m_bars.clear();
    m_highest = 0;
    m_moved = 0;
    m_maxLength = maxLength;
    if (!lengths.empty()) {
        m_shortest = lengths.begin()->first;
        m_longest = lengths.rbegin()->first;
        // A few giants must not press all others into one bar: the last bar takes whatever is longer.
        const std::int64_t reach = std::max(m_maxLength > 0 ? m_maxLength + m_maxLength / 4 : 0, std::int64_t{kBars});
        const std::int64_t end = m_maxLength > 0 ? std::min(m_longest, std::max(reach, m_shortest + kBars)) : m_longest;
        m_bars = barsUpTo(end, medianOf(lengths));
        for (const auto &[tokens, records] : lengths)
            m_bars[barOf(tokens)].records += records;
        for (const Bar &bar : m_bars)
            m_highest = std::max(m_highest, bar.records);
    }
    const QString range = tr("Length in tokens: %1 to %2").arg(countText(m_shortest), countText(m_longest));
    setAccessibleName(m_bars.empty() ? tr("Length in tokens: not measured yet")
                                     : m_maxLength > 0 ? tr("%1, %2 fit").arg(range, countText(m_maxLength)) : range);
    setToolTip(tr("%1. Click a bar to see its records; drag the line to cut at another length.").arg(accessibleName()));
    update();
}

void LengthHistogram::paintEvent(QPaintEvent *)
{
    if (m_bars.empty() || m_highest == 0)
        return;
    const Tokens &t = tokens();
    QPainter painter(this);
    const double step = double(width()) / kBars;
    for (int index = 0; index < kBars; ++index) {
        const Bar &bar = m_bars[static_cast<std::size_t>(index)];
        if (bar.records == 0)
            continue;
        const int height = std::max(1, static_cast<int>(double(bar.records) / double(m_highest) * (kChart - 6)));
        const bool isBeyond = m_maxLength > 0 && bar.begin > mark();
        painter.fillRect(QRectF(index * step, kChart - height, step - 1, height), isBeyond ? t.bad : t.borderStrong);
    }
    painter.fillRect(0, kChart, width(), 1, t.borderStrong);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    const QRect labels(0, kChart + 3, width(), kLabel);
    painter.drawText(labels, Qt::AlignLeft | Qt::AlignVCenter, countText(m_shortest));
    const bool hasMark = m_maxLength > 0 && mark() <= m_bars.back().end;
    if (!hasMark) {
        painter.drawText(labels, Qt::AlignRight | Qt::AlignVCenter, countText(m_longest));
        return;
    }
    const double place = xOf(mark());
    painter.setPen(QPen(hasFocus() || m_moved > 0 ? t.accent : t.text, 1, Qt::DashLine));
    painter.drawLine(QPointF(place + 0.5, 0), QPointF(place + 0.5, kChart));
    painter.setPen(t.text);
    const QString text = countText(mark());
    const double textWidth = painter.fontMetrics().horizontalAdvance(text);
    painter.drawText(QRectF(std::clamp(place - textWidth / 2, 0.0, width() - textWidth), kChart + 3, textWidth + 1, kLabel),
                     Qt::AlignLeft | Qt::AlignVCenter, text);
}

} // namespace fettle::ui
