// See labels.h.
#include "ui/widgets/labels.h"

#include "ui/theme/icons.h"

#include <QEvent>
#include <QPainter>

namespace fettle::ui {

TextLabel::TextLabel(const QString &text, TextSize size, Weight weight, Ink ink, QWidget *parent)
    : QLabel(text, parent), m_ink(ink)
{
    setTextFormat(Qt::PlainText);
    setForegroundRole(QPalette::WindowText); // on a page it would become Text, which is not the label's ink
    setFont(textFont(size, weight));
    applyInk();
}

void TextLabel::setInk(Ink ink)
{
    m_ink = ink;
    applyInk();
}

void TextLabel::changeEvent(QEvent *event)
{
    // The label's own palette wins over the application's, so it is renewed; applyInk changes nothing the second time.
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::ApplicationPaletteChange)
        applyInk();
    QLabel::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && textFormat() == Qt::RichText) { // links have the colour in which they were read
        const QString rich = text();
        clear();
        setText(rich);
    }
}

void TextLabel::applyInk()
{
    const QColor colour = tokens().ink(m_ink);
    if (palette().color(QPalette::WindowText) == colour && testAttribute(Qt::WA_SetPalette))
        return;
    QPalette own;
    own.setColor(QPalette::WindowText, colour);
    own.setColor(QPalette::Disabled, QPalette::WindowText, tokens().disabled);
    setPalette(own);
}

TextLabel *sectionLabel(const QString &text)
{
    return new TextLabel(text, TextSize::Small, Weight::SemiBold, Ink::Muted);
}

TextLabel *mutedLabel(const QString &text)
{
    return new TextLabel(text, TextSize::Body, Weight::Regular, Ink::Muted);
}

TextLabel *smallLabel(const QString &text)
{
    return new TextLabel(text, TextSize::Small, Weight::Regular, Ink::Muted);
}

TextLabel *strongLabel(const QString &text)
{
    return new TextLabel(text, TextSize::Body, Weight::SemiBold, Ink::Text);
}

TextLabel *labelFor(QWidget *editor, const char *objectName, const QString &name, const QString &help)
{
    auto *label = mutedLabel(name);
    label->setBuddy(editor);
    label->setToolTip(help);
    editor->setObjectName(QLatin1String(objectName));
    editor->setAccessibleName(name);
    editor->setToolTip(help);
    return label;
}

TextLabel *titleLabel(const QString &text)
{
    return new TextLabel(text, TextSize::Title, Weight::SemiBold, Ink::Text);
}

ElidedLabel::ElidedLabel(const QString &text, TextSize size, Weight weight, Ink ink, QWidget *parent)
    : QWidget(parent), m_size(size), m_weight(weight), m_ink(ink)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setText(text);
}

void ElidedLabel::setText(const QString &text)
{
    m_text = text;
    setAccessibleName(text);
    updateGeometry();
    update();
}

void ElidedLabel::setElideMode(Qt::TextElideMode mode)
{
    m_mode = mode;
    update();
}

void ElidedLabel::setInk(Ink ink)
{
    m_ink = ink;
    update();
}

QSize ElidedLabel::sizeHint() const
{
    const QFontMetrics metrics(textFont(m_size, m_weight));
    return {metrics.horizontalAdvance(m_text) + 1, metrics.height()};
}

QSize ElidedLabel::minimumSizeHint() const
{
    return {qMin(24, sizeHint().width()), sizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setFont(textFont(m_size, m_weight));
    painter.setPen(tokens().ink(isEnabled() ? m_ink : Ink::Disabled));
    painter.drawText(rect(), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
                     painter.fontMetrics().elidedText(m_text, m_mode, width()));
}

bool ElidedLabel::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip && toolTip() != m_text && sizeHint().width() > width() + 1)
        setToolTip(m_text);
    return QWidget::event(event);
}

Link::Link(const QString &text, const QString &iconAfter, QWidget *parent) : QAbstractButton(parent), m_iconAfter(iconAfter)
{
    setText(text);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
}

void Link::setTextSize(TextSize size)
{
    m_size = size;
    updateGeometry();
}

QSize Link::sizeHint() const
{
    const QFontMetrics metrics(textFont(m_size));
    return {metrics.horizontalAdvance(text()) + 1 + (m_iconAfter.isEmpty() ? 0 : 8 + measure::kIconSmall), metrics.height()};
}

void Link::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    const QColor colour = !isEnabled() ? t.disabled : underMouse() || isDown() ? t.accentHover : t.accent;
    QPainter painter(this);
    QFont font = textFont(m_size);
    font.setUnderline(underMouse() && isEnabled());
    painter.setFont(font);
    painter.setPen(colour);
    painter.drawText(rect(), Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text());
    if (!m_iconAfter.isEmpty()) {
        const int x = painter.fontMetrics().horizontalAdvance(text()) + 8;
        paintIcon(painter, QRect(x, 0, measure::kIconSmall, height()), m_iconAfter, measure::kIconSmall, colour);
    }
}

IconLabel::IconLabel(const QString &name, Ink ink, int size, QWidget *parent) : QWidget(parent), m_name(name), m_ink(ink), m_size(size)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void IconLabel::setIcon(const QString &name, Ink ink)
{
    m_name = name;
    m_ink = ink;
    update();
}

void IconLabel::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    paintIcon(painter, rect(), m_name, m_size, tokens().ink(isEnabled() ? m_ink : Ink::Disabled));
}

Separator::Separator(Qt::Orientation orientation, QWidget *parent) : QWidget(parent)
{
    if (orientation == Qt::Horizontal)
        setFixedHeight(1);
    else
        setFixedWidth(1);
}

void Separator::paintEvent(QPaintEvent *)
{
    QPainter(this).fillRect(rect(), tokens().border);
}

} // namespace fettle::ui
