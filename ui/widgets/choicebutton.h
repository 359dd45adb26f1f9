// A large button for a decision: the key, what it does, and what follows from it.
#pragma once

#include <QAbstractButton>

class QAction;

namespace fettle::ui {

class ChoiceButton : public QAbstractButton {
    Q_OBJECT

public:
    // key: as it is printed, "M"; whoever holds the button sees to the key itself.
    ChoiceButton(const QString &key, const QString &title, QWidget *parent = nullptr);
    // Key, text, tooltip, enabled state and click are those of the action.
    ChoiceButton(QAction *action, const QString &consequence, QWidget *parent = nullptr);
    void setConsequence(const QString &text);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override; // Enter as well as Space

private:
    void setup();

    QString m_key, m_consequence;
};

} // namespace fettle::ui
