// See segmented.h.
#include "ui/widgets/segmented.h"

#include "ui/theme/shapes.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

namespace fettle::ui {

namespace {
constexpr int kSegmentSide = 10;
}

Segmented::Segmented(const QStringList &choices, QWidget *parent) : QWidget(parent)
{
    for (const QString &text : choices)
        m_segments.append({text, {}, true});
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setFocusPolicy(Qt::TabFocus);
    setMouseTracking(true);
    setProperty("focusRing", true);
    setAccessibleName(choices.join(QStringLiteral(", ")));
    setCurrent(choices.isEmpty() ? -1 : 0);
}

void Segmented::setCurrent(int index)
{
    m_current = index;
    setAccessibleDescription(index >= 0 && index < m_segments.size() ? tr("Chosen: %1").arg(m_segments[index].text) : tr("Nothing chosen"));
    update();
}

void Segmented::setSegmentToolTip(int index, const QString &help)
{
    m_segments[index].help = help;
}

void Segmented::setSegmentEnabled(int index, bool isEnabled)
{
    m_segments[index].isEnabled = isEnabled;
    update();
}

QRect Segmented::segmentRect(int index) const
{
    // The chosen one is bold: room is kept for the bold text, so that nothing moves.
    const QFontMetrics metrics(textFont(TextSize::Body, Weight::SemiBold));
    int x = 0;
    for (int i = 0; i < index; ++i)
        x += metrics.horizontalAdvance(m_segments[i].text) + 2 * kSegmentSide;
    return {x, 0, metrics.horizontalAdvance(m_segments[index].text) + 2 * kSegmentSide, qRound(measure::kButton * textScale())};
}

QSize Segmented::sizeHint() const
{
    if (m_segments.isEmpty())
        return {0, qRound(measure::kButton * textScale())};
    const QRect last = segmentRect(int(m_segments.size()) - 1);
    return {last.right() + 1, last.height()};
}

int Segmented::segmentAt(const QPoint &point) const
{
    for (int i = 0; i < m_segments.size(); ++i) {
        if (segmentRect(i).contains(point))
            return i;
    }
    return -1;
}

void Segmented::choose(int index)
{
    if (index < 0 || index >= m_segments.size() || !m_segments[index].isEnabled || index == m_current)
        return;
    setCurrent(index);
    emit chosen(index);
}

void Segmented::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    const QRect whole(QPoint(0, 0), sizeHint());
    drawBox(painter, whole, t.surface1, {}, measure::kRadiusButton);
    for (int i = 0; i < m_segments.size(); ++i) {
        const QRect rect = segmentRect(i);
        if (i == m_current || (i == m_hovered && isEnabled() && m_segments[i].isEnabled)) {
            QPainterPath clip;
            clip.addRoundedRect(QRectF(whole).adjusted(0.5, 0.5, -0.5, -0.5), measure::kRadiusButton, measure::kRadiusButton);
            painter.save();
            painter.setClipPath(clip);
            painter.fillRect(rect, i == m_current ? t.accentSoft : t.surface0);
            painter.restore();
        }
        if (i > 0)
            painter.fillRect(rect.x(), 1, 1, rect.height() - 2, t.border);
        painter.setFont(textFont(TextSize::Body, i == m_current ? Weight::SemiBold : Weight::Regular));
        painter.setPen(isEnabled() && m_segments[i].isEnabled ? t.text : t.disabled);
        painter.drawText(rect, Qt::AlignCenter, m_segments[i].text);
    }
    drawBox(painter, whole, {}, t.border, measure::kRadiusButton);
}

void Segmented::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        choose(segmentAt(event->pos()));
}

void Segmented::mouseMoveEvent(QMouseEvent *event)
{
    const int hovered = segmentAt(event->pos());
    if (hovered != m_hovered) {
        m_hovered = hovered;
        update();
    }
}

void Segmented::leaveEvent(QEvent *)
{
    m_hovered = -1;
    update();
}

void Segmented::keyPressEvent(QKeyEvent *event)
{
    if (event->key() != Qt::Key_Left && event->key() != Qt::Key_Right) {
        QWidget::keyPressEvent(event);
        return;
    }
    const int step = event->key() == Qt::Key_Left ? -1 : 1;
    int next = m_current + step;
    while (next >= 0 && next < m_segments.size() && !m_segments[next].isEnabled)
        next += step;
    choose(next);
}

bool Segmented::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const int index = segmentAt(help->pos());
        if (index >= 0 && !m_segments[index].help.isEmpty()) {
            QToolTip::showText(help->globalPos(), m_segments[index].help, this, segmentRect(index));
            return true;
        }
    }
    return QWidget::event(event);
}

} // namespace fettle::ui
