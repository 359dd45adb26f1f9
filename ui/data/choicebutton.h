// A wide button that says what happens: the key, what it does, and what follows from it.
#pragma once

#include <QAbstractButton>

namespace fettle::ui {

class ChoiceButton : public QAbstractButton {
    Q_OBJECT

public:
    // key: as it is printed, "M". The view that holds the button sees to the key itself.
    ChoiceButton(const QString &key, const QString &title, QWidget *parent = nullptr);
    void setConsequence(const QString &text);
    [[nodiscard]] QString consequence() const { return m_consequence; }

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override; // Enter as well as Space

private:
    QString m_key, m_consequence;
};

} // namespace fettle::ui
