// The Playground: the same question to base and tuned model, streaming side by side from one pass over the weights.
#pragma once

#include "ui/frame/page.h"

class QListWidget;
class QListWidgetItem;
class QPlainTextEdit;
class QLineEdit;

namespace fettle::ui {

class AnswerColumn;
class Button;
class ElidedLabel;
class PageHead;
class Pane;
class SamplingBar;

class PlaygroundPage : public Page {
    Q_OBJECT

public:
    explicit PlaygroundPage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;
    void openTarget(const QString &target) override; // "run 8", "run 8 120"

protected:
    void resizeEvent(QResizeEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void setupActions();
    void setupLayout();
    QWidget *makePrompts();
    QWidget *makeComposer();
    void connectBridge();
    void readChoices();
    void readPrompts();
    void showPrompt(QListWidgetItem *item);
    void savePrompt();
    void ask();
    void stopAnswers();
    void endAnswers(const QString &why);
    void updateDivergence();
    void updateActions();
    void exportResult(const std::string &target);

    PageHead *m_head = nullptr;
    Pane *m_promptPane = nullptr;
    QListWidget *m_prompts = nullptr;
    SamplingBar *m_sampling = nullptr;
    ElidedLabel *m_question = nullptr;
    AnswerColumn *m_base = nullptr, *m_tuned = nullptr;
    QPlainTextEdit *m_composer = nullptr;
    QLineEdit *m_system = nullptr;
    Button *m_send = nullptr, *m_stop = nullptr;
    QAction *m_sendAction = nullptr, *m_stopAction = nullptr, *m_exportPeft = nullptr, *m_exportMerged = nullptr;
    JobId m_job = 0;
    std::vector<int> m_columns; // columns of the running question: 0 base, 1 tuned
    quint64 m_seed = 0;
    QString m_wanted; // adapter that openTarget asked for before the choices were there
    bool m_hasRead = false;
};

} // namespace fettle::ui
