// What a GGUF file says of a model beside its weights: sizes, rotary positions, tokenizer, chat template. Copied from a GGUF base, made from a
// Hugging Face folder.
#pragma once

#include "core/io/ggufwriter.h"
#include "core/model/config.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fettle::exporting {

struct GgufDescription {
    std::vector<io::GgufPair> metadata;
    std::vector<io::GgufTensor> extras; // rotary factors, which are no weights; their bytes live as long as this object
    std::optional<io::Gguf> source;
    std::vector<std::unique_ptr<std::vector<float>>> values;
};

// fileType: llama.cpp's number of the whole file's type (general.file_type).
[[nodiscard]] Result<GgufDescription> describeForGguf(const std::filesystem::path &model, const model::ModelConfig &config, std::uint32_t fileType,
                                                      const std::string &name);

// "llama", "qwen3": general.architecture.
[[nodiscard]] std::string ggufArchitecture(const model::ModelConfig &config);

} // namespace fettle::exporting
