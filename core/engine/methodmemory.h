// What each method would take with a model on this computer: measured once by the largest computation of a run of a fixed kind, and remembered.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

// The run that is measured: records filled to so many tokens, so many in a step; everything else as the preset Balanced says.
inline constexpr std::int64_t kMeasuredLength = 256, kMeasuredRows = 4;

struct MethodMemory {
    std::string method;             // "lora"
    std::optional<Error> refusal;   // why this model cannot be trained with it, and what to do
    std::int64_t bytes = 0;         // with the reserve that a run keeps free; 0: not measured yet
    bool isExtrapolated = false;    // it did not fit: followed from what did, or from what lies in memory before anything is computed
    double secondsPerStep = 0;      // 0: not known
};
struct ModelMemory {
    std::vector<MethodMemory> methods; // every one, in the order in which they are shown
    std::int64_t available = 0;        // free memory now
    [[nodiscard]] bool isMeasured() const
    {
        return std::ranges::all_of(methods, [](const MethodMemory &method) { return method.refusal || method.bytes > 0; });
    }
};

// Which methods the model can be trained with, and the figures of the last measurement of these files on this computer. Reads descriptions only.
// Errors: those of the model.
[[nodiscard]] Result<ModelMemory> knownMemory(const std::filesystem::path &model, std::stop_token stop = {});
// Measures every method that is possible, one after the other; takes seconds for each. What was measured before it ended is remembered.
// Errors: those of the model; OutOfMemory; Cancelled.
[[nodiscard]] Result<ModelMemory> measureMemory(const std::filesystem::path &model, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
