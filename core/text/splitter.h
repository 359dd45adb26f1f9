// The splitting rules of well-known tokenizers, written by hand on the class table: some ten times faster than the regular expression
// that defines them. The tests compare each with PCRE2 running that expression.
#pragma once

#include "core/text/alignedtext.h"

#include <optional>
#include <string_view>
#include <vector>

namespace fettle::text {

enum class KnownSplit {
    Gpt2, // GPT-2, and what the pre-tokenizer ByteLevel does
    OneDigit, // Qwen 2 and 3: cl100k with single digits
    ThreeDigits // Llama 3, Phi-4, OLMo 2: cl100k
};

// The expression that defines the rule.
[[nodiscard]] std::string_view patternOf(KnownSplit split);
// The rule that an expression defines, when it is one of the known ones.
[[nodiscard]] std::optional<KnownSplit> knownSplit(std::string_view pattern);

// Appends the pieces of the valid UTF-8 text[range]; they cover it without gaps. The rules see nothing beyond the range.
void splitKnown(KnownSplit split, std::string_view text, Range range, std::vector<Range> &out);

} // namespace fettle::text
