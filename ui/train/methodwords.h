// What the Train page says about each method, in the user's language. Knows no widget.
#pragma once

#include <QString>

#include <string>

namespace fettle::ui {

struct MethodWords {
    QString summary; // beside the name: what is trained
    QString when;    // when to choose it
    QString runsIn;  // where the result can be used
    QString trained; // after the number of trained numbers
    QString result;  // after the size of the result
};

[[nodiscard]] MethodWords methodWords(const std::string &method);

} // namespace fettle::ui
