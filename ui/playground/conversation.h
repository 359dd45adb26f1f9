// A conversation of the Playground: questions, and what each column answered. Every column goes on from its own answers. Knows no widget and no
// engine at work.
#pragma once

#include "core/engine/history.h"
#include "core/engine/playground.h"

#include <QString>

#include <optional>
#include <vector>

namespace fettle::ui {

struct KeptAnswer {
    int column = 0; // 1: base, 2: tuned, from 3: further ones
    QString name;
    engine::ColumnChoice choice;
    std::vector<engine::GeneratedToken> tokens; // none where they are not known any more
    QString text, ending;
    std::optional<engine::ColumnBadge> badge;
    std::vector<engine::GeneratedToken> reading; // what the column beside it makes of it, token by token; empty until it is asked for
    [[nodiscard]] bool isOfOtherBase() const { return badge ? !badge->otherModel.empty() : !choice.model.empty(); } // its words are split in another way
};

struct Exchange {
    QString question;
    std::vector<KeptAnswer> answers;
    [[nodiscard]] const KeptAnswer *answerOf(int column) const;
};

// The answer that another one is held against: the base's, for the base itself the first that reads the same tokens. Null: there is none.
[[nodiscard]] const KeptAnswer *answerBeside(const Exchange &exchange, int column);
// What the column beside it found likely at one place of an answer; nothing where that is not known.
[[nodiscard]] std::optional<engine::GeneratedToken> tokenBeside(const Exchange &exchange, int column, int index);
// Index of the first token at which two answers differ; -1 while they agree as far as both go (or, when both have ended, completely).
[[nodiscard]] int firstDifference(const std::vector<engine::GeneratedToken> &base, bool isBaseFinished, const std::vector<engine::GeneratedToken> &other,
                                  bool isOtherFinished);

struct Conversation {
    std::string id; // in the history
    std::string baseModel; // that answered, as the project names it; empty: not known
    QString system;
    QString context, tools; // of the first question
    QString settings; // of the sampling, in words; empty where only the seed is known
    quint64 seed = 0;
    std::vector<Exchange> exchanges;

    // What a column reads: the exchanges before `index` with its own answers (those of the first column that has one, where it was not there
    // yet), then the question of `index`.
    [[nodiscard]] std::vector<data::Turn> turns(std::size_t index, int column) const;
    // The same with an answer at its end, as a record that can be learnt. The answers before it are the model's own: read, never learnt.
    [[nodiscard]] data::Record recordOf(std::size_t index, int column, const QString &answer) const;
};

[[nodiscard]] std::string newConversationId();
[[nodiscard]] engine::HistoryEntry entryOf(const Conversation &conversation, const std::string &when);
[[nodiscard]] Conversation conversationOf(const engine::HistoryEntry &entry); // columns are still 0

} // namespace fettle::ui
