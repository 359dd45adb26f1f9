// See button.h.
#include "ui/widgets/button.h"

#include "ui/theme/icons.h"
#include "ui/widgets/keyhint.h"

#include <QAction>
#include <QKeyEvent>
#include <QPainter>

namespace fettle::ui {

namespace {

constexpr int kButtonSide = 11;  // from the frame to the first thing inside
constexpr int kButtonGap = 7;    // icon to text
constexpr int kHintGap = 7;

} // namespace

Button::Button(const QString &text, const QString &iconName, const QString &help, QWidget *parent)
    : QPushButton(text, parent), m_iconName(iconName)
{
    setCursor(Qt::ArrowCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setToolTip(help);
    setAccessibleDescription(help);
    setAutoDefault(false);
    setAttribute(Qt::WA_Hover);
}

void Button::setLook(ButtonLook look)
{
    m_look = look;
    updateGeometry();
    update();
}

void Button::setHeight(int height)
{
    m_height = height;
    updateGeometry();
}

void Button::setKeyHint(const QString &hint)
{
    m_keyHint = hint;
    updateGeometry();
    update();
}

void Button::setIconName(const QString &name)
{
    m_iconName = name;
    updateGeometry();
    update();
}

void Button::setInk(Ink ink)
{
    m_ink = ink;
    update();
}

void Button::followAction(QAction *action)
{
    const auto follow = [this, action] {
        setText(action->text());
        setEnabled(action->isEnabled());
        // Showing a widget without a parent would open a window of its own and take the keyboard away.
        if (parentWidget() || !action->isVisible())
            setVisible(action->isVisible());
        setToolTip(action->toolTip());
        setAccessibleDescription(action->statusTip());
        setKeyHint(keyHintText(action->shortcut()));
    };
    follow();
    connect(action, &QAction::changed, this, follow);
    connect(this, &QPushButton::clicked, action, &QAction::trigger);
}

QFont Button::labelFont() const
{
    return textFont(TextSize::Body, m_look == ButtonLook::Primary ? Weight::SemiBold : Weight::Regular);
}

QSize Button::sizeHint() const
{
    const int height = qRound(m_height * textScale());
    if (text().isEmpty() && m_keyHint.isEmpty())
        return {height, height};
    int width = 2 * kButtonSide + QFontMetrics(labelFont()).horizontalAdvance(text());
    if (!m_iconName.isEmpty())
        width += measure::kIconSmall + kButtonGap;
    if (!m_keyHint.isEmpty())
        width += kHintGap + keyHintSize(m_keyHint).width() - 3;
    return {width, height};
}

void Button::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        click();
    else
        QPushButton::keyPressEvent(event);
}

void Button::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    ButtonState state{isEnabled(), underMouse(), isDown(), isChecked()};
    drawButton(painter, rect(), m_look, state);
    const Tokens &t = tokens();
    Ink ink = buttonInk(m_look, state);
    if (ink == Ink::Text && m_look == ButtonLook::Quiet)
        ink = m_ink;
    if (text().isEmpty()) {
        paintIcon(painter, rect(), m_iconName, m_height >= measure::kButton ? measure::kIcon : measure::kIconSmall, t.ink(ink));
        return;
    }
    // Content is centred where the button is wider than it needs to be.
    int x = kButtonSide + qMax(0, (width() - sizeHint().width()) / 2);
    if (!m_iconName.isEmpty()) {
        paintIcon(painter, QRect(x, 0, measure::kIconSmall, height()), m_iconName, measure::kIconSmall, t.ink(ink));
        x += measure::kIconSmall + kButtonGap;
    }
    painter.setFont(labelFont());
    painter.setPen(t.ink(ink));
    const int textWidth = painter.fontMetrics().horizontalAdvance(text());
    painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text());
    if (!m_keyHint.isEmpty()) {
        const QSize size = keyHintSize(m_keyHint);
        drawKeyHint(painter, QPoint(x + textWidth + kHintGap, (height() - size.height()) / 2), m_keyHint,
                    !isEnabled() ? t.disabled : m_look == ButtonLook::Primary ? t.onAccent : QColor());
    }
}

Button *primaryButton(const QString &text, const QString &iconName, const QString &help)
{
    auto *button = new Button(text, iconName, help);
    button->setLook(ButtonLook::Primary);
    return button;
}

Button *quietButton(const QString &text, const QString &iconName, const QString &help)
{
    auto *button = new Button(text, iconName, help);
    button->setLook(ButtonLook::Quiet);
    return button;
}

Button *iconButton(const QString &iconName, const QString &name, ButtonLook look)
{
    auto *button = new Button({}, iconName, name);
    button->setAccessibleName(name);
    button->setLook(look);
    if (look == ButtonLook::Quiet)
        button->setInk(Ink::Muted);
    return button;
}

QString keyHintText(const QKeySequence &keys)
{
    QString text = keys.toString(QKeySequence::NativeText).replace(QLatin1Char('+'), QLatin1Char(' '));
    return text.replace(QLatin1String("Return"), Button::tr("Enter"));
}

} // namespace fettle::ui
