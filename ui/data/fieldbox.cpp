#include "ui/data/fieldbox.h"

#include "ui/data/growingtext.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

FieldBox::FieldBox(const QString &label, QWidget *parent)
    : QWidget(parent), m_label(sectionLabel(label)), m_extra(smallLabel({})), m_offer(new Link({})), m_menu(iconButton(QStringLiteral("ellipsis"), {})), m_text(new GrowingText)
{
    m_menu->setHeight(kBadge);
    m_menu->setInk(Ink::Muted);
    m_menu->setFocusPolicy(Qt::TabFocus);
    m_menu->hide();
    m_offer->setTextSize(TextSize::Small);
    m_offer->hide();
    m_extra->setWordWrap(true);
    m_extra->setFont(monoFont(TextSize::Small));
    m_extra->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_extra->hide();
    auto *head = new QHBoxLayout;
    head->setContentsMargins(0, 0, 0, 0);
    head->addWidget(m_label, 1);
    head->addWidget(m_offer);
    head->addWidget(m_menu);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(3);
    column->addLayout(head);
    column->addWidget(m_text);
    column->addWidget(m_extra);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(m_menu, &QAbstractButton::clicked, this, [this] { emit menuWanted(m_menu->mapToGlobal(QPoint(0, m_menu->height()))); });
    connect(m_offer, &QAbstractButton::clicked, this, &FieldBox::offerTaken);
    setLabel(label);
}

void FieldBox::setOffer(const QString &offer, const QString &help)
{
    m_offer->setText(offer);
    m_offer->setToolTip(help);
    m_offer->setVisible(!offer.isEmpty());
}

void FieldBox::setExtra(const QString &json)
{
    m_extra->setText(json);
    m_extra->setToolTip(tr("What the message holds beside its text, as it came in; the model reads it too"));
    m_extra->setVisible(!json.isEmpty());
}

void FieldBox::setLabel(const QString &label)
{
    m_label->setText(label);
    m_label->setBuddy(m_text);
    m_text->setAccessibleName(label);
    m_text->setAccessibleDescription(tr("What is written here is kept after a pause of typing"));
    m_menu->setAccessibleName(tr("%1: role, order, removal").arg(label));
    m_menu->setToolTip(tr("Change who says this, move it, or take it out"));
}

} // namespace fettle::ui
