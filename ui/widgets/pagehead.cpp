// See pagehead.h.
#include "ui/widgets/pagehead.h"

#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

PageHead::PageHead(const QString &title, QWidget *parent) : QWidget(parent)
{
    setFixedHeight(qRound(kPageHead * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    row->setSpacing(kStep3);
    m_title = titleLabel(title);
    row->addWidget(m_title);
    m_afterTitle = new QHBoxLayout;
    m_afterTitle->setSpacing(kStep2);
    row->addLayout(m_afterTitle);
    m_state = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    row->addWidget(m_state, 1);
    m_actions = new QHBoxLayout;
    m_actions->setSpacing(kStep2);
    row->addLayout(m_actions);
}

void PageHead::setTitle(const QString &title)
{
    m_title->setText(title);
}

void PageHead::setState(const QString &state)
{
    m_state->setText(state);
}

void PageHead::addAfterTitle(QWidget *widget)
{
    m_afterTitle->addWidget(widget);
}

void PageHead::addAction(QWidget *widget)
{
    m_actions->addWidget(widget);
}

void PageHead::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface1);
    painter.fillRect(0, height() - 1, width(), 1, tokens().border);
}

} // namespace fettle::ui
