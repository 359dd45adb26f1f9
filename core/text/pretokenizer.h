// The pre-tokenizers of tokenizer files: they cut a text into the pieces that the model tokenises each for itself.
#pragma once

#include "core/base/result.h"
#include "core/text/alignedtext.h"
#include "core/text/regex.h"
#include "core/text/splitter.h"

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

namespace fettle::text {

// What becomes of a delimiter ("the-final--countdown" split at "-").
enum class Delimiter { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
enum class Prepend { Always, First, Never };

struct SplitKnown {
    KnownSplit split;
};
struct SplitPattern {
    std::variant<std::string, Regex> pattern;
    Delimiter delimiter;
    bool invert; // what does not match is the delimiter
};
struct SplitDigits {
    bool individually;
};
struct SplitPunctuation {
    Delimiter delimiter;
};
struct SplitSpaces { }; // WhitespaceSplit
struct SplitWords { }; // Whitespace: \w+|[^\w\s]+
struct Metaspace {
    std::string replacement; // one character
    Prepend prepend;
    bool split;
};
struct PrefixSpace { }; // ByteLevel with add_prefix_space

using PreTokenizerStep =
    std::variant<SplitKnown, SplitPattern, SplitDigits, SplitPunctuation, SplitSpaces, SplitWords, Metaspace, PrefixSpace>;

// Thread-safe once made.
struct PreTokenizer {
    std::vector<PreTokenizerStep> steps;
    bool bytes = false; // ends with ByteLevel: the model works on bytes, not on characters
    // Cuts text (which Metaspace and PrefixSpace may change) into pieces, none of them empty.
    [[nodiscard]] Result<> apply(AlignedText &text, std::vector<Range> &pieces) const;
};

// The object "pre_tokenizer" of a tokenizer.json (or null). Errors: BadInput naming a kind that is not supported.
[[nodiscard]] Result<PreTokenizer> readPreTokenizer(const nlohmann::json &json);

} // namespace fettle::text
