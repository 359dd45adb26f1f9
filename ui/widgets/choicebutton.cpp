#include "ui/widgets/choicebutton.h"

#include "ui/theme/shapes.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"

#include <QAction>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr int kKeyBox = 26, kHeight = 52, kLeastText = 60;
}

ChoiceButton::ChoiceButton(const QString &key, const QString &title, QWidget *parent) : QAbstractButton(parent), m_key(key)
{
    setup();
    setText(title);
    setConsequence({});
}

ChoiceButton::ChoiceButton(QAction *action, const QString &consequence, QWidget *parent)
    : QAbstractButton(parent), m_key(keyHintText(action->shortcut())), m_consequence(consequence)
{
    setup();
    setObjectName(action->objectName());
    const auto follow = [this, action] {
        setText(action->text());
        setEnabled(action->isEnabled());
        setToolTip(action->toolTip());
        setAccessibleName(action->text());
        setAccessibleDescription(action->statusTip());
    };
    follow();
    connect(action, &QAction::changed, this, follow);
    connect(this, &QAbstractButton::clicked, action, &QAction::trigger);
}

void ChoiceButton::setup()
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
    setProperty("focusRing", true);
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
    return {kStep3 + kKeyBox + kStep3 + text + kStep3, qRound(kHeight * textScale())};
}

QSize ChoiceButton::minimumSizeHint() const
{
    const int title = QFontMetrics(textFont(TextSize::Body, Weight::SemiBold)).horizontalAdvance(text());
    return {kStep3 + kKeyBox + kStep3 + std::max(kLeastText, title) + kStep1, qRound(kHeight * textScale())};
}

void ChoiceButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Tokens &t = tokens();
    const bool isLit = isEnabled() && (underMouse() || isDown());
    drawBox(painter, rect(), isDown() ? t.surface2 : isLit ? t.accentSoft : t.surface1, isEnabled() ? t.borderStrong : t.border, kRadiusInner);
    const QRect key(kStep3, (height() - kKeyBox) / 2, kKeyBox, kKeyBox);
    drawBox(painter, key, t.surface0, isEnabled() ? t.borderStrong : t.border, kRadiusBadge);
    painter.setPen(isEnabled() ? t.text : t.disabled);
    painter.setFont(textFont(TextSize::Body, Weight::SemiBold));
    painter.drawText(key, Qt::AlignCenter, m_key);
    const int x = key.right() + kStep3, middle = height() / 2, upperHeight = qRound(20 * textScale()), lowerHeight = qRound(16 * textScale());
    const QRect upper(x, middle - upperHeight, width() - x - kStep1, upperHeight), lower(x, middle, width() - x - kStep1, lowerHeight);
    painter.drawText(upper, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text(), Qt::ElideRight, upper.width()));
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(isEnabled() ? t.muted : t.disabled);
    painter.drawText(lower, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(m_consequence, Qt::ElideRight, lower.width()));
}

void ChoiceButton::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        click();
    else
        QAbstractButton::keyPressEvent(event);
}

} // namespace fettle::ui
