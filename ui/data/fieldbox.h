// A label above a text field that grows.
#pragma once

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class Button;
class GrowingText;
class TextLabel;

class FieldBox : public QWidget {
    Q_OBJECT
public:
    explicit FieldBox(const QString &label, QWidget *parent = nullptr);
    void setLabel(const QString &label);
    [[nodiscard]] GrowingText *text() const { return m_text; }
    // Calls of tools and other parts of a message beside its text, as JSON; empty: none.
    void setExtra(const QString &json);
    [[nodiscard]] Button *menuButton() const { return m_menu; }

signals:
    void menuWanted(const QPoint &globalPosition); // what can be done to the whole turn

private:
    TextLabel *m_label = nullptr, *m_extra = nullptr;
    Button *m_menu = nullptr;
    GrowingText *m_text = nullptr;
};

} // namespace fettle::ui
