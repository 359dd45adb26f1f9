// See listdialog.h.
#include "ui/widgets/listdialog.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QDialog>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

void layOutListDialog(QDialog &dialog, QWidget *list, QWidget *note, std::initializer_list<Button *> buttons)
{
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    row->addWidget(note, 1);
    for (Button *button : buttons) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    auto *column = new QVBoxLayout(&dialog);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep3);
    column->addWidget(titleLabel(dialog.windowTitle()));
    column->addWidget(list, 1);
    column->addLayout(row);
}

} // namespace fettle::ui
