// One answer of the playground as it streams, and how it ended. Words shared with the base are muted up to the first token that differs, which
// is shaded. It is as high as the answer: who holds it scrolls. A token can be chosen by click or arrow keys: what else was likely there is shown below the answer. Knows no engine.
#pragma once

#include "core/engine/playground.h"

#include <QWidget>

#include <functional>
#include <optional>
#include <vector>

class QTextCharFormat;
class QTextCursor;
class QTextEdit;

namespace fettle::ui {

class Button;
class ElidedLabel;
class TextLabel;
class TokenPane;

class AnswerColumn : public QWidget {
    Q_OBJECT

public:
    // number: of a further column, from 3; 0: base or tuned.
    explicit AnswerColumn(bool isBase, int number = 0, QWidget *parent = nullptr);

    void setQuestionNumber(int number); // of an earlier question of the conversation: the names say so
    void clear();                                   // no question was asked
    void begin();                                   // a new question: empty
    void append(const std::vector<engine::GeneratedToken> &tokens);
    void finish(const engine::ColumnResult &result);
    void stop(const QString &why);                  // ended without a result
    // An earlier answer again. plain: where its tokens are not known any more.
    void restore(const std::vector<engine::GeneratedToken> &tokens, const QString &plain, const QString &ending);
    [[nodiscard]] const QString &ending() const { return m_ending; }
    // Index of the first token that is not the base's, -1: none (yet). Shown in the text and in the foot.
    void setDivergence(int token);
    [[nodiscard]] int divergence() const { return m_divergence; }
    [[nodiscard]] const std::vector<engine::GeneratedToken> &answer() const { return m_tokens; }
    [[nodiscard]] bool isFinished() const { return m_isFinished; }
    [[nodiscard]] QString text() const;

    // What another model makes of the same answer, token by token; forgotten with the answer. Shaded by it where that is wanted.
    void setReading(std::vector<engine::GeneratedToken> reading);
    [[nodiscard]] const std::vector<engine::GeneratedToken> &reading() const { return m_reading; }
    void setShaded(bool isShaded);
    // The token of another column at the same place, and whose it is.
    struct Beside { engine::GeneratedToken token; QString name; };
    void setBeside(std::function<std::optional<Beside>(int index)> beside) { m_beside = std::move(beside); }

    void setReasonPossible(bool isPossible, const QString &reason); // whether training rows can be looked for
    [[nodiscard]] std::optional<int> chosenToken() const { return m_chosen; }
    void chooseToken(std::optional<int> index);
    [[nodiscard]] TokenPane &tokenPane() const { return *m_tokenPane; }
    [[nodiscard]] int fullHeight() const; // that the answer needs; it may be higher beside longer ones
    [[nodiscard]] QRect tokenPlace(int index) const; // of a token's end, in this widget
    [[nodiscard]] QTextEdit &textView() const { return *m_text; }
    [[nodiscard]] std::optional<int> tokenAt(const QPoint &point) const; // in the text's viewport

signals:
    void tokenChosen(); // or none any more: see chosenToken()
    void correctionWanted();
    void reasonWanted();

protected:
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QWidget *makeFoot(int number);
    [[nodiscard]] QTextCharFormat formatOf(int index) const;
    void insertToken(QTextCursor &cursor, int index);
    void takeCaret();
    void putCaret();
    void render();
    void fitHeight();
    void showFoot();
    void updateButtons();
    void showHint(const QPoint &point);
    [[nodiscard]] bool handleKey(int key);

    bool m_isBase;
    QTextEdit *m_text;
    TokenPane *m_tokenPane;
    TextLabel *m_leaves;
    ElidedLabel *m_foot;
    Button *m_copy, *m_correct, *m_why;
    std::vector<engine::GeneratedToken> m_tokens, m_reading;
    std::function<std::optional<Beside>(int)> m_beside;
    std::vector<int> m_ends; // position in the document after each token
    int m_divergence = -1;
    std::optional<int> m_chosen;
    bool m_isFinished = true;
    bool m_hasCaret = false, m_hasReason = false, m_isShaded = false, m_isRendering = false;
    QString m_ending, m_plain;
};

} // namespace fettle::ui
