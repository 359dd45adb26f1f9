// The rows of a run as documents, and the adapter that its recipe asks for: what trainRun, resumeRun and planRun have in common.
// Internal header of the engine.
#pragma once

#include "core/engine/keptbase.h"
#include "core/engine/lens.h"
#include "core/engine/project.h"
#include "core/engine/training.h"
#include "core/model/config.h"
#include "core/train/documents.h"
#include "core/train/settings.h"
#include "core/tune/full.h"
#include "core/tune/lora.h"

namespace fettle::engine {

// How this project's rows are rendered for this recipe (settings contextSeparator and defaultSystem of the project).
[[nodiscard]] data::RenderOptions renderOptions(const Project &project, const train::Recipe &recipe);

// The same without a project: its settings at their defaults.
[[nodiscard]] data::RenderOptions renderOptions(const train::Recipe &recipe);

// The recipe with the project's mix (its setting "mix"), where it has none of its own.
[[nodiscard]] train::Recipe withProjectMix(const Project &project, train::Recipe recipe);

struct PlanRecords {
    std::vector<data::Record> train, heldOut;
};
// Records by their split, without those of test and without empty answers. The first evalFraction of those without a split is held out.
[[nodiscard]] PlanRecords dealRecords(std::vector<data::Record> all, double evalFraction);
// The rows of the snapshot, or those that a snapshot frozen now would hold. Rows without a split are dealt out in their order here; the
// snapshot deals by question, so that numbers may differ by a few rows. Errors: those of the project, Cancelled.
[[nodiscard]] Result<PlanRecords> planRecords(const Project &project, const TrainRequest &request, std::stop_token stop);

struct TrainingData {
    train::LabelledSet train, heldOut;
    std::vector<std::string> unknownSets; // that the mix names and no record belongs to
};
// With the weights of the recipe's mix. Errors: Cancelled, Usage (the mix).
[[nodiscard]] Result<TrainingData> labelTrainingData(const Lens &lens, std::span<const data::Record> trainRecords,
                                                     std::span<const data::Record> heldOutRecords, const data::RenderOptions &options,
                                                     const train::Recipe &recipe, int threads, const ProgressCallback &progress, std::stop_token stop);
// Errors: BadInput when nothing can be learnt, with the reason (no row, refused by the template, cut off).
[[nodiscard]] Result<> checkTrainingData(const TrainingData &data, const train::Recipe &recipe);

// Errors: Usage, naming the target that does not exist.
[[nodiscard]] Result<tune::LoraConfig> loraConfig(const train::Recipe &recipe, const model::ModelConfig &model, const std::string &baseModel);
// Values that the method trains in this model. Errors: Usage (a target that the model does not have).
[[nodiscard]] Result<std::int64_t> trainableParameters(const train::Recipe &recipe, const model::ModelConfig &model);
// Errors: BadInput when the method cannot train this model or go on from what startFolder holds (an adapter, a model; empty: nothing).
[[nodiscard]] Result<> checkMethod(const train::Recipe &recipe, const std::filesystem::path &model, const std::filesystem::path &startFolder);

// What a run trains and begins or goes on with.
struct StartPoint {
    train::Recipe recipe;
    std::filesystem::path model;      // the base
    std::string startFolder;          // an adapter or a model that the run began with; empty: fresh
    std::filesystem::path checkpoint; // to go on from; empty: the beginning
    std::string modelHash = {};       // of the base; empty: it is not kept
};
struct Trainee {
    std::shared_ptr<const model::ModelWeights> weights;
    std::shared_ptr<tune::Adapter> adapter;
};
// Loads the weights and makes the adapter. kept: a base that may be taken from there, and is kept there, where the method leaves it as it is; null:
// none. Errors: those of the files and of the method, OutOfMemory, Cancelled.
[[nodiscard]] Result<Trainee> loadTrainee(const StartPoint &start, const ProgressCallback &progress, std::stop_token stop, KeptBase *kept = nullptr);

} // namespace fettle::engine
