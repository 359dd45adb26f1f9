// Limits that every config must keep before anything is allocated from it. For the readers of configs only.
#pragma once

#include "core/model/config.h"

namespace fettle::model {

// Errors: BadInput naming source, field (in config.json's spelling) and value.
[[nodiscard]] Result<> checkConfig(const ModelConfig &config, std::string_view source);

} // namespace fettle::model
