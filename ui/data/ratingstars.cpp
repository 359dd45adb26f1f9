#include "ui/data/ratingstars.h"

#include "ui/theme/shapes.h"
#include "ui/theme/tokens.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fettle::ui {

namespace {
constexpr int kStars = 5, kStep = 16, kSize = 13, kMargin = 3;

QPainterPath star(QPointF centre, double radius)
{
    QPainterPath path;
    for (int corner = 0; corner < 10; ++corner) {
        const double angle = -std::numbers::pi / 2 + corner * std::numbers::pi / 5;
        const double distance = corner % 2 == 0 ? radius : radius * 0.45;
        const QPointF point = centre + QPointF(std::cos(angle), std::sin(angle)) * distance;
        corner == 0 ? path.moveTo(point) : path.lineTo(point);
    }
    path.closeSubpath();
    return path;
}
} // namespace

RatingStars::RatingStars(QWidget *parent) : QWidget(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setToolTip(tr("How good is this record as an example? Keys 0 to 5."));
    setRating(0);
}

void RatingStars::setRating(int rating)
{
    m_rating = std::clamp(rating, 0, kStars);
    setAccessibleName(m_rating == 0 ? tr("Rating: none") : tr("Rating: %1 of 5").arg(m_rating));
    update();
}

QSize RatingStars::sizeHint() const
{
    return {kStars * kStep + 2 * kMargin, 20};
}

void RatingStars::choose(int rating)
{
    if (rating == m_rating)
        return;
    setRating(rating);
    emit ratingChosen(m_rating);
}

void RatingStars::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    for (int number = 0; number < kStars; ++number) {
        const QPointF centre(kMargin + number * kStep + kStep / 2.0, height() / 2.0 + 0.5);
        const bool isOn = number < m_rating;
        painter.setPen(QPen(isOn ? tokens().text : tokens().borderStrong, 1.2));
        painter.setBrush(isOn ? QBrush(tokens().text) : QBrush(Qt::NoBrush));
        painter.drawPath(star(centre, kSize / 2.0));
    }
    if (hasFocus())
        drawRing(painter, rect(), measure::kRadiusBadge);
}

void RatingStars::mousePressEvent(QMouseEvent *event)
{
    const int clicked = std::clamp((event->pos().x() - kMargin) / kStep + 1, 1, kStars);
    choose(clicked == m_rating ? 0 : clicked);
}

void RatingStars::keyPressEvent(QKeyEvent *event)
{
    if (event->key() >= Qt::Key_0 && event->key() <= Qt::Key_5)
        choose(event->key() - Qt::Key_0);
    else if (event->key() == Qt::Key_Left)
        choose(std::max(0, m_rating - 1));
    else if (event->key() == Qt::Key_Right)
        choose(std::min(kStars, m_rating + 1));
    else
        QWidget::keyPressEvent(event);
}

bool RatingStars::event(QEvent *event)
{
    if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut)
        update();
    return QWidget::event(event);
}

} // namespace fettle::ui
