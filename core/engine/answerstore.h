// Answers and losses that were computed once, kept in the project so that evaluating again, or going on after a cancel, costs nothing. One
// file of JSON lines for each combination of weights, adapter and settings; a line is written as soon as its answer is there.
// Internal header of the engine.
#pragma once

#include "core/evaluate/comparison.h"

#include <filesystem>
#include <string>
#include <unordered_map>

namespace fettle::engine {

class AnswerStore {
public:
    // folder empty: keeps nothing on disk. key: what the answers depend on beside the prompt. A half-written last line is passed over.
    AnswerStore(const std::filesystem::path &folder, const std::string &key);

    // prompt and labels: hashes of the tokens that were read. Null: not known yet.
    [[nodiscard]] const evaluate::ColumnAnswer *answer(const std::string &prompt) const;
    void putAnswer(const std::string &prompt, const evaluate::ColumnAnswer &answer);
    struct Loss { double value = 0; std::int64_t tokens = 0; };
    [[nodiscard]] const Loss *loss(const std::string &labels) const;
    void putLoss(const std::string &labels, const Loss &loss);

private:
    void read();
    void append(const std::string &line); // a full disk costs the memory of the answer, not the evaluation
    std::filesystem::path m_file;
    std::unordered_map<std::string, evaluate::ColumnAnswer> m_answers;
    std::unordered_map<std::string, Loss> m_losses;
    bool m_endsInLine = true;
};

} // namespace fettle::engine
