// Content that scrolls up and down on the surface of what it lies on: no frame, no background of its own.
#pragma once

#include <QScrollArea>

namespace fettle::ui {

[[nodiscard]] QScrollArea *scrollPane(QWidget *content);

} // namespace fettle::ui
