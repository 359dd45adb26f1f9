// Name, tags and note of a run. Knows no bridge.
#pragma once

#include "core/engine/project.h"

#include <QDialog>

class QLineEdit;
class QPlainTextEdit;

namespace fettle::ui {

class Button;

class LabelDialog : public QDialog {
    Q_OBJECT

public:
    explicit LabelDialog(const engine::RunLabel &label, QWidget *parent = nullptr);
    [[nodiscard]] engine::RunLabel label() const;

private:
    engine::RunLabel m_label;
    QLineEdit *m_name, *m_tags;
    QPlainTextEdit *m_note;
    Button *m_save;
};

} // namespace fettle::ui
