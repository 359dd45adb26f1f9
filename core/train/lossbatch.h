// From packed rows to tensors, and the loss over rows that are not trained on. Internal header: shows tensors.
#pragma once

#include "core/model/loss.h"
#include "core/train/batches.h"
#include "core/train/settings.h"

#include <functional>

namespace fettle::train {

[[nodiscard]] model::LossBatch toLossBatch(const PackedRow &row);
// How the recipe wants the loss computed. Throws model::Refused where its device is not there.
[[nodiscard]] model::LossOptions lossOptions(const Recipe &recipe, model::StopCheck isStopped = {});

// Mean loss of one document over its trained tokens.
struct DocumentLoss {
    std::int64_t document = 0; // index
    double loss = 0;
    std::int64_t tokens = 0;
};
// losses: one for each target of the row, as LossOutcome has them. Documents without targets are left out.
[[nodiscard]] std::vector<DocumentLoss> lossByDocument(const PackedRow &row, const at::Tensor &losses);

struct LossTotals {
    double sum = 0; // nats over all targets
    std::int64_t tokens = 0;
    std::int64_t correct = 0; // targets that were the likeliest token
    std::vector<DocumentLoss> documents; // where they were asked for, in the order of the rows
    [[nodiscard]] double mean() const { return tokens > 0 ? sum / static_cast<double>(tokens) : 0.0; }
    [[nodiscard]] double accuracy() const { return tokens > 0 ? static_cast<double>(correct) / static_cast<double>(tokens) : 0.0; }
};

// Token-weighted sums over the rows, without gradients; the adapter must not be in training. isStopped is asked before every row.
// wantsDocuments: totals of each document too.
// Errors: those of LossEngine::loss, Cancelled.
[[nodiscard]] Result<LossTotals> lossOver(model::LossEngine &engine, const model::Sites &sites, std::span<const PackedRow> rows,
                                          const std::function<bool()> &isStopped = {}, bool wantsDocuments = false);

} // namespace fettle::train
