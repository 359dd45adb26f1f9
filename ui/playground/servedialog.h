// Lets one's own programs ask the model: a switch that is off at first, the address and the key that programs need, what is served, and how
// many questions came. The service goes on when the dialog is closed and ends with the project or the window.
#pragma once

#include "ui/frame/page.h"
#include "ui/playground/adapterchoice.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLineEdit;

namespace fettle::ui {

class Button;
class TextLabel;

class ServeDialog : public QDialog {
    Q_OBJECT

public:
    // choices: the results of the project's runs.
    ServeDialog(Bridge &bridge, const std::vector<AdapterChoice> &choices, QWidget *parent = nullptr);

private:
    QWidget *makeLine(const QString &name, QLineEdit *&field, Button *&copy, const char *objectName, const QString &help);
    void showState();

    Bridge &m_bridge;
    QComboBox *m_served = nullptr;
    QCheckBox *m_switch = nullptr;
    QLineEdit *m_address = nullptr, *m_key = nullptr;
    Button *m_copyAddress = nullptr, *m_copyKey = nullptr, *m_copyExample = nullptr;
    TextLabel *m_state = nullptr;
};

} // namespace fettle::ui
