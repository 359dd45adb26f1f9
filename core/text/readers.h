// The files that describe tokenizers, each read into a Pipeline.
#pragma once

#include "core/base/result.h"
#include "core/text/pipeline.h"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::text {

// tokenizer.json, without finish() having been called: the folder's other files may add tokens. name stands for it in messages.
[[nodiscard]] Result<std::shared_ptr<Pipeline>> readTokenizerJson(std::string_view json, const std::string &name);
// tokenizer_config.json and special_tokens_map.json beside it: special tokens, added tokens, BOS and EOS.
[[nodiscard]] Result<> readTokenizerConfig(const std::filesystem::path &folder, Pipeline &pipeline);
[[nodiscard]] Result<std::shared_ptr<Pipeline>> readGgufTokenizer(const io::Gguf &file);
// tokenizer.model of SentencePiece (BPE only).
[[nodiscard]] Result<std::shared_ptr<Pipeline>> readSentencePieceModel(const std::filesystem::path &file);

// Kinds of tokens as SentencePiece and GGUF number them.
enum class TokenKind { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

// A SentencePiece BPE vocabulary: what tokenizer.model and GGUF files of type "llama" hold.
struct ScoredVocabulary {
    std::vector<std::string> texts; // by id
    std::vector<float> scores;
    std::vector<TokenKind> kinds;
    bool addsPrefixSpace = true;
    bool removesExtraSpaces = false; // at both ends, and all but one of a run
};
// Every way to join two tokens into a third; the higher the third's score, the earlier. Ties as in the reference: it sorts by (score,
// length left, length right) from high to low, ways of one token beforehand by the ids of their parts.
[[nodiscard]] std::vector<Merge> mergesOf(const ScoredVocabulary &vocabulary);
// What tokenizer.model holds.
[[nodiscard]] Result<ScoredVocabulary> readScoredModel(const std::filesystem::path &file);
[[nodiscard]] Result<std::shared_ptr<Pipeline>> makeScoredPipeline(const ScoredVocabulary &vocabulary);

} // namespace fettle::text
