// Push button of the design: icon, text and the key that triggers it. One filled (Primary) button for each page.
#pragma once

#include "ui/theme/shapes.h"

#include <QPushButton>

namespace fettle::ui {

class Button : public QPushButton {
    Q_OBJECT

public:
    // iconName: a Lucide name or empty. help: one plain sentence, shown as tooltip and told to screen readers.
    explicit Button(const QString &text, const QString &iconName = {}, const QString &help = {}, QWidget *parent = nullptr);

    void setLook(ButtonLook look);
    void setHeight(int height); // 24, 28, 32
    // Printed on the button, for example "Ctrl I". Does not install a shortcut.
    void setKeyHint(const QString &hint);
    void setIconName(const QString &name);
    void setInk(Ink ink); // of a quiet button, for example Ink::Muted
    // Text, icon, enabled state, key hint and click follow the action.
    void followAction(QAction *action);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override; // Enter as well as Space

private:
    [[nodiscard]] QFont labelFont() const;

    ButtonLook m_look = ButtonLook::Normal;
    Ink m_ink = Ink::Text;
    int m_height = measure::kButton;
    QString m_iconName;
    QString m_keyHint;
};

[[nodiscard]] Button *primaryButton(const QString &text, const QString &iconName = {}, const QString &help = {});
[[nodiscard]] Button *quietButton(const QString &text, const QString &iconName = {}, const QString &help = {});
// 28 x 28 with an icon only; name is what a screen reader says and what the tooltip shows.
[[nodiscard]] Button *iconButton(const QString &iconName, const QString &name, ButtonLook look = ButtonLook::Quiet);
// "Ctrl+Shift+F" as it is printed: "Ctrl Shift F".
[[nodiscard]] QString keyHintText(const QKeySequence &keys);

} // namespace fettle::ui
