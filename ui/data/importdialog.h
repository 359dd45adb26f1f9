// Brings records in from a file: what was recognised can be corrected, the first records are shown as they will be, bad rows are listed by
// line, field and reason. The file is never changed. Reads through the bridge, off the GUI thread.
#pragma once

#include "ui/frame/page.h"

#include <QDialog>

#include <map>

class QComboBox;
class QTableWidget;

namespace fettle::ui {

class BadRows;
class Button;
class ImportPreview;
class MappingTable;
class TextLabel;

class ImportDialog : public QDialog {
    Q_OBJECT
public:
    ImportDialog(const PageContext &context, const QString &file, QWidget *parent = nullptr);

    [[nodiscard]] Button *importButton() const { return m_import; }
    [[nodiscard]] QComboBox *formatBox() const { return m_format; }
    [[nodiscard]] QComboBox *encodingBox() const { return m_encoding; }
    [[nodiscard]] QComboBox *delimiterBox() const { return m_delimiter; }
    [[nodiscard]] QComboBox *quoteBox() const { return m_quote; }
    [[nodiscard]] QComboBox *sheetBox() const { return m_sheet; }
    [[nodiscard]] MappingTable *mapping() const { return m_mapping; }
    [[nodiscard]] BadRows *badRows() const { return m_badRows; }
    [[nodiscard]] bool isReady() const { return m_isReady; }

signals:
    void imported(const fettle::data::ImportReport &report);
    void previewed(); // what is shown is what was last asked for

protected:
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void setupLayout();
    [[nodiscard]] QWidget *makeChoices();
    [[nodiscard]] QWidget *makeFoot();
    void read();
    void readRows(std::int64_t limit); // 0: all
    void receive(const data::ImportResult &result);
    void showFailure(const Error &error);
    void showRecognised(const data::ImportReport &report);
    void showSheets(const data::ImportReport &report);
    void updateButton();
    void startImport();
    void saveReport();
    void repair(int row);
    void finish(data::ImportReport report);
    [[nodiscard]] data::ImportOptions options() const;

    PageContext m_context;
    QString m_file;
    bool m_isReady = false, m_isImporting = false, m_isCounting = false;
    bool m_isMappingCorrected = false; // else the engine recognises it
    data::ImportReport m_report;
    std::map<int, std::vector<data::Record>> m_repaired; // by place among the rejected rows
    JobId m_job = 0;
    int m_reading = 0; // number of the newest reading; older ones are void

    QComboBox *m_format = nullptr, *m_encoding = nullptr, *m_delimiter = nullptr, *m_quote = nullptr, *m_sheet = nullptr;
    TextLabel *m_delimiterLabel = nullptr, *m_quoteLabel = nullptr, *m_encodingLabel = nullptr, *m_sheetLabel = nullptr, *m_summary = nullptr;
    MappingTable *m_mapping = nullptr;
    ImportPreview *m_preview = nullptr;
    BadRows *m_badRows = nullptr;
    Button *m_import = nullptr, *m_cancel = nullptr;
};

} // namespace fettle::ui
