// What this computer offers and how much of it is in use now. Cheap enough for a gauge that is read once a second.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fettle::engine {

struct MachineFacts {
    std::string processor;
    int cores = 0;
    std::vector<std::string> instructionSets; // "AVX-512", "VNNI", ...
    std::int64_t memoryBytes = 0;
    std::string gpu; // empty: none
    std::string versions; // "Fettle 0.1.0, LibTorch 2.13.0, ..."
};
struct MemoryUse { std::int64_t totalBytes = 0, availableBytes = 0, ownBytes = 0, ownPeakBytes = 0; };
struct Check { std::string name, value, state, hint; }; // state: "ok", "warning", "bad"

[[nodiscard]] MachineFacts machineFacts();
[[nodiscard]] MemoryUse memoryUse();
[[nodiscard]] std::int64_t freeDiskBytes(const std::filesystem::path &folder);
[[nodiscard]] std::vector<Check> doctor(); // measures the compute types; takes seconds

} // namespace fettle::engine
