// What a KeptBase holds. Internal header of the engine.
#pragma once

#include "core/model/weights.h"

#include <memory>
#include <string>

namespace fettle::engine {

struct KeptWeights {
    std::shared_ptr<const model::ModelWeights> weights; // null: none
    std::string key; // hash of the files and how they lie in memory
    int loads = 0;
};

} // namespace fettle::engine
