// What somebody writes at a step of a curve: a new note, or one to change or to remove.
#pragma once

#include "core/engine/project.h"

#include <QDialog>

class QPlainTextEdit;

namespace fettle::ui {

class Button;

class NoteDialog : public QDialog {
    Q_OBJECT

public:
    enum Answer { Cancelled = QDialog::Rejected, Saved = QDialog::Accepted, Removed };

    explicit NoteDialog(const engine::CurveNote &note, QWidget *parent = nullptr); // exec() gives an Answer
    [[nodiscard]] engine::CurveNote note() const;

private:
    engine::CurveNote m_note;
    QPlainTextEdit *m_text;
    Button *m_save;
};

} // namespace fettle::ui
