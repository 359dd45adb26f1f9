// A dialog about a list: its title, the list, and a row with a note and buttons.
#pragma once

#include <initializer_list>

class QDialog;
class QWidget;

namespace fettle::ui {

class Button;

// buttons: from left to right, the most likely one last.
void layOutListDialog(QDialog &dialog, QWidget *list, QWidget *note, std::initializer_list<Button *> buttons);

} // namespace fettle::ui
