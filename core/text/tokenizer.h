// Text to token ids and back, exactly as Hugging Face tokenizers does it, with the place of every token in the text. Knows files of
// tokenizers (tokenizer.json, GGUF metadata) and nothing of models, records or templates.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::text {

struct EncodeOptions {
    bool parseSpecial = true; // false: text that spells a special token is tokenised as plain text
    bool addSpecialTokens = false; // what the post-processor adds around a text (BOS, EOS)
};

struct Encoding {
    std::vector<TokenId> ids;
    std::vector<TextSpan> offsets; // code points of the text, for each id; {0, 0} for tokens that were added around it
};

struct Pipeline;
struct DecodeState;

// A loaded tokenizer. Immutable: copies share it, and any number of threads may use it at once.
class Tokenizer {
public:
    // A model folder: tokenizer.json, and, where present, tokenizer_config.json, special_tokens_map.json.
    // Errors: NotFound, BadInput (broken file; a kind of tokenizer that is not supported, by name).
    [[nodiscard]] static Result<Tokenizer> fromFolder(const std::filesystem::path &folder);
    [[nodiscard]] static Result<Tokenizer> fromJsonFile(const std::filesystem::path &file);
    // The content of a tokenizer.json; name stands for it in error messages.
    [[nodiscard]] static Result<Tokenizer> fromJson(std::string_view json, const std::string &name);
    // The metadata tokenizer.ggml.* of a GGUF file, types "gpt2" (byte-level BPE) and "llama" (SentencePiece BPE).
    [[nodiscard]] static Result<Tokenizer> fromGguf(const io::Gguf &file);

    // Errors: BadInput when the text is not UTF-8 (the message names the byte).
    [[nodiscard]] Result<Encoding> encode(std::string_view utf8, EncodeOptions options = {}) const;
    // Always valid UTF-8: bytes that form no character become U+FFFD. Ids outside the vocabulary are left out.
    [[nodiscard]] std::string decode(std::span<const TokenId> ids, bool skipSpecial = true) const;

    [[nodiscard]] std::optional<TokenId> tokenId(std::string_view token) const;
    // The token as the vocabulary spells it ("Ġthe", "▁the", "<0x0A>"); empty when there is no such id.
    [[nodiscard]] std::string_view tokenText(TokenId id) const;
    [[nodiscard]] bool isSpecial(TokenId id) const;

    [[nodiscard]] std::optional<TokenId> bosId() const;
    [[nodiscard]] std::optional<TokenId> eosId() const;
    [[nodiscard]] std::optional<TokenId> padId() const;
    [[nodiscard]] std::optional<TokenId> unknownId() const;
    // What templates see of them: {"bos_token": "<s>", ...}, only those that are set.
    [[nodiscard]] const nlohmann::ordered_json &specialTokens() const;

    // The highest id plus one, added tokens included.
    [[nodiscard]] std::int64_t vocabularySize() const;
    // "byte-level BPE, 49,152 tokens" for people.
    [[nodiscard]] std::string description() const;

private:
    friend class StreamDecoder;
    explicit Tokenizer(std::shared_ptr<const Pipeline> pipeline);
    std::shared_ptr<const Pipeline> m_pipeline;
};

// Decodes ids as they are generated. What push() and finish() return, joined, equals Tokenizer::decode() of all ids, and every piece
// is valid UTF-8: a character whose bytes are spread over tokens appears when its last byte is there.
class StreamDecoder {
public:
    explicit StreamDecoder(Tokenizer tokenizer, bool skipSpecial = true);
    ~StreamDecoder();
    StreamDecoder(StreamDecoder &&) noexcept;
    StreamDecoder &operator=(StreamDecoder &&) noexcept;

    // The text that became certain with this id; often empty.
    [[nodiscard]] std::string push(TokenId id);
    // What was held back (an unfinished character becomes U+FFFD). Afterwards the decoder starts anew.
    [[nodiscard]] std::string finish();

private:
    Tokenizer m_tokenizer;
    bool m_skipSpecial;
    std::unique_ptr<DecodeState> m_state;
};

} // namespace fettle::text
