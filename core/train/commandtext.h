// What one types in the terminal to begin the run that the window would. Knows the words of `fettle train`, no file.
#pragma once

#include "core/train/settings.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fettle::train {

// "rank=16": what --set needs to make this recipe of its method, whatever preset it begins with and whatever number of rows that is made for.
[[nodiscard]] std::vector<std::string> assignmentsOf(const Recipe &recipe);

struct TrainCommand {
    std::string model, project;
    std::string adapter;       // as --adapter; empty: none
    std::int64_t snapshot = 0; // 0: the records as they are
    Recipe recipe;
    std::string onto = {};     // as --onto; empty: none
};
// For a POSIX shell, on one line.
[[nodiscard]] std::string textOf(const TrainCommand &command);

} // namespace fettle::train
