// Teacher-forced loss of documents, one by one: how surprised the model is by each trained token. Behind `score` and the ledger.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/train/batches.h"

#include <span>
#include <stop_token>
#include <vector>

namespace fettle::model {
class LossEngine;
class Sites;
}

namespace fettle::evaluate {

struct RecordLoss {
    double sum = 0;                      // nats over the document's trained tokens
    std::int64_t tokens = 0;             // trained tokens
    std::vector<float> logProbabilities; // of each trained token, in order, nats
    [[nodiscard]] double mean() const { return tokens > 0 ? sum / static_cast<double>(tokens) : 0.0; }
};

// One entry for each document, in their order. Documents share packed rows of tokensPerRow tokens; the result does not depend on it.
// Errors: those of LossEngine::loss, Cancelled.
[[nodiscard]] Result<std::vector<RecordLoss>> recordLosses(model::LossEngine &engine, const model::Sites &sites,
                                                           std::span<const train::Document> documents, std::int64_t tokensPerRow = 1024,
                                                           const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::evaluate
