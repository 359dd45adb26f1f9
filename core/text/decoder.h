// From token texts to text, token by token. Tokenizer::decode() and StreamDecoder run the same steps, so their results are the same.
#pragma once

#include "core/base/result.h"
#include "core/text/regex.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fettle::text {

struct DecodeBytes { }; // ByteLevel: the byte alphabet, all tokens as one run of bytes
struct DecodeMetaspace {
    std::string replacement;
    bool dropsFirst; // the marks of the first token were added when encoding
};
struct DecodeReplace {
    std::variant<std::string, Regex> pattern;
    std::string content;
};
struct DecodeByteFallback { }; // runs of <0xXX>; a run that is no text gives one U+FFFD for each byte
struct DecodeFuse { };
struct DecodeStrip {
    std::string content; // one character
    int start;
    int stop;
};

using DecoderStep = std::variant<DecodeBytes, DecodeMetaspace, DecodeReplace, DecodeByteFallback, DecodeFuse, DecodeStrip>;

struct Decoder {
    std::vector<DecoderStep> steps;
    bool joinsWithSpaces = false; // the file names no decoder
};

// The object "decoder" of a tokenizer.json (or null). Errors: BadInput naming a kind that is not supported.
[[nodiscard]] Result<Decoder> readDecoder(const nlohmann::json &json);

// The state of one decoding. push() and finish() return the text that became certain.
struct DecodeState {
public:
    explicit DecodeState(const Decoder &decoder);
    [[nodiscard]] std::string push(std::string_view tokenText);
    [[nodiscard]] std::string finish();

private:
    struct StepState {
        std::string held;
        int startLeft = 0;
        bool begun = false; // a token went through
        bool inFirst = true;
    };
    void feed(std::size_t step, std::string_view text, bool newToken);
    void feedBytes(std::size_t step, std::string_view text, bool isLast);
    void feedStrip(std::size_t step, const DecodeStrip &strip, std::string_view text, bool newToken);
    void feedByteFallback(std::size_t step, std::string_view text, bool newToken);
    void flushByteRun(std::size_t step);
    void finishStep(std::size_t step);
    [[nodiscard]] bool isFusedBefore(std::size_t step) const;

    const Decoder &m_decoder;
    std::vector<StepState> m_states;
    std::string m_out;
    bool m_isFirst = true;
};

} // namespace fettle::text
