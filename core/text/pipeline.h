// The parts of a tokenizer in the order in which a text runs through them. Filled by the readers (tokenizer.json, GGUF), used by Tokenizer.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/text/addedtokens.h"
#include "core/text/bpe.h"
#include "core/text/decoder.h"
#include "core/text/normalizer.h"
#include "core/text/pretokenizer.h"
#include "core/text/tokenizer.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace fettle::text {

// What is added around a text when special tokens are wanted, and how offsets are trimmed.
struct PostProcessor {
    std::vector<TokenId> before;
    std::vector<TokenId> after;
    bool trimsOffsets = false; // spaces at the ends of a token do not count (ByteLevel with trim_offsets)
    bool addsPrefixSpace = false; // then the first token's space was added, and stays
};

struct Pipeline {
    Normalizer normalizer;
    PreTokenizer preTokenizer;
    BpeModel model;
    Decoder decoder;
    PostProcessor postProcessor;

    std::vector<AddedToken> addedTokens;
    AddedTokenFinder rawFinder; // tokens looked for in the text as it is
    AddedTokenFinder normalizedFinder; // and in the normalized text
    Vocabulary addedVocabulary;
    std::vector<bool> isSpecial; // by id
    std::unordered_map<TokenId, std::string> spellings; // of added tokens that the normalizer changes: so they are decoded

    std::optional<TokenId> bos, eos, pad, unknown;
    nlohmann::ordered_json specialTokens = nlohmann::ordered_json::object();
    std::string kind; // "byte-level BPE"

    // Called once, when addedTokens is complete.
    [[nodiscard]] Result<> finish();
    [[nodiscard]] Result<Encoding> encode(std::string_view text, EncodeOptions options) const;
    [[nodiscard]] std::string_view tokenText(TokenId id) const;
    // What decoding starts from: the token's text, normalized where it is looked for in normalized text.
    [[nodiscard]] std::string_view decodedText(TokenId id) const;
    [[nodiscard]] std::optional<TokenId> tokenId(std::string_view text) const;
    [[nodiscard]] std::int64_t vocabularySize() const;
};

// Sets bos, eos, pad or unknown by the name that files give it ("bos_token"), and what templates see of it. The id is looked for among
// the added tokens, then in the vocabulary.
void setSpecialToken(Pipeline &pipeline, const std::string &name, const std::string &content);

} // namespace fettle::text
