// A label above a text field that grows.
#pragma once

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class GrowingText;
class TextLabel;

class FieldBox : public QWidget {
    Q_OBJECT
public:
    explicit FieldBox(const QString &label, QWidget *parent = nullptr);
    void setLabel(const QString &label);
    [[nodiscard]] GrowingText *text() const { return m_text; }

private:
    TextLabel *m_label = nullptr;
    GrowingText *m_text = nullptr;
};

} // namespace fettle::ui
