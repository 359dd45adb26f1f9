// See progressline.h.
#include "ui/widgets/progressline.h"

#include "ui/theme/shapes.h"

namespace fettle::ui {

ProgressLine::ProgressLine(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ProgressLine::setShare(double share)
{
    m_share = qMin(share, 1.0);
    setAccessibleDescription(m_share < 0 ? tr("Progress unknown") : tr("%1 percent").arg(qRound(m_share * 100)));
    update();
}

void ProgressLine::setInk(Ink ink)
{
    m_ink = ink;
    update();
}

void ProgressLine::setThickness(int thickness)
{
    m_thickness = thickness;
    updateGeometry();
}

void ProgressLine::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRect track(0, (height() - m_thickness) / 2, width(), m_thickness);
    drawBox(painter, track, tokens().surface2, {}, 2);
    QRect done = track;
    done.setWidth(qRound(width() * qMax(0.0, m_share)));
    if (done.width() > 0)
        drawBox(painter, done, tokens().ink(m_ink), {}, 2);
}

} // namespace fettle::ui
