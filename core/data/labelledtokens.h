// What the model reads for one record, token by token, and which of the tokens are learnt. The one function behind the token lens, the
// trainer, scoring and the command line (promise 1 of the architecture).
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/data/record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fettle::text {
class Tokenizer;
class ChatTemplate;
}

namespace fettle::data {

inline constexpr const char *kMissingEndWarning = "missingEndOfTurn"; // no end mark is learnt after the answer

enum class TrainOn { Completion, Assistant, All };

// The field of the record that a token was written from; Template for what the chat template adds.
enum class TokenSource : std::uint8_t { Template, System, Instruction, Context, Response, OtherTurn };

struct RenderOptions {
    TrainOn trainOn = TrainOn::Completion;
    bool addGenerationPrompt = false; // ends with the generation prompt instead of the last assistant turn's answer
    std::int64_t maxLength = 0;       // tokens kept, counted from the start; 0: no limit
    ContextJoin contextJoin;
    std::string defaultSystem; // used where the record has no system turn; empty: none
};

struct LabelledTokens {
    std::string text;                    // the rendered prompt, UTF-8
    std::vector<TokenId> ids;            // all tokens, the cut ones included
    std::vector<std::uint8_t> trained;   // 0/1 for each id
    std::vector<std::uint8_t> special;   // 0/1 for each id
    std::vector<TextSpan> offsets;       // code points in text, for each id
    std::vector<TokenSource> sources;    // for each id
    std::vector<TextSpan> fieldOffsets;  // code points in the field named by sources (an empty span for Template)
    std::int64_t kept = 0;               // ids[0, kept) are trained on; the rest is cut off
    std::int64_t trainedTokens = 0;      // among the kept ones
    struct Warning {
        std::string code; // "doubledBos", "missingEndOfTurn", "specialTokenInText", "allCut", "prefixMismatch"
        std::string text; // plain words
    };
    std::vector<Warning> warnings;
    [[nodiscard]] std::int64_t cut() const { return static_cast<std::int64_t>(ids.size()) - kept; }
};

// Renders a record with the chat template and tokenises the text as transformers' apply_chat_template does (special tokens are parsed,
// none are added beyond the template's). With trainOn == Completion, trained is all that the template writes after the generation
// prompt, end marks included. Errors: BadInput (template raised an error, no assistant turn).
[[nodiscard]] Result<LabelledTokens> labelTokens(const Record &record, const text::Tokenizer &tokenizer,
                                                 const text::ChatTemplate &chatTemplate, const RenderOptions &options = {});

} // namespace fettle::data
