// What one computation of a run takes: measured by doing it once, with the optimiser that the run would have.
// Internal header: stands on tensors.
#pragma once

#include "core/base/result.h"
#include "core/train/batches.h"
#include "core/train/trainer.h"

#include <optional>

namespace fettle::train {

struct PassFigures {
    std::int64_t peakBytes = 0;      // most that the process held; on another device than the processor: that it held there
    std::int64_t weightBytes = 0;    // on another device: what stays there from pass to pass
    std::int64_t optimizerBytes = 0; // both moments of every trained value, in the memory of the computer
    std::int64_t gradientBytes = 0;  // there too
    double rowSeconds = 0;    // forward and backward of the row, when the memory is there already
    double updateSeconds = 0; // one correction
    std::optional<double> rowJoules, updateJoules; // of the processors; absent where they do not tell
};

// Forward and backward of one row and a correction of size zero: nothing that is trained changes. setup: weights, adapter and recipe count.
// stop is heeded between the layers. Errors: BadInput (no trained token), OutOfMemory, Cancelled, Internal.
[[nodiscard]] Result<PassFigures> measurePass(const TrainerSetup &setup, const PackedRow &row, std::stop_token stop = {});

// The longest row of the steps that the run takes, at least of its first epoch where it takes thousands; of rows equally long the one that
// trains most. Empty where there is no document.
[[nodiscard]] PackedRow longestRow(std::span<const Document> documents, const Recipe &recipe);
// The first tokens of a row's documents, as a row; its last token is trained where no other is.
[[nodiscard]] PackedRow shortened(const PackedRow &row, std::span<const Document> documents, std::int64_t tokens);

} // namespace fettle::train
