#include "ui/data/choicebutton.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/keyhint.h"

#include <QKeyEvent>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr int kHeight = 48, kLeast = 120;
}

ChoiceButton::ChoiceButton(const QString &key, const QString &title, QWidget *parent) : QAbstractButton(parent), m_key(key)
{
    setText(title);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setConsequence({});
}

void ChoiceButton::setConsequence(const QString &text)
{
    m_consequence = text;
    setAccessibleName(text.isEmpty() ? this->text() : tr("%1: %2").arg(this->text(), text));
    setToolTip(text.isEmpty() ? tr("%1 (key %2)").arg(this->text(), m_key) : tr("%1: %2 (key %3)").arg(this->text(), text, m_key));
    update();
}

QSize ChoiceButton::sizeHint() const
{
    const QFontMetrics strong(textFont(TextSize::Body, Weight::SemiBold)), small(textFont(TextSize::Small));
    const int text = std::max(strong.horizontalAdvance(this->text()), small.horizontalAdvance(m_consequence));
    return {keyHintSize(m_key).width() + text + 3 * kStep3, qRound(kHeight * textScale())};
}

QSize ChoiceButton::minimumSizeHint() const
{
    return {qRound(kLeast * textScale()), qRound(kHeight * textScale())};
}

void ChoiceButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens &look = tokens();
    const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(isEnabled() ? look.borderStrong : look.border);
    painter.setBrush(isDown() ? look.surface2 : underMouse() && isEnabled() ? look.accentSoft : look.surface1);
    painter.drawRoundedRect(frame, kRadiusInner, kRadiusInner);
    const QSize key = keyHintSize(m_key);
    drawKeyHint(painter, {kStep3, (height() - key.height()) / 2}, m_key, isEnabled() ? QColor() : look.disabled);

    const int left = 2 * kStep3 + key.width(), room = width() - left - kStep2;
    const QFont strong = textFont(TextSize::Body, Weight::SemiBold), small = textFont(TextSize::Small);
    const QFontMetrics strongSize(strong), smallSize(small);
    const int top = (height() - strongSize.height() - smallSize.height()) / 2;
    painter.setFont(strong);
    painter.setPen(isEnabled() ? look.text : look.disabled);
    painter.drawText(left, top + strongSize.ascent(), strongSize.elidedText(text(), Qt::ElideRight, room));
    painter.setFont(small);
    painter.setPen(isEnabled() ? look.muted : look.disabled);
    painter.drawText(left, top + strongSize.height() + smallSize.ascent(), smallSize.elidedText(m_consequence, Qt::ElideRight, room));
}

void ChoiceButton::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        click();
    else
        QAbstractButton::keyPressEvent(event);
}

} // namespace fettle::ui
