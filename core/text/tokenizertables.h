// The two large tables of a tokenizer.json, "model.vocab" and "model.merges", read straight from its text: as a general JSON value the
// hundreds of thousands of entries would take most of the time to load a tokenizer.
#pragma once

#include "core/text/bpe.h"
#include "core/text/vocabulary.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text {

struct TokenizerTables {
    Vocabulary vocabulary;
    std::vector<Merge> merges;
    std::string rest; // the JSON text with both tables empty
};

// Nothing when the text is not plainly of that form (broken, of another kind, a number that is no id): then the general reader finds out
// what it is and says so.
[[nodiscard]] std::optional<TokenizerTables> takeTables(std::string_view json);

} // namespace fettle::text
