// One row of a file that could not be read, as text to correct: says at once whether it can be read now. The file is never changed.
#pragma once

#include "core/data/importer.h"

#include <QDialog>

#include <optional>

class QPlainTextEdit;

namespace fettle::ui {

class Button;
class TextLabel;

class RepairDialog : public QDialog {
    Q_OBJECT

public:
    // report: of the file; options: how it is read; file: its name.
    RepairDialog(const data::ImportReport &report, const data::RejectedRow &row, const data::ImportOptions &options, const QString &file, QWidget *parent);
    // Whether this row can be corrected here: its whole text is known, and it is text.
    [[nodiscard]] static bool canRepair(const data::ImportReport &report, const data::RejectedRow &row);
    [[nodiscard]] const std::vector<data::Record> &records() const { return m_records; }
    [[nodiscard]] QPlainTextEdit *textField() const { return m_text; }
    [[nodiscard]] Button *useButton() const { return m_use; }
    [[nodiscard]] QString problem() const;

private:
    void check();

    data::ImportReport m_report; // without its rows
    data::RejectedRow m_row;
    data::ImportOptions m_options;
    QString m_file;
    std::vector<data::Record> m_records;
    QPlainTextEdit *m_text = nullptr;
    TextLabel *m_problem = nullptr;
    Button *m_use = nullptr;
};

} // namespace fettle::ui
