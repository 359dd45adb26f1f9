// Where what was trained lies: a folder as it is, or the result (RUN) or a checkpoint (RUN@STEP) of a run of the project.
#pragma once

#include "core/engine/project.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace fettle::engine {

struct AdapterPath {
    std::filesystem::path folder;
    std::string name;      // "Run 3", "Run 3, step 40", or the folder's name
    std::int64_t step = 0; // of the run; 0 for a folder
    bool isModel = false;  // a complete model whose weights were trained, not an adapter
};

// adapter: a folder, "3", "run3", "3@40". project may be null: then only folders are found.
// Errors: NotFound naming what was looked for and what there is.
[[nodiscard]] Result<AdapterPath> resolveAdapter(const std::string &adapter, const Project *project);

} // namespace fettle::engine
