// A local model judges the answers of a comparison, each pair in both orders; its verdicts are kept with the answers. Internal header of the engine.
#pragma once

#include "core/engine/evaluation.h"

namespace fettle::engine {

// Reads the first and the last column. project: resolves runs and keeps the verdicts in its folder; may be null. Fills the readings of the rows and the summary.
// Errors: those of the model and the adapter, BadInput (no tokenizer; it cannot name A and B), OutOfMemory, Cancelled (what was judged by then is kept).
[[nodiscard]] Result<> judgeAnswers(const JudgeChoice &choice, const ComputeOptions &compute, const Project *project, evaluate::Comparison &comparison,
                                    const ProgressCallback &progress, std::stop_token stop);

} // namespace fettle::engine
