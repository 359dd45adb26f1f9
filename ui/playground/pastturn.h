// One exchange of a conversation that is not the one being worked on: the question across the page and every column's answer below it, with its
// marks, probabilities and buttons. Knows the kept answers only, no engine.
#pragma once

#include "ui/playground/conversation.h"

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class AnswerColumn;

class PastTurn : public QWidget {
    Q_OBJECT

public:
    // number: of the question, from 1. columns: numbers of the page's columns from left to right; one that had not answered then says so.
    PastTurn(int number, const Exchange &exchange, const std::vector<int> &columns, QWidget *parent = nullptr);

    void setShaded(bool isShaded);
    void setReading(int column, const std::vector<engine::GeneratedToken> &reading);
    void keepQuestionInView(int left, int right); // pixels at both sides that are scrolled away
    [[nodiscard]] const QString &question() const { return m_question; }
    [[nodiscard]] AnswerColumn *answerOf(int column) const; // null: it has no such column

signals:
    void chosen();        // the question was clicked: it is to be the one that is worked on
    void editWanted();
    void branchWanted();
    void tokenChosen(int column, int token);
    void correctionWanted(int column);
    void reasonWanted(int column);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Answer { int column; AnswerColumn *answer; };
    QWidget *makeBand(int number);
    QWidget *makeAnswer(int number, const KeptAnswer &kept);
    void showDivergence();

    QString m_question;
    Exchange m_exchange;
    QWidget *m_band = nullptr;
    QHBoxLayout *m_bandRow = nullptr;
    std::vector<Answer> m_answers;
};

// Every column is as wide as the others, whatever it holds.
[[nodiscard]] QWidget *columnCell(QWidget *content, bool hasLine);

} // namespace fettle::ui
