// The trained results that can be compared, as a list to choose from. Knows no engine.
#pragma once

#include <QString>

#include <string>
#include <vector>

class QComboBox;

namespace fettle::ui {

struct AdapterChoice {
    QString text;        // "Run 3", "Run 3, step 40"
    std::string adapter; // "3", "3@40", "base", a folder
    std::string model = {}; // another base model than the project's; empty: that one
    friend bool operator==(const AdapterChoice &, const AdapterChoice &) = default;
};

// Keeps the chosen one where it is still there, else takes the first.
void setAdapterChoices(QComboBox &box, const std::vector<AdapterChoice> &choices);
// Nothing happens where it is not among them.
void chooseAdapter(QComboBox &box, const std::string &adapter, const std::string &model = {});
// adapter "base" where nothing is chosen.
[[nodiscard]] AdapterChoice chosenAdapter(const QComboBox &box);

} // namespace fettle::ui
