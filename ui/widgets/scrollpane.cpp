#include "ui/widgets/scrollpane.h"

namespace fettle::ui {

QScrollArea *scrollPane(QWidget *content)
{
    auto *area = new QScrollArea;
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->viewport()->setAutoFillBackground(false); // after setWidget, which asks both to paint themselves
    content->setAutoFillBackground(false);
    return area;
}

} // namespace fettle::ui
