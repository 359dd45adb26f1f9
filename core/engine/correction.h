// "Try it": a copy of the adapter learns one corrected answer for a few steps, and one sees what the model says then, there and elsewhere. Nothing is kept.
#pragma once

#include "core/engine/playground.h"

namespace fettle::engine {

struct CorrectionRequest {
    std::string model, adapter = "base"; // as ColumnChoice; base: a fresh adapter learns
    data::Record record;                 // question and right answer
    int steps = 12;
    int others = 6; // held-out questions that are asked before and after
    int maxTokens = 64;
    ComputeOptions compute;
};

struct CorrectionTrial {
    struct Answer { std::string question, before, after; };
    Answer corrected;
    double lossBefore = 0, lossAfter = 0; // of the right answer, nats per token
    std::vector<Answer> others;           // all that were asked
    int steps = 0;
};

// project: null: no other questions. Errors: BadInput (nothing to learn), those of model and adapter, Cancelled.
[[nodiscard]] Result<CorrectionTrial> tryCorrection(const CorrectionRequest &request, const Project *project, const ProgressCallback &progress = {},
                                                    std::stop_token stop = {});

} // namespace fettle::engine
