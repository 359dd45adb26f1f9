// The painted parts of the top bar: project button, model chip, the field that opens the command bar.
#pragma once

#include <QAbstractButton>

class QAction;

namespace fettle::ui {

class ProjectButton : public QAbstractButton {
    Q_OBJECT

public:
    explicit ProjectButton(QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

class ModelChip : public QAbstractButton {
    Q_OBJECT

public:
    explicit ModelChip(QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

// Looks like a search field and opens the command bar, which takes the keyboard.
class CommandField : public QAbstractButton {
    Q_OBJECT

public:
    explicit CommandField(QAction *commandBar, QWidget *parent = nullptr);
    void setNarrow(bool isNarrow);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    bool m_isNarrow = false;
};

} // namespace fettle::ui
