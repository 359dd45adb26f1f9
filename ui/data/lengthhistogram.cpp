#include "ui/data/lengthhistogram.h"

#include "ui/data/recordwords.h"
#include "ui/theme/tokens.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

namespace {
constexpr int kBars = 24, kChart = 44, kLabel = 16;
}

LengthHistogram::LengthHistogram(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void LengthHistogram::setLengths(const std::map<std::int64_t, std::int64_t> &lengths, std::int64_t maxLength)
{
    m_bars.clear();
    m_highest = 0;
    m_maxLength = maxLength;
    if (!lengths.empty()) {
        m_shortest = lengths.begin()->first;
        m_longest = lengths.rbegin()->first;
        // A few giants must not press all others into one bar: the last bar takes whatever is longer.
        const std::int64_t reach = std::max(m_maxLength > 0 ? m_maxLength + m_maxLength / 4 : 0, std::int64_t{kBars});
        const std::int64_t end = m_maxLength > 0 ? std::min(m_longest, std::max(reach, m_shortest + kBars)) : m_longest;
        const std::int64_t width = std::max<std::int64_t>(1, (end - m_shortest) / kBars + 1);
        m_bars.resize(kBars);
        for (int bar = 0; bar < kBars; ++bar) {
            m_bars[static_cast<std::size_t>(bar)].begin = m_shortest + bar * width;
            m_bars[static_cast<std::size_t>(bar)].end = m_shortest + (bar + 1) * width;
        }
        for (const auto &[tokens, records] : lengths) {
            const auto bar = std::min<std::int64_t>((tokens - m_shortest) / width, kBars - 1);
            m_bars[static_cast<std::size_t>(bar)].records += records;
        }
        for (const Bar &bar : m_bars)
            m_highest = std::max(m_highest, bar.records);
    }
    const QString range = tr("Length in tokens: %1 to %2").arg(countText(m_shortest), countText(m_longest));
    setAccessibleName(m_bars.empty() ? tr("Length in tokens: not measured yet")
                                     : m_maxLength > 0 ? tr("%1, %2 fit").arg(range, countText(m_maxLength)) : range);
    setToolTip(accessibleName());
    update();
}

void LengthHistogram::paintEvent(QPaintEvent *)
{
    if (m_bars.empty() || m_highest == 0)
        return;
    const Tokens &t = tokens();
    QPainter painter(this);
    const double step = double(width()) / kBars;
    const auto x = [&](std::int64_t length) {
        const auto span = double(m_bars.back().end - m_bars.front().begin);
        return std::clamp(double(length - m_bars.front().begin) / span * width(), 0.0, double(width() - 1));
    };
    for (int index = 0; index < kBars; ++index) {
        const Bar &bar = m_bars[static_cast<std::size_t>(index)];
        if (bar.records == 0)
            continue;
        const int height = std::max(1, static_cast<int>(double(bar.records) / double(m_highest) * (kChart - 6)));
        const bool isBeyond = m_maxLength > 0 && bar.begin > m_maxLength;
        painter.fillRect(QRectF(index * step, kChart - height, step - 1, height), isBeyond ? t.bad : t.borderStrong);
    }
    painter.fillRect(0, kChart, width(), 1, t.borderStrong);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    const QRect labels(0, kChart + 3, width(), kLabel);
    painter.drawText(labels, Qt::AlignLeft | Qt::AlignVCenter, countText(m_shortest));
    const bool hasMark = m_maxLength > 0 && m_maxLength < m_bars.back().end;
    if (!hasMark) {
        painter.drawText(labels, Qt::AlignRight | Qt::AlignVCenter, countText(m_longest));
        return;
    }
    const double mark = x(m_maxLength);
    painter.setPen(QPen(t.text, 1, Qt::DashLine));
    painter.drawLine(QPointF(mark + 0.5, 0), QPointF(mark + 0.5, kChart));
    painter.setPen(t.text);
    const QString text = countText(m_maxLength);
    const double textWidth = painter.fontMetrics().horizontalAdvance(text);
    painter.drawText(QRectF(std::clamp(mark - textWidth / 2, 0.0, width() - textWidth), kChart + 3, textWidth + 1, kLabel),
                     Qt::AlignLeft | Qt::AlignVCenter, text);
}

} // namespace fettle::ui
