// Byte-pair encoding of one piece of text: symbols (bytes or characters) are joined, always the pair of lowest rank first and the
// leftmost of equals. Knows nothing of splitting or added tokens.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/text/vocabulary.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fettle::text {

struct Merge {
    std::string left;
    std::string right;
};

struct BpeOptions {
    bool bytes = false; // symbols are bytes, token texts are spelled in the byte alphabet
    bool byteFallback = false; // unknown characters become <0xXX> tokens
    bool fuseUnknown = false; // neighbouring unknown characters become one token
    bool ignoreMerges = false; // a piece that is a token stays one
    std::string unknownToken; // empty: unknown characters are dropped
};

// A token and how many bytes of the piece it covers.
struct BpeToken {
    TokenId id;
    std::uint32_t length;
};

class BpeModel {
public:
    // Errors: BadInput naming the merge whose parts or product are no tokens.
    [[nodiscard]] static Result<BpeModel> make(Vocabulary vocabulary, const std::vector<Merge> &merges, BpeOptions options);

    // Appends the tokens of piece (not empty). Thread-safe.
    void encode(std::string_view piece, std::vector<BpeToken> &out) const;

    [[nodiscard]] const Vocabulary &vocabulary() const { return m_vocabulary; }
    [[nodiscard]] const BpeOptions &options() const { return m_options; }
    // No token has a ▁ behind another character: text can be cut before every ▁ that follows one, without changing the tokens.
    [[nodiscard]] bool canCutAtWords() const { return m_canCutAtWords; }
    // Bytes that no token stands for: encode() leaves them out, and its tokens cover only the bytes that remain.
    [[nodiscard]] bool isDropped(unsigned char byte) const { return m_hasDroppedBytes && m_byteIds[byte] < 0; }
    [[nodiscard]] bool hasDroppedBytes() const { return m_hasDroppedBytes; }

private:
    struct Pair {
        std::uint64_t key = ~0ULL;
        std::uint32_t rank = 0;
        TokenId id = -1;
    };

    [[nodiscard]] Result<> addMerge(const Merge &merge, std::uint32_t rank);
    [[nodiscard]] const Pair *findPair(TokenId left, TokenId right) const;
    void readSymbols(std::string_view piece, std::vector<BpeToken> &symbols) const;
    void mergeShort(std::vector<BpeToken> &symbols, std::vector<BpeToken> &out) const;
    void mergeLong(std::vector<BpeToken> &symbols, std::vector<BpeToken> &out) const;
    void encodeUncached(std::string_view piece, std::vector<BpeToken> &out) const;

    Vocabulary m_vocabulary;
    BpeOptions m_options;
    std::vector<Pair> m_pairs; // open addressing; a power of two
    std::array<TokenId, 256> m_byteIds{}; // of the symbols of bytes, or of <0xXX>
    std::vector<TokenId> m_characterIds; // of characters below U+3000
    std::unordered_map<char32_t, TokenId> m_otherCharacterIds;
    std::optional<TokenId> m_unknown;
    bool m_canCutAtWords = false;
    bool m_hasDroppedBytes = false;
    std::uint32_t m_serial = 0; // tells models apart in the caches of threads
};

} // namespace fettle::text
