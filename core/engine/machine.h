// What this computer offers and how much of it is in use now. Cheap enough for a gauge that is read once a second.
#pragma once

#include "core/base/result.h"
#include "core/base/sensors.h"

#include <cstdint>
#include <filesystem>
#include <optional>
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
// What a look at the machine shows now; absent is what cannot be known.
struct Gauges {
    MemoryUse memory;
    std::optional<std::int64_t> diskLeftBytes; // where the folder lies that was asked for
    SensorFigures sensors;
};
struct Check { std::string name, value, state, hint; }; // state: "ok", "warning", "bad"

[[nodiscard]] MachineFacts machineFacts();
[[nodiscard]] MemoryUse memoryUse();
[[nodiscard]] std::int64_t freeDiskBytes(const std::filesystem::path &folder);
// Shares are those of the time since the reading before, so a reader is kept; used by one thread at a time.
class GaugeReader {
public:
    [[nodiscard]] Gauges read(const std::filesystem::path &folder); // empty: no disk is asked for

private:
    Sensors m_sensors;
};
[[nodiscard]] std::vector<Check> doctor(); // measures the compute types; takes seconds

} // namespace fettle::engine
