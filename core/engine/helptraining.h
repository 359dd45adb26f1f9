// Training in several processes (mpirun -n N): process 0 owns the project and tells the others what to train. They open no project and write
// nothing, but read the model, and on resume the checkpoint, from the same places.
#pragma once

#include "core/engine/training.h"
#include "core/train/ranks.h"

namespace fettle::engine {

// For every process but 0, in place of trainRun or resumeRun: returns when the run has ended. Errors: those of training.
[[nodiscard]] Result<> helpTraining(train::Ranks &ranks, const ComputeOptions &compute, std::stop_token stop = {});

} // namespace fettle::engine
