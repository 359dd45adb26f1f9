// What every reader of configs does: traits of the family, and limits that hold before anything is allocated. For the readers only.
#pragma once

#include "core/model/config.h"

namespace fettle::model {

// What the decoder must do for every model of the family: norms, biases, activation, scales. After the sizes are known.
void applyFamily(ModelConfig &config);
// Errors: BadInput naming source, field (in config.json's spelling) and value.
[[nodiscard]] Result<> checkConfig(const ModelConfig &config, std::string_view source);

} // namespace fettle::model
