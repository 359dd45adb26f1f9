// See chip.h.
#include "ui/widgets/chip.h"

#include "ui/theme/icons.h"
#include "ui/theme/shapes.h"

#include <QLocale>
#include <QPainter>

namespace fettle::ui {

namespace {
constexpr int kChipSide = 9;
constexpr int kChipGap = 6;
} // namespace

Chip::Chip(const QString &text, const QString &iconName, Ink iconInk, QWidget *parent)
    : QAbstractButton(parent), m_iconName(iconName), m_iconInk(iconInk)
{
    setText(text);
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
    setAccessibleName(text);
}

void Chip::setCount(std::optional<qint64> count)
{
    if (count == m_count)
        return;
    m_count = count;
    setAccessibleName(m_count ? tr("%1: %2").arg(text(), countText()) : text());
    updateGeometry();
    update();
}

void Chip::setShowsTickAtZero(bool shows)
{
    m_showsTick = shows;
    update();
}

QString Chip::countText() const
{
    return m_count ? QLocale().toString(*m_count) : QString();
}

QSize Chip::sizeHint() const
{
    int width = 2 * kChipSide + QFontMetrics(textFont()).horizontalAdvance(text());
    if (!m_iconName.isEmpty())
        width += measure::kIconSmall + kChipGap;
    if (m_count)
        width += kChipGap + QFontMetrics(textFont(TextSize::Body, Weight::SemiBold)).horizontalAdvance(countText());
    return {width, qRound(measure::kChip * textScale())};
}

void Chip::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    if (isQuiet()) {
        if (underMouse())
            drawBox(painter, rect(), t.surface2, {}, measure::kRadiusButton);
    } else {
        drawButton(painter, rect(), ButtonLook::Normal, {isEnabled(), underMouse(), isDown(), isChecked()});
    }
    int x = kChipSide;
    const QString name = isQuiet() ? QStringLiteral("check") : m_iconName;
    const Ink iconInk = !isEnabled() ? Ink::Disabled : isQuiet() ? Ink::Good : m_iconInk;
    if (!m_iconName.isEmpty()) {
        paintIcon(painter, QRect(x, 0, measure::kIconSmall, height()), name, measure::kIconSmall, t.ink(iconInk));
        x += measure::kIconSmall + kChipGap;
    }
    painter.setPen(!isEnabled() ? t.disabled : isQuiet() ? t.muted : t.text);
    painter.setFont(textFont());
    painter.drawText(QRect(x, 0, width(), height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text());
    x += painter.fontMetrics().horizontalAdvance(text()) + kChipGap;
    painter.setFont(textFont(TextSize::Body, isQuiet() ? Weight::Regular : Weight::SemiBold));
    painter.drawText(QRect(x, 0, width(), height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, countText());
}

} // namespace fettle::ui
