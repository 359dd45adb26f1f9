// Everything of a run that is not a tensor: counters, the place in the data, what was measured. Stored as state.json in checkpoints.
// Order of rows and dropout masks are functions of seed and step number, so that no generator state has to be kept.
#pragma once

#include "core/base/result.h"
#include "core/train/settings.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fettle::train {

// A wish for another number of epochs, obeyed when `step` steps were done: rates of later steps are those of the new length.
struct EpochChange { std::int64_t step = 0; double epochs = 0; };

struct RunProgress {
    std::int64_t step = 0; // optimiser steps done
    std::int64_t tokens = 0, trainedTokens = 0;
    double seconds = 0; // of work, without pauses
    // Loss of the epoch under way and of the last complete one, weighted by tokens.
    double epochLossSum = 0;
    std::int64_t epochLossTokens = 0;
    std::optional<double> lastEpochLoss;
    std::int64_t evaluatedStep = -1; // newest evaluation
    std::optional<double> evalLoss;
    std::int64_t generalStep = -1; // newest reading of the general questions
    std::int64_t bestStep = -1; // checkpoint with the lowest held-out loss
    std::optional<double> bestLoss;
    // Early stopping: lowest held-out loss of all evaluations, checkpoint or not, and how many have passed since.
    std::optional<double> lowestLoss;
    std::int64_t evaluationsSince = 0;
    // For the time left, 0: not known. What an evaluation took in the mean with all that is done at it, and what of that is not reading rows.
    double evaluationSeconds = 0, besideSeconds = 0;
    // What the run was made of; must be equal on resume.
    std::string documentsHash; // SHA-256 over all tokens and marks
    Recipe recipe;

    // Loss to show: of the last complete epoch, or of what there is of the first.
    [[nodiscard]] std::optional<double> trainLoss() const;
};

[[nodiscard]] Result<> writeProgress(const RunProgress &progress, const std::filesystem::path &file);
// Errors: BadInput naming the field that is missing or wrong, NotFound.
[[nodiscard]] Result<RunProgress> readProgress(const std::filesystem::path &file);

} // namespace fettle::train
