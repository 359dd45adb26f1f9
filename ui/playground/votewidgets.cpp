// See votewidgets.h.
#include "ui/playground/votewidgets.h"

#include "ui/playground/votewords.h"
#include "ui/theme/shapes.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kTickGap = 3, kTickHeight = 8;

} // namespace

VoteTicks::VoteTicks(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void VoteTicks::setCounts(qint64 judged, qint64 ready, qint64 wanted)
{
    m_judged = judged;
    m_ready = ready;
    m_wanted = wanted;
    setAccessibleName(tr("%1 of %2 questions are judged, %3 are ready.").arg(judged).arg(wanted).arg(ready));
    setToolTip(accessibleName());
    update();
}

void VoteTicks::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Tokens &t = tokens();
    const int top = (height() - kTickHeight) / 2;
    if (m_wanted <= 0)
        return;
    const double each = double(width() + kTickGap) / double(m_wanted);
    if (each < 6) { // too many to draw apart
        drawBox(painter, QRect(0, top, width(), kTickHeight), t.surface2, {}, 2);
        drawBox(painter, QRect(0, top, int(width() * m_judged / m_wanted), kTickHeight), t.muted, {}, 2);
        return;
    }
    for (qint64 i = 0; i < m_wanted; ++i) {
        const int left = qRound(each * double(i));
        const QRect tick(left, top, qRound(each * double(i + 1)) - left - kTickGap, kTickHeight);
        const bool isShown = i == m_judged && m_ready > m_judged;
        drawBox(painter, tick, i < m_judged ? t.muted : isShown ? t.surface1 : i < m_ready ? t.border : t.surface2, isShown ? t.text : i < m_judged ? t.muted : t.border, 2,
                isShown ? 1.5 : 1.0);
    }
}

CertaintyCurve::CertaintyCurve(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setVotes(0, 30);
}

void CertaintyCurve::setVotes(qint64 votes, qint64 wanted)
{
    m_votes = votes;
    m_wanted = std::max<qint64>({wanted, votes, 10});
    setAccessibleName(tr("Widest interval in points, by number of votes: %1 after %2.").arg(std::lround(widestInterval(votes))).arg(votes));
    setToolTip(accessibleName());
    update();
}

void CertaintyCurve::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens &t = tokens();
    painter.setFont(textFont(TextSize::Small));
    const QRectF plot(28, 8, width() - 40, height() - 30);
    const auto point = [&](double votes, double points) { return QPointF(plot.left() + plot.width() * (votes - 1) / double(m_wanted - 1), plot.bottom() - plot.height() * points / 100); };
    for (const int points : {0, 50, 100}) {
        painter.setPen(points == 0 ? t.borderStrong : t.grid);
        painter.drawLine(QPointF(plot.left(), point(1, points).y()), QPointF(plot.right(), point(1, points).y()));
        painter.setPen(t.muted);
        painter.drawText(QRectF(0, point(1, points).y() - 8, 22, 16), Qt::AlignRight | Qt::AlignVCenter, QString::number(points));
    }
    QPainterPath past, rest;
    past.moveTo(point(1, widestInterval(1)));
    for (qint64 votes = 2; votes <= m_votes; ++votes)
        past.lineTo(point(double(votes), widestInterval(votes)));
    rest.moveTo(point(double(qMax<qint64>(1, m_votes)), widestInterval(qMax<qint64>(1, m_votes))));
    for (qint64 votes = qMax<qint64>(2, m_votes + 1); votes <= m_wanted; ++votes)
        rest.lineTo(point(double(votes), widestInterval(votes)));
    painter.setPen(QPen(t.muted, 1.2));
    painter.drawPath(rest);
    painter.setPen(QPen(t.text, 1.8));
    painter.drawPath(past);
    painter.setPen(t.muted);
    painter.drawText(QRectF(plot.left() - 10, plot.bottom() + 4, 20, 16), Qt::AlignCenter, QStringLiteral("1"));
    painter.drawText(QRectF(plot.right() - 20, plot.bottom() + 4, 32, 16), Qt::AlignCenter, QString::number(m_wanted));
    if (m_votes < 1)
        return;
    const QPointF dot = point(double(m_votes), widestInterval(m_votes));
    painter.setBrush(t.text);
    painter.setPen(Qt::NoPen);
    painter.drawEllipse(dot, 3.5, 3.5);
    if (dot.x() > plot.left() + 16 && dot.x() < plot.right() - 24) {
        painter.setPen(t.text);
        painter.setFont(textFont(TextSize::Small, Weight::SemiBold));
        painter.drawText(QRectF(dot.x() - 16, plot.bottom() + 4, 32, 16), Qt::AlignCenter, QString::number(m_votes));
    }
}

ShareScale::ShareScale(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ShareScale::setShare(double share, double low, double high, bool isKnown)
{
    m_share = share;
    m_low = low;
    m_high = high;
    m_isKnown = isKnown;
    setAccessibleName(tr("Win rate %1, 95 % interval %2").arg(percentText(share), intervalText({low, high})));
    setToolTip(accessibleName());
    update();
}

void ShareScale::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens &t = tokens();
    const double left = 8, wide = width() - 16, y = 14;
    painter.setPen(QPen(t.border, 2));
    painter.drawLine(QPointF(left, y), QPointF(left + wide, y));
    painter.setPen(QPen(t.muted, 1, Qt::DashLine));
    painter.drawLine(QPointF(left + wide / 2, 2), QPointF(left + wide / 2, 26));
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(t.muted);
    painter.drawText(QRectF(0, 27, 80, 16), Qt::AlignLeft, tr("base better"));
    painter.drawText(QRectF(left + wide / 2 - 40, 27, 80, 16), Qt::AlignHCenter, tr("no difference"));
    painter.drawText(QRectF(width() - 84, 27, 84, 16), Qt::AlignRight, tr("tuned better"));
    if (!m_isKnown)
        return;
    painter.setPen(QPen(t.accent, 3));
    painter.drawLine(QPointF(left + wide * m_low, y), QPointF(left + wide * m_high, y));
    for (const double end : {m_low, m_high})
        painter.drawLine(QPointF(left + wide * end, y - 5), QPointF(left + wide * end, y + 5));
    painter.setBrush(t.accent);
    painter.setPen(QPen(t.surface1, 2));
    painter.drawEllipse(QPointF(left + wide * m_share, y), 6, 6);
}

} // namespace fettle::ui
