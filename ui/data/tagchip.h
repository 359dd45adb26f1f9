// One tag of a record with a cross that takes it off. Click, Delete, Backspace or Space remove it.
#pragma once

#include <QAbstractButton>

namespace fettle::ui {

class TagChip : public QAbstractButton {
    Q_OBJECT
public:
    explicit TagChip(const QString &tag, QWidget *parent = nullptr);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    bool event(QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
};

} // namespace fettle::ui
