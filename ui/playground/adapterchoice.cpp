#include "ui/playground/adapterchoice.h"

#include <QComboBox>

#include <algorithm>

namespace fettle::ui {

void setAdapterChoices(QComboBox &box, const std::vector<AdapterChoice> &choices)
{
    const QVariant before = box.currentData();
    box.clear();
    for (const AdapterChoice &choice : choices)
        box.addItem(choice.text, QString::fromStdString(choice.adapter));
    box.setCurrentIndex(choices.empty() ? -1 : std::max(0, box.findData(before)));
}

void chooseAdapter(QComboBox &box, const std::string &adapter)
{
    if (const int index = box.findData(QString::fromStdString(adapter)); index >= 0)
        box.setCurrentIndex(index);
}

} // namespace fettle::ui
