// Why did it say that? The training rows that the model finds most like a question and its answer, nearest first; a click opens the record.
// The index of the rows is built here on demand, with progress and a way out.
#pragma once

#include "ui/frame/page.h"

#include <QDialog>

class QStackedWidget;
class QTreeWidget;

namespace fettle::ui {

class Button;
class ProgressLine;
class TextLabel;

class WhyDialog : public QDialog {
    Q_OBJECT

public:
    // adapter: RUN[@STEP] of the column, named columnName. conversation: with the answer.
    WhyDialog(const PageContext &context, std::string adapter, const QString &columnName, data::Record conversation, QWidget *parent = nullptr);
    ~WhyDialog() override;

private:
    enum View { Message, Rows };
    void setupLayout();
    QWidget *makeMessage();
    void ask();
    void build();
    void showRows(const std::vector<engine::NearRow> &rows);
    void showProblem(const Error &error);
    void showProgress();
    void openRecord();

    PageContext m_context;
    std::string m_adapter;
    QString m_columnName;
    data::Record m_conversation;
    JobId m_job = 0;
    QStackedWidget *m_views = nullptr;
    QTreeWidget *m_rows = nullptr;
    TextLabel *m_message = nullptr, *m_progressText = nullptr;
    ProgressLine *m_progress = nullptr;
    Button *m_build = nullptr, *m_cancel = nullptr, *m_open = nullptr;
};

} // namespace fettle::ui
