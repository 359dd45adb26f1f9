// Spelling with the Hunspell dictionaries that are installed on this computer. Built without Hunspell there are no languages.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fettle::data {

struct Dictionary {
    std::string language; // "en_US"
    std::filesystem::path words; // its .dic; the .aff lies beside it
};

// Sorted by language. Looks where the system keeps dictionaries, and in the folders that DICPATH names.
[[nodiscard]] std::vector<Dictionary> installedDictionaries();

// One dictionary in memory; usable from several threads.
class Speller {
public:
    // Errors: NotFound, BadInput (the files are no dictionary).
    [[nodiscard]] static Result<std::shared_ptr<const Speller>> open(const Dictionary &dictionary);
    ~Speller();
    [[nodiscard]] const std::string &language() const;
    // Code points of the words that are not in the dictionary, ascending, and how many words there are. Words with digits, in capitals throughout
    // and those of mail or web addresses are passed over, and so are the ones in `known`, which is sorted.
    struct Check { std::vector<TextSpan> unknown; std::int64_t words = 0; };
    [[nodiscard]] Check check(const std::string &text, const std::vector<std::string> &known = {}) const;
    [[nodiscard]] std::vector<std::string> suggestions(const std::string &word) const; // at most six

private:
    struct State;
    explicit Speller(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace fettle::data
