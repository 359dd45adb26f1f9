// See emptystate.h.
#include "ui/widgets/emptystate.h"

#include "ui/theme/shapes.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

EmptyState::EmptyState(const QString &iconName, const QString &sentence, QWidget *parent) : QWidget(parent)
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(kStep5, kStep5, kStep5, kStep5);
    outer->addStretch(1);
    m_column = new QVBoxLayout;
    m_column->setSpacing(kStep4);
    if (!iconName.isEmpty())
        m_column->addWidget(new IconLabel(iconName, Ink::BorderStrong, 48), 0, Qt::AlignHCenter);
    auto *title = titleLabel(sentence);
    title->setWordWrap(true);
    title->setAlignment(Qt::AlignHCenter);
    m_column->addWidget(title);
    outer->addLayout(m_column);
    outer->addStretch(1);
}

Button *EmptyState::addButton(const QString &text, const QString &iconName, const QString &keyHint)
{
    auto *button = primaryButton(text, iconName);
    button->setHeight(kButtonLarge);
    button->setKeyHint(keyHint);
    m_column->addWidget(button, 0, Qt::AlignHCenter);
    return button;
}

void EmptyState::addHint(const QString &text)
{
    auto *hint = mutedLabel(text);
    hint->setWordWrap(true);
    hint->setAlignment(Qt::AlignHCenter);
    m_column->addWidget(hint);
}

Link *EmptyState::addLink(const QString &text)
{
    if (!m_links) {
        auto *row = new QHBoxLayout;
        row->addStretch(1);
        m_links = new QHBoxLayout;
        m_links->setSpacing(kStep4);
        row->addLayout(m_links);
        row->addStretch(1);
        m_column->addLayout(row);
    }
    auto *link = new Link(text);
    m_links->addWidget(link);
    return link;
}

void EmptyState::setDropTarget(bool isDropTarget)
{
    m_isDropTarget = isDropTarget;
    update();
}

void EmptyState::setDropHighlighted(bool isHighlighted)
{
    m_isHighlighted = isHighlighted;
    update();
}

void EmptyState::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.fillRect(rect(), t.surface1);
    if (!m_isDropTarget)
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    QPen pen(m_isHighlighted ? t.accent : t.borderStrong, m_isHighlighted ? 2 : 1, Qt::CustomDashLine);
    pen.setDashPattern({4, 3});
    painter.setPen(pen);
    painter.setBrush(m_isHighlighted ? QBrush(t.accentSoft) : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(QRectF(rect()).adjusted(16.5, 16.5, -16.5, -16.5), kRadiusCard, kRadiusCard);
}

} // namespace fettle::ui
