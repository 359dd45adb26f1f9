// A tokenizer.json for a tokenizer that is described by the metadata of a GGUF file, so that a model folder made of it is complete. Both of
// Hugging Face tokenizers and Tokenizer::fromJson() read it and give the ids of Tokenizer::fromGguf().
#pragma once

#include "core/base/result.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fettle::io {
class Gguf;
}

namespace fettle::text {

// Errors: BadInput where the metadata is incomplete, of a kind that Fettle does not know, or no text.
[[nodiscard]] Result<nlohmann::ordered_json> tokenizerJsonFromGguf(const io::Gguf &file);
// {"bos_token", "<s>"} ...: what tokenizer_config.json says of it. Only those that are set.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> specialTokensFromGguf(const io::Gguf &file);

} // namespace fettle::text
