// One column of the playground: who answers (name, badges computed from the tensors in use, strength), the answer as it streams, and how it
// ended. Words shared with the base are muted up to the first token that differs, which is shaded. Knows no engine.
#pragma once

#include "core/engine/playground.h"

#include <QWidget>

#include <vector>

class QComboBox;
class QSlider;
class QTextEdit;

namespace fettle::ui {

class Badge;
class Button;
class ElidedLabel;
class TextLabel;

struct AdapterChoice {
    QString text;       // "Run 3", "Run 3, step 40"
    std::string adapter; // "3", "3@40", "base"
};

class AnswerColumn : public QWidget {
    Q_OBJECT

public:
    // The base column has no choice and no strength.
    explicit AnswerColumn(bool isBase, QWidget *parent = nullptr);

    void setBaseName(const QString &name);
    void setChoices(const std::vector<AdapterChoice> &choices); // keeps the chosen one where it is still there
    void choose(const std::string &adapter);
    [[nodiscard]] engine::ColumnChoice choice() const;
    [[nodiscard]] bool hasChoice() const;
    [[nodiscard]] QString columnName() const;

    void begin();                                   // a new question: empty
    void setBadge(const engine::ColumnBadge &badge, quint64 seed);
    void append(const engine::GeneratedToken &token);
    void finish(const engine::ColumnResult &result);
    void stop(const QString &why);                  // ended without a result
    // Index of the first token that is not the base's, -1: none (yet). Shown in the text and in the foot.
    void setDivergence(int token);
    [[nodiscard]] const std::vector<engine::GeneratedToken> &answer() const { return m_tokens; }
    [[nodiscard]] bool isFinished() const { return m_isFinished; }
    [[nodiscard]] QString text() const;

protected:
    void changeEvent(QEvent *event) override;

private:
    void setupHead();
    void render();
    void showFoot();

    bool m_isBase;
    TextLabel *m_name;
    ElidedLabel *m_detail;
    QComboBox *m_choice = nullptr;
    QSlider *m_strength = nullptr;
    TextLabel *m_strengthText = nullptr;
    Badge *m_adapterBadge, *m_hashBadge, *m_weightBadge, *m_seedBadge;
    QTextEdit *m_text;
    TextLabel *m_leaves, *m_foot;
    Button *m_copy;
    std::vector<engine::GeneratedToken> m_tokens;
    int m_divergence = -1;
    bool m_isFinished = true;
    QString m_ending;
};

// First index at which the ids of two answers differ; -1 while they agree as far as both go (or, when both have ended, completely).
[[nodiscard]] int firstDifference(const std::vector<engine::GeneratedToken> &base, bool isBaseFinished, const std::vector<engine::GeneratedToken> &other,
                                  bool isOtherFinished);

} // namespace fettle::ui
