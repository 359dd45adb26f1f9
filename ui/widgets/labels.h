// Texts of the design: title, section label, elided text, link. All follow the theme by themselves.
#pragma once

#include "ui/theme/tokens.h"

#include <QAbstractButton>
#include <QLabel>

namespace fettle::ui {

// A label in one of the type sizes; its colour follows the theme. Plain text unless setTextFormat says otherwise.
class TextLabel : public QLabel {
    Q_OBJECT

public:
    explicit TextLabel(const QString &text = {}, TextSize size = TextSize::Body, Weight weight = Weight::Regular, Ink ink = Ink::Text,
                       QWidget *parent = nullptr);
    void setInk(Ink ink);

protected:
    void changeEvent(QEvent *event) override;

private:
    void applyInk();
    Ink m_ink;
};

[[nodiscard]] TextLabel *sectionLabel(const QString &text); // 11 px, 600, muted: heads of side lists and fields
[[nodiscard]] TextLabel *mutedLabel(const QString &text);   // 13 px, muted
[[nodiscard]] TextLabel *smallLabel(const QString &text);   // 11 px, muted
[[nodiscard]] TextLabel *strongLabel(const QString &text);  // 13 px, 600
// The name in front of an editor: buddy, object name, accessible name and help of both are set.
[[nodiscard]] TextLabel *labelFor(QWidget *editor, const char *objectName, const QString &name, const QString &help);
[[nodiscard]] TextLabel *titleLabel(const QString &text);   // 18 px, 600

// One line that ends in an ellipsis where it does not fit; the whole text is then the tooltip.
class ElidedLabel : public QWidget {
    Q_OBJECT

public:
    explicit ElidedLabel(const QString &text = {}, TextSize size = TextSize::Body, Weight weight = Weight::Regular, Ink ink = Ink::Text,
                         QWidget *parent = nullptr);
    void setText(const QString &text);
    [[nodiscard]] QString text() const { return m_text; }
    void setElideMode(Qt::TextElideMode mode);
    void setInk(Ink ink);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    QString m_text;
    TextSize m_size;
    Weight m_weight;
    Ink m_ink;
    Qt::TextElideMode m_mode = Qt::ElideRight;
};

// Text in the accent that acts like a button: "Review 41 records ->".
class Link : public QAbstractButton {
    Q_OBJECT

public:
    explicit Link(const QString &text, const QString &iconAfter = {}, QWidget *parent = nullptr);
    void setTextSize(TextSize size);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_iconAfter;
    TextSize m_size = TextSize::Body;
};

// An icon that stands alone, in an ink.
class IconLabel : public QWidget {
    Q_OBJECT

public:
    explicit IconLabel(const QString &name, Ink ink = Ink::Text, int size = measure::kIcon, QWidget *parent = nullptr);
    void setIcon(const QString &name, Ink ink);
    [[nodiscard]] QSize sizeHint() const override { return {m_size, m_size}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_name;
    Ink m_ink;
    int m_size;
};

// A 1-px line.
class Separator : public QWidget {
    Q_OBJECT

public:
    explicit Separator(Qt::Orientation orientation = Qt::Horizontal, QWidget *parent = nullptr);

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace fettle::ui
