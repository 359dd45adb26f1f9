// See waitslist.h.
#include "ui/home/waitslist.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kButtonWidth = 92; // all buttons of the list are equally wide

} // namespace

WaitsList::WaitsList(QWidget *parent) : Card(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    auto *head = strongLabel(tr("Waits for you"));
    head->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    head->setFixedHeight(40);
    column->addWidget(head);
    m_rows = new QVBoxLayout;
    m_rows->setSpacing(0);
    column->addLayout(m_rows);
    setVisible(false);
}

void WaitsList::show(const std::vector<Waiting> &rows)
{
    m_shown = rows;
    while (QLayoutItem *item = m_rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const Waiting &waiting : rows) {
        m_rows->addWidget(new Separator);
        auto *line = new QWidget;
        line->setFixedHeight(kButtonRow);
        auto *row = new QHBoxLayout(line);
        row->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
        row->setSpacing(0);
        row->addWidget(new IconLabel(waiting.iconName, waiting.isBad ? Ink::Bad : Ink::Warning));
        row->addSpacing(kStep2);
        row->addWidget(strongLabel(waiting.strong));
        row->addSpacing(kStep1);
        row->addWidget(new ElidedLabel(waiting.rest), 1);
        row->addSpacing(kStep3);
        auto *button = new Button(waiting.button);
        button->setHeight(kButtonSmall);
        button->setFixedWidth(kButtonWidth);
        button->setAccessibleName(waiting.button + QStringLiteral(": ") + waiting.strong);
        connect(button, &QPushButton::clicked, this, [this, waiting] { emit chosen(waiting); });
        row->addWidget(button);
        m_rows->addWidget(line);
    }
    setVisible(!rows.empty());
}

} // namespace fettle::ui
