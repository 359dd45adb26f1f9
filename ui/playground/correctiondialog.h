// "This answer is wrong": the question and the right answer, which becomes a record that later runs learn; on wish a copy of the adapter learns it at once,
// and one sees what changed there and elsewhere.
#pragma once

#include "core/data/record.h"
#include "ui/bridge/bridge.h"

#include <QDialog>

class QLineEdit;
class QPlainTextEdit;
class QTextBrowser;

namespace fettle::ui {

class Button;
class TextLabel;

class CorrectionDialog : public QDialog {
    Q_OBJECT

public:
    struct Wrong {
        data::Record record; // the conversation with the wrong answer at its end
        QString columnName;  // "Run 3, step 207"
        std::string adapter; // "3", "base"
    };
    CorrectionDialog(Bridge &bridge, const Wrong &wrong, QWidget *parent = nullptr);
    ~CorrectionDialog() override;
    [[nodiscard]] data::Record record() const;

private:
    void updateState();
    void tryIt();
    void showTrial(const Result<engine::CorrectionTrial> &trial);

    Bridge &m_bridge;
    Wrong m_wrong;
    QString m_wrongAnswer;
    JobId m_job = 0;
    QPlainTextEdit *m_context = nullptr, *m_question = nullptr, *m_answer = nullptr;
    QLineEdit *m_system = nullptr, *m_tags = nullptr;
    TextLabel *m_hint = nullptr;
    Button *m_save = nullptr, *m_try = nullptr;
    QTextBrowser *m_trial = nullptr;
};

} // namespace fettle::ui
