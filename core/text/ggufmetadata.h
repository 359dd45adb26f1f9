// The tokenizer of a Hugging Face folder in the words of a GGUF file (keys tokenizer.ggml.* and tokenizer.chat_template), as llama.cpp reads it.
#pragma once

#include "core/base/result.h"
#include "core/io/ggufwriter.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace fettle::text {

// vocabulary: rows of the model's embedding; ids without a token are filled with unused ones. Errors: those of the tokenizer's files; BadInput
// where the tokenizer splits words by a rule that GGUF has no name for.
[[nodiscard]] Result<std::vector<io::GgufPair>> ggufTokenizerMetadata(const std::filesystem::path &folder, std::int64_t vocabulary);

} // namespace fettle::text
