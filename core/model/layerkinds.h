// Which layers of a model have the sliding window and which know no positions, from config.json. For configjson.cpp only.
#pragma once

#include "core/model/config.h"

#include <nlohmann/json_fwd.hpp>

namespace fettle::model {

// Sets slidingWindow, slidingLayers and unrotatedLayers; layers must be known and may be any number. Errors: BadInput.
[[nodiscard]] Result<> readLayerKinds(const nlohmann::json &object, std::string_view source, ModelConfig &config);

} // namespace fettle::model
