// Asks for the name of a model on a hub.
#pragma once

#include <QDialog>

class QLineEdit;

namespace fettle::ui {

class DownloadDialog : public QDialog {
    Q_OBJECT

public:
    explicit DownloadDialog(const QString &name, QWidget *parent = nullptr);
    [[nodiscard]] QString name() const; // without spaces around it

private:
    QLineEdit *m_name;
};

} // namespace fettle::ui
