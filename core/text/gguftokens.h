// What the metadata of a GGUF file says of its tokenizer, before anything is made of it: a pipeline to tokenise with, or a tokenizer.json.
#pragma once

#include "core/base/result.h"
#include "core/text/bpe.h"
#include "core/text/readers.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::text {

// How words are split. Tekken: by kTekkenPattern.
enum class GgufSplit { Gpt2, DigitsGpt2, OneDigit, ThreeDigits, Tekken };
extern const std::string_view kTekkenPattern;

struct GgufRule {
    std::string_view name; // tokenizer.ggml.pre
    GgufSplit split;
    bool ignoreMerges; // a word that is a token stays one
    bool nfc;
};
// The rule that the file names. Errors: BadInput (a rule that is not known here).
[[nodiscard]] Result<GgufRule> ggufRule(const io::Gguf &file);

// "gpt2" (byte-level BPE) or "llama" (SentencePiece BPE). Errors: BadInput (none, or another one).
[[nodiscard]] Result<std::string> ggufTokenizerKind(const io::Gguf &file);

struct GgufTokens {
    std::vector<std::string> texts; // by id
    std::vector<TokenKind> kinds;
};
[[nodiscard]] Result<GgufTokens> ggufTokens(const io::Gguf &file);
// Byte-level BPE.
[[nodiscard]] Result<std::vector<Merge>> ggufMerges(const io::Gguf &file);
// SentencePiece BPE.
[[nodiscard]] Result<ScoredVocabulary> ggufScored(const io::Gguf &file, GgufTokens tokens);

// Special tokens by the names that Hugging Face gives them (bos_token, eos_token, unk_token, pad_token); those that are set.
[[nodiscard]] std::vector<std::pair<std::string, TokenId>> ggufSpecialTokens(const io::Gguf &file, std::size_t tokens);
// What a text is put between.
struct GgufFrame {
    std::optional<TokenId> before, after;
};
[[nodiscard]] GgufFrame ggufFrame(const io::Gguf &file, std::size_t tokens);

} // namespace fettle::text
