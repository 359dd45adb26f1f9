// A race: several methods or settings that learn from the same rows, in the same order, with the same number of tokens. What runs in it.
// Knows no tensor and no project.
#pragma once

#include "core/train/settings.h"

#include <string>
#include <utility>
#include <vector>

namespace fettle::train {

struct RaceLane {
    std::string name; // "LoRA, rank 8"
    Recipe recipe;
};

struct RaceChoice {
    std::vector<std::string> methods;
    // Each value of each key with each of the others: "rank" with "8" and "16". A method without such a setting runs once.
    std::vector<std::pair<std::string, std::vector<std::string>>> grid;
};

inline constexpr std::size_t kMostRaceLanes = 12;

// Whether a setting decides what is read, how much of it and how it is measured: it is the same in all lanes.
[[nodiscard]] bool isKeptEqual(const SettingField &field);
// common: the budget, and the settings of its own method; the other methods take their preset. A lane never ends early.
// Errors: Usage (no method, an unknown or equal setting, a value out of range, one lane only, too many).
[[nodiscard]] Result<std::vector<RaceLane>> raceLanes(const RaceChoice &choice, const Recipe &common, Preset preset, std::int64_t trainRows);

} // namespace fettle::train
