// The rail at the left: one button for each page, the settings at its foot. Knows page ids and titles only.
#pragma once

#include <QAbstractButton>
#include <QList>
#include <QWidget>

class QVBoxLayout;

namespace fettle::ui {

class RailButton : public QAbstractButton {
    Q_OBJECT

public:
    RailButton(const QString &title, const QString &iconName, QWidget *parent = nullptr);
    void setNarrow(bool isNarrow);
    void setActive(bool isActive); // the dot
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_iconName;
    bool m_isNarrow = false;
    bool m_isActive = false;
};

class Rail : public QWidget {
    Q_OBJECT

public:
    explicit Rail(QWidget *parent = nullptr);
    void addPage(const QString &title, const QString &iconName, const QString &toolTip);
    void setCurrent(int index);
    void setPageEnabled(int index, bool isEnabled);
    void setPageActive(int index, bool isActive);
    void setNarrow(bool isNarrow);
    [[nodiscard]] RailButton *button(int index) const { return m_buttons[index]; }
    [[nodiscard]] RailButton *settingsButton() const { return m_settings; }

signals:
    void chosen(int index);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QVBoxLayout *m_column;
    QList<RailButton *> m_buttons;
    RailButton *m_settings;
    bool m_isNarrow = false;
};

} // namespace fettle::ui
