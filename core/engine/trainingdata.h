// The rows of a run as documents, and the adapter that its recipe asks for: what trainRun, resumeRun and planRun have in common.
// Internal header of the engine.
#pragma once

#include "core/engine/lens.h"
#include "core/engine/project.h"
#include "core/model/config.h"
#include "core/train/documents.h"
#include "core/train/settings.h"
#include "core/tune/lora.h"

namespace fettle::engine {

// How this project's rows are rendered for this recipe (settings contextSeparator and defaultSystem of the project).
[[nodiscard]] data::RenderOptions renderOptions(const Project &project, const train::Recipe &recipe);

struct TrainingData {
    train::LabelledSet train, heldOut;
};
// Errors: Cancelled.
[[nodiscard]] Result<TrainingData> labelTrainingData(const Lens &lens, std::span<const data::Record> trainRecords,
                                                     std::span<const data::Record> heldOutRecords, const data::RenderOptions &options,
                                                     int threads, const ProgressCallback &progress, std::stop_token stop);
// Errors: BadInput when nothing can be learnt, with the reason (no row, refused by the template, cut off).
[[nodiscard]] Result<> checkTrainingData(const TrainingData &data, const train::Recipe &recipe);

// Errors: Usage, naming the target that does not exist.
[[nodiscard]] Result<tune::LoraConfig> loraConfig(const train::Recipe &recipe, const std::string &baseModel);
// Values that LoRA with this config trains in this model. Errors: Usage (a target that the model does not have).
[[nodiscard]] Result<std::int64_t> loraParameters(const tune::LoraConfig &config, const model::ModelConfig &model);
// A fresh adapter, or the one in startFolder with the dropout of the recipe.
[[nodiscard]] Result<std::shared_ptr<tune::LoraAdapter>> makeAdapter(const train::Recipe &recipe, const model::ModelConfig &model,
                                                                     const std::string &baseModel, const std::string &startFolder);

} // namespace fettle::engine
