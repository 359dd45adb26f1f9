#include "ui/data/fieldbox.h"

#include "ui/data/growingtext.h"
#include "ui/widgets/labels.h"

#include <QVBoxLayout>

namespace fettle::ui {

FieldBox::FieldBox(const QString &label, QWidget *parent) : QWidget(parent), m_label(sectionLabel(label)), m_text(new GrowingText)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(3);
    column->addWidget(m_label);
    column->addWidget(m_text);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setLabel(label);
}

void FieldBox::setLabel(const QString &label)
{
    m_label->setText(label);
    m_label->setBuddy(m_text);
    m_text->setAccessibleName(label);
}

} // namespace fettle::ui
