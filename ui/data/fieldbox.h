// A label above a text field that grows.
#pragma once

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class Button;
class GrowingText;
class Link;
class TextLabel;

class FieldBox : public QWidget {
    Q_OBJECT
public:
    explicit FieldBox(const QString &label, QWidget *parent = nullptr);
    void setLabel(const QString &label);
    [[nodiscard]] GrowingText *text() const { return m_text; }
    // Calls of tools and other parts of a message beside its text, as JSON; empty: none.
    void setExtra(const QString &json);
    // A link beside the label that offers to write the text, for example "Draft with Run 7"; empty: none.
    void setOffer(const QString &offer, const QString &help = {});
    [[nodiscard]] Button *menuButton() const { return m_menu; }

signals:
    void menuWanted(const QPoint &globalPosition); // what can be done to the whole turn
    void offerTaken();

private:
    TextLabel *m_label = nullptr, *m_extra = nullptr;
    Link *m_offer = nullptr;
    Button *m_menu = nullptr;
    GrowingText *m_text = nullptr;
};

} // namespace fettle::ui
