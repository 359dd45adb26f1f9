// See unusablerow.h.
#include "ui/models/unusablerow.h"

#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

UnusableRow::UnusableRow(const QString &name, const QString &reason, const QString &iconName, Ink ink, QWidget *parent) : QWidget(parent), m_name(name)
{
    setFixedHeight(qRound(kRow * textScale()));
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    m_row->setSpacing(kStep2);
    m_row->addWidget(new IconLabel(iconName, ink, kIconSmall));
    m_row->addWidget(new ElidedLabel(name, TextSize::Body, Weight::Regular, Ink::Muted), 2);
    m_row->addWidget(new ElidedLabel(reason, TextSize::Body, Weight::Regular, Ink::Muted), 4);
}

Link *UnusableRow::addLink(const QString &text, const QString &help)
{
    auto *link = new Link(text);
    link->setToolTip(help);
    link->setAccessibleName(tr("%1: %2").arg(text, m_name));
    m_row->addWidget(link);
    return link;
}

void UnusableRow::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(0, height() - 1, width(), 1, tokens().grid);
}

} // namespace fettle::ui
