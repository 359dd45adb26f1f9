#include "ui/playground/adapterchoice.h"

#include <QComboBox>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr int kModelRole = Qt::UserRole + 1;

int indexOf(const QComboBox &box, const QVariant &adapter, const QVariant &model)
{
    for (int i = 0; i < box.count(); ++i)
        if (box.itemData(i) == adapter && box.itemData(i, kModelRole).toString() == model.toString())
            return i;
    return -1;
}

} // namespace

void setAdapterChoices(QComboBox &box, const std::vector<AdapterChoice> &choices)
{
    const QVariant before = box.currentData(), modelBefore = box.currentData(kModelRole);
    box.clear();
    for (const AdapterChoice &choice : choices) {
        box.addItem(choice.text, QString::fromStdString(choice.adapter));
        box.setItemData(box.count() - 1, QString::fromStdString(choice.model), kModelRole);
    }
    box.setCurrentIndex(choices.empty() ? -1 : std::max(0, indexOf(box, before, modelBefore)));
}

void chooseAdapter(QComboBox &box, const std::string &adapter, const std::string &model)
{
    if (const int index = indexOf(box, QString::fromStdString(adapter), QString::fromStdString(model)); index >= 0)
        box.setCurrentIndex(index);
    else if (const int any = box.findData(QString::fromStdString(adapter)); any >= 0 && model.empty())
        box.setCurrentIndex(any);
}

AdapterChoice chosenAdapter(const QComboBox &box)
{
    if (box.currentIndex() < 0)
        return {{}, "base"};
    return {box.currentText(), box.currentData().toString().toStdString(), box.currentData(kModelRole).toString().toStdString()};
}

} // namespace fettle::ui
