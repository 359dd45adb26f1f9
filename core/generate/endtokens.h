// Which tokens end an answer: those that the model's files name and the one that its chat template writes after an assistant turn.
#pragma once

#include "core/base/ids.h"
#include "core/model/config.h"

#include <filesystem>
#include <vector>

namespace fettle::text {
class ChatTemplate;
class Tokenizer;
}

namespace fettle::generate {

// Sorted, without repetition. modelPath: the folder (its generation_config.json is read where there is one) or GGUF file. chatTemplate may
// be null. Files that cannot be read add nothing: the model's own config is always there.
[[nodiscard]] std::vector<TokenId> endTokens(const model::ModelConfig &config, const text::Tokenizer &tokenizer,
                                             const text::ChatTemplate *chatTemplate, const std::filesystem::path &modelPath);

// The special token that follows the text of an assistant turn in the rendered conversation, -1 when there is none.
[[nodiscard]] TokenId tokenAfterAssistantTurn(const text::Tokenizer &tokenizer, const text::ChatTemplate &chatTemplate);

} // namespace fettle::generate
