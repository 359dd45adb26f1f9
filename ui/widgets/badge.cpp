// See badge.h.
#include "ui/widgets/badge.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

namespace fettle::ui {

namespace {

constexpr int kBadgeSide = 6;
constexpr int kBadgeGap = 4;
constexpr int kIconSide = 12;

QFont badgeFont(const BadgeLook &look)
{
    return look.isMono ? monoFont(TextSize::Small) : textFont(TextSize::Small);
}

} // namespace

QSize badgeSize(const BadgeLook &look)
{
    int width = 2 * kBadgeSide + QFontMetrics(badgeFont(look)).horizontalAdvance(look.text);
    if (!look.iconName.isEmpty())
        width += kIconSide + (look.text.isEmpty() ? 0 : kBadgeGap);
    return {width, qRound(look.height * textScale())};
}

void drawBadge(QPainter &painter, const QPoint &topLeft, const BadgeLook &look)
{
    const Tokens &t = tokens();
    QColor fill = t.surface1, line = t.border, ink = t.text;
    switch (look.tone) {
    case BadgeTone::Neutral: break;
    case BadgeTone::Accent: fill = t.accentSoft; line = t.accent; break;
    case BadgeTone::Good: line = t.good; ink = t.good; break;
    case BadgeTone::Warning: line = t.warning; ink = t.warning; break;
    case BadgeTone::Bad: line = t.bad; ink = t.bad; break;
    }
    const QRect box(topLeft, badgeSize(look));
    drawBox(painter, box, fill, line, measure::kRadiusBadge);
    int x = box.x() + kBadgeSide;
    if (!look.iconName.isEmpty()) {
        paintIcon(painter, QRect(x, box.y(), kIconSide, box.height()), look.iconName, kIconSide,
                  look.tone == BadgeTone::Accent ? t.accent : ink);
        x += kIconSide + kBadgeGap;
    }
    painter.setFont(badgeFont(look));
    painter.setPen(ink);
    painter.drawText(QRect(x, box.y(), box.right() - x + 1, box.height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, look.text);
}

Badge::Badge(const QString &text, BadgeTone tone, const QString &iconName, QWidget *parent) : QWidget(parent)
{
    m_look.tone = tone;
    m_look.iconName = iconName;
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setText(text);
}

void Badge::setText(const QString &text)
{
    m_look.text = text;
    setAccessibleName(text);
    updateGeometry();
    update();
}

void Badge::setTone(BadgeTone tone)
{
    m_look.tone = tone;
    update();
}

void Badge::setIconName(const QString &name)
{
    m_look.iconName = name;
    updateGeometry();
    update();
}

void Badge::setMono(bool isMono)
{
    m_look.isMono = isMono;
    updateGeometry();
}

void Badge::setCopyText(const QString &text)
{
    m_copyText = text;
    setCursor(text.isEmpty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    setFocusPolicy(text.isEmpty() ? Qt::NoFocus : Qt::TabFocus);
    setProperty("focusRing", !text.isEmpty());
}

void Badge::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBadge(painter, {0, 0}, m_look);
}

void Badge::mouseReleaseEvent(QMouseEvent *event)
{
    if (m_copyText.isEmpty() || !rect().contains(event->pos())) {
        QWidget::mouseReleaseEvent(event);
        return;
    }
    copy();
}

void Badge::keyPressEvent(QKeyEvent *event)
{
    const bool isPress = event->key() == Qt::Key_Space || event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (m_copyText.isEmpty() || !isPress || event->modifiers() != Qt::NoModifier) {
        QWidget::keyPressEvent(event);
        return;
    }
    copy();
}

void Badge::copy()
{
    QGuiApplication::clipboard()->setText(m_copyText);
    emit copied(m_copyText);
}

} // namespace fettle::ui
