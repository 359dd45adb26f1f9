// The files of one model on this computer: the card that came with it, and what deleting it frees. Only files that are known to be a model's are
// ever removed; what else lies in the folder stays.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fettle::engine {

struct ModelRemoval {
    std::filesystem::path place;              // the folder or file, as people know it
    std::vector<std::filesystem::path> files; // that are removed; a folder of the hub's cache as a whole
    std::int64_t bytes = 0;                   // that become free: what others still point to is not counted
    int others = 0;                           // files in the same folder that stay
};
// model: as Inspection::path; it may be broken. Errors: NotFound; Usage (it came with the program, belongs to a project, holds no file of a model);
// NoPermission (it is being downloaded).
[[nodiscard]] Result<ModelRemoval> planRemoval(const std::filesystem::path &model);
// The bytes that became free. Errors: as planRemoval; those of the disk, naming the file.
[[nodiscard]] Result<std::int64_t> removeModel(const std::filesystem::path &model);

// The README.md that lies with a model, as Markdown without its head of values; empty where there is none. Errors: NoPermission, BadInput (too large).
[[nodiscard]] Result<std::string> readModelCard(const std::filesystem::path &model);

} // namespace fettle::engine
