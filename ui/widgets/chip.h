// A filter that can be switched on: icon, name, bold count. A count of zero loses the frame and shows a tick.
#pragma once

#include "ui/theme/tokens.h"

#include <QAbstractButton>

#include <optional>

namespace fettle::ui {

class Chip : public QAbstractButton {
    Q_OBJECT

public:
    explicit Chip(const QString &text, const QString &iconName = {}, Ink iconInk = Ink::Muted, QWidget *parent = nullptr);

    void setCount(std::optional<qint64> count); // none: no number
    [[nodiscard]] std::optional<qint64> count() const { return m_count; }
    void setShowsTickAtZero(bool shows);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    [[nodiscard]] bool isQuiet() const { return m_showsTick && m_count == 0 && !isChecked(); }
    [[nodiscard]] QString countText() const;

    QString m_iconName;
    Ink m_iconInk;
    std::optional<qint64> m_count;
    bool m_showsTick = false;
};

} // namespace fettle::ui
