// The dialogs that ask for a file or an answer, with seams for tests: what was set next is returned instead of opening a window.
#pragma once

#include <QString>
#include <QStringList>

#include <optional>

class QWidget;

namespace fettle::ui {

struct Question {
    QString title;      // what is asked, one sentence
    QString text;       // what it means
    QStringList answers; // button texts, the safe one last; the first is the filled one
};

class Dialogs {
public:
    // Empty: cancelled. filter as QFileDialog: "Data (*.jsonl *.csv)".
    [[nodiscard]] QString openFile(QWidget *parent, const QString &title, const QString &filter = {});
    [[nodiscard]] QString saveFile(QWidget *parent, const QString &title, const QString &suggestion = {}, const QString &filter = {});
    [[nodiscard]] QString openFolder(QWidget *parent, const QString &title);
    // Index of the answer; the last one when the window is closed.
    [[nodiscard]] int ask(QWidget *parent, const Question &question);

    // For tests: used once, in the order in which they were set.
    void setNextFileName(const QString &name) { m_nextFileNames.append(name); }
    void setNextAnswer(int index) { m_nextAnswers.append(index); }
    [[nodiscard]] const std::optional<Question> &lastQuestion() const { return m_lastQuestion; }

private:
    [[nodiscard]] QString startFolder() const;
    void remember(const QString &chosen);

    QStringList m_nextFileNames;
    QList<int> m_nextAnswers;
    std::optional<Question> m_lastQuestion;
};

} // namespace fettle::ui
