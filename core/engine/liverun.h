// A run as it stands between two of its optimiser steps: what a question to the training that goes on is answered with.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace fettle::tune {
class Adapter;
}

namespace fettle::engine {

// The choice of a column (ColumnChoice::adapter) that answers from the training that goes on.
inline constexpr const char *kLiveAdapter = "live";

// Handed to RunEvents::betweenSteps; lives only as long as that call, on its thread. What is asked meanwhile copies the numbers and changes none.
struct LiveRun {
    RunId id;
    std::string name;      // "Run 8"
    std::int64_t step = 0; // that is done
    std::filesystem::path model; // the base that it learns on
    const tune::Adapter *adapter = nullptr;
};

} // namespace fettle::engine
