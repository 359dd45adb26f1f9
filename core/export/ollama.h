// What Ollama wants beside a GGUF file: a Modelfile with the chat template in its own language, stop words and system prompt. Ollama does not run the
// Jinja template of the file; the parts that it writes around each turn are found by rendering conversations, and the result is tried against it.
#pragma once

#include "core/base/result.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <optional>
#include <string>
#include <vector>

namespace fettle::exporting {

// What stands around the turns of a conversation.
struct TurnMarks {
    std::string begin;         // of every text, without the token that llama.cpp adds itself
    std::string withoutSystem; // written instead of a system turn when there is none
    std::string systemBefore, systemAfter, userBefore, userAfter, assistantBefore, assistantAfter;
};

// Nothing where the template does more than to put marks around turns (it was tried on conversations of one to three questions).
[[nodiscard]] std::optional<TurnMarks> turnMarks(const text::ChatTemplate &chatTemplate, const text::Tokenizer &tokenizer);

// Whether Ollama reads the marks as they are: its reader of Modelfiles drops what cannot be printed and knows no escapes.
[[nodiscard]] bool canSay(const TurnMarks &marks);
// A system prompt as its reader keeps it: other spaces become blanks, three quotes in a row one.
[[nodiscard]] std::string ollamaText(const std::string &text);

// marks: nothing leaves out the template. stops: texts of the tokens that end an answer.
[[nodiscard]] std::string modelfile(const std::string &ggufName, const std::optional<TurnMarks> &marks, const std::vector<std::string> &stops, const std::string &system);

} // namespace fettle::exporting
