// What config.json says of GPT-2 and GPT-NeoX models, whose fields have other names and defaults. For the readers of configs only.
#pragma once

#include "core/model/config.h"

#include <nlohmann/json_fwd.hpp>

namespace fettle::model {

[[nodiscard]] inline bool isGpt(Family family) { return family == Family::Gpt2 || family == Family::GptNeoX; }

// Errors: BadInput naming source, field and value; features of GPT-2 that change the layers are refused by name.
[[nodiscard]] Result<> readGptSizes(const nlohmann::json &object, std::string_view source, ModelConfig &config);
[[nodiscard]] Result<> readGptFlags(const nlohmann::json &object, std::string_view source, ModelConfig &config);
// The fields that transformers' own classes read; tokens and architecture are the caller's.
[[nodiscard]] nlohmann::json gptConfigToJson(const ModelConfig &config);

} // namespace fettle::model
