// See rail.h.
#include "ui/frame/rail.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"

#include <QPainter>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

// The mark of the program: an F whose upper arm is what was learnt. 20 x 20.
void drawMark(QPainter &painter, const QPoint &topLeft)
{
    const Tokens &t = tokens();
    painter.save();
    painter.translate(topLeft);
    drawBox(painter, QRect(2, 2, 4, 16), t.text, {}, 1);
    drawBox(painter, QRect(8, 2, 10, 4), t.text, {}, 1);
    drawBox(painter, QRect(8, 8, 7, 4), t.accent, {}, 1);
    painter.restore();
}

} // namespace

RailButton::RailButton(const QString &title, const QString &iconName, QWidget *parent) : QAbstractButton(parent), m_iconName(iconName)
{
    setText(title);
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setAccessibleName(title);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void RailButton::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    updateGeometry();
}

void RailButton::setActive(bool isActive)
{
    if (m_isActive == isActive)
        return;
    m_isActive = isActive;
    setAccessibleDescription(isActive ? tr("Something is going on here") : QString());
    update();
}

QSize RailButton::sizeHint() const
{
    return m_isNarrow ? QSize(kRailNarrow - 1, 44) : QSize(kRailWide - 1, qRound(56 * textScale()));
}

void RailButton::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    const QRect box = rect().adjusted(3, 2, -2, -2);
    if (isChecked() || (underMouse() && isEnabled()))
        drawBox(painter, box, t.surface2, {}, kRadiusInner);
    if (isChecked())
        painter.fillRect(0, m_isNarrow ? 8 : 14, 3, m_isNarrow ? height() - 16 : height() - 28, t.accent);
    const QColor ink = !isEnabled() ? t.disabled : isChecked() ? t.accent : underMouse() ? t.text : t.muted;
    const bool hasLabel = !m_isNarrow && !text().isEmpty();
    const QRect iconRect = hasLabel ? QRect(0, 10, width(), kIconLarge) : rect();
    paintIcon(painter, iconRect, m_iconName, kIconLarge, ink);
    if (m_isActive) {
        const QPoint centre = iconRect.center();
        drawBox(painter, QRect(centre.x() + 9, centre.y() - 10, 8, 8), t.accent, {}, 4);
    }
    if (hasLabel) {
        painter.setFont(textFont(TextSize::Small, isChecked() ? Weight::SemiBold : Weight::Regular));
        painter.setPen(!isEnabled() ? t.disabled : isChecked() ? t.text : t.muted);
        painter.drawText(QRect(0, 32, width(), 16), Qt::AlignCenter, text());
    }
}

Rail::Rail(QWidget *parent) : QWidget(parent)
{
    m_column = new QVBoxLayout(this);
    m_column->setContentsMargins(0, kTopBar - 2, 1, kStep2);
    m_column->setSpacing(0);
    m_column->addStretch(1);
    m_settings = new RailButton(tr("Settings"), QStringLiteral("settings"));
    m_settings->setCheckable(false);
    m_settings->setNarrow(true); // always without its label, as wide as the rail
    m_settings->setToolTip(tr("Settings"));
    m_column->addWidget(m_settings, 0, Qt::AlignHCenter);
    setNarrow(false);
}

void Rail::addPage(const QString &title, const QString &iconName, const QString &toolTip)
{
    auto *button = new RailButton(title, iconName);
    button->setToolTip(toolTip);
    button->setNarrow(m_isNarrow);
    const int index = int(m_buttons.size());
    connect(button, &RailButton::clicked, this, [this, button, index] {
        button->setChecked(true);
        emit chosen(index);
    });
    m_column->insertWidget(index, button);
    m_buttons.append(button);
}

void Rail::setCurrent(int index)
{
    for (int i = 0; i < m_buttons.size(); ++i)
        m_buttons[i]->setChecked(i == index);
}

void Rail::setPageEnabled(int index, bool isEnabled)
{
    m_buttons[index]->setEnabled(isEnabled);
}

void Rail::setPageActive(int index, bool isActive)
{
    m_buttons[index]->setActive(isActive);
}

void Rail::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    setFixedWidth(isNarrow ? kRailNarrow : kRailWide);
    for (RailButton *button : m_buttons)
        button->setNarrow(isNarrow);
    update();
}

void Rail::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(width() - 1, 0, 1, height(), tokens().border);
    drawMark(painter, QPoint((width() - 20) / 2, 12));
}

} // namespace fettle::ui
