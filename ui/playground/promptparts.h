// What a prompt may hold beside the question: a context, which is joined to the first question as in training, and the tools that the model may
// call. Folded away until somebody needs it; what is folded away and not empty is said on the button, because it is sent all the same. Knows no
// engine.
#pragma once

#include <QWidget>

class QPlainTextEdit;

namespace fettle::ui {

class Button;
class TextLabel;

class PromptParts : public QWidget {
    Q_OBJECT

public:
    explicit PromptParts(QWidget *parent = nullptr);
    [[nodiscard]] Button *button() const { return m_button; } // opens and closes; its place is the page's affair
    [[nodiscard]] QString context() const;
    [[nodiscard]] QString tools() const; // a JSON array, or empty
    void setParts(const QString &context, const QString &tools);
    [[nodiscard]] QString problem() const { return m_problem; } // why the prompt cannot be sent; empty: it can

signals:
    void changed();

private:
    [[nodiscard]] QPlainTextEdit *addField(class QHBoxLayout *row, const char *objectName, const QString &name, const QString &help, TextLabel *note);
    void setOpen(bool isOpen);
    void update();

    Button *m_button;
    QPlainTextEdit *m_context, *m_tools;
    TextLabel *m_note; // which tools there are, or what is wrong with them
    QString m_problem;
};

// The names in a list of tool definitions, and what is wrong with it.
struct ToolNames { QStringList names; QString problem; };
[[nodiscard]] ToolNames toolNames(const QString &json);

} // namespace fettle::ui
