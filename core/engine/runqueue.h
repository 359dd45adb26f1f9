// Runs that wait for their turn, as a project keeps them (setting kQueueSetting) while they wait and when the program ends before them.
// Values in, values out; reads no project.
#pragma once

#include "core/engine/training.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::engine {

inline constexpr const char *kQueueSetting = "runQueue";

// A new run, or one to go on with.
struct RunWish {
    TrainRequest request;   // of a new run
    RunId resume;           // valid: this run goes on
    ComputeOptions compute; // of a run that goes on
    double epochs = 0;      // above 0: another number of epochs for a run that goes on
};

[[nodiscard]] std::string textOf(std::span<const RunWish> queue); // JSON
// What cannot be read, or has settings that this version does not know, is left out: the others wait all the same.
[[nodiscard]] std::vector<RunWish> runWishesFrom(std::string_view text);

} // namespace fettle::engine
