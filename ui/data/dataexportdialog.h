// In which form records leave, and where to: each form says in one sentence who reads it and what it cannot hold.
#pragma once

#include "ui/frame/page.h"

#include <QDialog>

class QButtonGroup;

namespace fettle::ui {

class Button;
class TextLabel;

class DataExportDialog : public QDialog {
    Q_OBJECT

public:
    DataExportDialog(const PageContext &context, const engine::RecordFilter &filter, qint64 rows, QWidget *parent);
    [[nodiscard]] QButtonGroup *formats() const { return m_formats; }
    [[nodiscard]] Button *exportButton() const { return m_export; }

signals:
    void exported(const QString &note);

private:
    void choose();
    void receive(const QString &file, Result<data::DataExportReport> report);

    PageContext m_context;
    engine::RecordFilter m_filter;
    JobId m_job = 0;
    QButtonGroup *m_formats = nullptr;
    TextLabel *m_note = nullptr;
    Button *m_export = nullptr;
};

} // namespace fettle::ui
