// A base model with what was trained on it, ready to be computed: an adapter beside the base weights, or weights that were trained themselves.
// Internal header of the engine.
#pragma once

#include "core/engine/adapterpath.h"
#include "core/model/weights.h"
#include "core/tune/adapter.h"

#include <memory>
#include <stop_token>

namespace fettle::engine {

struct TunedModel {
    std::filesystem::path path; // of the weights
    std::shared_ptr<const model::ModelWeights> weights;
    std::shared_ptr<tune::Adapter> adapter; // null: the weights as they are
};

// adapter: as resolveAdapter; "" or "base": nothing. choice: how the weights lie in memory. Errors: NotFound, those of the files, OutOfMemory, Cancelled.
[[nodiscard]] Result<TunedModel> loadTuned(const std::filesystem::path &base, const std::string &adapter, const Project *project,
                                           const ProgressCallback &progress = {}, std::stop_token stop = {}, const model::StorageChoice &choice = {});

} // namespace fettle::engine
