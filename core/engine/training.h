// Training as the window and the command line see it. One call trains; events are plain callbacks on the calling thread.
#pragma once

#include "core/engine/keptbase.h"
#include "core/engine/liverun.h"
#include "core/engine/project.h"
#include "core/train/settings.h"

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>

namespace fettle::engine {

enum class ComputeType { Auto, Fp32, Bf16 }; // Auto: what the recipe says

struct ComputeOptions {
    int threads = 0; // 0: all cores
    std::string device = {}; // of training: "cpu", "cuda", "cuda:1"; empty: what the recipe says. All else is computed by the processor
    ComputeType compute = ComputeType::Auto;
};

struct RunEvents {
    std::function<void(const RunInfo &)> stateChanged;       // never coalesced
    std::function<void(const Progress &)> progressed;        // preparing: reading, tokenising, loading
    std::function<void(RunId, const MetricPoint &, double secondsLeft)> stepFinished;
    std::function<void(RunId, const EvalPoint &)> evaluated;
    std::function<void(RunId, const GeneralPoint &)> generalMeasured; // what the general questions say at this step (0: before the run)
    std::function<void(RunId, const CheckpointInfo &)> checkpointed;
    // Something the user should know that does not end the run: a damaged checkpoint was passed over, rows were left out.
    std::function<void(RunId, const std::string &)> noticed;
    // The probe prompts have been answered at this step (data::kBaseStep: by the base): Project::probes has them.
    std::function<void(RunId, std::int64_t step)> probed;
    // Called between optimiser steps: the playground is served here while a run goes on. The time it takes counts neither as the run's
    // nor for its speed, and its result stays the same bit for bit.
    std::function<void(const LiveRun &)> betweenSteps;
};

// Asked between steps; may be set from any thread.
struct RunControl {
    enum class Wish { Continue, Pause, StopAndKeep, StopAndDiscard };
    std::atomic<Wish> wish = Wish::Continue;
    // Another number of epochs from the next step on; 0: no wish. Taken by the engine, which says in a notice what came of it.
    mutable std::atomic<double> epochs = 0;
    mutable std::atomic<bool> checkpointNow = false; // set back by the engine when the checkpoint is written
};

struct TrainRequest {
    std::string model;               // as resolveModel
    train::Recipe recipe;
    SnapshotId snapshot;             // invalid: freeze one now
    std::string adapter;             // start from this adapter (folder or RUN[@STEP]), with its own rank, places and so on; empty: fresh
    ComputeOptions compute;
    std::vector<std::string> tags = {}; // of the run, from its beginning
    std::string note = {};
    std::string onto = {}; // this adapter (as above) is written into the base first, see stackedbase.h; empty: the base as it is
};

struct RunSummary {
    RunInfo run;
    bool isPaused = false;
};

// Pause ends the call with a complete checkpoint and state Paused (all memory is freed); resumeRun goes on exactly there.
// stop_token = stop and keep. kept: where the base of the last run lies, and the one of this run stays for the next; null: it goes. Errors: BadInput (zero trained tokens, unusable model), OutOfMemory, DiskFull (last good checkpoint kept).
[[nodiscard]] Result<RunSummary> trainRun(Project &project, const TrainRequest &request, const RunEvents &events = {},
                                          const RunControl *control = nullptr, std::stop_token stop = {}, KeptBase *kept = nullptr);
[[nodiscard]] Result<RunSummary> resumeRun(Project &project, RunId run, const ComputeOptions &compute, const RunEvents &events = {},
                                           const RunControl *control = nullptr, std::stop_token stop = {}, KeptBase *kept = nullptr);

// What a method would train in a model, read from its description: shown beside each method before one is chosen.
struct MethodCost {
    std::int64_t trainableParameters = 0, resultBytes = 0;
    std::optional<Error> refusal; // why this model cannot be trained this way, and what to do
};
// Errors: those of the model (not found, damaged); settings that do not fit it are a refusal.
[[nodiscard]] Result<MethodCost> methodCost(const std::string &model, const train::Recipe &recipe);

// What a run would do, without weights: shown on the Train page and checked before every start.
struct TrainPlan {
    std::int64_t trainRows = 0, heldOutRows = 0, steps = 0, stepsPerEpoch = 0;
    std::int64_t tokens = 0, trainedTokens = 0, cutRows = 0, droppedRows = 0; // dropped: nothing left to learn after the cut
    std::int64_t trainableParameters = 0, resultBytes = 0;
    struct Document { std::vector<std::uint8_t> trained; };       // one record: 0/1 for each kept token
    std::vector<std::vector<Document>> firstBatch;                // packed rows of the first optimiser step
    std::int64_t rowCapacity = 0;                                 // tokens in a packed row
    struct Problem { std::string code, text, fixLabel; std::string fixSetting; bool isBlocking = false; };
    std::vector<Problem> problems; // fixSetting: "maxLength=192", "" where no button can fix it
};
[[nodiscard]] Result<TrainPlan> planRun(const Project &project, const TrainRequest &request, const ProgressCallback &progress = {},
                                        std::stop_token stop = {});

} // namespace fettle::engine
