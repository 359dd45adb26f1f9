// What was likely at one token of an answer: its five likeliest words with bars, beside those of the other column where both had read the same
// so far. Knows no engine.
#pragma once

#include "core/engine/playground.h"

#include <QWidget>

#include <optional>
#include <vector>

namespace fettle::ui {

class TextLabel;

class TokenPane : public QWidget {
    Q_OBJECT

public:
    struct Row {
        QString text;
        float own = 0;
        std::optional<float> other;  // not known: the other column has other words among its five
        bool isChosen = false;
        bool isRest = false;
    };

    explicit TokenPane(QWidget *parent = nullptr);
    // other: the token of the other column at the same place, null where the columns had read different words by then.
    void showToken(int index, const engine::GeneratedToken &token, const QString &ownName, bool isOwnTuned, const engine::GeneratedToken *other,
                   const QString &otherName);
    [[nodiscard]] const std::vector<Row> &rows() const { return m_rows; }

signals:
    void closeWanted();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    class Bars;
    TextLabel *m_title, *m_ownName, *m_otherName;
    QWidget *m_ownMark, *m_otherMark;
    Bars *m_bars;
    std::vector<Row> m_rows;
};

// Of a token where another one, or the same, was taken; nothing where it is not among the likeliest.
[[nodiscard]] std::optional<float> probabilityOf(const engine::GeneratedToken &where, TokenId id);
// "74 %", "0.4 %", "< 0.1 %".
[[nodiscard]] QString probabilityText(float probability);
// A token as it can be seen: without the space before it, a line break as a sign.
[[nodiscard]] QString visibleToken(const std::string &text);

} // namespace fettle::ui
