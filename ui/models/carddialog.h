// The card of a model as its publisher wrote it. Nothing is fetched for it: pictures stay out, and links open in the browser only when clicked.
#pragma once

#include <QDialog>

namespace fettle::ui {

class CardDialog : public QDialog {
    Q_OBJECT

public:
    CardDialog(const QString &name, const QString &markdown, QWidget *parent = nullptr);
};

} // namespace fettle::ui
