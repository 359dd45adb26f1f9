// The files beside the weights of a Hugging Face folder: config, tokenizer, chat template. Copied from a folder, made from a GGUF file.
#pragma once

#include "core/model/config.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <filesystem>
#include <string>

namespace fettle::exporting {

[[nodiscard]] Result<text::Tokenizer> loadTokenizer(const std::filesystem::path &model);
[[nodiscard]] Result<text::ChatTemplate> loadChatTemplate(const std::filesystem::path &model);
// type: "float32", "float16", "bfloat16".
[[nodiscard]] Result<> writeModelConfig(const std::filesystem::path &model, const model::ModelConfig &config, const std::string &type,
                                        const std::filesystem::path &folder);
[[nodiscard]] Result<> writeTokenizerFiles(const std::filesystem::path &model, const std::filesystem::path &folder);

} // namespace fettle::exporting
