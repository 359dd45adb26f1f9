// The training loop: documents in, a trained adapter (of whatever method) out. Same function for every client; what a client wants to know or to decide goes
// through hooks. Knows no project, no database and no file format of models.
//
//   for each optimiser step: documents of the step -> packed rows -> loss and gradients, row by row -> clip -> AdamW -> report
//   between steps: evaluate, save, obey (pause, stop)
#pragma once

#include "core/train/batches.h"
#include "core/train/fromrecipe.h"
#include "core/train/runstate.h"
#include "core/train/settings.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

namespace fettle::model {
class ModelWeights;
}
namespace fettle::tune {
class Adapter;
}

namespace fettle::train {

class Ranks;

enum class Wish { Continue, Pause, StopAndKeep, StopAndDiscard };

struct StepReport {
    std::int64_t step = 0; // steps done, from 1
    double epoch = 0;
    double loss = 0; // mean over the trained tokens of the step, nats
    double learningRate = 0, gradNorm = 0, tokensPerSecond = 0;
    std::int64_t tokens = 0, trainedTokens = 0; // since the start of the run
    std::int64_t peakBytes = 0;                 // of the process
    double seconds = 0;                         // of work since the start, without pauses
    double secondsLeft = -1;
    double accuracy = 0; // share of the trained tokens that were the likeliest
    std::int64_t pageFaults = 0; // pages that had to be fetched from a disk during the step
};
struct RowLoss { RecordId record; double loss = 0; std::int64_t tokens = 0; }; // mean over the trained tokens of the row
struct EvalReport { std::int64_t step = 0; double loss = 0; std::int64_t tokens = 0; double accuracy = 0; std::vector<RowLoss> rows; };
struct CheckpointReport { std::int64_t step = 0; std::filesystem::path path; std::optional<double> evalLoss; };

// All are called on the thread that trains; each may be empty.
struct TrainerHooks {
    std::function<void(const StepReport &)> stepFinished;
    std::function<void(std::span<const RowLoss>)> rowsRead; // after each computation, before the correction that follows from it
    std::function<void(const EvalReport &)> evaluated;
    // What the general questions say: before the first step, at every evaluation, at the end. An error: they are not asked any more.
    std::function<void(const Result<EvalReport> &)> generalMeasured;
    // Before the files are written: whoever keeps the reports makes them durable now, so that none is missing after a resume. An error ends
    // the run without this checkpoint.
    std::function<Result<>()> beforeCheckpoint;
    std::function<void(const CheckpointReport &)> checkpointed;
    std::function<void(std::int64_t step)> checkpointRemoved;
    std::function<void()> betweenSteps;
    std::function<double()> besideEvaluation; // seconds that listeners will want at an evaluation, as far as they know; for the time left
    // Memory ran out: the step is read again in rows of at most so many tokens, with the same records.
    std::function<void(std::int64_t step, std::int64_t tokens)> madeSmaller;
    std::function<Wish()> wish;                    // asked before every layer of a row
    std::function<bool()> takeCheckpointRequest;   // true once for each request
    std::function<std::optional<double>()> takeEpochs; // asked between steps: another number of epochs, once for each wish
    // Before a change takes effect, so that a resumed run repeats it at the same step. steps: of the whole run from now on. false: it does not.
    std::function<bool(const EpochChange &, std::int64_t steps)> epochsChanging;
    std::function<void(const std::string &)> epochsRefused; // why a wished number of epochs is not possible
};

struct TrainerSetup {
    std::shared_ptr<const model::ModelWeights> weights;
    std::shared_ptr<tune::Adapter> adapter; // trained in place
    std::span<const Document> trainDocuments;
    std::span<const Document> heldOutDocuments;
    std::span<const Document> generalDocuments; // asked to see what is forgotten; no part of what the run is
    Recipe recipe;
    // What was changed since the run began, in order: changes after the step that it goes on from are repeated there.
    std::vector<EpochChange> epochChanges;
    std::filesystem::path checkpointFolder; // step-N below it; empty: no checkpoints
    // A verified checkpoint to go on from. The adapter must be the one of this folder.
    std::optional<std::filesystem::path> resumeFrom;
    // The processes that train this run together: each reads its share of every step, and has the same values after it. Those beside process 0
    // have neither hooks nor a checkpoint folder. null: this process alone.
    Ranks *ranks = nullptr;
};

enum class TrainEnd { Finished, Paused, Stopped, Discarded };

struct TrainOutcome {
    TrainEnd end = TrainEnd::Finished;
    std::int64_t steps = 0; // that the whole run has
    bool isEarly = false;   // finished before its last step, because the held-out loss has not fallen any more (setting patience)
    RunProgress progress;
};

// Errors: BadInput (nothing to learn; the loss is no longer finite; a checkpoint of other data), OutOfMemory, DiskFull, NoPermission.
// After an error the newest checkpoint on disk is good. stop means StopAndKeep. A stop, pause or cancel is obeyed before the next row: what
// was computed of an unfinished step is dropped and computed again on resume.
[[nodiscard]] Result<TrainOutcome> runTraining(const TrainerSetup &setup, const TrainerHooks &hooks, std::stop_token stop = {});

} // namespace fettle::train
