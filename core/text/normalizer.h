// The normalizers of tokenizer files: changes of the text before it is split. Each keeps track of where the characters came from.
#pragma once

#include "core/base/result.h"
#include "core/text/alignedtext.h"
#include "core/text/regex.h"

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

namespace fettle::text {

enum class UnicodeForm { Nfc, Nfd, Nfkc, Nfkd };
struct ToForm {
    UnicodeForm form;
};
struct Lowercase { };
struct StripSpaces {
    bool left, right;
};
struct StripAccents { };
struct CleanControls { }; // "Nmt"
struct PrependText {
    std::string text;
};
struct ReplaceText {
    std::string pattern;
    std::string content;
};
struct ReplaceRegex {
    Regex pattern;
    std::string content;
};

using NormalizerStep = std::variant<ToForm, Lowercase, StripSpaces, StripAccents, CleanControls, PrependText, ReplaceText, ReplaceRegex>;

// Steps in order. Thread-safe once made.
struct Normalizer {
    std::vector<NormalizerStep> steps;
    [[nodiscard]] Result<> apply(AlignedText &text) const;
};

// The object "normalizer" of a tokenizer.json (or null). Errors: BadInput naming a kind that is not supported.
[[nodiscard]] Result<Normalizer> readNormalizer(const nlohmann::json &json);

} // namespace fettle::text
