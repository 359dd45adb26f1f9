// What process 0 tells the others about a run. Internal header of the engine.
#pragma once

#include "core/engine/trainingdata.h"
#include "core/train/ranks.h"
#include "core/train/runstate.h"

namespace fettle::engine {

struct RankJob {
    StartPoint start;
    std::vector<train::EpochChange> epochChanges;
    std::vector<train::Document> train, heldOut;
};
[[nodiscard]] Result<> sendJob(train::Ranks &ranks, const StartPoint &start, const std::vector<train::EpochChange> &epochChanges, const TrainingData &data);
[[nodiscard]] Result<RankJob> receiveJob(train::Ranks &ranks);
// loadTrainee in all processes: it fails in all when it failed in one. ranks and kept may be null.
[[nodiscard]] Result<Trainee> loadTrainees(train::Ranks *ranks, const StartPoint &start, const ProgressCallback &progress, std::stop_token stop, KeptBase *kept = nullptr);

} // namespace fettle::engine
