// Tokens that are looked for in the text itself, before the model sees it: special tokens and words that were added later.
#pragma once

#include "core/base/ids.h"
#include "core/text/alignedtext.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text {

struct AddedToken {
    std::string content;
    TokenId id = -1;
    bool singleWord = false; // only between characters that are not \w
    bool leftStrip = false; // takes the spaces before it
    bool rightStrip = false; // takes the spaces behind it
    bool normalized = true; // looked for in the normalized text
    bool special = false; // left out of decoded text; not looked for when EncodeOptions::parseSpecial is off
};

// A part of a text: a token, or text for the model (id -1).
struct TextPart {
    TokenId id = -1;
    Range range;
};

// Finds tokens from left to right, at each place the longest.
class AddedTokenFinder {
public:
    // spelling: what to look for in place of the token's content (normalized tokens are spelled as the normalizer leaves them).
    void add(AddedToken token, std::string_view spelling);
    [[nodiscard]] bool isEmpty() const { return m_tokens.empty(); }
    // Parts that cover text; none of them is empty unless text is.
    void split(std::string_view text, bool parseSpecial, std::vector<TextPart> &out) const;

private:
    struct Node {
        std::vector<std::pair<unsigned char, std::uint32_t>> children;
        std::int32_t token = -1;
    };
    [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const;

    std::vector<AddedToken> m_tokens;
    std::vector<Node> m_nodes = std::vector<Node>(1);
    std::array<std::uint32_t, 256> m_first{}; // children of the root
};

} // namespace fettle::text
