// Writes the chosen result for other programs: what kinds of files there are and where each is of use, what this method allows, the proof after it was
// written, and what to type next.
#pragma once

#include "ui/frame/page.h"
#include "ui/playground/exportchoices.h"

#include <QDialog>

class QComboBox;
class QLineEdit;
class QListWidget;
class QPlainTextEdit;
class QProcess;
class QTreeWidget;

namespace fettle::ui {

class Button;
class IconLabel;
class ProgressLine;
class TextLabel;

class ExportDialog : public QDialog {
    Q_OBJECT

public:
    // adapter: "3", "3@40". resultName: "Run 3, step 207".
    ExportDialog(const PageContext &context, std::string adapter, const QString &resultName, QWidget *parent = nullptr);
    ~ExportDialog() override;
    void choose(const std::string &target);

protected:
    void reject() override; // a running export is cancelled first

private:
    void setupLayout();
    QWidget *makeTargets();
    QWidget *makeForm();
    QWidget *makeResult();
    QWidget *makeFoot();
    void readMethod();
    void showTarget();
    void startExport();
    void showProgress();
    void showResult(const engine::ExportRequest &request, const Result<engine::ExportResult> &result);
    void createInOllama();
    [[nodiscard]] const ExportTarget &target() const;

    PageContext m_context;
    std::string m_adapter;
    QString m_resultName;
    std::vector<ExportTarget> m_targets = exportTargets();
    TrainedResult m_trained;
    JobId m_job = 0;
    engine::ExportRequest m_written; // the last export, for Ollama
    QProcess *m_process = nullptr;

    QListWidget *m_list = nullptr;
    TextLabel *m_title = nullptr, *m_what = nullptr, *m_where = nullptr, *m_reason = nullptr, *m_typeLabel = nullptr, *m_systemLabel = nullptr, *m_verdict = nullptr, *m_files = nullptr,
              *m_status = nullptr;
    QComboBox *m_type = nullptr;
    QLineEdit *m_name = nullptr, *m_system = nullptr;
    QWidget *m_result = nullptr;
    IconLabel *m_sign = nullptr;
    QTreeWidget *m_checks = nullptr;
    QPlainTextEdit *m_next = nullptr;
    TextLabel *m_nextLabel = nullptr;
    ProgressLine *m_progress = nullptr;
    Button *m_export = nullptr, *m_close = nullptr, *m_copy = nullptr, *m_ollama = nullptr;
};

} // namespace fettle::ui
